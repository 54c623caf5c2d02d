"""Take back or correct an execution of which its venue has told by telephone or notice alone."""

from __future__ import annotations

from typing import Annotated

import typer

from config.settings import DEFAULT_CONFIG
from router.cli.entered import FORM, TradeDateOption, execution_of
from router.cli.kill import NamedOption, ReasonOption, StateOption
from router.cli.knock import ask
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption, settings_of
from router.cli.output import show, show_json


def command(
    mic: Annotated[str, typer.Argument(metavar="MIC", help="The venue.")],
    exec_id: Annotated[str, typer.Argument(metavar="EXECID", help="Its ExecID(17).")],
    who: NamedOption,
    reason: ReasonOption,
    instead: Annotated[
        str, typer.Option(metavar=FORM, help="What stands in its place: a correction.")
    ] = "",
    trade_date: TradeDateOption = "",
    state: StateOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Take an execution back: its parent and the OMS are told, as of a bust by the venue.

    Told by the venue later, it changes nothing. Shares that are free again are worked on, if their
    order is not over.

    Exit 3: no daemon runs. Exit 4: --instead cannot be read. Exit 6: no such execution is booked,
    or it was taken back before.
    """
    corrected = execution_of("--instead", instead, trade_date) if instead else None
    request: dict[str, object] = {
        "command": "bust",
        "mic": mic,
        "exec_id": exec_id,
        "trade_date": trade_date,
        "instead": corrected,
        "who": who,
        "reason": reason,
    }
    answer = ask(state or settings_of(config, overrides).state, request)
    if as_json:
        show_json(answer)
        return
    what = f"corrected to {instead}" if instead else "taken back"
    show(f"{exec_id} of {mic} on {answer['trade_date']}: {what}, by {who}")
