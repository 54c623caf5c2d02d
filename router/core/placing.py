"""Scores become shares: the split in lots, and what of it is whole children within the caps.

Owns the projection of a learner's proposal onto what the rules left of each candidate. A decision
uses it once; whoever asks how likely that decision was uses it again, with other draws.
"""

from __future__ import annotations

from collections.abc import Sequence

from router.core.allocator import Allocation, allocate
from router.core.narrowing import Narrowed
from router.ports import Scores


def place(
    scores: Scores, narrowed: Sequence[Narrowed], *, qty: int, lot: int
) -> tuple[list[int], Allocation]:
    """Shares for each of K candidates, at most `qty` together, and the split that they come from.

    No candidate is given more than its cap, or anything below its floor or MinQty(110).
    """
    allocation = allocate(
        scores.tails,
        scores.values,
        [lots(each.cap, lot) for each in narrowed],
        [lots(max(each.floor, each.min_qty), lot) for each in narrowed],
        lots(qty, lot),
        footprint=scores.footprint_bp,
    )
    left = qty
    quantities = []
    for given, each in zip(allocation.lots_per_candidate, narrowed, strict=True):
        shares = min(given * lot, each.cap, left)
        if shares < max(each.min_qty, each.floor):
            shares = 0
        quantities.append(shares)
        left -= shares
    return quantities, allocation


def lots(shares: int, lot: int) -> int:
    """Shares in lots; a part of a lot counts as one."""
    return -(-shares // lot)
