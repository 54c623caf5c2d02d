"""Let learners play against one another, and say who earned what, with intervals."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import Progress

from config.settings import DEFAULT_CONFIG
from router.cli.errors import CommandError, ExitCode
from router.cli.experiment_text import standing_table
from router.cli.options import JsonOption
from router.cli.output import say, show, show_json
from router.cli.seeds import seeds_of
from router.experiments.contest import DECISIONS, WORLDS, Field, Plays, played, together
from router.experiments.contestants import Entry, WrittenContestant, read_contestants, tuned
from router.experiments.keeping import document, write
from router.experiments.play import Course
from router.experiments.standings import standings
from router.experiments.tuning import TRAINING, chosen, plays_needed, tune
from router.experiments.tuning import write as write_tuned

FOLDER = DEFAULT_CONFIG.parent / "experiments"
"""Contestants, and what tuning has found."""

ItemT = TypeVar("ItemT")


def command(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"One of {', '.join(WORLDS)}.")],
    seeds: Annotated[
        str, typer.Option(metavar="FROM:N", help="N seeds; none of those of training.")
    ] = "1001:40",
    only: Annotated[
        str, typer.Option(metavar="A,B", show_default="all", help="Contestants, the first first.")
    ] = "",
    contestants: Annotated[
        Path, typer.Option(metavar="FILE", show_default="those that come with Sluice", help="Who.")
    ] = FOLDER / "contestants.yaml",
    do_tune: Annotated[
        bool,
        typer.Option("--tune", help="Choose parameters by seeds 1 to 12, and keep them."),
    ] = False,
    parameters: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", show_default="the experiment's", help="What tuning found, or finds."
        ),
    ] = None,
    decisions: Annotated[
        int | None,
        typer.Option(min=100, show_default="the experiment's", help="Of each seed."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it: PNG, SVG, PDF.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep everything there, Parquet and JSON.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Every contestant meets the same decisions with the same hidden quantities, seed by seed.

    What counts is the expected reward under the truth, as a share of the oracle's, from the first
    decision on. Intervals: 95 %, bootstrap over seeds.
    """
    if name not in WORLDS:
        text = f"{name}: no such experiment; there are: {', '.join(WORLDS)}"
        raise CommandError(ExitCode.NOT_FOUND, text)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # of the processes that are started
    found = _chosen(read_contestants(contestants), only)
    field = Field(name, decisions or DECISIONS[name])
    kept = parameters or FOLDER / f"{name}.yaml"
    if do_tune:
        _tune(field, found, kept, jobs, quiet=quiet)
        return
    which = seeds_of(seeds)
    _refuse_training(which)
    entries = tuned(found, kept)
    plays = _play(field, entries, which, jobs, quiet=quiet)
    _tell(field, which, entries, plays, plot, out, as_json=as_json)


def _chosen(found: dict[str, WrittenContestant], only: str) -> dict[str, WrittenContestant]:
    """Those that are asked for, in that order."""
    names = [each.strip() for each in only.split(",") if each.strip()] or list(found)
    unknown = [each for each in names if each not in found]
    if unknown:
        text = f"--only {', '.join(unknown)}: unknown; there are: {', '.join(found)}"
        raise CommandError(ExitCode.CONFIGURATION, text)
    return {each: found[each] for each in names}


def _refuse_training(seeds: range) -> None:
    """Nobody is judged by seeds that parameters were chosen by."""
    if seeds.start < TRAINING.stop and TRAINING.start < seeds.stop:
        text = f"--seeds: {TRAINING.start} to {TRAINING.stop - 1} are for tuning; take others"
        raise CommandError(ExitCode.CONFIGURATION, text)


def _tune(
    field: Field, found: dict[str, WrittenContestant], path: Path, jobs: int, *, quiet: bool
) -> None:
    scores: dict[Entry, list[float]] = defaultdict(list)
    plays = tune(field, found, jobs=jobs)
    for entry, score in _followed(plays, plays_needed(found), quiet=quiet):
        scores[entry].append(score)
    for entry, each in scores.items():
        show(f"{sum(each) / len(each):.4f}  {entry.name}  {entry.text}")
    write_tuned(path, field.name, chosen(scores))
    say(f"written: {path}")


def _play(
    field: Field, entries: list[Entry], seeds: range, jobs: int, *, quiet: bool
) -> dict[str, Plays]:
    courses: dict[str, list[Course]] = {entry.name: [] for entry in entries}
    plays = played(field, entries, seeds, jobs=jobs)
    for entry, _, course in _followed(plays, len(entries) * len(seeds), quiet=quiet):
        courses[entry.name].append(course)
    return {each: together(found) for each, found in courses.items()}


def _tell(
    field: Field,
    seeds: range,
    entries: list[Entry],
    plays: dict[str, Plays],
    plot: Path | None,
    out: Path | None,
    *,
    as_json: bool,
) -> None:
    world = field.world
    found = standings(plays, world.breaks_at)
    told = document(field, seeds, entries, found)
    if as_json:
        show_json(told)
    else:
        show(standing_table(found, field.name, seeds))
    if out is not None:
        for path in write(out, seeds, world.arms, plays, told):
            say(f"written: {path}")
    if plot is not None:
        from router.experiments.picture import draw

        title = f"{field.name}: {len(seeds)} seeds of {world.decisions:,} decisions"
        draw(plot, plays, world.arms, world.breaks_at, title)
        say(f"written: {plot}")


def _followed(items: Iterable[ItemT], total: int, *, quiet: bool) -> Iterator[ItemT]:
    """The items, with a progress bar on stderr if somebody looks."""
    if quiet or not sys.stderr.isatty():
        yield from items
        return
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("plays", total=total)
        for item in items:
            progress.update(bar, advance=1)
            yield item
