"""Who plays, with which parameters, and over which values each is tuned.

Owns the file of contestants and the making of one from its entry. Knows no world by name.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

import router.learners as learner_package
from config.documents import DocumentError, load, validate
from router.experiments.play import Contestant, Learning, Oracle
from router.experiments.vowpal import LEARNER, Vowpal
from router.experiments.world import World
from router.plugin import Plugin, discover
from router.ports import Learner

ORACLE = "oracle"
"""Knows the truth; in synthetic worlds only."""

OUTSIDE = (ORACLE, LEARNER)
"""Contestants that are no plug-ins, so that they cannot play in markets."""

Parameter = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Entry:
    """A contestant with all of its parameters: a value that can be sent to another process."""

    name: str
    """What it is called in tables."""
    learner: str
    parameters: tuple[tuple[str, Parameter], ...] = ()
    learns: bool = True
    """False: it knows at the end what it knew at the beginning."""
    predicts: tuple[str, ...] = ()
    """What the predictor is asked for, in markets: `drift`, `feature`; empty for nothing."""
    policies: tuple[str, ...] = ()
    """In markets: policy documents that hold for it besides, files of config/experiments."""

    @property
    def text(self) -> str:
        """The parameters as JSON."""
        return json.dumps(dict(self.parameters))

    def given(self, parameters: Mapping[str, Parameter]) -> Entry:
        """The same with some parameters changed."""
        changed = {**dict(self.parameters), **parameters}
        return replace(self, parameters=tuple(sorted(changed.items())))

    def made(self) -> Learner:
        """The plug-in.

        Raises:
            KeyError: there is no such learner.
            pydantic.ValidationError: it has no such parameter, or another type or range.
        """
        return learner_types()[self.learner].from_document(dict(self.parameters))

    def contestant(self, world: World, seed: int) -> Contestant:
        """One that has learned nothing yet."""
        if self.learner == ORACLE:
            return Oracle()
        if self.learner == LEARNER:
            return Vowpal(seed, **{key: float(value) for key, value in self.parameters})
        return Learning(self.made(), world, seed, learns=self.learns)


@cache
def learner_types() -> Mapping[str, type[Learner]]:
    """Every learner there is, by name."""
    return discover(learner_package, Learner)  # type: ignore[type-abstract]


class WrittenContestant(Plugin):
    """One entry of the file of contestants."""

    learner: str
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    """Those that make it this contestant."""
    grid: dict[str, tuple[Parameter, ...]] = Field(default_factory=dict)
    """Values that tuning tries, all combinations."""
    learns: bool = True
    """False: a copy of itself that nothing is told to."""
    predicts: tuple[Literal["drift", "feature"], ...] = ()
    """What it asks the predictor for."""
    tuned_as: str = ""
    """Whose tuning it takes, so that it differs from that one in nothing else; empty: its own."""
    policies: tuple[str, ...] = ()
    """In markets: policy documents that hold for it besides, files of config/experiments."""

    def entry(self, name: str) -> Entry:
        """The contestant as it is written."""
        parameters = tuple(sorted(self.parameters.items()))
        return Entry(name, self.learner, parameters, self.learns, self.predicts, self.policies)

    def variants(self, name: str) -> Iterator[Entry]:
        """Every combination of the grid; the contestant itself if there is none."""
        entry = self.entry(name)
        for values in itertools.product(*self.grid.values()):
            yield entry.given(dict(zip(self.grid, values, strict=True)))


class WrittenContestants(Plugin):
    """The file of contestants."""

    contestants: dict[str, WrittenContestant]


class WrittenTuning(Plugin):
    """What tuning found for one experiment: a file that `--tune` writes."""

    experiment: str
    seeds: str
    """Of training."""
    tuned: dict[str, dict[str, Parameter]]


def read_contestants(path: Path) -> dict[str, WrittenContestant]:
    """Everybody who may play, by name; each is made once, so that what is wrong is told at once.

    Raises:
        DocumentError: everything that is wrong, one line each.
    """
    document = load(path)
    found = validate(document, WrittenContestants).contestants
    wrong = [
        document.problem(("contestants", name), problem)
        for name, written in found.items()
        for problem in _problems(name, written)
    ]
    if wrong:
        raise DocumentError(wrong)
    return found


def tuned(contestants: Mapping[str, WrittenContestant], path: Path) -> list[Entry]:
    """Every contestant with the parameters that a tuning has found, if there is such a file.

    Raises:
        DocumentError: the file is wrong, or has parameters that a contestant does not.
    """
    entries = {name: written.entry(name) for name, written in contestants.items()}
    if not path.exists():
        return list(entries.values())
    document = load(path)
    wrong = []
    found = validate(document, WrittenTuning).tuned  # of some who no longer play, perhaps
    for name, written in contestants.items():
        of = written.tuned_as or name
        if of in found:
            entries[name] = entries[name].given(found[of])
            wrong += [document.problem(("tuned", of), text) for text in _problem(entries[name])]
    if wrong:
        raise DocumentError(wrong)
    return list(entries.values())


def _problems(name: str, written: WrittenContestant) -> Iterator[str]:
    if written.learner in OUTSIDE:
        return
    if written.learner not in learner_types():
        yield f"no learner {written.learner!r}; there are: {', '.join(learner_types())}"
        return
    for variant in written.variants(name):
        yield from _problem(variant)


def _problem(entry: Entry) -> list[str]:
    if entry.learner in OUTSIDE:
        return []
    try:
        entry.made()
    except ValueError as error:
        return [f"{entry.learner} {entry.text}: {error}"]
    return []
