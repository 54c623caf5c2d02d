"""What fills cost, from the record of a decision: prices against the arrival midpoint, and fees.

Owns the numbers that `sluice why` tells of fills. Knows nothing of how a story is gathered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from router.messages import CandidateRecord
from router.model import BP, Side


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution as the OMS was told; after a correction the corrected one."""

    exec_id: str
    now: int
    mic: str
    child: str
    qty: int
    px: int
    fee: int | None
    """Per share, price units, + is paid; None if the decision had no midpoint to tell it by."""


def fee(candidate: CandidateRecord, side: Side, mid: int) -> int | None:
    """The fee per share that a candidate's cost was made with, price units; None without a mid.

    cost = 10^4 * (sign * (2 * price - mid) + 2 * fee) / mid, mid in half price units, and a
    midpoint order has no distance to the midpoint (router.core.features.cost_bp).
    """
    if mid <= 0:
        return None
    away2 = 0
    if candidate.price is not None and not candidate.arm.endswith("/dark_mid"):
        away2 = side.sign * (2 * candidate.price - mid)
    return round((candidate.cost_bp * mid / BP - away2) / 2)


@dataclass(frozen=True, slots=True)
class Cost:
    """What fills cost against the arrival midpoint, bp of their value there; + is paid."""

    qty: int
    fills: int
    notional: int
    fees: int | None
    """Price units; None if a fee is not known."""
    price_bp: float | None
    """None without an arrival midpoint."""
    fees_bp: float | None

    @property
    def total_bp(self) -> float | None:
        """Price and fees together."""
        if self.price_bp is None or self.fees_bp is None:
            return None
        return self.price_bp + self.fees_bp


def cost(fills: Iterable[Fill], side: Side, arrival_mid: int) -> Cost:
    """Implementation shortfall of what was filled (controls.md 14): 10^4 D (paid - arrival)."""
    found = list(fills)
    qty = sum(each.qty for each in found)
    notional = sum(each.qty * each.px for each in found)
    known = [each.qty * each.fee for each in found if each.fee is not None]
    fees = sum(known) if len(known) == len(found) else None
    value2 = qty * arrival_mid  # twice the value at arrival
    price_bp = BP * side.sign * (2 * notional - value2) / value2 if value2 else None
    fees_bp = BP * 2 * fees / value2 if value2 and fees is not None else None
    return Cost(qty, len(found), notional, fees, price_bp, fees_bp)
