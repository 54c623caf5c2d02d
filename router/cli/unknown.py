"""Children whose fate is not known: list them, and enter what their venue says by other means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from config.settings import DEFAULT_CONFIG
from router.cli.doubt_text import expect_listed, show_list, unknown_children_text
from router.cli.entered import FORM, TradeDateOption, execution_of
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
    """Every UNKNOWN child, and how much of it its venue says has traded. Exit 3: no daemon runs."""
    answer = ask(state or settings_of(config, overrides).state, {"command": "status"})
    show_list(
        answer, "unknown", unknown_children_text(answer), "no child is UNKNOWN", as_json=as_json
    )


def settle(
    cl_ord_id: Annotated[str, typer.Argument(metavar="CHILD", help="Its ClOrdID(11).")],
    cum_qty: Annotated[
        int, typer.Option(help="Shares of it that were executed in all, by the venue's word.")
    ],
    who: NamedOption,
    reason: ReasonOption,
    execution: Annotated[
        list[str] | None,
        typer.Option(metavar=FORM, help="An execution that was not told; may be given again."),
    ] = None,
    trade_date: TradeDateOption = "",
    over: Annotated[bool, typer.Option("--over", help="Nothing of it works any more.")] = False,
    state: StateOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Say what became of a child whose venue cannot be asked, or forgot what it had not told.

    Executions are booked and told to the OMS like any other; told by the venue later, they are the
    same by their ExecID. Over, its shares are free. An order that works all the same is taken back
    when its venue names it.

    Exit 2: it is not UNKNOWN. Exit 3: no daemon runs. Exit 4: an execution that cannot be read.
    Exit 6: refused, because it does not add up, or is booked already.
    """
    told = [execution_of("--execution", each, trade_date) for each in execution or []]
    folder = state or settings_of(config, overrides).state
    answer = ask(folder, {"command": "status"})
    wrong = f"{cl_ord_id!r} is not UNKNOWN; those that are: "
    expect_listed(answer, "unknown", "cl_ord_id", cl_ord_id, wrong)
    request: dict[str, object] = {
        "command": "settle",
        "cl_ord_id": cl_ord_id,
        "executions": told,
        "cum_qty": cum_qty,
        "over": over,
        "who": who,
        "reason": reason,
    }
    answer = ask(folder, request)
    if as_json:
        show_json(answer)
        return
    booked = f"{len(told)} execution{'' if len(told) == 1 else 's'} booked"
    left = f"{answer['unknown_count']} UNKNOWN left"
    show(f"{cl_ord_id}: {booked}, {answer['status']} with {cum_qty}, by {who}; {left}")


COMMANDS: dict[str, Callable[..., None]] = {"list": listed, "settle": settle}
