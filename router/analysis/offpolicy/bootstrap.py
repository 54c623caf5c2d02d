"""How sure a figure is: whole parents, and whole days, are drawn again.

Owns the resampling. Decisions of a parent share its day, its side and its market, so they are not
independent: the parent is the unit (cluster bootstrap, Davison & Hinkley 1997). So may parents of a
day be; with enough days the day is a unit too, and the wider interval counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from router.analysis.offpolicy.logged import IntArray
from router.ports import FloatArray

RESAMPLES = 2000
LEVEL = 0.95
DAYS_MIN = 10
"""Fewer days are too few to be drawn from: such an interval would be too narrow."""

Statistic = Callable[[FloatArray], FloatArray]
"""From sums (..., C) to figures (...): a ratio of sums, say."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval."""

    value: float
    low: float
    high: float


class Bootstrap:
    """Sums of many parents, and of as many that might have been drawn in their place."""

    def __init__(self, sums: FloatArray, days: IntArray, rng: np.random.Generator) -> None:
        """`sums` (P, C): what each parent adds; `days` (P,): when."""
        self.totals = sums.sum(axis=0)
        self._resamples = [_resampled(sums, rng)]
        each_day, of = np.unique(days, return_inverse=True)
        if len(each_day) >= DAYS_MIN:
            by_day = np.zeros((len(each_day), sums.shape[1]))
            np.add.at(by_day, of, sums)
            self._resamples.append(_resampled(by_day, rng))

    def estimate(self, statistic: Statistic) -> Estimate | None:
        """The statistic of the sums, and the percentiles that hold 95 % of its resamples.

        None if it is not defined: nothing to divide by.
        """
        value = float(statistic(self.totals))
        if not np.isfinite(value):
            return None
        found = [_middle(statistic(each)) for each in self._resamples]
        low, high = max(found, key=lambda ends: ends[1] - ends[0])
        return Estimate(value, low, high)


def ratio(a: FloatArray, b: FloatArray) -> FloatArray:
    """a / b, NaN where b is 0."""
    empty = np.full(np.shape(b), np.nan)
    return np.asarray(np.divide(a, b, out=empty, where=np.asarray(b) != 0.0))


def _resampled(sums: FloatArray, rng: np.random.Generator) -> FloatArray:
    """(RESAMPLES, C): sums over as many units as there are, drawn with replacement."""
    count = len(sums)
    found = np.empty((RESAMPLES, sums.shape[1]))
    for row in found:
        times = np.bincount(rng.integers(count, size=count), minlength=count)
        row[:] = times @ sums
    return found


def _middle(values: FloatArray) -> tuple[float, float]:
    defined = values[np.isfinite(values)]
    tail = (1.0 - LEVEL) / 2.0
    low, high = np.quantile(defined, [tail, 1.0 - tail])
    return float(low), float(high)
