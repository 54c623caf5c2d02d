"""Thompson sampling on Beta posteriors of the hazard in geometric size bins, without context.

Owns, for each arm, how many orders reached each bin of `_tails` and how many ended there: the
hazard learner's likelihood (docs/hazard.md) with its conjugate prior and no features. State:
`clock` (1,) lessons; `ended/ARM` and `passed/ARM`, BINS fading counts each; `markout/ARM`.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace
from pydantic import Field

from router.learners import _fading as fading
from router.learners._arms import takes_shown
from router.learners._bounds import Z_95
from router.learners._markouts import learn_markout, mark, worth
from router.learners._outcomes import observed
from router.learners._tails import BINS, rows, tails
from router.ports import Arrays, FloatArray, Learner, Lesson, Markout, ScoreRequest, Scores

HAZARD_MIN = 1e-12
"""Drawn hazards stay so far from 0 and 1: their logits are finite."""

KAPPA_MIN = 1e-3
"""Between 0 and this a draw is scaled like this."""


class BetaHazard(Learner):
    """lambda_b ~ Beta(prior + ended_b, prior + passed_b), each arm and bin on its own.

    A bin of which a part w was passed adds w to `passed`, which is exact: (1 - lambda)^w is the
    likelihood under geometric interpolation. A scale kappa divides all counts by kappa^2, which
    keeps the mean and shrinks the spread of a draw by about kappa.
    """

    kappa: float = Field(0.3, ge=0.0, le=1.0)
    """Scale of the Thompson draw: 0 greedy at the mean, 1 a full posterior draw, as published."""
    prior_hazard: float = Field(0.25, gt=0.0, lt=1.0)
    """Prior mean of a bin's hazard."""
    prior_hazard_shown: float = Field(0.05, gt=0.0, lt=1.0)
    """The same for arms that take what is shown, where a size mostly is there."""
    prior_rows: float = Field(2.0, gt=0.0, le=1e6)
    """Orders that the prior of a bin weighs; it does not fade."""
    gamma: float = Field(0.9985, gt=0.0, le=1.0)
    """Forgetting a lesson, of counts and markouts; 1 never forgets."""

    def initial(self, dimensions: int) -> Arrays:
        """No counts."""
        return fading.started()

    def shapes(self, dimensions: int) -> dict[str, tuple[int, ...]]:
        """As the module's docstring has them."""
        return fading.shapes(ended=BINS, passed=BINS)

    def clocks(self) -> dict[str, int]:
        """Those of the sums that fade."""
        return fading.clocks("ended", "passed")

    def score(self, state: Arrays, request: ScoreRequest, rng: np.random.Generator) -> Scores:
        """Tails drawn and at the posterior mean of the hazards; values by the mean markout.

        Bounds have every hazard 1.645 posterior deviations up, whatever `kappa`; values have none.
        """
        counts = [self._posterior(state, arm) for arm in request.arms]
        a, b = np.array(counts, dtype=np.float64).reshape(-1, 2, BINS).transpose(1, 0, 2)
        mean = a / (a + b)
        drawn = mean
        if self.kappa > 0.0:
            scale = max(self.kappa, KAPPA_MIN) ** 2
            drawn = rng.beta(a / scale, b / scale)
        values = worth(state, request, self.gamma)
        sizes = request.lots, request.child_lots
        mean_tails = tails(_logits(mean), *sizes)
        scores = Scores(tails(_logits(drawn), *sizes), mean_tails, values, values)
        if not request.bounds:
            return scores
        worst = mean + Z_95 * np.sqrt(mean * (1.0 - mean) / (a + b + 1.0))
        return replace(scores, low_tails=tails(_logits(worst), *sizes))

    def _posterior(self, state: Arrays, arm: str) -> tuple[FloatArray, FloatArray]:
        """The parameters of the arm's Betas, (BINS,) each."""
        hazard = self.prior_hazard_shown if takes_shown(arm) else self.prior_hazard
        ended = fading.read(state, f"ended/{arm}", BINS, self.gamma)
        passed = fading.read(state, f"passed/{arm}", BINS, self.gamma)
        return ended + self.prior_rows * hazard, passed + self.prior_rows * (1.0 - hazard)

    def learn(self, state: Arrays, lesson: Lesson) -> None:
        """Count the bins that were passed, and the one where the quantity ended."""
        fading.tick(state)
        learn_markout(state, lesson, self.gamma)
        seen = observed(lesson)
        if seen is None:
            return
        a, b = self._posterior(state, lesson.arm)
        hazards = a / (a + b)
        found = rows(seen.sent, seen.filled, seen.below, hazards, lesson.child_lots)
        bins, labels, weights = found
        for name, more in (("ended", labels * weights), ("passed", (1.0 - labels) * weights)):
            counts = fading.read(state, f"{name}/{lesson.arm}", BINS, self.gamma)
            counts[bins] += more
            fading.write(state, f"{name}/{lesson.arm}", counts)

    def mark(self, state: Arrays, markout: Markout) -> None:
        """The arm's mean markout."""
        mark(state, markout, self.gamma)


def _logits(hazards: FloatArray) -> FloatArray:
    clipped = np.clip(hazards, HAZARD_MIN, 1.0 - HAZARD_MIN)
    return np.asarray(np.log(clipped) - np.log1p(-clipped), dtype=np.float64)
