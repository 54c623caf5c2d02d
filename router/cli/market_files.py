"""Where market files are: the shipped ones by name, others by path. Not a command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from config.settings import DEFAULT_CONFIG
from router.cli.errors import CommandError, ExitCode

SHIPPED = DEFAULT_CONFIG.parent / "markets"

MarketArgument = Annotated[
    str, typer.Argument(metavar="FILE", help="A market file, or the name of a shipped one.")
]


def shipped() -> list[Path]:
    """The markets that come with Sluice, by name."""
    return sorted(SHIPPED.glob("*.yaml"))


def market_file(text: str) -> Path:
    """The file at a path, or of a shipped market that is called so.

    Raises:
        CommandError: there is neither.
    """
    path = Path(text)
    if path.is_file():
        return path
    if (named := SHIPPED / f"{text}.yaml") in shipped():
        return named
    names = ", ".join(each.stem for each in shipped())
    raise CommandError(ExitCode.NOT_FOUND, f"{text}: no such file; shipped markets: {names}")
