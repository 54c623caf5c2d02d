"""Show the configuration that is in force, and who set each value."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from config.settings import DEFAULT_CONFIG, Settings
from router.cli.errors import CommandError, ExitCode
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption, settings_of
from router.cli.output import show, show_json


def show_command(
    why: Annotated[
        str, typer.Option("--why", metavar="KEY", help="Only this key, or the keys below it.")
    ] = "",
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
    as_json: JsonOption = False,
) -> None:
    """Print every value with its origin: a file and line, a variable, --set, or default."""
    rows = _below(settings_of(config, overrides), why)
    if as_json:
        show_json(
            {"values": [{"key": key, "value": value, "origin": by} for key, value, by in rows]}
        )
        return
    for key, value, origin in rows:
        show(f"{key} = {_text(value)}    # {origin}")


COMMANDS: dict[str, Callable[..., None]] = {"show": show_command}


def _below(settings: Settings, key: str) -> Sequence[tuple[str, object, str]]:
    rows = settings.effective()
    if not key:
        return rows
    found = [row for row in rows if f"{row[0]}.".startswith(f"{key}.")]
    if not found:
        near = difflib.get_close_matches(key, [row[0] for row in rows], n=3)
        hint = f"; nearest: {', '.join(near)}" if near else ""
        raise CommandError(
            ExitCode.NOT_FOUND, f"no key {key!r}{hint}; `sluice config show` has all"
        )
    return found


def _text(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case tuple():
            return f"[{', '.join(_text(each) for each in value)}]"
        case Path():
            return str(value)
        case _:
            return str(value)
