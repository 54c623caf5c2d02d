"""What a share loses that is taken now: it could have rested again before anybody must trade.

Owns the option's arithmetic (docs/hazard.md). Must not know arms' names, learners, rules or chance.
"""

from __future__ import annotations

from math import exp, isfinite, lgamma, log

import numpy as np

from router.ports import FloatArray

CERTAIN = 1e-12
"""A chance below this is none."""

SUMMED_MAX = 700.0
"""Up to this mean the chance of none, e^-mean, is a number from which the others can be had."""

NEGLIGIBLE = 1e-17
"""Of a sum, a term below this share of it."""


def option_bp(
    values: FloatArray,
    tails: FloatArray,
    queue_lots: FloatArray,
    footprint_bp: float,
    lots: int,
    rounds: float,
) -> float:
    """How much less than u the last of `lots` costs if it waits, bp; 0 without a queue to rest in.

    `values` (K,) and `tails` (K, L) at the mean, `queue_lots` (K,) how many may rest at each. Lots
    that rest as well as they can, each dearer by `footprint_bp` than the one before it, fill F
    expected lots a round at G / F less than u. They fill when others come, so that as many as there
    are rounds for are N ~ Poisson(rounds F): the last lot waits its turn with P(N >= lots).
    """
    at = np.flatnonzero((queue_lots > 0.0) & (values > 0.0))
    if not len(at) or rounds <= 0.0 or lots <= 0:
        return 0.0
    place = np.arange(tails.shape[1])
    gains = values[at, np.newaxis] * tails[at]
    earned = np.where(place < queue_lots[at, np.newaxis], gains - footprint_bp * place, 0.0).ravel()
    best = np.argsort(-earned, kind="stable")[:lots]
    best = best[earned[best] > 0.0]
    filled, gained = float(tails[at].ravel()[best].sum()), float(gains.ravel()[best].sum())
    if not filled > 0.0 or not isfinite(gained):
        return 0.0
    return gained / filled * at_least(lots, rounds * filled)


def at_least(count: int, mean: float) -> float:
    """P(N >= count) of N ~ Poisson(mean)."""
    if mean > SUMMED_MAX:
        return _at_least_of_many(count, mean)
    term, below = exp(-mean), 0.0
    for k in range(count):
        below += term
        term *= mean / (k + 1)
        if below >= 1.0 - CERTAIN:
            return 0.0
    return max(0.0, 1.0 - below)


def _at_least_of_many(count: int, mean: float) -> float:
    """The same from the term at the edge, which its logarithm tells, towards the smaller ones."""
    if count <= 0:
        return 1.0
    below = count <= mean
    k = count - 1 if below else count
    term, total = exp(k * log(mean) - mean - lgamma(k + 1.0)), 0.0
    while term > NEGLIGIBLE * total:
        total += term
        term *= k / mean if below else mean / (k + 1)
        k += -1 if below else 1
    if below:
        return max(0.0, 1.0 - total)
    return total if total > CERTAIN else 0.0
