"""What is in doubt as a person reads it: suspense, frozen parents, UNKNOWN children. No command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from router.cli.errors import CommandError, ExitCode
from router.cli.output import show, show_json, table
from router.fix.codec import time_text

_SIDES = {"1": "buy", "2": "sell", "5": "sell short", "6": "sell short exempt"}


def expect_listed(answer: dict[str, Any], key: str, name: str, subject: str, wrong: str) -> None:
    """See that something stands in a list of the answer to `status`. If that tells of a part of
    the list only, the daemon itself will say.

    Raises:
        CommandError: it does not; `wrong` says so, and before what is there.
    """
    told = [str(each[name]) for each in answer[key]]
    if subject not in told and len(told) == answer[f"{key}_count"]:
        raise CommandError(ExitCode.NOT_FOUND, f"{wrong}{', '.join(told) or 'none'}")


def show_list(
    answer: dict[str, Any], key: str, lines: Iterator[str], nothing: str, *, as_json: bool
) -> None:
    """Show such a list: its lines, which begin with an empty one, or that there is nothing."""
    if as_json:
        show_json({each: answer[each] for each in (key, f"{key}_count")})
        return
    told = list(lines)
    for line in told[1:] or [nothing]:
        show(line)


def unknown_text(venues: dict[str, Any]) -> Iterator[str]:
    """Where children are whose fate is not known, and what their venue's profile says of it."""
    for mic, each in venues.items():
        if each["unknown"]:
            where = f"UNKNOWN at {mic}, which {becomes(each)}"
            yield f"{_children(each['unknown'])} {where}"


def unknown_children_text(answer: dict[str, Any]) -> Iterator[str]:
    """The UNKNOWN children; nothing if there are none."""
    header = ["child", "venue", "OrderID", "what", "told", "venue says", "session", "sent, UTC"]
    yield from _listing(answer, "unknown", header, _unknown_row)


def _listing(
    answer: dict[str, Any],
    key: str,
    header: list[str],
    row: Callable[[dict[str, Any]], list[object]],
) -> Iterator[str]:
    entries = answer[key]
    if not entries:
        return
    yield ""
    yield table(header, [row(each) for each in entries])
    if answer[f"{key}_count"] > len(entries):
        yield f"and {answer[f'{key}_count'] - len(entries):,} more"


def _unknown_row(child: dict[str, Any]) -> list[object]:
    side = _SIDES.get(child["side"], f"side {child['side']}")
    return [
        child["cl_ord_id"],
        child["mic"],
        child["order_id"] or "-",
        f"{side} {child['qty']:,} {child['symbol']}",
        child["cum_qty"],
        child["claimed_qty"] or "-",
        "on" if child["venue_open"] else "off",
        time_text(child["sent_at"]),
    ]


def unknown_note(session: dict[str, Any]) -> str:
    """The same of one session of a venue."""
    return f"{_children(session['unknown'])} UNKNOWN there; the venue {becomes(session)}"


def becomes(each: dict[str, Any]) -> str:
    """What the profile says that a venue does with what is open when the session ends."""
    if each["cod"] == "none":
        return f"works {'it' if each['unknown'] == 1 else 'them'} on"
    return "cancels on disconnect"


def _children(count: int) -> str:
    return f"{count:,} {'child' if count == 1 else 'children'}"


def suspense_text(answer: dict[str, Any]) -> Iterator[str]:
    """The entries of the book; nothing if it is empty."""
    header = ["suspense", "cause", "venue", "ExecID", "order", "what", "account", "since, UTC"]
    yield from _listing(answer, "suspense", header, _suspense_row)


def frozen_text(answer: dict[str, Any]) -> Iterator[str]:
    """The frozen parents; nothing if there are none."""
    keys = ("parent_id", "session", "cl_ord_id", "cum_qty", "order_qty", "reason")
    header = ["frozen", "session", "ClOrdID", "filled", "of", "why"]
    yield from _listing(answer, "frozen_parents", header, lambda each: [each[key] for key in keys])


def _suspense_row(entry: dict[str, Any]) -> list[object]:
    side = _SIDES.get(entry["side"], f"side {entry['side']}")
    what = f"{side} {entry['qty']:,} {entry['symbol']} at {entry['px']:g}"
    if entry["exec_ref_id"]:
        what = f"{what}, of {entry['exec_ref_id']}"
    if entry["count"] > 1:
        what = f"{what}: the first of {entry['count']:,}"
    if entry["disputed"]:
        what = f"{what}, disputed"
    return [
        entry["suspense_id"],
        entry["cause"],
        entry["mic"],
        entry["exec_id"],
        entry["cl_ord_id"],
        what,
        entry["account"] or "-",
        time_text(entry["at"]),
    ]
