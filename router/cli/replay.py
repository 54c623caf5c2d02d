"""Fold a state folder's journal again, and with --verify decide everything again and compare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from config.settings import DEFAULT_CONFIG
from router.analysis.replay import (
    Difference,
    ForeignJournal,
    Judge,
    Summary,
    Verdict,
    differing_fields,
    summarize,
)
from router.cli.configurations import Configurations
from router.cli.errors import CommandError, ExitCode
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption, settings_of
from router.cli.output import say, show, show_json
from router.journal.market import read_market
from router.journal.recovery import merge_market, read_steps
from router.journal.storage import FileStorage
from router.messages import Command, Step

VALUE_MAX = 120
"""Characters of a differing field that are shown."""


def command(
    state: Annotated[
        Path | None, typer.Argument(metavar="STATE", help="The state folder; of the configuration.")
    ] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Decide everything again.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Fold the journal, next to a running daemon too. Exit 1: something was decided differently.

    With --verify the engine is given journal and market file again, and every command must be what
    the journal has, byte for byte. Exit 10: for a part of the history that cannot be told, because
    records of the market are missing or another policy is loaded than the one that ran.
    """
    settings = settings_of(config, overrides)
    storage = FileStorage(state or settings.state, read_only=True)
    book = Configurations(settings, storage.folder)
    try:
        summary = summarize(_steps(storage), book.rules("").make_engine().state)
        verdict = _judge(storage, book, summary) if verify else None
    except ForeignJournal as error:
        text = f"{error}, which this configuration has not; give the one that ran, with its --set"
        raise CommandError(ExitCode.CONFIGURATION, text) from None
    if book.unread:
        say(f"note: policy documents cannot be read, the journal's have to do: {book.unread[0]}")
    if as_json:
        show_json(_data(storage, summary, verdict))
    else:
        _show(storage, summary, verdict)
    if verdict is not None:
        _end(book, verdict)


def _steps(storage: FileStorage) -> Iterator[Step]:
    return (step for _, step in read_steps(storage, live=True))


def _judge(storage: FileStorage, book: Configurations, summary: Summary) -> Verdict:
    # What a running daemon has written since the first reading is left out of the second.
    journal = (each for each in read_steps(storage, live=True) if each[1].seq <= summary.last_seq)
    market = (each for each in read_market(storage) if each.seq <= summary.last_seq)
    judge = Judge(book.rules, lambda: _steps(storage))
    return judge.run(merge_market(journal, market))


def _outcome(verdict: Verdict) -> str:
    """`different`, `undecided` or `same`."""
    if verdict.difference is not None:
        return "different"
    return "undecided" if verdict.gaps else "same"


def _end(book: Configurations, verdict: Verdict) -> None:
    """Say what it means, and end with the code for it.

    Raises:
        CommandError: unless everything was decided again and is the same.
    """
    outcome = _outcome(verdict)
    missing = book.missing(verdict.config_hashes)
    of_policy = any(gap.reason.startswith("policy") for gap in verdict.gaps)
    if missing and (outcome == "different" or of_policy):
        theirs = ", ".join(sorted({each[:12] for each in missing}))
        say(
            f"note: {len(missing)} of {len(verdict.config_hashes)} starts ran with another "
            f"configuration ({theirs}) than the one that is loaded ({book.digest[:12]}); give the "
            "one that ran: --config and --set"
        )
    if outcome == "different":
        raise CommandError(ExitCode.ERROR, *_difference_lines(verdict))
    if outcome == "undecided":
        lines = (
            f"cannot be decided again from seq {gap.first_seq} to {gap.last_seq}, "
            f"{gap.steps} steps: {gap.reason}"
            for gap in verdict.gaps
        )
        raise CommandError(ExitCode.FINDINGS, *lines)


def _difference_lines(verdict: Verdict) -> Iterator[str]:
    found = verdict.difference
    assert found is not None
    if found.text:
        yield f"DIFFERENT at seq {found.seq} {found.event}: {found.text}"
        return
    yield f"DIFFERENT at seq {found.seq}, {found.event}, command {found.index + 1}"
    recorded, decided = found.recorded, found.decided
    yield f"  recorded  {_name(recorded)}"
    yield f"  decided   {_name(decided)}"
    if recorded is not None and type(recorded) is type(decided) and decided is not None:
        for name, theirs, ours in differing_fields(recorded, decided):
            yield f"    {name}"
            yield f"      recorded  {_short(theirs)}"
            yield f"      decided   {_short(ours)}"


def _name(command: Command | None) -> str:
    if command is None:
        return "nothing"
    return f"{type(command).__name__} {_short(msgspec.to_builtins(command))}"


def _short(value: object) -> str:
    text = repr(msgspec.to_builtins(value))
    return text if len(text) <= VALUE_MAX else f"{text[:VALUE_MAX]} ..."


# -- output --------------------------------------------------------------------------------------


def _show(storage: FileStorage, summary: Summary, verdict: Verdict | None) -> None:
    rows = [
        ["state", str(storage.folder)],
        ["steps", f"{summary.steps:,} in the journal, seq {summary.first_seq:,} to "
                  f"{summary.last_seq:,}"],
        ["starts", f"{summary.lives:,}"],
        ["parents", f"{summary.parents:,}, {summary.open_parents:,} of them open"],
        ["decisions", f"{summary.decisions:,}"],
        ["children", f"{summary.children:,}"],
        ["fills", f"{summary.fills:,}"],
        ["lessons", f"{summary.lessons:,}"],
        ["digest", summary.digest],
    ]  # fmt: skip
    if verdict is not None:
        if verdict.difference is None:
            rows.append(["folded twice", "the same state, and that of the engine"])
        told = f"{verdict.compared:,} steps, {verdict.commands:,} commands: the same, byte for byte"
        rows.append(["decided again", told])
        rows.append(["verdict", _outcome(verdict)])
    show("\n".join(f"{name:<14} {text}" for name, text in rows))


def _data(storage: FileStorage, summary: Summary, verdict: Verdict | None) -> dict[str, object]:
    found: dict[str, object] = {"state": str(storage.folder), **asdict(summary)}
    if verdict is not None:
        found["verify"] = {
            "outcome": _outcome(verdict),
            "compared": verdict.compared,
            "commands": verdict.commands,
            "gaps": [asdict(gap) for gap in verdict.gaps],
            "difference": _difference_data(verdict.difference),
            "config_hashes": verdict.config_hashes,
        }
    return found


def _difference_data(found: Difference | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {
        "seq": found.seq,
        "event": found.event,
        "index": found.index,
        "recorded": msgspec.to_builtins(found.recorded),
        "decided": msgspec.to_builtins(found.decided),
        "text": found.text,
    }
