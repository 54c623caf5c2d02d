"""Rest or take: the optimal placement of Cont & Kukanov (2013, 2017), learned from recent fills.

Owns, for each arm that takes what is shown, its fill fraction, and for every other arm the
quantities that are filled with given chances. State: `clock` (1,) lessons; `reach/ARM`, one
log(1 + lots) for each of LEVELS; `fraction/ARM`, fading sums of lots sent and filled;
`markout/ARM`.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from router.learners import _fading as fading
from router.learners._arms import takes_shown
from router.learners._markouts import learn_markout, mark, worth
from router.learners._outcomes import Outcome, observed
from router.learners._sweeps import shown_lots
from router.ports import Arrays, FloatArray, Learner, Lesson, Markout, ScoreRequest, Scores

LEVELS = np.array([0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05])
"""Chances whose quantities are followed; a resting lot of less chance than the last is not sent."""

FRACTION = 0.95
"""Prior of a fill fraction: what is shown is mostly there."""

LOTS_LOG_MAX = 20.0
"""Quantities stay below exp of this."""


class ContKukanov(Learner):
    """Rests while the chance of the next resting lot is worth more than taking it.

    The paper: of S lots rest L where F(Q + L) = (2h + f + r) / (u + h + r) and take the rest; F is
    the law of what leaves the queue, Q the queue ahead. With h + f = c_take, -(h + r) = c_make this
    is T(L) (u - c_make) = u - c_take, T(L) = P(a resting order of L lots is filled): where the
    allocator stops giving lots to an arm with tail T and value u - c. So a request needs T only.

    Adapted: costs change with each request, so that instead of one split the quantiles L_p of T are
    followed, each by Robbins-Monro, log(1 + L_p) += step * (1{V >= L_p} - p); a full fill of less
    than L_p counts as p / T(sent), its expectation. A lesson does not tell the queue ahead, T is a
    mean over it. The lots of a split sum to what is due: the paper's overbooking would break a
    limit. An order at a pool is treated like one that rests at a lit venue, for which the method
    is made: a mere fill fraction would send all to one pool. Arms that take what is shown are
    filled to their fill fraction, up to what they show.
    """

    step: float = Field(0.05, gt=0.0, le=1.0)
    """Robbins-Monro step of log(1 + lots); constant, so that it follows changes."""
    prior_lots: float = Field(4.0, gt=0.0, le=1e6)
    """Lots that a resting order is filled with half of the time before anything was seen."""
    prior_sent: float = Field(10.0, gt=0.0, le=1e6)
    """Lots that the prior of a fill fraction weighs; it does not fade."""
    gamma: float = Field(0.9985, gt=0.0, le=1.0)
    """Forgetting a lesson, of fractions and markouts; 1 never forgets."""

    def initial(self, dimensions: int) -> Arrays:
        """Nothing seen."""
        return fading.started()

    def shapes(self, dimensions: int) -> dict[str, tuple[int, ...]]:
        """As the module's docstring has them."""
        return {**fading.shapes(fraction=2), "reach/": (len(LEVELS),)}

    def clocks(self) -> dict[str, int]:
        """Those of the sums that fade."""
        return fading.clocks("fraction")

    def score(self, state: Arrays, request: ScoreRequest, rng: np.random.Generator) -> Scores:
        """Tails by quantiles; of what is shown, flat at the fill fraction."""
        lots = np.arange(1, request.lots + 1, dtype=np.float64)
        shown = shown_lots(request)
        tails = np.zeros((len(request.arms), request.lots))
        for i, arm in enumerate(request.arms):
            if not takes_shown(arm):
                tails[i] = chance(np.expm1(self._reach(state, arm)), lots)
            else:
                size = shown[i] if shown[i] > 0.0 else np.inf
                tails[i] = np.where(lots <= size, self._fraction(state, arm), 0.0)
        return Scores(tails, tails.copy(), worth(state, request, self.gamma))

    def _reach(self, state: Arrays, arm: str) -> FloatArray:
        """log(1 + lots) at LEVELS; T(L) = prior / (prior + L) before anything was seen."""
        found = state.get(f"reach/{arm}")
        return np.log1p(self.prior_lots * (1.0 / LEVELS - 1.0)) if found is None else found

    def _fraction(self, state: Arrays, arm: str) -> float:
        """Filled over sent, with the prior."""
        sent, filled = fading.read(state, f"fraction/{arm}", 2, self.gamma)
        return float((filled + FRACTION * self.prior_sent) / (sent + self.prior_sent))

    def learn(self, state: Arrays, lesson: Lesson) -> None:
        """One step of each quantile, or two sums."""
        fading.tick(state)
        learn_markout(state, lesson, self.gamma)
        seen = observed(lesson)
        if seen is None:
            return
        if not takes_shown(lesson.arm):
            reach = self._reach(state, lesson.arm)
            moved = reach + self.step * (reached(np.expm1(reach), seen) - LEVELS)
            state[f"reach/{lesson.arm}"] = np.clip(moved, 0.0, LOTS_LOG_MAX)
        else:
            name = f"fraction/{lesson.arm}"
            sums = fading.read(state, name, 2, self.gamma)
            fading.write(state, name, sums + np.array([seen.sent, seen.filled]))

    def mark(self, state: Arrays, markout: Markout) -> None:
        """The arm's mean markout."""
        mark(state, markout, self.gamma)


def chance(reach: FloatArray, lots: FloatArray) -> FloatArray:
    """(len(lots),) T at `lots` from the quantities of LEVELS: linear between, 0 beyond the last.

    Steps may have let quantiles cross: they are sorted (Chernozhukov et al. 2010).
    """
    found = np.interp(lots, np.sort(reach), LEVELS, left=LEVELS[0], right=0.0)
    return np.asarray(found, dtype=np.float64)


def reached(reach: FloatArray, seen: Outcome) -> FloatArray:
    """(len(LEVELS),) 1{V >= quantity}, or its expectation where a full fill has not tried it."""
    if not seen.full:
        return (reach <= seen.filled).astype(np.float64)
    likely = max(float(chance(reach, np.array([float(seen.sent)]))[0]), LEVELS[-1])
    return np.where(reach <= seen.sent, 1.0, np.minimum(1.0, LEVELS / likely))
