"""Backward induction over paths, and what it says of a share: Nevmyvaka, Feng & Kearns (2006).

Owns the recursion, from the last step to the first, with c a step's cost and k what it kept:

    Q(t, s, a) <- (1 - eta) Q(t, s, a) + eta [c + k min_a' Q(t + 1, s', a')]

Costs are per share that remained, hence k. With eta = 1 / (w + n) at the n-th visit, Q is the mean
of what was seen and of w visits' worth of a prior, which is what a coarser state says; so cells
that were hardly seen say what their neighbours do. Must not know markets.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from router.core.urgency_table import MARKET
from router.patience.steps import (
    MARKET_LEVELS,
    REMAINING,
    STEPS,
    IntArray,
    Level,
    Steps,
)
from router.ports import FloatArray

PRIOR_VISITS = 10.0
"""What the coarser state counts (choice)."""

COARSE = REMAINING[2::3]
"""Bounds of what remains in the first of the coarser states that know of it."""

CROSSINGS = (Level.CROSS_PART, Level.CROSS_ALL)


@dataclass(frozen=True, slots=True)
class Buckets:
    """How a state becomes a cell: bounds of what remains, and of the market's features."""

    remaining: tuple[float, ...] = REMAINING
    market: tuple[tuple[float, ...], ...] = ((),) * len(MARKET)
    """None for a feature: one level."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Steps, buckets of what remains, levels of each feature."""
        return (STEPS, len(self.remaining) + 1, *(len(each) + 1 for each in self.market))

    @property
    def cells(self) -> int:
        """How many there are."""
        return int(np.prod(self.shape))

    def cell(self, steps: Steps) -> IntArray:
        """(N,): the cell of each step, counted through."""
        at = [steps.step, np.searchsorted(self.remaining, steps.remaining, side="right")]
        for edges, values in zip(self.market, steps.market.T, strict=True):
            at.append(np.searchsorted(edges, values, side="right"))
        return np.ravel_multi_index(tuple(at), self.shape).astype(np.int64)

    def coarser(self, other: Buckets) -> IntArray:
        """(C,): the cell of `other`, whose bounds are some of ours, for each of ours."""
        at = np.unravel_index(np.arange(self.cells), self.shape)
        pairs = zip((self.remaining, *self.market), (other.remaining, *other.market), strict=True)
        fit = [at[0]]
        for where, (ours, theirs) in zip(at[1:], pairs, strict=True):
            below = np.concatenate([[-np.inf], ours])[where]
            fit.append(np.searchsorted(theirs, below, side="right"))
        return np.ravel_multi_index(tuple(fit), other.shape).astype(np.int64)


def by_quantiles(steps: Steps) -> Buckets:
    """Levels of the market's state of which each has been seen as often as the others."""
    edges = []
    for levels, values in zip(MARKET_LEVELS, steps.market.T, strict=True):
        parts = np.quantile(values, np.arange(1, levels) / levels)
        edges.append(tuple(float(each) for each in np.unique(parts)))
    return Buckets(market=tuple(edges))


@dataclass(frozen=True, slots=True)
class Costs:
    """Q and how often it was seen, C cells by L levels; NaN where nothing was and no prior is."""

    q: FloatArray
    halves: FloatArray
    """(2, C, L): the same by the paths of even and of odd numbers alone."""
    visits: FloatArray

    @property
    def best(self) -> FloatArray:
        """(C,): the cost by the best level; NaN where none is known.

        The least of several noisy means lies below every one of them in truth, and the recursion
        would add that up over the horizon. So one half of the paths chooses the level, and the
        other says what it costs (van Hasselt 2010).
        """
        told = np.stack([_chosen(*self.halves), _chosen(*self.halves[::-1])])
        known = np.isfinite(told)
        mean = np.where(known, told, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        return np.where(known.any(axis=0), mean, least(self.q))

    def of(self, cells: IntArray) -> Costs:
        """Those of some cells, in that order."""
        return Costs(self.q[cells], self.halves[:, cells], self.visits[cells])


def _chosen(chooser: FloatArray, teller: FloatArray) -> FloatArray:
    """What one half says of the level that the other chooses; NaN where either knows nothing."""
    known = np.where(np.isfinite(chooser), chooser, np.inf)
    told = teller[np.arange(len(known)), known.argmin(axis=1)]
    return np.where(np.isfinite(known.min(axis=1)), told, np.nan)


def least(q: FloatArray) -> FloatArray:
    """The minimum of each row over what is known; NaN if nothing is."""
    known = np.where(np.isfinite(q), q, np.inf).min(axis=1)
    return np.where(np.isfinite(known), known, np.nan)


def induce(steps: Steps, cell: IntArray, cells: int, prior: Costs | None = None) -> Costs:
    """Q of (C, L), from the last step to the first; `prior` is of the same shape.

    A cell belongs to one step of the horizon only.
    """
    shape = (cells, len(Level))
    weight = 0.0 if prior is None else PRIOR_VISITS
    q = np.full(shape, np.nan) if prior is None else prior.q.copy()
    halves = np.full((2, *shape), np.nan) if prior is None else prior.halves.copy()
    found = Costs(q, halves, np.zeros(shape))
    follows = steps.successors()
    for step in np.unique(steps.step)[::-1]:
        rows = np.flatnonzero(steps.step == step)
        after = follows[rows]
        ahead = np.where(after >= 0, found.best[cell[after]], 0.0)
        target = targets(steps.taken(rows), ahead)
        half = steps.path[rows] % 2
        found.visits[:] += _update(found.q, cell[rows], steps.level[rows], target, weight)
        for which in (0, 1):
            mine = half == which
            slots = cell[rows][mine], steps.level[rows][mine]
            _update(found.halves[which], *slots, target[mine], weight)
    return found


def _update(
    q: FloatArray, cell: IntArray, level: IntArray, target: FloatArray, weight: float
) -> FloatArray:
    """Hear targets, in place; how often each cell and level was seen."""
    slot = cell * q.shape[1] + level
    seen = np.bincount(slot, minlength=q.size).reshape(q.shape)
    summed = np.bincount(slot, target, q.size).reshape(q.shape)
    heard = np.where(np.isfinite(q), weight, 0.0)
    before = np.where(np.isfinite(q), q, 0.0) * heard
    here = seen > 0
    q[here] = (before + summed)[here] / (heard + seen)[here]
    return seen.astype(np.float64)


def targets(steps: Steps, ahead: FloatArray) -> FloatArray:
    """(N,): what a step cost, and what the rest will by the best that is known."""
    return steps.cost + steps.kept * ahead


def steadied(steps: Steps, buckets: Buckets) -> Steps:
    """The steps with the price's own way taken off their costs (a control variate).

    Its mean is 0 whatever is done, so any multiple of it may be taken off; the one that leaves
    least is that of least squares, for each level and bucket of what remains. Waiting bears all of
    the way, crossing at once nearly none.
    """
    place = np.searchsorted(buckets.remaining, steps.remaining, side="right")
    group = place * len(Level) + steps.level
    many = (len(buckets.remaining) + 1) * len(Level)
    both = np.bincount(group, steps.drift * steps.cost, many)
    own = np.bincount(group, steps.drift**2, many)
    slope = np.clip(both / np.maximum(own, 1e-12), 0.0, 1.0)
    return replace(steps, cost=steps.cost - slope[group] * steps.drift)


def learned(steps: Steps, buckets: Buckets) -> Costs:
    """Q with the priors of coarser states: of what remains in a few buckets, then in all, then with
    the market's state."""
    known = Buckets(COARSE)
    found = induce(steps, known.cell(steps), known.cells)
    for finer in dict.fromkeys((Buckets(buckets.remaining), buckets)):
        prior = found.of(finer.coarser(known))
        found, known = induce(steps, finer.cell(steps), finer.cells, prior), finer
    return found


def worth(q: FloatArray, filled: FloatArray, paid: FloatArray, visits: FloatArray) -> FloatArray:
    """(C,): u = Q(wait) - Q(cross) per share crossed, bp, before what the crossing itself paid.

    `filled` is the share of what remained that a crossing filled and `paid` what a share of it cost
    against the mid, fees included, (C, 2) for CROSSINGS: a router's decision knows that of every
    candidate and takes it off itself. Of the two crossings, that which fills more says more of a
    share: least squares through waiting, by visits.
    """
    total, weight = np.zeros(len(q)), np.zeros(len(q))
    for k, level in enumerate(CROSSINGS):
        gap = q[:, Level.WAIT] - q[:, level] + paid[:, k] * filled[:, k]
        counts = visits[:, level] * filled[:, k]
        known = np.isfinite(gap) & (counts > 0)
        total[known] += (counts * gap)[known]
        weight[known] += (counts * filled[:, k])[known]
    u: FloatArray = np.divide(total, weight, out=np.full(len(q), np.nan), where=weight > 0)
    return u


def crossed(steps: Steps, cell: IntArray, cells: int) -> tuple[FloatArray, FloatArray]:
    """(C, 2) each: the share of what remained that CROSSINGS filled, and what they paid for it."""
    filled, paid = np.zeros((cells, len(CROSSINGS))), np.zeros((cells, len(CROSSINGS)))
    for k, level in enumerate(CROSSINGS):
        rows = steps.level == level
        here, done = cell[rows], steps.filled[rows]
        seen = np.maximum(np.bincount(here, minlength=cells), 1)
        shares = np.bincount(here, done, cells)
        filled[:, k] = shares / seen
        spent = np.bincount(here, done * steps.paid[rows], cells)
        paid[:, k] = np.divide(spent, shares, out=np.zeros(cells), where=shares > 0)
    return filled, paid
