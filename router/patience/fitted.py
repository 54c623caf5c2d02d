"""Fitted Q iteration over the same paths, with trees in the place of cells: Ernst, Geurts &
Wehenkel (2005). The only place of this room that imports scikit-learn.

Owns the features of a state and a level, and the iteration. Each round regresses what a step cost
and what the rest will by the round before; after as many rounds as a horizon has steps nothing is
left to hear of. What serves is a table that is read off the trees.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import sklearn
from sklearn.ensemble import ExtraTreesRegressor

from router.patience.induction import Buckets, least, targets
from router.patience.steps import STEPS, IntArray, Level, Steps
from router.ports import FloatArray

SCIKIT_LEARN: str = sklearn.__version__

TREES = 50
LEAF_MIN = 15
"""Rows in a leaf (choice): a step's cost is noise for the most part."""


def fit(steps: Steps, seed: int, done: Callable[[str], None] = lambda name: None) -> FloatArray:
    """(N, L): Q of every level in the state of every step, bp per share that remained."""
    state = _state(steps)
    acted = np.column_stack([state, _one_hot(steps.level)])
    follows = steps.successors()
    q = np.zeros((len(steps), len(Level)))
    for _ in range(STEPS):
        ahead = np.where(follows >= 0, least(q[follows]), 0.0)
        trees = ExtraTreesRegressor(
            TREES, min_samples_leaf=LEAF_MIN, max_features=0.7, random_state=seed
        )
        trees.fit(acted, targets(steps, ahead))
        for level in Level:
            tried = _one_hot(np.full(len(steps), int(level)))
            q[:, level] = trees.predict(np.column_stack([state, tried]))
        done("fitted Q")
    return q


def distilled(q: FloatArray, steps: Steps, buckets: Buckets) -> FloatArray:
    """(C, L): the mean of (N, L) over the states that were seen in each cell; NaN without any."""
    cell, cells = buckets.cell(steps), buckets.cells
    seen = np.bincount(cell, minlength=cells)
    columns = [np.bincount(cell, q[:, level], cells) for level in Level]
    summed = np.stack(columns, axis=1)
    seen = seen[:, None].astype(np.float64)
    mean: FloatArray = np.divide(summed, seen, out=np.full_like(summed, np.nan), where=seen > 0)
    return mean


def _state(steps: Steps) -> FloatArray:
    return np.column_stack([steps.step, np.log(steps.remaining), steps.market])


def _one_hot(level: IntArray) -> FloatArray:
    return np.eye(len(Level))[level]
