"""Who posts orders in the background, at all venues: queues around a quote, or scattered orders.

Owns which of the two a market has, and how its parts follow from the market file.
"""

from __future__ import annotations

from collections.abc import Sequence

from venues.fair import Fair
from venues.floor import Floor
from venues.flow import SizeLaw
from venues.flow_facts import FlowFacts
from venues.lit import LitVenue
from venues.makers import Makers, QueueFacts
from venues.price import EfficientPrice
from venues.sparse_makers import ORDERS, Distances, SparseFacts, SparseMakers

RESTING_SIZE = 0.8
"""Mean size of a resting order over that of a market order, where there are queues. Choice: depth
then varies as measured."""

SPARSE_P_LOT, SPARSE_DEPTH, SPARSE_TAIL = 0.45, 0.58, 2.0
"""Where there are none: how many resting orders are one lot, their mean size over the depth that
the market file asks for (larger orders stay at the best price longer), and their Pareto tail.
Choice."""


def posting(
    floor: Floor,
    facts: FlowFacts,
    price: EfficientPrice,
    venues: Sequence[tuple[LitVenue, float]],
) -> Queues | Scattered:
    """Everybody who posts, as the market file has them."""
    return (Scattered if facts.is_sparse else Queues)(floor, facts, price, venues)


class Queues:
    """Quotes and makers where there are queues."""

    def __init__(
        self,
        floor: Floor,
        facts: FlowFacts,
        price: EfficientPrice,
        venues: Sequence[tuple[LitVenue, float]],
    ) -> None:
        self.quotes = Fair(
            price,
            floor,
            spread_ticks=facts.spread_ticks,
            inertia=facts.regime.inertia,
            refill_halflife_s=facts.resilience_halflife_s,
            no_refill_prob=facts.no_refill_prob,
        )
        sizes = self._sizes(facts)
        self.makers: Sequence[Makers] = [
            Makers(venue, self._queue(facts, share), price, self.quotes, floor, sizes)
            for venue, share in venues
        ]

    def change(self, facts: FlowFacts, shares: Sequence[float]) -> None:
        """Other quotes and queues from now on."""
        self.quotes.change(
            spread_ticks=facts.spread_ticks,
            inertia=facts.regime.inertia,
            refill_halflife_s=facts.resilience_halflife_s,
            no_refill_prob=facts.no_refill_prob,
        )
        for makers, share in zip(self.makers, shares, strict=True):
            makers.change(self._queue(facts, share), self._sizes(facts))

    @staticmethod
    def _sizes(facts: FlowFacts) -> SizeLaw:
        return facts.sizes(RESTING_SIZE * facts.mean_size)

    @staticmethod
    def _queue(facts: FlowFacts, share: float) -> QueueFacts:
        depth = facts.touch_depth * share
        return QueueFacts(facts.tick, depth, facts.spread_ticks, facts.imbalance_logit)


class Scattered:
    """Distances and makers where orders stand at scattered prices."""

    def __init__(
        self,
        floor: Floor,
        facts: FlowFacts,
        price: EfficientPrice,
        venues: Sequence[tuple[LitVenue, float]],
    ) -> None:
        self.quotes = Distances(price, facts.spread_ticks, floor)
        sizes = self._sizes(facts)
        self.makers: Sequence[SparseMakers] = [
            SparseMakers(venue, self._book(facts, share), price, self.quotes, floor, sizes)
            for venue, share in venues
        ]

    def change(self, facts: FlowFacts, shares: Sequence[float]) -> None:
        """Other distances and orders from now on."""
        self.quotes.change(facts.spread_ticks)
        for makers, share in zip(self.makers, shares, strict=True):
            makers.change(self._book(facts, share), self._sizes(facts))

    @staticmethod
    def _sizes(facts: FlowFacts) -> SizeLaw:
        return SizeLaw(
            lot=facts.lot,
            p_lot=SPARSE_P_LOT,
            mean=SPARSE_DEPTH * facts.touch_depth,
            tail_alpha=SPARSE_TAIL,
        )

    @staticmethod
    def _book(facts: FlowFacts, share: float) -> SparseFacts:
        orders = ORDERS * share
        return SparseFacts(facts.tick, facts.spread_ticks, orders, facts.imbalance_logit)
