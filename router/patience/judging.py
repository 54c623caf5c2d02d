"""What the market's state adds to time and inventory: errors of cost-to-go on paths not learned of.

Owns the comparison. Each seed in turn is left out; both tables learn from the others and foretell
what the steps of that seed cost, to the end by the best level. The state earns its place if the
finer table errs less, with its whole interval (Nevmyvaka, Feng & Kearns 2006, table 1, ask this).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from router.patience.induction import Buckets, Costs, by_quantiles, learned, steadied, targets
from router.patience.steps import IntArray, Steps
from router.ports import FloatArray

RESAMPLES = 2_000
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Gain:
    """How much less the finer table errs, in percent of the coarser one's squared error."""

    percent: float
    low: float
    high: float
    """Ends of the 95 % interval, over paths."""
    steps: int


def gain_of_market(steps: Steps, group: IntArray) -> Gain:
    """Of the market's state, over leaving out each of the groups, (N,), in turn."""
    plain = Buckets()
    coarse, fine = np.zeros(len(steps)), np.zeros(len(steps))
    for one in np.unique(group):
        inside, outside = steps.taken(group != one), steps.taken(group == one)
        inside = steadied(inside, plain)
        outside = steadied(outside, plain)
        buckets = by_quantiles(inside)
        known = learned(inside, plain)
        rich = learned(inside, buckets)
        goal = _goal(outside, known, plain)
        rows = group == one
        errors = _error(goal, known.q, plain, outside), _error(goal, rich.q, buckets, outside)
        both = np.isfinite(errors[0]) & np.isfinite(errors[1])
        coarse[rows], fine[rows] = (np.where(both, each, 0.0) for each in errors)
    return _gain(coarse, fine, steps.path)


def _goal(steps: Steps, known: Costs, plain: Buckets) -> FloatArray:
    """The same for both: a step's cost and then what the plain table says."""
    follows = steps.successors()
    ahead = np.where(follows >= 0, known.best[plain.cell(steps)[follows]], 0.0)
    return targets(steps, ahead)


def _error(goal: FloatArray, q: FloatArray, buckets: Buckets, steps: Steps) -> FloatArray:
    """NaN where one of them does not say."""
    return np.asarray((goal - q[buckets.cell(steps), steps.level]) ** 2)


def _gain(coarse: FloatArray, fine: FloatArray, path: IntArray) -> Gain:
    """Bootstrap over paths: the steps of one are not independent."""
    count = int(path.max()) + 1
    by_path = [np.bincount(path, each, count) for each in (coarse, fine)]
    chance = np.random.Generator(np.random.Philox(key=count))
    drawn = chance.integers(0, count, (RESAMPLES, count))
    base, rest = (each[drawn].sum(axis=1) for each in by_path)
    tail = 50.0 * (1.0 - LEVEL)
    low, high = np.percentile(_less(base, rest), [tail, 100.0 - tail])
    [percent] = _less(coarse.sum(keepdims=True), fine.sum(keepdims=True)).tolist()
    return Gain(percent, float(low), float(high), len(path))


def _less(base: FloatArray, rest: FloatArray) -> FloatArray:
    """Percent; 0 where nothing could be compared."""
    return 100.0 * np.divide(base - rest, base, out=np.zeros_like(base), where=base > 0.0)
