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
        count, features = len(arms), scope.dimensions
        self.root = np.empty((count, features, features))
        """(K, D, D): R of the covariance R R' of the slopes w, levels integrated out."""
        self.weights = np.empty((count, features))
        """(K, D): w at the posterior mean."""
        self.levels = np.empty((count, BINS))
        """(K, B): the symbol's own levels at the posterior mean, as they would be with w = 0."""
        self.shifts = np.empty((count, BINS, features))
        """(K, B, D): what w takes off the own levels, per unit of it."""
        self.deviations = np.empty((count, 2, BINS))
        """(K, 2, B): of the own levels given w, the part of their own and that of the shared."""
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
            stale = [True] * len(seen)
        else:
            stale = list(map(is_not, seen, self._seen))
            if not any(stale):
                return
        self._since, self._seen = since, []  # until all is read: an arm may be beyond reading
        count = len(self._arms)
        fills = [i for i in range(count) if stale[i] or stale[count + i]]
        if fills:
            self._read_fills(state, fills)
        prices = [i for i in range(count) if stale[2 * count + i]]
        if prices:
            self._read_prices(state, prices)
        self._seen = seen

    def _keep(self, clocks: list[float]) -> FloatArray:
        """(K,) what is left of what was known at these clocks: 1 if it was not long ago."""
        return np.array([self._gamma ** max(0.0, self._since - float(clock)) for clock in clocks])

    def _read_fills(self, state: Arrays, at: Sequence[int]) -> None:
        """No row has two bins: levels are independent given the slopes, whose covariance alone
        has to be factored."""
        alpha, precision, own = self._fills(state, at)
        ties, shared_variance, slopes = _pooled.conditioned(precision)
        self.root[at] = np.linalg.inv(np.linalg.cholesky(slopes)).transpose(0, 2, 1)
        self.weights[at] = weights = alpha[:, BINS:]
        variance = 1.0 / (_pooled.PRIOR_OWN + own[:, :, 0])
        pull = _pooled.PRIOR_OWN * variance
        ties *= pull[:, :, np.newaxis]
        own_levels = pull * alpha[:, :BINS] + variance * own[:, :, 1]
        self.levels[at] = own_levels + np.matvec(ties, weights)
        self.shifts[at] = ties + variance[:, :, np.newaxis] * own[:, :, 2:]
        self.deviations[at, 0] = np.sqrt(variance)
        self.deviations[at, 1] = pull * np.sqrt(shared_variance)

    def _fills(self, state: Arrays, at: Sequence[int]) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Means, precisions and own sums of some arms; what is idle for a while, faded."""
        found = [read_fills(state, self._arms[i], self._scope) for i in at]
        alpha = np.array([each.alpha for each in found])
        precision = np.array([each.precision for each in found])
        own = np.array([each.own for each in found])
        keep = self._keep([each.counts[0] for each in found])
        keep_own = self._keep([each.own_counts[0] for each in found])
        idle = np.flatnonzero((keep < 1.0) | (keep_own < 1.0))
        if len(idle):
            keep, keep_own = keep[idle, np.newaxis], keep_own[idle, np.newaxis]
            prior = _pooled.prior_precision(self._scope.dimensions)
            left = faded(precision[idle], keep[:, np.newaxis], prior)
            precision[idle] = left + _pooled.told_again(own[idle], keep_own)
            own[idle] *= keep_own[:, np.newaxis]
        return alpha, precision, own

    def _read_prices(self, state: Arrays, at: Sequence[int]) -> None:
        dimensions = self._scope.dimensions
        found = [read_prices(state, self._arms[i], dimensions) for i in at]
        moments = np.array([each.moments for each in found])
        sums = np.array([each.sums for each in found])
        keep = self._keep([each.counts[0] for each in found])
        idle = np.flatnonzero(keep < 1.0)
        if len(idle):
            no_moments, no_sums = _horizons.prior(dimensions)
            keep = keep[idle, np.newaxis, np.newaxis]
            moments[idle] = faded(moments[idle], keep[:, np.newaxis], no_moments)
            sums[idle] = faded(sums[idle], keep, no_sums)
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
