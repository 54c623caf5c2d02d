"""What happens in a world, one thing at a time, and which of it is left out.

Owns how things depend on one another: what is asked about an order goes with the order. Knows not
what they do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that will happen."""

    at: int
    """Nanoseconds after the start."""
    text: str
    act: Callable[[], None]
    order: str = ""
    """ClOrdID of the order that it is about."""
    opens: bool = False
    """It sends that order for the first time."""


def kept(things: Sequence[Thing], keep: Collection[int]) -> list[Thing]:
    """Those of these numbers, without requests about an order that is not sent at all."""
    chosen = [thing for number, thing in enumerate(things) if number in keep]
    opened = {thing.order for thing in chosen if thing.opens}
    return [thing for thing in chosen if not thing.order or thing.order in opened]
