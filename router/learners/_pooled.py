"""One arm's fills over all symbols: they share slopes and typical levels, and have their own.

Owns the posterior of the logits, in two levels. Must not know arms' names, forgetting by the clock
or chance: it takes arrays and returns arrays.

The model of the hazard of bin b at symbol s, given features x (docs/hazard.md, pooled):

    logit = beta_sb + w'x,   beta_sb ~ N(alpha_b, 1/OWN),   theta = (alpha, w) ~ N(m, P^-1).

Given theta, the own levels of a symbol are independent of each other and of other symbols', and all
that its lessons say of them are three sums over its rows of curvature c and pseudo-target z: n_b of
c, h_b of c z, M_b of c x. Then

    beta_sb | theta ~ N((OWN alpha_b + h_b - M_b w) / (OWN + n_b), 1 / (OWN + n_b)).

So theta is kept with its own levels integrated out, as a mean and a precision, and the sums for
each symbol: no symbol's lesson disturbs what another one knows, a new symbol starts at
the shared level, and one that was seen often stands on its own. For Gaussian rows this is
the exact posterior (Lindley & Smith 1972); logistic rows are Gaussian at their mode (Laplace).

Forgetting multiplies what lessons said by a factor f, here a symbol's sums, and with them what they
tell of theta. That is not f times what they told: own levels that are known less well share more.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp

import numpy as np

from router.learners._tails import BINS, Rows
from router.ports import FloatArray

PRIOR_SHARED = 2.0 / 3.0
PRIOR_OWN = 2.0
"""Prior precisions of a shared level and of an own level around it. Their variances, 1.5 and 0.5,
add up to 2: with one symbol the model is that of levels with this prior variance.
A half (choice) is the variance of logits spread evenly between those of 0.67 and 0.96, the zero
bins of 48 stock-pool pairs (Ganchev et al. 2009)."""

PRIOR_WEIGHT = 1.0
"""Prior precision of a feature's weight."""

RIDGE = 1e-6
LOGIT_STEP_MAX = 3.0
LOGIT_STEP_MIN = 1e-3
NEWTON_MAX = 8


@lru_cache(maxsize=16)
def prior_precision(dimensions: int) -> FloatArray:
    """P of theta before anything was learned, (B + D, B + D), read-only."""
    found = np.diag([PRIOR_SHARED] * BINS + [PRIOR_WEIGHT] * dimensions)
    found.setflags(write=False)
    return found


def nothing_own(dimensions: int) -> FloatArray:
    """The sums of a symbol that was never seen: n, h and the D columns of M, (B, 2 + D)."""
    return np.zeros((BINS, 2 + dimensions))


def told_again(own: FloatArray, keep: float | FloatArray) -> FloatArray:
    """(..., B + D, B + D): what sums `own` (..., B, 2 + D), faded by `keep`, tell beyond `keep`.

    Sums tell theta, with the own level of bin b integrated out and u = (n_b at b, M_b), the matrix
    I_b - u u' / (OWN + n_b), where I_b is linear in them. Of the faded ones that is `keep` times
    this, and OWN keep (1 - keep) / ((OWN + n_b) (OWN + keep n_b)) u u' more.
    """
    seen = own[..., 0]
    scale = PRIOR_OWN * keep * (1.0 - keep) / ((PRIOR_OWN + seen) * (PRIOR_OWN + keep * seen))
    u = _levels_and_slopes(seen, own[..., 2:])
    return np.asarray((scale[..., np.newaxis] * u).swapaxes(-1, -2) @ u)


def _levels_and_slopes(levels: FloatArray, slopes: FloatArray) -> FloatArray:
    """(..., R, B + D) rows of the first R bins: `levels` (..., R) each at its own bin, `slopes`
    (..., R, D) after all bins."""
    wide = BINS + slopes.shape[-1]
    found = np.zeros((*levels.shape, wide))
    found.reshape(*levels.shape[:-1], -1)[..., :: wide + 1] = levels
    found[..., BINS:] = slopes
    return found


def conditioned(precision: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """P (K, B + D, B + D) of theta as levels given slopes, and slopes: alpha_b given w is
    N(m_b - ties_b (w - m_w), variance_b), and w is N(m_w, slopes^-1).

    No row has two bins, so that given the slopes the shared levels are independent. Returns
    `ties` (K, B, D), `variance` (K, B) and `slopes` (K, D, D).
    """
    across = precision[:, :BINS, BINS:]
    variance = 1.0 / precision.diagonal(axis1=1, axis2=2)[:, :BINS]
    ties = variance[:, :, np.newaxis] * across
    slopes = precision[:, BINS:, BINS:] - across.transpose(0, 2, 1) @ ties
    return ties, variance, slopes


def logits(theta: FloatArray, own: FloatArray, x: FloatArray) -> FloatArray:
    """(K, B): the logits at theta (K, B + D) and the own levels' mean there; own (K, B, 2 + D)."""
    alpha, w = theta[:, :BINS], theta[:, BINS:, np.newaxis]
    told = own[:, :, 1] - (own[:, :, 2:] @ w)[:, :, 0]
    level = (PRIOR_OWN * alpha + told) / (PRIOR_OWN + own[:, :, 0])
    return np.asarray(level + (x[:, np.newaxis, :] @ w)[:, :, 0])


def observe(
    theta: FloatArray, precision: FloatArray, own: FloatArray, x: FloatArray, found: Rows
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The three after one outcome, row by row: each at its mode given the rows before it.

    The rows are those of the first bins, one each. A row of bin b sees phi theta + h_b v + a
    deviation of variance v = 1 / (OWN + n_b), where phi = (OWN v at b, x - v M_b). As the bins
    are distinct, their deviations are independent, and a row of curvature c tells theta
    c / (1 + c v).
    """
    bins, labels, weights = found
    count = len(bins)
    seen = own[:count]
    variance = 1.0 / (PRIOR_OWN + seen[:, 0])
    slopes = x - variance[:, np.newaxis] * seen[:, 2:]
    phi = _levels_and_slopes(PRIOR_OWN * variance, slopes)
    gain = np.linalg.solve(precision, phi.T)
    cross = phi @ gain
    cross.ravel()[:: count + 1] += variance
    start = phi @ theta + variance * seen[:, 1]
    pull, target, curvature = _modes(start, cross, labels, weights)
    own = own.copy()
    own[:count, 0] += curvature
    own[:count, 1] += target
    own[:count, 2:] += curvature[:, np.newaxis] * x
    told = curvature / (1.0 + curvature * variance)
    precision = precision + (phi.T * told) @ phi
    precision.ravel()[:: len(theta) + 1] += RIDGE
    return theta + gain @ pull, precision, own


def _modes(
    start: FloatArray, cross: FloatArray, labels: FloatArray, weights: FloatArray
) -> FloatArray:
    """R rows whose logits are N(start, cross): pulls, curvature times pseudo-target, curvatures.

    Row after row is replaced by the Gaussian that has its slope and curvature at the mode of what
    is known before it. Back substitution then gives the pulls that all of them together have on
    what was known before the first. In plain numbers: of one to nine rows, arrays cost more.
    """
    mean, rest, count = start.tolist(), cross.tolist(), len(start)
    pulls: list[float] = []
    targets: list[float] = []
    curvatures: list[float] = []
    factors: list[list[float]] = []
    for r, (label, weight) in enumerate(zip(labels.tolist(), weights.tolist(), strict=True)):
        row = rest[r]
        pull, at, curvature = _mode(mean[r], row[r], label, weight)
        share = curvature / (1.0 + curvature * row[r])
        for i in range(r + 1, count):
            tie, later = row[i], rest[i]
            mean[i] += tie * pull
            factor = share * tie
            for j in range(i, count):
                later[j] -= factor * row[j]
        factors.append([share * each for each in row])
        pulls.append(pull)
        targets.append(pull + curvature * at)
        curvatures.append(curvature)
    for r in range(count - 2, -1, -1):
        shares = factors[r]
        for q in range(r + 1, count):
            pulls[r] -= shares[q] * pulls[q]
    return np.array((pulls, targets, curvatures))


def _mode(start: float, variance: float, label: float, weight: float) -> tuple[float, float, float]:
    """The mode of a row whose logit is N(start, variance): pull w (y - p), logit and curvature.

    Newton's method: its first step is the one-step update of docs/hazard.md; those after it
    keep a surprise at a small p (1 - p) from overshooting by many logits.
    """
    pull, at = 0.0, start
    p = _sigmoid_of_one(at)
    for _ in range(NEWTON_MAX):
        residual = weight * (label - p) - pull
        step = residual / (1.0 + weight * p * (1.0 - p) * variance)
        largest = abs(variance * step)
        if largest > LOGIT_STEP_MAX:
            step *= LOGIT_STEP_MAX / largest
        pull += step
        at = start + variance * pull
        p = _sigmoid_of_one(at)
        if largest < LOGIT_STEP_MIN:
            break
    return pull, at, weight * p * (1.0 - p)


def _sigmoid_of_one(z: float) -> float:
    small = exp(-abs(z))
    return (1.0 if z > 0.0 else small) / (1.0 + small)


def sigmoid(z: FloatArray) -> FloatArray:
    """1 / (1 + e^-z), without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -z)))
