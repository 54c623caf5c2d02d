"""Which sealed segments may leave the state folder, and what keeps the others.

Owns the rule alone: a segment goes when policy says so and nobody needs it. Knows no files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from router.journal.archive import Sealed

DAY_NS = 86_400 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator wants to keep at least."""

    segments: int
    """Sealed ones."""
    days: float


@dataclass(frozen=True, slots=True)
class Needs:
    """What recovery, sessions and open orders need."""

    snapshot_segment: int
    """Of the older of two sound snapshots; 0 if there are not two: then nothing may go."""
    frames: Mapping[str, int]
    """By session the first segment that a peer may ask for frames of."""
    opened_at: int
    """Of the oldest open order, UTC nanoseconds; 0 if none is open."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The segments that may go, the oldest first, and why the next one may not."""

    going: list[Sealed]
    kept_by: str


def choose(sealed: Iterable[Sealed], policy: Policy, needs: Needs, now: int) -> Choice:
    """From the oldest on, until one must stay."""
    found = list(sealed)
    going: list[Sealed] = []
    for each in found:
        reason = _kept_by(each, len(found) - len(going), policy, needs, now)
        if reason:
            return Choice(going, f"segment {each.number} is kept: {reason}")
        going.append(each)
    return Choice(going, "no other segment is sealed")


def _kept_by(each: Sealed, left: int, policy: Policy, needs: Needs, now: int) -> str:
    if needs.snapshot_segment == 0:
        return "there are not two sound snapshots; sluice journal snapshot puts one down"
    if each.number >= needs.snapshot_segment:
        return "recovery from the older of two snapshots needs it"
    for name, first in needs.frames.items():
        if each.number >= first:
            return f"{name} may ask for messages in it: its numbers were not begun again since"
    if needs.opened_at and each.last_wall_ns >= needs.opened_at:
        return "an order that is open was opened in it or before"
    if left <= policy.segments:
        return f"journal.archive.keep_segments is {policy.segments}"
    if now - each.last_wall_ns < policy.days * DAY_NS:
        return f"journal.archive.keep_days is {policy.days:g}"
    return ""
