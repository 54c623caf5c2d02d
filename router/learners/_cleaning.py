"""Numbers that learners may take: finite, and features within their clip.

Owns what stands in place of what is not a number. Knows nothing of arms or models.
"""

from __future__ import annotations

from math import isfinite

import numpy as np

from router.ports import FloatArray

FEATURE_MAX = 4.0
"""Features are clipped to +- so many standard deviations (docs/hazard.md)."""


def finite(values: FloatArray) -> FloatArray:
    """What is not a number is 0, like what is missing. Most often their squares' sum shows that
    all are."""
    if isfinite(np.vdot(values, values)):
        return values
    return np.where(np.isfinite(values), values, 0.0)


def clipped(features: FloatArray) -> FloatArray:
    """Features of any shape, finite and within the clip."""
    return np.minimum(np.maximum(finite(features), -FEATURE_MAX), FEATURE_MAX)
