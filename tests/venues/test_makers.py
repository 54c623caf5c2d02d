"""Makers of one venue alone: what they post, leave and withdraw, and that ours is never theirs."""

from __future__ import annotations

import statistics

import pytest

from router.model import NS
from tests.venues.simulated import START, TICK
from venues.fair import Fair
from venues.floor import Facts, Floor
from venues.flow import Session, SizeLaw
from venues.impact import Impact
from venues.lit import LitSpec, LitVenue
from venues.makers import LEVELS, Makers, QueueFacts
from venues.price import EfficientPrice, PriceFacts
from venues.sparse_makers import Distances, SparseFacts, SparseMakers

DAY = Session(START, START + 23_400 * NS, (1.0,))
SIZES = SizeLaw(lot=100, p_lot=0.72, mean=160, tail_alpha=2.0)


class Stage:
    """One lit venue, a price that stands still at 5000, and nothing that acts by itself."""

    def __init__(self, seed: int = 1) -> None:
        facts = Facts("ACME", TICK, 2.0, seed, START, DAY.close_at, frozenset())
        self.floor = Floor(facts, Impact(0.75, 150.0, 2_000_000, START), START)
        self.venue = LitVenue(LitSpec(id="LIT_A", type="lit"), self.floor)
        self.floor.show([self.venue])
        still = PriceFacts(5000.0, 1e-6, 23_400.0, 0.0, 1.0, 60.0, 1e-9, 10.0, 0.0, 1.0)
        self.price = EfficientPrice(self.floor, DAY, still)
        self.now = START

    def makers(self, *, depth: float = 600.0, never: float = 0.4) -> tuple[Makers, Fair]:
        fair = Fair(
            self.price,
            self.floor,
            spread_ticks=2.0,
            inertia=0.15,
            refill_halflife_s=20.0,
            no_refill_prob=never,
        )
        facts = QueueFacts(TICK, depth, 2.0, 0.85)
        makers = Makers(self.venue, facts, self.price, fair, self.floor, SIZES)
        makers.seed(self.now)
        return makers, fair

    def wake(self, makers: Makers | SparseMakers, times: int) -> None:
        for _ in range(times):
            self.now += NS
            makers.wake(self.now)

    def best(self) -> tuple[float, float]:
        bid, offer = self.venue.touch()
        return bid / TICK, offer / TICK


def test_makers_quote_the_fair_prices_and_levels_behind_them() -> None:
    stage = Stage()
    stage.makers()
    assert stage.best() == (4999, 5001)
    assert len(stage.venue.book.depth(1, 20)) == LEVELS


@pytest.mark.parametrize("depth", [600.0, 4000.0])
def test_queues_stay_near_the_depth_that_was_asked_for(depth: float) -> None:
    stage = Stage()
    makers, _ = stage.makers(depth=depth)
    shares = []
    for _ in range(600):
        stage.wake(makers, 5)
        shares.append(stage.venue.book.qty_at(1, 4999 * TICK))
    assert statistics.mean(shares[100:]) == pytest.approx(depth, rel=0.35)


def test_when_the_price_moves_makers_leave_what_is_too_good_and_quote_anew() -> None:
    stage = Stage()
    makers, fair = stage.makers()
    stage.price.move(3.0)
    assert fair.update(stage.now)
    makers.hear(stage.now)
    assert stage.best() == (5002, 5004)
    stage.price.move(-5.0)
    assert fair.update(stage.now)
    makers.hear(stage.now)
    assert stage.best() == (4997, 4999)


def test_hearing_the_same_quotes_again_changes_nothing() -> None:
    stage = Stage()
    makers, _ = stage.makers()
    before = stage.venue.book.depth(1, 20), stage.venue.book.depth(-1, 20)
    makers.hear(stage.now)
    assert (stage.venue.book.depth(1, 20), stage.venue.book.depth(-1, 20)) == before


def test_a_swept_price_that_never_refills_stays_empty_and_the_next_is_quoted() -> None:
    stage = Stage()
    makers, _ = stage.makers(never=1.0)
    book = stage.venue.book
    sweep = book.submit(-1, side=-1, qty=book.qty_at(1, 4999 * TICK), px=4999 * TICK, rests=False)
    stage.venue.apply(sweep, stage.now)
    stage.wake(makers, 200)
    assert stage.best()[0] == 4998


def test_a_part_of_a_queue_that_is_taken_is_no_sweep() -> None:
    stage = Stage()
    makers, _ = stage.makers(never=1.0)
    book = stage.venue.book
    book.submit("ours", side=1, qty=100, px=4999 * TICK)
    shown = book.qty_at(1, 4999 * TICK)
    taken = book.submit(-1, side=-1, qty=shown - 100, px=4999 * TICK, rests=False)
    stage.venue.apply(taken, stage.now)
    stage.wake(makers, 50)
    assert book.qty_at(1, 4999 * TICK) > 100


def test_a_long_queue_of_ours_makes_others_withdraw_but_is_never_withdrawn() -> None:
    """Shown shares count whoever owns them; cancels take background orders only."""
    stage = Stage()
    makers, _ = stage.makers()
    book = stage.venue.book
    book.submit("ours", side=1, qty=100_000, px=4999 * TICK)
    stage.wake(makers, 400)
    assert [each.order_id for each in book.queue(1, 4999 * TICK)] == ["ours"]


def test_withdrawals_take_first_and_last_of_a_queue_alike() -> None:
    """Of four equal orders each goes first in a quarter of 200 cases: s.e. 0.03."""
    gone = []
    for seed in range(200):
        stage = Stage(seed)
        makers, _ = stage.makers()
        book = stage.venue.book
        px = 4999 * TICK
        for order in book.queue(1, px):
            book.cancel(order.order_id)
        names = [10_001, 10_002, 10_003, 10_004]
        for name in names:
            book.submit(name, side=1, qty=100_000, px=px)
        while len(book.queue(1, px)) == 4:
            stage.wake(makers, 1)
        left = [each.order_id for each in book.queue(1, px)]
        gone.append(next(n for n, name in enumerate(names) if name not in left))
    for position in range(4):
        assert gone.count(position) / 200 == pytest.approx(0.25, abs=0.1)


def test_what_makers_draw_does_not_depend_on_what_they_find() -> None:
    """After a disturbance that is undone, the next orders are those of the undisturbed book."""
    found = []
    for disturbed in (False, True):
        stage = Stage()
        makers, _ = stage.makers()
        if disturbed:
            stage.venue.book.submit("ours", side=1, qty=50_000, px=4999 * TICK)
        stage.wake(makers, 100)
        offers = stage.venue.book.depth(-1, 20)
        found.append(offers)
    assert found[0] == found[1]


# --- where there are no queues -------------------------------------------------------------------


def sparse(stage: Stage) -> SparseMakers:
    distances = Distances(stage.price, 20.0, stage.floor)
    facts = SparseFacts(TICK, 20.0, 10.0, 1.2)
    return SparseMakers(stage.venue, facts, stage.price, distances, stage.floor, SIZES)


def test_scattered_orders_are_as_many_as_wanted_and_never_cross() -> None:
    stage = Stage()
    makers = sparse(stage)
    makers.seed(stage.now)
    numbers = []
    for _ in range(400):
        stage.wake(makers, 3)
        bid, offer = stage.venue.touch()
        assert not (bid and offer) or bid < offer
        book = stage.venue.book
        numbers.append(sum(len(book.queue(1, px)) for px in book.prices(1)))
    assert statistics.mean(numbers) == pytest.approx(10.0, rel=0.2)


def test_scattered_orders_that_have_become_too_good_are_taken_back() -> None:
    stage = Stage()
    makers = sparse(stage)
    makers.seed(stage.now)
    stage.price.move(-2000.0)
    makers.hear(stage.now)
    bid, _ = stage.venue.touch()
    # Slack: 0.9 spreads of 20 ticks.
    assert bid <= (3000 + 18) * TICK


def test_scattered_orders_are_their_own_makers_to_withdraw() -> None:
    stage = Stage()
    makers = sparse(stage)
    makers.seed(stage.now)
    stage.venue.book.submit("ours", side=1, qty=100, px=4000 * TICK)
    stage.wake(makers, 300)
    assert "ours" in stage.venue.book
