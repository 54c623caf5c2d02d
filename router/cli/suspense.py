"""What venues have told and nobody could place: list it, assign it to a child, dismiss it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from config.settings import DEFAULT_CONFIG
from router.cli.doubt_text import expect_listed, show_list, suspense_text
from router.cli.kill import NamedOption, ReasonOption, StateOption
from router.cli.knock import ask
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption, settings_of
from router.cli.output import show, show_json

EntryArgument = Annotated[
    str, typer.Argument(metavar="SUSPENSE_ID", help="As `sluice suspense list` has it.")
]


def listed(
    state: StateOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Every entry of the suspense book, each as the venue told it. Exit 3: no daemon runs."""
    answer = ask(state or settings_of(config, overrides).state, {"command": "status"})
    show_list(answer, "suspense", suspense_text(answer), "nothing is in suspense", as_json=as_json)


def assign(
    suspense_id: EntryArgument,
    order: Annotated[str, typer.Option("--order", help="ClOrdID of the child that traded.")],
    who: NamedOption,
    reason: ReasonOption,
    state: StateOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Book an execution as a child's: its parent and the OMS are told, as of any other.

    Exit 2: no such entry. Exit 3: no daemon runs. Exit 6: it is not that child's, or no execution.
    """
    request = {"command": "assign", "cl_ord_id": order}
    answer = _settle(state, config, overrides, request, suspense_id, who, reason)
    if as_json:
        show_json(answer)
        return
    show(f"{suspense_id}: booked as {order}'s by {who}; {answer['suspense_count']} left")


def dismiss(
    suspense_id: EntryArgument,
    who: NamedOption,
    reason: ReasonOption,
    state: StateOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Take an entry out of the book: it is not ours, or was settled elsewhere. It counts no more.

    Exit 2: no such entry. Exit 3: no daemon runs.
    """
    request = {"command": "dismiss"}
    answer = _settle(state, config, overrides, request, suspense_id, who, reason)
    if as_json:
        show_json(answer)
        return
    show(f"{suspense_id}: dismissed by {who}; {answer['suspense_count']} left")


def _settle(
    state: StateOption,
    config: ConfigOption,
    overrides: list[str],
    request: dict[str, str],
    suspense_id: str,
    who: str,
    reason: str,
) -> dict[str, object]:
    folder = state or settings_of(config, overrides).state
    answer = ask(folder, {"command": "status"})
    wrong = f"no entry {suspense_id!r} in suspense; there: "
    expect_listed(answer, "suspense", "suspense_id", suspense_id, wrong)
    told = {"suspense_id": suspense_id, "who": who, "reason": reason}
    return ask(folder, {**request, **told})


COMMANDS: dict[str, Callable[..., None]] = {"list": listed, "assign": assign, "dismiss": dismiss}
