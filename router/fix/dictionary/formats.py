"""The syntax of FIX's data types, from 4.2 to 5.0SP2, as expressions.

Knows no tags, and not what a value means. Source: FIX 5.0SP2, volume 1, "Data types"; where the
versions differ, what any of them allows is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from router.fix.specification import Field

Check = Callable[[str], object]
"""Anything true for a value of the right syntax."""

ANY_TEXT = r"[^\x01]+"

_HOUR, _SIXTY = r"(?:[01]\d|2[0-3])", r"[0-5]\d"
_SECOND = rf"{_HOUR}:{_SIXTY}:(?:{_SIXTY}|60)"
"""There are leap seconds."""
_FRACTION = r"(?:\.\d{3}|\.\d{6}|\.\d{9}|\.\d{12}|)"
"""Nothing, milli-, micro-, nano- or picoseconds."""
_LEAP_YEAR = r"(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_DATE = (
    r"(?:\d{4}(?:(?:0[13578]|1[02])(?:0[1-9]|[12]\d|3[01])"
    r"|(?:0[469]|11)(?:0[1-9]|[12]\d|30)"
    rf"|02(?:0[1-9]|1\d|2[0-8]))|{_LEAP_YEAR}0229)"
)
"""YYYYMMDD of a day that there is."""
_ZONE = rf"(?:Z|[+-](?:0\d|1[0-4])(?::{_SIXTY})?)?"
_SHORT_TIME = rf"{_HOUR}:{_SIXTY}(?::(?:{_SIXTY}|60){_FRACTION})?"
_FLOAT = r"-?(?=\.?\d)\d{0,24}\.?\d{0,24}"
_DIGITS = r"\d{1,18}"

PATTERNS: dict[str, str] = {
    "AMT": _FLOAT,
    "BOOLEAN": r"[YN]",
    "CHAR": r"[^\x01]",
    "COUNTRY": r"[A-Z]{2}",
    "CURRENCY": r"[A-Za-z]{3}",
    "DAYOFMONTH": r"(?:0?[1-9]|[12]\d|3[01])",
    "EXCHANGE": r"[!-~]+",
    "FLOAT": _FLOAT,
    "INT": r"-?\d{1,18}",
    "LANGUAGE": r"[A-Za-z]{2}",
    "LENGTH": _DIGITS,
    "LOCALMKTDATE": _DATE,
    "LOCALMKTTIME": _SECOND,
    "MONTHYEAR": rf"(?:{_DATE}|\d{{4}}(?:0[1-9]|1[0-2])(?:w[1-5])?)",
    "MULTIPLECHARVALUE": r"(?=[^\x01])[^ \x01]?(?: [^ \x01]?)*",
    "NUMINGROUP": _DIGITS,
    "PERCENTAGE": _FLOAT,
    "PRICE": _FLOAT,
    "PRICEOFFSET": _FLOAT,
    "QTY": _FLOAT,
    "SEQNUM": _DIGITS,
    "TAGNUM": r"[1-9]\d{0,8}",
    "TENOR": r"[DWMY][1-9]\d{0,4}",
    "TZTIMEONLY": _SHORT_TIME + _ZONE,
    "TZTIMESTAMP": f"{_DATE}-{_SHORT_TIME}{_ZONE}",
    "UTCDATE": _DATE,
    "UTCDATEONLY": _DATE,
    "UTCTIMEONLY": _SECOND + _FRACTION,
    "UTCTIMESTAMP": f"{_DATE}-{_SECOND}{_FRACTION}",
}
"""Types with a syntax of their own.

CURRENCY takes small letters, since prices in pence are quoted in GBp. EXCHANGE was a mnemonic of
one to three letters before it became a MIC. A blank too many between several values is no fault of
syntax: the value between two blanks is none of the enumeration.
"""

TEXT = frozenset(
    {"MULTIPLESTRINGVALUE", "MULTIPLEVALUESTRING", "PATTERN", "STRING", "XID", "XIDREF"}
)
"""Types of any text."""
RAW = frozenset({"DATA", "XMLDATA"})
"""Types of any bytes, SOH too: a length field comes before them."""
TYPES = PATTERNS.keys() | TEXT | RAW


def matcher(pattern: str) -> Check:
    """True for a text that is all of the pattern."""
    return re.compile(pattern, re.ASCII).fullmatch


FORMATS: dict[str, Check] = {kind: matcher(pattern) for kind, pattern in PATTERNS.items()}


def value_pattern(field: Field) -> str:
    """The expression for a field's value: its type's syntax, or its enumeration."""
    if not field.values:
        return PATTERNS.get(field.type, ANY_TEXT)
    longest_first = sorted(field.values, key=len, reverse=True)
    if len(longest_first[0]) == 1:
        one = f"[{re.escape(''.join(longest_first))}]"
    else:
        one = "|".join(map(re.escape, longest_first))
    if field.others:
        one = f"{one}|{_others_pattern(field.others)}"
    one = f"(?:{one})"
    return f"{one}(?: {one})*" if field.multiple else one


@cache
def other_values(others: str) -> Check:
    """True for what `Field.others` allows."""
    return matcher(_others_pattern(others))


def _others_pattern(others: str) -> str:
    if not others.endswith("+"):
        return PATTERNS.get(others, ANY_TEXT)
    first, more = others[0], len(others) - 2
    return rf"(?:[{first}-9]\d{{{more}}}|[1-9]\d{{{more + 1},8}})"
