"""The naive opponent: pro rata to what is displayed.

Owns nothing that is learned. An opponent in every benchmark, and a fallback.
"""

from __future__ import annotations

import numpy as np

from router.learners._shares import proportional
from router.model import Tactic
from router.ports import Arrays, FloatArray, Learner, Lesson, ScoreRequest, Scores


class ProRata(Learner):
    """Splits over displayed sizes, where the price is no worse than waiting.

    A resting order's displayed size is the queue ahead of it, not something to be taken, so it
    counts as not displayed. If nothing is displayed, all candidates count alike.
    """

    def initial(self, dimensions: int) -> Arrays:
        """Nothing."""
        return {}

    def score(self, state: Arrays, request: ScoreRequest, rng: np.random.Generator) -> Scores:
        """Tails in proportion to displayed lots; value 1 bp where cost_bp <= urgency_bp, else 0.

        A cost that is not finite counts as too high.
        """
        tails = proportional(_shown(request), request.lots)
        good = request.cost_bp <= request.urgency_bp
        return Scores(tails, tails.copy(), good.astype(np.float64))

    def learn(self, state: Arrays, lesson: Lesson) -> None:
        """Nothing is learned."""


def _shown(request: ScoreRequest) -> FloatArray:
    rests = np.array(
        [arm.endswith(f"/{Tactic.LIT_MAKE.value}") for arm in request.arms], dtype=bool
    )
    shown = np.where(rests | ~np.isfinite(request.displayed_lots), 0.0, request.displayed_lots)
    return shown if (shown > 0.0).any() else np.ones(len(request.arms))
