"""The Lagrangian stochastic algorithm for a split (Laruelle, Lehalle & Pages 2011).

Owns a point of the simplex, moved along the gradient of the expected execution. State: `clock`
(1,) lessons; `share/ARM` (1,) for each arm that was met, summing to 1; `markout/ARM`.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from router.learners import _fading as fading
from router.learners._markouts import learn_markout, mark, worth
from router.learners._outcomes import observed
from router.learners._splits import split
from router.ports import Arrays, FloatArray, Learner, Lesson, Markout, ScoreRequest, Scores

_SHARE = "share/"


class StochasticApproximation(Learner):
    """Projected gradient ascent of sum_k E min(r_k V, D_k) over shares r of the simplex.

    The paper moves all shares at once: r_k rises by step * (g_k - mean g), where g_k = 1 if venue k
    executed its whole part, for then a larger one could have been executed too. Here lessons come
    one arm at a time, without a decision's name. What is added to all shares alike falls out in the
    projection, so g_k - 1 does for g_k - mean g, and each lesson moves its own share only: by
    -step if its order was not filled, not at all if it was. After all lessons of a decision that is
    the paper's step, unless a share has met its least in between; and a lesson that never comes, of
    an arm that got no lot, does no harm. Left out: the factor V, which no lesson tells; every
    decision counts alike. rho_k, what a fill is worth, multiplies the shares at the request.
    """

    step: float = Field(0.02, gt=0.0, le=1.0)
    """Share moved by the first lesson of an unfilled order."""
    cooling: float = Field(0.0, ge=0.0, le=1.0)
    """The n-th step is step / n^cooling: 0 follows changes; above 1/2 it settles, as published."""
    share_min: float = Field(0.01, ge=0.0, le=0.5)
    """Least share of an arm, 1 / K at most for K arms."""
    value_weighted: bool = True
    """False: blind to prices and markouts."""
    gamma: float = Field(0.9985, gt=0.0, le=1.0)
    """Forgetting a lesson, of the markouts; 1 never forgets."""

    def initial(self, dimensions: int) -> Arrays:
        """No arms: equal shares."""
        return fading.started()

    def shapes(self, dimensions: int) -> dict[str, tuple[int, ...]]:
        """As the module's docstring has them."""
        return {**fading.shapes(), "share/": (1,)}

    def clocks(self) -> dict[str, int]:
        """Those of the sums that fade."""
        return fading.clocks()

    def score(self, state: Arrays, request: ScoreRequest, rng: np.random.Generator) -> Scores:
        """Tails by shares, times the worth of a fill; an arm never met has the mean share."""
        known = [state.get(_SHARE + arm) for arm in request.arms]
        met = [float(share[0]) for share in known if share is not None]
        mean = sum(met) / len(met) if sum(met) > 0.0 else 1.0
        weights = np.array([mean if share is None else share[0] for share in known], dtype=float)
        if self.value_weighted:
            weights = weights * np.maximum(worth(state, request, self.gamma), 0.0)
        return split(weights, request.lots, rng)

    def learn(self, state: Arrays, lesson: Lesson) -> None:
        """r_j <- r_j - step if arm j's order was not filled, projected on the simplex."""
        fading.tick(state)
        learn_markout(state, lesson, self.gamma)
        seen = observed(lesson)
        if seen is None:
            return
        _meet(state, lesson.arm)
        if seen.full:
            return
        names = [name for name in state if name.startswith(_SHARE)]
        shares = np.concatenate([state[name] for name in names])
        step = self.step / float(state["clock"][0]) ** self.cooling
        shares[names.index(_SHARE + lesson.arm)] -= step
        for name, share in zip(names, projected(shares, self.share_min), strict=True):
            state[name] = np.array([share])

    def mark(self, state: Arrays, markout: Markout) -> None:
        """The arm's mean markout."""
        mark(state, markout, self.gamma)


def _meet(state: Arrays, arm: str) -> None:
    """A new arm among K others gets the share 1 / (K + 1), the others make room in proportion."""
    if _SHARE + arm in state:
        return
    names = [name for name in state if name.startswith(_SHARE)]
    for name in names:
        state[name] = state[name] * (len(names) / (len(names) + 1.0))
    state[_SHARE + arm] = np.array([1.0 / (len(names) + 1.0)])


def projected(point: FloatArray, least: float) -> FloatArray:
    """The nearest point (K,) with a sum of 1 and no share below min(`least`, 1 / K).

    Subtract one number from all and cut at the least; which number, sorting tells (Held, Wolfe &
    Crowder 1974; Duchi et al. 2008).
    """
    floor = min(least, 1.0 / len(point))
    free = 1.0 - floor * len(point)
    above = point - floor
    falling = np.sort(above)[::-1]
    levels = (np.cumsum(falling) - free) / np.arange(1, len(point) + 1)
    level = levels[max(0, int(np.count_nonzero(falling > levels)) - 1)]
    return np.asarray(floor + np.maximum(above - level, 0.0), dtype=np.float64)
