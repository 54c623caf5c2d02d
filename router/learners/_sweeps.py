"""Scores that make the allocator sweep: arms in order of cost, each up to a size.

Owns the reading of displayed sizes as something that can be taken. Knows nothing of fills.
"""

from __future__ import annotations

import numpy as np

from router.learners._arms import takes_shown
from router.ports import FloatArray, ScoreRequest, Scores


def shown_lots(request: ScoreRequest) -> FloatArray:
    """(K,) whole lots that can be taken, one that is begun counted; 0 where a size is a queue."""
    takes = np.array([takes_shown(arm) for arm in request.arms], dtype=bool)
    shown = request.displayed_lots
    return np.where(takes & np.isfinite(shown) & (shown > 0.0), np.ceil(shown), 0.0)


def sweep(request: ScoreRequest, sizes: FloatArray) -> Scores:
    """Tail 1 for the first `sizes` (K,) lots of each arm, value urgency - cost; 0 if not finite."""
    tails = (np.arange(request.lots) < sizes[:, np.newaxis]).astype(np.float64)
    values = request.urgency_bp - request.cost_bp
    return Scores(tails, tails.copy(), np.where(np.isfinite(values), values, 0.0))
