"""What a configuration has changed since the last life that a person must take upon them (F-33).

Owns which changes those are, and the hash by which exactly they are accepted. Knows the facts that
`build_facts` makes and the state that was recovered; no files and no settings.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from router.core.state import State

Facts = Mapping[str, str]
_LOWER_IS_TIGHTER = ("_max", "_bp")
"""Parameters of limits that end so hold back more when they are lowered."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What stands between two lives."""

    forbidden: tuple[str, ...]
    """What nobody can accept: there is something to do first."""
    dangerous: tuple[str, ...]
    """What a person may accept."""
    hash: str
    """By which just these changes are accepted."""


def changes(state: State, now: Facts, symbols: Container[str]) -> Changes:
    """Compare the facts of this start with those of the last; a first start has nothing to fear.

    `symbols` are those of the instruments that this start knows.
    """
    before = state.facts
    if not before:
        return Changes((), (), "")
    dangerous = (*_removed_venues(state, now), *_identities(before, now))
    dangerous = (*dangerous, *_limits(before, now))
    text = json.dumps([dangerous, sorted(now.items())])
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    forbidden = (*_removed_oms(state, before, now), *_removed_instruments(state, symbols))
    return Changes(forbidden, dangerous, digest)


def _removed_oms(state: State, before: Facts, now: Facts) -> Iterator[str]:
    """Reports of its orders would have nobody to go to."""
    for name in before:
        kind, _, session = name.partition(" ")
        if kind != "oms" or name in now:
            continue
        alive = [
            parent_id
            for parent_id in state.open_parents
            if state.parents[parent_id].session == session
        ]
        if alive:
            yield (
                f"OMS session {session} is gone and has {len(alive)} open orders, such as "
                f"{alive[0]}: start with it, and end them first"
            )


def _removed_instruments(state: State, symbols: Container[str]) -> Iterator[str]:
    """Nobody would know their lots and ticks any more."""
    open_orders = Counter(state.parents[each].terms.symbol for each in state.open_parents)
    for symbol, count in open_orders.items():
        if symbol not in symbols:
            yield (
                f"instrument {symbol} is gone and has {count} open orders: start with it, and end "
                "them first"
            )


def _removed_venues(state: State, now: Facts) -> Iterator[str]:
    """Not only since the last start: that one may have ended before its orders were settled."""
    for mic in state.venues:
        alive = state.live_children(mic) if f"venue {mic}" not in now else []
        if alive:
            shares = sum(child.leaves_qty for child in alive)
            yield (
                f"venue {mic} is gone and has {len(alive)} open orders of {shares} shares, such as "
                f"{alive[0].cl_ord_id}: accepted, they count as ended with what they have traded"
            )


def _identities(before: Facts, now: Facts) -> Iterator[str]:
    for name, was in before.items():
        if was and not name.startswith("limit ") and now.get(name, was) != was:
            yield f"{name} is {now[name]} and was {was}: its numbers are another session's"


def _limits(before: Facts, now: Facts) -> Iterator[str]:
    for name, was in before.items():
        if name.startswith("limit ") and now.get(name, was) != was and not _lowered(name, was, now):
            yield f"{name} is {now[name]} and was {was}"


def _lowered(name: str, was: str, now: Facts) -> bool:
    numbers = was.lstrip("-").isdigit() and now[name].lstrip("-").isdigit()
    return numbers and name.endswith(_LOWER_IS_TIGHTER) and int(now[name]) < int(was)
