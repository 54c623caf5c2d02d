"""What the market file says of the background's flow, and which kind of market that makes.

Owns the numbers that the parts of the background are made from. Draws nothing and knows no book.
"""

from __future__ import annotations

from dataclasses import dataclass

from venues.flow import SizeLaw

SPARSE_TICKS = 10.0
"""From this spread on books have no queues: orders stand at scattered prices. Choice."""


@dataclass(frozen=True, slots=True)
class Regime:
    """How the price moves in a market of one kind. Choices that reproduce what was measured there:
    response and its growth, return autocorrelation, slope of imbalance."""

    anticipation: float
    """How much of what can be expected of flow the price has in it."""
    flow_share: float
    """At most so much of the day's variance comes from background market orders."""
    pressure: float
    """Price moves that pressure foretells, over the price's standard deviation during one half-life
    of imbalance."""
    late: float
    """Share of the answer to a market order that comes with the pressure that it leaves."""
    inertia: float
    """A quote stays until the price has left its tick by so much, in ticks."""
    fade_halflives: float
    """Time constant with which the passing part of the answer to an order fades, over the half-life
    of imbalance. Measured: the response is flat from 10 s to 60 s and falls after that."""
    echo: float
    """1: pressure is the way back of a passing displacement. 0: it is a trend."""


ONE_TICK = Regime(
    anticipation=0.0,
    flow_share=0.7,
    pressure=0.45,
    late=0.2,
    inertia=0.22,
    fade_halflives=6.0,
    echo=1.0,
)
"""The spread has no room to move: the price follows flow instead of anticipating it."""

FEW_TICKS = Regime(
    anticipation=1.0,
    flow_share=0.8,
    pressure=0.8,
    late=0.28,
    inertia=0.15,
    fade_halflives=15.0,
    echo=1.0,
)

SPARSE = Regime(
    anticipation=1.0,
    flow_share=0.75,
    pressure=0.74,
    late=0.22,
    inertia=0.0,
    fade_halflives=15.0,
    echo=0.0,
)
"""No queues. Measured: returns over 10 s are correlated by +0.13, not by -0.06 as with queues."""


@dataclass(frozen=True, slots=True)
class FlowFacts:
    """What the market file says of the flow, in the units used here."""

    price_ticks: float
    tick: int
    sigma_ticks_day: float
    spread_ticks: float
    touch_depth: float
    """Shares at one side of the best quote over all venues."""
    market_orders_per_s: float
    updates_per_mo: float
    clustering_cv: float
    acf1: float
    gamma: float
    lot: int
    p_lot: float
    mean_size: float
    tail_alpha: float
    imbalance_logit: float
    imbalance_halflife_s: float
    resilience_halflife_s: float
    no_refill_prob: float

    @property
    def regime(self) -> Regime:
        """How the price moves: between one tick and two, something between."""
        if self.is_sparse:
            return SPARSE
        room = min(1.0, self.spread_ticks - 1.0)
        low, high = ONE_TICK, FEW_TICKS
        return Regime(
            anticipation=low.anticipation + room * (high.anticipation - low.anticipation),
            flow_share=low.flow_share + room * (high.flow_share - low.flow_share),
            pressure=low.pressure + room * (high.pressure - low.pressure),
            late=low.late + room * (high.late - low.late),
            inertia=low.inertia + room * (high.inertia - low.inertia),
            fade_halflives=low.fade_halflives + room * (high.fade_halflives - low.fade_halflives),
            echo=low.echo + room * (high.echo - low.echo),
        )

    @property
    def is_sparse(self) -> bool:
        """True if books have no queues."""
        return self.spread_ticks >= SPARSE_TICKS

    def sizes(self, mean: float) -> SizeLaw:
        """The market file's law of sizes with another mean, shares."""
        return SizeLaw(lot=self.lot, p_lot=self.p_lot, mean=mean, tail_alpha=self.tail_alpha)
