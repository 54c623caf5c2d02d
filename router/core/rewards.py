"""Turns a finished child into what an arm may learn from it.

Owns the outcome words of `router.messages.Learn`, the rounding to lots and the sign of a markout.
Must not know learners or states: it takes facts and returns values.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from router.model import BP, NS, RESTING_TACTICS, Side, Tactic
from router.ports import MARKOUT_HORIZONS, FloatArray

OBSERVED = "observed"
"""min(sent, hidden quantity) was seen: a row for the learner."""
REJECTED = "rejected"
"""The venue refused or was down: missing, not zero."""
LAST_LOOK = "last_look"
"""A dealer withdrew at the quoted size: the quantity was not there."""
UNKNOWN = "unknown"
"""The child's fate was never told by an execution."""
CANCELED_EARLY = "canceled_early"
"""It ended before it had rested for one interval: missing, not zero."""

INTERVAL_NS = NS
"""A resting child is observed in intervals of so long (docs/hazard.md)."""


class Lesson(msgspec.Struct, frozen=True):
    """The fields of `Learn` that are counted in lots, and the outcome."""

    sent_lots: int
    filled_lots: int
    min_lots: int
    outcome: str


def markout_bp(side: Side, mid2_at_fill: int, mid2_later: int) -> float:
    """What the fill cost by the mid's move after it, bp: + is adverse. Mids in half price units.

    -10^4 * a * (later - at) / at, docs/hazard.md.

    Raises:
        ValueError: if either midpoint is missing: a markout is never imputed.
    """
    if mid2_at_fill <= 0 or mid2_later <= 0:
        raise ValueError("a markout needs both midpoints")
    return -BP * side.sign * (mid2_later - mid2_at_fill) / mid2_at_fill


def rests(arms: Sequence[str], intervals: int) -> FloatArray:
    """(K,) for how many intervals a child of each arm would rest: 1 for what does not."""
    resting = tuple(f"/{tactic.value}" for tactic in RESTING_TACTICS)
    return np.array([float(intervals) if arm.endswith(resting) else 1.0 for arm in arms])


def queue_lots(arms: Sequence[str], caps: Sequence[int], lot: int) -> FloatArray:
    """(K,) whole lots that rules let rest in a queue: 0 at arms that join none, or are closed.

    A midpoint order rests as well, but whether a pool will take so few shares is not for a fill
    curve to say: minima are the rules'.
    """
    joins = f"/{Tactic.LIT_MAKE.value}"
    return np.array(
        [
            -(-cap // lot) if arm.endswith(joins) else 0.0
            for arm, cap in zip(arms, caps, strict=True)
        ]
    )


def horizon_ns(main_ns: int, horizon: int) -> int:
    """How long after the fill a horizon is, nanoseconds."""
    return round(main_ns * MARKOUT_HORIZONS[horizon])


def seen_in_time(*, waited_ns: int, horizon_ns: int) -> bool:
    """False for a look that came so late (after a restart, say) that it is of no horizon."""
    return 2 * waited_ns <= 3 * horizon_ns


def outcome(
    *, cum_qty: int, rejected: bool, last_look: bool, unresolved: bool, canceled_early: bool
) -> str:
    """Which of the outcome words fits a child that has ended.

    Shares that were traded were there, whatever happened to the rest, unless the venue never
    told us what that was.
    """
    if unresolved:
        return UNKNOWN
    if cum_qty > 0:
        return OBSERVED
    if last_look:
        return LAST_LOOK
    if rejected:
        return REJECTED
    return CANCELED_EARLY if canceled_early else OBSERVED


def intervals(*, sent_at: int, filled_at: int, ended_at: int) -> int:
    """Over how many intervals a resting child was observed; `filled_at` is 0 without a fill.

    Up to and with that of its first fill. Without one only whole intervals count, perhaps none:
    in the last, which it did not live to see the end of, something might have come.
    """
    if filled_at:
        return max(0, filled_at - sent_at) // INTERVAL_NS + 1
    return max(0, ended_at - sent_at) // INTERVAL_NS


def lesson(
    *, qty: int, cum_qty: int, min_qty: int, lot: int, outcome: str, cut_short: bool = False
) -> Lesson:
    """A child's facts in lots.

    `cut_short`: the rest was taken back by us long before its time, or was refused.
    Then only what was filled has been asked for, so that the lesson reads as "at least so much was
    there". Lots are rounded down, except that a child of less than one lot counts as one, and
    MinQty is rounded up: nothing below it could trade.
    """
    assert lot > 0
    assert cum_qty >= 0
    filled_all = cum_qty >= qty or (cut_short and cum_qty > 0)
    asked = min(qty, cum_qty) if filled_all else qty
    sent_lots = max(1, asked // lot)
    filled_lots = sent_lots if filled_all else min(cum_qty // lot, sent_lots)
    return Lesson(sent_lots, filled_lots, -(-min_qty // lot), outcome)
