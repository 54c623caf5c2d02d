"""What paths are made of: levels of patience, and the steps in which a parent was worked by them.

Owns the shapes that training reads and the bounds of the state's buckets. Must not know where a
path was walked, nor what becomes of it. Everything of a step's state was known when it began.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from router.core.urgency_table import MARKET
from router.ports import FloatArray

IntArray = NDArray[np.int64]

STEPS = 10
"""Buckets of the time left, equal parts of the parent's horizon."""

REMAINING = tuple(float(edge) for edge in np.geomspace(0.0002, 0.032, 9))
"""Between the buckets of what remains, as a share of ADV: ten of them (choice). By the square-root
law it is this share, and not that of the order, that says what a share costs."""

MARKET_LEVELS = (2, 3, 2, 2)
"""Levels of each feature of `router.core.urgency_table.MARKET`, split at quantiles of the paths."""


class Level(IntEnum):
    """What is done for a step."""

    WAIT = 0
    BEHIND = 1
    """Rest one tick behind the near touch."""
    TOUCH = 2
    """Rest at the near touch."""
    MIDPOINT = 3
    """Rest at the midpoint of dark pools."""
    CROSS_PART = 4
    """Take what keeps the pace: what remains over the steps that are left."""
    CROSS_ALL = 5
    """Take whatever is shown, round after round."""


LEVELS = tuple(level.name.lower() for level in Level)


@dataclass(frozen=True, slots=True)
class Steps:
    """N steps of any number of paths. Costs in bp of the mid at the step's beginning, + is paid,
    per share that remained then."""

    path: IntArray
    """(N,): which path; the steps of one follow one another."""
    step: IntArray
    """(N,): 0 for the first of the horizon's STEPS."""
    level: IntArray
    """(N,)."""
    remaining: FloatArray
    """(N,): shares that were not filled when it began, over ADV; above 0."""
    market: FloatArray
    """(N, 4): MARKET as decisions see it, standardised."""
    cost: FloatArray
    """(N,): fills against the mid with fees, and the mid's move on what was left. In the last step
    what is left crosses by force."""
    kept: FloatArray
    """(N,): what was left over what there was; 0 in the last step."""
    filled: FloatArray
    """(N,): shares that were filled over those that remained, those that crossed by force not."""
    paid: FloatArray
    """(N,): price against the mid when it was sent, and fees, a filled share; part of the cost."""
    drift: FloatArray
    """(N,): how far the price went against the parent by itself, as a simulated market knows: not
    by what was done, and by chance, so that its mean is 0 whatever is done; 0 where unknown."""

    def __post_init__(self) -> None:
        count = len(self.path)
        assert self.market.shape == (count, len(MARKET))
        assert all(len(getattr(self, each.name)) == count for each in fields(self))

    def __len__(self) -> int:
        return len(self.path)

    def taken(self, rows: IntArray | NDArray[np.bool_]) -> Steps:
        """Some of them."""
        return Steps(*(getattr(self, each.name)[rows] for each in fields(self)))

    def successors(self) -> IntArray:
        """(N,): the row of each step's next one; -1 after a path's last."""
        follows = np.arange(1, len(self) + 1)
        follows[-1:] = -1
        follows[:-1][self.path[1:] != self.path[:-1]] = -1
        return follows


def joined(parts: Sequence[Steps]) -> Steps:
    """The steps of several walks, paths counted on."""
    paths, first = [], 0
    for part in parts:
        paths.append(part.path + first)
        first += int(part.path.max(initial=-1)) + 1
    rest = [
        np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Steps)[1:]
    ]
    return Steps(np.concatenate(paths), *rest)
