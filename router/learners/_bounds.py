"""Lower bounds of the hazard learner's tails and values, 95 % each, from its posterior.

Owns how uncertain a bin's logit is in context. Must not know chance or the clock.

A tail's bound has every bin's hazard at its own upper bound at once, and the allocator multiplies
it with a value at its lower one: that all of them are so bad together is far less likely than 5 %,
so what is made of these bounds is more cautious than its name.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from router.learners._tails import tails
from router.ports import FloatArray, ScoreRequest, Scores

Z_95 = 1.645
"""The normal quantile of 95 %, one-sided."""


def bounded(
    scores: Scores,
    request: ScoreRequest,
    logits: FloatArray,
    deviation: FloatArray,
    value_deviation: FloatArray,
) -> Scores:
    """Scores with lower bounds.

    `logits` (K, B) at the mean, their `deviation` (K, B), `value_deviation` (K,) bp.
    """
    assert scores.mean_values is not None
    worst = tails(logits + Z_95 * deviation, request.lots, request.child_lots, request.intervals)
    low_values = scores.mean_values - Z_95 * value_deviation
    return replace(scores, low_tails=worst, low_values=low_values)


def logit_deviation(
    root: FloatArray, deviations: FloatArray, shifts: FloatArray, x: FloatArray
) -> FloatArray:
    """(K, B) standard deviations of the bins' logits, of slopes and levels.

    `root` (K, D, D) is R of the slopes' covariance R R', `deviations` (K, 2, B) those of the own
    levels given the slopes, `shifts` (K, B, D) what a unit of w takes off them, `x` (K, D). The
    logit of bin b is (x - shifts_b)'w and its level: Var = |R' (x - shifts_b)|^2 + the level's.
    """
    spread = (x[:, np.newaxis, :] - shifts) @ root
    level = (deviations * deviations).sum(axis=1)
    return np.asarray(np.sqrt((spread * spread).sum(axis=2) + level))
