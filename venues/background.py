"""Background flow of the simulated lit venues: puts price, takers and makers under one clock.

Owns what follows from the market file for each of them, and when each of them acts. What is drawn
does not depend on what is found: a taker comes, and a maker wakes, at the same time with the same
numbers whatever the router does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypedDict

from venues.floor import Action, Floor, seconds
from venues.flow import Activity, Clock, Session, Signs, SizeLaw, clustering
from venues.flow_facts import FlowFacts
from venues.impact import DAY_SECONDS
from venues.lit import LitVenue
from venues.posting import posting
from venues.price import EfficientPrice, PriceFacts
from venues.prints import Prints, Source
from venues.takers import SIZE_EXPONENT, Takers

WAKES_PER_UPDATE, SPARSE_WAKES_PER_UPDATE = 0.9, 4.4
"""Maker decisions for each best-quote update that the market file asks for. Choice: not every
decision changes the best quote, and market orders change it, too."""

UNFOUND, SPARSE_UNFOUND = 0.2, 0.8
"""Market orders want 1 + UNFOUND / (touch depth / mean size) times the mean size that the market
file asks for, because they do not always find it; the second where there are no queues. Choice:
the size found is then nearly the one asked for."""

EFFECTIVE_SPREADS = 1.06
"""What a market order pays on average, in spreads of the moment: sometimes it walks the book."""

BOOK_IMPACT_SPREADS = 0.01
"""What is left, after 10 s, of the move of the mid that an emptied queue causes, in spreads.
Choice: mean realised spreads are then those asked for."""

PURITY = 0.3
"""Share of a venue's fills that come from orders that preferred it. Choice."""

RESPONSE_S = 9.0
"""Time over which the response to an order is told, seconds."""

PRESSURE_HALFLIVES = 2.0
"""Half-life of the pressure over the measured one of imbalance, which has fast parts, too."""

REACTION_S = 0.05
"""Mean time after which makers of a venue have heard of a market order, or of a move of the price.
Measured: of the mid's answer to an order, half is there after 5 ms and nine tenths after 0.3 s
(medium-tick)."""


class Background:
    """The efficient price, the makers and the takers of all simulated lit venues, and the tape."""

    def __init__(
        self,
        floor: Floor,
        facts: FlowFacts,
        session: Session,
        venues: Sequence[tuple[LitVenue, float]],
        tape: Sequence[Source],
    ) -> None:
        """`venues` are the books with their shares of the flow, which sum to 1."""
        self._floor = floor
        self._facts = facts
        self._session = session
        self._venues = [venue for venue, _ in venues]
        follow, mood = clustering(facts.clustering_cv, session)
        self._activity = activity = Activity(session, floor.stream("activity"), mood)
        self._signs = Signs(floor.stream("signs"), **_memory(facts, activity, follow))
        sizes = _wanted(facts)
        self._takers = Takers(
            floor,
            activity,
            venues,
            rate=facts.market_orders_per_s,
            follow=follow,
            signs=self._signs,
            sizes=sizes,
            spread_ticks=facts.spread_ticks,
        )
        self._answers = _answers(facts, self._signs, sizes, venues)
        law = _price_law(facts, self._signs, sizes, venues, self._answers)
        self._price = EfficientPrice(floor, session, law)
        self._posting = posting(floor, facts, self._price, venues)
        self._wakes = [
            Clock(floor.stream(f"{venue.mic}/wakes"), activity, rate)
            for (venue, _), rate in zip(venues, _wake_rates(facts, venues), strict=True)
        ]
        self._next_take = 0
        self._next_wakes = [0] * len(venues)
        self._reactions = floor.stream("reactions")
        self._tape = [Prints(source, floor, activity, _found(facts)) for source in tape]

    def start(self, now: int) -> None:
        """Fill the books and set the clocks."""
        for makers in self._posting.makers:
            makers.seed(now)
        for index in range(len(self._venues)):
            self._schedule_wake(index, now)
        self._schedule_take(now)
        for prints in self._tape:
            prints.start(now)

    def change(
        self, facts: FlowFacts, shares: Sequence[float], tape: Sequence[Source], now: int
    ) -> None:
        """Go on by other facts, with other shares of the flow for the venues, and another tape.

        The price does not jump. Who is to come next comes as much sooner or later as the rates have
        changed, so that a market that stood still can awake.
        """
        before, self._facts = self._facts, facts
        venues = list(zip(self._venues, shares, strict=True))
        follow, mood = clustering(facts.clustering_cv, self._session)
        self._activity.change(mood)
        self._signs.change(**_memory(facts, self._activity, follow))
        sizes, rate = _wanted(facts), facts.market_orders_per_s
        self._takers.change(
            shares, rate=rate, follow=follow, sizes=sizes, spread_ticks=facts.spread_ticks
        )
        self._answers = _answers(facts, self._signs, sizes, venues)
        self._price.change(_price_law(facts, self._signs, sizes, venues, self._answers))
        self._posting.change(facts, shares)
        self._await_take(now + round((self._next_take - now) * before.market_orders_per_s / rate))
        old, new = _wake_rates(before, venues), _wake_rates(facts, venues)
        for index, clock in enumerate(self._wakes):
            clock.change(new[index])
            wait = (self._next_wakes[index] - now) * old[index] / new[index]
            self._await_wake(index, now + round(wait))
        for prints, source in zip(self._tape, tape, strict=True):
            prints.change(source, _found(facts), now)

    def take(self, side: int, qty: int, now: int) -> int:
        """A market order of somebody who is not of the background; the shares that it found.

        It takes as any other, and the price answers as to any other; what the background expects
        next stays as it was.
        """
        first, found, surprise = self._takers.take_for(side, qty, now)
        self._price.answer(self._answers[first] * surprise)
        return found

    def jump(self, ticks: float, at: int) -> None:
        """The efficient price moves at once and every maker follows."""
        self._price.move(ticks)
        self._posting.quotes.update(at)
        for makers in self._posting.makers:
            makers.hear(at)

    @property
    def undisturbed(self) -> float:
        """The efficient price as it would be without the router, ticks."""
        return self._price.undisturbed

    def _schedule_wake(self, index: int, now: int) -> None:
        self._await_wake(index, self._wakes[index].after(now))

    def _await_wake(self, index: int, at: int) -> None:
        self._next_wakes[index] = at
        if self._floor.is_open(at):
            self._floor.schedule(at, lambda when: self._wake(index, when))

    def _schedule_take(self, now: int) -> None:
        self._await_take(self._takers.next_after(now))

    def _await_take(self, at: int) -> None:
        self._next_take = at
        if self._floor.is_open(at):
            self._floor.schedule(at, self._take)

    def _wake(self, index: int, now: int) -> None:
        if now != self._next_wakes[index]:
            return  # it was put off, or brought forward
        self._price.advance(now)
        changed = self._posting.quotes.update(now)
        self._posting.makers[index].wake(now)
        self._spread_word(now, index if changed else None)
        self._schedule_wake(index, now)

    def _take(self, now: int) -> None:
        if now != self._next_take:
            return  # it was put off, or brought forward
        self._price.advance(now)
        self._posting.quotes.prepare()
        first, surprise = self._takers.take(now)
        self._price.answer(self._answers[first] * surprise)
        self._posting.quotes.update(now)
        self._spread_word(now, -1)
        self._schedule_take(now)

    def _spread_word(self, now: int, source: int | None) -> None:
        """All makers but those at the source hear that something has happened; None: nothing has.
        The numbers are drawn either way."""
        hear: list[Action] = [makers.hear for makers in self._posting.makers]
        for index, action in enumerate(hear):
            delay = self._reactions.exponential() * REACTION_S
            if source is not None and index != source:
                self._floor.schedule(now + seconds(delay), action)


class Memory(TypedDict):
    """What `Signs` is told."""

    acf1: float
    gamma: float
    follow: float
    anticipation: float
    ahead: float


def _memory(facts: FlowFacts, activity: Activity, follow: float) -> Memory:
    near = activity.near(RESPONSE_S) * facts.market_orders_per_s
    return {
        "acf1": facts.acf1,
        "gamma": facts.gamma,
        "follow": follow,
        "anticipation": facts.regime.anticipation,
        "ahead": near + follow / (1.0 - follow),
    }


def _wanted(facts: FlowFacts) -> SizeLaw:
    """Sizes of market orders as they are sent."""
    unfound = SPARSE_UNFOUND if facts.is_sparse else UNFOUND
    return facts.sizes(facts.mean_size * (1.0 + unfound * facts.mean_size / facts.touch_depth))


def _found(facts: FlowFacts) -> SizeLaw:
    """Sizes as the market file tells them."""
    return facts.sizes(facts.mean_size)


def _answers(
    facts: FlowFacts, signs: Signs, sizes: SizeLaw, venues: Sequence[tuple[LitVenue, float]]
) -> list[float]:
    """Ticks that the price must answer to a surprise of 1 at each venue, for passive fills there to
    earn what the market file says: realised = effective - 2 x impact. The differences between
    venues are told more strongly, as orders fill elsewhere, too."""
    weight = signs.response * sizes.moment(SIZE_EXPONENT) / facts.spread_ticks
    mean = sum(venue.spec.passive_realised10s * share for venue, share in venues)
    answers = []
    for venue, _ in venues:
        realised = mean + (venue.spec.passive_realised10s - mean) / PURITY
        impact = (EFFECTIVE_SPREADS - realised) / 2.0 - BOOK_IMPACT_SPREADS
        answers.append(impact / weight)
    return answers


def _price_law(
    facts: FlowFacts,
    signs: Signs,
    sizes: SizeLaw,
    venues: Sequence[tuple[LitVenue, float]],
    answers: Sequence[float],
) -> PriceFacts:
    square = sum(
        share * answer * answer for (_, share), answer in zip(venues, answers, strict=True)
    )
    square *= signs.variance * sizes.moment(2.0 * SIZE_EXPONENT)
    halflife, regime = facts.imbalance_halflife_s, facts.regime
    return PriceFacts(
        start=facts.price_ticks,
        sigma_day=facts.sigma_ticks_day,
        day_seconds=DAY_SECONDS,
        flow_variance_day=facts.market_orders_per_s * DAY_SECONDS * square,
        flow_share=regime.flow_share,
        fade_s=regime.fade_halflives * halflife,
        pressure=regime.pressure * facts.sigma_ticks_day * math.sqrt(halflife / DAY_SECONDS),
        pressure_s=PRESSURE_HALFLIVES * halflife / math.log(2.0),
        late=regime.late,
        echo=regime.echo,
    )


def _wake_rates(facts: FlowFacts, venues: Sequence[tuple[LitVenue, float]]) -> list[float]:
    """Maker decisions a second at each venue. Makers of queues wake equally often everywhere;
    scattered orders are fewer where little is traded."""
    per_update = SPARSE_WAKES_PER_UPDATE if facts.is_sparse else WAKES_PER_UPDATE
    rate = facts.market_orders_per_s * facts.updates_per_mo * per_update
    return [rate * (share if facts.is_sparse else 1.0 / len(venues)) for _, share in venues]
