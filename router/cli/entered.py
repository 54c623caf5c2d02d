"""An execution as a person types it, on the command line. Not a command."""

from __future__ import annotations

from typing import Annotated

import typer

from router.cli.errors import CommandError, ExitCode
from router.fix.codec import px_value, qty_value

FORM = "QTY@PX/EXECID"

TradeDateOption = Annotated[
    str,
    typer.Option(metavar="YYYYMMDD", show_default="today, UTC", help="Their TradeDate(75)."),
]


def execution_of(option: str, text: str, trade_date: str) -> dict[str, str]:
    """What the daemon is asked to book.

    Raises:
        CommandError: it is not a quantity, a price and an ExecID.
    """
    qty, at, rest = text.partition("@")
    px, slash, exec_id = rest.partition("/")
    try:
        readable = at and slash and exec_id and qty_value(qty) and px_value(px)
    except ValueError:
        readable = False
    if not readable:
        raise CommandError(ExitCode.CONFIGURATION, f"{option} {text!r} is not {FORM}")
    return {"qty": qty, "px": px, "exec_id": exec_id, "trade_date": trade_date}
