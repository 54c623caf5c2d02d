"""Statistics of plain arrays that more than one fact needs.

Knows nothing of markets. What cannot be estimated is None, never NaN: a fact that is not available
must not look like one that is out of its band.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

Facts = dict[str, float | None]
"""Values by name, None where there are too few data for one."""

ACF_MIN = 50
"""Values that an autocorrelation needs at least."""

HILL_MIN = 500
"""Values that a tail exponent needs at least."""
HILL_TAIL_MIN = 50
"""Values that the tail is made of at least."""
HILL_ABOVE_MIN = 30
"""Of these, how many must lie above the threshold: whole lots tie with it."""

SLOPE_MIN = 4
"""Points that a slope needs at least."""


def finite(value: float) -> float | None:
    """The value, or None if it is no number."""
    return float(value) if math.isfinite(value) else None


def ratio(above: float | None, below: float | None) -> float | None:
    """A quotient, None if it has none."""
    if above is None or below is None or below == 0.0:
        return None
    return finite(above / below)


def mean(values: NDArray[np.generic]) -> float | None:
    """The mean of the values that are numbers, None if none is."""
    kept = values[np.isfinite(values)]
    return float(kept.mean()) if len(kept) else None


def acf(values: NDArray[np.generic], lags: Sequence[int]) -> list[float | None]:
    """Autocorrelations about the mean, each over the pairs that the lag leaves."""
    x = np.asarray(values, np.float64)
    if len(x) < ACF_MIN:
        return [None] * len(lags)
    x = x - x.mean()
    variance = float((x * x).mean())
    if variance <= 0.0:
        return [None] * len(lags)
    return [float((x[:-lag] * x[lag:]).mean()) / variance if lag < len(x) else None for lag in lags]


def acf1_pooled(pieces: Sequence[Floats]) -> float | None:
    """First autocorrelation about zero of several stretches, no pair across their borders."""
    above = below = 0.0
    for piece in pieces:
        x = piece[np.isfinite(piece)]
        above += float((x[:-1] * x[1:]).sum())
        below += float((x * x).sum())
    return ratio(above, below)


def weighted_mean(values: Floats, weights: Floats) -> float | None:
    """None if nothing weighs."""
    return ratio(float((values * weights).sum()), float(weights.sum()))


def weighted_cv(values: Floats, weights: Floats) -> float | None:
    """Standard deviation over mean."""
    centre = weighted_mean(values, weights)
    if centre is None:
        return None
    spread = weighted_mean((values - centre) ** 2, weights)
    return ratio(math.sqrt(spread), centre) if spread is not None else None


def hill(values: NDArray[np.generic], top: float) -> float | None:
    """Hill's estimate of alpha in P(X > x) ~ x^-alpha, from the largest share `top`.

    Values equal to the threshold are left out: sizes come in lots, and a tie would count as a
    logarithm of zero.
    """
    x = np.sort(np.asarray(values, np.float64))
    if len(x) < HILL_MIN:
        return None
    count = max(int(len(x) * top), HILL_TAIL_MIN)
    threshold = x[-count - 1]
    tail = x[-count:]
    tail = tail[tail > threshold]
    if len(tail) <= HILL_ABOVE_MIN or threshold <= 0.0:
        return None
    return float(1.0 / np.log(tail / threshold).mean())


def loglog_slope(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Least-squares slope of log y on log x over the points where both are above zero."""
    xs, ys = np.asarray(x, np.float64), np.asarray(y, np.float64)
    kept = (xs > 0) & (ys > 0) & np.isfinite(ys)
    if int(kept.sum()) < SLOPE_MIN:
        return None
    logs = np.log(xs[kept])
    if float(np.ptp(logs)) == 0.0:
        return None
    return float(np.polyfit(logs, np.log(ys[kept]), 1)[0])


def ranks(values: Floats) -> Floats:
    """Ranks from 1, ties sharing their mean."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2.0)[place].astype(np.float64)


def last_before(times: Ints, at: Ints, *, including: bool) -> Ints:
    """Row of the last time before each of `at` (or at it), -1 if there is none."""
    after = np.searchsorted(times, at, side="right" if including else "left")
    return after.astype(np.int64) - 1


def median(values: NDArray[np.generic]) -> float | None:
    """None of nothing."""
    return float(np.median(np.asarray(values, np.float64))) if len(values) else None


def pick(values: Floats, rows: Ints) -> Floats:
    """The values in these rows, NaN for row -1."""
    if not len(values):
        return np.full(len(rows), np.nan)
    return np.where(rows >= 0, values[np.maximum(rows, 0)], np.nan)


def rows_where(flags: Flags) -> Ints:
    """The rows that are flagged."""
    return np.flatnonzero(flags).astype(np.int64)
