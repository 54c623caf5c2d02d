"""Rules folded over one candidate: the cap that is left, and who lowered it.

Every rule sees the same candidate, so their order means nothing: neither for the numbers nor for
the notes. Knows no rule by name.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from router.messages import CapNote
from router.ports import Candidate, Rule, RuleContext


class Narrowed(msgspec.Struct, frozen=True):
    """What the rules leave of a candidate. Shares."""

    cap: int
    caps: tuple[CapNote, ...]
    """Every rule that would lower the cap, the loosest first; what is below a minimum last."""
    floor: int
    """The fewest shares worth sending; 0 for a parent's last child."""
    min_qty: int
    """MinQty(110) for the child."""


def narrow(
    candidate: Candidate, rules: Sequence[tuple[str, Rule]], context: RuleContext
) -> Narrowed:
    """The least cap, the largest floor and the largest MinQty of all rules, by clause id.

    A cap below the floor or MinQty becomes 0, so that no child is sent that a rule would not
    have. A floor above the parent's LeavesQty does not count: the last child may be smaller.
    """
    cap = max(0, candidate.cap)
    lowered: list[tuple[int, str]] = []
    floor, floor_by = 0, ""
    min_qty, min_qty_by = 0, ""
    full = candidate.cap
    for clause, rule in rules:
        allowed = rule.narrow(candidate, context)
        if allowed < full and (allowed := max(0, allowed)) < full:
            lowered.append((allowed, clause))
            cap = min(cap, allowed)
        kind = type(rule)  # most rules have neither a floor nor a MinQty
        if kind.floor is not Rule.floor:
            asked = rule.floor(candidate, context)
            if 0 < asked <= context.parent.leaves_qty:
                floor, floor_by = _raised(floor, floor_by, asked, clause)
        if kind.min_qty is not Rule.min_qty:
            asked = rule.min_qty(candidate, context)
            if asked > 0:
                min_qty, min_qty_by = _raised(min_qty, min_qty_by, asked, clause)
    lowered.sort(key=lambda item: (-item[0], item[1]))
    notes = [CapNote(by=clause, cap=allowed) for allowed, clause in lowered]
    if 0 < cap < min_qty:
        notes.append(CapNote(by=min_qty_by, cap=0, note=f"{cap} is below MinQty {min_qty}"))
        cap = 0
    if 0 < cap < floor:
        notes.append(CapNote(by=floor_by, cap=0, note=f"{cap} is below the floor {floor}"))
        cap = 0
    return Narrowed(cap=cap, caps=tuple(notes), floor=floor, min_qty=min_qty)


def _raised(most: int, by: str, asked: int, clause: str) -> tuple[int, str]:
    """The larger minimum and who asks for it; of equals, the first by name."""
    if asked > most or (asked == most > 0 and clause < by):
        return asked, clause
    return most, by
