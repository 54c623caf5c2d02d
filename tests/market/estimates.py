"""Means over seeds with their standard errors: what a check may claim."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean, or a ratio of means, over independent seeds."""

    mean: float
    error: float
    """Standard error."""
    count: int

    @property
    def low(self) -> float:
        """Two standard errors below."""
        return self.mean - 2.0 * self.error

    @property
    def high(self) -> float:
        """Two standard errors above."""
        return self.mean + 2.0 * self.error

    def __str__(self) -> str:
        return f"{self.mean:.3f} (2 s.e. {2.0 * self.error:.3f}, n = {self.count})"


def estimate(values: Sequence[float]) -> Estimate:
    """The mean of at least two values."""
    error = statistics.stdev(values) / math.sqrt(len(values))
    return Estimate(statistics.fmean(values), error, len(values))


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> Estimate:
    """The ratio of the means, its error by the delta method."""
    below = statistics.fmean(denominators)
    value = statistics.fmean(numerators) / below
    pairs = zip(numerators, denominators, strict=True)
    residuals = [(above - value * under) / below for above, under in pairs]
    return Estimate(value, estimate(residuals).error, len(residuals))


def gap_in_errors(one: Estimate, other: Estimate) -> float:
    """How many standard errors two independent estimates are apart."""
    return abs(one.mean - other.mean) / math.hypot(one.error, other.error)
