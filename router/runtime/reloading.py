"""Policy documents are taken into force while the daemon runs: what is asked, done and answered.

Owns that all of them count, or none. Reads no file: it is handed what was read. When an older
policy still counts for an order is the core's business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from router.core.environment import Book
from router.core.orders import Parent
from router.core.state import State
from router.messages import Applied, PoliciesLoaded, PoliciesRefused, PolicyFiles
from router.runtime.node import Node

COMMAND = "policy_reload"
ERRORS_MAX = 100
"""Errors of one reload that the journal keeps, and characters of each; the answer has them all."""
ERROR_MAX = 1_000

Answer = dict[str, Any]
ReadPolicies = Callable[[], Book | tuple[str, ...]]
"""Reads the documents again: the book, or everything that is wrong with them, one line each."""


@dataclass(frozen=True, slots=True)
class ReloadAsked:
    """Somebody wants the documents to be read again."""

    who: str
    reason: str
    dry_run: bool = False
    """Only say what would come of it."""
    apply_open: bool = False
    """They narrow the orders that are open, too."""


def read_request(request: Answer) -> ReloadAsked | Answer:
    """What an operator's line asks, or why it asks nothing."""
    who, reason = str(request.get("who", "")), str(request.get("reason", ""))
    dry_run = request.get("dry_run") is True
    if not dry_run and not (who and reason):
        return {"error": "it needs a named who and a reason"}
    return ReloadAsked(who, reason, dry_run, request.get("apply_open") is True)


def take(node: Node, now: int, found: Book | tuple[str, ...], asked: ReloadAsked) -> Answer:
    """Take documents into force that were read, unless they are wrong or are in force already."""
    state = node.engine.state
    if isinstance(found, tuple):
        return _refuse(node, now, found, asked)
    before, after = state.policy_hash, found.files.hash
    differing = differences(state.policies.get(before), found.files)
    told: Answer = {
        "policy_hash": after,
        "before": before,
        "differs": after != before,
        "dry_run": asked.dry_run,
        **differing,
    }
    affected = _affected(state, after) if asked.apply_open else []
    if asked.apply_open:
        told["narrowed"] = sum(each.policy_hash != after for each in affected)
        told["set_free"] = len(affected) - told["narrowed"]
    is_applied = state.applied == Applied(after, state.loads)
    if asked.dry_run or (after == before and (is_applied or not asked.apply_open)):
        return {**told, "open_under_older": _under_older(state, after)}
    if state.trouble:
        return {"error": f"refused while the journal's disk is in trouble: {state.trouble}"}
    node.engine.library.keep(state, found)
    node.control(
        PoliciesLoaded(
            who=asked.who,
            reason=asked.reason,
            before=before,
            files=found.files,
            added=tuple(differing["added"]),
            removed=tuple(differing["removed"]),
            changed=tuple(differing["changed"]),
            apply_open=asked.apply_open,
        ),
        now,
    )
    if asked.apply_open:
        told["taken_back"] = sum(
            child.unwanted for each in affected for child in state.children_of(each)
        )
    return {**told, "open_under_older": _under_older(state, after)}


def _affected(state: State, applied: str) -> list[Parent]:
    """Open orders for which something else counts when these documents are applied to all."""
    opened = [state.parents[each] for each in state.open_parents]
    return [
        each
        for each in opened
        if each.narrowed_by != (applied if applied != each.policy_hash else "")
    ]


def _refuse(node: Node, now: int, errors: tuple[str, ...], asked: ReloadAsked) -> Answer:
    """Nothing changes; that it was tried is kept, unless it was a rehearsal."""
    if not asked.dry_run:
        kept = tuple(error[:ERROR_MAX] for error in errors[:ERRORS_MAX])
        node.control(PoliciesRefused(asked.who, asked.reason, kept), now)
    in_force = node.engine.state.policy_hash
    return {"policy_hash": in_force, "refused": list(errors), "dry_run": asked.dry_run}


def differences(before: PolicyFiles | None, after: PolicyFiles) -> dict[str, list[str]]:
    """Which documents are new, gone, or say something else, by their names."""
    was = {each.name: each.hash for each in before.documents} if before is not None else {}
    now = {each.name: each.hash for each in after.documents}
    return {
        "added": [name for name in now if name not in was],
        "removed": [name for name in was if name not in now],
        "changed": [name for name in now if was.get(name, now[name]) != now[name]],
    }


def shown(state: State) -> Answer:
    """The documents in force, and which others open orders go on under, as `status` has it."""
    files = state.policies.get(state.policy_hash)
    documents = files.documents if files is not None else ()
    return {
        "policy": {
            "hash": state.policy_hash,
            "documents": [f"{each.name}:{each.version}" for each in documents],
            "open_under_older": _under_older(state, state.policy_hash),
            "open_narrowed": _narrowed(state),
        }
    }


def _under_older(state: State, in_force: str) -> dict[str, int]:
    """How many open parents are pinned to another book, by its hash."""
    pinned = Counter(state.parents[each].policy_hash for each in state.open_parents)
    del pinned[in_force]
    return dict(sorted(pinned.items()))


def _narrowed(state: State) -> dict[str, int]:
    """How many open parents are narrowed by a book that was applied to them, by its hash."""
    found = Counter(state.parents[each].narrowed_by for each in state.open_parents)
    del found[""]
    return dict(sorted(found.items()))
