"""Zero bin and power law, by maximum likelihood on censored fills (Ganchev et al. 2009).

Owns, for each arm, the sufficient statistics and the fit. State: `clock` (1,) lessons; `seen/ARM`,
3 + LOTS_MAX fading sums: empty arms met, exact quantities seen, the sum of their logarithms, and
counts of V >= s for s = 1..LOTS_MAX; `fit/ARM` (2,) the exponent and the observations that it has
not yet taken in; `markout/ARM`.
"""

from __future__ import annotations

from functools import lru_cache
from math import sqrt

import numpy as np
from pydantic import Field

from router.learners import _fading as fading
from router.learners._markouts import learn_markout, mark, worth
from router.learners._outcomes import Outcome, observed
from router.ports import Arrays, FloatArray, Learner, Lesson, Markout, ScoreRequest, Scores

LOTS_MAX = 512
"""The largest quantity of the law; a larger one is seen as this much or more."""

EXPONENT_MAX = 5.0

_SIZES = np.arange(1, LOTS_MAX + 1, dtype=np.float64)
_LOGS = np.log(_SIZES)
_GRID = np.linspace(0.0, EXPONENT_MAX, 26)
_GOLDEN = (sqrt(5.0) - 1.0) / 2.0
_STEPS = 16
"""Golden sections of a bracket of two grid steps: to 0.4 * 0.618^16 = 2e-4."""


class PowerLaw(Learner):
    """P(V = 0) = p, and P(V = v) = (1 - p) v^-b / sum of u^-b over u = 1..LOTS_MAX.

    The paper's best parametric model. p and b separate: p is the share of orders that found
    nothing, b maximises the likelihood of the rest, exact quantities and those cut off by a full
    fill. b is searched in 0..EXPONENT_MAX, on a grid and then by golden section, so that a
    fit always ends; before any fill it is 0, a flat law. Greedy: there is no bonus for what is
    unknown beyond the prior of p. Nothing for a MinQty says V < m: it is split between the zero bin
    and the sizes below m as the present fit would have it (an E-step).
    """

    refit: int = Field(10, ge=1, le=10_000)
    """Observations of an arm between two fits of its exponent; p is always fresh."""
    prior_orders: float = Field(1.0, ge=0.0, le=1e6)
    """Orders, half of which found nothing, that each arm begins with; they do not fade."""
    gamma: float = Field(0.9985, gt=0.0, le=1.0)
    """Forgetting a lesson, of statistics and markouts; 1 never forgets, as published."""

    def initial(self, dimensions: int) -> Arrays:
        """No observations."""
        return fading.started()

    def shapes(self, dimensions: int) -> dict[str, tuple[int, ...]]:
        """As the module's docstring has them."""
        return {**fading.shapes(seen=3 + LOTS_MAX), "fit/": (2,)}

    def clocks(self) -> dict[str, int]:
        """Those of the sums that fade."""
        return fading.clocks("seen")

    def score(self, state: Arrays, request: ScoreRequest, rng: np.random.Generator) -> Scores:
        """Tails of the fitted laws, 0 beyond LOTS_MAX; values by the mean markout."""
        tails = np.zeros((len(request.arms), request.lots))
        reach = min(request.lots, LOTS_MAX)
        for i, arm in enumerate(request.arms):
            seen = fading.read(state, f"seen/{arm}", 3 + LOTS_MAX, self.gamma)
            tails[i, :reach] = (1.0 - self._empty(seen)) * tail(_exponent(state, arm))[:reach]
        return Scores(tails, tails.copy(), worth(state, request, self.gamma))

    def _empty(self, seen: FloatArray) -> float:
        """P(V = 0): orders that found nothing over all orders, with the prior."""
        empty, orders = float(seen[0]), float(seen[0] + seen[1] + seen[3:].sum())
        total = orders + self.prior_orders
        return (empty + 0.5 * self.prior_orders) / total if total > 0.0 else 0.0

    def learn(self, state: Arrays, lesson: Lesson) -> None:
        """Add the observation; fit the exponent anew if enough have gathered."""
        fading.tick(state)
        learn_markout(state, lesson, self.gamma)
        outcome = observed(lesson)
        if outcome is None:
            return
        name, exponent = f"seen/{lesson.arm}", _exponent(state, lesson.arm)
        seen = fading.read(state, name, 3 + LOTS_MAX, self.gamma)
        seen = seen + statistics(outcome.within(LOTS_MAX), self._empty(seen), exponent)
        fading.write(state, name, seen)
        waiting = 1.0 + float(state.get(f"fit/{lesson.arm}", np.zeros(2))[1])
        if waiting >= self.refit:
            exponent, waiting = fit(seen), 0.0
        state[f"fit/{lesson.arm}"] = np.array([exponent, waiting])

    def mark(self, state: Arrays, markout: Markout) -> None:
        """The arm's mean markout."""
        mark(state, markout, self.gamma)


def _exponent(state: Arrays, arm: str) -> float:
    fitted = state.get(f"fit/{arm}")
    return 0.0 if fitted is None else float(fitted[0])


def tail(exponent: float) -> FloatArray:
    """(LOTS_MAX,) P(V >= s | V >= 1), s = 1..LOTS_MAX."""
    above = np.cumsum(np.exp(-exponent * _LOGS)[::-1])[::-1]
    return np.asarray(above / above[0], dtype=np.float64)


def statistics(outcome: Outcome, empty: float, exponent: float) -> FloatArray:
    """(3 + LOTS_MAX,) what one outcome adds, given the present P(V = 0) and exponent."""
    found = np.zeros(3 + LOTS_MAX)
    if outcome.below:
        sizes = np.exp(-exponent * _LOGS)
        chances = (1.0 - empty) * sizes[: outcome.below - 1] / sizes.sum()
        here = chances / (empty + chances.sum())
        found[:3] = (1.0 - here.sum(), here.sum(), here @ _LOGS[: outcome.below - 1])
    elif outcome.full:
        found[2 + outcome.sent] = 1.0
    elif outcome.filled == 0:
        found[0] = 1.0
    else:
        found[1:3] = (1.0, _LOGS[outcome.filled - 1])
    return found


def terms(exponent: float) -> FloatArray:
    """(3 + LOTS_MAX,) log-likelihood that one unit of each statistic adds.

    An exact quantity adds -log Z(b), a unit of its logarithm -b, one cut off at s the logarithm of
    P(V >= s | V >= 1), an empty arm nothing.
    """
    above = np.cumsum(np.exp(-exponent * _LOGS)[::-1])[::-1]
    log_above = np.log(above)
    return np.concatenate(([0.0, -log_above[0], -exponent], log_above - log_above[0]))


@lru_cache(maxsize=1)
def _grid_terms() -> FloatArray:
    """(G, 3 + LOTS_MAX) at the exponents of the grid."""
    return np.array([terms(exponent) for exponent in _GRID])


def fit(seen: FloatArray) -> float:
    """The exponent of the greatest likelihood: the best of a grid, then a bounded search around."""
    on_grid = _grid_terms() @ seen
    best = int(np.argmax(on_grid))
    low, high = _GRID[max(0, best - 1)], _GRID[min(len(_GRID) - 1, best + 1)]
    found = _golden_section(seen, float(low), float(high))
    return found if terms(found) @ seen > on_grid[best] else float(_GRID[best])


def _golden_section(seen: FloatArray, low: float, high: float) -> float:
    """The maximum within a bracket (Kiefer 1953); a point of it, whatever the function is."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = terms(left) @ seen, terms(right) @ seen
    for _ in range(_STEPS):
        if at_left < at_right:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = terms(right) @ seen
        else:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = terms(left) @ seen
    return 0.5 * (low + high)
