"""Facts of the best quotes: spread and displayed depth, weighted by how long they stood."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from venues.facts.day import Day
from venues.facts.series import Facts, ratio, weighted_cv, weighted_mean

BP = 1e4


def spread_facts(day: Day) -> Facts:
    """Spread in ticks and basis points, over the time in which the market is two-sided."""
    book = day.book
    spread, dwell = book.spread[book.two_sided], book.dwell_s[book.two_sided]
    average = weighted_mean(spread, dwell)
    total = float(book.dwell_s.sum())
    return {
        "spread_ticks_tw_mean": average,
        "spread_bp_tw_mean": ratio(average and average * BP, float(np.median(book.mid))),
        "spread_one_tick_time_frac": ratio(float(dwell[spread == 1].sum()), float(dwell.sum())),
        "spread_tw_cv": weighted_cv(spread, dwell),
        "crossed_or_locked_time_frac": ratio(float(book.dwell_s[~book.two_sided].sum()), total),
    }


def depth_facts(day: Day) -> Facts:
    """Shares shown at the best price, the mean of the two sides."""
    book = day.book
    depth = (book.bid_qty + book.ask_qty) / 2.0
    average = weighted_mean(depth, book.dwell_s)
    order = float(day.orders.qty.mean()) if len(day.orders.qty) else None
    return {
        "touch_depth_tw_mean": average,
        "touch_depth_over_mean_mo": ratio(average, order),
        "touch_depth_tw_cv": weighted_cv(depth, book.dwell_s),
    }


def spread_within(day: Day, ticks: Sequence[int]) -> list[float | None]:
    """Share of the two-sided time with a spread of at most so many ticks."""
    book = day.book
    spread, dwell = book.spread[book.two_sided], book.dwell_s[book.two_sided]
    total = float(dwell.sum())
    return [ratio(float(dwell[spread <= each].sum()), total) for each in ticks]
