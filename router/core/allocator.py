"""Hands out lots, one by one, to the best next lot.

Owns the solution of: maximise sum_i value_i * sum_{j <= s_i} T_i(j) subject to caps, floors and
the lots there are. Tails never increase, hence the objective is concave and greedy is optimal
(Ganchev, Nevmyvaka, Kearns & Vaughan 2009). Knows neither venues nor shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.ports import FloatArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Allocation:
    """Who gets how much."""

    lots_per_candidate: tuple[int, ...]
    marginal_bp: tuple[float, ...]
    """Value times tail of each candidate's next lot, which it was not given; 0 beyond the tail."""


def allocate(
    tails: FloatArray,
    values: FloatArray,
    caps_lots: Sequence[int],
    floors_lots: Sequence[int],
    lots: int,
) -> Allocation:
    """The best split of `lots`: tails (K, L), values (K,), caps and floors in lots.

    Ties go to the candidate that comes first. Nothing is given at a marginal of 0 or less, so the
    sum may stay below `lots`. A floor is a minimum child: all of it or nothing. That is not
    concave, so each candidate that ends below its floor, the largest first, is tried without and
    with its floor and the better one stays: at most K times two splits.
    """
    marginals = _marginals(tails, values)
    count, width = marginals.shape
    caps = np.clip(np.asarray(caps_lots, dtype=np.int64), 0, min(width, max(0, lots)))
    floors = np.minimum(np.asarray(floors_lots, dtype=np.int64), np.iinfo(np.int32).max)
    caps[caps < floors] = 0
    forced = np.zeros(count, dtype=np.int64)
    given = _split(marginals, caps, forced, lots)
    for _ in range(count):
        below = (given > 0) & (given < floors)
        if not below.any():
            break
        at = int(np.argmax(np.where(below, given, -1)))
        caps, forced, given = _settle(marginals, caps, forced, floors, lots, at)
    following = np.minimum(given, max(width - 1, 0))
    last = marginals[np.arange(count), following] if width else np.zeros(count)
    return Allocation(
        tuple(int(s) for s in given),
        tuple(float(m) if s < width else 0.0 for m, s in zip(last, given, strict=True)),
    )


def _marginals(tails: FloatArray, values: FloatArray) -> FloatArray:
    """Value times tail, (K, L), non-increasing along rows whatever rounding did."""
    falling = np.minimum.accumulate(np.clip(tails, 0.0, 1.0), axis=1)
    return values[:, np.newaxis] * falling


def _settle(
    marginals: FloatArray, caps: IntArray, forced: IntArray, floors: IntArray, lots: int, at: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Caps, forced lots and split with candidate `at` either out or at its floor at least."""
    without = caps.copy()
    without[at] = 0
    given_without = _split(marginals, without, forced, lots)
    held = forced.copy()
    held[at] = floors[at]
    if int(held.sum()) > lots:
        return without, forced, given_without
    given_held = _split(marginals, caps, held, lots)
    if _worth(marginals, given_held) > _worth(marginals, given_without):
        return caps, held, given_held
    return without, forced, given_without


def _worth(marginals: FloatArray, given: IntArray) -> float:
    taken = np.arange(marginals.shape[1]) < given[:, np.newaxis]
    return float(np.where(taken, marginals, 0.0).sum())


def _split(marginals: FloatArray, caps: IntArray, forced: IntArray, lots: int) -> IntArray:
    """Greedy from `forced` on. The same as a heap popped lot by lot, without the loop.

    Rows never increase, so the best `left` marginals are a prefix of each row: all above the
    `left`-th largest, and of those equal to it as many as are left, first candidates first.
    """
    left = lots - int(forced.sum())
    column = np.arange(marginals.shape[1])
    open_to = (column >= forced[:, np.newaxis]) & (column < caps[:, np.newaxis])
    wanted = np.where(open_to & (marginals > 0.0), marginals, 0.0)
    positive = np.count_nonzero(wanted, axis=1)
    if left <= 0:
        return forced.copy()
    if int(positive.sum()) <= left:
        return np.asarray(forced + positive)
    flat = wanted.ravel()
    cut = np.partition(flat, flat.size - left)[flat.size - left]
    above = np.count_nonzero(wanted > cut, axis=1)
    ties = np.count_nonzero(wanted == cut, axis=1)
    rest = left - int(above.sum())
    before = np.cumsum(ties) - ties
    return np.asarray(forced + above + np.clip(rest - before, 0, ties))
