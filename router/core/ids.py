"""Identifiers, derived from counters: nothing is drawn, so nothing is drawn twice.

Owns the shape of ClOrdID(11), OrderID(37) and ExecID(17). Knows nothing of orders.
"""

from __future__ import annotations

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def base36(number: int) -> str:
    """A non-negative integer in base 36, capital letters."""
    assert number >= 0
    text = ""
    while True:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
        if number == 0:
            return text


def child_id(shard: str, epoch: int, counter: int) -> str:
    """ClOrdID of a child: the epoch shows which life of the daemon sent it."""
    return f"{shard}{base36(epoch)}-{base36(counter)}"


def parent_id(shard: str, epoch: int, counter: int) -> str:
    """OrderID of a parent."""
    return f"P{shard}{base36(epoch)}-{base36(counter)}"


def report_id(shard: str, epoch: int, counter: int) -> str:
    """ExecID of a report that is not a fill."""
    return f"R{shard}{base36(epoch)}-{base36(counter)}"


def client(session: str, reply_to: str) -> str:
    """Whose ClOrdIDs(11) a message names: its session's, or those of the firm on whose behalf it is
    sent (OnBehalfOfCompID(115), in `reply_to` as DeliverToCompID(128)). Each has its own.
    """
    for field in reply_to.split("\x01"):
        if field.startswith("128="):
            return f"{session}\x01{field[4:]}"
    return session


def session_of(client: str) -> str:
    """The session of whom `client` has named."""
    return client.partition("\x01")[0]


def fill_key(mic: str, trade_date: str, exec_id: str) -> str:
    """What makes an execution the same execution: venue, trade date and its ExecID."""
    return f"{mic}.{trade_date}.{exec_id}"
