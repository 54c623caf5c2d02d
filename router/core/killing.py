"""The kill switch: stop new risk in a scope, cancel what rests there, go on booking fills.

Owns what engaging and releasing does (controls.md 7). That nothing new leaves while a kill holds
is the limit `kill_switch`, which sees every order.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from router.core.environment import Environment
from router.core.orders import ChildStatus
from router.core.reports import report, suspension
from router.core.requests import cancel_child
from router.core.state import State
from router.messages import ArmRequested, Command, EngageKill, KillRequested, ReleaseKill
from router.model import ExecType, OrdStatus

SCOPES = ("all", "account", "venue")
BROKER_OPTION = "4"
"""ExecRestatementReason(378)."""


def engage(env: Environment, state: State, now: int, event: KillRequested) -> Iterator[Command]:
    """Engage, suspend the parents in scope, and cancel every child in scope."""
    kill_id = f"K{env.shard}{state.kill_count + 1}"
    yield EngageKill(kill_id, event.scope, event.value, event.who, event.reason)
    for parent_id in list(state.open_parents):
        yield from suspension(env.shard, state, state.parents[parent_id], now)
    reason = f"KILL_ENGAGED: id={kill_id}"
    for child in state.live_children(event.value if event.scope == "venue" else ""):
        parent = state.parents[child.parent_id]
        resting = child.status in (ChildStatus.NEW_PENDING, ChildStatus.LIVE)
        if resting and (event.scope != "account" or parent.terms.account == event.value):
            yield cancel_child(env, state, child, reason)


def release(env: Environment, state: State, now: int, event: ArmRequested) -> Iterator[Command]:
    """Lift one kill and resume the parents that no other kill holds."""
    if event.kill_id not in state.kills:
        return
    yield ReleaseKill(event.kill_id, event.who, event.reason)
    for parent_id in list(state.open_parents):
        parent = state.parents[parent_id]
        if parent.status is OrdStatus.SUSPENDED and state.kill_of(parent) is None:
            status = OrdStatus.PARTIALLY_FILLED if parent.cum_qty else OrdStatus.NEW
            restated = report(
                env.shard,
                state,
                parent,
                ExecType.RESTATED,
                now,
                ord_status=status,
                text=f"KILL_RELEASED: id={event.kill_id}, who={event.who}",
            )
            yield msgspec.structs.replace(restated, exec_restatement_reason=BROKER_OPTION)
