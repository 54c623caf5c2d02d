"""Geometric size bins: tails from hazards, and the likelihood rows of a censored outcome.

Owns the arithmetic of learning.md section 2, without state and without chance. Must not know
arms, features or values.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from router.ports import FloatArray

EDGES = np.array([0, 1, 2, 4, 8, 16, 32, 64, 128, 256], dtype=np.int64)
"""Bin b holds the quantities EDGES[b] .. EDGES[b+1] - 1 lots; bin 0 is the zero bin."""

WIDTHS = np.diff(EDGES).astype(np.float64)

BINS = len(WIDTHS)

Rows = tuple[NDArray[np.int64], FloatArray, FloatArray]
"""Bins, labels y (1 = death in the bin) and weights of the rows of one outcome."""


@lru_cache(maxsize=64)
def interpolation(lots: int) -> FloatArray:
    """(BINS, lots): how much of each bin must be survived to reach 1..lots, in widths.

    At most 1, except for the last bin, which goes on falling at its own rate beyond the last edge.
    """
    sizes = np.arange(1, lots + 1, dtype=np.float64)
    share = (sizes - EDGES[:-1, np.newaxis]) / WIDTHS[:, np.newaxis]
    share[:-1] = np.minimum(share[:-1], 1.0)
    share = np.maximum(share, 0.0)
    share.setflags(write=False)
    return share


def tails(logits: FloatArray, lots: int) -> FloatArray:
    """(K, lots): P(V >= j) at j = 1..lots for hazards sigma(logits), logits (K, BINS).

    T(e_b + k) = prod_{c < b} (1 - lambda_c) * (1 - lambda_b)^(k / n_b).
    """
    log_survival = -np.logaddexp(0.0, logits)  # log(1 - sigma(z)), without cancellation
    found: FloatArray = np.exp(log_survival @ interpolation(lots))
    return np.minimum.accumulate(found, axis=1)  # what rounding may have raised by an ulp


def rows(sent: int, filled: int, min_lots: int, hazards: FloatArray) -> Rows:
    """The rows of an order of `sent` lots that was filled with `filled`, MinQty `min_lots`.

    `hazards` (BINS,) are the present ones: they spread an interval's death over its bins.
    """
    if filled >= sent:
        return _survived(sent)
    if filled == 0 and min_lots > 1:
        return _interval(min(min_lots, sent), hazards)
    died_in = _bin(filled)
    labels = np.zeros(died_in + 1)
    labels[-1] = 1.0
    return np.arange(died_in + 1), labels, np.ones(died_in + 1)


def _survived(sent: int) -> Rows:
    """V >= sent: each bin below it was survived, the last one for a part of its width."""
    last = _bin(sent)
    part = min(1.0, float(sent - EDGES[last]) / float(WIDTHS[last]))
    weights = np.ones(last + 1)
    weights[-1] = part
    if part == 0.0:
        weights = weights[:-1]
    return np.arange(len(weights)), np.zeros(len(weights)), weights


def _interval(below: int, hazards: FloatArray) -> Rows:
    """V < below, no more is known: the expected rows under the present hazards (an E-step).

    One death is spread with weights q_b = P(V in bin b | V < below), and who died in bin b has
    survived those before it: bin c has the label q_c / Q_c and the weight Q_c = sum_{b >= c} q_b.
    Deaths alone, without those survivals, would raise the hazards even where V < below is certain.
    """
    last = _bin(below - 1)
    within = np.minimum(1.0, (below - EDGES[: last + 1]) / WIDTHS[: last + 1])
    log_stay = np.log1p(-np.minimum(hazards[: last + 1], 1.0 - 1e-12))
    reach = np.exp(np.concatenate(([0.0], np.cumsum(log_stay)[:-1])))
    deaths = np.maximum(reach * -np.expm1(within * log_stay), 1e-300)
    deaths /= deaths.sum()
    at_risk = np.cumsum(deaths[::-1])[::-1]
    return np.arange(last + 1), deaths / at_risk, at_risk


def _bin(lots: int) -> int:
    return min(BINS - 1, int(np.searchsorted(EDGES, lots, side="right")) - 1)
