"""Venues for `bench.load`: `python -m bench.load_venues FILE MIC...`, and ports as JSON on stdout.

Each shows the same deep book all the time, fills what crosses it at once and in one piece, and lets
rest what does not. When each order and cancel came is written to FILE at the end, by the clock that
all processes of the machine share. Costs little: what is measured is the router.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import cast

import uvloop

from router.fix.codec import Message
from router.fix.session import Received, Session, SessionConfig
from router.model import PX_SCALE

HOST = "127.0.0.1"
BID, OFFER = 9.99, 10.00
SHOWN = 100_000
BOOK_S = 0.25
"""How often the book is told again."""
SOH = "\x01"
DATA = b"\x0149=SLUICE.MD\x01"


class Arrivals:
    """When orders and cancels came, nanoseconds of the monotonic clock."""

    def __init__(self) -> None:
        self.orders: dict[str, int] = {}
        self.cancels: dict[str, int] = {}
        self.fills = 0


class VenueWire(asyncio.Protocol):
    """One connection: of orders, or of market data."""

    def __init__(self, mic: str, arrivals: Arrivals) -> None:
        self._mic, self._arrivals = mic, arrivals
        self._session: Session | None = None
        self._transport: asyncio.Transport
        self._is_data = False
        self._told = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        now = time.time_ns()
        if self._session is None:
            self._is_data = DATA in data
            self._session = Session(
                SessionConfig(
                    sender_comp_id=self._mic,
                    target_comp_id="SLUICE.MD" if self._is_data else "SLUICE",
                    role="acceptor",
                    reset_on_logon=self._is_data,
                    heart_bt_int=3600,
                )
            )
            self._session.connect(now)
        self._session.receive(data, now)
        for event in self._session.take_events():
            if isinstance(event, Received):
                self._message(event.message, now)
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._session = None

    def _message(self, message: Message, now: int) -> None:
        match message.msg_type:
            case "D":
                self._arrivals.orders[message.get("11")] = time.monotonic_ns()
                self._order(message, now)
            case "F":
                self._arrivals.cancels[message.get("41")] = time.monotonic_ns()
                self._report(message, now, kind="4", status="4", orig=message.get("41"))
            case "AF":
                request = message.get("584")
                self._say("8", f"37=0|17=0|150=I|39=U|584={request}|585=7|911=0|912=Y|", now)
            case "V":
                self._tell_book(now)

    def _order(self, order: Message, now: int) -> None:
        buys = order.get("54") == "1"
        price = float(order.get("44") or "0")
        if (price < OFFER - 1 / PX_SCALE) if buys else (price > BID + 1 / PX_SCALE):
            self._report(order, now, kind="0", status="0")
            return
        self._arrivals.fills += 1
        self._report(order, now, kind="F", status="2", filled=True)

    def _report(
        self,
        message: Message,
        now: int,
        *,
        kind: str,
        status: str,
        orig: str = "",
        filled: bool = False,
    ) -> None:
        name, qty, px = message.get("11"), message.get("38") or "0", message.get("44") or "0"
        self._told += 1
        done = qty if filled else "0"
        left = qty if kind == "0" else "0"
        trade = f"32={qty}|31={px}|30={self._mic}|851=2|" if filled else ""
        meant = f"41={orig}|" if orig else ""
        self._say(
            "8",
            f"37=V{orig or name}|11={name}|{meant}17={self._mic}{self._told}|"
            f"150={kind}|39={status}|55=ACME|54={message.get('54')}|38={qty}|{trade}"
            f"151={left}|14={done}|6={px if filled else '0'}|",
            now,
        )

    def tell_book(self) -> None:
        """The book again, if this is its connection and it has been asked for."""
        if self._is_data and self._session is not None and self._session.logged_on:
            self._tell_book(time.time_ns())
            self._flush()

    def _tell_book(self, now: int) -> None:
        sides = f"269=0|270={BID}|271={SHOWN}|269=1|270={OFFER}|271={SHOWN}|"
        self._say("W", f"55=ACME|268=2|{sides}", now)

    def _say(self, msg_type: str, text: str, now: int) -> None:
        assert self._session is not None
        self._session.send(msg_type, text.replace("|", SOH), now)

    def _flush(self) -> None:
        assert self._session is not None
        data = b"".join(frame.data for frame in self._session.take_frames() if frame.live)
        if data:
            self._transport.write(data)


async def serve(path: Path, mics: list[str]) -> None:
    """Until SIGTERM."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    arrivals, wires, ports = Arrivals(), list[VenueWire](), dict[str, int]()

    def made(mic: str) -> VenueWire:
        wires.append(VenueWire(mic, arrivals))
        return wires[-1]

    for mic in mics:
        server = await loop.create_server(lambda mic=mic: made(mic), HOST, 0)  # type: ignore[misc]
        ports[mic] = server.sockets[0].getsockname()[1]
    print(json.dumps(ports), flush=True)
    while not stop.is_set():
        for wire in wires:
            wire.tell_book()
        await asyncio.sleep(BOOK_S)
    told = {"orders": arrivals.orders, "cancels": arrivals.cancels, "fills": arrivals.fills}
    path.write_text(json.dumps(told))


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1]), sys.argv[2:]))
