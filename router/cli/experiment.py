"""Let learners play against one another, and say who earned what, with intervals."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from config.settings import DEFAULT_CONFIG
from router.cli.errors import CommandError, ExitCode
from router.cli.experiment_markets import compare, tune_in
from router.cli.experiment_text import standing_table
from router.cli.experiment_tuning import keep_best
from router.cli.experiment_ways import Ways
from router.cli.market_files import shipped
from router.cli.options import JsonOption
from router.cli.output import say, show, show_json
from router.cli.progress import followed
from router.cli.seeds import seeds_of
from router.experiments.contest import DECISIONS, WORLDS, Field, Plays, played, together
from router.experiments.contestants import Entry, WrittenContestant, read_contestants, tuned
from router.experiments.keeping import document, write
from router.experiments.market_experiments import MARKET_EXPERIMENTS, MarketExperiment
from router.experiments.play import Course
from router.experiments.standings import standings
from router.experiments.tuning import TRAINING, plays_needed, tune
from router.experiments.vowpal import LEARNER as VOWPAL
from router.experiments.vowpal import MISSING, is_installed
from router.trials.career import SPACING

FOLDER = DEFAULT_CONFIG.parent / "experiments"
"""Contestants, and what tuning has found."""

NAMES = (*WORLDS, *MARKET_EXPERIMENTS)

ParametersOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", show_default="the experiment's", help="What tuning finds."),
]
DecisionsOption = Annotated[
    int | None,
    typer.Option(min=100, show_default="the experiment's", help="Of a seed, in a world."),
]

ContestantsOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", show_default="the experiment's", help="Who plays."),
]
PredictorsOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Of files MARKET.npz, for contestants that predict."),
]


def command(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"One of {', '.join(NAMES)}.")],
    seeds: Annotated[
        str,
        typer.Option(
            metavar="FROM:N",
            show_default="1001:40, in markets 1001:8",
            help="N seeds; none of those of training. In markets each is a career.",
        ),
    ] = "",
    only: Annotated[
        str, typer.Option(metavar="A,B", show_default="all", help="Contestants, the first first.")
    ] = "",
    contestants: ContestantsOption = None,
    do_tune: Annotated[
        bool,
        typer.Option(
            "--tune",
            help=f"Choose parameters by the first {len(TRAINING)} seeds (of the first market).",
        ),
    ] = False,
    parameters: ParametersOption = None,
    decisions: DecisionsOption = None,
    parents: Annotated[int, typer.Option(min=1, max=SPACING, help="Of a career, in markets.")] = 40,
    markets: Annotated[
        str, typer.Option(metavar="A,B", show_default="the experiment's", help="Shipped ones.")
    ] = "",
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it: PNG, SVG, PDF.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep everything there, Parquet and JSON.")
    ] = None,
    predictors: PredictorsOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    as_json: JsonOption = False,
) -> None:
    """In a world everybody meets the same decisions and hidden quantities; what counts is the
    expected reward under the truth, as a share of the oracle's. In markets everybody works the same
    parents through the whole router; what counts is shortfall. Intervals: 95 %, over seeds.
    """
    if name not in NAMES:
        text = f"{name}: no such experiment; there are: {', '.join(NAMES)}"
        raise CommandError(ExitCode.NOT_FOUND, text)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # of the processes that are started
    ways = Ways(jobs, plot, out, quiet, as_json, predictors)
    kept = parameters or FOLDER / f"tuned-{name if name in WORLDS else 'markets'}.yaml"
    experiment = MARKET_EXPERIMENTS.get(name)
    usual = experiment.contestants if experiment is not None else "contestants"
    everybody = read_contestants(contestants or FOLDER / f"{usual}.yaml")
    if experiment is not None:
        found = _chosen(everybody, only or experiment.only)
        where = _markets(experiment, markets)
        if do_tune:
            tune_in(name, where[0], found, parents, kept, ways)
        else:
            which = _judging(seeds or "1001:8")
            compare(name, tuned(found, kept), where, which, parents, ways)
        return
    found = _chosen(everybody, only)
    if predicting := [each for each in found if found[each].predicts]:
        text = f"{', '.join(predicting)}: there is no price to predict in {name}"
        raise CommandError(ExitCode.CONFIGURATION, text)
    field = Field(name, decisions or DECISIONS[name])
    if do_tune:
        _tune(field, found, kept, ways)
    else:
        _contest(field, tuned(found, kept), _judging(seeds or "1001:40"), ways)


def _markets(experiment: MarketExperiment, asked: str) -> list[str]:
    """Names of shipped markets.

    Raises:
        CommandError: one is not shipped.
    """
    names = [each.strip() for each in asked.split(",") if each.strip()]
    known = [each.stem for each in shipped()]
    for each in names:
        if each not in known:
            text = f"--markets {each}: unknown; there are: {', '.join(known)}"
            raise CommandError(ExitCode.NOT_FOUND, text)
    return names or list(experiment.markets)


def _chosen(found: dict[str, WrittenContestant], only: str) -> dict[str, WrittenContestant]:
    """Those that are asked for, in that order."""
    names = [each.strip() for each in only.split(",") if each.strip()]
    if not names:
        everybody = [each for each in found if not found[each].predicts]
        names = [each for each in everybody if found[each].learner != VOWPAL or is_installed()]
        if len(names) < len(everybody):
            say(f"left out: {MISSING}")
    unknown = [each for each in names if each not in found]
    if unknown:
        text = f"--only {', '.join(unknown)}: unknown; there are: {', '.join(found)}"
        raise CommandError(ExitCode.CONFIGURATION, text)
    return {each: found[each] for each in names}


def _judging(text: str) -> range:
    """The seeds; nobody is judged by those that parameters were chosen by."""
    seeds = seeds_of(text)
    if seeds.start < TRAINING.stop and TRAINING.start < seeds.stop:
        text = f"--seeds: {TRAINING.start} to {TRAINING.stop - 1} are for tuning; take others"
        raise CommandError(ExitCode.CONFIGURATION, text)
    return seeds


def _tune(field: Field, found: dict[str, WrittenContestant], path: Path, ways: Ways) -> None:
    plays = tune(field, found, jobs=ways.jobs)
    total = plays_needed(found)
    keep_best(plays, total, "plays", path, f"{field.name} --tune", field.name, ways)


def _contest(field: Field, entries: list[Entry], seeds: range, ways: Ways) -> None:
    plays = _play(field, entries, seeds, ways)
    world = field.world
    found = standings(plays, world.breaks_at)
    told = document(field, seeds, entries, found)
    if ways.as_json:
        show_json(told)
    else:
        show(standing_table(found, field.name, seeds))
    if ways.out is not None:
        for path in write(ways.out, seeds, world.arms, plays, told):
            say(f"written: {path}")
    if ways.plot is not None:
        from router.experiments.picture import draw

        title = f"{field.name}: {len(seeds)} seeds of {world.decisions:,} decisions"
        draw(ways.plot, plays, world.arms, world.breaks_at, title)
        say(f"written: {ways.plot}")


def _play(field: Field, entries: list[Entry], seeds: range, ways: Ways) -> dict[str, Plays]:
    courses: dict[str, list[Course]] = {entry.name: [] for entry in entries}
    plays = played(field, entries, seeds, jobs=ways.jobs)
    total = len(entries) * len(seeds)
    for entry, _, course in followed(plays, total, "plays", quiet=ways.quiet):
        courses[entry.name].append(course)
    return {each: together(found) for each, found in courses.items()}
