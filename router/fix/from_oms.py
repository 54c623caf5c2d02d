"""From an OMS's messages to events: the only place that knows which tag means what on that side.

Owns the reading of D, F, G, H, AF and q, and what makes them unreadable. What a field's value is
worth is decided by the core; a value that cannot be read becomes the event's `refusal`. What
differs between FIX versions stands in `dialects`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import TypeVar

from router.fix.characteristics import unsupported
from router.fix.checks import routing
from router.fix.codec import Message, px_value, qty_value, time_value
from router.fix.dialects import Dialect
from router.fix.dictionary import Dictionary, dictionary
from router.fix.versions import Version
from router.messages import (
    CancelReceived,
    Event,
    MassCancelReceived,
    MassStatusReceived,
    OrderReceived,
    OrderTerms,
    RefuseMessage,
    ReplaceReceived,
    StatusReceived,
)
from router.model import Instrument, OrdType, Side, TimeInForce

UNSUPPORTED_MESSAGE_TYPE, CONDITIONALLY_REQUIRED = "3", "5"
"""BusinessRejectReason(380)."""

ORD_TYPES = {each.value: each for each in (OrdType.MARKET, OrdType.LIMIT)}
SIDES = {each.value: each for each in Side}
TIFS = {each.value: each for each in TimeInForce}
"""OrdType(40), Side(54) and TimeInForce(59) that we take."""

Instruments = Mapping[str, Instrument]
"""By symbol."""

_ChoiceT = TypeVar("_ChoiceT", bound=StrEnum)

PARAMS_MAX = 64
"""Parameters of one algo in one order."""


def read(
    session: str,
    message: Message,
    seq: int,
    dialect: Dialect,
    judge: Dictionary | None = None,
    instruments: Instruments = MappingProxyType({}),
) -> Event | RefuseMessage:
    """The event of an application message, or the BusinessMessageReject(j) that answers it.

    `judge` is the session's dictionary, if it is not its version's; `instruments` are what an
    order's Currency(15) is held against.
    """
    reader = _READERS.get(message.msg_type)
    if reader is None or message.msg_type in dialect.unspoken:
        allowed = " ".join(each for each in _READERS if each not in dialect.unspoken)
        text = f"MESSAGE_UNSUPPORTED: 35={message.msg_type}, allowed={allowed}"
        return _refuse(session, message, seq, UNSUPPORTED_MESSAGE_TYPE, text)
    judge = judge or _judge(dialect.version)
    lacking = judge.conditional(message)
    if lacking is not None:
        text = f"35={message.msg_type} requires {judge.spec.condition_text(lacking)}"
        return _refuse(session, message, seq, CONDITIONALLY_REQUIRED, f"FIELD_MISSING: {text}")
    return reader(session, message, seq, instruments)


@cache
def _judge(version: Version) -> Dictionary:
    """Knows which fields a message must hold in its case (docs/fix.md)."""
    return dictionary(version)


def _refuse(session: str, message: Message, seq: int, reason: str, text: str) -> RefuseMessage:
    ref_id = message.get("11") or message.get("584") or message.get("790")
    reply_to = routing(message)
    return RefuseMessage(session, seq, message.msg_type, reason, ref_id, text, reply_to)


def _order(session: str, message: Message, seq: int, instruments: Instruments) -> Event:
    terms, refusal = _terms(message, instruments)
    return OrderReceived(
        session=session,
        ref_seq_num=seq,
        cl_ord_id=message.get("11"),
        terms=terms,
        poss_resend=message.get("97") == "Y",
        refusal=refusal,
    )


def _replace(session: str, message: Message, seq: int, instruments: Instruments) -> Event:
    terms, refusal = _terms(message, instruments)
    return ReplaceReceived(
        session=session,
        ref_seq_num=seq,
        cl_ord_id=message.get("11"),
        terms=terms,
        orig_cl_ord_id=message.get("41"),
        order_id=message.get("37"),
        refusal=refusal,
        poss_resend=message.get("97") == "Y",
    )


def _cancel(session: str, message: Message, seq: int, instruments: Instruments) -> Event:
    return CancelReceived(
        session=session,
        ref_seq_num=seq,
        cl_ord_id=message.get("11"),
        orig_cl_ord_id=message.get("41"),
        order_id=message.get("37"),
        reply_to=routing(message),
        poss_resend=message.get("97") == "Y",
    )


def _status(session: str, message: Message, seq: int, instruments: Instruments) -> Event:
    return StatusReceived(
        session=session,
        ref_seq_num=seq,
        cl_ord_id=message.get("11"),
        order_id=message.get("37"),
        symbol=message.get("55"),
        side=message.get("54"),
        ord_status_req_id=message.get("790"),
        reply_to=routing(message),
    )


def _mass_status(
    session: str, message: Message, seq: int, instruments: Instruments
) -> Event | RefuseMessage:
    kind = message.get("585")
    if kind not in ("1", "7"):
        text = f"MASS_STATUS_TYPE: 585={kind}, allowed=1 7"
        return _refuse(session, message, seq, "0", text)
    return MassStatusReceived(
        session=session,
        ref_seq_num=seq,
        mass_status_req_id=message.get("584"),
        mass_status_req_type=kind,
        symbol=message.get("55") if kind == "1" else "",
        account=message.get("1"),
        reply_to=routing(message),
    )


def _mass_cancel(session: str, message: Message, seq: int, instruments: Instruments) -> Event:
    kind = message.get("530")
    return MassCancelReceived(
        session=session,
        ref_seq_num=seq,
        cl_ord_id=message.get("11"),
        mass_cancel_request_type=kind,
        symbol=message.get("55") if kind == "1" else "",
        side=message.get("54"),
        reply_to=routing(message),
    )


_READERS: dict[str, Callable[[str, Message, int, Instruments], Event | RefuseMessage]] = {
    "D": _order,
    "F": _cancel,
    "G": _replace,
    "H": _status,
    "AF": _mass_status,
    "q": _mass_cancel,
}


class _Fields:
    """Reads values and keeps the first one that cannot be taken."""

    def __init__(self, message: Message) -> None:
        self._message = message
        self._get = message.fields.get
        self.refusal = ""

    def text(self, tag: str) -> str:
        """A value as it is; empty if it is absent."""
        return self._get(tag, "")

    def number(self, tag: str, convert: Callable[[str], int], code: str) -> int:
        """A converted value; 0 if it is absent or cannot be read."""
        text = self._get(tag)
        if not text:
            return 0
        try:
            return convert(text)
        except ValueError as error:
            self._refuse(f"{code}: tag={tag}, {error}")
            return 0

    def choice(
        self, tag: str, taken: Mapping[str, _ChoiceT], default: _ChoiceT, code: str
    ) -> _ChoiceT:
        """An enumerated value; the default if it is absent or not one that we take."""
        text = self._get(tag)
        if not text:
            return default
        found = taken.get(text)
        if found is not None:
            return found
        self._refuse(f"{code}: tag={tag}, value={text}, allowed={' '.join(taken)}")
        return default

    def params(self) -> dict[str, str]:
        """StrategyParametersGrp(957), or TargetStrategyParameters(848) as `name=value;name=value`.

        A version that lacks either has refused it already: its dictionary does not know the tag.
        """
        found: dict[str, str] = {}
        for entry in self._message.group("957") if self._get("957") else ():
            name, value = entry.get("958", "").strip(), entry.get("960", "").strip()
            if not name or not value or name in found or len(found) >= PARAMS_MAX:
                self._refuse(f"POLICY_INSTRUCTION_DENIED: tag=957, 958={name}, 960={value}")
                continue
            found[name] = value
        for part in self.text("848").split(";"):
            name, equals, value = part.partition("=")
            if not part.strip():
                continue
            if not equals or not name.strip() or name.strip() in found or len(found) >= PARAMS_MAX:
                self._refuse(f"POLICY_INSTRUCTION_DENIED: tag=848, value={part}, allowed=a=1;b=2")
                continue
            found[name.strip()] = value.strip()
        return found

    def _refuse(self, text: str) -> None:
        self.refusal = self.refusal or text


def _terms(message: Message, instruments: Instruments) -> tuple[OrderTerms, str]:
    """The terms, and why they cannot be taken: the first fault is the one that is told."""
    fields = _Fields(message)
    ord_type = fields.choice("40", ORD_TYPES, OrdType.MARKET, "ORDER_TYPE_UNSUPPORTED")
    price = fields.number("44", px_value, "PRICE_INVALID")
    terms = OrderTerms(
        symbol=fields.text("55"),
        side=fields.choice("54", SIDES, Side.BUY, "SIDE_UNSUPPORTED"),
        order_qty=fields.number("38", qty_value, "QTY_INVALID"),
        ord_type=ord_type,
        time_in_force=fields.choice("59", TIFS, TimeInForce.DAY, "TIF_UNSUPPORTED"),
        price=price if ord_type is OrdType.LIMIT else None,
        account=fields.text("1"),
        min_qty=fields.number("110", qty_value, "QTY_INVALID"),
        effective_time=fields.number("168", time_value, "DATA_INVALID"),
        expire_time=fields.number("126", time_value, "DATA_INVALID")
        or fields.number("432", _end_of_date, "DATA_INVALID"),
        algo=fields.text("847"),
        reply_to=routing(message),
        params=fields.params(),
    )
    instrument = instruments.get(terms.symbol)
    return terms, fields.refusal or unsupported(message.fields, instrument)


def _end_of_date(text: str) -> int:
    """ExpireDate(432): the order lives through that day, UTC."""
    return time_value(f"{text}-23:59:59.999999999") + 1
