"""Train what is learned before it serves: from recorded days, or in simulated markets."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from router.cli.errors import CommandError, ExitCode
from router.cli.market_files import market_file
from router.cli.options import JsonOption
from router.cli.output import say, show_json
from router.cli.paint import paint
from router.cli.recorded import HoursOption, scope_meant
from router.cli.train_patience import patience_command
from router.cli.train_tapes import read_tape
from router.cli.train_text import pages
from router.core.predictor import CLASSES
from router.model import NS
from router.predictor.comparison import Comparison, compare, taking_part, train_last
from router.predictor.file import Card, Predictor
from router.predictor.folds import FOLDS, TooFewRowsError
from router.predictor.samples import LATENCY_NS, Samples, samples_of
from router.predictor.training import ALONE, KINDS, SCIKIT_LEARN
from venues.facts.day import Scope
from venues.facts.tables import RecordingFormatError
from venues.market_file import read_market

BEST = "best"
MODELS = (*(kind for kind in KINDS if kind != ALONE), BEST)

MS = NS // 1_000
LATENCY_MAX_MS = 60_000
SEED_MAX = 2**32 - 1
"""What scikit-learn takes."""

Done = Callable[[str], None]
"""Hears what has just been finished."""


def predictor_command(
    data: Annotated[
        list[Path],
        typer.Option(metavar="PREFIX", help="A day in OBS-1, the oldest first; repeatable."),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the predictor goes, npz.")],
    horizon: Annotated[str, typer.Option(help=f"Of the mid's move: {', '.join(CLASSES)}.")] = "10s",
    model: Annotated[str, typer.Option(help=f"{', '.join(MODELS)}.")] = BEST,
    market: Annotated[
        str, typer.Option(metavar="FILE", help="The recordings' market: hours and venues.")
    ] = "",
    hours: HoursOption = "",
    latency_ms: Annotated[
        int, typer.Option(min=0, max=LATENCY_MAX_MS, help="From an event to the router.")
    ] = LATENCY_NS // MS,
    seed: Annotated[
        int, typer.Option(min=0, max=SEED_MAX, help="Of training and of the intervals.")
    ] = 1,
    as_json: JsonOption = False,
) -> None:
    """Predict the mid's next move, or its move over 1 s or 10 s, and tell what that is worth.

    Every model walks forward: trained on the past, tested on what follows. `best` has the least
    log-loss of those that beat logistic regression with their whole interval, or is logistic. The
    predictor is then trained on all days. The router asks it where `routing.predictor.file` names
    it (docs/predictor.md).
    """
    _known("--horizon", horizon, CLASSES)
    _known("--model", model, MODELS)
    if not out.parent.is_dir():
        raise CommandError(ExitCode.NOT_FOUND, f"--out {out}: no folder {out.parent}")
    scope = scope_meant(read_market(market_file(market)) if market else None, hours)
    kinds = taking_part(KINDS if model == BEST else [model])
    with _followed(len(data) + FOLDS * len(kinds)) as done:
        samples = _samples(data, scope, horizon, latency_ms * MS, done)
        try:
            comparison = compare(samples, seed, kinds, done)
            chosen = comparison.best if model == BEST else model
            predictor = Predictor(
                _card(chosen, samples, latency_ms * MS, seed), train_last(chosen, samples, seed)
            )
        except TooFewRowsError as error:
            raise CommandError(ExitCode.ERROR, str(error)) from None
    predictor.save(out)
    if as_json:
        show_json(_data(comparison, predictor.card, out))
    else:
        paint(*pages(comparison, predictor.card))
    say(f"written: {out}")


COMMANDS: dict[str, Callable[..., None]] = {
    "predictor": predictor_command,
    "patience": patience_command,
}


def _known(option: str, name: str, known: Sequence[str] | dict[str, tuple[str, ...]]) -> None:
    if name not in known:
        text = f"{option} {name}: unknown; allowed: {', '.join(known)}"
        raise CommandError(ExitCode.CONFIGURATION, text)


def _samples(
    prefixes: Sequence[Path], scope: Scope, horizon: str, latency_ns: int, done: Done
) -> Samples:
    try:
        tapes = [read_tape(prefix, scope) for prefix in prefixes]
    except RecordingFormatError as error:
        raise CommandError(ExitCode.ERROR, str(error)) from None
    return samples_of(tapes, horizon, latency_ns=latency_ns, done=done)


def _card(kind: str, samples: Samples, latency_ns: int, seed: int) -> Card:
    return Card(
        kind=kind,
        horizon=samples.horizon,
        days=samples.days,
        from_ns=int(samples.at[0]),
        until_ns=int(samples.at[-1]),
        rows=len(samples),
        move_spreads=samples.move_spreads,
        latency_ns=latency_ns,
        seed=seed,
        scikit_learn=SCIKIT_LEARN,
    )


def _data(comparison: Comparison, card: Card, out: Path) -> dict[str, object]:
    return {
        "models": {row.kind: asdict(row) for row in comparison.rows},
        "tested": comparison.tested,
        "best": comparison.best,
        "card": msgspec.to_builtins(card),
        "written": out,
    }


@contextmanager
def _followed(steps: int) -> Iterator[Done]:
    """A progress bar on stderr if somebody looks."""
    if not sys.stderr.isatty():
        yield lambda name: None
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("reading", total=steps)
        yield lambda name: progress.update(bar, advance=1, description=name)
