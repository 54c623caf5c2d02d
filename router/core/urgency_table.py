"""The urgency table: u(x) by time left, remaining quantity and the market's state, as arrays.

Owns the place of a state in the table, and the schedule that holds where there is no answer. Must
not know how a table was learned, where it is kept, or what is decided by it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from math import sinh

from router.core.features import FEATURES
from router.ports import FloatArray

MARKET = ("spread", "microprice", "volatility_60s", "flow_60s")
"""The market's state: features of a decision that are the same for all of its candidates."""

MARKET_COLUMNS = [FEATURES.index(name) for name in MARKET]

Cell = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class UrgencyTable:
    """u(x) by time left, remaining quantity and, perhaps, the market's state."""

    name: str
    digest: str
    """SHA-256 of what it says, hexadecimal."""
    remaining: tuple[float, ...]
    """Rising bounds between the buckets of LeavesQty over ADV: R - 1 of them."""
    market: tuple[tuple[float, ...], ...]
    """Rising bounds of each feature of MARKET, as decisions see it; none: it has one level."""
    u_bp: FloatArray
    """(T, R, and a level for each of MARKET): bp; NaN where too little was seen."""
    kappa: float
    """Almgren & Chriss: how much of the schedule comes early, kappa times the horizon."""

    def cell(self, left: float, remaining: float, market: FloatArray) -> Cell:
        """Where a state belongs: `left` of the horizon's time, `remaining` over ADV, (4,) MARKET.

        Bucket 0 of the time is the beginning.
        """
        count = self.u_bp.shape[0]
        at = min(count - 1, max(0, int((1.0 - left) * count)))
        levels = (
            bisect_right(edges, value)
            for edges, value in zip(self.market, market.tolist(), strict=True)
        )
        return (at, bisect_right(self.remaining, remaining), *levels)


def trajectory(left: float, kappa: float) -> float:
    """What of a parent remains by Almgren & Chriss (2000), equation 17, at `left` of its time:
    sinh(kappa left) / sinh(kappa), both times in horizons. A straight line for kappa 0."""
    left = min(1.0, max(0.0, left))
    return sinh(kappa * left) / sinh(kappa) if kappa > 0.0 else left
