"""How good probabilities are: AUC, log-loss, calibration error, with block bootstrap intervals.

Owns the three scores and their uncertainty. Knows classes from down to up; must not know models.

Rows of one market are no independent witnesses, so whole blocks of time are drawn again (Carlstein
1986). All models are scored on the same draws: the difference of two has an interval too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator, Philox

from router.model import NS
from router.ports import FloatArray, IntArray

BLOCK_NS = 300 * NS
"""Length of a block: many times what a target looks ahead (choice)."""

DRAWS = 500

BINS = 10
"""Equal bins of the probability, for the calibration error."""

LEVEL = (2.5, 97.5)
"""Percentiles: an interval of 95 %."""

TINY = 1e-15
"""The log-loss of a probability of zero is that of this."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Scores:
    """What one model's probabilities are worth: the value, then the same for each draw."""

    auc: FloatArray
    """(1 + DRAWS,): of telling up from down where the mid moved; 0.5 is a guess."""
    log_loss: FloatArray
    """(1 + DRAWS,): nats a row, over all classes."""
    calibration: FloatArray
    """(1 + DRAWS,): mean distance of told from seen frequency, over bins and classes."""


@dataclass(frozen=True, slots=True)
class Draws:
    """How often each block of time counts: once, and then in each draw."""

    block: IntArray
    """(N,): the block of each row."""
    counts: FloatArray
    """(1 + DRAWS, blocks)."""


def draws_of(at: IntArray, seed: int) -> Draws:
    """The draws for rows at these times, nanoseconds."""
    _, block = np.unique(at // BLOCK_NS, return_inverse=True)
    blocks = int(block.max()) + 1
    rng = Generator(Philox(key=seed))
    drawn = rng.multinomial(blocks, np.full(blocks, 1.0 / blocks), size=DRAWS)
    counts = np.vstack([np.ones((1, blocks)), drawn]).astype(np.float64)
    return Draws(block.astype(np.int64), counts)


def estimate(values: FloatArray) -> Estimate:
    """A score's value and interval from what `Scores` holds, or from the difference of two.

    NaN draws, in which one class did not happen, are left out.
    """
    low, high = np.nanpercentile(values[1:], LEVEL)
    return Estimate(float(values[0]), float(low), float(high))


def unbiased(values: FloatArray) -> FloatArray:
    """The draws of a score that noise can only raise, brought back to the value; 0 at least.

    The calibration error is such a one: drawing again adds noise, and all noise is error to it.
    """
    lower = np.maximum(values - (values[1:].mean() - values[0]), 0.0)
    return np.concatenate([values[:1], lower[1:]])


def score(probabilities: FloatArray, target: IntArray, draws: Draws) -> Scores:
    """The scores of (N, C) probabilities of classes from down to up."""
    return Scores(
        _auc(probabilities, target, draws),
        _log_loss(probabilities, target, draws),
        _calibration(probabilities, target, draws),
    )


def _auc(probabilities: FloatArray, target: IntArray, draws: Draws) -> FloatArray:
    """P(up less down is higher before a move up than before one down), ties half (Mann-Whitney)."""
    top = probabilities.shape[1] - 1
    moved = (target == 0) | (target == top)
    leaning = probabilities[moved, top] - probabilities[moved, 0]
    values, place = np.unique(leaning, return_inverse=True)
    up, block = target[moved] == top, draws.block[moved]
    found = np.empty(len(draws.counts))
    for draw, counts in enumerate(draws.counts):
        weight = counts[block]
        ups = np.bincount(place, weight * up, len(values))
        downs = np.bincount(place, weight * ~up, len(values))
        pairs = ups.sum() * downs.sum()
        won = float((ups * (np.cumsum(downs) - downs / 2)).sum())
        found[draw] = won / pairs if pairs else np.nan
    return found


def _log_loss(probabilities: FloatArray, target: IntArray, draws: Draws) -> FloatArray:
    told = probabilities[np.arange(len(target)), target]
    losses = np.bincount(draws.block, -np.log(np.maximum(told, TINY)))
    rows = np.bincount(draws.block).astype(np.float64)
    return np.asarray((draws.counts @ losses) / (draws.counts @ rows))


def _calibration(probabilities: FloatArray, target: IntArray, draws: Draws) -> FloatArray:
    """The class-wise expected calibration error (Kull et al. 2019), equal bins."""
    classes = probabilities.shape[1]
    blocks = draws.counts.shape[1]
    bins = np.minimum((probabilities * BINS).astype(np.int64), BINS - 1)
    misses = np.zeros((blocks, classes * BINS))
    for one in range(classes):
        cell = draws.block * (classes * BINS) + one * BINS + bins[:, one]
        miss = probabilities[:, one] - (target == one)
        misses += np.bincount(cell, miss, misses.size).reshape(misses.shape)
    rows = np.bincount(draws.block).astype(np.float64)
    total = np.abs(draws.counts @ misses).sum(axis=1)
    return np.asarray(total / (draws.counts @ rows) / classes)
