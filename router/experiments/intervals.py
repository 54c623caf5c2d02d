"""Means with intervals over seeds: the cluster bootstrap.

Owns the resampling. A seed is a cluster: what happens within one is not independent, so seeds are
drawn with replacement, whole (Efron & Tibshirani 1993, chapter 13; percentile interval).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from router.experiments.world import IntArray
from router.ports import FloatArray

RESAMPLES = 4_000
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate, and where 95 of 100 such intervals have the truth."""

    value: float
    low: float
    high: float

    def __contains__(self, truth: float) -> bool:
        return self.low <= truth <= self.high

    @property
    def half_width(self) -> float:
        """Half of the distance between the ends."""
        return (self.high - self.low) / 2.0


def ratio(top: FloatArray, bottom: FloatArray) -> Interval:
    """Interval of sum(top) / sum(bottom), one entry a cluster, (S,) each."""
    drawn = resamples(len(top))
    return of_resamples(
        float(top.sum() / bottom.sum()), top[drawn].sum(axis=1) / bottom[drawn].sum(axis=1)
    )


def of_resamples(value: float, found: FloatArray) -> Interval:
    """The percentile interval of a statistic that was worked out for each resample."""
    tail = 50.0 * (1.0 - LEVEL)
    low, high = np.percentile(found, [tail, 100.0 - tail])
    return Interval(value, float(low), float(high))


@lru_cache(maxsize=8)
def resamples(clusters: int) -> IntArray:
    """(RESAMPLES, clusters): which clusters each resample has. The same for everything that is
    compared, so differences are paired."""
    chance = np.random.Generator(np.random.Philox(key=clusters))
    return chance.integers(0, clusters, (RESAMPLES, clusters))
