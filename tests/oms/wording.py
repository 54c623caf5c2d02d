"""What the tests write in FIX.4.4, in the words of another version; and a report's words back.

Written from the specification by hand: it uses none of the router's tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from router.fix.codec import Message
from router.fix.versions import FIX42, FIX50SP2, Version

LIQUIDITY_TAG = "9730"
"""Agreed with venues whose version has no LastLiquidityInd(851)."""
NOT_IN_42 = frozenset({"584", "790", "911", "912"})

Pairs = list[tuple[str, str]]


def from_oms(version: Version, msg_type: str, pairs: Pairs) -> Pairs:
    """What an OMS of that version sends: HandlInst(21) in 4.2, the group 957 in 5.0SP2."""
    if msg_type not in ("D", "G"):
        return pairs
    if version is FIX42 and "21" not in dict(pairs):
        return [("21", "1"), *pairs]
    if version is FIX50SP2:
        return [each for tag, value in pairs for each in _grouped(tag, value)]
    return pairs


def _grouped(tag: str, value: str) -> Pairs:
    if tag != "848":
        return [(tag, value)]
    params = [part.partition("=") for part in value.split(";")]
    group = [("957", str(len(params)))]
    for name, _, given in params:
        group += [("958", name), ("959", "14"), ("960", given)]
    return group


def from_venue(version: Version, msg_type: str, pairs: Pairs) -> Pairs:
    """What a venue of that version sends: ExecTransType(20) and its kinds of fill in 4.2."""
    if version is not FIX42 or msg_type != "8":
        return pairs
    facts = dict(pairs)
    complete = int(facts["14"]) >= int(facts.get("38", "0")) > 0
    fill = "2" if complete else "1"
    transaction, kind = {
        "F": ("0", fill), "G": ("2", fill), "H": ("1", fill), "I": ("3", facts["39"]),
    }.get(facts["150"], ("0", facts["150"]))  # fmt: skip
    told: Pairs = [("20", transaction)]
    for tag, value in pairs:
        if tag == "150":
            told.append((tag, kind))
        elif tag == "851":
            told.append((LIQUIDITY_TAG, {"1": "A", "2": "R"}[value]))
        elif tag not in NOT_IN_42:
            told.append((tag, value))
    return told


Wording = Callable[[Version, str, Pairs], Pairs]


def kind(message: Message) -> str:
    """ExecType(150) of a report, as FIX.4.4 would tell it."""
    exec_type, transaction = message.get("150"), message.get("20")
    if not transaction:
        return exec_type
    if transaction == "3":
        assert exec_type == message.get("39"), "a status shows where the order stands"
        return "I"
    if transaction in ("1", "2"):
        return {"1": "H", "2": "G"}[transaction]
    if exec_type in ("1", "2"):
        complete = int(message.get("14")) >= int(message.get("38"))
        assert complete == (exec_type == "2"), f"partial or full: {message}"
        return "F"
    return exec_type


def status(message: Message) -> str:
    """OrdStatus(39) of a report, as FIX.4.4 would tell it."""
    told = message.get("39")
    if told == "5":
        assert (message.get("20"), message.get("150"), message.get("14")) == ("0", "5", "0")
        return "0"
    return told


class Line(str):
    """A line told in FIX.4.2: reasons that it lacks are equal to what comes nearest to them."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and str(self) == _nearest(other)

    def __hash__(self) -> int:
        return hash(str(self))


def _nearest(line: str) -> str:
    line = re.sub(r" 102=(?:[4-9]|\d\d)\b", " 102=2", line)
    line = re.sub(r" 103=(?:9|\d\d)\b", " 103=0", line)
    return re.sub(r"^(3 .*) 373=1[2-9]\b", r"\1", line)
