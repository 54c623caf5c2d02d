"""Folding policy documents: which are in force, which narrow open orders, and for how long the
older ones are kept.

Owns both. Reads no document: the texts are in the events. What they mean is the engine's business.
"""

from __future__ import annotations

from router import messages as m
from router.core.orders import Parent
from router.core.state import State

POLICIES_KEPT = 8
"""The last ones in force are kept even if no open parent has them: a bust may open one again."""


def policies_loaded(state: State, now: int, event: m.PoliciesLoaded) -> None:
    """Parents that are opened from here on are pinned to these; if they are applied to those that
    are open, these are narrowed by them, and by no others that were applied before.
    """
    take(state, event.files)
    if event.apply_open:
        state.applied = m.Applied(event.files.hash, state.loads)
        for each in state.open_parents:
            narrow(state, state.parents[each])


def narrow(state: State, parent: Parent) -> None:
    """Nothing, if the last that were applied to open orders have come before the parent. One that
    was over by then is narrowed when it opens again (seed 69898).
    """
    if parent.loads < state.applied.load:
        parent.loads = state.applied.load
        applied = state.applied.hash
        parent.narrowed_by = applied if applied != parent.policy_hash else ""
        for child in state.children_of(parent):
            child.unwanted = False  # by what was applied before; these have their own say


def disallow(state: State, now: int, command: m.Disallow) -> None:
    """It is taken back, now or when its venue has spoken."""
    state.children[command.cl_ord_id].unwanted = True


def take(state: State, files: m.PolicyFiles) -> None:
    """Put documents in force, and let go of those that nobody needs."""
    state.policies.pop(files.hash, None)
    state.policies[files.hash] = files
    state.policy_hash = files.hash
    state.loads += 1
    if len(state.policies) <= POLICIES_KEPT:
        return
    pinned = {state.parents[each].policy_hash for each in state.open_parents}
    pinned |= {state.parents[each].narrowed_by for each in state.open_parents}
    pinned.add(state.applied.hash)
    newest = list(state.policies)[-POLICIES_KEPT:]
    state.policies = {
        key: each for key, each in state.policies.items() if key in pinned or key in newest
    }
