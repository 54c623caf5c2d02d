"""What a lit venue holds and does not show: hidden orders, midpoint pegs, and reserves.

Owns what an order may ask beyond a plain limit, where interest that is not displayed may trade and
who of it comes first. Knows nothing of the displayed queues, owners or time: a midpoint is told, 0
when there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from venues.matching import OrderId, Removed, Traded

OUTSIDE_COLLAR = "outside the dynamic collar"
CALLING = "trading is halted"
NOT_IN_AUCTION = "not traded in the auction"


class TradedUnshown(Traded, frozen=True):
    """A trade of which the resting order was not displayed."""


class Crossed(Removed, frozen=True):
    """An auction took so many shares of an order that was displayed before the call."""


@dataclass(frozen=True, slots=True)
class LitOrder:
    """An order as a lit venue's book takes it. `px` None: a market order, or an unlimited peg."""

    order_id: OrderId
    side: int
    qty: int
    px: int | None
    rests: bool = True
    all_or_none: bool = False
    post_only: bool = False
    display: int | None = None
    """DisplayQty(1138): None shows all, 0 nothing, else a slice at a time."""
    pegged: bool = False
    min_qty: int = 0
    """Of a peg: shares below which no execution is taken, its whole rest excepted."""


@dataclass(slots=True)
class Unshown:
    """An order that rests without being displayed. `px` None is a peg without a limit."""

    order_id: OrderId
    side: int
    leaves: int
    px: int | None
    pegged: bool
    min_qty: int
    number: int
    """Arrival order: earlier is smaller."""

    def price(self, mid: int) -> int | None:
        """Where it can trade now. A peg waits without a midpoint, or with one beyond its limit."""
        if not self.pegged:
            return self.px
        if not mid or (self.px is not None and self.side * mid > self.side * self.px):
            return None
        return mid

    def takes(self, qty: int) -> bool:
        """True if an execution of so many shares is enough for it; its whole rest always is."""
        return qty >= min(self.min_qty, self.leaves)


@dataclass(slots=True)
class Reserve:
    """What stands behind a displayed slice."""

    slice_qty: int
    """DisplayQty(1138): a refreshed slice has so many shares, or what is left."""
    leaves: int
    """Shares that are not displayed."""


class UnshownOrders:
    """The hidden and pegged orders of one venue."""

    def __init__(self) -> None:
        self._orders: dict[OrderId, Unshown] = {}
        self._count = 0

    def __bool__(self) -> bool:
        return bool(self._orders)

    def __iter__(self) -> Iterator[Unshown]:
        return iter(sorted(self._orders.values(), key=lambda each: each.number))

    def get(self, order_id: OrderId) -> Unshown | None:
        """The order, or None."""
        return self._orders.get(order_id)

    def rest(self, order: LitOrder, leaves: int) -> None:
        """Take what is left of an order, last in time."""
        self._count += 1
        self.put_back(
            Unshown(
                order.order_id,
                order.side,
                leaves,
                order.px,
                order.pegged,
                order.min_qty,
                self._count,
            )
        )

    def put_back(self, order: Unshown) -> None:
        """An order that was taken out, with the time that it had."""
        self._orders[order.order_id] = order

    def take_out(self, order_id: OrderId) -> Unshown:
        """An order leaves.

        Raises:
            KeyError: it is not here.
        """
        return self._orders.pop(order_id)

    def rename(self, order_id: OrderId, new_id: OrderId) -> None:
        """An order goes on under another id."""
        order = self.take_out(order_id)
        order.order_id = new_id
        self.put_back(order)

    def reduce(self, order: Unshown, qty: int) -> None:
        """Shares were traded or withdrawn; an order without any is gone."""
        order.leaves -= qty
        assert order.leaves >= 0
        if not order.leaves:
            del self._orders[order.order_id]

    def first(
        self, side: int, *, limit: int | None, mid: int, qty: int, min_qty: int
    ) -> tuple[Unshown, int] | None:
        """Whom a taker of the other side meets first, and the price: best price, then time.

        Args:
            side: of the resting orders.
            limit: of the taker; None for a market order.
            mid: the midpoint, 0 if there is none.
            qty: what the taker has left.
            min_qty: shares below which the taker does not trade.
        """
        best: tuple[Unshown, int] | None = None
        for each in self:
            px = each.price(mid) if each.side == side else None
            if px is None or (limit is not None and side * px < side * limit):
                continue
            traded = min(qty, each.leaves)
            if traded < min(min_qty, qty) or not each.takes(traded):
                continue
            if best is None or side * px > side * best[1]:
                best = each, px
        return best
