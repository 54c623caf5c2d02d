"""A synthetic world: decisions that have to be taken, and what is true of each of them.

Owns the shape of a world, and the one way in which hidden quantities are drawn from fill curves.
Must not know learners: what is drawn does not depend on what is decided, so every contestant meets
the same decisions with the same hidden quantities (common random numbers).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from router.ports import MAIN_HORIZON, MARKOUT_HORIZONS, FloatArray, ScoreRequest

IntArray = NDArray[np.int64]

SYMBOL = "SYN"
"""The instrument of every synthetic world."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One decision among K arms for L lots."""

    request: ScoreRequest
    hidden: IntArray
    """(K,) lots that could be had now; those beyond L are not told apart."""
    markouts_bp: FloatArray
    """(K, H) the markout that a fill would show at each horizon to the main one, noise and all."""
    tails: FloatArray
    """(K, L): the true P(V >= j), j = 1..L."""
    values: FloatArray
    """(K,): the true value of a filled lot, bp."""


class World(Protocol):
    """A law of decisions."""

    @property
    def arms(self) -> tuple[str, ...]:
        """K keys, `MIC/tactic`. A pool's is `dark_ioc`: it answers at once, so that nobody believes
        that the order rests there as it does for `dark_mid`."""

    @property
    def dimensions(self) -> int:
        """Features of a candidate: D."""

    @property
    def decisions(self) -> int:
        """How many there are."""

    @property
    def breaks_at(self) -> int | None:
        """The decision at which the law changes, if it does."""

    def moments(self, seed: int) -> Iterator[Moment]:
        """All decisions of a seed, in order."""


def stream(seed: int, purpose: int) -> np.random.Generator:
    """The chance of one purpose of a seed: nothing drawn for one moves another."""
    return np.random.Generator(np.random.Philox(key=[seed, purpose]))


SPANS = np.diff(MARKOUT_HORIZONS[: MAIN_HORIZON + 1], prepend=0.0)
"""(H,) the time between one horizon and the next, of that from the fill to the main one."""


def paths(mean: FloatArray, noise_bp: float, chance: np.random.Generator) -> FloatArray:
    """(K, H) markouts at each horizon: a random walk that drifts to `mean` (K,) at the main one,
    with the standard deviation `noise_bp` there."""
    steps = np.sqrt(SPANS) * noise_bp * chance.standard_normal((len(mean), len(SPANS)))
    return np.asarray(np.cumsum(mean[:, np.newaxis] * SPANS + steps, axis=1))


def hidden_lots(tails: FloatArray, u: FloatArray) -> IntArray:
    """(K,) quantities with P(V >= j) = T(j), from tails (K, L) and uniforms (K,)."""
    return np.asarray(np.count_nonzero(tails > u[:, np.newaxis], axis=1), dtype=np.int64)
