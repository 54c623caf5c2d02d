"""Engage the kill switch of a running daemon: no new risk in a scope, what rests is canceled."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from config.settings import DEFAULT_CONFIG
from router.cli.errors import CommandError, ExitCode
from router.cli.knock import ask
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption, settings_of
from router.cli.output import show, show_json
from router.core.killing import SCOPES

ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it is journaled.")]
WhoOption = Annotated[
    str, typer.Option("--who", show_default="your user name", help="The person who does it.")
]
NamedOption = Annotated[str, typer.Option("--who", help="The person who takes it upon them.")]
"""For what only a named person may do."""
StateOption = Annotated[
    Path | None, typer.Option("--state", metavar="DIR", help="The daemon's state folder.")
]


def command(
    scope: Annotated[str, typer.Option(help="all, account or venue.")],
    reason: ReasonOption,
    value: Annotated[str, typer.Argument(help="The account, or the venue's MIC.")] = "",
    who: WhoOption = "",
    state: StateOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Stop new risk and cancel every resting child in scope, now. Fills go on being booked.

    Says what is canceled and under which id the kill holds; `sluice arm ID` releases it. Exit 3: no
    daemon runs. Exit 5: it has not answered; ask again.
    """
    _check(scope, value)
    folder = state or settings_of(config, overrides).state
    if scope == "venue":
        known = list(ask(folder, {"command": "status"})["venues"])
        if value not in known:
            text = f"no venue {value!r}; there are: {', '.join(known)}"
            raise CommandError(ExitCode.NOT_FOUND, text)
    answer = ask(
        folder,
        {
            "command": "kill",
            "scope": scope,
            "value": value,
            "who": who or getpass.getuser(),
            "reason": reason,
        },
    )
    if as_json:
        show_json(answer)
        return
    what = f"{scope} {value}".rstrip()
    show(
        f"{answer['kill_id']}: killed {what}; {answer['cancels']} children are being canceled; "
        f"release it with: sluice arm {answer['kill_id']} --who NAME --reason TEXT"
    )


def _check(scope: str, value: str) -> None:
    if scope not in SCOPES:
        text = f"--scope {scope!r} is not one of: {', '.join(SCOPES)}"
        raise CommandError(ExitCode.CONFIGURATION, text)
    if scope == "all" and value:
        raise CommandError(ExitCode.CONFIGURATION, f"--scope all takes no value, not {value!r}")
    if scope != "all" and not value:
        raise CommandError(
            ExitCode.CONFIGURATION, f"--scope {scope} needs a value: sluice kill --scope {scope} X"
        )
