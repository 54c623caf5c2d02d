"""Careers in whole markets: what parents cost by each contestant, and by how much that differs.

Owns the field of such an experiment and its figures. The same parents meet the same market for
every contestant (common random numbers); a cost is implementation shortfall in bp of the arrival
mid, fees and unfilled shares included, and the first parents of a career count like any others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from config.settings import DEFAULT_CONFIG
from router.experiments.contestants import Entry
from router.experiments.intervals import Interval, ratio
from router.ports import FloatArray
from router.trials.career import Career
from router.trials.pool import Task, spread
from router.trials.trial import Row

FIRST = 20
"""Parents of a career that are shown apart: the cost of learning is theirs."""


EXPERIMENTS = DEFAULT_CONFIG.parent / "experiments"
"""Where the policy documents of contestants are."""


@dataclass(frozen=True, slots=True)
class Careers:
    """What is done for a contestant and a seed: values, so that it can be sent elsewhere."""

    market: Path
    config: Path
    policies: tuple[Path, ...]
    """Instead of the configuration's; empty for those."""
    parents: int
    algo: str
    permuted: bool = False
    """Venues of a kind exchange their names from parent to parent."""
    predictor: Path | None = None
    """The file that contestants ask who predict; they need one."""

    def __call__(self, item: tuple[Entry, int]) -> list[Row]:
        """One career."""
        entry, seed = item
        task = self.task(entry)
        return Career(task, self.parents, learns=entry.learns, permuted=self.permuted)(seed)

    def task(self, entry: Entry) -> Task:
        """What is done for each of a contestant's parents."""
        named = (f"learner.name={entry.learner}",)
        given = tuple(f"learner.{key}={value}" for key, value in entry.parameters)
        return Task(
            market=self.market,
            config=self.config,
            overrides=(*named, *given, *self._predicting(entry)),
            policies=(*self.policies, *(EXPERIMENTS / each for each in entry.policies)),
            algo=self.algo,
            parents=None,
            alone=False,
            record=None,
        )

    def _predicting(self, entry: Entry) -> tuple[str, ...]:
        """The settings of a contestant's predictor."""
        if not entry.predicts:
            return ()
        assert self.predictor is not None, f"{entry.name} has no predictor to ask"
        asked = [(each, str(each in entry.predicts).lower()) for each in ("drift", "feature")]
        told = [("file", str(self.predictor.resolve())), *asked]
        return tuple(f"routing.predictor.{key}={value}" for key, value in told)


@dataclass(frozen=True, slots=True)
class Costs:
    """All careers of one contestant: S of N parents."""

    shortfall_bp: FloatArray
    """(S, N)."""
    weight: FloatArray
    """(S, N): the root of the notional (Pragma: what weighs costs by their noise)."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One contestant's figures, bp; + is paid."""

    name: str
    whole: Interval
    first: Interval
    """Of the first `FIRST` parents."""
    saved: Interval | None
    """What the first contestant paid less: paired. None for itself."""
    saved_first: Interval | None


def worked(
    careers: Careers, entries: Sequence[Entry], seeds: Sequence[int], *, jobs: int = 1
) -> Iterator[tuple[Entry, int, list[Row]]]:
    """Every career as it is done: seed by seed, in the order of the entries."""
    items = [(entry, seed) for seed in seeds for entry in entries]
    for (entry, seed), rows in zip(items, spread(careers, items, jobs=jobs), strict=True):
        yield entry, seed, rows


def together(careers: Sequence[Sequence[Row]]) -> Costs:
    """One contestant's careers."""
    return Costs(
        np.array([[row.shortfall_bp for row in rows] for rows in careers]),
        np.sqrt([[row.order_qty * row.arrival_px for row in rows] for rows in careers]),
    )


def mean_cost(found: Costs) -> float:
    """Of all parents, bp."""
    return float((found.shortfall_bp * found.weight).sum() / found.weight.sum())


def costs(found: Mapping[str, Costs]) -> list[Cost]:
    """In the order of `found`, whose first contestant is the one that has to prove itself."""
    [champion, *_] = found.values()
    return [
        Cost(
            name=name,
            whole=_mean(each.shortfall_bp, each.weight),
            first=_mean(each.shortfall_bp[:, :FIRST], each.weight[:, :FIRST]),
            saved=None if each is champion else _saved(champion, each, slice(None)),
            saved_first=None if each is champion else _saved(champion, each, slice(FIRST)),
        )
        for name, each in found.items()
    ]


def _saved(champion: Costs, other: Costs, part: slice) -> Interval:
    less = other.shortfall_bp[:, part] - champion.shortfall_bp[:, part]
    return _mean(less, champion.weight[:, part])


def _mean(values: FloatArray, weight: FloatArray) -> Interval:
    """Weighted, with an interval over careers."""
    return ratio((values * weight).sum(axis=1), weight.sum(axis=1))
