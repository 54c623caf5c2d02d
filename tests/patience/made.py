"""Steps by hand for the tests of urgency tables."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from router.patience.steps import REMAINING, Level, Steps

MIDDLE = tuple(float(np.sqrt(low * high)) for low, high in pairwise(REMAINING))
"""A value in each bucket of what remains but the first and the last."""

Row = tuple[int, int, Level, float, float, float]
"""Path, step, level, remaining, cost, kept."""


def steps_of(rows: Sequence[Row], *, paid: float = 0.0) -> Steps:
    path, step, level, remaining, cost, kept = (list(each) for each in zip(*rows, strict=True))
    count = len(rows)
    kept_array = np.array(kept, dtype=np.float64)
    return Steps(
        path=np.array(path, np.int64),
        step=np.array(step, np.int64),
        level=np.array(level, np.int64),
        remaining=np.array(remaining, dtype=np.float64),
        market=np.zeros((count, 4)),
        cost=np.array(cost, dtype=np.float64),
        kept=kept_array,
        filled=1.0 - kept_array,
        paid=np.full(count, paid),
        drift=np.zeros(count),
    )
