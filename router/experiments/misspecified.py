"""The contextual world where no contestant's model is right.

Owns that law: an empty venue with a probability that bends with the context, otherwise a log-normal
quantity whose mean has an interaction, and markouts with a threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, log, sqrt

import numpy as np

from router.experiments.context import (
    ADVERSE_BP,
    COUNT,
    DEALER,
    FEATURES,
    LIT,
    LOTS,
    POOLS,
    Context,
    Nature,
)
from router.ports import FloatArray

THRESHOLD_BP = 1.0
"""What the markout rises by where the second feature is above 1."""


class Misspecified(Context):
    """As `Context`, of another nature."""

    def nature(self, law: np.random.Generator) -> Nature:
        """That of a seed."""
        return ZeroInflated.draw(law)


@dataclass(slots=True)
class ZeroInflated:
    """V = 0 with probability p(x), otherwise the whole lots above a log-normal quantity."""

    empty: FloatArray
    """(K,): logit of p at a typical context."""
    empty_weights: FloatArray
    """(K, D)."""
    size: FloatArray
    """(K,): log of the median quantity, lots."""
    size_weights: FloatArray
    """(K, D)."""
    scatter: FloatArray
    """(K,): standard deviation of the log quantity."""
    adverse: FloatArray
    """(K, D)."""

    @classmethod
    def draw(cls, law: np.random.Generator) -> ZeroInflated:
        """Levels as in the well-specified world."""
        empty, size = np.empty(COUNT), np.empty(COUNT)
        empty[LIT], empty[POOLS], empty[DEALER] = -3.0, 1.0, -2.0
        size[LIT], size[POOLS], size[DEALER] = log(5.0), log(15.0), log(4.0)
        shape = COUNT, FEATURES
        return cls(
            empty=empty + 0.4 * law.standard_normal(COUNT),
            empty_weights=0.7 * law.standard_normal(shape),
            size=size + 0.4 * law.standard_normal(COUNT),
            size_weights=0.5 * law.standard_normal(shape),
            scatter=law.uniform(0.6, 1.2, COUNT),
            adverse=0.4 * law.standard_normal(shape),
        )

    def tails(self, x: FloatArray, lots: int) -> FloatArray:
        """P(V >= j) = (1 - p) P(Q > j - 1), Q log-normal."""
        logit = self.empty + 2.0 * np.tanh(np.einsum("kd,kd->k", self.empty_weights, x))
        there = 1.0 / (1.0 + np.exp(logit))
        bend = np.einsum("kd,kd->k", self.size_weights, x) * (1.0 + 0.5 * np.sign(x[:, 0]))
        middle = self.size + np.clip(bend, -2.0, 2.0)
        z = (_LOG_BELOW[:lots] - middle[:, np.newaxis]) / self.scatter[:, np.newaxis]
        return np.asarray(there[:, np.newaxis] * _upper(z))

    def markouts_bp(self, x: FloatArray) -> FloatArray:
        """Linear, and a step."""
        linear = np.einsum("kd,kd->k", self.adverse, x)
        return np.asarray(ADVERSE_BP + linear + THRESHOLD_BP * (x[:, 1] > 1.0))

    def swap(self, one: int, other: int) -> None:
        """All of the liquidity."""
        for part in (self.empty, self.empty_weights, self.size, self.size_weights, self.scatter):
            part[[one, other]] = part[[other, one]]


_LOG_BELOW = np.concatenate([[-np.inf], np.log(np.arange(1, LOTS[1]))])
"""log(j - 1) for j = 1..."""

_erfc = np.frompyfunc(erfc, 1, 1)


def _upper(z: FloatArray) -> FloatArray:
    """1 - Phi(z)."""
    return np.asarray(0.5 * _erfc(z / sqrt(2.0)), dtype=np.float64)
