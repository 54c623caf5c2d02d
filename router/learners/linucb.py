"""A contextual opponent: disjoint LinUCB, the arm of the highest upper confidence bound.

Owns the width of the bound; the regressions and their state are `_linear`'s. An opponent in every
benchmark, and what the hazard learner has to beat.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from router.learners import _linear
from router.learners._linear import Split
from router.ports import Arrays, Learner, Lesson, Markout, ScoreRequest, Scores


class LinUCB(Learner):
    """Optimism about how much an arm fills (Li, Chu, Langford & Schapire 2010).

    Reward bound = min(1, f'theta + alpha * sqrt(f' V^-1 f)) * (urgency - cost - markout), with
    theta the ridge regression of the filled fraction on f = [1, x], and the markout at its mean.

    The reward itself is not regressed, because what a fill is worth is known but for the markout:
    urgency and cost change from one decision to the next and would be noise to a regression. The
    bound is on the fraction alone: a fill is what shows an arm's markout, so exploring fills
    explores both, while optimism about markouts would buy the toxic arm again and again. A
    fraction is at most 1, whatever its bound.

    With forgetting it is D-LinUCB (Russac, Vernade & Cappe 2019), with the width of V alone. Their
    V^-1 V~ V^-1, V~ with weights gamma^2, is never wider than V^-1 as V~ <= V, and costs a second
    matrix.
    """

    alpha: float = Field(0.3, ge=0.0, le=10.0)
    """Width of the bound in posterior standard deviations of unit noise; 0 is greedy."""
    gamma: float = Field(0.9985, gt=0.0, le=1.0)
    """Forgetting a lesson, of all arms, as the hazard learner's; 1 never forgets."""
    split: Split = "pick"
    """`pick`: all lots to the highest bound. `softmax`: in proportion to exp(bound/temperature)."""
    temperature: float = Field(1.0, gt=0.0)
    """Of `softmax`, bp of reward: a bound that much lower gets 1/e of the lots."""

    def initial(self, dimensions: int) -> Arrays:
        """A clock, and no arms."""
        return _linear.initial()

    def shapes(self, dimensions: int) -> dict[str, tuple[int, ...]]:
        """Those of the two regressions."""
        return _linear.shapes(dimensions)

    def clocks(self) -> dict[str, int]:
        """Those of the two regressions."""
        return _linear.clocks()

    def score(self, state: Arrays, request: ScoreRequest, rng: np.random.Generator) -> Scores:
        """Tails and values that make the allocator do what `split` says. No chance is used."""
        mean, variance = _linear.estimate(state, request, self.gamma)
        bound = mean.copy()
        bound[:, 0] += self.alpha * np.sqrt(variance[:, 0])
        return _linear.scores(request, bound, mean, variance, self.split, self.temperature)

    def learn(self, state: Arrays, lesson: Lesson) -> None:
        """One step of both regressions: O(D^2), and O(D^3) now and then."""
        _linear.learn(state, lesson, self.gamma)

    def mark(self, state: Arrays, markout: Markout) -> None:
        """One step of the markout's regression."""
        _linear.mark(state, markout, self.gamma)
