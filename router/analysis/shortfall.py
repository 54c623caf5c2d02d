"""What a parent cost, all its shares included: implementation shortfall with a forced cross.

Owns the formulas of experiments (Perold 1988). With D = +1 for a buyer and -1 for a seller, Q
shares ordered at the arrival midpoint M, shares q filled at p with fees f a share, and
U = Q - sum(q) unfilled shares that would have to cross at the horizon at F:

    shortfall = D (sum(q p) + U F - Q M) / (Q M) + (sum(q f) + U f_take) / (Q M)

Shares that were not filled are never left out: a miss would make a place look free. bp throughout;
+ is a cost.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from router.model import BP


@dataclass(frozen=True, slots=True)
class Forced:
    """What the unfilled shares of a parent would meet at its horizon."""

    touch: int
    """Best opposite price of the lit market, price units; 0 if there is none."""
    take_fee: int
    """The dearest fee of the lit venues for taking, price units a share."""
    sigma_day_bp: float
    adv: int
    y: float
    """Peak impact of a constant-rate parent over sigma sqrt(Q / V)."""

    def price(self, sign: int, qty: int) -> float:
        """A cross of `qty` shares at once: the touch, moved by the square-root law's peak."""
        impact_bp = self.y * self.sigma_day_bp * math.sqrt(qty / self.adv)
        return self.touch * (1.0 + sign * impact_bp / BP)


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A parent's cost, bp of its arrival value, + is paid."""

    shortfall_bp: float
    """Everything: prices, fees, and the unfilled shares' forced cross."""
    fees_bp: float
    """Fees of what was filled."""
    unfilled_bp: float
    """The forced cross of what was not, its fee included."""


def shortfall(
    *,
    sign: int,
    order_qty: int,
    cum_qty: int,
    notional: int,
    fees: int,
    arrival_mid2: int,
    forced: Forced,
) -> Shortfall:
    """The cost of one parent. Prices and money as in `router.model`; the arrival in half units.

    Raises:
        ValueError: there was no market at the arrival, or none at the horizon for what was left.
    """
    if arrival_mid2 <= 0 or order_qty <= 0:
        raise ValueError("a shortfall needs an arrival price and a quantity")
    arrival = arrival_mid2 / 2.0
    value = order_qty * arrival
    unfilled = max(0, order_qty - cum_qty)
    left = 0.0
    if unfilled:
        if not forced.touch:
            raise ValueError("no price at the horizon for the unfilled shares")
        crossed = forced.price(sign, unfilled)
        left = unfilled * (sign * (crossed - arrival) + forced.take_fee)
    traded = sign * (notional - cum_qty * arrival)
    return Shortfall(
        shortfall_bp=BP * (traded + fees + left) / value,
        fees_bp=BP * fees / value,
        unfilled_bp=BP * left / value,
    )


class Markouts:
    """The move of the midpoint after each fill, weighted by shares; + is adverse."""

    def __init__(self, horizon_ns: int) -> None:
        self._horizon_ns = horizon_ns
        self._waiting: deque[tuple[int, int, int, int]] = deque()
        self._shares = 0
        self._weighted = 0.0

    def filled(self, now: int, sign: int, qty: int, mid2: int) -> None:
        """A fill, with the midpoint at it in half price units (0 if there is none)."""
        if mid2:
            self._waiting.append((now + self._horizon_ns, sign, qty, mid2))

    def due(self) -> int | None:
        """When the next midpoint is wanted."""
        return self._waiting[0][0] if self._waiting else None

    def mark(self, now: int, mid2: int) -> None:
        """The midpoint now, for every fill whose horizon has passed."""
        while self._waiting and self._waiting[0][0] <= now:
            _, sign, qty, then = self._waiting.popleft()
            if mid2:
                self._shares += qty
                self._weighted -= qty * sign * BP * (mid2 - then) / then

    @property
    def mean_bp(self) -> float | None:
        """The mean, or None if nothing was seen."""
        return self._weighted / self._shares if self._shares else None
