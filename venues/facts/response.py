"""Facts of what an order does to the price: response by order, by time and by size.

Everything is measured against the mid strictly before the order, in the direction of the order, and
mostly in units of the mean spread that orders met.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from router.model import NS
from venues.facts.day import Day
from venues.facts.series import Facts, Floats, finite, last_before, loglog_slope, mean, ratio

LAGS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
"""In market orders."""

SIZE_QUANTILES = 12
SIZE_MIN = 50
"""Orders that a size bin needs at least, not counting the last."""

FLOW_S = 60


def response_by_lag(day: Day) -> list[float | None]:
    """Mean move of the mid in an order's direction until so many orders later, in spreads."""
    orders, quoted = day.orders, finite(day.orders.quoted)
    found = []
    for lag in LAGS:
        moved = (orders.mid[lag:] - orders.mid[:-lag]) * orders.sign[:-lag]
        found.append(ratio(mean(moved), quoted))
    return found


def impact_by_time(day: Day, delays_s: Sequence[float]) -> list[float | None]:
    """Mean move of the mid in an order's direction after these seconds, in spreads."""
    orders, quoted = day.orders, finite(day.orders.quoted)
    return [
        ratio(mean((_mid_after(day, delay) - orders.mid) * orders.sign), quoted)
        for delay in delays_s
    ]


def response_facts(day: Day) -> Facts:
    """How far the price goes with an order."""
    by_lag = dict(zip(LAGS, response_by_lag(day), strict=True))
    after = impact_by_time(day, (1, 10, 60))
    return {
        "response1_over_spread": by_lag[1],
        "response100_over_response1": ratio(by_lag[100], by_lag[1]),
        "impact_1s_over_spread": after[0],
        "impact_10s_over_spread": after[1],
        "impact_60s_over_spread": after[2],
        "impact_size_exponent": _size_exponent(day),
        "flow_return_corr_60s": _flow_return_correlation(day),
    }


def cost_facts(day: Day) -> Facts:
    """What an order pays to the mid before it, and what its counterpart keeps after 10 s."""
    orders, quoted = day.orders, finite(day.orders.quoted)
    paid = mean(2.0 * orders.sign * (orders.px - orders.mid))
    kept = mean(2.0 * orders.sign * (orders.px - _mid_after(day, 10)))
    return {
        "effective_spread_over_quoted": ratio(paid, quoted),
        "realised_spread10s_over_quoted": ratio(kept, quoted),
    }


def move_after_fills_10s(day: Day) -> float | None:
    """Mean absolute move of the mid in the 10 s after a lit fill, ticks."""
    book, fills = day.book, day.takes
    before = np.maximum(last_before(book.t_ns, fills.t_ns, including=False), 0)
    return mean(np.abs(book.mid_at(fills.t_ns + 10 * NS) - book.mid[before]))


def any_move_10s(day: Day) -> float | None:
    """Mean absolute move of the mid in 10 s from any second, ticks."""
    grid = np.concatenate(day.grids(1))
    return mean(np.abs(day.book.mid_at(grid + 10 * NS) - day.book.mid_at(grid)))


def _mid_after(day: Day, delay_s: float) -> Floats:
    return day.book.mid_at(day.orders.t_ns + int(delay_s * NS))


def _size_exponent(day: Day) -> float | None:
    """Slope of log(move until the next order) on log(size), over quantiles of size."""
    orders = day.orders
    if not len(orders.qty):
        return None
    size = orders.qty / orders.qty.mean()
    moved = np.append((orders.mid[1:] - orders.mid[:-1]) * orders.sign[:-1], np.nan)
    edges = np.unique(np.quantile(size, np.linspace(0.0, 1.0, SIZE_QUANTILES + 1)))
    sizes, moves = [], []
    for place, (low, high) in enumerate(pairwise(edges.tolist())):
        # The first bin takes its lower edge, too: it is the smallest size, mostly one lot.
        inside = (size <= high) & ((size > low) | (place == 0))
        move = mean(moved[inside])
        if int(inside.sum()) > SIZE_MIN and move is not None:
            sizes.append(float(size[inside].mean()))
            moves.append(move)
    return loglog_slope(sizes, moves)


def _flow_return_correlation(day: Day) -> float | None:
    """Of the signed root of net lit volume in a minute with the mid's move in it."""
    orders = day.orders
    grids = day.grids(FLOW_S)
    starts = np.concatenate([grid[:-1] for grid in grids])
    ends = np.concatenate([grid[1:] for grid in grids])
    net = np.append(0.0, np.cumsum(orders.sign * orders.qty))
    flow = net[np.searchsorted(orders.t_ns, ends)] - net[np.searchsorted(orders.t_ns, starts)]
    moved = day.book.mid_at(ends) - day.book.mid_at(starts)
    kept = np.isfinite(moved) & (flow != 0)
    x, y = np.sign(flow[kept]) * np.sqrt(np.abs(flow[kept])), moved[kept]
    if len(x) < 2 or not np.ptp(x) or not np.ptp(y):
        return None
    return finite(float(np.corrcoef(x, y)[0, 1]))
