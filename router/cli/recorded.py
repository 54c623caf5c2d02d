"""Recorded days as commands take them: which hours and venues count. Not a command."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated

import typer

from router.cli.errors import CommandError, ExitCode
from venues.facts.day import Scope
from venues.facts.targets import scope_of
from venues.market_file import MarketSpec

HoursOption = Annotated[
    str,
    typer.Option(
        metavar="HH:MM-HH:MM", show_default="the market's, or 09:30-16:00", help="Of trading."
    ),
]


def scope_meant(spec: MarketSpec | None, hours: str) -> Scope:
    """The market's scope, or that of a US stock; with other hours if they are given.

    Raises:
        CommandError: the hours are none.
    """
    scope = scope_of(spec) if spec is not None else Scope()
    if not hours:
        return scope
    found = re.fullmatch(r"(\d\d):([0-5]\d)-(\d\d):([0-5]\d)", hours)
    if found is not None:
        start, end = (
            3600 * int(hour) + 60 * int(minute)
            for hour, minute in ((found[1], found[2]), (found[3], found[4]))
        )
        if start < end:
            return replace(scope, sessions=((start, end),))
    raise CommandError(ExitCode.CONFIGURATION, f"--hours {hours}: not HH:MM-HH:MM")
