"""Drop copies: what a second session says of executions, held against what the order session told.

Owns the copies that wait for their original, how long, and what becomes of one whose original does
not come: it is booked if its source is trusted, else it goes into suspense. The original, when it
comes after all, is the same execution by the same key.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from router.core.children import executed, suspended
from router.core.environment import Environment
from router.core.fold_copies import key_of
from router.core.state import State
from router.messages import BookCopy, Command, CopyReceived, SuspendCopy


def received(env: Environment, state: State, event: CopyReceived) -> Iterator[Command]:
    """A copy that differs from its original has gone into suspense: tell of it."""
    yield from suspended(env, state, None)


def due(env: Environment, state: State, now: int, key: str) -> Iterator[Command]:
    """A copy has waited for its original long enough."""
    copy = state.copies.get(key)
    if copy is None:
        return
    if not copy.trusted or state.knows_fill(key_of(state, copy.event)):
        # What its original was told as meanwhile, it may be under another day: they are compared.
        yield SuspendCopy(key)
        yield from suspended(env, state, None)
        return
    yield BookCopy(key)
    yield from executed(env, state, now, msgspec.structs.replace(copy.event, last_report=False))
