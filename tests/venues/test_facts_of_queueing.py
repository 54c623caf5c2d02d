"""When an order at the back of the best queue is filled, against a replay row by row."""

from __future__ import annotations

import math

import numpy as np
import pytest

from router.model import NS
from tests.venues.recorded_days import BookRow, TradeRow, chance, day
from venues.facts.day import Day
from venues.facts.queueing import SAMPLES, Trials, queueing_facts, try_touch

LENGTH = 600


def test_a_queue_that_only_executions_shorten_is_waited_through() -> None:
    # A bid of 100 shares that is hit for 30 in the middle of each second: the fourth hit reaches
    # share 101. Nobody lifts the offer, so that every other order waits for ever.
    trades = [(at + 0.5, 100.0, 30.0, "A", -1) for at in range(LENGTH)]
    trials = try_touch(day([(0, 100, 102, 100, 100)], trades, seconds=LENGTH))
    bids, offers = trials.wait_s[::2], trials.wait_s[1::2]
    assert len(trials.wait_s) == SAMPLES
    assert bids.min() > 3
    assert bids.max() <= 4
    assert np.isinf(offers).all()
    assert trials.filled_within((3, 4, 60)) == [0.0, 0.5, 0.5]


def test_a_fill_is_marked_out_against_the_mid_ten_seconds_later() -> None:
    # The bid is hit for all of its queue and more each second; after ten seconds the mid is 101.
    trades = [(float(at), 100.0, 200.0, "A", -1) for at in range(LENGTH)]
    recorded = day([(0, 100, 102, 100, 100)], trades, seconds=LENGTH)
    found = queueing_facts(recorded, try_touch(recorded))
    assert found["touch_fill_prob_1s"] == pytest.approx(0.5)
    assert found["touch_fill_median_s_if_filled"] == pytest.approx(0.5, abs=0.05)
    # Bought at 100, worth 101: a whole half-spread to the good.
    assert found["touch_fill_markout10s_over_halfspread"] == pytest.approx(1.0)


def test_without_trades_and_moves_nothing_is_filled() -> None:
    recorded = day([(0, 100, 102, 100, 100)], seconds=LENGTH)
    found = queueing_facts(recorded, try_touch(recorded))
    assert found["touch_fill_prob_60s"] == 0.0
    assert found["touch_fill_median_s_if_filled"] is None
    assert found["touch_fill_markout10s_over_halfspread"] is None


def test_an_order_in_a_locked_market_is_not_tried() -> None:
    recorded = day([(0, 100, 100, 100, 100)], seconds=LENGTH)
    assert try_touch(recorded).filled_within((60,)) == [0.0]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_history_fills_as_its_replay_row_by_row(seed: int) -> None:
    recorded = _busy(seed)
    found, replayed = try_touch(recorded), _replayed(recorded)
    assert np.isfinite(replayed.wait_s).mean() > 0.3, "a history that fills nothing shows nothing"
    assert np.isinf(replayed.wait_s).mean() > 0.03
    assert found.wait_s.tolist() == replayed.wait_s.tolist()
    np.testing.assert_array_equal(found.markout, replayed.markout)


def _busy(seed: int) -> Day:
    """Quotes and trades on a grid of half a second, so that many share an instant."""
    draws = chance(seed)
    book: list[BookRow] = [(0.0, 1_000, 1_002, 300, 300)]
    trades: list[TradeRow] = []
    mid, half = 1_001, 1
    for at in np.arange(0.5, LENGTH, 0.5).tolist():
        if draws.uniform() < 0.3:
            side = 1 if draws.uniform() < 0.5 else -1
            through = int(draws.choice([0, 0, 0, 0, 0, -1, 1]))
            qty = float(draws.integers(1, 60))
            trades.append((at, mid + side * (half + through), qty, "A", side))
        if draws.uniform() < 0.3:
            mid += int(draws.integers(-1, 2)) if draws.uniform() < 0.2 else 0
            half = 1 if draws.uniform() < 0.9 else 2
            shown = draws.integers(100, 600, 2)
            book.append((at, mid - half, mid + half, float(shown[0]), float(shown[1])))
    return day(book, trades, seconds=LENGTH)


def _replayed(recorded: Day) -> Trials:
    """The rule of `venues.facts.queueing`, one row after another, with the same instants."""
    draw = np.random.Generator(np.random.PCG64(7))
    starts = np.sort(draw.integers(60 * NS, (LENGTH - 60) * NS, SAMPLES))
    waits, markouts = np.full(SAMPLES, np.inf), np.full(SAMPLES, np.nan)
    for trial, start in enumerate(starts.tolist()):
        side = 1 if trial % 2 == 0 else -1
        at, px = _filled_at(recorded, side, start)
        if at is not None:
            waits[trial] = (at - start) / NS
            later = np.searchsorted(recorded.book.t_ns, at + 10 * NS, side="right") - 1
            markouts[trial] = side * (recorded.book.mid[later] - px)
    return Trials(waits, markouts)


def _filled_at(recorded: Day, side: int, start: int) -> tuple[int | None, float]:
    book, fills = recorded.book, recorded.takes
    first = int(np.searchsorted(book.t_ns, start, side="right")) - 1
    own = book.bid if side > 0 else book.ask
    other = book.ask if side > 0 else book.bid
    shown = book.bid_qty if side > 0 else book.ask_qty
    px, ahead = own[first], shown[first]
    # Of one instant, fills come before quotes: 0 sorts before 1.
    rows = [(int(at), 1, row) for row, at in enumerate(book.t_ns) if start < at < start + 60 * NS]
    rows += [(int(at), 0, row) for row, at in enumerate(fills.t_ns) if start < at < start + 60 * NS]
    for at, is_quote, row in sorted(rows):
        if is_quote:
            if side * (other[row] - px) <= 0:
                return at, px
            if own[row] == px:
                ahead = min(ahead, shown[row])
            elif side * (own[row] - px) < 0:
                ahead = min(ahead, 0.0)
        elif fills.sign[row] == -side and side * (fills.px[row] - px) <= 0:
            ahead = -math.inf if fills.px[row] != px else ahead - fills.qty[row]
            if ahead <= -1:
                return at, px
    return None, px
