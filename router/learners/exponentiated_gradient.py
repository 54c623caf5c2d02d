"""Exponentiated gradient over venues, lot by lot (Agarwal, Bartlett & Dama 2010).

Owns a discounted loss for each arm and each lot of an order. State: `clock` (1,) lessons;
`losses/ARM`, LOTS_MAX losses that fade; `markout/ARM`.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from router.learners import _fading as fading
from router.learners._markouts import learn_markout, mark, worth
from router.learners._outcomes import Outcome, observed
from router.learners._splits import split
from router.ports import Arrays, FloatArray, Learner, Lesson, Markout, ScoreRequest, Scores

LOTS_MAX = 512
"""Lots with weights of their own; those beyond are split like the last one."""

_LOSSES = "losses/"


class ExponentiatedGradient(Learner):
    """The v-th lot of an order is split over arms with weights w_v of its own, exp(-eta * losses).

    The paper: of V lots arm k gets the sum of w_v,k over v <= V, and gains 1 for lot v if its
    volume reached at least the sum up to v. Here lessons come one arm at a time, so a lot that was
    not served is a loss of 1 instead of one that was served a gain: with all lessons of a decision
    at hand that is the same after normalisation, and an arm that got no lot has lost nothing.
    Which lots v an order of s lots stood for is read from the weights: those before which the arm's
    weights sum to less than s + 1, for s is a share that was rounded up or down. rho_k, what a fill
    is worth, multiplies the shares at the request.
    """

    eta: float = Field(0.3, gt=0.0, le=10.0)
    """Learning rate a lost lot."""
    mixing: float = Field(0.02, ge=0.0, le=1.0)
    """Part of each lot that is split equally, whatever the weights."""
    value_weighted: bool = True
    """False: blind to prices and markouts."""
    gamma: float = Field(0.9985, gt=0.0, le=1.0)
    """Forgetting a lesson, of losses and markouts; 1 never forgets, as published."""

    def initial(self, dimensions: int) -> Arrays:
        """No losses: equal weights."""
        return fading.started()

    def shapes(self, dimensions: int) -> dict[str, tuple[int, ...]]:
        """As the module's docstring has them."""
        return fading.shapes(losses=LOTS_MAX)

    def clocks(self) -> dict[str, int]:
        """Those of the sums that fade."""
        return fading.clocks("losses")

    def score(self, state: Arrays, request: ScoreRequest, rng: np.random.Generator) -> Scores:
        """Tails by the summed weights of the lots, times the worth of a fill."""
        lots = min(request.lots, LOTS_MAX)
        weights = self._weights(state, request.arms)
        shares = weights[:, :lots].sum(axis=1) + (request.lots - lots) * weights[:, -1]
        if self.value_weighted:
            shares = shares * np.maximum(worth(state, request, self.gamma), 0.0)
        return split(shares, request.lots, rng)

    def _weights(self, state: Arrays, arms: tuple[str, ...]) -> FloatArray:
        """(K, LOTS_MAX) weights w_v,k, each column summing to 1."""
        losses = np.zeros((len(arms), LOTS_MAX))
        for i, arm in enumerate(arms):
            losses[i] = fading.read(state, _LOSSES + arm, LOTS_MAX, self.gamma)
        if not arms:
            return losses
        weights = np.exp(-self.eta * (losses - losses.min(axis=0)))
        weights /= weights.sum(axis=0)
        return np.asarray((1.0 - self.mixing) * weights + self.mixing / len(arms))

    def learn(self, state: Arrays, lesson: Lesson) -> None:
        """A loss of 1 for each lot v of the order that its arm's volume did not reach."""
        fading.tick(state)
        learn_markout(state, lesson, self.gamma)
        seen = observed(lesson)
        if seen is None:
            return
        name = _LOSSES + lesson.arm
        losses = fading.read(state, name, LOTS_MAX, self.gamma)
        fading.write(state, name, losses)
        if not seen.full:
            fading.write(state, name, losses + self._lost(state, lesson.arm, seen))

    def _lost(self, state: Arrays, arm: str, seen: Outcome) -> FloatArray:
        """(LOTS_MAX,) 1 for each lot that the order may have stood for and that was not served."""
        met = tuple(name.removeprefix(_LOSSES) for name in state if name.startswith(_LOSSES))
        reach = np.cumsum(self._weights(state, met)[met.index(arm)])
        asked = np.append(0.0, reach[:-1]) < seen.sent + 1.0
        return np.asarray(asked & (reach > seen.filled), dtype=np.float64)

    def mark(self, state: Arrays, markout: Markout) -> None:
        """The arm's mean markout."""
        mark(state, markout, self.gamma)
