"""Tails that make the allocator split in proportion to given weights.

Owns that one formula. Knows nothing of arms.
"""

from __future__ import annotations

import numpy as np

from router.ports import FloatArray


def proportional(weights: FloatArray, lots: int) -> FloatArray:
    """(K, lots): T_k(j) = 1 / (1 + (j - 1/2) / w_k); 0 where the weight is 0 or not finite.

    With equal values the best next lot is the one with the smallest (j - 1/2) / w_k, so the split
    is the largest-remainder rounding (Webster) of shares in proportion to w.
    """
    clean = np.where(np.isfinite(weights) & (weights > 0.0), weights, 0.0)[:, np.newaxis]
    place = np.arange(1, lots + 1) - 0.5
    return np.asarray(clean / (clean + place), dtype=np.float64)
