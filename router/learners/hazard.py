"""The default learner: a contextual discrete-time hazard of the hidden quantity, and its price.

Owns, per arm, a Bayesian logistic model of P(V ends in a size bin | it reached it, x) and a
Bayesian linear model of the markout of a fill (learning.md section 2). Must not know caps, rules
or limits: it only scores.

State, by array name: `clock` (1,) lessons so far; `market` (2,) sum and weight of all markouts;
and for each arm KEY that was met: `alpha/KEY` (B + D,) the mean of the coefficients, bins first;
`precision/KEY` (B + D, B + D); `value_a/KEY` (1 + D, 1 + D) and `value_b/KEY` (1 + D,) the moments
of the markout; `counts/KEY` (4,) clock at the last lesson, rows, missing rows, last looks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from router.learners._tails import BINS, Rows, rows, tails
from router.ports import Arrays, FloatArray, Learner, Lesson, ScoreRequest, Scores

PRIOR_LOGIT = -1.0
"""Prior mean of a bin's logit: a hazard of 0.27."""

PRIOR_LOGIT_SHOWN = -3.0
"""The same for arms that take what is shown: a hazard of 0.05. A displayed size is mostly there,
and a learner that does not know that would have to pay for learning it at every venue."""

SHOWN = ("/lit_take", "/dealer_quote", "/dealer_rfq")

PRIOR_ALPHA = 0.5
PRIOR_WEIGHT = 1.0
"""Prior precisions of the bins' logits and of the features' weights."""

RIDGE = 1e-6
FEATURE_MAX = 4.0
LOGIT_STEP_MAX = 3.0
NEWTON_MAX = 8
MARKOUT_MAX_BP = 100.0
"""A larger markout is news, not the venue: it counts as this much."""

MARKOUT_NOISE_BP = 3.0
"""Standard deviation of one markout, bp; learning.md section 2."""


@dataclass(slots=True)
class _Posterior:
    """One arm's share of the state."""

    alpha: FloatArray
    precision: FloatArray
    value_a: FloatArray
    value_b: FloatArray
    counts: FloatArray


class Hazard(Learner):
    """Thompson sampling on censored fills.

    The prior is that of learning.md: logits -1 with precision 0.5 for bins, 0 with precision 1 for
    features; -3 for arms that take what is shown. What is not finite in a request or a lesson
    counts as 0, an unknown cost as a value of 0 (nothing is sent there), an arm with state of
    another dimension as an arm never met.
    """

    gamma: float = Field(0.9985, gt=0.0, le=1.0)
    """Forgetting a lesson, of all arms: 0.994 a decision of four children; 1 never forgets."""
    kappa: float = Field(0.3, ge=0.0, le=2.0)
    """Scale of the Thompson draw: 0 greedy, 1 a full posterior draw."""

    def initial(self, dimensions: int) -> Arrays:
        """A clock, and no arms."""
        return {"clock": np.zeros(1), "market": np.zeros(2)}

    def score(self, state: Arrays, request: ScoreRequest, rng: np.random.Generator) -> Scores:
        """Tails and values, drawn with `kappa`, and the tails at the mean.

        value = u - cost - E[markout - all-venue mean | x], bp. Leakage is not in a lesson, so
        `participation` has no weight here.
        """
        x = _clean(request.features)
        count, dimensions = x.shape
        arms = [self._read(state, arm, dimensions) for arm in request.arms]
        if not arms:
            return Scores(np.zeros((0, request.lots)), np.zeros((0, request.lots)), np.zeros(0))
        clock = state["clock"][0]
        since = np.array([clock - arm.counts[0] for arm in arms])
        keep = np.power(self.gamma, since)[:, np.newaxis, np.newaxis]
        alpha = np.array([arm.alpha for arm in arms])
        noise = rng.standard_normal((count, BINS + dimensions))
        precision = np.array([arm.precision for arm in arms])
        precision = keep * precision + (1.0 - keep) * _prior_precision(dimensions)
        drawn = alpha + self.kappa * _spread(precision, noise)
        adverse = self._markouts(arms, keep, x, rng.standard_normal((count,)))
        values = request.urgency_bp - request.cost_bp - adverse
        return Scores(
            tails=tails(_logits(drawn, x), request.lots),
            mean_tails=tails(_logits(alpha, x), request.lots),
            values=np.where(np.isfinite(values), values, 0.0),
        )

    def _markouts(
        self, arms: list[_Posterior], keep: FloatArray, x: FloatArray, noise: FloatArray
    ) -> FloatArray:
        """Drawn expected markout over the all-venue mean, (K,) bp."""
        f = np.concatenate([np.ones((len(x), 1)), x], axis=1)
        moments = np.array([arm.value_a for arm in arms])
        sums = np.array([arm.value_b for arm in arms]) * keep[:, :, 0]
        moments = keep * moments + (1.0 - keep) * np.eye(f.shape[1])
        solved = np.linalg.solve(moments, np.stack([sums, f], axis=2))
        mean, variance = np.einsum("kd,kdc->ck", f, solved)
        return np.asarray(mean + self.kappa * noise * np.sqrt(np.maximum(variance, 0.0)))

    def learn(self, state: Arrays, lesson: Lesson) -> None:
        """One online Laplace step for the fill, and one linear update for the markout.

        Forgetting is lazy: an arm that was not used for n lessons is faded by gamma^n when it is
        next looked at, which is the same as n single steps and costs nothing for the others.
        """
        x = _clean(lesson.features)
        state["clock"] += 1.0
        arm = self._read(state, lesson.arm, len(x))
        self._fade(arm, float(state["clock"][0]))
        self._learn_fill(arm, x, lesson)
        self._learn_markout(state["market"], arm, x, lesson)
        if _is_finite(arm):
            _write(state, lesson.arm, arm)
        else:
            _write(state, lesson.arm, _prior(lesson.arm, len(x), float(state["clock"][0])))

    def _fade(self, arm: _Posterior, clock: float) -> None:
        """P <- g P + (1 - g) P_0 and the same for the markout's moments; the mean stays."""
        keep = self.gamma ** (clock - arm.counts[0])
        dimensions = len(arm.value_b) - 1
        arm.precision = keep * arm.precision + (1.0 - keep) * _prior_precision(dimensions)
        arm.value_a = keep * arm.value_a + (1.0 - keep) * np.eye(dimensions + 1)
        arm.value_b = keep * arm.value_b
        arm.counts[0] = clock

    def _learn_fill(self, arm: _Posterior, x: FloatArray, lesson: Lesson) -> None:
        """Only what was observed has rows. A last look means that the quantity was not there."""
        if lesson.outcome not in ("observed", "last_look") or lesson.sent_lots <= 0:
            arm.counts[2] += 1.0
            return
        arm.counts[1] += 1.0
        if lesson.outcome == "last_look":
            arm.counts[3] += 1.0
            found = rows(lesson.sent_lots, 0, 0, np.zeros(BINS))
        else:
            hazards = _sigmoid(_logits(arm.alpha[np.newaxis], x[np.newaxis])[0])
            filled = max(0, lesson.filled_lots)
            found = rows(lesson.sent_lots, filled, lesson.min_lots, hazards)
        if len(found[0]):
            _laplace(arm, x, found)

    def _learn_markout(
        self, market: FloatArray, arm: _Posterior, x: FloatArray, lesson: Lesson
    ) -> None:
        """The markout over the all-venue mean: own impact moves every venue's and is not its."""
        markout = lesson.markout_bp
        if lesson.filled_lots <= 0 or markout is None or not np.isfinite(markout):
            return
        markout = min(MARKOUT_MAX_BP, max(-MARKOUT_MAX_BP, markout))
        weight = min(lesson.filled_lots, 20) / 5.0
        target = markout - market[0] / (market[1] + 1.0)
        market *= self.gamma
        market += (weight * markout, weight)
        f = np.concatenate([[1.0], x])
        precision = weight / MARKOUT_NOISE_BP**2
        arm.value_a = arm.value_a + precision * np.outer(f, f)
        arm.value_b = arm.value_b + precision * target * f

    def _read(self, state: Arrays, key: str, dimensions: int) -> _Posterior:
        """The arm's posterior; the prior if it was never met or had other features."""
        alpha = state.get(f"alpha/{key}")
        if alpha is None or len(alpha) != BINS + dimensions:
            return _prior(key, dimensions, float(state["clock"][0]))
        return _Posterior(
            alpha,
            state[f"precision/{key}"],
            state[f"value_a/{key}"],
            state[f"value_b/{key}"],
            state[f"counts/{key}"],
        )


def _laplace(arm: _Posterior, x: FloatArray, found: Rows) -> None:
    """Move the arm to the mode of prior times likelihood of one outcome, with its curvature.

    Newton's method in the space of the R <= 9 rows: theta = theta_0 + P^-1 Phi' a with
    a = w (y - p(theta)). Its first step is the one-step update of learning.md,
    (P + Phi' W Phi)^-1 Phi' w (y - p); the steps after it keep a surprise at a small p (1 - p)
    from overshooting by many logits.
    """
    bins, labels, weights = found
    phi = np.zeros((len(bins), len(arm.alpha)))
    phi[np.arange(len(bins)), bins] = 1.0
    phi[:, BINS:] = x
    gain = np.linalg.solve(arm.precision, phi.T)
    cross = phi @ gain
    start = phi @ arm.alpha
    a = np.zeros(len(bins))
    p = _sigmoid(start)
    for _ in range(NEWTON_MAX):
        curvature = weights * p * (1.0 - p)
        residual = weights * (labels - p) - a
        step = np.linalg.solve(np.eye(len(bins)) + curvature[:, np.newaxis] * cross, residual)
        largest = float(np.abs(cross @ step).max())
        a += step * min(1.0, LOGIT_STEP_MAX / max(largest, LOGIT_STEP_MAX))
        p = _sigmoid(start + cross @ a)
        if largest < 1e-3:
            break
    arm.alpha = arm.alpha + gain @ a
    arm.precision = arm.precision + (phi.T * (weights * p * (1.0 - p))) @ phi
    arm.precision[np.diag_indices(len(arm.alpha))] += RIDGE


def _spread(precision: FloatArray, noise: FloatArray) -> FloatArray:
    """L^-T e for P = L L', batched: normal with covariance P^-1."""
    lower = np.linalg.cholesky(precision)
    return np.asarray(np.linalg.solve(lower.transpose(0, 2, 1), noise[:, :, np.newaxis])[:, :, 0])


def _logits(alpha: FloatArray, x: FloatArray) -> FloatArray:
    """(K, BINS) from coefficients (K, BINS + D) and features (K, D)."""
    return np.asarray(alpha[:, :BINS] + np.einsum("kd,kd->k", alpha[:, BINS:], x)[:, np.newaxis])


def _sigmoid(z: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-np.logaddexp(0.0, -z)))


def _clean(features: FloatArray) -> FloatArray:
    """Finite and within the clip; what is not a number is 0, like what is missing."""
    finite = np.where(np.isfinite(features), features, 0.0)
    return np.asarray(np.clip(finite, -FEATURE_MAX, FEATURE_MAX))


def _prior_precision(dimensions: int) -> FloatArray:
    return np.diag([PRIOR_ALPHA] * BINS + [PRIOR_WEIGHT] * dimensions)


def _prior(key: str, dimensions: int, clock: float) -> _Posterior:
    alpha = np.zeros(BINS + dimensions)
    alpha[:BINS] = PRIOR_LOGIT_SHOWN if key.endswith(SHOWN) else PRIOR_LOGIT
    return _Posterior(
        alpha,
        _prior_precision(dimensions),
        np.eye(dimensions + 1),
        np.zeros(dimensions + 1),
        np.array([clock, 0.0, 0.0, 0.0]),
    )


def _is_finite(arm: _Posterior) -> bool:
    parts = (arm.alpha, arm.precision, arm.value_a, arm.value_b)
    return all(bool(np.isfinite(part).all()) for part in parts)


def _write(state: Arrays, key: str, arm: _Posterior) -> None:
    state[f"alpha/{key}"] = arm.alpha
    state[f"precision/{key}"] = arm.precision
    state[f"value_a/{key}"] = arm.value_a
    state[f"value_b/{key}"] = arm.value_b
    state[f"counts/{key}"] = arm.counts
