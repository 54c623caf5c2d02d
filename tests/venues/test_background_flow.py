"""The background: reproducible, unmoved by our orders where it should be, and sane in size."""

from __future__ import annotations

import statistics
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from router.model import NS, Side, TimeInForce
from tests.venues.simulated import BID, CALM, START, TICK, market_of, order, spec_of
from venues.chance import Stream
from venues.flow import Clock, Session, Signs, Sizes
from venues.market import Market
from venues.messages import BookChanged, Executed, VenueMessage

LIT = ("LIT_A", "LIT_B", "LIT_C")
DAY = Session(START, START + 23_400 * NS, (1.0,))

SILENT: dict[str, object] = {
    "impact.applies_to": [],
    "venues.DARK_A.dark.informed_frac": 0.0,
    "venues.DARK_B.dark.informed_frac": 0.0,
}
"""Nothing that we do moves the efficient price."""


def history(market: Market, seconds: int) -> list[VenueMessage]:
    market.tick(START + seconds * NS)
    return market.take()


def test_one_seed_makes_one_history(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, {})
    first, second, other = (Market(spec, seed=seed, start=START) for seed in (7, 7, 8))
    one = history(first, 300)
    assert one == history(second, 300)
    assert one != history(other, 300)
    assert len(one) > 300


def test_how_often_the_clock_is_read_changes_nothing(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, {})
    once, often = Market(spec, seed=3, start=START), Market(spec, seed=3, start=START)
    for tenth in range(1200):
        often.tick(START + tenth * NS // 10)
    assert history(once, 120) == history(often, 120)


def test_the_deadline_is_when_something_happens(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, {})
    stepped, whole = Market(spec, seed=3, start=START), Market(spec, seed=3, start=START)
    now = START
    while True:
        due = stepped.deadline()
        assert due is not None
        assert due > now
        if due > START + 60 * NS:
            break
        now = due
        stepped.tick(now)
    assert stepped.take() == history(whole, 60)


def takers(messages: list[VenueMessage]) -> list[tuple[int, int]]:
    """Time and side of every background market order that found something."""
    found: dict[int, int] = {}
    for message in messages:
        if isinstance(message, BookChanged) and message.entries[0].entry_type == "2":
            found[message.at] = message.entries[0].aggressor
    return sorted(found.items())


def test_our_orders_reshuffle_no_stream(tmp_path: Path) -> None:
    """With no answer of the price to us, the same takers come at the same times on the same side;
    only what they find is another book."""
    spec = spec_of(tmp_path, SILENT)
    alone, joined = Market(spec, seed=5, start=START), Market(spec, seed=5, start=START)
    undisturbed = takers(history(alone, 1800))
    mine = set()
    messages = []
    for n in range(60):
        now = START + n * 30 * NS + 1
        mine.add(now)
        joined.submit(LIT[n % 3], order(f"x{n}", Side.BUY, 100, tif=TimeInForce.IOC), now)
        joined.submit("DARK_A", order(f"d{n}", Side.BUY, 1000), now)
        messages += joined.take()
    messages += history(joined, 1800)
    disturbed = [taker for taker in takers(messages) if taker[0] not in mine]
    # A maker that picks off a quote of ours, or a taker who finds nothing, would differ: we left
    # no quote in a lit book and took one lot at a time.
    assert disturbed == undisturbed
    assert len(undisturbed) > 300


def test_our_order_in_one_pool_leaves_the_other_pool_as_it_was(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, {**CALM, **SILENT})
    said = []
    for with_a in (False, True):
        market = Market(spec, seed=11, start=START)
        if with_a:
            market.submit("DARK_A", order("a", Side.BUY, 10**6), START)
        market.submit("DARK_B", order("b", Side.BUY, 10**6), START)
        said.append([m for m in history(market, 23_000) if m.mic == "DARK_B"])
    assert said[0] == said[1]
    assert len(said[0]) > 5


def test_the_baseline_has_the_stated_spread_depth_and_volume(tmp_path: Path) -> None:
    """Wide bands: this is a sanity check, not the calibration."""
    spec = spec_of(tmp_path, {"session.u_shape": [1.0]})
    seconds = 3600
    spreads: Counter[float] = Counter()
    depths, volumes, orders = [], [], []
    for seed in range(3):
        market = Market(spec, seed=seed, start=START)
        for second in range(seconds):
            market.tick(START + second * NS)
            bid, offer = market.nbbo
            spreads[(offer - bid) / TICK] += 1
            books = [market.snapshot(mic, START + second * NS) for mic in LIT]
            at_bid = sum(dict(book.bids).get(bid, 0) for book in books)
            at_offer = sum(dict(book.offers).get(offer, 0) for book in books)
            depths.append((at_bid + at_offer) / 2)
        trades = [
            (message.at, entry.qty)
            for message in market.take()
            if isinstance(message, BookChanged)
            for entry in message.entries
            if entry.entry_type == "2"
        ]
        volumes.append(sum(qty for _, qty in trades) / seconds)
        orders.append(len({at for at, _ in trades}) / seconds)
    mean_spread = sum(s * n for s, n in spreads.items()) / spreads.total()
    assert mean_spread == pytest.approx(2.0, rel=0.2)
    assert min(spreads) >= 1, "locked or crossed"
    # 2.5 mean market orders of 195 shares at each side of the best quote.
    assert statistics.mean(depths) == pytest.approx(2.5 * 195, rel=0.35)
    assert statistics.mean(orders) == pytest.approx(0.30, rel=0.25)
    # 0.66 of an ADV of 2,000,000 over 23,400 s.
    assert statistics.mean(volumes) == pytest.approx(0.66 * 2e6 / 23_400, rel=0.3)


def test_the_price_moves_as_much_in_a_day_as_the_file_says(tmp_path: Path) -> None:
    """Returns over 100 s, 120 of them: the standard error of their deviation is 6.5 %."""
    spec = spec_of(tmp_path, {"session.u_shape": [1.0]})
    squares = []
    for seed in range(3):
        market = Market(spec, seed=seed, start=START)
        last = sum(market.nbbo)
        for step in range(1, 41):
            market.tick(START + step * 100 * NS)
            now = sum(market.nbbo)
            squares.append((now / last - 1.0) ** 2)
            last = now
    sigma_day_bp = (statistics.mean(squares) * 234) ** 0.5 * 10_000
    assert sigma_day_bp == pytest.approx(150, rel=0.22)


def test_a_clock_has_the_mean_and_the_spread_of_waiting_times_it_was_given() -> None:
    clock = Clock(Stream(1, "clock"), DAY, rate=2.0, cv=2.5)
    times = [START]
    for _ in range(40_000):
        times.append(clock.after(times[-1]))
    waits = [(b - a) / NS for a, b in pairwise(times)]
    assert statistics.mean(waits) == pytest.approx(0.5, rel=0.06)
    assert statistics.stdev(waits) / statistics.mean(waits) == pytest.approx(2.5, rel=0.1)


def test_activity_follows_the_days_shape() -> None:
    session = Session(0, 10 * NS, (0.6, 0.4))
    assert [session.activity(second * NS) for second in (-1, 0, 4, 5, 9, 10)] == [
        1.2,
        1.2,
        1.2,
        0.8,
        0.8,
        0.8,
    ]


def test_signs_repeat_as_the_file_says_and_are_expected_as_they_come() -> None:
    signs = Signs(Stream(2, "signs"), acf1=0.4, gamma=0.5)
    drawn = [signs.draw() for _ in range(60_000)]
    values = [sign for sign, _ in drawn]

    def acf(lag: int) -> float:
        return statistics.mean(a * b for a, b in zip(values, values[lag:], strict=False))

    assert acf(1) == pytest.approx(0.40, abs=0.03)
    # Medium-tick bands of the reference: lag 10 in 0.017-0.057, lag 2 near 0.195.
    assert 0.01 < acf(10) < 0.07
    assert acf(2) == pytest.approx(0.195, abs=0.05)
    surprises = [sign - expected for sign, expected in drawn]
    assert statistics.mean(a * b for a, b in pairwise(surprises)) == pytest.approx(0.0, abs=0.02)


def test_sizes_are_mostly_one_lot_with_the_stated_mean() -> None:
    sizes = Sizes(Stream(3, "sizes"), lot=100, p_lot=0.72, mean=195, tail_alpha=2.0)
    drawn = [sizes.draw() for _ in range(100_000)]
    assert statistics.mean(qty == 100 for qty in drawn) == pytest.approx(0.72, abs=0.01)
    assert statistics.mean(drawn) == pytest.approx(195, rel=0.05)
    assert all(qty % 100 == 0 for qty in drawn)
    # P(X > 2x) / P(X > x) = 2^-alpha = 1/4 in the tail.
    tail = Counter(qty > 1000 for qty in drawn)[True], Counter(qty > 2000 for qty in drawn)[True]
    assert tail[1] / tail[0] == pytest.approx(0.25, abs=0.06)


def test_purposes_have_streams_of_their_own() -> None:
    first, again, other = Stream(1, "a"), Stream(1, "a"), Stream(1, "b")
    drawn = [first.uniform() for _ in range(600)]
    assert drawn == [again.uniform() for _ in range(600)]
    assert not set(drawn) & {other.uniform() for _ in range(600)}


def test_our_quote_is_picked_off_when_the_price_has_moved_through_it(tmp_path: Path) -> None:
    """Resting orders do not earn the half-spread unharmed: news takes them, whole and at once."""
    changes: dict[str, object] = {
        **CALM,
        "venues.DARK_A.dark.p_zero": 0.000001,
        "venues.DARK_A.dark.persistence_s": 1e6,
        "venues.DARK_A.dark.informed_frac": 1.0,
        "venues.DARK_A.dark.informed_move_spreads": 5.0,
    }
    market = market_of(tmp_path, changes)
    market.submit("LIT_A", order("x", Side.BUY, 5000, BID), START)
    market.submit("DARK_A", order("d", Side.BUY, 100, tif=TimeInForce.IOC), START)
    market.take()
    market.tick(START + NS)
    fills = [message for message in market.take() if isinstance(message, Executed)]
    assert [(fill.order_ref, fill.qty, fill.px, fill.liquidity) for fill in fills] == [
        ("x", 5000, BID, "1")
    ]
    # Five spreads of two ticks lower.
    assert market.nbbo == (BID - 10 * TICK, BID - 8 * TICK)
