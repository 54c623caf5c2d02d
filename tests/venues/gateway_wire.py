"""FIX clients wired back to back with the gateways of a whole market: no network, one clock."""

from __future__ import annotations

from pathlib import Path

import config
from router.fix.codec import Message
from router.fix.session import Received, ResendNeeded, Session, SessionConfig
from router.fix.versions import FIX44, Version
from tests.venues.market_data_reader import BookReader
from tests.venues.simulated import at_once
from venues.audit import MemoryAudit
from venues.gateway_profile import GatewayProfile
from venues.market import Market
from venues.market_file import MarketSpec, read_market
from venues.market_gateways import MarketGateways
from venues.numbers import NumberStore

START = 1_767_623_400 * 1_000_000_000  # 2026-01-05 14:30:00 UTC
MS = 1_000_000
SECOND = 1_000 * MS
SPEC = at_once(read_market(Path(config.__file__).parent / "markets" / "baseline.yaml"))
SUBSCRIBE = "262=R1|263=1|264=0|265=1|267=3|269=0|269=1|269=2|146=1|55=ACME"


class Client:
    """One initiator: a session, the frames that it sent, and the messages that it was sent."""

    def __init__(
        self,
        mic: str,
        comp_id: str = "SLUICE",
        *,
        data: bool = False,
        version: Version = FIX44,
    ) -> None:
        self.mic = mic
        self.conn: int | None = None
        self.session = Session(
            SessionConfig(
                begin_string=version.begin_string,
                default_appl_ver_id=version.appl_ver_id if version.fixt else "",
                sender_comp_id=comp_id,
                target_comp_id=mic,
                role="initiator",
                reset_on_logon=data,
                durable=not data,
            )
        )
        self.messages: list[Message] = []
        self.book = BookReader()
        self._sent: list[tuple[int, bytes]] = []

    def take(self, now: int) -> bytes:
        """Deal with what happened; the bytes that are to be written."""
        data = b""
        while events := self.session.take_events():
            for event in events:
                match event:
                    case Received(message=message):
                        self._received(message)
                    case ResendNeeded(begin=begin, end=end):
                        data += self._frames()
                        kept = [one for one in self._sent if begin <= one[0] <= end]
                        self.session.resend(kept, now)
        return data + self._frames()

    def _frames(self) -> bytes:
        frames = self.session.take_frames()
        self._sent += [(frame.seq, frame.data) for frame in frames if frame.fresh]
        return b"".join(frame.data for frame in frames if frame.live)

    def _received(self, message: Message) -> None:
        self.messages.append(message)
        if message.msg_type in ("W", "X"):
            body = "".join(f"{tag}={value}\x01" for tag, value in message.pairs if tag != "10")
            self.book.read(message.msg_type, body)

    def said(self) -> list[str]:
        """What arrived since the last time, in the matrices' notation; market data left out."""
        texts = [_short(one) for one in self.messages if one.msg_type not in ("W", "X")]
        self.messages.clear()
        return texts


def _short(message: Message) -> str:
    """`8 Y(X) 5/1 1200/110/1090`: 11=Y 41=X, 150/39, 38/14/151; `!` in front: PossDupFlag=Y."""
    found = message.fields
    name = found.get("11", "-") + (f"({found['41']})" if "41" in found else "")
    dup = "!" if found.get("43") == "Y" else ""
    if message.msg_type == "9":
        return f"{dup}9 {name} 39={found['39']} 102={found['102']} 434={found['434']}"
    if message.msg_type != "8":
        return f"{dup}{message.msg_type}"
    quantities = f"{found.get('38', '-')}/{found['14']}/{found['151']}"
    text = f"{dup}8 {name} {found['150']}/{found['39']} {quantities}"
    if "32" in found:
        text += f" +{found['32']}@{found['31']}"
    return text + (f" 103={found['103']}" if "103" in found else "")


class Wires:
    """A market, its gateways, and clients on wires that may be cut."""

    def __init__(
        self,
        seed: int = 1,
        *,
        numbers: NumberStore | None = None,
        profile: GatewayProfile | None = None,
        start: int = START,
        chunk: int = 0,
        spec: MarketSpec = SPEC,
    ) -> None:
        """`chunk`: bytes a read, 0 for all that is there."""
        self.now = start
        self.audit = MemoryAudit()
        self.market = Market(spec, seed=seed, start=start)
        self.gateways = MarketGateways(
            self.market, numbers=numbers, audit=self.audit, profile=profile, start=start
        )
        self.clients: dict[int, Client] = {}
        self.closed: list[int] = []
        self.raw: dict[int, bytes] = {}
        """What a connection without a client was sent."""
        self._chunk = chunk
        self._conns = 0

    def open(self, mic: str) -> int:
        """A bare connection."""
        self._conns += 1
        self.gateways.opened(mic, self._conns, self.now)
        self._exchange()
        return self._conns

    def connect(self, client: Client) -> Client:
        """A client connects and logs on."""
        client.conn = self.open(client.mic)
        self.clients[client.conn] = client
        client.session.connect(self.now)
        self._exchange()
        return client

    def orders(self, mic: str = "LIT_A") -> Client:
        """A client for orders, logged on."""
        return self.connect(Client(mic))

    def data(self, mic: str = "LIT_A") -> Client:
        """A client for market data, logged on and subscribed."""
        client = self.connect(Client(mic, "SLUICE.MD", data=True))
        self.send(client, "V", SUBSCRIBE)
        return client

    def cut(self, client: Client) -> None:
        """The wire breaks: both ends are told."""
        assert client.conn is not None
        conn, client.conn = client.conn, None
        del self.clients[conn]
        client.session.lost(self.now)
        client.take(self.now)
        self.gateways.closed(conn, self.now)
        self._exchange()

    def send(self, client: Client, msg_type: str, text: str) -> None:
        """An application message: `11=X|54=1|...`."""
        client.session.send(msg_type, text.replace("|", "\x01") + "\x01", self.now)
        self._exchange()

    def order(self, client: Client, cl_ord_id: str, text: str) -> None:
        """NewOrderSingle(D) for ACME; `text` adds 54, 38, 40, 44 and so on."""
        self.send(client, "D", f"11={cl_ord_id}|55=ACME|60=20260105-14:30:00.000|{text}")

    def write(self, conn: int, data: bytes) -> None:
        """Bytes on a bare connection."""
        self.gateways.received(conn, data, self.now)
        self._exchange()

    def run(self, seconds: float, step: int = 50 * MS) -> None:
        """Let time pass."""
        until = self.now + round(seconds * SECOND)
        while self.now < until:
            self.now = min(until, self.now + step)
            self.gateways.tick(self.now)
            for client in self.clients.values():
                client.session.tick(self.now)
            self._exchange()

    def _exchange(self) -> None:
        """Carry bytes both ways until nobody has any."""
        busy = True
        while busy:
            busy = False
            for conn, data in self.gateways.take_writes():
                busy = True
                client = self.clients.get(conn)
                if client is None:
                    self.raw[conn] = self.raw.get(conn, b"") + data
                    continue
                for part in self._parts(data):
                    client.session.receive(part, self.now)
            for conn in self.gateways.take_closes():
                self.closed.append(conn)
                client = self.clients.pop(conn, None)
                if client is not None:
                    client.conn = None
                    client.session.lost(self.now)
            for conn, client in list(self.clients.items()):
                for part in self._parts(client.take(self.now)):
                    busy = True
                    self.gateways.received(conn, part, self.now)

    def _parts(self, data: bytes) -> list[bytes]:
        size = self._chunk or max(1, len(data))
        return [data[at : at + size] for at in range(0, len(data), size)]
