"""Hands out lots, one by one, to the best next lot.

Owns the solution of: maximise sum_i (value_i * sum_{j <= s_i} T_i(j) - footprint s_i (s_i - 1) / 2)
subject to caps, floors and the lots there are. Tails never increase, hence the objective is concave
and greedy is optimal (Ganchev, Nevmyvaka, Kearns & Vaughan 2009). Knows neither venues nor shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from router.ports import FloatArray

IntArray = NDArray[np.int64]

FEW = 64
"""Lots times candidates that are shared in plain numbers."""

BRANCHES_MAX = 16
"""Branches that are looked at for the sake of floors, beyond one for each candidate."""


class Allocation(msgspec.Struct, frozen=True):
    """Who gets how much."""

    lots_per_candidate: tuple[int, ...]
    marginal_bp: tuple[float, ...]
    """What each candidate's next lot, which it was not given, is worth; 0 beyond the tail."""


def allocate(
    tails: FloatArray,
    values: FloatArray,
    caps_lots: Sequence[int],
    floors_lots: Sequence[int],
    lots: int,
    *,
    footprint: float = 0.0,
) -> Allocation:
    """The best split of `lots`: tails (K, L), values (K,), caps and floors in lots.

    Ties go to the candidate that comes first. Nothing is given at a marginal of 0 or less, so the
    sum may stay below `lots`. A floor is a minimum child: so much at least, or nothing. That is
    not concave, so splits with and without those below their floors are compared, a
    bounded number of them: with up to three such candidates the result is the best there is.
    """
    marginals = marginals_of(tails, values, footprint)
    width = marginals.shape[1]
    most = min(width, max(0, lots))
    caps = [
        0 if cap < floor else min(max(cap, 0), most)
        for cap, floor in zip(caps_lots, floors_lots, strict=True)
    ]
    split = _split(marginals, np.array(caps, dtype=np.int64), _none(len(caps)), lots)
    given: list[int] = split.tolist()
    if any(0 < each < floor for each, floor in zip(given, floors_lots, strict=True)):
        floors = np.array([min(floor, most + 1) for floor in floors_lots], dtype=np.int64)
        given = _with_floors(marginals, np.array(caps), floors, lots, split).tolist()
    at = marginals.item
    nexts = [at(i, each) if each < width else 0.0 for i, each in enumerate(given)]
    return Allocation(tuple(given), tuple(nexts))


def marginals_of(tails: FloatArray, values: FloatArray, footprint: float = 0.0) -> FloatArray:
    """What each lot is worth, (K, L), non-increasing along rows whatever rounding did.

    Value times tail, less `footprint` for each lot before it.
    """
    marginals = values[:, np.newaxis] * np.minimum.accumulate(tails, axis=1)
    if footprint > 0.0:
        marginals -= footprint * _column(marginals.shape[1])
    return np.asarray(marginals)


def _with_floors(
    marginals: FloatArray, caps: IntArray, floors: IntArray, lots: int, given: IntArray
) -> IntArray:
    """The best split in which nobody is below a floor, found by branch and bound.

    A split without floors is worth at least as much as one with them, so it bounds its branch. A
    branch tries the candidate that is below its floor, the largest first, without and with it;
    the better of the two is followed first, so that K steps lead to the first whole answer.
    """
    best = _split(marginals, np.where(floors > 1, 0, caps), _none(len(caps)), lots)
    best_worth = worth_of(marginals, best)
    stack = [_Branch(worth_of(marginals, given), given, caps, _none(len(caps)))]
    for _ in range(BRANCHES_MAX + len(caps)):
        if not stack:
            break
        branch = stack.pop()
        if branch.worth <= best_worth:
            continue
        below = (branch.given > 0) & (branch.given < floors)
        if not below.any():
            best, best_worth = branch.given, branch.worth
            continue
        at = int(np.argmax(np.where(below, branch.given, -1)))
        stack.extend(sorted(_branches(marginals, branch, floors, lots, at), key=_by_worth))
    return best


@dataclass(frozen=True, slots=True)
class _Branch:
    """A split and the caps and forced lots that it was made with."""

    worth: float
    given: IntArray
    caps: IntArray
    forced: IntArray


def _by_worth(branch: _Branch) -> float:
    return branch.worth


def _branches(
    marginals: FloatArray, branch: _Branch, floors: IntArray, lots: int, at: int
) -> list[_Branch]:
    """The branch with candidate `at` out, and with its floor at least, if the lots suffice."""
    out = branch.caps.copy()
    out[at] = 0
    held = branch.forced.copy()
    held[at] = floors[at]
    found = []
    for caps, forced in ((out, branch.forced), (branch.caps, held)):
        if int(forced.sum()) <= lots:
            given = _split(marginals, caps, forced, lots)
            found.append(_Branch(worth_of(marginals, given), given, caps, forced))
    return found


def worth_of(marginals: FloatArray, given: IntArray) -> float:
    """What a split is expected to earn: the marginals of the lots (K,) that it gives, summed."""
    taken = np.arange(marginals.shape[1]) < given[:, np.newaxis]
    return float(np.where(taken, marginals, 0.0).sum())


def _split(marginals: FloatArray, caps: IntArray, forced: IntArray, lots: int) -> IntArray:
    """Greedy from `forced` on. The same as a heap popped lot by lot, without the loop.

    Rows never increase, so the best `left` marginals are a prefix of each row: all above the
    `left`-th largest, and of those equal to it as many as are left, first candidates first.
    """
    left = lots - int(np.add.reduce(forced))
    if left <= 0:
        return forced.copy()
    if marginals.size <= FEW:
        given = _split_few(marginals.tolist(), caps.tolist(), forced.tolist(), left)
        return np.array(given, dtype=np.int64)
    column = _column(marginals.shape[1])
    open_ = column < caps[:, np.newaxis]
    if left < lots:
        open_ &= column >= forced[:, np.newaxis]
    wanted = np.where(open_, np.fmax(marginals, 0.0), 0.0)  # no number is worth nothing
    flat = wanted.ravel()
    cut = np.partition(flat, flat.size - left)[flat.size - left] if left < flat.size else 0.0
    above = np.add.reduce(wanted > cut, axis=1)
    if cut == 0.0:
        return np.asarray(forced + above)
    ties = np.add.reduce(wanted == cut, axis=1)
    rest = left - int(np.add.reduce(above))
    before = np.add.accumulate(ties) - ties
    return np.asarray(forced + above + np.minimum(np.maximum(rest - before, 0), ties))


def _split_few(
    marginals: list[list[float]], caps: list[int], forced: list[int], left: int
) -> list[int]:
    """The same in plain numbers: of a few lots, arrays cost five times as much.

    What is open are the lots of each row from `forced` to its cap; of lots that are worth the same
    the first candidate's come first, and a row's in their order. `sort` is stable.
    """
    wanted = [
        (each, i)
        for i, row in enumerate(marginals)
        for each in row[forced[i] : caps[i]]
        if each > 0.0
    ]
    given = list(forced)
    wanted.sort(key=_worth, reverse=True)
    for _, i in wanted[:left]:
        given[i] += 1
    return given


def _worth(lot: tuple[float, int]) -> float:
    return lot[0]


@lru_cache(maxsize=1024)
def _column(width: int) -> IntArray:
    """0 .. width - 1, read-only."""
    found = np.arange(width)
    found.setflags(write=False)
    return found


@lru_cache(maxsize=256)
def _none(count: int) -> IntArray:
    """(count,) zeros, read-only."""
    found = np.zeros(count, dtype=np.int64)
    found.setflags(write=False)
    return found
