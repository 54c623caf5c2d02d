"""The policy of a running daemon: read its documents again, and see what was in force and when."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from config.settings import DEFAULT_CONFIG
from router.cli.errors import CommandError, ExitCode
from router.cli.kill import StateOption, WhoOption
from router.cli.knock import ask
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption, settings_of
from router.cli.output import columns, show, show_json
from router.fix.codec import time_text
from router.journal.recovery import read_steps
from router.journal.storage import FileStorage
from router.messages import PoliciesLoaded, PolicyFiles, Restarted
from router.runtime.reloading import COMMAND

RELOAD_S = 60.0
"""How long an answer is waited for: documents are read beside all that the daemon does."""
SHORT = 12
"""Digits of a hash that are shown."""


def reload(
    reason: Annotated[str, typer.Option("--reason", help="Why; it is journaled.")] = "",
    who: WhoOption = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check and compare; nothing is taken into force.")
    ] = False,
    apply_open: Annotated[
        bool,
        typer.Option("--apply-open", help="Open orders may do only what both policies allow."),
    ] = False,
    state: StateOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Let the daemon read its policy documents again, for orders that it takes from then on.

    Open orders go on under the policy that took them; with --apply-open they are narrowed by the
    new one, and children that rest where it has none are taken back. Exit 3: no daemon runs. Exit
    4: a document is wrong, and what was in force stays. Exit 6: refused.
    """
    if not (reason or dry_run):
        text = "--reason is missing: why are they read again? --dry-run needs none"
        raise CommandError(ExitCode.CONFIGURATION, text)
    folder = state or settings_of(config, overrides).state
    request = {
        "command": COMMAND,
        "who": who or getpass.getuser(),
        "reason": reason,
        "dry_run": dry_run,
        "apply_open": apply_open,
    }
    answer = ask(folder, request, answer_s=RELOAD_S)
    if as_json:
        show_json(answer)
    if "refused" in answer:
        kept = f"nothing has changed: policy {answer['policy_hash'][:SHORT]} stays in force"
        raise CommandError(ExitCode.CONFIGURATION, *answer["refused"], kept)
    if not as_json:
        for line in _text(answer):
            show(line)


def _text(answer: dict[str, Any]) -> Iterator[str]:
    policy, before = answer["policy_hash"][:SHORT], answer["before"][:SHORT]
    applied = answer.get("narrowed", 0) + answer.get("set_free", 0)
    if not answer["differs"] and not applied:
        yield f"nothing has changed: policy {policy} is in force"
        return
    verb = "would be" if answer["dry_run"] else "is"
    if answer["differs"]:
        yield f"policy {policy} {verb} in force for orders from now on; before: {before}"
    else:
        yield f"policy {policy} is in force"
    for key in ("added", "removed", "changed"):
        for name in answer[key]:
            yield f"{key:<8} {name}"
    yield from _applied(answer)
    older = sum(answer["open_under_older"].values())
    if older:
        yield f"{older:,} open orders {'would ' if answer['dry_run'] else ''}go on under older ones"


def _applied(answer: dict[str, Any]) -> Iterator[str]:
    """What it does to open orders, if it was to do something."""
    would = "would be" if answer["dry_run"] else "are"
    if narrowed := answer.get("narrowed", 0):
        yield f"{narrowed:,} open orders {would} narrowed by it"
    if free := answer.get("set_free", 0):
        yield f"{free:,} open orders {would} narrowed no more: it is what took them"
    if back := answer.get("taken_back", 0):
        yield f"{back:,} children are taken back"


# -- what was in force ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InForce:
    """Documents that were taken into force."""

    seq: int
    now: int
    who: str
    """Empty: a start of the daemon."""
    reason: str
    files: PolicyFiles
    apply_open: bool = False
    """They narrow the orders that were open then."""


def show_command(
    policy: Annotated[
        str, typer.Argument(metavar="[HASH]", help="Whose texts are shown: a hash's beginning.")
    ] = "",
    state: StateOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Every policy that was in force, since when and by whom, or the texts of one.

    From the journal alone, next to a running daemon too. Exit 2: there was no such policy.
    """
    folder = state or settings_of(config, overrides).state
    found = list(_history(folder))
    if policy:
        found = [each for each in found if each.files.hash.startswith(policy)][-1:]
        if not found:
            text = f"no policy {policy!r} in the journal; sluice policy show lists them"
            raise CommandError(ExitCode.NOT_FOUND, text)
    if as_json:
        show_json({"policies": [_data(each, texts=bool(policy)) for each in found]})
    elif policy:
        for line in _documents(found[0].files):
            show(line)
    else:
        header = ("since, UTC", ">seq", "policy", "by", "documents", "why")
        for line in columns(header, [_row(each) for each in found]):
            show(line)


def _history(folder: Path) -> Iterator[InForce]:
    """In order; a start that changes nothing is none."""
    storage = FileStorage(folder, read_only=True)
    for _, step in read_steps(storage, live=True, partial=True):
        match step.event:
            case PoliciesLoaded(who=who, reason=reason, files=files, apply_open=apply_open):
                yield InForce(step.seq, step.now, who, reason, files, apply_open)
            case Restarted(policies=PolicyFiles() as files):
                yield InForce(step.seq, step.now, "", "", files)
            case _:
                pass


def _row(each: InForce) -> list[str]:
    names = "+".join(f"{one.name}:{one.version}" for one in each.files.documents)
    by = each.who or "a start"
    why = f"{each.reason} (open orders too)" if each.apply_open else each.reason
    return [time_text(each.now), f"{each.seq:,}", each.files.hash[:SHORT], by, names, why]


def _documents(files: PolicyFiles) -> Iterator[str]:
    for document in files.documents:
        yield f"# {document.path}: {document.name}:{document.version} sha256={document.hash}"
        yield document.text.rstrip("\n")
    for table in files.tables:
        yield f"# {table.path}: the table {table.name} of {table.document}"
        yield table.text.rstrip("\n")


def _data(each: InForce, *, texts: bool) -> dict[str, object]:
    told: dict[str, object] = {
        "seq": each.seq,
        "now": each.now,
        "who": each.who,
        "reason": each.reason,
        "apply_open": each.apply_open,
        "policy_hash": each.files.hash,
        "documents": [f"{one.name}:{one.version}" for one in each.files.documents],
    }
    return {**told, "files": msgspec.to_builtins(each.files)} if texts else told


COMMANDS: dict[str, Callable[..., None]] = {"reload": reload, "show": show_command}
