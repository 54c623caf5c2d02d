"""What a contest in a synthetic world came to: shares of the oracle, differences, recovery.

Owns these figures. All are ratios of sums over seeds, with intervals by cluster bootstrap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from router.experiments.contest import Plays
from router.experiments.intervals import Interval, of_resamples, ratio, resamples
from router.experiments.play import BLOCK
from router.ports import FloatArray

BEFORE, AFTER, LAST = 500, 300, 500
"""Decisions before the break, after it, and at the end, that are shown apart."""

NOTHING = 1e-9
"""A rise of regret below this is rounding."""

SMOOTHED = 50
"""Decisions over which regret is averaged when its half-life is looked for."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One contestant's figures."""

    name: str
    whole: Interval
    """Share of the oracle's reward over all decisions, the first ones included."""
    phases: Mapping[str, Interval]
    """The same of a part."""
    behind: Interval | None
    """How much more the first contestant earned, as a share of the oracle's: paired. None for
    itself."""
    half_life: Interval | None
    """Decisions after the break until half of its excess regret is gone; None without a break."""


def standings(plays: Mapping[str, Plays], breaks_at: int | None) -> list[Standing]:
    """In the order of `plays`, whose first contestant is the one that has to prove itself."""
    [champion, *_] = plays.values()
    return [
        Standing(
            name=name,
            whole=ratio(each.reward.sum(axis=1), each.best.sum(axis=1)),
            phases={
                phase: ratio(each.reward[:, part].sum(axis=1), each.best[:, part].sum(axis=1))
                for phase, part in phases(each.reward.shape[1], breaks_at).items()
            },
            behind=None if each is champion else _paired(champion, each),
            half_life=None if breaks_at is None else half_life(each, breaks_at),
        )
        for name, each in plays.items()
    ]


def phases(blocks: int, breaks_at: int | None) -> dict[str, slice]:
    """Parts of a course, in blocks."""
    tenth = max(1, blocks // 10)
    parts = {f"first {tenth * BLOCK}": slice(0, tenth)}
    if breaks_at is not None:
        at = breaks_at // BLOCK
        parts[f"{BEFORE} before the break"] = slice(max(0, at - BEFORE // BLOCK), at)
        parts[f"{AFTER} after it"] = slice(at, at + AFTER // BLOCK)
    parts[f"last {LAST}"] = slice(max(0, blocks - LAST // BLOCK), blocks)
    return parts


def regret(plays: Plays, chosen: FloatArray | slice = slice(None)) -> FloatArray:
    """(N,): share of the oracle's reward that was missed, by block, over the chosen seeds."""
    lost = plays.best[chosen].sum(axis=0) - plays.reward[chosen].sum(axis=0)
    return np.asarray(lost / plays.best[chosen].sum(axis=0))


def half_life(plays: Plays, breaks_at: int) -> Interval:
    """Decisions until the smoothed regret over its final level is half of what it was at first.

    The final level is that of the last `LAST` decisions, the first that of `SMOOTHED` after it.
    A contestant whose regret does not rise at the break has nothing to recover from: 0. One that
    never comes back has the number of decisions that were left.
    """
    at = breaks_at // BLOCK
    found = np.array([_half_life(regret(plays, drawn), at) for drawn in resamples(len(plays.best))])
    return of_resamples(_half_life(regret(plays), at), found)


def _half_life(missed: FloatArray, at: int) -> float:
    final = float(missed[-(LAST // BLOCK) :].mean())
    after = missed[at:]
    width = SMOOTHED // BLOCK
    excess = np.convolve(after, np.ones(width) / width, mode="valid") - final
    half = excess[0] / 2.0
    if half <= NOTHING:
        return 0.0
    below = np.flatnonzero(excess <= half)
    return float((below[0] if len(below) else len(after)) * BLOCK)


def _paired(champion: Plays, other: Plays) -> Interval:
    difference = champion.reward.sum(axis=1) - other.reward.sum(axis=1)
    return ratio(difference, champion.best.sum(axis=1))
