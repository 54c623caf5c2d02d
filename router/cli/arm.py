"""Release a kill of a running daemon; what it held goes on."""

from __future__ import annotations

from typing import Annotated

import typer

from config.settings import DEFAULT_CONFIG
from router.cli.errors import CommandError, ExitCode
from router.cli.kill import NamedOption, ReasonOption, StateOption
from router.cli.knock import ask
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption, settings_of
from router.cli.output import show, show_json


def command(
    kill_id: Annotated[str, typer.Argument(metavar="KILL_ID", help="As `sluice status` has it.")],
    who: NamedOption,
    reason: ReasonOption,
    state: StateOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Lift one kill. Nothing lifts it by itself, a restart neither.

    Exit 2: no such kill holds. Exit 3: no daemon runs. Exit 6: refused, while the fate of a child
    is not known.
    """
    folder = state or settings_of(config, overrides).state
    held = [str(each["kill_id"]) for each in ask(folder, {"command": "status"})["kills"]]
    if kill_id not in held:
        text = f"no kill {kill_id!r} holds; held: {', '.join(held) or 'none'}"
        raise CommandError(ExitCode.NOT_FOUND, text)
    request: dict[str, object] = {
        "command": "arm",
        "kill_id": kill_id,
        "who": who,
        "reason": reason,
    }
    answer = ask(folder, request)
    if as_json:
        show_json(answer)
        return
    left = ", ".join(answer["still_held"])
    show(f"{kill_id}: released by {who}; " + (f"still held: {left}" if left else "no kill holds"))
