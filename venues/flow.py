"""The exogenous part of background flow: when takers come, on which side, for how much.

Owns clocks, signs and sizes of background market orders. None of them looks at a book, so the
router's orders cannot change them: two runs of one seed see the same takers at the same times.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from router.model import NS
from venues.chance import Stream

Vector = NDArray[np.float64]

MEMORY = 200
"""Orders that a sign can be copied from; the lags over which its memory is measured."""

LONG_MEMORY = 0.15
"""Probability that a sign is copied from two or more orders ago, before weights by lag."""

LOTS_MAX = 100
"""Largest background order, lots."""


@dataclass(frozen=True, slots=True)
class Session:
    """The trading day and how activity is spread over it."""

    open_at: int
    """UTC nanoseconds."""
    close_at: int
    u_shape: tuple[float, ...]
    """Volume shares of equal parts of the day."""

    def activity(self, at: int) -> float:
        """Intensity relative to the day's mean."""
        parts = len(self.u_shape)
        part = (at - self.open_at) * parts // (self.close_at - self.open_at)
        return self.u_shape[min(max(part, 0), parts - 1)] * parts


class Clock:
    """Arrival times with a given mean rate and a given std/mean of the time between them.

    For a ratio c above 1 the times between are hyperexponential with balanced means: rate 2 p r
    with probability p and 2 (1 - p) r otherwise, p = (1 + sqrt((c^2 - 1) / (c^2 + 1))) / 2. Short
    times come in bursts because the phase is kept with probability `STAY`, which leaves mean and
    std as they are.
    """

    STAY = 0.6

    def __init__(self, stream: Stream, session: Session, rate: float, cv: float = 1.0) -> None:
        assert cv >= 1.0
        self._stream = stream
        self._session = session
        self.change(rate, cv)
        self._phase = self._draw()

    def change(self, rate: float, cv: float = 1.0) -> None:
        """Another rate and variation from the next arrival on."""
        self._p = (1.0 + math.sqrt((cv * cv - 1.0) / (cv * cv + 1.0))) / 2.0
        self._rates = (2.0 * self._p * rate, 2.0 * (1.0 - self._p) * rate)

    def after(self, at: int) -> int:
        """The next arrival, UTC nanoseconds."""
        if self._stream.uniform() >= self.STAY:
            self._phase = self._draw()
        wait = self._stream.exponential() / self._rates[self._phase]
        return at + max(1, round(wait / self._session.activity(at) * NS))

    def _draw(self) -> int:
        return 0 if self._stream.uniform() < self._p else 1


@lru_cache
def _weights(acf1: float, gamma: float) -> Vector:
    """Copy probabilities by lag so that the first autocorrelation is `acf1`.

    A sign that copies the one of lag j with probability w_j, and is a coin otherwise, has
    autocorrelations that solve rho_k = sum_j w_j rho_|k-j| (Jacobs & Lewis 1978, DAR). The long
    part falls as lag^-(1 + gamma), the short part w_1 is found by bisection.
    """
    lags = np.arange(1, MEMORY + 1)
    tail = lags.astype(np.float64) ** -(1.0 + gamma)
    tail[0] = 0.0
    tail *= LONG_MEMORY / tail.sum()
    low, high = 0.0, 1.0 - LONG_MEMORY
    for _ in range(25):
        weights = tail.copy()
        weights[0] = (low + high) / 2.0
        if _first_autocorrelation(weights) < acf1:
            low = weights[0]
        else:
            high = weights[0]
    return weights


def _first_autocorrelation(weights: Vector) -> float:
    """rho_1 of the signs that copy by these weights."""
    size = len(weights)
    lag, copied = np.meshgrid(np.arange(1, size + 1), np.arange(1, size + 1), indexing="ij")
    between = np.abs(lag - copied)
    apart = between > 0
    matrix = np.eye(size)
    np.subtract.at(matrix, (lag[apart] - 1, between[apart] - 1), weights[copied[apart] - 1])
    return float(np.linalg.solve(matrix, weights)[0])


class Signs:
    """Sides of successive market orders: short memory by repetition, a weak long memory."""

    def __init__(self, stream: Stream, acf1: float, gamma: float) -> None:
        self._stream = stream
        self.change(acf1, gamma)
        self._past: deque[int] = deque(maxlen=MEMORY)
        while len(self._past) < MEMORY:
            self._past.appendleft(1 if stream.uniform() < 0.5 else -1)

    def change(self, acf1: float, gamma: float) -> None:
        """Another memory of the same past."""
        weights = _weights(acf1, gamma)
        self._weights: list[float] = weights.tolist()
        self._cumulative = np.cumsum(weights)

    def expected(self) -> float:
        """What the next sign is expected to be."""
        return sum(w * s for w, s in zip(self._weights, self._past, strict=True))

    def draw(self) -> tuple[int, float]:
        """The next sign, and what it was expected to be."""
        expected = self.expected()
        u = self._stream.uniform()
        lag = int(np.searchsorted(self._cumulative, u, side="right"))
        coin = 1 if self._stream.uniform() < 0.5 else -1
        sign = self._past[lag] if lag < MEMORY else coin
        self._past.appendleft(sign)
        return sign, expected


class Sizes:
    """Shares of a market order: one lot with `p_lot`, else a Pareto tail with the given mean."""

    def __init__(
        self, stream: Stream, *, lot: int, p_lot: float, mean: float, tail_alpha: float
    ) -> None:
        self._stream = stream
        self.change(lot=lot, p_lot=p_lot, mean=mean, tail_alpha=tail_alpha)

    def change(self, *, lot: int, p_lot: float, mean: float, tail_alpha: float) -> None:
        """Another law from the next order on."""
        self._lot = lot
        self._p_lot = p_lot
        self._alpha = tail_alpha
        tail_mean = (mean / lot - p_lot) / (1.0 - p_lot) if p_lot < 1.0 else 1.0
        self._scale = _tail_scale(tail_mean, tail_alpha)

    def draw(self) -> int:
        """Shares, whole lots."""
        one_lot = self._stream.uniform() < self._p_lot
        tail = self._scale * (1.0 - self._stream.uniform()) ** (-1.0 / self._alpha)
        return self._lot * (1 if one_lot else min(LOTS_MAX, max(2, math.floor(tail))))


def _tail_scale(mean: float, alpha: float) -> float:
    """The Pareto scale for which whole lots from 2 to `LOTS_MAX` have the mean, by bisection."""
    low, high = 0.1, float(LOTS_MAX)
    for _ in range(60):
        scale = (low + high) / 2.0
        # E = 2 + sum over n > 2 of P(X >= n), with P(X >= n) = min(1, (scale / n)^alpha).
        expected = 2.0 + sum(min(1.0, (scale / n) ** alpha) for n in range(3, LOTS_MAX + 1))
        low, high = (scale, high) if expected < mean else (low, scale)
    return (low + high) / 2.0
