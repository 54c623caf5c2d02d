"""The mean markout of an arm, and what a fill is worth with it: the same for every opponent.

Owns one forgetting mean without context. An opponent that learns quantities only has its values
from here, so that none loses for the lack of them. State: `markout/ARM`, sums of weight and of
weight times markout.
"""

from __future__ import annotations

import numpy as np

from router.learners import _fading as fading
from router.ports import MAIN_HORIZON, Arrays, FloatArray, Lesson, Markout, ScoreRequest

MARKOUT_MAX_BP = 100.0
"""A larger markout is news, not the venue: it counts as this much."""

PRIOR_WEIGHT = 9.0
"""Weight of a markout of 0 bp that is always there: the noise of one markout, 3 bp squared, over a
prior variance of 1 bp squared (docs/hazard.md). An arm that is not used returns to it."""


def learn_markout(state: Arrays, lesson: Lesson, gamma: float) -> None:
    """Take the markout that came with a lesson, if one did; without a fill there is none."""
    _take(state, lesson.arm, lesson.filled_lots, lesson.markout_bp, gamma)


def mark(state: Arrays, markout: Markout, gamma: float) -> None:
    """Take what the price has done after a fill, at the main horizon."""
    if markout.horizon == MAIN_HORIZON:
        _take(state, markout.arm, markout.lots, markout.markout_bp, gamma)


def _take(state: Arrays, arm: str, lots: int, markout: float | None, gamma: float) -> None:
    """Weighted by min(lots, 20) / 5."""
    if lots <= 0 or markout is None or not np.isfinite(markout):
        return
    markout = min(MARKOUT_MAX_BP, max(-MARKOUT_MAX_BP, markout))
    weight = min(lots, 20) / 5.0
    name = f"markout/{arm}"
    sums = fading.read(state, name, 2, gamma)
    fading.write(state, name, sums + weight * np.array([1.0, markout]))


def mean_markout(state: Arrays, arm: str, gamma: float) -> float:
    """The arm's mean markout, bp, + is adverse; 0 if nothing was seen."""
    weight, total = fading.read(state, f"markout/{arm}", 2, gamma)
    return float(total / (weight + PRIOR_WEIGHT))


def worth(state: Arrays, request: ScoreRequest, gamma: float) -> FloatArray:
    """(K,) bp of a filled share: urgency_bp - cost_bp - mean markout; 0 if the cost is not finite.

    docs/hazard.md, without leakage, which no lesson tells.
    """
    markouts = np.array([mean_markout(state, arm, gamma) for arm in request.arms], dtype=np.float64)
    values = request.urgency_bp - request.cost_bp - markouts
    return np.where(np.isfinite(values), values, 0.0)
