"""An arm's share of the hazard learner's state: names of arrays, priors, reading and writing.

Owns where what is known stands in the state, and what stands there before anything is known. Must
not know how it is learned. Arrays in the state are replaced, never changed in place, but for
`clock` and `market`.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np

from router.learners import _horizons, _pooled
from router.learners._tails import BINS
from router.ports import Arrays, FloatArray

PRIOR_LOGIT = -1.0
"""Prior mean of a bin's logit: a hazard of 0.27."""

PRIOR_LOGIT_SHOWN = -3.0
"""The same for arms that take what is shown: a hazard of 0.05. A displayed size is mostly there,
and a learner that does not know that would have to pay for learning it at every venue."""

PRIOR_LOGIT_EMPTY = 3.0
"""The same for the zero bin of arms that rest: in one interval nothing comes with probability 0.95,
in half a minute of them with 0.23."""

SHOWN = ("/lit_take", "/dealer_quote", "/dealer_rfq")
RESTS = ("/lit_make", "/dark_mid")


class Scope(msgspec.Struct, frozen=True):
    """For what fills are looked at."""

    symbol: str
    child_lots: int
    dimensions: int


@dataclass(slots=True)
class Fills:
    """What is known of an arm's fills, and of one symbol's there."""

    alpha: FloatArray
    precision: FloatArray
    counts: FloatArray
    own: FloatArray
    own_counts: FloatArray


@dataclass(slots=True)
class Prices:
    """What is known of the price after an arm's fills."""

    moments: FloatArray
    sums: FloatArray
    counts: FloatArray


def new_fills(key: str, scope: Scope, clock: float) -> Fills:
    """Of an arm that was never met."""
    alpha = np.zeros(BINS + scope.dimensions)
    alpha[:BINS] = PRIOR_LOGIT_SHOWN if key.endswith(SHOWN) else PRIOR_LOGIT
    if key.endswith(RESTS):
        alpha[0] = PRIOR_LOGIT_EMPTY
    return Fills(
        alpha,
        _pooled.prior_precision(scope.dimensions),
        np.array([clock, 0.0, 0.0, 0.0]),
        _pooled.nothing_own(scope.dimensions),
        np.array([clock, float(scope.child_lots)]),
    )


def read_fills(state: Arrays, key: str, scope: Scope) -> Fills:
    """The arm's fills; the prior if it was never met or had other features.

    A symbol has no own sums there if it was never sent, or if they are of other bins.
    """
    clock = float(state["clock"][0])
    alpha = state.get(f"alpha/{key}")
    if alpha is None or len(alpha) != BINS + scope.dimensions:
        return new_fills(key, scope, clock)
    own = state.get(f"own/{scope.symbol}/{key}")
    own_counts = state.get(f"own_counts/{scope.symbol}/{key}")
    shape = (BINS, 2 + scope.dimensions)
    if own is None or own_counts is None or own.shape != shape or own_counts[1] != scope.child_lots:
        own = _pooled.nothing_own(scope.dimensions)
        own_counts = np.array([clock, float(scope.child_lots)])
    return Fills(alpha, state[f"precision/{key}"], state[f"counts/{key}"], own, own_counts)


def write_fills(state: Arrays, key: str, symbol: str, arm: Fills) -> None:
    """Put it into the state."""
    state[f"alpha/{key}"] = arm.alpha
    state[f"precision/{key}"] = arm.precision
    state[f"counts/{key}"] = arm.counts
    state[f"own/{symbol}/{key}"] = arm.own
    state[f"own_counts/{symbol}/{key}"] = arm.own_counts


def read_prices(state: Arrays, key: str, dimensions: int) -> Prices:
    """The arm's prices; the prior if it was never filled or had other features."""
    sums = state.get(f"value_b/{key}")
    if sums is None or sums.shape[1] != 1 + dimensions:
        return Prices(*_horizons.prior(dimensions), np.array([state["clock"][0], 0.0, 0.0]))
    return Prices(state[f"value_a/{key}"], sums, state[f"value_counts/{key}"])


def write_prices(state: Arrays, key: str, arm: Prices) -> None:
    """Put it into the state."""
    state[f"value_a/{key}"] = arm.moments
    state[f"value_b/{key}"] = arm.sums
    state[f"value_counts/{key}"] = arm.counts


def shapes(dimensions: int) -> dict[str, tuple[int, ...]]:
    """The shapes of the state's arrays, by the beginning of their names."""
    horizons, wide = _horizons.HORIZONS, BINS + dimensions
    return {
        "clock": (1,),
        "market": (horizons, 2),
        "alpha/": (wide,),
        "precision/": (wide, wide),
        "counts/": (4,),
        "own/": (BINS, 2 + dimensions),
        "own_counts/": (2,),
        "value_a/": (horizons, 1 + dimensions, 1 + dimensions),
        "value_b/": (horizons, 1 + dimensions),
        "value_counts/": (3,),
    }


def faded(known: FloatArray, keep: float | FloatArray, prior: FloatArray) -> FloatArray:
    """What is left of moments, and the prior's in place of the rest.

    Written so that nothing known stays exactly the prior, however often it fades.
    """
    found: FloatArray = known - prior
    found *= keep
    found += prior
    return found
