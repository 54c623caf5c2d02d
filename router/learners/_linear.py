"""Two ridge regressions an arm, with forgetting, and the scores that an estimate of them makes.

Owns what `linucb` and `lin_ts` have in common: all but how sure an estimate has to be before it is
acted on. Must not know caps, rules or limits, and has no chance of its own.

What is regressed, on f = [1, x]: the fraction of a child that is filled, every lesson alike; and
the markout of what was filled, over the mean of all arms, weighted as the hazard learner weights it
(docs/hazard.md). Features, clip, forgetting and prior are the hazard learner's as well.

State, by array name: `clock` (1,) lessons so far; `market` (2,) sum and weight of all markouts;
and for each arm KEY that has taught something, with d = 1 + D and the two regressions first:
`moments/KEY` (2, d + 1, d) W = ridge + sum w f f' and, as the last row, b = sum w y f; `model/KEY`
(2, d + 1, d) W^-1 and, as the last row, theta = W^-1 b; `counts/KEY` (3,) the clock at the last
such lesson, the share s of W that is not forgotten, lessons since W was last inverted. What is
believed is V = s W: to forget is to lower s, and a new lesson weighs 1 / s in W.
"""

from __future__ import annotations

from functools import lru_cache
from math import isfinite
from typing import Literal

import numpy as np
from msgspec.structs import replace

from router.learners._bounds import Z_95
from router.learners._cleaning import clipped, finite
from router.learners._shares import proportional
from router.ports import (
    MAIN_HORIZON,
    Arrays,
    FloatArray,
    Lesson,
    Markout,
    ScoreRequest,
    Scores,
)

Split = Literal["pick", "softmax"]
Pair = tuple[float, float]
"""One number of the fraction's regression, one of the markout's."""

RIDGE = 1.0
"""Prior precision of every coefficient, in observations: the identity of Li et al. (2010)."""

RIDGE_SHARE_MIN = 0.5
"""The ridge is forgotten too, which keeps updates of rank one; below this share it comes back."""

UPDATES_MAX = 1_000
"""Updates of W^-1 after which it is inverted anew, so that rounding cannot add up."""

PRIOR_FRACTION = 0.43
PRIOR_FRACTION_SHOWN = 0.87
"""Expected fraction of a child of eight lots under the hazard learner's prior, whose logits are -1,
and -3 for the arms that take what is shown."""

SHOWN = ("/lit_take", "/dealer_quote", "/dealer_rfq")

MARKOUT_MAX_BP = 100.0
MARKOUT_NOISE_BP = 3.0
"""Clip of markouts and the noise of one: the hazard learner's."""

PRIOR_COUNTS = np.array([0.0, 1.0, 0.0])
"""Of an arm that was never met: however long the prior is idle, it stays the prior."""


def initial() -> Arrays:
    """A clock, and no arms."""
    return {"clock": np.zeros(1), "market": np.zeros(2)}


def shapes(dimensions: int) -> dict[str, tuple[int, ...]]:
    """As the module's docstring has them."""
    wide = 1 + dimensions
    both = (2, wide + 1, wide)
    return {"clock": (1,), "market": (2,), "moments/": both, "model/": both, "counts/": (3,)}


def clocks() -> dict[str, int]:
    """Where an arm says at which clock it was last taught."""
    return {"counts/": 0}


def estimate(state: Arrays, request: ScoreRequest, gamma: float) -> tuple[FloatArray, FloatArray]:
    """Means and variances, (K, 2) each: filled fraction, and markout in bp over that of all arms.

    The variance f' V^-1 f of the fraction has the noise of one lesson as its unit, that of the
    markout is in bp^2. An arm that was idle for n lessons has V = g^n V_0 + (1 - g^n) ridge. Its
    inverse is a parallel sum, so (Anderson & Duffin 1969) its variance is at most

        1 / (g^n / v_0 + (1 - g^n) / v_1),  v_0 = f' V_0^-1 f,  v_1 = f' f / ridge,

    with equality in one dimension and where f is an eigenvector: a confidence bound stays a bound,
    and no matrix is inverted for a decision. The mean is the prior's and the lessons', weighted
    with the same two precisions.
    """
    if not request.arms:
        return np.zeros((0, 2)), np.zeros((0, 2))
    f = _design(request.features)
    models, counts = _gather(state, request.arms, f.shape[1])
    found = np.matvec(models, f[:, np.newaxis])
    mean = found[:, :, -1]
    variance = np.vecdot(found[:, :, :-1], f[:, np.newaxis])
    if gamma == 1.0:
        return mean, variance
    keep = np.power(gamma, np.maximum(0.0, state["clock"] - counts[:, 0]))
    learned = (keep * counts[:, 1])[:, np.newaxis] / variance
    prior = ((1.0 - keep) * RIDGE / np.vecdot(f, f))[:, np.newaxis]
    variance = 1.0 / (learned + prior)
    return (learned * mean + prior * _prior_means(request.arms)) * variance, variance


def scores(
    request: ScoreRequest,
    drawn: FloatArray,
    mean: FloatArray,
    variance: FloatArray,
    split: Split,
    temperature: float,
) -> Scores:
    """Scores from fractions and markouts in bp to act on, and those expected, (K, 2) each.

    An arm's value is urgency - cost - markout, and its reward the fraction times the value.

    `pick`: the fraction is the chance of each lot alike, so that all lots go to the arm of the
    largest reward, and what its cap leaves goes to the next. `softmax`: lots in proportion to
    exp(reward / temperature); the values are then 1, as shares have to be compared as shares. In
    both, nothing is sent for a reward of 0 or less: that is what waiting is worth. The lower bounds
    of `pick` are at 1.645 deviations of `variance`, (K, 2); shares have none.
    """
    found = [drawn, mean]
    if request.bounds and split == "pick":
        found.append(mean + np.array([-Z_95, Z_95]) * np.sqrt(variance))
    fractions, markouts = np.array(found).transpose(2, 0, 1)
    fractions = np.minimum(np.maximum(fractions, 0.0), 1.0)
    values = finite(request.urgency_bp - request.cost_bp - markouts)
    shape = (*fractions.shape, request.lots)
    if split == "pick":
        tails = np.repeat(fractions, request.lots).reshape(shape)
        scores = Scores(tails[0], tails[1], values[0], values[1])
        if request.bounds:
            return replace(scores, low_tails=tails[2], low_values=values[2])
        return scores
    weights = _softmax(fractions * values, temperature)
    tails = proportional(weights.ravel(), request.lots).reshape(shape)
    worth = (weights > 0.0).astype(np.float64)
    return Scores(tails[0], tails[1], worth[0], worth[1])


def learn(state: Arrays, lesson: Lesson, gamma: float) -> None:
    """The filled fraction of a lesson, and the markout if it came with it.

    A last look means that nothing was there; what was not observed has the weight 0.
    """
    state["clock"] += 1.0
    sent, filled = lesson.sent_lots, max(0, lesson.filled_lots)
    seen = sent > 0 and lesson.outcome in ("observed", "last_look")
    fraction = min(1.0, filled / sent) if seen and lesson.outcome == "observed" else 0.0
    weight, over = _over_the_mean(state["market"], filled, lesson.markout_bp, gamma)
    _take(state, lesson.arm, lesson.features, (float(seen), weight), (fraction, over), gamma)


def mark(state: Arrays, markout: Markout, gamma: float) -> None:
    """What the price has done after a fill, at the main horizon."""
    if markout.horizon != MAIN_HORIZON:
        return
    weight, over = _over_the_mean(state["market"], markout.lots, markout.markout_bp, gamma)
    _take(state, markout.arm, markout.features, (0.0, weight), (0.0, over), gamma)


def _take(
    state: Arrays, key: str, x: FloatArray, weights: Pair, targets: Pair, gamma: float
) -> None:
    """One observation of both regressions of an arm.

    V <- k V + w f f' and b <- k b + w y f with k = g^n, n the lessons (of all arms) since the
    arm's last one: D-LinUCB's recursion (Russac, Vernade & Cappe 2019) but for the ridge, which
    they never forget. Here it fades with the rest to `RIDGE_SHARE_MIN`, then V gets it back.
    """
    if weights == (0.0, 0.0):
        return
    f = _design(x[np.newaxis])[0]
    moments, model, counts = _arm(state, key, len(f))
    clock, (last, share, updates) = float(state["clock"][0]), counts.tolist()
    share *= gamma ** max(0.0, clock - last)
    if share < RIDGE_SHARE_MIN or updates >= UPDATES_MAX:
        _restore(moments, share, _prior_fraction(key))
        _add(moments, f, np.array(weights), targets)
        _invert(moments, model)
        counts[:] = (clock, 1.0, 0.0)
    else:
        scaled = np.array(weights) / share
        _add(moments, f, scaled, targets)
        _update(model, f, scaled, targets)
        counts[:] = (clock, share, updates + 1.0)


def _over_the_mean(
    market: FloatArray, lots: int, markout: float | None, gamma: float
) -> tuple[float, float]:
    """Weight and target of a markout: it counts over the mean of all arms before it, as own impact
    moves every venue's and is not the arm's; the mean takes it in afterwards. (0, 0) of none."""
    if lots <= 0 or markout is None or not isfinite(markout):
        return 0.0, 0.0
    markout = min(MARKOUT_MAX_BP, max(-MARKOUT_MAX_BP, markout))
    filled = min(lots, 20) / 5.0
    total, weight = market.tolist()
    market[:] = (gamma * total + filled * markout, gamma * weight + filled)
    return filled / MARKOUT_NOISE_BP**2, markout - total / (weight + 1.0)


def _add(moments: FloatArray, f: FloatArray, weights: FloatArray, targets: Pair) -> None:
    """W <- W + w f f' and b <- b + w y f: the product of sqrt(w) [f, y] and sqrt(w) f."""
    rows = np.empty(moments.shape[:2])
    rows[:, :-1] = f
    rows[:, -1] = targets
    rows *= np.sqrt(weights)[:, np.newaxis]
    moments += rows[:, :, np.newaxis] * rows[:, np.newaxis, :-1]


def _update(model: FloatArray, f: FloatArray, weights: FloatArray, targets: Pair) -> None:
    """W^-1 and theta after `_add`: less the product of sqrt(c) [h, f'theta - y] and sqrt(c) h.

    h = W^-1 f and c = w / (1 + w f'h), so W^-1 <- W^-1 - c h h' (Sherman & Morrison 1950) and
    theta <- theta - c (f'theta - y) h. With the root in both factors W^-1 stays symmetric to the
    last bit.
    """
    rows = np.matvec(model, f)
    rows[:, -1] -= targets
    rows *= np.sqrt(weights / (1.0 + weights * (rows[:, :-1] @ f)))[:, np.newaxis]
    model -= rows[:, :, np.newaxis] * rows[:, np.newaxis, :-1]


def _restore(moments: FloatArray, share: float, prior_fraction: float) -> None:
    """Forget all of W and b but a share, and fill up with the prior."""
    moments *= share
    diagonal = np.arange(moments.shape[2])
    moments[:, diagonal, diagonal] += (1.0 - share) * RIDGE
    moments[0, -1, 0] += (1.0 - share) * RIDGE * prior_fraction


def _invert(moments: FloatArray, model: FloatArray) -> None:
    """W^-1, made exactly symmetric, and W^-1 b."""
    inverse = np.linalg.inv(moments[:, :-1])
    model[:, :-1] = (inverse + inverse.transpose(0, 2, 1)) / 2.0
    model[:, -1] = np.matvec(model[:, :-1], moments[:, -1])


def _arm(state: Arrays, key: str, width: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Moments, model and counts of an arm, to be changed in place.

    An arm that was never met, or had other features, begins with the prior.
    """
    moments = state.get(f"moments/{key}")
    if moments is None or moments.shape[2] != width:
        moments = np.zeros((2, width + 1, width))
        _restore(moments, 0.0, _prior_fraction(key))
        state[f"moments/{key}"] = moments
        state[f"model/{key}"] = _prior_model(key.endswith(SHOWN), width).copy()
        state[f"counts/{key}"] = np.array([state["clock"][0], 1.0, 0.0])
    return moments, state[f"model/{key}"], state[f"counts/{key}"]


def _gather(state: Arrays, arms: tuple[str, ...], width: int) -> tuple[FloatArray, FloatArray]:
    """The arms' models (K, 2, d + 1, d) and counts (K, 3)."""
    models, counts = [], []
    for arm in arms:
        model = state.get(f"model/{arm}")
        if model is None or model.shape[2] != width:
            models.append(_prior_model(arm.endswith(SHOWN), width))
            counts.append(PRIOR_COUNTS)
        else:
            models.append(model)
            counts.append(state[f"counts/{arm}"])
    return np.array(models), np.array(counts)


@lru_cache(maxsize=64)
def _prior_model(shown: bool, width: int) -> FloatArray:
    """W^-1 and W^-1 b before any lesson."""
    model = np.zeros((2, width + 1, width))
    model[:, :-1] = np.eye(width) / RIDGE
    model[0, -1, 0] = PRIOR_FRACTION_SHOWN if shown else PRIOR_FRACTION
    model.setflags(write=False)
    return model


@lru_cache(maxsize=1024)
def _prior_means(arms: tuple[str, ...]) -> FloatArray:
    """Expected fraction and markout (K, 2) before any lesson, whatever the features."""
    means = np.array([(_prior_fraction(arm), 0.0) for arm in arms])
    means.setflags(write=False)
    return means


def _prior_fraction(key: str) -> float:
    return PRIOR_FRACTION_SHOWN if key.endswith(SHOWN) else PRIOR_FRACTION


def _design(features: FloatArray) -> FloatArray:
    """[1, x] with x finite and within the clip."""
    f = np.empty((features.shape[0], features.shape[1] + 1))
    f[:, 0] = 1.0
    f[:, 1:] = clipped(features)
    return f


def _softmax(rewards: FloatArray, temperature: float) -> FloatArray:
    """Weights by row in proportion to exp(reward / temperature), the largest 1; 0 for none."""
    best = rewards.max(axis=1, initial=0.0, keepdims=True)
    return np.where(rewards > 0.0, np.exp((rewards - best) / temperature), 0.0)
