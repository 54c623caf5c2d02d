"""One client and a market whose answers the test gives by hand, so that any race can be played.

What the client is told is written in the notation of the FIX order state change matrices:
`8 Y(X) 5/1 1200/110/1090` is 11=Y 41=X, 150/39, 38/14/151; `+10@10` is 32@31. It is FIX.4.4's: what
FIX.4.2 says by ExecTransType(20) is written as what it means.
"""

from __future__ import annotations

import re

from router.fix.codec import decode, encode
from router.fix.dialects import dialect
from router.fix.dictionary import dictionary
from router.fix.versions import FIX42, FIX44, Version
from router.model import PX_SCALE, Side
from venues.audit import MemoryAudit
from venues.messages import (
    Accepted,
    Busted,
    Canceled,
    CancelRefused,
    Corrected,
    Executed,
    Expired,
    Lost,
    OrderMessage,
    Rejected,
    Repeated,
    Replaced,
    VenueOrder,
)
from venues.order_entry import OrderEntry, OrderEntryProfile
from venues.order_outbox import Answer, Outbox, VenueIds

MIC = "LIT_A"
NOW = 1_767_623_400 * 1_000_000_000  # 2026-01-05 14:30:00 UTC
NEW = "54=1|55=SYN|38=1000|40=2|44=10|60=20260105-14:30:00.000"


SPOKEN = FIX44
"""The version of a desk that is told none."""


class HandMarket:
    """Notes what it is asked. The test says what it answers."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refs: list[str] = []
        self.orders: list[VenueOrder] = []

    def submit(self, mic: str, order: VenueOrder, now: int) -> None:
        self._enter(order)
        self.asked.append(f"submit {order.qty}")

    def cancel(self, mic: str, order_ref: str, now: int) -> None:
        self.asked.append(f"cancel #{self.refs.index(order_ref)}")

    def replace(self, mic: str, orig_ref: str, new: VenueOrder, now: int) -> None:
        self._enter(new)
        self.asked.append(f"replace #{self.refs.index(orig_ref)} {new.qty}")

    def request_quote(
        self, mic: str, owner: str, quote_req_id: str, symbol: str, side: Side, qty: int, now: int
    ) -> None:
        self.asked.append(f"quote {owner} {quote_req_id} {symbol} {side.value} {qty}")

    def _enter(self, order: VenueOrder) -> None:
        self.refs.append(order.order_ref)
        self.orders.append(order)


class Desk:
    """A client's order entry between the client's messages and the market's."""

    def __init__(
        self,
        profile: OrderEntryProfile | None = None,
        *,
        epoch: int = 1,
        version: Version | None = None,
        liquidity_tag: str = "",
    ) -> None:
        self.version = version = version or SPOKEN
        self.market = HandMarket()
        self.audit = MemoryAudit()
        ids = VenueIds(MIC, epoch)
        self.entry = OrderEntry(
            symbol="SYN",
            market=self.market,
            outbox=Outbox(
                mic=MIC,
                client="SLUICE",
                dialect=dialect(version, liquidity_tag),
                ids=ids,
                audit=self.audit,
            ),
            ids=ids,
            profile=profile,
        )
        self._seq = 1

    def client(self, msg_type: str, text: str) -> None:
        """The client sends a message: `11=X|54=1|...`."""
        self._seq += 1
        header = f"34={self._seq}\x0149=SLUICE\x0156={MIC}\x01"
        body = text.replace("|", "\x01") + "\x01"
        message = decode(encode(self.version.begin_string, msg_type, header, body))
        self.entry.receive(message, seq=self._seq, poss_dup=False, now=NOW)

    def new(self, cl_ord_id: str, text: str = NEW) -> None:
        """NewOrderSingle(D), by default to buy 1000 at 10."""
        self.client("D", f"11={cl_ord_id}|{text}")

    def change(self, cl_ord_id: str, orig: str, text: str) -> None:
        """OrderCancelReplaceRequest(G)."""
        self.client("G", f"11={cl_ord_id}|41={orig}|{text}")

    def cancel(self, cl_ord_id: str, orig: str) -> None:
        """OrderCancelRequest(F)."""
        self.client("F", f"11={cl_ord_id}|41={orig}|54=1|55=SYN|60=20260105-14:30:00")

    # The market's answers. `ref` counts the references given to it; -1 is the last one.

    def accepted(self, ref: int = -1, *, told: bool = True, out_of_turn: bool = False) -> None:
        self._tell(Accepted(MIC, NOW, self.market.refs[ref], "M1", told, out_of_turn))

    def rejected(self, reason: str, text: str, ref: int = -1) -> None:
        self._tell(Rejected(MIC, NOW, self.market.refs[ref], reason, text))

    def filled(
        self, qty: int, px: int, ref: int = -1, *, name: str = "E1", out_of_turn: bool = False
    ) -> None:
        order_ref = self.market.refs[ref]
        self._tell(Executed(MIC, NOW, order_ref, name, qty, px * PX_SCALE, "1", 0, out_of_turn))

    def filled_again(self, name: str, ref: int = -1) -> None:
        self._tell(Repeated(MIC, NOW, self.market.refs[ref], name))

    def busted(self, name: str, ref: int = -1) -> None:
        self._tell(Busted(MIC, NOW, self.market.refs[ref], f"{name}!", name))

    def corrected(self, name: str, qty: int, px: int, ref: int = -1) -> None:
        order_ref = self.market.refs[ref]
        self._tell(Corrected(MIC, NOW, order_ref, f"{name}'", name, qty, px * PX_SCALE))

    def lost(self, ref: int = -1) -> None:
        self._tell(Lost(MIC, NOW, self.market.refs[ref]))

    def canceled(self, *, unsolicited: bool = False, text: str = "", ref: int = -1) -> None:
        self._tell(Canceled(MIC, NOW, self.market.refs[ref], 0, unsolicited, text))

    def expired(self, ref: int = -1) -> None:
        self._tell(Expired(MIC, NOW, self.market.refs[ref]))

    def replaced(self, *, qty: int, leaves: int, px: int = 10, orig: int = -2) -> None:
        refs = self.market.refs
        self._tell(Replaced(MIC, NOW, refs[-1], refs[orig], qty, px * PX_SCALE, leaves))

    def refused(self, reason: str, ref: int = -1) -> None:
        self._tell(CancelRefused(MIC, NOW, self.market.refs[ref], reason, "no"))

    def _tell(self, message: OrderMessage) -> None:
        self.entry.outcomes.tell(message, NOW)

    def said(self) -> list[str]:
        """What the client was told since the last time, in the matrices' notation."""
        told = [_short(reply.msg_type, fields(reply)) for reply in self.answers()]
        return [_later(each) for each in told] if self.version is FIX42 else told

    def answers(self) -> list[Answer]:
        """What the client was told since the last time: every message is sound in its version."""
        replies = self.entry.take()
        answers = [reply for reply in replies if isinstance(reply, Answer)]
        assert answers == replies, replies
        header = f"34=1\x0149={MIC}\x0152=20260105-14:30:00.000\x0156=SLUICE\x01"
        for answer in answers:
            frame = encode(self.version.begin_string, answer.msg_type, header, answer.body)
            fault = dictionary(self.version).validate(decode(frame))
            assert fault is None, (fault, frame)
        return answers


def fields(answer: Answer) -> dict[str, str]:
    """A body's fields, read without the project's codec."""
    assert answer.body.endswith("\x01")
    pairs = [
        (tag, value) for tag, _, value in (f.partition("=") for f in answer.body[:-1].split("\x01"))
    ]
    found = dict(pairs)
    assert len(found) == len(pairs), f"a tag is there twice: {answer.body}"
    return found


def _short(msg_type: str, body: dict[str, str]) -> str:
    name = body.get("11", "-") + (f"({body['41']})" if "41" in body else "")
    if msg_type == "9":
        return f"9 {name} 39={body['39']} 102={body['102']} 434={body['434']}"
    if msg_type != "8":
        return f"{msg_type} {name}"
    kind = body["150"] if "20" not in body else f"{body['20']}{body['150']}"
    text = f"8 {name} {kind}/{body['39']} {body.get('38', '-')}/{body['14']}/{body['151']}"
    if "32" in body:
        text += f" +{body['32']}@{body['31']}"
    if body["6"] != "0":
        text += f" ~{body['6']}"
    return text + (f" 103={body['103']}" if "103" in body else "")


def nearest(*lines: str) -> list[str]:
    """Expected lines, with the reasons that FIX.4.2 lacks as what comes nearest to them."""
    if SPOKEN is not FIX42:
        return list(lines)
    return [re.sub(r"102=(99|6)", "102=2", re.sub(r"103=(99|13)", "103=0", each)) for each in lines]


def _later(line: str) -> str:
    """A line of FIX.4.2, its ExecTransType(20) before its ExecType(150), as FIX.4.4 says it."""
    if not line.startswith("8 "):
        return line
    head, kind, status, rest = _KIND.fullmatch(line).groups()  # type: ignore[union-attr]
    if kind in ("01", "02"):
        order_qty, cum_qty, _ = rest.split(" ")[1].split("/")
        assert (kind == "02") == (int(cum_qty) >= int(order_qty)), f"partial or full: {line}"
        kind = "0F"
    elif kind[0] in "12":
        assert kind[1] in "12", f"a bust or correction shows the kind of the fill: {line}"
        kind = "0" + {"1": "H", "2": "G"}[kind[0]]
    elif kind[0] == "3":
        assert kind[1] == status, "a status shows where the order stands"
        kind = "0I"
    assert kind[0] == "0", line
    return f"{head}{kind[1]}/{'0' if (kind, status) == ('05', '5') else status}{rest}"


_KIND = re.compile(r"(8 \S+ )(\w+)/(\w)( .*)")
