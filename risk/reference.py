"""The reference price as limits use it: present, positive and young, or a refusal."""

from __future__ import annotations

from decimal import Decimal

from router.model import BP
from router.ports import LimitContext, LimitedOrder, Refusal

MS = 1_000_000
"""Nanoseconds in a millisecond."""

BROKER_OPTION = "0"
"""OrdRejReason(103): broker or exchange option."""
UNKNOWN_SYMBOL = "1"
"""OrdRejReason(103): unknown symbol."""
EXCEEDS_LIMIT = "3"
"""OrdRejReason(103): order exceeds limit."""
DUPLICATE_ORDER = "6"
"""OrdRejReason(103): duplicate order."""
INCORRECT_QUANTITY = "13"
"""OrdRejReason(103): incorrect quantity."""
OTHER = "99"
"""OrdRejReason(103) and CxlRejReason(102): other."""
CXL_BROKER_OPTION = "2"
"""CxlRejReason(102): broker or exchange option."""


def refuse(code: str, reason: str, **values: object) -> Refusal:
    """A refusal whose Text(58) is `CODE: key=value, key=value`."""
    told = ", ".join(f"{key}={value}" for key, value in values.items())
    return Refusal(
        code=code,
        text=f"{code}: {told}" if told else code,
        ord_rej_reason=reason,
        cxl_rej_reason=OTHER if reason in (OTHER, INCORRECT_QUANTITY) else CXL_BROKER_OPTION,
    )


def missing_reference(
    order: LimitedOrder, context: LimitContext, age_ms_max: int
) -> Refusal | None:
    """None if the symbol has a positive reference price that is young enough."""
    reference = context.reference_px(order.symbol)
    age_ns = context.reference_age_ns(order.symbol)
    if reference > 0 and 0 <= age_ns <= age_ms_max * MS:
        return None
    return refuse(
        "PRICE_REF_MISSING",
        BROKER_OPTION,
        symbol=order.symbol,
        ref=px_text(reference),
        ref_age_ms=age_ns // MS,
        max_ms=age_ms_max,
    )


def worst_px(order: LimitedOrder, context: LimitContext, edge_bp: int) -> int:
    """The price to value an order at: its own, or without one the reference and a margin up.

    Rounded up. A seller without a price is valued above the reference too: that is the larger.
    """
    if order.price is not None:
        return order.price
    return -(-context.reference_px(order.symbol) * (BP + edge_bp) // BP)


def px_text(px: int) -> str:
    """A price or money in units of the currency, for people; exact, without trailing zeros."""
    return format(Decimal(px).scaleb(-8).normalize(), "f")
