"""`sluice train patience`: walk paths, make tables, tell what they say. Not a command."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from config.settings import DEFAULT_CONFIG
from router.cli.errors import CommandError, ExitCode
from router.cli.market_files import market_file
from router.cli.options import JsonOption
from router.cli.output import say, show, show_json
from router.cli.progress import followed
from router.cli.seeds import seeds_of
from router.cli.train_patience_text import pages
from router.patience.file import TableCard, write_table
from router.patience.judging import Gain, gain_of_market
from router.patience.making import FITTED, KINDS, Made, make
from router.patience.steps import Steps, joined
from router.trials.career import SPACING
from router.trials.patience import Walks
from router.trials.pool import Task, spread
from router.trials.trial import TrialError
from venues.market_file import read_market

KAPPA_MAX = 50.0
ALL = ",".join(KINDS)


def patience_command(
    market: Annotated[str, typer.Option(metavar="FILE", help="A market file, or a shipped one.")],
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Where the table goes, JSON; -KIND of several.")
    ],
    seeds: Annotated[
        str, typer.Option(metavar="FROM:N", help="Whose markets the paths are walked in.")
    ] = "1:6",
    paths: Annotated[int, typer.Option(min=1, max=SPACING, help="Of each seed.")] = 60,
    kind: Annotated[str, typer.Option(metavar="A,B", help=f"{', '.join(KINDS)}.")] = ALL,
    kappa: Annotated[
        float,
        typer.Option(min=0.0, max=KAPPA_MAX, help="Almgren-Chriss, where there is no answer."),
    ] = 1.0,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Learn what a share is worth done, by time left, what remains and the market's state.

    Parents are worked in simulated markets by levels of patience that are drawn at random; tables
    are made of these paths by backward induction, or by fitted Q iteration (docs/patience.md). A
    policy names a table; without one nothing changes.
    """
    kinds = _kinds(kind)
    if not out.parent.is_dir():
        raise CommandError(ExitCode.NOT_FOUND, f"--out {out}: no folder {out.parent}")
    which = seeds_of(seeds)
    path = market_file(market)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # of the processes that are started
    parts = _walked(Walks(_task(path), paths), which, jobs, quiet=quiet)
    steps = joined(parts)
    group = np.repeat(np.arange(len(parts)), [len(each) for each in parts])
    gain = gain_of_market(steps, group) if len(parts) > 1 else None
    told = {}
    for one in kinds:
        made = make(one, steps, which.start)
        card = _card(made, path, which, paths, steps, kappa)
        target = out if len(kinds) == 1 else out.with_name(f"{out.stem}-{one}{out.suffix}")
        digest = write_table(target, card)
        if not as_json:
            for line in pages(made, steps, gain):
                show(line)
        told[one] = {"written": target, "sha256": digest, **_figures(made)}
        say(f"written: {target}")
    if as_json:
        show_json({"steps": len(steps), "market_adds": _gain_data(gain), "tables": told})


def _kinds(text: str) -> list[str]:
    asked = [each.strip() for each in text.split(",") if each.strip()]
    wrong = [each for each in asked if each not in KINDS]
    if wrong or not asked:
        told = f"--kind {', '.join(wrong) or 'none'}: unknown; allowed: {', '.join(KINDS)}"
        raise CommandError(ExitCode.CONFIGURATION, told)
    return asked


def _task(path: Path) -> Task:
    """The shipped configuration with the default policy: what a table learns from is no client's
    business."""
    return Task(
        market=path,
        config=DEFAULT_CONFIG,
        overrides=(),
        policies=(DEFAULT_CONFIG.parent / "policies" / "default.yaml",),
        algo="sweep",
        parents=None,
        alone=False,
        record=None,
    )


def _walked(walks: Walks, seeds: range, jobs: int, *, quiet: bool) -> list[Steps]:
    try:
        found = spread(walks, seeds, jobs=jobs)
        return list(followed(found, len(seeds), "seeds", quiet=quiet))
    except TrialError as error:
        raise CommandError(ExitCode.ERROR, str(error)) from None


def _card(
    made: Made, path: Path, seeds: range, paths: int, steps: Steps, kappa: float
) -> TableCard:
    spec = read_market(path)
    fitted = made.kind == FITTED
    if fitted:
        from router.patience.fitted import SCIKIT_LEARN
    return TableCard(
        kind=made.kind,
        market=spec.id,
        market_hash=spec.hash,
        seeds=f"{seeds.start}:{len(seeds)}",
        paths=len(seeds) * paths,
        steps=len(steps),
        shape=made.buckets.shape,
        remaining=made.buckets.remaining,
        market_edges=made.buckets.market,
        kappa=kappa,
        u_bp=tuple(
            round(each, 4) if np.isfinite(each) else None for each in made.u_bp.ravel().tolist()
        ),
        visits=tuple(int(each) for each in made.visits.ravel().tolist()),
        scikit_learn=SCIKIT_LEARN if fitted else "",
    )


def _figures(made: Made) -> dict[str, object]:
    known = np.isfinite(made.u_bp)
    return {
        "shape": made.buckets.shape,
        "cells": int(known.size),
        "answers": int(known.sum()),
        "visited": int((made.visits > 0).sum()),
        "steps_answered": float(made.visits[known].sum() / made.visits.sum()),
    }


def _gain_data(gain: Gain | None) -> dict[str, object] | None:
    if gain is None:
        return None
    return {"percent": gain.percent, "low": gain.low, "high": gain.high, "steps": gain.steps}
