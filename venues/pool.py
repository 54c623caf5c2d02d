"""What is in a dark pool: the terms of its contra interest, and who is there.

Owns the `dark` keys of the vocabulary, the law of sizes, and one participant's interest. Knows
nothing of how interest meets.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, Self

from pydantic import Field, model_validator

from router.plugin import Plugin
from venues.chance import Stream
from venues.messages import MinQtyMethod, OrderState
from venues.venue import Leak

LOT = 100
"""Shares: contra interest comes in whole lots."""

MEQ_IGNORED_SHARE = 0.5
"""Share of the background's interest that ignores the MinQty of others where the pool lets it
(`meq_honoured: false`): half of it, a choice; the vocabulary says "some"."""


class SizeLaw(Plugin):
    """Contra size: P(s) ~ s^-beta on [min, max], shares, in lots."""

    beta: float = Field(ge=0)
    min: int = Field(ge=LOT)
    max: int = Field(ge=LOT)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.lots:
            raise ValueError(f"max must not be below min, with a multiple of {LOT} between them")
        return self

    @property
    def lots(self) -> range:
        """The sizes, lots."""
        return range(-(-self.min // LOT), self.max // LOT + 1)

    @property
    def weights(self) -> list[float]:
        """Their relative frequencies."""
        return [math.pow(n, -self.beta) for n in self.lots]

    @property
    def mean(self) -> float:
        """Mean size, shares."""
        weights = self.weights
        total = math.fsum(n * w for n, w in zip(self.lots, weights, strict=True))
        return LOT * total / math.fsum(weights)


class ConditionalTerms(Plugin):
    """The `dark.conditional` keys."""

    firm_up_ms: float = Field(gt=0)
    """How long an invitation stands and the contra is held."""
    firm_up_rate_min: float = Field(default=0.0, ge=0, le=1)
    """A client that firms up less often is invited less often: see `venues.conditional`."""
    rate_window: int = Field(default=20, gt=0)
    """Invitations over which the rate is taken; before there are so many there is none."""


class Pool(Plugin):
    """The `dark` keys of the vocabulary."""

    p_zero: float = Field(gt=0, lt=1)
    size: SizeLaw
    persistence_s: float = Field(gt=0)
    priority: Literal["size_time", "pro_rata", "random", "time"] = "size_time"
    min_exec_qty: int = Field(default=0, ge=0)
    meq_honoured: bool = True
    """False: some background interest trades below an order's MinQty."""
    informed_frac: float = Field(default=0.0, ge=0, le=1)
    informed_move_spreads: float = 0.0
    informed_horizon_s: float = Field(default=1.0, gt=0)
    stale_ref_prob: float = Field(default=0.0, ge=0, le=1)
    stale_ref_ms: float = Field(default=0.0, ge=0)
    leak: Leak | None = None
    conditional: ConditionalTerms | None = None
    """How conditional orders are invited; without it they are not taken."""

    @property
    def mean_absence_s(self) -> float:
        """Seconds for which a side is empty, on average."""
        return self.p_zero * self.persistence_s / (1.0 - self.p_zero)

    def contra_shares(self, seconds_open: float) -> float:
        """Mean contra shares a side that come in so many seconds: what a day can give at most."""
        return seconds_open * (1.0 - self.p_zero) / self.persistence_s * self.size.mean


@dataclass(slots=True, eq=False)
class Interest:
    """Somebody in the pool. `state` is the router's order, None for background interest."""

    side: int
    leaves: int
    since: int
    number: int
    """Arrival order: earlier is smaller."""
    state: OrderState | None = None
    informed: bool = False
    ignores_min_qty: bool = False
    """It trades below the MinQty of others."""
    held: bool = False
    """It waits for an invitation to be answered, or is promised to somebody else."""
    until: int = 0
    """When background interest leaves, UTC nanoseconds."""

    @property
    def min_qty(self) -> int:
        """Shares below which it will not trade."""
        if self.state is None:
            return 0
        order = self.state.order
        if order.min_qty_method is MinQtyMethod.ONCE and self.state.cum_qty:
            return 0
        return min(order.min_qty, self.leaves)

    @property
    def conditional(self) -> bool:
        """True if it may be invited, but does not trade."""
        return self.state is not None and self.state.order.conditional


def within(interest: Interest, px: int) -> bool:
    """True if the interest may trade at the price."""
    if interest.state is None or interest.state.order.price is None:
        return True
    return interest.side * px <= interest.side * interest.state.order.price


class SizeDraw:
    """Draws whole lots by inversion of the power law."""

    def __init__(self, law: SizeLaw) -> None:
        self._lots = list(law.lots)
        self._cumulative = list(accumulate(law.weights))

    def draw(self, stream: Stream) -> int:
        """Shares."""
        u = stream.uniform() * self._cumulative[-1]
        return LOT * self._lots[min(bisect_left(self._cumulative, u), len(self._lots) - 1)]
