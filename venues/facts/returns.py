"""Facts of prices over time: autocorrelation, signature plot, volatility, the day's U shape."""

from __future__ import annotations

import math

import numpy as np

from router.model import NS
from venues.facts.day import DAY_SECONDS, Day
from venues.facts.series import (
    Facts,
    Floats,
    Ints,
    acf,
    acf1_pooled,
    finite,
    last_before,
    mean,
    pick,
    ratio,
)

BP = 1e4

SIGNATURE_S = (1, 5, 10, 30, 60, 300)

CLUSTERING_LAGS = tuple(range(1, 11))

U_SECONDS_MIN = 23_000
"""The U shape is that of a whole day in one session."""
U_BINS = 13
U_MIDDLE = slice(4, 9)
"""The half hours from 11:30 to 14:00."""


def returns(day: Day, step_s: int, t_ns: Ints, px: Floats) -> list[Floats]:
    """Logarithmic returns of a price on a grid, one array a session."""
    return [
        np.diff(np.log(pick(px, last_before(t_ns, grid, including=True))))
        for grid in day.grids(step_s)
    ]


def mid_returns(day: Day, step_s: int) -> list[Floats]:
    """Of the mid."""
    return returns(day, step_s, day.book.t_ns, day.book.mid)


def signature(day: Day, *, trades: bool) -> list[float | None]:
    """Volatility by sampling interval (`SIGNATURE_S`), bp scaled to a day, of mid or lit prints."""
    times, px = (day.lit.t_ns, day.lit.px) if trades else (day.book.t_ns, day.book.mid)
    found = []
    for step_s in SIGNATURE_S:
        square = mean(np.concatenate(returns(day, step_s, times, px)) ** 2)
        found.append(None if square is None else BP * math.sqrt(square * DAY_SECONDS / step_s))
    return found


def autocorrelation_facts(day: Day) -> Facts:
    """How a move foretells the next: of the mid on grids and by change, of trades by tick."""
    changes = np.diff(day.book.mid)
    facts = {f"mid_ret_acf1_{step}s": acf1_pooled(mid_returns(day, step)) for step in (1, 10, 60)}
    sizes = np.abs(np.concatenate(mid_returns(day, 30)))
    clustering = acf(sizes[np.isfinite(sizes)], CLUSTERING_LAGS)
    return {
        **facts,
        "tradeprice_ret_acf1_tick": acf(np.diff(day.orders.px), (1,))[0],
        "mid_change_sign_acf1": acf(np.sign(changes[changes != 0]), (1,))[0],
        "absret_30s_acf_1_10_mean": sum(value or 0.0 for value in clustering) / len(clustering),
    }


def volatility_facts(day: Day) -> Facts:
    """Daily volatility, how it depends on the sampling, and the tails."""
    mids = dict(zip(SIGNATURE_S, signature(day, trades=False), strict=True))
    trades = dict(zip(SIGNATURE_S, signature(day, trades=True), strict=True))
    seconds = np.concatenate(mid_returns(day, 1))
    minutes = np.concatenate(mid_returns(day, 60))
    return {
        "sigma_day_bp_300s": mids[300],
        "signature_mid_1s_over_300s": ratio(mids[1], mids[300]),
        "signature_trade_1s_over_300s": ratio(trades[1], trades[300]),
        "zero_ret_frac_1s": mean(seconds[np.isfinite(seconds)] == 0),
        "excess_kurtosis_60s": _excess_kurtosis(minutes[np.isfinite(minutes)]),
    }


def half_hours(day: Day) -> Floats | None:
    """Shares of the day's volume by half hour; None if the recording is no whole day."""
    sessions = day.scope.sessions
    if len(sessions) != 1 or day.scope.seconds < U_SECONDS_MIN or not day.prints.qty.sum():
        return None
    edges = np.linspace(*sessions[0], U_BINS + 1)
    volume = np.histogram(day.prints.t_ns / NS, bins=edges, weights=day.prints.qty)[0]
    return np.asarray(volume / volume.sum(), np.float64)


def intraday_facts(day: Day) -> Facts:
    """First and last half hour over the middle of the day."""
    shares = half_hours(day)
    if shares is None:
        return dict.fromkeys(
            ("u_shape_edges_over_middle", "u_open_over_middle", "u_close_over_middle")
        )
    first, last, middle = float(shares[0]), float(shares[-1]), float(shares[U_MIDDLE].mean())
    return {
        "u_shape_edges_over_middle": ratio((first + last) / 2.0, middle),
        "u_open_over_middle": ratio(first, middle),
        "u_close_over_middle": ratio(last, middle),
    }


def _excess_kurtosis(values: Floats) -> float | None:
    if not len(values):
        return None
    centred = values - values.mean()
    variance = float((centred**2).mean())
    return finite(float((centred**4).mean()) / variance**2 - 3.0) if variance else None
