"""The arms of one kind of request side by side, kept from one decision to the next.

Owns what a score needs of the state as stacked arrays, faded, with everything that can be solved
before the features are known. A memory and nothing else: it is no part of the state, what it holds
follows from the state alone, and with it or without it scores are the same bit by bit. An arm is
read again when its arrays in the state are others; they are replaced, never changed in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log
from operator import is_not

import numpy as np

from router.learners import _horizons, _pooled
from router.learners._arms import takes_shown
from router.learners._posterior import Scope, faded, read_fills, read_prices
from router.learners._tails import BINS
from router.ports import Arrays, FloatArray

SHEETS_MAX = 256
"""Kinds of requests that are remembered; beyond them all are forgotten."""

FADED_LATE = 0.05
"""Arms that nobody uses fade in steps: so much of what is known may be gone before it is seen."""


def fading_step(gamma: float) -> int:
    """After how many lessons idle arms are faded again: gamma^n is not below 1 - FADED_LATE."""
    return max(1, int(log(1.0 - FADED_LATE) / log(gamma))) if gamma < 1.0 else 1 << 53


class Sheet:
    """K arms, looked at for one symbol."""

    def __init__(self, arms: tuple[str, ...], scope: Scope, gamma: float) -> None:
        self._arms = arms
        self._scope = scope
        self._gamma = gamma
        self._step = fading_step(gamma)
        kinds = ("counts", f"own_counts/{scope.symbol}", "value_counts")
        self._names = [f"{kind}/{arm}" for kind in kinds for arm in arms]
        self._seen: list[FloatArray | None] = []
        self._since = -1.0
        count, wide, features = len(arms), BINS + scope.dimensions, scope.dimensions
        self.root = np.empty((count, wide, wide))
        """(K, B + D, B + D): R of P^-1 = R R', of the shared coefficients' precision."""
        self.weights = np.empty((count, features))
        """(K, D): w at the posterior mean."""
        self.levels = np.empty((count, BINS))
        """(K, B): the symbol's own levels at the posterior mean, as they would be with w = 0."""
        self.shifts = np.empty((count, BINS, features))
        """(K, B, D): what w takes off the own levels, per unit of it."""
        self.own_variance = np.empty((count, BINS))
        """(K, B): of the own levels once the shared coefficients are known."""
        self.drift = np.empty((count, 1 + features))
        """(K, 1 + D): the coefficients of the markout at the main horizon."""
        self.takes = np.array([takes_shown(arm) for arm in arms], dtype=np.bool_)
        """(K,): whether an arm takes what is shown."""
        self.least_adverse = np.where(self.takes, 0.0, -np.inf)
        """(K,): bp. Markouts count from there up where own impact will be paid (docs/hazard.md)."""
        self.drift_covariance = np.empty((count, 1 + features, 1 + features))

    def turn_to(self, state: Arrays) -> None:
        """Bring everything up to the state."""
        clock = float(state["clock"][0])
        since = clock - clock % self._step
        seen = list(map(state.get, self._names))
        if since != self._since or not self._seen:
            self._since = since
            stale = [True] * len(seen)
        else:
            stale = list(map(is_not, seen, self._seen))
            if not any(stale):
                return
        self._seen = seen
        count = len(self._arms)
        fills = [i for i in range(count) if stale[i] or stale[count + i]]
        if fills:
            self._read_fills(state, fills)
        prices = [i for i in range(count) if stale[2 * count + i]]
        if prices:
            self._read_prices(state, prices)

    def _keep(self, clocks: FloatArray) -> FloatArray:
        """What is left of what was known at these clocks."""
        return np.asarray(np.power(self._gamma, np.maximum(0.0, self._since - clocks)))

    def _read_fills(self, state: Arrays, at: Sequence[int]) -> None:
        found = [read_fills(state, self._arms[i], self._scope) for i in at]
        keep = self._keep(np.array([each.counts[0] for each in found]))
        keep_own = self._keep(np.array([each.own_counts[0] for each in found]))
        own = np.array([each.own for each in found])
        precision = np.array([each.precision for each in found])
        precision = faded(precision, keep, _pooled.prior_precision(self._scope.dimensions))
        precision += _pooled.told_again(own, keep_own)
        own *= keep_own[:, np.newaxis, np.newaxis]
        alpha = np.array([each.alpha for each in found])
        self.root[at] = np.linalg.inv(np.linalg.cholesky(precision)).transpose(0, 2, 1)
        self.weights[at] = alpha[:, BINS:]
        self.own_variance[at] = variance = 1.0 / (_pooled.PRIOR_OWN + own[:, :, 0])
        self.levels[at] = variance * (_pooled.PRIOR_OWN * alpha[:, :BINS] + own[:, :, 1])
        self.shifts[at] = variance[:, :, np.newaxis] * own[:, :, 2:]

    def _read_prices(self, state: Arrays, at: Sequence[int]) -> None:
        dimensions = self._scope.dimensions
        found = [read_prices(state, self._arms[i], dimensions) for i in at]
        keep = self._keep(np.array([each.counts[0] for each in found]))
        no_moments, no_sums = _horizons.prior(dimensions)
        moments = faded(np.array([each.moments for each in found]), keep, no_moments)
        sums = faded(np.array([each.sums for each in found]), keep, no_sums)
        self.drift[at], self.drift_covariance[at] = _horizons.solved(moments, sums)


@dataclass(slots=True)
class Sheets:
    """The memory of one learner. Two are always alike: what they hold can be had again."""

    _held: dict[tuple[tuple[str, ...], Scope], Sheet] = field(default_factory=dict, compare=False)

    def of(self, arms: tuple[str, ...], scope: Scope, gamma: float) -> Sheet:
        """The sheet of such requests, as it was left."""
        key = (arms, scope)
        found = self._held.get(key)
        if found is None:
            if len(self._held) >= SHEETS_MAX:
                self._held.clear()
            found = self._held[key] = Sheet(arms, scope, gamma)
        return found
