"""One decision of a log, in lots: what was placed, what became of it, and what else was likely.

Owns the shapes that the estimators share. K candidates, L lots to place, M draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.ports import Arrays, FloatArray, Learner, Lesson, Markout, ScoreRequest

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(slots=True)
class Logged:
    """A decision. What its children came to is written into it when that is known."""

    seq: int
    parent_id: str
    day: int
    """Days since 1970-01-01 UTC."""
    request: ScoreRequest
    """What every learner is asked: K arms, their features and costs, u(x), L lots."""
    min_lots: IntArray
    """(K,) MinQty(110): nothing below it fills."""
    placed: IntArray
    """(K,) a_i, as decided."""
    observable: BoolArray
    """(K,) False for a question to a dealer: what it is answered is no outcome of lots."""
    draws: IntArray
    """(M, K) what the learner that decided would have placed, drawn again."""
    target_draws: IntArray
    """(M, K) what the target would have placed."""
    is_drawn: bool
    """True if the learner that decided drew its scores, False if it would always decide so."""
    known: IntArray
    """(K,) of the placed lots, how many have a known outcome. Never a function of that outcome."""
    filled: IntArray
    """(K,) r_i: of the known lots, how many were filled. The first of them."""
    markout_bp: FloatArray
    """(K,) of the fills, + is adverse; NaN if there was none or it was not seen."""

    @property
    def hits(self) -> BoolArray:
        """(K, L) 1{r_i >= j}; it says something where j <= known_i only."""
        return at_least(self.filled, self.request.lots)


@dataclass(frozen=True, slots=True)
class Taught:
    """A lesson or a markout, and whose child it was."""

    parent_id: str
    lesson: Lesson | Markout

    def teach(self, learner: Learner, state: Arrays) -> None:
        """Give it to a learner."""
        if isinstance(self.lesson, Markout):
            learner.mark(state, self.lesson)
        else:
            learner.learn(state, self.lesson)


def at_least(lots: IntArray, width: int) -> BoolArray:
    """(..., width) 1{lots >= j} for j = 1..width."""
    return np.asarray(lots[..., np.newaxis] >= np.arange(1, width + 1))
