"""A price-time limit order book: orders in, the whole list of what happened out.

Owns priority, matching and the shares at each price. Knows nothing of owners, FIX, fees or time:
an order is an id, a side, a quantity and a price. Prices are integers of any unit; sides are +1 for
a buyer and -1 for a seller, so that one piece of code serves both.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterator

import msgspec

OrderId = int | str
"""Unique among the orders that rest in a book."""


class Added(msgspec.Struct, frozen=True):
    """The order rests, last in its price's queue."""

    order_id: OrderId
    side: int
    qty: int
    px: int


class Traded(msgspec.Struct, frozen=True):
    """The taker met the first order of the best price. The price is the maker's."""

    maker_id: OrderId
    taker_id: OrderId
    taker_side: int
    qty: int
    px: int
    maker_leaves: int
    taker_leaves: int


class Removed(msgspec.Struct, frozen=True):
    """Resting shares were withdrawn; `leaves` of 0 means that the order is gone."""

    order_id: OrderId
    side: int
    qty: int
    px: int
    leaves: int


class Dropped(msgspec.Struct, frozen=True):
    """What an order that may not rest could not trade."""

    order_id: OrderId
    qty: int
    reason: str


class Renamed(msgspec.Struct, frozen=True):
    """A resting order goes on under another id, in its old place."""

    order_id: OrderId
    orig_order_id: OrderId


BookEvent = Added | Traded | Removed | Dropped | Renamed

NO_LIQUIDITY = "no liquidity"
NOT_ALL = "not all at once"
WOULD_CROSS = "would take"


class Resting:
    """An order in the book. Only the book changes it."""

    __slots__ = ("leaves", "order_id", "px", "side")

    def __init__(self, order_id: OrderId, side: int, leaves: int, px: int) -> None:
        self.order_id = order_id
        self.side = side
        self.leaves = leaves
        self.px = px


class Level:
    """The queue at one price, oldest first, and its shares."""

    __slots__ = ("orders", "qty")

    def __init__(self) -> None:
        self.orders: OrderedDict[OrderId, Resting] = OrderedDict()
        self.qty = 0


class _Half:
    """One side's prices. `keys` is sorted so that the best price is last: side * px."""

    __slots__ = ("best", "changes", "keys", "levels", "side")

    def __init__(self, side: int) -> None:
        self.side = side
        self.best = 0
        """The best price, 0 if there is none: asked for far more often than it changes."""
        self.changes = 0
        """How often shares at a price have changed."""
        self.keys: list[int] = []
        self.levels: dict[int, Level] = {}

    def level(self, px: int) -> Level:
        level = self.levels.get(px)
        if level is None:
            level = self.levels[px] = Level()
            insort(self.keys, self.side * px)
            self.best = self.side * self.keys[-1]
        return level

    def drop(self, px: int) -> None:
        del self.levels[px]
        del self.keys[bisect_left(self.keys, self.side * px)]
        self.best = self.side * self.keys[-1] if self.keys else 0


class Book:
    """First price, then time. A level exists only while it holds shares."""

    def __init__(self) -> None:
        self._bids = _Half(1)
        self._offers = _Half(-1)
        self._orders: dict[OrderId, Resting] = {}

    # --- questions ---------------------------------------------------------------------------

    def __contains__(self, order_id: OrderId) -> bool:
        return order_id in self._orders

    def order(self, order_id: OrderId) -> Resting | None:
        """The resting order, or None."""
        return self._orders.get(order_id)

    def best(self, side: int) -> int | None:
        """The best price of a side, or None if it is empty."""
        half = self._half(side)
        return half.best if half.keys else None

    def changes(self, side: int) -> int:
        """How often a side has changed: the same number, the same shares at every price."""
        return self._half(side).changes

    def touch(self) -> tuple[int, int]:
        """Best bid and offer, 0 where a side is empty."""
        return self._bids.best, self._offers.best

    def qty_at(self, side: int, px: int) -> int:
        """Shares resting at a price."""
        level = self._half(side).levels.get(px)
        return level.qty if level is not None else 0

    def queue(self, side: int, px: int) -> list[Resting]:
        """The orders at a price, first in priority first."""
        level = self._half(side).levels.get(px)
        return list(level.orders.values()) if level is not None else []

    def prices(self, side: int) -> Iterator[int]:
        """The prices of a side, best first."""
        return (side * key for key in reversed(self._half(side).keys))

    def prices_from_worst(self, side: int) -> Iterator[int]:
        """The prices of a side, worst first."""
        return (side * key for key in self._half(side).keys)

    def depth(self, side: int, levels: int) -> tuple[tuple[int, int], ...]:
        """The best `levels` as (price, shares)."""
        half = self._half(side)
        return tuple(
            (side * key, half.levels[side * key].qty) for key in half.keys[: -levels - 1 : -1]
        )

    def available(self, side: int, px: int | None) -> int:
        """Shares that an order of `side` could take at once, limited to `px`."""
        total = 0
        half = self._half(-side)
        for key in reversed(half.keys):
            price = -side * key
            if px is not None and side * price > side * px:
                break
            total += half.levels[price].qty
        return total

    # --- orders ------------------------------------------------------------------------------

    def submit(
        self,
        order_id: OrderId,
        *,
        side: int,
        qty: int,
        px: int | None,
        rests: bool = True,
        all_or_none: bool = False,
        post_only: bool = False,
    ) -> list[BookEvent]:
        """Trade what can be traded; then rest, or drop what is left.

        Args:
            order_id: not an id that rests in the book.
            side: +1 buys, -1 sells.
            qty: shares, positive.
            px: the limit; None for a market order, which never rests.
            rests: False for immediate-or-cancel.
            all_or_none: trade the whole quantity now or nothing (fill-or-kill).
            post_only: drop the order rather than let it take.
        """
        assert qty > 0
        assert order_id not in self._orders
        if all_or_none and self.available(side, px) < qty:
            return [Dropped(order_id, qty, NOT_ALL)]
        if post_only and self._crosses(side, px):
            return [Dropped(order_id, qty, WOULD_CROSS)]
        events, leaves = self._take(order_id, side, qty, px)
        if leaves:
            if rests and px is not None and not all_or_none:
                self._rest(order_id, side, leaves, px)
                events.append(Added(order_id, side, leaves, px))
            else:
                events.append(Dropped(order_id, leaves, NO_LIQUIDITY))
        return events

    def cancel(self, order_id: OrderId, qty: int | None = None) -> list[BookEvent]:
        """Withdraw an order, or `qty` of its shares (at most all) without loss of priority.

        An id that does not rest here changes nothing.
        """
        order = self._orders.get(order_id)
        if order is None:
            return []
        gone = order.leaves if qty is None else min(qty, order.leaves)
        self._reduce(order, gone)
        return [Removed(order_id, order.side, gone, order.px, order.leaves)]

    def replace(
        self, order_id: OrderId, *, new_id: OrderId, qty: int, px: int | None
    ) -> list[BookEvent]:
        """Give a resting order new open shares and a new price.

        Fewer shares at the same price keep the place in the queue; anything else goes to the end
        of it and may trade on the way. `px` None makes it a market order.
        """
        order = self._orders[order_id]
        assert qty > 0
        assert new_id == order_id or new_id not in self._orders
        if px == order.px and qty <= order.leaves:
            events: list[BookEvent] = []
            if qty < order.leaves:
                events += self.cancel(order_id, order.leaves - qty)
            if new_id != order_id:
                self._rename(order, new_id)
                events.append(Renamed(new_id, order_id))
            return events
        return self.cancel(order_id) + self.submit(new_id, side=order.side, qty=qty, px=px)

    # --- the inside --------------------------------------------------------------------------

    def _half(self, side: int) -> _Half:
        return self._bids if side > 0 else self._offers

    def _crosses(self, side: int, px: int | None) -> bool:
        best = self.best(-side)
        return best is not None and (px is None or side * best <= side * px)

    def _take(
        self, order_id: OrderId, side: int, qty: int, px: int | None
    ) -> tuple[list[BookEvent], int]:
        events: list[BookEvent] = []
        half = self._half(-side)
        while qty and half.keys:
            price = -side * half.keys[-1]
            if px is not None and side * price > side * px:
                break
            maker = next(iter(half.levels[price].orders.values()))
            traded = min(qty, maker.leaves)
            qty -= traded
            self._reduce(maker, traded)
            events.append(Traded(maker.order_id, order_id, side, traded, price, maker.leaves, qty))
        return events, qty

    def _rest(self, order_id: OrderId, side: int, qty: int, px: int) -> None:
        order = Resting(order_id, side, qty, px)
        half = self._half(side)
        half.changes += 1
        level = half.level(px)
        level.orders[order_id] = order
        level.qty += qty
        self._orders[order_id] = order

    def _reduce(self, order: Resting, qty: int) -> None:
        half = self._half(order.side)
        level = half.levels[order.px]
        half.changes += 1
        order.leaves -= qty
        level.qty -= qty
        assert order.leaves >= 0
        if not order.leaves:
            del level.orders[order.order_id]
            del self._orders[order.order_id]
            if not level.orders:
                assert level.qty == 0
                half.drop(order.px)

    def _rename(self, order: Resting, new_id: OrderId) -> None:
        level = self._half(order.side).levels[order.px]
        del self._orders[order.order_id]
        orders = [
            (new_id if key == order.order_id else key, value) for key, value in level.orders.items()
        ]
        order.order_id = new_id
        level.orders = OrderedDict(orders)
        self._orders[new_id] = order
