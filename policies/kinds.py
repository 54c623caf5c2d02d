"""The kinds of value that matches and rules are written in, and their exact arithmetic."""

from __future__ import annotations

import re
from decimal import ROUND_FLOOR, Decimal
from functools import lru_cache
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, Field

from router.model import NS

DAY_NS = 86_400 * NS
_CLOCK = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])(?::([0-5][0-9]))?")


def _as_tuple(value: object) -> object:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


NameT = TypeVar("NameT", bound=str)
OneOrMore = Annotated[tuple[NameT, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
"""One name, or a list of which any will do."""

Share = Annotated[float, Field(gt=0, le=1)]
"""A fraction, above 0 and up to 1."""

Shares = Annotated[int, Field(gt=0, le=10**12)]
"""A number of shares."""


@lru_cache(maxsize=1024)
def written(value: float) -> Decimal:
    """The decimal that was written, not its nearest binary fraction."""
    return Decimal(repr(value))


def part(share: float, qty: int) -> int:
    """The whole shares in a fraction of `qty`, rounded down; 0.29 of 100 is 29, not 28."""
    return int((written(share) * qty).to_integral_value(ROUND_FLOOR))


def clock_ns(text: str) -> int:
    """`HH:MM` or `HH:MM:SS` (to 24:00) as nanoseconds after midnight.

    Raises:
        ValueError: if it is not a time of day.
    """
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a time of day; allowed: HH:MM or HH:MM:SS, UTC")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    total = (hours * 60 + minutes) * 60 + seconds
    if total > 86_400:
        raise ValueError(f"{text!r} is after the end of the day; allowed: up to 24:00")
    return total * NS
