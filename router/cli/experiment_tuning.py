"""Plays of a tuning: shown, judged and kept. Not a command."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from router.cli.experiment_ways import Ways
from router.cli.output import say, show
from router.cli.progress import followed
from router.experiments.contestants import Entry
from router.experiments.tuning import chosen, write


def keep_best(
    plays: Iterable[tuple[Entry, float]],
    total: int,
    unit: str,
    path: Path,
    asked: str,
    experiment: str,
    ways: Ways,
) -> None:
    """What each variant scored, on average, and the file with the best of each contestant."""
    scores: dict[Entry, list[float]] = defaultdict(list)
    for entry, score in followed(plays, total, unit, quiet=ways.quiet):
        scores[entry].append(score)
    for entry, each in scores.items():
        show(f"{sum(each) / len(each):.4f}  {entry.name}  {entry.text}")
    write(path, f"sluice experiment {asked}", experiment, chosen(scores))
    say(f"written: {path}")
