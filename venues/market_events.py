"""What a schedule can let happen to a venue or to the whole market, and the keys of each `detail`.

Owns the names of events: a halt, and every misbehaviour that there is (`venues.faults`). Knows
nothing of when they happen (`schedule`) and nothing of what they do.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from pydantic import Field

from router.plugin import Plugin
from venues import misbehaviour


class Halt(Plugin):
    """Trading stops at every venue."""

    type: str = Field(default="regulatory", min_length=1)
    """Why, in words: told to market data subscribers."""
    reopening_auction: bool = True


HALT = "halt"
"""The one event that has no venue."""


@cache
def events() -> Mapping[str, type[Plugin]]:
    """The schemas of `detail` by event."""
    return {HALT: Halt, **misbehaviour.kinds()}
