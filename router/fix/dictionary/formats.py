"""The syntax of FIX's data types, from 4.2 to 5.0SP2. What a value means is nobody's business here.

Source: FIX 5.0SP2, volume 1, "Data types"; where versions differ, what either allows is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache

Check = Callable[[str], object]
"""Anything true for a value of the right syntax."""

DECIMALS = frozenset({0, 3, 6, 9, 12})
"""Of a second, with the point: none, milli-, micro-, nano- and picoseconds."""


def _matcher(pattern: str) -> Check:
    return re.compile(pattern, re.ASCII | re.DOTALL).fullmatch


@lru_cache(maxsize=64)
def _is_date(text: str) -> bool:
    """YYYYMMDD of a day that there is."""
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return False
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


@lru_cache(maxsize=256)
def _is_second(text: str) -> bool:
    """HH:MM:SS; there are leap seconds."""
    return bool(_SECOND(text))


def _is_fraction(text: str) -> bool:
    return not text or (
        text[0] == "." and len(text) - 1 in DECIMALS and text[1:].isascii() and text[1:].isdigit()
    )


def _is_time(text: str) -> bool:
    return _is_second(text[:8]) and _is_fraction(text[8:])


def _is_timestamp(text: str) -> bool:
    return text[8:9] == "-" and _is_date(text[:8]) and _is_time(text[9:])


def _is_zoned_timestamp(text: str) -> bool:
    return text[8:9] == "-" and _is_date(text[:8]) and bool(_ZONED(text[9:]))


def _is_month_or_date(text: str) -> object:
    return _is_date(text) or _MONTH(text)


_HOUR, _MINUTE = r"([01]\d|2[0-3])", r"[0-5]\d"
_SECOND = _matcher(rf"{_HOUR}:{_MINUTE}:([0-5]\d|60)")
_ZONED = _matcher(
    rf"{_HOUR}:{_MINUTE}(:([0-5]\d|60)(\.(\d{{3}}){{1,4}})?)?"
    r"(Z|[+-](0\d|1[0-4])(:[0-5]\d)?)?"
)
_MONTH = _matcher(r"\d{4}(0[1-9]|1[0-2])(w[1-5])?")
_FLOAT = _matcher(r"-?(\d{1,24}(\.\d{0,24})?|\.\d{1,24})")
_DIGITS = _matcher(r"\d{1,18}")
_VALUES = _matcher(r"[^ ]+( [^ ]+)*")

FORMATS: dict[str, Check] = {
    "AMT": _FLOAT,
    "BOOLEAN": _matcher(r"[YN]"),
    "CHAR": _matcher(r"."),
    "COUNTRY": _matcher(r"[A-Z]{2}"),
    "CURRENCY": _matcher(r"[A-Za-z]{3}"),
    "DAYOFMONTH": _matcher(r"0?[1-9]|[12]\d|3[01]"),
    "EXCHANGE": _matcher(r"[!-~]+"),
    "FLOAT": _FLOAT,
    "INT": _matcher(r"-?\d{1,18}"),
    "LANGUAGE": _matcher(r"[A-Za-z]{2}"),
    "LENGTH": _DIGITS,
    "LOCALMKTDATE": _is_date,
    "LOCALMKTTIME": _is_second,
    "MONTHYEAR": _is_month_or_date,
    "MULTIPLECHARVALUE": _matcher(r"[^ ]( [^ ])*"),
    "MULTIPLESTRINGVALUE": _VALUES,
    "MULTIPLEVALUESTRING": _VALUES,
    "NUMINGROUP": _DIGITS,
    "PERCENTAGE": _FLOAT,
    "PRICE": _FLOAT,
    "PRICEOFFSET": _FLOAT,
    "QTY": _FLOAT,
    "SEQNUM": _DIGITS,
    "TAGNUM": _matcher(r"[1-9]\d{0,8}"),
    "TENOR": _matcher(r"[DWMY][1-9]\d{0,4}"),
    "TZTIMEONLY": _ZONED,
    "TZTIMESTAMP": _is_zoned_timestamp,
    "UTCDATE": _is_date,
    "UTCDATEONLY": _is_date,
    "UTCTIMEONLY": _is_time,
    "UTCTIMESTAMP": _is_timestamp,
}
"""Types with a syntax of their own.

CURRENCY takes small letters, since prices in pence are quoted in GBp. EXCHANGE was a mnemonic of
one to three letters before it became a MIC.
"""

TEXT = frozenset({"DATA", "PATTERN", "STRING", "XID", "XIDREF", "XMLDATA"})
"""Types that any text is of."""
TYPES = TEXT | FORMATS.keys()
