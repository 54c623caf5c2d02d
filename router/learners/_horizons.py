"""What fills at an arm cost afterwards: the drift of the mid, horizon by horizon, in context.

Owns the Bayesian linear model of the value model (docs/hazard.md). Must not know arms'
names, the clock or chance: it takes arrays and returns arrays.

The markout at the main horizon is the sum of what the mid does from the fill to the first horizon,
from there to the second, and so on. Each of these changes has its own model on f = [1, x]: what a
short horizon has told counts as soon as it is known, and the longer one adds to it when it comes.
A change that was never seen is in no sum, so that nothing is imputed, and nothing counts twice.
For changes that are independent this is the posterior of their sum given all that was seen of
each ticket; horizons beyond the main one tell nothing of it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from router.ports import MAIN_HORIZON, MARKOUT_HORIZONS, FloatArray

HORIZONS = MAIN_HORIZON + 1
"""How many are learned: up to the main one."""

CHANGE_MAX_BP = 100.0
"""A larger change is news, not the venue: it counts as this much."""

NOISE_BP = 3.0
"""Standard deviation of one markout at the main horizon, bp; docs/hazard.md."""

NOISE_VARIANCE = np.maximum(1.0, NOISE_BP**2 * np.diff(MARKOUT_HORIZONS[:HORIZONS], prepend=0.0))
"""(H,) of one change, bp^2: a share of it by the time that it takes, as of a random walk, but not
below 1 (choice), for the mid moves by half ticks."""

PRIOR = float(HORIZONS)
"""Prior precision of a coefficient of a change: that of the sum has the variance 1."""

LOTS_MAX = 20
LOTS_UNIT = 5.0
"""A ticket weighs min(lots, 20) / 5."""


@lru_cache(maxsize=16)
def prior(dimensions: int) -> tuple[FloatArray, FloatArray]:
    """The moments before anything was seen: (H, 1 + D, 1 + D) and (H, 1 + D), read-only."""
    moments = np.tile(PRIOR * np.eye(1 + dimensions), (HORIZONS, 1, 1))
    sums = np.zeros((HORIZONS, 1 + dimensions))
    for each in (moments, sums):
        each.setflags(write=False)
    return moments, sums


def weight(lots: int) -> float:
    """Of a ticket of so many filled lots."""
    return min(lots, LOTS_MAX) / LOTS_UNIT


def observe(
    moments: FloatArray, sums: FloatArray, x: FloatArray, horizon: int, change: float, weight: float
) -> None:
    """Add one change, bp, to the moments of its horizon, in place."""
    f = np.empty(1 + len(x))
    f[0], f[1:] = 1.0, x
    pulled = weight / NOISE_VARIANCE[horizon] * f
    moments[horizon] += pulled[:, np.newaxis] * f
    sums[horizon] += change * pulled


def solved(moments: FloatArray, sums: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Coefficients of the sum of all changes, (K, 1 + D), and their covariance.

    `moments` (K, H, 1 + D, 1 + D), `sums` (K, H, 1 + D). Changes are independent, so both add up.
    """
    inverse = np.linalg.inv(moments)
    return np.matvec(inverse, sums).sum(axis=1), inverse.sum(axis=1)


def expected(
    drift: FloatArray, covariance: FloatArray, x: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of the sum of all changes given x (K, D): (K,) bp and bp^2."""
    f = np.empty((len(x), 1 + x.shape[1]))
    f[:, 0], f[:, 1:] = 1.0, x
    variance = np.vecdot(np.matvec(covariance, f), f)
    return np.vecdot(drift, f), np.maximum(variance, 0.0)
