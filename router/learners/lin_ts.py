"""A contextual opponent: linear Thompson sampling, the arm that is best in a draw.

Owns the draw; the regressions and their state are `_linear`'s. An opponent in every benchmark.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from router.learners import _linear
from router.learners._linear import Split
from router.ports import Arrays, Learner, Lesson, Markout, ScoreRequest, Scores


class LinTS(Learner):
    """Acts on a draw from the posterior of fraction and markout (Agrawal & Goyal 2013).

    They draw theta ~ N(theta_hat, kappa^2 V^-1), their v = kappa, and use f'theta of it and no
    more. That is N(f'theta_hat, kappa^2 f' V^-1 f), independent between arms, as each has a
    regression of its own and stands in a request once: so f'theta is what is drawn. The markout
    is drawn with the same kappa, as the hazard learner does it. Reward, split and forgetting are
    those of `linucb`.
    """

    kappa: float = Field(0.3, ge=0.0, le=10.0)
    """Scale of the draw: 0 greedy, 1 a full posterior draw under unit noise."""
    gamma: float = Field(0.9985, gt=0.0, le=1.0)
    """Forgetting a lesson, of all arms, as the hazard learner's; 1 never forgets."""
    split: Split = "pick"
    """`pick`: all lots to the best draw. `softmax`: in proportion to exp(draw / temperature)."""
    temperature: float = Field(1.0, gt=0.0)
    """Of `softmax`, bp of reward: a draw that much lower gets 1/e of the lots."""

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
        """Tails and values that make the allocator do what `split` says."""
        mean, variance = _linear.estimate(state, request, self.gamma)
        noise = rng.standard_normal(mean.shape)
        drawn = mean + self.kappa * noise * np.sqrt(variance)
        return _linear.scores(request, drawn, mean, variance, self.split, self.temperature)

    def learn(self, state: Arrays, lesson: Lesson) -> None:
        """One step of both regressions: O(D^2), and O(D^3) now and then."""
        _linear.learn(state, lesson, self.gamma)

    def mark(self, state: Arrays, markout: Markout) -> None:
        """One step of the markout's regression."""
        _linear.mark(state, markout, self.gamma)
