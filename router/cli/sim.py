"""Work parents in a simulated market through the whole core, and say what they cost."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from config.settings import DEFAULT_CONFIG
from policies.book import PolicyBook
from router.cli.errors import CommandError, ExitCode
from router.cli.market_files import MarketArgument, market_file
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption
from router.cli.output import say, show
from router.cli.progress import followed
from router.cli.seeds import seeds_of
from router.cli.sim_text import summary
from router.core.environment import Policies
from router.core.shelf import LearnerShelf, learner_key
from router.learners._stored import StoredStateError
from router.trials.pool import Task, run_all
from router.trials.results import line, write
from router.trials.trial import Row, TrialError
from venues.market_file import MarketSpec

LearnerStateOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="What the learner knows at the start of every seed."),
]
ParentsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        show_default="one of the market's a seed",
        help="Parents that every seed works, YAML or JSON.",
    ),
]


def command(
    market: MarketArgument,
    seeds: Annotated[
        str, typer.Option(metavar="FROM:N", help="N seeds, from FROM on; 7 is the one seed 7.")
    ] = "1:10",
    policy: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            show_default="the configuration's",
            help="A policy document; repeatable.",
        ),
    ] = None,
    learner: Annotated[
        str, typer.Option(show_default="the policy's", help="Where: hazard, pro_rata, static ...")
    ] = "",
    learner_state: LearnerStateOption = None,
    algo: Annotated[str, typer.Option(help="When and how much.")] = "twap",
    parents: ParentsOption = None,
    no_parents: Annotated[
        bool, typer.Option("--no-parents", help="The market alone, to be recorded.")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    ray: Annotated[bool, typer.Option("--ray", help="Run on Ray instead of processes.")] = False,
    record: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Record each market there, as OBS-1.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the rows there, Parquet and JSON.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no summary.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Each seed is a market of its own and a router that knows nothing yet, or what a file of
    `sluice learner save` holds.

    With --json every parent is one line, the same bytes whenever it is run. Cost is implementation
    shortfall in bp of the arrival mid, fees and a forced cross of unfilled shares included.
    """
    if no_parents and (parents is not None or record is None):
        text = "--no-parents needs --record DIR and no --parents: there is nothing else to tell"
        raise CommandError(ExitCode.CONFIGURATION, text)
    task = Task(
        market=market_file(market),
        config=config,
        overrides=(*([f"learner.name={learner}"] if learner else []), *overrides),
        policies=tuple(policy or ()),
        algo=algo,
        parents=parents,
        alone=no_parents,
        record=record,
        learner_state=learner_state,
    )
    spec = _prepared(task, learner)
    began = time.monotonic()
    rows = _run(task, seeds_of(seeds), jobs, ray=ray, quiet=quiet, as_json=as_json)
    if out is not None:
        made_by = {"market": spec.id, "market_hash": spec.hash, "seeds": seeds}
        for path in write(out, rows, made_by):
            say(f"written: {path}")
    if not quiet and rows:
        told = summary(rows, spec, time.monotonic() - began)
        (say if as_json else show)(told)


def _prepared(task: Task, learner: str) -> MarketSpec:
    """The market, once everything that the task names was read."""
    try:
        trial = task.prepare()[0]
    except StoredStateError as error:
        text = f"--learner-state {task.learner_state}: {error}"
        raise CommandError(ExitCode.CONFIGURATION, text) from None
    bench = trial.bench
    _known("--algo", task.algo, bench.env.algos)
    if learner:
        _known("--learner", learner, bench.family.learners)
    if trial.start_from is not None:
        _of_use(trial.start_from, bench.env.policies)
    return bench.spec


def _of_use(known: LearnerShelf, policies: Policies) -> None:
    """A file of a learner that routes nothing would change nothing."""
    assert isinstance(policies, PolicyBook)
    used = [learner_key(each.name, each.params) for each in policies.learners]
    for key in known.models:
        if key not in used:
            text = f"--learner-state: it is {key}'s, and orders are routed by {', '.join(used)}"
            raise CommandError(ExitCode.CONFIGURATION, text)


def _known(option: str, name: str, known: Mapping[str, object]) -> None:
    if name not in known:
        text = f"{option} {name}: unknown; allowed: {', '.join(sorted(known))}"
        raise CommandError(ExitCode.CONFIGURATION, text)


def _run(
    task: Task, seeds: range, jobs: int, *, ray: bool, quiet: bool, as_json: bool
) -> list[Row]:
    """The rows of all seeds; with `as_json` each is printed as soon as it is there."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # of the processes that are started
    rows: list[Row] = []
    try:
        results = run_all(task, seeds, jobs=jobs, ray=ray)
        for _, found in followed(results, len(seeds), "seeds", quiet=quiet):
            rows += found
            for row in found if as_json else ():
                show(line(row))
    except TrialError as error:
        raise CommandError(ExitCode.ERROR, str(error)) from None
    return rows
