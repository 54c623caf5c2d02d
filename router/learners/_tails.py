"""Geometric size bins: tails from hazards, and the likelihood rows of a censored outcome.

Owns the arithmetic of docs/hazard.md, without state and without chance. Must not know
arms, features or values.

An order that rests is observed in intervals: the hazard of the zero bin is that of one interval, so
that nothing comes in m of them with probability lambda_0^m. The sizes are those of all that comes
by its end, once something has come. An order that does not rest has one interval.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from router.ports import CHILD_LOTS, FloatArray

BINS = 9
"""Size bins of every instrument; bin 0 is the zero bin."""

INTERVALS_MAX = 600
"""Of an order that rests longer than so many intervals, these count."""

HAZARD_MAX = 1.0 - 1e-6
"""A larger hazard counts as this much where an interval's death is spread."""

Edges = NDArray[np.int64]
"""(BINS + 1,): bin b holds the quantities edges[b] .. edges[b + 1] - 1 lots."""

Rows = tuple[NDArray[np.int64], FloatArray, FloatArray]
"""Bins, labels y (1 = death in the bin) and weights of the rows of one outcome."""


@lru_cache(maxsize=4096)
def edges_of(child_lots: int) -> Edges:
    """The edges of an instrument, the 99th percentile of whose children is `child_lots`.

    0, 1, 2, 4, 8 ... 256 lots, those above 1 times `child_lots` / 256 and rounded; where children
    are small, one lot apart. The last edge is `child_lots` itself.

    Raises:
        ValueError: if there are more bins than lots.
    """
    if child_lots < BINS:
        raise ValueError(f"child_lots is {child_lots}: {BINS} size bins need {BINS} lots or more")
    edges = [0, 1]
    for power in range(1, BINS):
        edges.append(max(edges[-1] + 1, round(2**power * child_lots / CHILD_LOTS)))
    found = np.array(edges, dtype=np.int64)
    found.setflags(write=False)
    return found


@lru_cache(maxsize=4096)
def _edge_list(child_lots: int) -> list[int]:
    """The same as plain numbers, for one look at one of them."""
    found: list[int] = edges_of(child_lots).tolist()
    return found


@lru_cache(maxsize=256)
def interpolation(lots: int, child_lots: int = CHILD_LOTS) -> FloatArray:
    """(BINS, lots): how much of each bin must be survived to reach 1..lots, in widths.

    At most 1, except for the last bin, which goes on falling at its own rate beyond the last edge.
    """
    edges = edges_of(child_lots)
    sizes = np.arange(1, lots + 1, dtype=np.float64)
    share = (sizes - edges[:-1, np.newaxis]) / np.diff(edges)[:, np.newaxis]
    share[:-1] = np.minimum(share[:-1], 1.0)
    share = np.maximum(share, 0.0)
    share.setflags(write=False)
    return share


def tails(
    logits: FloatArray,
    lots: int,
    child_lots: int = CHILD_LOTS,
    intervals: FloatArray | None = None,
) -> FloatArray:
    """(..., K, lots): P(V >= j) at j = 1..lots for hazards sigma(logits), logits (..., K, BINS).

    T(e_b + k) = prod_{c < b} (1 - lambda_c) * (1 - lambda_b)^(k / n_b), where the first factor is
    1 - lambda_0^m for an order that rests for m `intervals` (K,).
    """
    log_survival = -np.logaddexp(0.0, logits)  # log(1 - sigma(z)), without cancellation
    if intervals is not None:
        something = -np.expm1(-intervals * np.logaddexp(0.0, -logits[..., 0]))
        log_survival[..., 0] = np.log(np.maximum(something, 1e-300))
    found: FloatArray = np.exp(log_survival @ interpolation(lots, child_lots))
    return np.minimum.accumulate(found, axis=-1)  # what rounding may have raised by an ulp


def rows(
    sent: int,
    filled: int,
    min_lots: int,
    hazards: FloatArray,
    child_lots: int = CHILD_LOTS,
    intervals: int = 1,
) -> Rows:
    """The rows of an order of `sent` lots that was filled with `filled`, MinQty `min_lots`.

    `intervals` are those until its first fill, that of the fill included, or without one until its
    end. `hazards` (BINS,) are the present ones: they spread an interval's death over its bins.
    """
    edges = _edge_list(child_lots)
    waited = min(max(1, intervals), INTERVALS_MAX)
    if filled >= sent:
        return _waited(_survived(edges, sent), float(waited - 1))
    if filled == 0 and min_lots > 1:
        return _hidden(edges, min(min_lots, sent), hazards, waited)
    died_in = _bin(edges, filled)
    labels = np.zeros(died_in + 1)
    labels[-1] = 1.0
    return _waited((np.arange(died_in + 1), labels, np.ones(died_in + 1)), float(waited - 1))


def _waited(found: Rows, empty: float) -> Rows:
    """The rows with so many more deaths in the zero bin: intervals in which nothing came."""
    bins, labels, weights = found
    if empty > 0.0 and len(bins):
        deaths = weights[0] * labels[0] + empty
        weights[0] += empty
        labels[0] = deaths / weights[0]
    return found


def _survived(edges: list[int], sent: int) -> Rows:
    """V >= sent: each bin below it was survived, the last one for a part of its width."""
    last = _bin(edges, sent)
    part = min(1.0, (sent - edges[last]) / (edges[last + 1] - edges[last]))
    count = last + 1 if part else last
    weights = np.ones(count)
    if part:
        weights[-1] = part
    return np.arange(count), np.zeros(count), weights


def _hidden(edges: list[int], below: int, hazards: FloatArray, waited: int) -> Rows:
    """V < below, no more is known: the expected rows under the present hazards (an E-step).

    One death is spread with weights q_b = P(V in bin b | V < below), and who died in bin b has
    survived those before it: bin c has the label q_c / Q_c and the weight Q_c = sum_{b >= c} q_b.
    Deaths alone, without those survivals, would raise the hazards even where V < below is certain.

    Nothing in m intervals, of probability q_0, is m deaths in the zero bin. Otherwise something has
    come in one of them, and the expected number of those before it is
    l / (1 - l) - m l^m / (1 - l^m): the mean of a geometric variable that is known to be below m.
    """
    last = _bin(edges, below - 1)
    bounds = np.array(edges[: last + 2])
    within = np.minimum(1.0, (below - bounds[:-1]) / np.diff(bounds))
    hazards = np.minimum(hazards[: last + 1], HAZARD_MAX)
    empty = float(hazards[0])
    hazards[0] = nothing = empty**waited
    log_stay = np.log1p(-hazards)
    reach = np.exp(np.concatenate(([0.0], np.cumsum(log_stay)[:-1])))
    deaths = np.maximum(reach * -np.expm1(within * log_stay), 1e-300)
    deaths /= deaths.sum()
    at_risk = np.cumsum(deaths[::-1])[::-1]
    found = np.arange(last + 1), deaths / at_risk, at_risk
    if waited == 1:
        return found
    before = empty / (1.0 - empty) - waited * nothing / (1.0 - nothing)
    return _waited(found, float(deaths[0] * (waited - 1) + (1.0 - deaths[0]) * before))


def _bin(edges: list[int], lots: int) -> int:
    return min(BINS, bisect_right(edges, lots)) - 1
