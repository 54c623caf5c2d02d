"""Tuning on training seeds: the same procedure, and the same effort, for everybody.

Owns the procedure: every combination of a contestant's grid plays the training seeds, and the one
with the largest share of the oracle's reward over all decisions is kept, in markets the one with
the least cost; of equals, the first. The seeds that anything is judged by are never among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from router.experiments.contest import Field, played
from router.experiments.contestants import Entry, Parameter, WrittenContestant
from router.experiments.markets import Careers, mean_cost, together, worked

TRAINING = range(1, 7)
"""Seeds that parameters are chosen by."""


def plays_needed(contestants: Mapping[str, WrittenContestant]) -> int:
    """How many plays a tuning is."""
    return len(TRAINING) * len(list(_variants(contestants)))


def tune(
    field: Field, contestants: Mapping[str, WrittenContestant], *, jobs: int = 1
) -> Iterator[tuple[Entry, float]]:
    """Every play: the variant, and its share of the oracle's reward."""
    variants = list(_variants(contestants))
    for entry, _, course in played(field, variants, TRAINING, jobs=jobs):
        yield entry, float(course.reward.sum() / course.best.sum())


def tune_in_market(
    careers: Careers, contestants: Mapping[str, WrittenContestant], *, jobs: int = 1
) -> Iterator[tuple[Entry, float]]:
    """Every career: the variant, and what its parents saved, bp: less their mean cost."""
    variants = list(_variants(contestants))
    for entry, _, rows in worked(careers, variants, TRAINING, jobs=jobs):
        yield entry, -mean_cost(together([rows]))


def chosen(scores: Mapping[Entry, Sequence[float]]) -> dict[str, dict[str, Parameter]]:
    """The best parameters by contestant."""
    best: dict[str, tuple[float, Entry]] = {}
    for entry, found in scores.items():
        mean = sum(found) / len(found)
        if entry.name not in best or mean > best[entry.name][0]:
            best[entry.name] = mean, entry
    return {name: dict(entry.parameters) for name, (_, entry) in best.items()}


def write(
    path: Path, made_by: str, experiment: str, tuned: Mapping[str, Mapping[str, Parameter]]
) -> None:
    """The file that an experiment reads its parameters from."""
    seeds = f"{TRAINING.start}:{len(TRAINING)}"
    lines = [
        f"# Written by: {made_by}",
        f'experiment: "{experiment}"',
        f'seeds: "{seeds}"',
        "tuned:",
        *(f"  {name}: {_flow(values)}" for name, values in tuned.items()),
    ]
    path.write_text("\n".join(lines) + "\n")


def _variants(contestants: Mapping[str, WrittenContestant]) -> Iterator[Entry]:
    """Of everybody who has a grid."""
    for name, written in contestants.items():
        if written.grid:
            yield from written.variants(name)


def _flow(values: Mapping[str, Parameter]) -> str:
    return "{" + ", ".join(f"{key}: {_scalar(value)}" for key, value in values.items()) + "}"


def _scalar(value: Parameter) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
