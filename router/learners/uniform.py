"""The floor of every benchmark: the same to every candidate.

Owns nothing that is learned.
"""

from __future__ import annotations

import numpy as np

from router.learners._splits import split
from router.ports import Arrays, Learner, Lesson, ScoreRequest, Scores


class Uniform(Learner):
    """Splits equally over all candidates, blind to prices, sizes and outcomes.

    Lots that do not divide go to arms by chance, so that the order of venues favours none.
    """

    def initial(self, dimensions: int) -> Arrays:
        """Nothing."""
        return {}

    def score(self, state: Arrays, request: ScoreRequest, rng: np.random.Generator) -> Scores:
        """Equal shares, the value 1 bp for all."""
        return split(np.ones(len(request.arms)), request.lots, rng)

    def learn(self, state: Arrays, lesson: Lesson) -> None:
        """Nothing is learned."""
