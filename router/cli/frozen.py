"""Parents that are frozen, because something was told of them that cannot be: list and release."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from config.settings import DEFAULT_CONFIG
from router.cli.doubt_text import expect_listed, frozen_text, show_list
from router.cli.kill import NamedOption, ReasonOption, StateOption
from router.cli.knock import ask
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption, settings_of
from router.cli.output import show, show_json


def listed(
    state: StateOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Every frozen parent, with what has frozen it. Exit 3: no daemon runs."""
    answer = ask(state or settings_of(config, overrides).state, {"command": "status"})
    show_list(answer, "frozen_parents", frozen_text(answer), "no parent is frozen", as_json=as_json)


def release(
    parent_id: Annotated[str, typer.Argument(metavar="ORDER_ID", help="OrderID of the parent.")],
    who: NamedOption,
    reason: ReasonOption,
    state: StateOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Let a frozen parent go on; one that is over is only taken off the list.

    Exit 2: it is not frozen. Exit 3: no daemon runs. Exit 6: refused, while the fate of one of its
    children is not known.
    """
    folder = state or settings_of(config, overrides).state
    answer = ask(folder, {"command": "status"})
    wrong = f"{parent_id!r} is not frozen; frozen: "
    expect_listed(answer, "frozen_parents", "parent_id", parent_id, wrong)
    request: dict[str, object] = {
        "command": "release",
        "parent_id": parent_id,
        "who": who,
        "reason": reason,
    }
    answer = ask(folder, request)
    if as_json:
        show_json(answer)
        return
    left = ", ".join(answer["frozen"])
    show(f"{parent_id}: released by {who}; " + (f"still frozen: {left}" if left else "none is"))


COMMANDS: dict[str, Callable[..., None]] = {"list": listed, "release": release}
