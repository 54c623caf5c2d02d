"""The arms of one kind of request side by side, kept from one decision to the next.

Owns what a score needs of the state as stacked arrays, faded to the clock, with the factor of the
precisions. A memory and nothing else: it is no part of the state, what it holds follows from the
state alone, and with it or without it scores are the same bit by bit. An arm is read again when its
arrays in the state are others; they are replaced, never changed in place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from router.learners import _horizons, _pooled
from router.learners._posterior import Scope, faded, read_fills, read_prices
from router.learners._tails import BINS
from router.ports import Arrays, FloatArray

SHEETS_MAX = 256
"""Kinds of requests that are remembered; beyond them all are forgotten."""


class Sheet:
    """K arms, looked at for one symbol."""

    def __init__(self, arms: tuple[str, ...], scope: Scope) -> None:
        self._arms = arms
        self._scope = scope
        self._names = [
            (f"counts/{arm}", f"own_counts/{scope.symbol}/{arm}", f"value_counts/{arm}")
            for arm in arms
        ]
        self._seen: list[tuple[FloatArray | None, ...] | None] = [None] * len(arms)
        self._clock = -1.0
        count, wide, horizons = len(arms), BINS + scope.dimensions, _horizons.HORIZONS
        self._precision = np.empty((count, wide, wide))
        self._sums_own = np.empty((count, BINS, 2 + scope.dimensions))
        self._moments = np.empty((count, horizons, 1 + scope.dimensions, 1 + scope.dimensions))
        self._sums = np.empty((count, horizons, 1 + scope.dimensions))
        self._clocks = np.empty((3, count))
        self.alpha = np.empty((count, wide))
        """(K, B + D): the mean of the shared coefficients."""
        self.lower: FloatArray = np.empty((0, wide, wide))
        """(K, B + D, B + D): L of P = L L'."""
        self.own = self._sums_own
        """(K, B, 2 + D): what the symbol's own lessons said."""
        self.moments, self.sums = self._moments, self._sums
        """(K, H, 1 + D, 1 + D) and (K, H, 1 + D): of the markouts."""

    def turn_to(self, state: Arrays, keep: Callable[[FloatArray], FloatArray]) -> None:
        """Bring everything up to the state; `keep` says what is left of what was known then."""
        clock = float(state["clock"][0])
        stale = clock != self._clock
        for i, names in enumerate(self._names):
            seen = tuple(map(state.get, names))
            known = self._seen[i]
            if known is None or any(a is not b for a, b in zip(seen, known, strict=True)):
                self._read(state, i)
                self._seen[i] = seen
                stale = True
        if stale:
            self._fade(keep(self._clocks))
            self._clock = clock

    def _read(self, state: Arrays, i: int) -> None:
        fills = read_fills(state, self._arms[i], self._scope)
        prices = read_prices(state, self._arms[i], self._scope.dimensions)
        self.alpha[i], self._precision[i] = fills.alpha, fills.precision
        self._sums_own[i] = fills.own
        self._moments[i], self._sums[i] = prices.moments, prices.sums
        self._clocks[:, i] = fills.counts[0], fills.own_counts[0], prices.counts[0]

    def _fade(self, keep: FloatArray) -> None:
        prior = _pooled.prior_precision(self._scope.dimensions)
        no_moments, no_sums = _horizons.prior(self._scope.dimensions)
        precision = faded(self._precision, keep[0], prior)
        precision += _pooled.told_again(self._sums_own, keep[1])
        self.lower = np.asarray(np.linalg.cholesky(precision))
        self.own = keep[1][:, np.newaxis, np.newaxis] * self._sums_own
        self.moments = faded(self._moments, keep[2], no_moments)
        self.sums = faded(self._sums, keep[2], no_sums)


@dataclass(slots=True)
class Sheets:
    """The memory of one learner. Two are always alike: what they hold can be had again."""

    _held: dict[tuple[tuple[str, ...], Scope], Sheet] = field(default_factory=dict, compare=False)

    def of(self, arms: tuple[str, ...], scope: Scope) -> Sheet:
        """The sheet of such requests, as it was left."""
        key = (arms, scope)
        found = self._held.get(key)
        if found is None:
            if len(self._held) >= SHEETS_MAX:
                self._held.clear()
            found = self._held[key] = Sheet(arms, scope)
        return found
