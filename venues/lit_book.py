"""The whole book of a lit venue: what is displayed, what is not, and orders that wait in a call.

Owns how an order meets both kinds of interest, reserves that refill their slices, and the call
auction. Pure like `matching.Book`, whose face it has: a venue without hidden interest does what a
`Book` does, at the price of one question an order. Knows nothing of owners, FIX, fees or time.

Rank: first price; at a price first what is displayed, in its time order, a refreshed slice as the
last of it; then what is not displayed, in its time order. A midpoint peg trades at the midpoint of
the market, never in a market that is locked or crossed. The price is that of the resting order, so
that a taker that reaches the midpoint is better off by half a spread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from venues.auction import Clearing, Interest, clear
from venues.matching import (
    NO_LIQUIDITY,
    NOT_ALL,
    WOULD_CROSS,
    Added,
    Book,
    BookEvent,
    Dropped,
    OrderId,
    Renamed,
    Traded,
)
from venues.unshown import (
    CALLING,
    NOT_IN_AUCTION,
    OUTSIDE_COLLAR,
    Crossed,
    LitOrder,
    Reserve,
    TradedUnshown,
    Unshown,
    UnshownOrders,
)

NOWHERE = 0
"""The price of a peg that can trade nowhere."""


class LitBook(Book):
    """A price-time book with interest that is not displayed.

    `best`, `depth`, `queue`, `available` and the like answer for what is displayed.
    """

    def __init__(self, mid: Callable[[], int]) -> None:
        """`mid` tells the midpoint of the market's best quotes, 0 without an open market."""
        super().__init__()
        self._mid = mid
        self._unshown = UnshownOrders()
        self._reserves: dict[OrderId, Reserve] = {}
        self._call: dict[OrderId, LitOrder] | None = None
        self._band: tuple[int, int] | None = None
        self._plain = True

    # --- questions -------------------------------------------------------------------------------

    @property
    def calling(self) -> bool:
        """True in a call: orders are collected and nothing trades."""
        return self._call is not None

    def would_take(self, side: int, px: int | None, *, pegged: bool = False) -> bool:
        """True if such an order would meet something, displayed or not."""
        mid = self._mid() if self._unshown or pegged else 0
        limit = _peg_px(side, px, mid) if pegged else px
        return limit != NOWHERE and self._meets(side, limit, mid)

    def open_qty(self, order_id: OrderId) -> int:
        """Open shares of a resting order, displayed or not; 0 of one that does not rest here."""
        hidden, shown = self._unshown.get(order_id), self.order(order_id)
        if hidden is not None:
            return hidden.leaves
        reserve = self._reserves.get(order_id)
        return (shown.leaves if shown else 0) + (reserve.leaves if reserve else 0)

    # --- orders ----------------------------------------------------------------------------------

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
        """As `Book.submit`; a post-only order is dropped for displayed interest only."""
        if self._plain:
            return super().submit(
                order_id,
                side=side,
                qty=qty,
                px=px,
                rests=rests,
                all_or_none=all_or_none,
                post_only=post_only,
            )
        return self.enter(LitOrder(order_id, side, qty, px, rests, all_or_none, post_only))

    def enter(self, taker: LitOrder) -> list[BookEvent]:
        """Trade what can be traded; then rest, displayed as the order says, or drop the rest."""
        if self._call is not None:
            if not taker.rests:
                return [Dropped(taker.order_id, taker.qty, CALLING)]
            self._call[taker.order_id] = taker
            return []
        mid = self._mid()
        limit = _peg_px(taker.side, taker.px, mid) if taker.pegged else taker.px
        if limit == NOWHERE:
            return self._rest_as(taker, taker.qty)
        if taker.all_or_none and self._reachable(taker, limit, mid) < taker.qty:
            return [Dropped(taker.order_id, taker.qty, NOT_ALL)]
        if taker.post_only and self._crosses(taker.side, limit):
            return [Dropped(taker.order_id, taker.qty, WOULD_CROSS)]
        events, leaves, outside = self._match(taker, limit, mid)
        if outside:
            events.append(Dropped(taker.order_id, leaves, OUTSIDE_COLLAR))
        elif leaves:
            events += self._rest_as(taker, leaves)
        return events

    def cancel(self, order_id: OrderId, qty: int | None = None) -> list[BookEvent]:
        """As `Book.cancel`: of a reserve first what is not displayed. Tells what was displayed."""
        if self._plain:
            return super().cancel(order_id, qty)
        if self._call is not None and self._call.pop(order_id, None) is not None:
            return []
        hidden, reserve = self._unshown.get(order_id), self._reserves.get(order_id)
        if hidden is not None:
            self._unshown.reduce(hidden, min(hidden.leaves, qty or hidden.leaves))
            self._look()
            return []
        if reserve is not None and qty is not None:
            behind = min(qty, reserve.leaves)
            reserve.leaves -= behind
            qty -= behind
            if not qty:
                return []
        events = super().cancel(order_id, qty)
        if order_id not in self:
            self._reserves.pop(order_id, None)
            self._look()
        return events

    def replace(
        self, order_id: OrderId, *, new_id: OrderId, qty: int, px: int | None
    ) -> list[BookEvent]:
        """As `Book.replace`: the order is displayed as a whole from now on."""
        return self.amend(order_id, LitOrder(new_id, self._orders[order_id].side, qty, px))

    def amend(self, order_id: OrderId, new: LitOrder) -> list[BookEvent]:
        """Give a resting or waiting order new open shares and terms.

        Fewer shares under the same terms keep the place of an order that rests; anything else, and
        in a call every order that waits, queues again.
        """
        open_qty = self.open_qty(order_id)
        if not self._same(order_id, new) or new.qty > open_qty:
            return [*self.cancel(order_id), *self.enter(new)]
        events = self.cancel(order_id, open_qty - new.qty) if new.qty < open_qty else []
        if new.order_id == order_id:
            return events
        if self._unshown.get(order_id) is not None:
            self._unshown.rename(order_id, new.order_id)
            return events
        resting = self._orders[order_id]
        if order_id in self._reserves:
            self._reserves[new.order_id] = self._reserves.pop(order_id)
        self._rename(resting, new.order_id)
        return [*events, Renamed(new.order_id, order_id)]

    def rematch(self) -> list[BookEvent]:
        """The midpoint has moved: pegs look for what they can reach now, earliest first."""
        if not self._unshown or self._call is not None:
            return []
        mid = self._mid()
        events: list[BookEvent] = []
        for each in list(self._unshown):
            px = each.price(mid)
            if not each.pegged or px is None or self._unshown.get(each.order_id) is not each:
                continue
            self._unshown.take_out(each.order_id)
            taker = LitOrder(each.order_id, each.side, each.leaves, px, min_qty=each.min_qty)
            traded, each.leaves, _ = self._match(taker, px, mid)
            events += traded
            if each.leaves:
                self._unshown.put_back(each)
        self._look()
        return events

    # --- collar and call -------------------------------------------------------------------------

    def collar(self, band: tuple[int, int] | None) -> None:
        """Nothing trades below or above the band's prices from now on."""
        self._band = band
        self._look()

    def call(self) -> None:
        """Collect orders from now on, without trading."""
        assert self._call is None
        self._call = {}
        self._look()

    def uncross(self, *, reference: int, tick: int) -> tuple[Clearing | None, list[BookEvent]]:
        """End the call with an auction among all orders but pegs; then trade without a collar.

        What is left of the orders that waited goes into the book, earliest first; what may not
        rest is dropped. Every fill of the clearing is the venue's to report.
        """
        assert self._call is not None
        orders = [*self._resting_interest(), *self._waiting_interest()]
        clearing = clear(orders, reference=reference, tick=tick)
        waiting, self._call, self._band = self._call, None, None
        events: list[BookEvent] = []
        for order_id, qty in clearing.fills if clearing is not None else ():
            taker = waiting.get(order_id)
            if taker is None:
                events += self._cross_resting(order_id, qty)
            elif qty == taker.qty:
                del waiting[order_id]
            else:
                waiting[order_id] = replace(taker, qty=taker.qty - qty)
        self._look()
        for taker in waiting.values():
            events += (
                self.enter(taker)
                if taker.pegged or taker.px is not None
                else [Dropped(taker.order_id, taker.qty, NOT_IN_AUCTION)]
            )
        return clearing, events

    def resume(self) -> list[BookEvent]:
        """End the call without an auction: those that waited enter one after the other."""
        assert self._call is not None
        waiting, self._call = self._call, None
        self._look()
        return [event for taker in waiting.values() for event in self.enter(taker)]

    # --- the inside ------------------------------------------------------------------------------

    def _look(self) -> None:
        special = self._unshown or self._reserves or self._band or self._call is not None
        self._plain = not special

    def _allowed(self, px: int) -> bool:
        return self._band is None or self._band[0] <= px <= self._band[1]

    def _reaches(self, each: Unshown, side: int, limit: int | None, mid: int) -> bool:
        px = each.price(mid) if each.side == -side else None
        return px is not None and (limit is None or side * px <= side * limit)

    def _meets(self, side: int, limit: int | None, mid: int) -> bool:
        """True if something, displayed or not, is within the limit."""
        return self._crosses(side, limit) or any(
            self._reaches(each, side, limit, mid) for each in self._unshown
        )

    def _reachable(self, taker: LitOrder, limit: int | None, mid: int) -> int:
        """Shares that a fill-or-kill can count on: those of orders with a MinQty it cannot."""
        if self._band is not None:
            edge = self._band[1] if taker.side > 0 else self._band[0]
            beyond = limit is None or taker.side * limit > taker.side * edge
            limit = edge if beyond else limit
        total = self.available(taker.side, limit)
        for order_id, reserve in self._reserves.items():
            slice_ = self._orders[order_id]
            within = limit is None or taker.side * slice_.px <= taker.side * limit
            if slice_.side == -taker.side and within:
                total += reserve.leaves
        for each in self._unshown:
            if not each.min_qty and self._reaches(each, taker.side, limit, mid):
                total += each.leaves
        return total

    def _match(
        self, taker: LitOrder, limit: int | None, mid: int
    ) -> tuple[list[BookEvent], int, bool]:
        """Trade with both kinds of interest in their rank.

        The events, what is left, and True if the next trade would have been outside the collar.
        """
        events: list[BookEvent] = []
        side, leaves, outside = taker.side, taker.qty, False
        while leaves:
            shown = self.best(-side) if self._crosses(side, limit) else None
            found = self._unshown.first(
                -side, limit=limit, mid=mid, qty=leaves, min_qty=taker.min_qty
            )
            if found is not None and (shown is None or side * found[1] < side * shown):
                maker, px = found
                outside = not self._allowed(px)
                if outside:
                    break
                qty = min(leaves, maker.leaves)
                leaves -= qty
                self._unshown.reduce(maker, qty)
                event = TradedUnshown(
                    maker.order_id, taker.order_id, side, qty, px, maker.leaves, leaves
                )
                events.append(event)
            elif shown is not None:
                outside = not self._allowed(shown)
                if outside:
                    break
                more, leaves = self._take_shown(taker, leaves, shown)
                events += more
            else:
                break
        self._look()
        return events, leaves, outside

    def _take_shown(self, taker: LitOrder, qty: int, px: int) -> tuple[list[BookEvent], int]:
        """Trade with what is displayed at the best price; slices are refreshed behind the rest."""
        traded, leaves = self._take(taker.order_id, taker.side, qty, px)
        events = list(traded)
        for event in traded:
            assert isinstance(event, Traded)
            if not event.maker_leaves:
                events += self._refill(event.maker_id, -taker.side, event.px)
        return events, leaves

    def _refill(self, order_id: OrderId, side: int, px: int) -> list[BookEvent]:
        """The next slice of a reserve, at the end of its price's queue."""
        reserve = self._reserves.get(order_id)
        if reserve is None or order_id in self:
            return []
        qty = min(reserve.slice_qty, reserve.leaves)
        reserve.leaves -= qty
        if not qty:
            del self._reserves[order_id]
            return []
        self._rest(order_id, side, qty, px)
        return [Added(order_id, side, qty, px)]

    def _rest_as(self, taker: LitOrder, leaves: int) -> list[BookEvent]:
        """What could not trade rests as the order says, or is dropped."""
        order_id, side, px = taker.order_id, taker.side, taker.px
        if not taker.rests or (px is None and not taker.pegged):
            return [Dropped(order_id, leaves, NO_LIQUIDITY)]
        if taker.pegged or taker.display == 0:
            self._unshown.rest(taker, leaves)
            self._look()
            return []
        assert px is not None
        shown = min(leaves, taker.display or leaves)
        if shown < leaves:
            self._reserves[order_id] = Reserve(shown, leaves - shown)
            self._look()
        self._rest(order_id, side, shown, px)
        return [Added(order_id, side, shown, px)]

    def _same(self, order_id: OrderId, new: LitOrder) -> bool:
        """True if the order rests and the new terms differ in shares only."""
        if not new.rests:
            return False
        hidden, shown = self._unshown.get(order_id), self.order(order_id)
        if hidden is not None:
            kept = hidden.px, hidden.pegged, hidden.min_qty
            return new.display in (None, 0) and kept == (new.px, new.pegged, new.min_qty)
        if shown is None or new.pegged or shown.px != new.px:
            return False
        reserve = self._reserves.get(order_id)
        if reserve is not None:
            return reserve.slice_qty == new.display
        return new.display is None or new.display >= new.qty

    def _resting_interest(self) -> list[Interest]:
        """Displayed orders with their reserves, best price and earliest first; then hidden ones."""
        found = [
            Interest(each.order_id, side, self.open_qty(each.order_id), px)
            for side in (1, -1)
            for px in self.prices(side)
            for each in self.queue(side, px)
        ]
        hidden = (each for each in self._unshown if not each.pegged)
        return found + [Interest(each.order_id, each.side, each.leaves, each.px) for each in hidden]

    def _waiting_interest(self) -> list[Interest]:
        assert self._call is not None
        waiting = (each for each in self._call.values() if not each.pegged)
        return [Interest(each.order_id, each.side, each.qty, each.px) for each in waiting]

    def _cross_resting(self, order_id: OrderId, qty: int) -> list[BookEvent]:
        """An auction's fill of an order that rests: the displayed slice first."""
        hidden = self._unshown.get(order_id)
        if hidden is not None:
            self._unshown.reduce(hidden, qty)
            return []
        events: list[BookEvent] = []
        side, px = self._orders[order_id].side, self._orders[order_id].px
        while qty:
            order = self._orders[order_id]
            part = min(qty, order.leaves)
            qty -= part
            self._reduce(order, part)
            events.append(Crossed(order_id, side, part, px, order.leaves))
            if order_id not in self:
                events += self._refill(order_id, side, px)
        return events


def _peg_px(side: int, px: int | None, mid: int) -> int:
    """The midpoint if it is within the peg's limit, else NOWHERE."""
    return mid if mid and (px is None or side * mid <= side * px) else NOWHERE
