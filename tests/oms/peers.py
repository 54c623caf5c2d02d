"""The sessions around the node: an OMS, venues and their market data, each played by the test.

Everything is wire text; `|` stands for SOH. What a venue knows of an order is a `Child`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from router.fix.codec import Message, field_text, time_text
from router.fix.session import (
    Received,
    ResendNeeded,
    Session,
    SessionConfig,
    SessionEvent,
)
from router.fix.versions import FIX42, version
from tests.oms import notation, wording

if TYPE_CHECKING:
    from tests.oms.desk import Desk


def wire(text: str) -> str:
    """Fields with `|` as they are sent."""
    return text.replace("|", "\x01")


def with_header(frame: bytes, fields: str) -> bytes:
    """The frame with more fields behind TargetCompID(56)."""
    if not fields:
        return frame
    start = frame.index(b"\x0135=") + 1
    end = frame.index(b"\x01", frame.index(b"\x0156=") + 1) + 1
    body = frame[start:end] + fields.encode() + frame[end : frame.rindex(b"10=")]
    head = frame[: frame.index(b"\x01") + 1] + b"9=%d\x01" % len(body) + body
    return head + b"10=%03d\x01" % (sum(head) % 256)


class Peer:
    """A session whose application is the test. Keeps what it sent, as a journal would."""

    wording: wording.Wording
    """How its kind of peer words what the test writes in FIX.4.4."""
    calls = False
    """It calls the node; others are called."""

    def __init__(self, desk: Desk, name: str, config: SessionConfig) -> None:
        self.desk = desk
        self.name = name
        self.version = version(config.begin_string, config.default_appl_ver_id)
        self.session = Session(config)
        self.conn = 0
        self.inbox: list[Message] = []
        """Every application message and Reject(3) that was not a duplicate, in order."""
        self.sent: list[tuple[str, dict[str, str]]] = []
        """MsgType and fields of what the test said, in order."""
        self._stored: dict[int, bytes] = {}
        self._shown = 0
        self._headers: dict[int, str] = {}

    @property
    def up(self) -> bool:
        return self.conn != 0

    @property
    def closed_reason(self) -> str:
        return self.session.closed_reason

    def connect(self) -> None:
        """Open a connection and exchange Logons."""
        self.desk.connect(self)

    def drop(self) -> None:
        """The connection breaks; what was said and has not arrived comes by resend."""
        self.desk.cut(self)

    def say(self, msg_type: str, text: str, *, header: str = "", now: bool = True) -> None:
        """Send a message. With `now` False it waits, and arrives together with the next one.

        `header` are further fields of the header, such as `97=Y|`.
        """
        body = text if text.endswith("|") else f"{text}|"
        pairs = [(tag, value) for tag, _, value in (e.partition("=") for e in body.split("|")[:-1])]
        self.sent.append((msg_type, dict(pairs)))
        worded = type(self).wording(self.version, msg_type, pairs)
        seq = self.session.send(msg_type, field_text(worded), self.desk.now)
        self._headers[seq] = wire(header)
        if now:
            self.desk.run()

    def read(self) -> list[Message]:
        """What has arrived since the last call."""
        new = self.inbox[self._shown :]
        self._shown = len(self.inbox)
        return new

    def frames(self) -> bytes:
        """Bytes to the node; keeps what may be asked for again."""
        data = b""
        for frame in self.session.take_frames():
            if frame.fresh:
                self._stored[frame.seq] = frame.data
            if frame.live:
                data += with_header(frame.data, self._headers.pop(frame.seq, ""))
        return data

    def settle(self) -> None:
        while events := self.session.take_events():
            for event in events:
                self._act(event)

    def _act(self, event: SessionEvent) -> None:
        match event:
            case Received():
                self.inbox.append(event.message)
                self.desk.observe(self, event.message)
            case ResendNeeded():
                wanted = range(event.begin, event.end + 1)
                stored = [(seq, self._stored[seq]) for seq in wanted if seq in self._stored]
                self.session.resend(stored, self.desk.now)


class Oms(Peer):
    """The client's side: orders by their own ids."""

    calls = True
    wording = staticmethod(wording.from_oms)

    def order(
        self,
        cl_ord_id: str,
        qty: int | str = 1000,
        px: str = "12",
        *,
        tif: str = "0",
        extra: str = "",
        header: str = "",
        now: bool = True,
    ) -> None:
        """NewOrderSingle(D): a buy of ACME; a market order if `px` is empty."""
        terms = self._terms(qty, px, tif, extra)
        self.say("D", f"11={cl_ord_id}|{terms}", header=header, now=now)

    def cancel(self, cl_ord_id: str, orig: str, *, header: str = "", now: bool = True) -> None:
        """OrderCancelRequest(F)."""
        body = f"11={cl_ord_id}|41={orig}|55=ACME|54=1|60={time_text(self.desk.now)}"
        self.say("F", body, header=header, now=now)

    def replace(
        self,
        cl_ord_id: str,
        orig: str,
        qty: int | str = 1000,
        px: str = "12",
        *,
        tif: str = "0",
        extra: str = "",
        header: str = "",
        now: bool = True,
    ) -> None:
        """OrderCancelReplaceRequest(G): all terms restated."""
        terms = self._terms(qty, px, tif, extra)
        self.say("G", f"11={cl_ord_id}|41={orig}|{terms}", header=header, now=now)

    def status(self, cl_ord_id: str) -> None:
        """OrderStatusRequest(H)."""
        self.say("H", f"11={cl_ord_id}|55=ACME|54=1")

    def heard(self) -> list[str]:
        """What has been told since the last call, in the notation of the matrices."""
        told = [notation.to_oms(each) for each in self.read()]
        return [wording.Line(each) for each in told] if self.version is FIX42 else told

    def _terms(self, qty: int | str, px: str, tif: str, extra: str) -> str:
        kind = f"40=2|44={px}" if px else "40=1"
        stamp = time_text(self.desk.now)
        return f"55=ACME|54=1|38={qty}|{kind}|59={tif}|60={stamp}|{extra}"


class Reader(Peer):
    """Who is given copies of what OMSs are told."""

    calls = True
    wording = staticmethod(wording.from_oms)


class VenuePeer(Peer):
    """A venue that does what the test says."""

    wording = staticmethod(wording.from_venue)

    def __init__(self, desk: Desk, name: str, config: SessionConfig) -> None:
        super().__init__(desk, name, config)
        self.children: list[Child] = []
        self._count = 0

    def child(self) -> Child:
        """The newest order here."""
        return self.children[-1]

    def heard(self) -> list[str]:
        """What has been asked since the last call; children are c1, c2 ... in the order sent."""
        return [notation.to_venue(each, self.desk.child_names) for each in self.read()]

    def taken(self, message: Message) -> None:
        """An order or a cancel has arrived."""
        if message.msg_type == "D":
            self.children.append(Child(self, message))
        elif message.msg_type == "F":
            for child in self.children:
                if child.cl_ord_id == message.get("41"):
                    child.cancel_ids.append(message.get("11"))

    def next_exec_id(self) -> str:
        self._count += 1
        return f"n{self._count}"


class DataPeer(Peer):
    """A venue's market data."""

    wording = staticmethod(wording.from_venue)

    def book(self, bid: str = "9", offer: str = "11", size: int = 10_000) -> None:
        """A snapshot of ACME with one level on each side."""
        entries = f"269=0|270={bid}|271={size}|269=1|270={offer}|271={size}"
        self.say("W", f"55=ACME|268=2|{entries}")


@dataclass
class Child:
    """An order as its venue knows it. Each method sends one message."""

    venue: VenuePeer
    order: Message
    cum_qty: int = 0
    open: bool = True
    cancel_ids: list[str] = field(default_factory=list)
    executions: dict[str, int] = field(default_factory=dict)
    """For a test's own use: shares by ExecID(17)."""

    @property
    def cl_ord_id(self) -> str:
        return self.order.get("11")

    @property
    def qty(self) -> int:
        return int(self.order.get("38"))

    @property
    def leaves_qty(self) -> int:
        return max(0, self.qty - self.cum_qty) if self.open else 0

    def ack(self) -> None:
        self.report("0", "0")

    def fill(self, qty: int, px: str, exec_id: str, *, now: bool = True) -> None:
        """One execution; the order stays closed if it was."""
        self.cum_qty += qty
        if self.cum_qty >= self.qty:
            self.open = False
        status = "2" if self.cum_qty >= self.qty else "1" if self.open else "4"
        self.report("F", status, f"32={qty}|31={px}|851=2|", exec_id=exec_id, now=now)

    def bust(self, ref: str, qty: int, exec_id: str) -> None:
        """TradeCancel of an execution of that many shares."""
        self.cum_qty -= qty
        self.report("H", self._status(), f"19={ref}|32={qty}|31=0|", exec_id=exec_id)

    def correct(self, ref: str, was: int, qty: int, px: str, exec_id: str) -> None:
        """TradeCorrect of an execution of `was` shares."""
        self.cum_qty += qty - was
        self.report("G", self._status(), f"19={ref}|32={qty}|31={px}|", exec_id=exec_id)

    def cancel(self) -> None:
        """Cancelled: as was asked if it was asked, else out of the venue's own mind."""
        self.open = False
        ids = f"41={self.cl_ord_id}|" if self.cancel_ids else ""
        self.report("4", "4", ids, cl_ord_id=(self.cancel_ids or [self.cl_ord_id])[-1])

    def expire(self) -> None:
        self.open = False
        self.report("C", "C")

    def reject(self, text: str = "no") -> None:
        self.open = False
        self.report("8", "8", f"103=0|58={text}|")

    def refuse_cancel(self, reason: str = "2", status: str = "0") -> None:
        """OrderCancelReject(9)."""
        ids = f"11={self.cancel_ids[-1]}|41={self.cl_ord_id}|"
        order_id = "NONE" if status == "8" else self.order_id
        self.venue.say("9", f"37={order_id}|{ids}39={status}|434=1|102={reason}")

    def tell_status(self, status: str = "", extra: str = "") -> None:
        """The answer to an OrderStatusRequest(H)."""
        self.report("I", status or self._status(), extra, exec_id="0")

    def not_known(self, extra: str = "") -> None:
        """The answer to an H about an order that never arrived."""
        self.open = False
        self.report("I", "8", f"103=5|{extra}", exec_id="0", order_id="NONE", qty=0)

    @property
    def order_id(self) -> str:
        return f"V{self.cl_ord_id}"

    def report(
        self,
        exec_type: str,
        ord_status: str,
        extra: str = "",
        *,
        exec_id: str = "",
        cl_ord_id: str = "",
        order_id: str = "",
        qty: int | None = None,
        now: bool = True,
    ) -> None:
        """ExecutionReport(8) with the quantities as they are."""
        self.venue.say(
            "8",
            f"37={order_id or self.order_id}|11={cl_ord_id or self.cl_ord_id}"
            f"|17={exec_id or self.venue.next_exec_id()}|150={exec_type}|39={ord_status}"
            f"|55={self.order.get('55')}|54={self.order.get('54')}"
            f"|38={self.qty if qty is None else qty}|44={self.order.get('44')}"
            f"|151={self.leaves_qty}|14={self.cum_qty}|6=0"
            f"|60={time_text(self.venue.desk.now)}|{extra}",
            now=now,
        )

    def _status(self) -> str:
        if self.cum_qty >= self.qty:
            return "2"
        if not self.open:
            return "4"
        return "1" if self.cum_qty else "0"
