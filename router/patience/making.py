"""Urgency tables of three kinds, made of the same paths.

Owns what each kind is made of, and when a cell has no answer. Must not know where paths come from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from router.patience.induction import (
    COARSE,
    CROSSINGS,
    Buckets,
    by_quantiles,
    crossed,
    learned,
    least,
    steadied,
    worth,
)
from router.patience.steps import Level, Steps
from router.ports import FloatArray

INVENTORY, MARKET_STATE, FITTED = KINDS = ("inventory", "market", "fitted")
"""By time and what remains alone; with the market's state; fitted Q iteration, with it, too."""

VISITS_MIN = 5
"""Waiting and crossing must have been seen so often each, at that time and with about as much left
(COARSE), for a cell to have an answer (choice)."""

Done = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Made:
    """A table, as arrays."""

    kind: str
    buckets: Buckets
    u_bp: FloatArray
    """Of the shape of the buckets; NaN where there is no answer."""
    value_bp: FloatArray
    """Likewise: what a share that remains is expected to cost by the best levels."""
    visits: FloatArray
    """Likewise: steps that began there."""


def make(kind: str, steps: Steps, seed: int, done: Done = lambda name: None) -> Made:
    """One table, of a kind of KINDS."""
    assert kind in KINDS
    buckets = Buckets() if kind == INVENTORY else by_quantiles(steps)
    steps = steadied(steps, buckets)
    if kind == FITTED:
        q = _fitted(steps, buckets, seed, done)
        value = least(q)
    else:
        found = learned(steps, buckets)
        q, value = found.q, found.best
    rough = Buckets(COARSE)
    up = buckets.coarser(rough)
    seen, filled, paid = _crossings(steps, rough)
    u = worth(q, filled[up], paid[up], seen[up])
    enough = seen[:, [Level.WAIT]] >= VISITS_MIN
    enough &= seen[:, list(CROSSINGS)].sum(axis=1, keepdims=True) >= VISITS_MIN
    u = np.where(enough[up, 0], u, np.nan)
    visits = np.bincount(buckets.cell(steps), minlength=buckets.cells).astype(np.float64)
    return Made(kind, buckets, *(each.reshape(buckets.shape) for each in (u, value, visits)))


def _fitted(steps: Steps, buckets: Buckets, seed: int, done: Done) -> FloatArray:
    # Imported when it is needed: it brings scikit-learn.
    from router.patience.fitted import distilled, fit

    q = fit(steps, seed, done)
    fine, plain = distilled(q, steps, buckets), Buckets(buckets.remaining)
    coarse = distilled(q, steps, plain)[buckets.coarser(plain)]
    return np.where(np.isfinite(fine), fine, coarse)


def _crossings(steps: Steps, rough: Buckets) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Visits of each level, and what crossings filled and paid."""
    cell = rough.cell(steps)
    slot = cell * len(Level) + steps.level
    seen = np.bincount(slot, minlength=rough.cells * len(Level)).astype(np.float64)
    return seen.reshape(-1, len(Level)), *crossed(steps, cell, rough.cells)
