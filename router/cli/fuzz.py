"""Play seeds of the simulation, everything going wrong in them, until something must not be."""

from __future__ import annotations

import os
import time
from typing import Annotated

import typer

from router.cli.errors import CommandError, ExitCode
from router.cli.fuzz_text import failure_text, replay_command, story, totals
from router.cli.options import JsonOption
from router.cli.output import say, show, show_json
from router.cli.progress import followed
from router.cli.seeds import SEEDS_MAX
from router.simulation.many import Failure, Totals, found_in, outcomes
from router.simulation.play import Outcome, play
from router.simulation.shrinking import TRIES_MAX


def command(
    seeds: Annotated[int, typer.Option(min=1, max=SEEDS_MAX, help="How many.")] = 100,
    start: Annotated[int, typer.Option("--from", min=0, help="The first.")] = 1,
    keep: Annotated[
        str,
        typer.Option(
            metavar="I,J,..", show_default="all", help="Only these things of the one seed's script."
        ),
    ] = "",
    failures: Annotated[int, typer.Option(min=1, help="Stop after so many failing seeds.")] = 1,
    tries: Annotated[
        int, typer.Option(min=0, help="Runs at most to shrink a failing script; 0: as it is.")
    ] = TRIES_MAX,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show each seed's script.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Each seed is a market, two OMSs, the whole router, and what breaks wires, disk, process and
    venues. An oracle that shares nothing with the router judges every step. The same seed is the
    same history. Exit code 10: an invariant does not hold.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # of the processes that are started
    if keep:
        _replay(start, _numbers(keep, seeds), as_json=as_json)
        return
    which = range(start, start + seeds)
    began, seen, broken = time.monotonic(), Totals(), list[Failure]()
    try:
        for outcome in followed(outcomes(which, jobs), seeds, "seeds", quiet=quiet):
            seen.add(outcome)
            if verbose and not as_json:
                show(story(outcome))
            if outcome.rule:
                broken.append(_failure(outcome, tries, quiet=quiet, as_json=as_json))
            if len(broken) == failures:
                break
    except KeyboardInterrupt:
        say(totals(seen, time.monotonic() - began))
        raise CommandError(ExitCode.INTERRUPTED, f"interrupted after {seen.seeds} seeds") from None
    _end(seen, broken, time.monotonic() - began, as_json=as_json)


def _failure(outcome: Outcome, tries: int, *, quiet: bool, as_json: bool) -> Failure:
    """The failing seed with its shortest script, told at once: much time may pass to the end."""
    if tries and not quiet:
        say(f"seed {outcome.seed} breaks {outcome.rule}: looking for a shorter script")
    failure = found_in(outcome, tries)
    if not as_json:
        show(failure_text(failure))
    return failure


def _end(seen: Totals, broken: list[Failure], seconds: float, *, as_json: bool) -> None:
    if as_json:
        told = [
            {
                "seed": each.outcome.seed,
                "rule": each.outcome.rule,
                "text": each.outcome.text,
                "script": each.outcome.script,
                "keep": each.keep,
                "replay": replay_command(each),
            }
            for each in broken
        ]
        show_json({**seen.document(), "seconds": round(seconds, 3), "failures": told})
    else:
        show(totals(seen, seconds))
    if broken:
        raise CommandError(ExitCode.FINDINGS)


def _replay(seed: int, keep: tuple[int, ...], *, as_json: bool) -> None:
    outcome = play(seed, keep)
    unknown = [each for each in keep if each >= len(outcome.script)]
    if unknown:
        text = f"--keep {unknown[0]}: the script of seed {seed} has things 0 to "
        raise CommandError(ExitCode.CONFIGURATION, f"{text}{len(outcome.script) - 1}")
    if as_json:
        told = {"seed": seed, "keep": keep, "rule": outcome.rule, "text": outcome.text}
        show_json({**told, "trace": outcome.trace})
    else:
        show(story(outcome, keep))
    if outcome.rule:
        raise CommandError(ExitCode.FINDINGS)


def _numbers(text: str, seeds: int) -> tuple[int, ...]:
    """The things that `I,J,..` means.

    Raises:
        CommandError: it means none, or there is more than one seed.
    """
    if seeds != 1:
        raise CommandError(ExitCode.CONFIGURATION, "--keep is of one script: add --seeds 1")
    parts = text.split(",")
    if not all(part.isdecimal() for part in parts):
        wrong = f"--keep {text}: numbers of things as --verbose shows them, such as 0,3,7"
        raise CommandError(ExitCode.CONFIGURATION, wrong)
    return tuple(sorted({int(part) for part in parts}))
