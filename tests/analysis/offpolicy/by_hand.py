"""Decisions with two arms that are small enough for a pencil."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from router.analysis.offpolicy.logged import IntArray, Logged
from router.ports import FloatArray, ScoreRequest

ARMS = ("A/dark_mid", "B/dark_mid")
URGENCY = 6.0
COST = (1.0, 2.0)


def decision(
    *,
    placed: Sequence[int],
    filled: Sequence[int],
    known: Sequence[int] | None = None,
    target: Sequence[Sequence[int]],
    draws: Sequence[Sequence[int]] = ((1, 1),),
    markout: Sequence[float] = (np.nan, np.nan),
    min_lots: Sequence[int] = (0, 0),
    observable: Sequence[bool] = (True, True),
    lots: int = 2,
    parent: str = "P",
    is_drawn: bool = True,
) -> Logged:
    return Logged(
        seq=1,
        parent_id=parent,
        day=0,
        request=ScoreRequest(
            symbol="XYZ",
            arms=ARMS,
            features=np.zeros((2, 1)),
            cost_bp=np.array(COST),
            displayed_lots=np.zeros(2),
            lots=lots,
            urgency_bp=URGENCY,
            participation=1.0,
        ),
        min_lots=_ints(min_lots),
        placed=_ints(placed),
        observable=np.array(observable),
        draws=_ints(draws),
        target_draws=_ints(target),
        is_drawn=is_drawn,
        known=_ints(placed if known is None else known),
        filled=_ints(filled),
        markout_bp=_floats(markout),
    )


def _ints(values: Sequence[int] | Sequence[Sequence[int]]) -> IntArray:
    return np.array(values, dtype=np.int64)


def _floats(values: Sequence[float]) -> FloatArray:
    return np.array(values, dtype=np.float64)
