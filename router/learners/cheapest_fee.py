"""The fee sweep: the lit venues in order of cost, each up to what it shows.

Owns nothing that is learned.
"""

from __future__ import annotations

import numpy as np

from router.learners._arms import tactic
from router.learners._sweeps import shown_lots, sweep
from router.model import Tactic
from router.ports import Arrays, Learner, Lesson, ScoreRequest, Scores


class CheapestFee(Learner):
    """Takes displayed size at lit venues, the cheapest first, and leaves the rest for later.

    A fee alone is not in a request: it has `cost_bp`, price and fee together. Among venues at the
    same touch the order of costs is the order of fees; where the touch differs, the better price
    comes first unless a fee outweighs it. Dark, resting and dealer arms get nothing. What it
    cannot know: reserves, sizes that are gone when the order arrives, markouts.
    """

    def initial(self, dimensions: int) -> Arrays:
        """Nothing."""
        return {}

    def score(self, state: Arrays, request: ScoreRequest, rng: np.random.Generator) -> Scores:
        """Tail 1 up to what is shown, then 0; value urgency - cost: below 0 nothing is sent.

        A cost that is not finite counts as too high.
        """
        lit = np.array([tactic(arm) == Tactic.LIT_TAKE for arm in request.arms], dtype=bool)
        return sweep(request, np.where(lit, shown_lots(request), 0.0))

    def learn(self, state: Arrays, lesson: Lesson) -> None:
        """Nothing is learned."""
