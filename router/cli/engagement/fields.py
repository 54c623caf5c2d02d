"""Which fields we read of a message and which we send, and what they mean to us.

Data, in the order in which a reader wants them. What a version requires, names and allows is the
dictionary's; `tests/cli/test_roe_tables.py` holds this against what the code reads and writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spoken:
    """One message of a session, and its fields beyond those that the dictionary requires."""

    msg_type: str
    inbound: bool
    """True if we receive it."""
    use: str
    tags: tuple[str, ...]


def _spoken(inbound: bool, lines: Mapping[str, tuple[str, str]]) -> tuple[Spoken, ...]:
    return tuple(
        Spoken(msg_type, inbound, use, tuple(tags.split()))
        for msg_type, (use, tags) in lines.items()
    )


_TERMS = "11 1 55 65 167 15 54 114 38 40 44 99 59 432 126 168 110 18 21 63 847 957 958 960 848"

FROM_OMS = _spoken(
    True,
    {
        "D": ("a new order", _TERMS),
        "G": ("other terms for an order; all are restated", f"41 37 {_TERMS}"),
        "F": ("an order back", "41 37 11"),
        "H": ("where an order stands", "11 37 55 54 790"),
        "AF": ("where all open orders stand, or those of a symbol", "584 585 55 1"),
        "q": ("all open orders back, or those of a symbol", "11 530 55 54"),
    },
)
TO_OMS = _spoken(
    False,
    {
        "8": (
            "what became of an order: taken, filled, busted, corrected, canceled, refused; where "
            "it stands",
            "37 11 41 17 20 150 39 19 103 378 790 584 911 912 1 55 54 38 40 44 59 32 31 30 851 "
            "151 14 6 60 58",
        ),
        "9": ("a cancel or a replace is refused", "37 11 41 39 60 434 102 58"),
        "r": ("a mass cancel is taken or refused", "37 1369 11 530 531 532 533 55 60 58"),
        "j": ("a message that no other answers", "45 372 1130 379 380 58"),
    },
)
TO_VENUE = _spoken(
    False,
    {
        "D": ("a child order", "11 1 21 18 1094 110 55 54 60 38 40 44 117 59 114"),
        "F": ("a child back", "41 37 11 55 54 60 38"),
        "H": ("where a child stands that is not answered", "37 11 55 54"),
        "AF": ("where all our children stand, after every Logon", "584 585"),
    },
)
TO_VENUE_THAT_IS_TOLD = _spoken(
    False,
    {
        "Q": (
            "an execution is of no order of ours, or beyond its order",
            "37 17 127 55 54 38 32 31 58",
        )
    },
)
"""With `dk: ok` alone."""
FROM_VENUE = _spoken(
    True,
    {
        "8": (
            "what became of a child",
            "37 11 41 17 20 150 39 19 55 54 38 32 31 851 103 151 14 75 60 584 912 58",
        ),
        "9": ("a cancel is refused", "11 41 39 102 58"),
        "j": ("a message of ours is refused: its child is closed", "45 372 379 58"),
    },
)
TO_DEALER = _spoken(False, {"R": ("a request for a quote", "131 146 55 54 38")})
FROM_DEALER = _spoken(
    True,
    {
        "S": ("a quote, streamed or asked for", "131 117 537 55 132 133 134 135 62"),
        "Z": ("a quote is withdrawn", "131 117 298 55"),
        "AG": ("a request is refused", "131 55"),
        "b": ("a request is refused", "131 297 55"),
        "AI": ("a quote is over", "117 297 55"),
    },
)
TO_DATA = _spoken(False, {"V": ("books and trades of a symbol", "262 263 264 265 267 269 146 55")})
FROM_DATA = _spoken(
    True,
    {
        "W": ("a whole book", "55 268 269 270 271"),
        "X": ("changes of a book, and trades", "55 268 279 269 270 271"),
        "Y": ("books and trades are refused", "262 281 58"),
    },
)
SESSION = _spoken(
    True,
    {
        "A": ("the session begins", "98 108 141 789 383 464 553 554 1137"),
        "0": ("we are alive", "112"),
        "1": ("are you alive? Answered at once by Heartbeat(0)", "112"),
        "2": ("messages again, as they were", "7 16"),
        "4": ("numbers go on elsewhere: a gap is filled, or a reset", "36 123"),
        "3": ("a message is not what the standard says", "45 371 372 373 58"),
        "5": ("the session ends", "58 1409"),
    },
)

_NAMES = ("49", "56", "50", "142", "57", "143", "115", "116", "128", "129", "144", "145")
_NUMBERS = ("34", "43", "97", "52", "122", "369", "1128")
HEADER = ("8", "9", "35", *_NAMES, *_NUMBERS)
"""What we read of the header, or send."""

ONCE_A_SESSION = "used once on the session, for whatever request, and never again"
NOTES: Mapping[str, str] = {
    "1": "account; limits and policies may count by it",
    "6": "exact average of all executions, half-even at 8 decimals",
    "7": "first number that is wanted",
    "8": "first field",
    "9": "bytes from MsgType(35) to the SOH before CheckSum(10)",
    "11": ONCE_A_SESSION,
    "14": "sum of all executions after busts and corrections",
    "15": "the instrument's, in its letters",
    "16": "last number; 0 for all up to now",
    "17": "unique; of a fill a function of the venue's, and the same after a crash; 0 on a status",
    "18": "every one of several must be one of these",
    "19": "ExecID(17) of the execution that is busted or corrected",
    "20": "FIX.4.2 tells busts, corrections and status by it",
    "30": "MIC of the venue: one report for one execution at one venue",
    "31": "price of the execution, or as corrected",
    "32": "shares of the execution, or as corrected",
    "34": "without a hole, from 1",
    "35": "third field",
    "36": "the next number",
    "37": "our id of the order; `NONE` in an answer about one that we do not know",
    "38": "whole shares, above 0; all that is wanted, filled shares included",
    "41": "the last ClOrdID(11) of the order that was not refused",
    "43": "Y: sent before, under this number",
    "44": "at most 8 decimals; on the instrument's tick",
    "45": "MsgSeqNum(34) of the message that is refused",
    "52": "UTC",
    "54": "a replace may not change it",
    "55": "as agreed; a replace may not change it",
    "58": "begins with a code, `CODE: key=value, ...`: see the refusals",
    "59": "DAY if absent",
    "60": "when it happened, UTC",
    "65": "refused: no instrument has one",
    "97": "Y: maybe sent before, under another number; a ClOrdID(11) that is known is answered by "
    "its status",
    "99": "refused: no stop order is taken",
    "103": "the code in Text(58) is more precise",
    "110": "fewest shares that an execution may have",
    "112": "comes back in the Heartbeat(0)",
    "114": "the stock of a short sale is located before it comes to us",
    "122": "with PossDupFlag(43)=Y: the first SendingTime(52)",
    "123": "Y: gap fill; else a reset",
    "126": "UTC; the order ends then",
    "141": "Y: both numbers begin again at 1; needs 34=1; echoed",
    "151": "OrderQty(38) less CumQty(14) while the order lives, 0 afterwards",
    "168": "UTC; nothing is sent before",
    "379": "ClOrdID(11) or the request's id",
    "432": "the order lives through that day, UTC",
    "553": "where the configuration asks for it",
    "554": "where the configuration asks for it; never journaled, logged or shown",
    "584": "comes back in every report that answers",
    "790": "comes back in the report",
    "847": "the algo's name; without it the policy chooses",
    "848": "parameters of the algo: `name=value;name=value`",
    "911": "how many reports answer",
    "912": "Y on the last of them",
    "957": "parameters of the algo",
    "958": "the parameter's name",
    "960": "its value as text",
    "1137": "9: FIX.5.0SP2",
    "1409": "why, in FIXT.1.1",
}
"""What a field means beyond its name, on the OMS's side."""
SESSION_NOTES: Mapping[str, str] = {**NOTES, "58": "the reason"}
"""The same in the session's own messages."""
VENUE_NOTES: Mapping[str, str] = {
    **NOTES,
    "1": "the client's account",
    "6": "recomputed, never trusted",
    "11": "ours: shard, epoch, counter; no id is used twice",
    "17": "with the MIC and the trade date it names the execution: a second report of it is not "
    "booked",
    "18": "M: pegged to the midpoint",
    "21": "1: automatic, no intervention",
    "37": "the venue's id of the order",
    "38": "whole shares",
    "41": "the child's ClOrdID(11)",
    "58": "shown to people",
    "59": "of a child that takes: immediate or cancel",
    "62": "without it a quote is firm for five seconds",
    "75": "without it the date of TransactTime(60)",
    "97": "not sent",
    "103": "why, shown to people and counted",
    "110": "fewest shares that an execution may have",
    "114": "N: a short sale, located before it came to us",
    "117": "the quote that is hit",
    "127": "D: no order of ours; C: beyond its order",
    "379": "else RefSeqNum(45) tells which message is meant",
    "537": "0, indicative, is not hit; without it a quote is firm",
    "1094": "2: pegged to the midpoint",
}
"""The same on a venue's side."""

EXAMPLES: Mapping[str, str] = {
    "1": "NORTHGATE",
    "20": "0",
    "21": "1",
    "30": "XVEN",
    "36": "8",
    "43": "Y",
    "50": "DESK1",
    "57": "DESK1",
    "62": "20260105-14:30:05.000",
    "97": "Y",
    "110": "100",
    "112": "T1",
    "115": "CLIENT1",
    "116": "TRADER1",
    "117": "Q17",
    "122": "20260105-14:29:00.000",
    "123": "Y",
    "126": "20260105-14:40:00.000",
    "127": "D",
    "141": "Y",
    "168": "20260105-14:35:00.000",
    "297": "5",
    "369": "7",
    "371": "38",
    "372": "D",
    "373": "1",
    "383": "65536",
    "432": "20260109",
    "464": "Y",
    "532": "0",
    "553": "desk",
    "789": "8",
    "790": "S1",
    "847": "twap",
    "848": "interval_s=30;urgency=0.5",
    "957": "1",
    "958": "interval_s",
    "960": "30",
    "1128": "9",
    "1409": "5",
}
"""Where no message of the scenarios has the field."""
