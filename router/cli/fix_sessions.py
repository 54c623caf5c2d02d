"""`sluice fix sessions`, and an operator's hand on one: logon, logout, reset, set-numbers."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from config.settings import DEFAULT_CONFIG
from router.cli.doubt_text import unknown_note
from router.cli.errors import CommandError, ExitCode
from router.cli.kill import NamedOption, ReasonOption, StateOption, WhoOption
from router.cli.knock import ask
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption, settings_of
from router.cli.output import show, show_json, table
from router.cli.paint import clear
from router.cli.waiting import wait
from router.fix.codec import time_text
from router.model import NS

WATCH_S = 1.0
HEADER = (
    "session",
    "version",
    "role",
    "state",
    "next in",
    "next out",
    "gap",
    "held",
    "waiting",
    "heard, s ago",
    "sent, s ago",
    "round trip, ms",
    "heartbeat, s",
    "peer",
)

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="The session, as `sluice fix sessions` has it.")
]
WhyOption = Annotated[str, typer.Option("--reason", help="Why; it is journaled.")]


def sessions(
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Again every second, until Ctrl-C.")
    ] = False,
    state: StateOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Print where each FIX session of the daemon stands. Exit 3: no daemon runs.

    A gap is what the peer has been asked to send again; held messages wait until it has come.
    Waiting ones are ours, behind a Logon or a resend.
    """
    folder = _folder(state, config, overrides)
    while True:
        answer = ask(folder, {"command": "fix_sessions"})
        if as_json:
            show_json(answer)
        else:
            if watch:
                clear()
            show("\n".join(text(answer)))
        if not watch:
            return
        wait(WATCH_S)


def logon(
    name: NameArgument,
    who: WhoOption = "",
    reason: WhyOption = "by hand",
    state: StateOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Let a session log on again that was logged out by hand: call the venue, or let the OMS in.

    Exit 2: no such session. Exit 3: no daemon runs.
    """
    answer = _command(_folder(state, config, overrides), name, "logon", who, reason)
    if as_json:
        show_json(answer)
    elif answer["logged_on"]:
        show(f"{name} is logged on")
    elif not answer["open"]:
        show(f"{name} may log on when its hours begin: {_moment(answer['next_change'])}")
    elif answer["role"] == "initiator":
        show(f"{name} will be called")
    else:
        show(f"{name} may log on; it has to call")


def logout(
    name: NameArgument,
    who: WhoOption = "",
    reason: WhyOption = "by hand",
    state: StateOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Log a session out, and keep it out, over restarts too, until `sluice fix logon`.

    Orders that rest at a venue stay there, unless it cancels on disconnect (its `cod`), and count
    as UNKNOWN until it is back. Exit 2: no such session. Exit 3: no daemon runs.
    """
    answer = _command(_folder(state, config, overrides), name, "logout", who, reason)
    if as_json:
        show_json(answer)
    elif answer["state"] == "disconnected":
        show(f"{name} stays out until: sluice fix logon {name}")
    else:
        show(f"{name}: Logout has left; it stays out until: sluice fix logon {name}")


def reset(
    name: NameArgument,
    who: NamedOption,
    reason: ReasonOption,
    state: StateOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Begin both numbers of a session again at 1: by ResetSeqNumFlag(141) if it is logged on.

    The peer must begin again too, and what it has missed cannot be resent. Exit 2: no such session.
    Exit 3: no daemon runs. Exit 6: refused, and why.
    """
    answer = _command(_folder(state, config, overrides), name, "reset", who, reason)
    if as_json:
        show_json(answer)
    elif answer["state"] == "disconnected":
        show(f"{name}: numbers are 1 in, 1 out")
    elif answer["state"] == "resetting":
        show(f"{name}: Logon with 141=Y has left; the peer has to answer it")
    else:
        show(f"{name}: numbers begin again as soon as nothing is missing")


def set_numbers(
    name: NameArgument,
    next_in: Annotated[
        int, typer.Option("--next-in", help="The next MsgSeqNum(34) to expect.", min=1)
    ],
    next_out: Annotated[
        int, typer.Option("--next-out", help="The next MsgSeqNum(34) to send.", min=1)
    ],
    who: NamedOption,
    reason: ReasonOption,
    state: StateOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Set both numbers of a session that is not connected: log it out before, and on after.

    Messages whose numbers are skipped are never asked for, or never resent. Exit 2: no such
    session. Exit 3: no daemon runs. Exit 6: refused, and why.
    """
    folder = _folder(state, config, overrides)
    answer = _command(folder, name, "set_numbers", who, reason, next_in, next_out)
    if as_json:
        show_json(answer)
    else:
        show(f"{name}: numbers are {answer['next_in']:,} in, {answer['next_out']:,} out")


def _folder(state: Path | None, config: Path, overrides: list[str]) -> Path:
    return state or settings_of(config, overrides).state


def _command(
    folder: Path,
    name: str,
    action: str,
    who: str,
    reason: str,
    next_in: int = 0,
    next_out: int = 0,
) -> dict[str, Any]:
    """The daemon's answer to an operator's wish.

    Raises:
        CommandError: there is no such session, or the daemon refuses, or none runs.
    """
    known = list(ask(folder, {"command": "fix_sessions"})["sessions"])
    if name not in known:
        text = f"no session {name!r}; there are: {', '.join(known)}"
        raise CommandError(ExitCode.NOT_FOUND, text)
    request: dict[str, object] = {
        "command": "fix_session",
        "session": name,
        "action": action,
        "who": who or getpass.getuser(),
        "reason": reason,
    }
    if next_out:
        request |= {"next_in": next_in, "next_out": next_out}
    return ask(folder, request)


# -- words ---------------------------------------------------------------------------------------


def text(answer: dict[str, Any]) -> Iterator[str]:
    """The answer as a person reads it: a table, and below it what is out of the ordinary."""
    now, found = answer["now"], answer["sessions"]
    yield _moment(now)
    yield table(HEADER, [_row(name, each, now) for name, each in found.items()])
    for name, each in found.items():
        for line in _notes(each):
            yield f"{name}: {line}"


def _row(name: str, each: dict[str, Any], now: int) -> list[object]:
    gap = each["gap"]
    return [
        name,
        each["version"],
        each["role"],
        each["state"],
        each["next_in"],
        each["next_out"],
        "-" if gap is None else f"{gap[0]}..{gap[1]}",
        each["held"],
        each["waiting"],
        _ago(each["last_heard"], now),
        _ago(each["last_sent"], now),
        "-" if each["round_trip_ns"] is None else f"{each['round_trip_ns'] / 1e6:.1f}",
        each["heart_bt_int"] if each["logged_on"] else "-",
        _peer(each.get("connection") or {}),
    ]


def _peer(connection: dict[str, Any]) -> str:
    """The peer's address, and TLS if there is any."""
    if not connection.get("peer"):
        return "-"
    return f"{connection['peer']} TLS" if connection.get("tls") else str(connection["peer"])


def _notes(each: dict[str, Any]) -> Iterator[str]:
    if each["barred"]:
        yield "logged out by an operator; it stays out until: sluice fix logon"
    if not each["open"]:
        yield f"outside its hours; they begin {_moment(each['next_change'])}"
    elif each["next_change"] is not None:
        yield f"its hours end {_moment(each['next_change'])}"
    if not each["logged_on"] and each["closed_reason"]:
        yield f"last ended: {each['closed_reason']}"
    if each.get("unknown"):
        yield unknown_note(each)
    if each["slow"]:
        yield "the peer reads too slowly; resends wait"
    if each["garbled"]:
        yield f"garbled messages on this connection: {each['garbled']}"
    for direction in ("sent", "received"):
        reject = each[f"reject_{direction}"]
        if reject is not None:
            yield f"last reject {direction}: {_reject(reject)}"
    yield from _connection(each.get("connection") or {})


def _reject(reject: dict[str, Any]) -> str:
    about = f"35={reject.get('ref_msg_type', '?')} 34={reject.get('ref_seq_num', '?')}"
    tag = f", tag {reject['ref_tag']}" if reject.get("ref_tag") else ""
    kind = "380" if reject.get("msg_type") == "j" else "373"
    reason = f" {kind}={reject['reason']}" if reject["reason"] else ""
    return f"{_moment(reject['at'])}, of {about}{tag}:{reason} {reject['text']}".rstrip()


def _connection(each: dict[str, Any]) -> Iterator[str]:
    """What the live driver knows of a connection."""
    if each.get("unsent"):
        yield f"bytes that the peer has not taken yet: {each['unsent']:,}"
    if each.get("tls"):
        shown = f", certificate {each['fingerprint']}" if each.get("fingerprint") else ""
        yield f"{each['tls']}{shown}"
    if each.get("last_failure"):
        yield f"cannot be reached: {each['last_failure']}"
    refusal = each.get("last_refusal")
    if refusal:
        yield f"last refused {_moment(refusal['at'])}: {refusal['peer']}: {refusal['reason']}"


def _ago(then: int, now: int) -> str:
    return f"{(now - then) / NS:,.1f}" if then else "-"


def _moment(at: int | None) -> str:
    if at is None:
        return "never"
    text = time_text(at, 0)
    return f"{text[:4]}-{text[4:6]}-{text[6:8]} {text[9:]} UTC"
