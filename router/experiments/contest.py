"""Everybody plays every seed of a synthetic world, in as many processes as are asked for.

Owns the worlds by name, and what all plays together came to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from router.experiments.contestants import Entry
from router.experiments.context import Context
from router.experiments.dark import Dark
from router.experiments.misspecified import Misspecified
from router.experiments.play import Course, play
from router.experiments.world import IntArray, World
from router.ports import FloatArray
from router.trials.pool import spread

WORLDS: Mapping[str, Callable[[int], World]] = {
    "dark": Dark,
    "context": Context,
    "misspecified": Misspecified,
}

DECISIONS: Mapping[str, int] = {"dark": 2_000, "context": 3_000, "misspecified": 3_000}
"""Of a seed, unless fewer or more are asked for."""


@dataclass(frozen=True, slots=True)
class Field:
    """A world by its name, and how long it lasts: a value that can be sent to another process."""

    name: str
    decisions: int

    @property
    def world(self) -> World:
        """The world itself."""
        return WORLDS[self.name](self.decisions)


@dataclass(frozen=True, slots=True)
class Plays:
    """All seeds of one contestant: S seeds, N blocks, K arms."""

    reward: FloatArray
    """(S, N), bp times lots."""
    best: FloatArray
    """(S, N): the oracle's."""
    lots: IntArray
    """(S, N, K)."""


@dataclass(frozen=True, slots=True)
class Playing:
    """What is done for an entry and a seed."""

    field: Field

    def __call__(self, item: tuple[Entry, int]) -> Course:
        """Play it."""
        entry, seed = item
        world = self.field.world
        return play(entry.contestant(world, seed), world, seed)


def played(
    field: Field, entries: Sequence[Entry], seeds: Sequence[int], *, jobs: int = 1
) -> Iterator[tuple[Entry, int, Course]]:
    """Every play as it is done: seed by seed, in the order of the entries."""
    items = [(entry, seed) for seed in seeds for entry in entries]
    for (entry, seed), course in zip(items, spread(Playing(field), items, jobs=jobs), strict=True):
        yield entry, seed, course


def together(courses: Sequence[Course]) -> Plays:
    """One contestant's courses, a seed each."""
    return Plays(
        np.stack([each.reward for each in courses]),
        np.stack([each.best for each in courses]),
        np.stack([each.lots for each in courses]),
    )
