"""Product-limit tails lot by lot (Ganchev, Nevmyvaka, Kearns & Vaughan 2009).

Owns, for each arm, how many lots were tried and how many of them failed. State: `clock` (1,)
lessons; `tried/ARM` and `failed/ARM`, LOTS_MAX fading counts each; `markout/ARM`.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from router.learners import _fading as fading
from router.learners._markouts import learn_markout, mark, worth
from router.learners._outcomes import Outcome, observed
from router.learners._shares import proportional
from router.ports import Arrays, FloatArray, Learner, Lesson, Markout, ScoreRequest, Scores

SPILL = 1e-9
"""No tail is below this over the lot's number: as in the paper all lots are handed out, those that
no estimate speaks for where the fewest are."""

LOTS_MAX = 512
"""Quantities above are not told apart: the tail is flat from there on."""

TRIED_MIN = 1e-12
"""Trials that have faded to less count as none."""

HAZARD_MAX = 1.0 - 1e-9
"""In a variance a hazard of 1 is taken to be this, which finds the limit without a special case."""


class KaplanMeier(Learner):
    """T(s) = product over j <= s of 1 - failed_j / tried_j (Kaplan & Meier 1958), to which lots go.

    Lot j was tried by an order of j lots or more of which the j - 1 before were filled; it failed
    if it was not. Lots that were never tried have not failed, so the tail is flat beyond what was
    seen. Optimism raises T(s) to the upper bound of its interval: the score interval of a
    proportion (Wilson 1927) with the number of trials that Greenwood's variance stands for
    (Rothman 1978). It stands in for the paper's optimistic tail, the cut-off of which is a bound
    for proofs. Nothing for a MinQty means V < m: its failure is spread over the lots
    below by the present estimate (self-consistency, Efron 1967).
    """

    optimism: float = Field(1.0, ge=0.0, le=5.0)
    """z of the upper bound, standard deviations; 0 is the plain estimate, which may lose an arm."""
    gamma: float = Field(0.9985, gt=0.0, le=1.0)
    """Forgetting a lesson, of counts and markouts; 1 never forgets, as published."""

    def initial(self, dimensions: int) -> Arrays:
        """No trials: every tail is 1."""
        return fading.started()

    def shapes(self, dimensions: int) -> dict[str, tuple[int, ...]]:
        """As the module's docstring has them."""
        return fading.shapes(tried=LOTS_MAX, failed=LOTS_MAX)

    def clocks(self) -> dict[str, int]:
        """Those of the sums that fade."""
        return fading.clocks("tried", "failed")

    def score(self, state: Arrays, request: ScoreRequest, rng: np.random.Generator) -> Scores:
        """Tails at the upper bound, mean tails plain; values by the mean markout."""
        reach = min(request.lots, LOTS_MAX)
        tried, failed = np.zeros((2, len(request.arms), reach))
        for i, arm in enumerate(request.arms):
            counts = self._counts(state, arm)
            tried[i], failed[i] = counts[0][:reach], counts[1][:reach]
        plain, upper = product_limit(tried, failed, self.optimism)
        column = np.minimum(np.arange(request.lots), reach - 1)
        spill = SPILL * proportional(np.ones(len(plain)), request.lots)
        tails = np.maximum(upper[:, column], spill)
        values = worth(state, request, self.gamma)
        return Scores(tails, plain[:, column], values, values)

    def _counts(self, state: Arrays, arm: str) -> tuple[FloatArray, FloatArray]:
        """Tried and failed, (LOTS_MAX,) each."""
        tried = fading.read(state, f"tried/{arm}", LOTS_MAX, self.gamma)
        return tried, fading.read(state, f"failed/{arm}", LOTS_MAX, self.gamma)

    def learn(self, state: Arrays, lesson: Lesson) -> None:
        """Count the lots that were tried, and the one that failed."""
        fading.tick(state)
        learn_markout(state, lesson, self.gamma)
        seen = observed(lesson)
        if seen is None:
            return
        tried, failed = self._counts(state, lesson.arm)
        more_tried, more_failed = trials(seen.within(LOTS_MAX), hazards(tried, failed))
        fading.write(state, f"tried/{lesson.arm}", tried + more_tried)
        fading.write(state, f"failed/{lesson.arm}", failed + more_failed)

    def mark(self, state: Arrays, markout: Markout) -> None:
        """The arm's mean markout."""
        mark(state, markout, self.gamma)


def hazards(tried: FloatArray, failed: FloatArray) -> FloatArray:
    """Failed over tried, 0 where nothing was tried."""
    found = np.divide(failed, tried, out=np.zeros_like(tried), where=tried > TRIED_MIN)
    return np.minimum(found, 1.0, dtype=np.float64)


def trials(seen: Outcome, present: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What one outcome adds to tried and failed, (LOTS_MAX,) each; hazards as at present."""
    tried, failed = np.zeros(LOTS_MAX), np.zeros(LOTS_MAX)
    if not seen.below:
        tried[: min(seen.filled + 1, seen.sent)] = 1.0
        failed[seen.filled : seen.filled + 1] = 0.0 if seen.full else 1.0
        return tried, failed
    share = _ends(present[: seen.below])
    tried[: seen.below] = np.cumsum(share[::-1])[::-1]
    failed[: seen.below] = share
    return tried, failed


def _ends(present: FloatArray) -> FloatArray:
    """(m,) P(lot j fails after those before it were filled | one of m fails); even if none can."""
    reach = np.cumprod(np.append(1.0, 1.0 - present[:-1]))
    ends = reach * present
    total = ends.sum()
    return np.asarray(ends / total if total > 0.0 else np.full(len(present), 1.0 / len(present)))


def product_limit(tried: FloatArray, failed: FloatArray, z: float) -> tuple[FloatArray, FloatArray]:
    """Plain tails and upper bounds, (K, S) each, from counts (K, S).

    Greenwood 1926: Var T = T^2 * sum of h_j / (tried_j * (1 - h_j)). A proportion T of n trials has
    the variance T (1 - T) / n, hence n = (1 - T) / (T * sum).
    """
    hazard = hazards(tried, failed)
    plain = np.cumprod(1.0 - hazard, axis=1, dtype=np.float64)
    hazard = np.minimum(hazard, HAZARD_MAX)
    terms = np.divide(hazard, tried * (1.0 - hazard), out=np.zeros_like(tried), where=hazard > 0.0)
    spread = np.cumprod(1.0 - hazard, axis=1) * np.cumsum(terms, axis=1)
    unsure = (spread > 0.0) & (plain < 1.0)
    worth_trials = np.divide(1.0 - plain, spread, out=np.ones_like(plain), where=unsure)
    square = z * z / worth_trials
    root = np.sqrt(square * (plain * (1.0 - plain) + 0.25 * square))
    upper = np.minimum((plain + 0.5 * square + root) / (1.0 + square), 1.0)
    return plain, np.minimum.accumulate(upper, axis=1, dtype=np.float64)
