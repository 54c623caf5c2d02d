"""A call auction: the one price at which most shares trade, and who gets them.

Owns the rule of the price and of the allocation. Pure: orders in, a clearing out. Knows nothing of
books, venues or time; orders come in time order, prices are integers of any unit, sides +1 and -1.

The price has, in this order, the largest executable volume, the smallest surplus, the smallest
distance to the reference price; of two that are equal in all of this it is the higher. Whole ticks
only. Orders without a limit come first, then better limits, then earlier orders.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from venues.matching import OrderId


@dataclass(frozen=True, slots=True)
class Interest:
    """An order in the call. `px` is None for a market order."""

    order_id: OrderId
    side: int
    qty: int
    px: int | None

    def accepts(self, px: int) -> bool:
        """True if it may trade at the price."""
        return self.px is None or self.side * px <= self.side * self.px


@dataclass(frozen=True, slots=True)
class Clearing:
    """The auction's result."""

    px: int
    qty: int
    """Shares bought, and so many sold."""
    surplus: int
    """Shares wanted at the price that found nobody: positive of buyers, negative of sellers."""
    fills: tuple[tuple[OrderId, int], ...]
    """Orders and their shares, buyers first, each side in priority."""


def clear(orders: Sequence[Interest], *, reference: int, tick: int) -> Clearing | None:
    """The price and the fills, or None if no two orders can meet.

    Args:
        orders: earliest first.
        reference: the price to be near to, positive; it need not be on the tick.
        tick: the price increment.
    """
    buyers = [each for each in orders if each.side > 0]
    sellers = [each for each in orders if each.side < 0]
    best: tuple[int, int, int, int] | None = None
    for px in _candidates(orders, reference, tick):
        bought, sold = _willing(buyers, px), _willing(sellers, px)
        rank = (min(bought, sold), -abs(bought - sold), -abs(px - reference), px)
        if best is None or rank > best:
            best = rank
    if best is None or best[0] == 0:
        return None
    qty, *_, px = best
    fills = (*_allocate(buyers, px, qty), *_allocate(sellers, px, qty))
    return Clearing(px, qty, _willing(buyers, px) - _willing(sellers, px), fills)


def _candidates(orders: Iterable[Interest], reference: int, tick: int) -> list[int]:
    """Prices of which one is the best of all.

    Willingness only changes at the limits: between two of them the reference, or else the end next
    to it, is nearest to the reference.
    """
    below = reference - reference % tick
    prices = {below: None, below + tick: None} if reference % tick else {below: None}
    for each in orders:
        if each.px is not None:
            prices |= {each.px - tick: None, each.px: None, each.px + tick: None}
    return [px for px in prices if px > 0]


def _willing(orders: Iterable[Interest], px: int) -> int:
    return sum(each.qty for each in orders if each.accepts(px))


def _allocate(orders: Iterable[Interest], px: int, qty: int) -> list[tuple[OrderId, int]]:
    willing = sorted(
        (each for each in orders if each.accepts(px)),
        key=lambda each: (each.px is not None, -each.side * (each.px or 0)),
    )
    fills = []
    for each in willing:
        share = min(each.qty, qty)
        if share:
            fills.append((each.order_id, share))
            qty -= share
    return fills
