"""The desk's table: shares by what each arm filled of what it was sent in the last period.

Owns the counts of the running period and the rates of the last one. State: `clock` (1,) lessons;
`left` (1,) lessons to the period's end; `running/ARM` (2,) lots sent and filled in this period;
`rate/ARM` (1,) filled / sent in the last period with an order; `markout/ARM`.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from router.learners import _fading as fading
from router.learners._markouts import learn_markout, mark, worth
from router.learners._outcomes import observed
from router.learners._splits import split
from router.ports import Arrays, FloatArray, Learner, Lesson, Markout, ScoreRequest, Scores


class FillRate(Learner):
    """Splits in proportion to last period's fill rates, times what a fill is worth.

    Knows nothing of sizes: a large order to a small pool spoils the pool's rate. An arm without
    orders keeps its rate; one that was never met counts like the mean of the others.
    """

    period: int = Field(500, ge=1, le=1_000_000)
    """Lessons, of all arms, after which the table is made anew."""
    share_min: float = Field(0.02, ge=0.0, le=1.0)
    """Least share of an arm by the table, so that none is starved; 1 / K at most for K arms."""
    value_weighted: bool = True
    """False: the plain table, blind to prices and markouts."""
    gamma: float = Field(0.9985, gt=0.0, le=1.0)
    """Forgetting a lesson, of the markouts; 1 never forgets."""

    def initial(self, dimensions: int) -> Arrays:
        """No table: all are alike until the first period has ended."""
        return {**fading.started(), "left": np.full(1, float(self.period))}

    def shapes(self, dimensions: int) -> dict[str, tuple[int, ...]]:
        """As the module's docstring has them."""
        return {**fading.shapes(), "left": (1,), "running/": (2,), "rate/": (1,)}

    def clocks(self) -> dict[str, int]:
        """Those of the sums that fade."""
        return fading.clocks()

    def score(self, state: Arrays, request: ScoreRequest, rng: np.random.Generator) -> Scores:
        """Tails by the table's shares, times the worth of a fill where it is positive."""
        shares = self._shares(state, request.arms)
        if self.value_weighted:
            shares = shares * np.maximum(worth(state, request, self.gamma), 0.0)
        return split(shares, request.lots, rng)

    def _shares(self, state: Arrays, arms: tuple[str, ...]) -> FloatArray:
        """(K,) shares that sum to 1, none below the least share."""
        if not arms:
            return np.zeros(0)
        known = [state.get(f"rate/{arm}") for arm in arms]
        rates = np.array([np.nan if rate is None else rate[0] for rate in known])
        seen = np.isfinite(rates)
        rates[~seen] = rates[seen].mean() if seen.any() else 1.0
        if rates.sum() <= 0.0:
            rates = np.ones(len(arms))
        least = min(self.share_min, 1.0 / len(arms))
        return np.asarray(least + (1.0 - len(arms) * least) * rates / rates.sum())

    def learn(self, state: Arrays, lesson: Lesson) -> None:
        """Count the lots; at the period's end the counts become the table."""
        fading.tick(state)
        learn_markout(state, lesson, self.gamma)
        seen = observed(lesson)
        if seen is not None:
            running = state.setdefault(f"running/{lesson.arm}", np.zeros(2))
            running += (seen.sent, seen.filled)
        state["left"] -= 1.0
        if state["left"][0] <= 0.0:
            _turn(state)
            state["left"][0] = float(self.period)

    def mark(self, state: Arrays, markout: Markout) -> None:
        """The arm's mean markout."""
        mark(state, markout, self.gamma)


def _turn(state: Arrays) -> None:
    """Make the table from the running counts, and begin them again."""
    for name in [name for name in state if name.startswith("running/")]:
        sent, filled = state[name]
        if sent > 0.0:
            state[f"rate/{name.removeprefix('running/')}"] = np.array([filled / sent])
        state[name] = np.zeros(2)
