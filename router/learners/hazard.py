"""The default learner: a contextual discrete-time hazard of the hidden quantity, and its price.

Owns, per arm, a Bayesian logistic model of P(V ends in a size bin | it reached it, x), pooled over
symbols (`_pooled`, `_tails`), and a Bayesian linear model of what the price does after a fill
(`_horizons`): docs/hazard.md. Must not know caps, rules or limits: it only scores.

State, by array name: `clock` (1,) lessons so far; `market` (H, 2) sum and weight of the changes
after all fills; for each arm KEY that was met, of its fills `alpha/KEY` (B + D,) the mean of the
shared coefficients, bins first, `precision/KEY` (B + D, B + D), and `counts/KEY` (4,) clock at the
last lesson, rows, missing rows, last looks; of its markouts `value_a/KEY` (H, 1 + D, 1 + D) and
`value_b/KEY` (H, 1 + D) the moments, and `value_counts/KEY` (3,) clock at the last one, seen, not
seen; and for each symbol that was sent there `own/SYMBOL/KEY` (B, 2 + D) what its own lessons said,
and `own_counts/SYMBOL/KEY` (2,) clock at the last of them, and the `child_lots` that scaled their
bins: with another scale they are of no use, and the symbol starts again.
"""

from __future__ import annotations

from math import isfinite

import numpy as np
from pydantic import Field, PrivateAttr

from router.learners import _bounds, _horizons, _pooled, _waiting
from router.learners._cleaning import clipped, finite
from router.learners._pooled import logits, sigmoid
from router.learners._posterior import (
    Fills,
    Scope,
    faded,
    new_fills,
    read_fills,
    read_prices,
    shapes,
    write_fills,
    write_prices,
)
from router.learners._sheet import Sheet, Sheets
from router.learners._tails import BINS, Rows, rows, tails
from router.ports import (
    MAIN_HORIZON,
    Arrays,
    FloatArray,
    Learner,
    Lesson,
    Markout,
    ScoreRequest,
    Scores,
)

UNUSED = np.zeros(BINS)
"""In place of hazards where there is no death to spread."""


class Hazard(Learner):
    """Thompson sampling on censored fills.

    The prior (docs/hazard.md): logits -1 with precision 0.5 for bins, 0 with precision 1 for
    features; -3 for arms that take what is shown, and 3 for nothing coming in an interval of an
    order that rests: its tails are those of the time that it will rest. What is not finite in a
    request or a lesson counts as 0, an unknown cost as a value of 0 (nothing is sent there), an arm
    with state of another dimension as an arm never met.
    """

    gamma: float = Field(0.9985, gt=0.0, le=1.0)
    """Forgetting a lesson, of all arms: 0.994 a decision of four children; 1 never forgets."""
    kappa: float = Field(0.3, ge=0.0, le=2.0)
    """Scale of the Thompson draw: 0 greedy, 1 a full posterior draw."""
    footprint: float = Field(8.0, ge=0.0, le=1000.0)
    """How much a lot costs the rest of a parent that can wait, in scales of the market's impact."""
    waits: float = Field(16.0, ge=0.0, le=1000.0)
    """How often a share that nobody presses for can rest again before it must trade; 0 never."""
    _sheets: Sheets = PrivateAttr(default_factory=Sheets)

    def initial(self, dimensions: int) -> Arrays:
        """A clock, and no arms."""
        return {"clock": np.zeros(1), "market": np.zeros((_horizons.HORIZONS, 2))}

    def shapes(self, dimensions: int) -> dict[str, tuple[int, ...]]:
        """As the module's docstring has them."""
        return shapes(dimensions)

    def clocks(self) -> dict[str, int]:
        """Of an arm's fills, of one symbol's there, and of an arm's markouts."""
        return {"counts/": 0, "own_counts/": 0, "value_counts/": 0}

    def score(self, state: Arrays, request: ScoreRequest, rng: np.random.Generator) -> Scores:
        """Tails and values, drawn with `kappa` and at the mean, and their bounds if asked for.

        value = u - cost - E[markout - all-venue mean | x], bp; of an arm that takes what is shown
        the markout counts from 0 up while something will be left of the parent: what moves its way
        is its own impact, and no gain; and it must be worth more than to wait.
        """
        x = clipped(request.features)
        if not request.arms:
            nothing, none = np.zeros((0, request.lots)), np.zeros(0)
            return Scores(nothing, nothing, none, none)
        scope = Scope(request.symbol, request.child_lots, x.shape[1])
        sheet = self._sheets.of(request.arms, scope, self.gamma)
        sheet.turn_to(state)
        noise = self.kappa * rng.standard_normal((len(x), 2 * BINS + x.shape[1] + 1))
        found = _logits(sheet, x, noise[:, :-1])
        drawn, mean = tails(found, request.lots, request.child_lots, request.intervals)
        adverse, variance = _horizons.expected(sheet.drift, sheet.drift_covariance, x)
        deviation = np.sqrt(variance)
        known = request.urgency_bp - request.cost_bp
        least = sheet.least_adverse if request.participation > 1.0 else -np.inf
        markouts = np.array((adverse + noise[:, -1] * deviation, adverse))
        values, means = finite(known - np.maximum(markouts, least))
        footprint = self._footprint(request)
        wait = self._wait(request, means, mean, footprint)
        forgone = np.where(sheet.takes, wait, 0.0)
        values, means = values - forgone, means - forgone
        scores = Scores(drawn, mean, values, means, footprint_bp=footprint, wait_bp=wait)
        if not request.bounds:
            return scores
        apart = _bounds.logit_deviation(sheet.root, sheet.deviations, sheet.shifts, x)
        return _bounds.bounded(scores, request, found[1], apart, deviation)

    def _footprint(self, request: ScoreRequest) -> float:
        """bp a lot: nothing if all that remains is due, or has to be done at any price."""
        rest = 1.0 - 1.0 / max(1.0, request.participation)
        found = self.footprint * rest * request.patience * request.impact_bp
        return found if isfinite(found) else 0.0

    def _wait(
        self, request: ScoreRequest, values: FloatArray, tails: FloatArray, footprint: float
    ) -> float:
        """How much less than u a share costs that waits, bp: it may rest again."""
        rounds = min(self.waits * request.patience, request.rounds)
        if request.queue_lots is None or not rounds > 0.0:
            return 0.0
        queues, lots = request.queue_lots, request.lots
        return _waiting.option_bp(values, tails, queues, footprint, lots, rounds)

    def _keep(self, clock: float, since: float) -> float:
        """How much of what was known at the clock `since` still counts.

        Forgetting is lazy: an arm that was not used for n lessons is faded by gamma^n when it is
        next taught, which is the same as n single steps and costs nothing for the others. What says
        that it is of later than now does not fade, rather than grow without bound.
        """
        return float(self.gamma ** max(0.0, clock - since))

    def learn(self, state: Arrays, lesson: Lesson) -> None:
        """One online Laplace step for the fill.

        P <- g P + (1 - g) P_0 first; the shared mean stays, and a symbol's own sums fade to
        nothing, so that its levels go back to what all symbols share.
        """
        x = clipped(lesson.features)
        clock = float(state["clock"][0]) + 1.0
        state["clock"][0] = clock
        scope = Scope(lesson.symbol, lesson.child_lots, len(x))
        arm = read_fills(state, lesson.arm, scope)
        keep = self._keep(clock, float(arm.counts[0]))
        keep_own = self._keep(clock, float(arm.own_counts[0]))
        arm.precision = faded(arm.precision, keep, _pooled.prior_precision(len(x)))
        arm.precision += _pooled.told_again(arm.own, keep_own)
        arm.own = keep_own * arm.own
        arm.counts, arm.own_counts = arm.counts.copy(), arm.own_counts.copy()
        arm.counts[0] = arm.own_counts[0] = clock
        found = _observed(arm, x, lesson)
        if found is not None and len(found[0]):
            told = _pooled.observe(arm.alpha, arm.precision, arm.own, x, found)
            arm.alpha, arm.precision, arm.own = told
            known = np.add.reduce(arm.alpha) + np.add.reduce(arm.own, axis=None)
            if not isfinite(known):  # precisions grow by what own do
                arm = new_fills(lesson.arm, scope, clock)
        write_fills(state, lesson.arm, lesson.symbol, arm)
        if lesson.markout_bp is not None and lesson.filled_lots > 0:
            # of a journal in which lessons brought the markout at the main horizon, whole
            self._mark(state, lesson.arm, x, lesson.filled_lots, MAIN_HORIZON, lesson.markout_bp)

    def mark(self, state: Arrays, markout: Markout) -> None:
        """One linear update of the change since the horizon before; the unseen is counted."""
        if markout.horizon > MAIN_HORIZON:
            return
        x = clipped(markout.features)
        change = None
        if markout.markout_bp is not None:
            change = markout.markout_bp - markout.before_bp
        self._mark(state, markout.arm, x, markout.lots, markout.horizon, change)

    def _mark(
        self,
        state: Arrays,
        key: str,
        x: FloatArray,
        lots: int,
        horizon: int,
        change: float | None,
    ) -> None:
        """The change over the all-venue mean: own impact moves every venue's and is not its."""
        arm = read_prices(state, key, len(x))
        clock = float(state["clock"][0])
        keep = self._keep(clock, float(arm.counts[0]))
        no_moments, no_sums = _horizons.prior(len(x))
        arm.moments = faded(arm.moments, keep, no_moments)
        arm.sums = faded(arm.sums, keep, no_sums)
        arm.counts = arm.counts.copy()
        arm.counts[0] = clock
        if change is None or not isfinite(change):
            arm.counts[2] += 1.0
        else:
            arm.counts[1] += 1.0
            weight = _horizons.weight(lots)
            over = _over_the_mean(state["market"][horizon], change, weight, self.gamma)
            _horizons.observe(arm.moments, arm.sums, x, horizon, over, weight)
        write_prices(state, key, arm)


def _observed(arm: Fills, x: FloatArray, lesson: Lesson) -> Rows | None:
    """Only what was observed has rows. A last look means that the quantity was not there."""
    if lesson.outcome not in ("observed", "last_look") or lesson.sent_lots <= 0:
        arm.counts[2] += 1.0
        return None
    arm.counts[1] += 1.0
    if lesson.outcome == "last_look":
        arm.counts[3] += 1.0
        return rows(lesson.sent_lots, 0, 0, UNUSED, lesson.child_lots)
    hazards = UNUSED
    if lesson.min_lots > 1:
        hazards = sigmoid(logits(arm.alpha[np.newaxis], arm.own[np.newaxis], x[np.newaxis])[0])
    return rows(
        lesson.sent_lots,
        max(0, lesson.filled_lots),
        lesson.min_lots,
        hazards,
        lesson.child_lots,
        lesson.intervals,
    )


def _over_the_mean(market: FloatArray, change: float, weight: float, gamma: float) -> float:
    """The change less the mean of all before it, which it is added to: `market` (2,), in place."""
    change = min(_horizons.CHANGE_MAX_BP, max(-_horizons.CHANGE_MAX_BP, change))
    total, seen = market.tolist()
    market[:] = gamma * total + weight * change, gamma * seen + weight
    return float(change - total / (seen + 1.0))


def _logits(sheet: Sheet, x: FloatArray, noise: FloatArray) -> FloatArray:
    """Drawn and mean, (2, K, B): noise (K, 2 B + D) that of own levels, of shared ones, of slopes.

    The own level of bin b is levels_b - shifts_b'w, so its logit is levels_b + (x - shifts_b)'w.
    """
    slopes = np.empty((2, *sheet.weights.shape))
    slopes[0] = np.matvec(sheet.root, noise[:, 2 * BINS :])
    slopes[1] = sheet.weights
    found = np.matvec(x[:, np.newaxis] - sheet.shifts, slopes)
    found[1] += sheet.levels
    found[0] += found[1]
    own, shared = noise[:, :BINS], noise[:, BINS : 2 * BINS]
    found[0] += sheet.deviations[:, 0] * own + sheet.deviations[:, 1] * shared
    return np.asarray(found)
