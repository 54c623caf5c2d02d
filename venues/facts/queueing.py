"""Facts of a one-share order that joins the back of the best queue: when it is filled, and then.

What is ahead in the queue is not known from best quotes alone. The rule is a careful one: cancels
are all behind us, so that the queue ahead shrinks by executions, and otherwise only when less is
displayed than we believe to be ahead of us. We are filled when an execution reaches past the queue
ahead, when one trades through our price, or when the other side crosses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from router.model import NS
from venues.facts.day import WARM_UP_S, Day
from venues.facts.series import Facts, Floats, Ints, finite, mean, median, ratio

SAMPLES = 3000
HORIZON_S = 60
MARKOUT_S = 10
SEED = 7
"""The instants at which orders are tried are the same for all recordings of the same hours."""

ONE_SHARE = 1.0


@dataclass(frozen=True, slots=True)
class Trials:
    """What became of orders that joined the touch."""

    wait_s: Floats
    """Until the fill; infinite if there was none within the horizon."""
    markout: Floats
    """Mid after the fill less price, in the order's favour, ticks; NaN without a fill."""

    def filled_within(self, delays_s: Sequence[float]) -> list[float]:
        """Share filled within so many seconds."""
        return [float((self.wait_s <= delay).mean()) for delay in delays_s]


def try_touch(day: Day) -> Trials:
    """Orders at random instants, bids and offers in turn."""
    starts = _instants(day)
    waits = np.full(len(starts), np.inf)
    markouts = np.full(len(starts), np.nan)
    row = np.searchsorted(day.book.t_ns, starts, side="right") - 1
    for trial, (start, first) in enumerate(zip(starts.tolist(), row.tolist(), strict=True)):
        if first < 0 or not day.book.two_sided[first]:
            continue
        side = 1 if trial % 2 == 0 else -1
        at = _filled_at(day, side, start, first)
        if at is None:
            continue
        px = (day.book.bid if side > 0 else day.book.ask)[first]
        waits[trial] = (at - start) / NS
        after = day.book.mid_at(np.array([at + MARKOUT_S * NS], np.int64))[0]
        markouts[trial] = side * (after - px)
    return Trials(waits, markouts)


def queueing_facts(day: Day, trials: Trials) -> Facts:
    """Probability of a fill, its median wait, and what the price did afterwards."""
    filled = trials.wait_s[np.isfinite(trials.wait_s)]
    within = trials.filled_within((1, 10, 60))
    half_spread = finite(day.orders.quoted / 2.0)
    return {
        "touch_fill_prob_1s": within[0],
        "touch_fill_prob_10s": within[1],
        "touch_fill_prob_60s": within[2],
        "touch_fill_median_s_if_filled": median(filled),
        "touch_fill_markout10s_over_halfspread": ratio(mean(trials.markout), half_spread),
    }


def _instants(day: Day) -> Ints:
    """Nanoseconds, in order, evenly many in each session."""
    sessions = day.scope.sessions
    draw = np.random.Generator(np.random.PCG64(SEED))
    found = [
        draw.integers((start + WARM_UP_S) * NS, (end - HORIZON_S) * NS, SAMPLES // len(sessions))
        for start, end in sessions
    ]
    return np.sort(np.concatenate(found)).astype(np.int64)


def _filled_at(day: Day, side: int, start: int, first: int) -> int | None:
    """When an order that joined the best price of `side` at `start` is filled; None if never.

    The queue ahead is x. A fill of q at our price makes it x - q, a book row that shows d at our
    price min(x, d). With Q the sum of fills so far, x + Q can therefore only fall, and is the
    minimum of what it was and of d + Q at each row: no loop over rows is needed.
    """
    book, fills = day.book, day.takes
    own, other = (book.bid, book.ask) if side > 0 else (book.ask, book.bid)
    shown = book.bid_qty if side > 0 else book.ask_qty
    px = own[first]
    rows = slice(first + 1, int(np.searchsorted(book.t_ns, start + HORIZON_S * NS)))
    row_at = book.t_ns[rows]
    crossed = np.flatnonzero((other[rows] - px) * side <= 0)
    end = int(row_at[crossed[0]]) if len(crossed) else None

    span = slice(
        int(np.searchsorted(fills.t_ns, start, side="right")),
        int(np.searchsorted(fills.t_ns, start + HORIZON_S * NS)),
    )
    hits = (fills.sign[span] == -side) & ((fills.px[span] - px) * side <= 0)
    hit_at, hit_px = fills.t_ns[span][hits], fills.px[span][hits]
    taken = np.cumsum(fills.qty[span][hits])
    # Of one instant, fills come before the rows that they cause.
    before = np.searchsorted(hit_at, row_at, side="right")
    ceiling = np.where(own[rows] == px, shown[rows], np.inf)
    ceiling = np.where((own[rows] - px) * side < 0, 0.0, ceiling)
    reached = np.minimum.accumulate(
        np.append(shown[first], ceiling + np.append(0.0, taken)[before])
    )
    ahead = reached[np.searchsorted(row_at, hit_at, side="left")] - taken
    done = np.flatnonzero((ahead <= -ONE_SHARE) | ((hit_px - px) * side < 0))
    if len(done) and (end is None or int(hit_at[done[0]]) <= end):
        return int(hit_at[done[0]])
    return end
