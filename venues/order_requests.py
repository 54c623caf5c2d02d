"""A client's requests, read from FIX.4.4: which field is missing, malformed or not known.

Owns the reading of NewOrderSingle(D) and OrderCancelReplaceRequest(G) and the names of the faults.
Knows nothing of orders that exist.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from router.fix.codec import Message, px_value, qty_value, time_value
from router.model import OrdType, Side, TimeInForce
from venues.messages import MIDPOINT_PEG, MinQtyMethod, VenueOrder

REFUSALS = frozenset({"3", "j"})
"""What a client says of our messages: noted by nobody, and never answered by another refusal."""
REQUIRED_TAG_MISSING = 1
VALUE_IS_INCORRECT = 5
INCORRECT_DATA_FORMAT = 6

CONDITIONAL = "CND"
"""CustOrderHandlingInst(1031)."""
_EVERY_EXECUTION = MinQtyMethod.MULTIPLE.value
_PEGS = {"1": "L", "2": MIDPOINT_PEG, "3": "O", "4": "P", "5": "R", "7": "W"}
"""PegPriceType(1094) as ExecInst(18) said it."""

EnumT = TypeVar("EnumT", bound=StrEnum)
ValueT = TypeVar("ValueT")


class FieldError(Exception):
    """One field is wrong: Reject(3). `reason` is SessionRejectReason(373)."""

    def __init__(self, tag: str, reason: int, text: str) -> None:
        super().__init__(text)
        self.tag = tag
        self.reason = reason
        self.text = text


class ConditionalFieldError(Exception):
    """A field that this kind of order needs is missing: BusinessMessageReject(j) 380=5."""

    def __init__(self, tag: str) -> None:
        super().__init__(f"Conditionally required field missing: {tag}")
        self.text = str(self)


def required(message: Message, tag: str) -> str:
    """The field's text.

    Raises:
        FieldError: if it is missing or empty.
    """
    value = message.get(tag)
    if not value:
        raise FieldError(tag, REQUIRED_TAG_MISSING, f"Required tag missing: {tag}")
    return value


def conditional(message: Message, tag: str) -> str:
    """The field's text.

    Raises:
        ConditionalFieldError: if it is missing or empty.
    """
    value = message.get(tag)
    if not value:
        raise ConditionalFieldError(tag)
    return value


def one_of(family: type[EnumT], tag: str, text: str) -> EnumT:
    """The enumeration's member.

    Raises:
        FieldError: if the venue does not know the value.
    """
    try:
        return family(text)
    except ValueError:
        raise FieldError(tag, VALUE_IS_INCORRECT, f"Value is incorrect: {tag}={text}") from None


def formatted(read: Callable[[str], ValueT], tag: str, text: str) -> ValueT:
    """The value that `read` makes of the text.

    Raises:
        FieldError: if it is not in the format.
    """
    try:
        return read(text)
    except ValueError as error:
        raise FieldError(tag, INCORRECT_DATA_FORMAT, f"Incorrect data format: {error}") from None


def read_order(message: Message, *, order_ref: str, owner: str) -> VenueOrder:
    """The order that a D or G describes. Quantities and prices are not judged here.

    Raises:
        FieldError, ConditionalFieldError: see there.
    """
    symbol = required(message, "55")
    side = one_of(Side, "54", required(message, "54"))
    formatted(time_value, "60", required(message, "60"))
    ord_type = one_of(OrdType, "40", required(message, "40"))
    time_in_force = one_of(TimeInForce, "59", message.get("59") or TimeInForce.DAY.value)
    qty = formatted(qty_value, "38", conditional(message, "38"))
    price_text = conditional(message, "44") if ord_type is OrdType.LIMIT else message.get("44")
    expire = 0
    if time_in_force is TimeInForce.GTD:
        expire = formatted(time_value, "126", conditional(message, "126"))
    # DisplayQty(1138) has taken the place of MaxFloor(111).
    display_tag = "1138" if message.get("1138") else "111"
    display_text = message.get(display_tag)
    return VenueOrder(
        order_ref=order_ref,
        symbol=symbol,
        side=side,
        qty=qty,
        ord_type=ord_type,
        time_in_force=time_in_force,
        price=formatted(px_value, "44", price_text) if price_text else None,
        min_qty=formatted(qty_value, "110", message.get("110") or "0"),
        quote_id=message.get("117"),
        expire_time=expire,
        owner=owner,
        exec_inst=_exec_inst(message),
        display_qty=formatted(qty_value, display_tag, display_text) if display_text else None,
        min_qty_method=one_of(MinQtyMethod, "1822", message.get("1822") or _EVERY_EXECUTION),
        conditional=CONDITIONAL in message.get("1031").split(),
        invitation_id=message.get("1080"),
    )


def _exec_inst(message: Message) -> str:
    """ExecInst(18), with the peg that FIX.5.0 and later tell by PegPriceType(1094)."""
    peg = message.get("1094")
    if not peg:
        return message.get("18")
    if peg not in _PEGS:
        raise FieldError("1094", VALUE_IS_INCORRECT, f"Value is incorrect: 1094={peg}")
    return f"{message.get('18')} {_PEGS[peg]}".lstrip()
