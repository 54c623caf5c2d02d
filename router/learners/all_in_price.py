"""The sweep by all-in price: what is shown anywhere, the cheapest first, fees in.

Owns nothing that is learned.
"""

from __future__ import annotations

import numpy as np

from router.learners._sweeps import shown_lots, sweep
from router.ports import Arrays, Learner, Lesson, ScoreRequest, Scores


class AllInPrice(Learner):
    """Takes what lit venues and dealers show in order of price and fee; the rest to the cheapest.

    The rest goes to the cheapest arm that shows something, for what it may hold in reserve; if none
    shows anything, all goes to the cheapest candidate. Blind to whether fills come and to what the
    price does after them.
    """

    def initial(self, dimensions: int) -> Arrays:
        """Nothing."""
        return {}

    def score(self, state: Arrays, request: ScoreRequest, rng: np.random.Generator) -> Scores:
        """Tail 1 up to what is shown; the cheapest goes on, at less than the least other marginal.

        The value is urgency - cost: nothing is sent where that is worse than waiting. A cost that
        is not finite counts as too high.
        """
        shown = shown_lots(request)
        scores = sweep(request, shown)
        open_to = (scores.values > 0.0) & ((shown > 0.0) | ~(shown > 0.0).any())
        if not open_to.any():
            return scores
        best = int(np.argmax(np.where(open_to, scores.values, 0.0)))
        least = scores.values[open_to].min() / scores.values[best]
        scores.tails[best] = np.maximum(scores.tails[best], 0.5 * least)
        scores.mean_tails[best] = scores.tails[best]
        return scores

    def learn(self, state: Arrays, lesson: Lesson) -> None:
        """Nothing is learned."""
