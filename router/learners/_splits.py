"""Scores that make the allocator split by given weights, to a lot, without favour.

Owns the way from shares, which are fractions, to lots, which are whole. Knows nothing of arms.
"""

from __future__ import annotations

import numpy as np

from router.learners._shares import proportional
from router.ports import FloatArray, Scores


def split(weights: FloatArray, lots: int, rng: np.random.Generator) -> Scores:
    """Scores by which `lots` are split in proportion to weights (K,); none where a weight is 0.

    As drawn, the whole lots of `rounded` come first, with a tail of 1; what a cap of the others
    leaves over follows in proportion, with tails of 1/2 at most. The mean tails are proportional.
    Values are 1 bp where there is a weight, else 0: the weights have judged already.
    """
    clean = np.where(np.isfinite(weights) & (weights > 0.0), weights, 0.0)
    mean = proportional(clean, lots)
    first = np.arange(lots) < rounded(clean, lots, rng)[:, np.newaxis]
    return Scores(np.where(first, 1.0, 0.5 * mean), mean, (clean > 0.0).astype(np.float64))


def rounded(weights: FloatArray, lots: int, rng: np.random.Generator) -> FloatArray:
    """(K,) whole lots that sum to `lots`, each within one of its share and on average equal to it.

    Systematic sampling (Madow 1949) with one uniform number. Rounding to the nearest would
    never give a lot to an arm with a small share, and always the same few of equal ones.
    """
    ends = np.cumsum(weights)
    if len(ends) == 0 or ends[-1] <= 0.0:
        return np.zeros(len(ends))
    marks = np.floor(ends / ends[-1] * lots + rng.random())
    return np.diff(marks, prepend=0.0)
