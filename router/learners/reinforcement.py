"""Reinforcement split: shares follow executed quantities (Laruelle, Lehalle & Pages 2011).

Owns one sum an arm. State: `clock` (1,) lessons; `executed/ARM`, executed lots that fade;
`markout/ARM`.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from router.learners import _fading as fading
from router.learners._markouts import learn_markout, mark, worth
from router.learners._outcomes import observed
from router.learners._splits import split
from router.ports import Arrays, Learner, Lesson, Markout, ScoreRequest, Scores


class Reinforcement(Learner):
    """Splits in proportion to I_k, the lots that arm k has executed, times what a fill is worth.

    The paper's r_k = I_k / sum I, I_k the sum of rho_k min(r_k V, D_k). A lesson tells no price, so
    that rho_k, the worth of a fill there, multiplies at the request instead of within the sum,
    which is the same if it does not change. With gamma 1 and all arms in each request it is the
    published rule. Its limit is not the optimum: shares grow with volume, not with marginal fills.
    """

    prior_lots: float = Field(10.0, gt=0.0, le=1e6)
    """Executed lots that each arm begins with; they do not fade, so that no arm is lost."""
    value_weighted: bool = True
    """False: blind to prices and markouts."""
    gamma: float = Field(0.9985, gt=0.0, le=1.0)
    """Forgetting a lesson, of executed lots and markouts; 1 never forgets, as published."""

    def initial(self, dimensions: int) -> Arrays:
        """Equal shares."""
        return fading.started()

    def shapes(self, dimensions: int) -> dict[str, tuple[int, ...]]:
        """As the module's docstring has them."""
        return fading.shapes(executed=1)

    def clocks(self) -> dict[str, int]:
        """Those of the sums that fade."""
        return fading.clocks("executed")

    def score(self, state: Arrays, request: ScoreRequest, rng: np.random.Generator) -> Scores:
        """Tails by executed lots, times the worth of a fill where it is positive."""
        executed = [
            self.prior_lots + fading.read(state, f"executed/{arm}", 1, self.gamma)[0]
            for arm in request.arms
        ]
        weights = np.array(executed, dtype=np.float64)
        if self.value_weighted:
            weights = weights * np.maximum(worth(state, request, self.gamma), 0.0)
        return split(weights, request.lots, rng)

    def learn(self, state: Arrays, lesson: Lesson) -> None:
        """I <- I + filled lots."""
        fading.tick(state)
        learn_markout(state, lesson, self.gamma)
        seen = observed(lesson)
        if seen is not None and seen.filled > 0:
            name = f"executed/{lesson.arm}"
            fading.write(state, name, fading.read(state, name, 1, self.gamma) + seen.filled)

    def mark(self, state: Arrays, markout: Markout) -> None:
        """The arm's mean markout."""
        mark(state, markout, self.gamma)
