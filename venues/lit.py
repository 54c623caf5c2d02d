"""A lit venue: a price-time book, shown to everybody, five levels deep.

Owns the way from an order to the book and from book events to reports and market data. Knows
nothing of where background orders come from: a flow or a recording calls `apply`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Literal

from pydantic import Field

from router.messages import MarketDataEntry
from router.model import OrdType, TimeInForce, VenueType
from router.plugin import Plugin
from venues.floor import Floor
from venues.matching import Book, BookEvent, Dropped, Traded
from venues.messages import BookChanged, BookSnapshot, OrderState, VenueOrder
from venues.venue import OTHER, UNSUPPORTED, VenueSim, VenueSpec, level_changes

LEVELS_SHOWN = 5

_TAKEN_TYPES = frozenset({OrdType.MARKET, OrdType.LIMIT})
_IMMEDIATE = frozenset({TimeInForce.IOC, TimeInForce.FOK})

Levels = tuple[tuple[int, int], ...]


class RecordingSpec(Plugin):
    """Where a lit venue's background orders are read from instead of being simulated."""

    file: str = Field(min_length=1)
    """Path, relative to the market file."""
    format: Literal["lobster", "obs1"]
    tick: float = Field(default=0.01, gt=0)
    """For obs1: the currency value of one tick of the file."""


class LitSpec(VenueSpec):
    """A displayed order book."""

    kind: ClassVar[str] = "lit"

    fixed: ClassVar[Mapping[str, str]] = {
        **VenueSpec.fixed,
        "recording": "a recording is played from the start of the run",
    }

    type: Literal["lit"]
    passive_realised10s: float = 0.0
    """Realised spread of a passive fill after 10 s, in spreads: sets how informed the venue's
    background takers are, relative to the other lit venues."""
    recording: RecordingSpec | None = None

    def open(self, floor: Floor) -> LitVenue:
        """The venue at work."""
        return LitVenue(self, floor)


class LitVenue(VenueSim):
    """A book, and who in it is the router."""

    venue_type = VenueType.LIT

    def __init__(self, spec: LitSpec, floor: Floor) -> None:
        super().__init__(spec, floor)
        self.spec = spec
        self.book = Book()
        self.on_events: list[Callable[[int, list[BookEvent]], None]] = []
        """Called with every transaction of the book: recorders and flows."""
        self._bids: Levels = ()
        self._offers: Levels = ()
        self._trades: list[MarketDataEntry] = []

    def change(self, spec: VenueSpec, now: int) -> None:
        """Go on by other terms."""
        super().change(spec, now)
        assert isinstance(spec, LitSpec)
        self.spec = spec

    # --- orders of the router ----------------------------------------------------------------

    def check(self, order: VenueOrder, now: int) -> tuple[str, str] | None:
        """Limit and market orders without MinQty, on the tick."""
        if order.ord_type not in _TAKEN_TYPES:
            return UNSUPPORTED, f"OrdType {order.ord_type.value} is not taken here"
        if order.min_qty and order.time_in_force is not TimeInForce.FOK:
            return UNSUPPORTED, "MinQty is not taken here"
        if order.price is not None and order.price % self.floor.facts.tick:
            return OTHER, "Price is not on the tick"
        return None

    def trade(self, order: VenueOrder, now: int) -> None:
        """Into the book."""
        state = self.accept(order, now)
        self.apply(self._submit(state), now)

    def withdraw(self, state: OrderState, now: int) -> bool:
        """Out of the book."""
        self._tell(now, self.book.cancel(state.order.order_ref))
        return True

    def amend(self, state: OrderState, new: VenueOrder, now: int) -> None:
        """A smaller order keeps its place; anything else queues again."""
        old = state.order
        before = state.cum_qty
        self.replaced(state, new, now)
        if not state.leaves_qty or new.time_in_force in _IMMEDIATE or new.price is None:
            events = self.book.cancel(old.order_ref)
            events += self._submit(state) if state.leaves_qty else []
        else:
            events = self.book.replace(
                old.order_ref, new_id=new.order_ref, qty=new.qty - before, px=new.price
            )
        self.apply(events, now)

    def _submit(self, state: OrderState) -> list[BookEvent]:
        order = state.order
        return self.book.submit(
            order.order_ref,
            side=order.side.sign,
            qty=state.leaves_qty,
            px=None if order.ord_type is OrdType.MARKET else order.price,
            rests=order.time_in_force not in _IMMEDIATE,
            all_or_none=order.time_in_force is TimeInForce.FOK,
        )

    # --- what the book says --------------------------------------------------------------------

    def apply(self, events: list[BookEvent], now: int) -> None:
        """Report and publish one transaction of the book, the router's or the background's."""
        for event in events:
            if isinstance(event, Traded):
                self._traded(event, now)
            elif isinstance(event, Dropped) and isinstance(event.order_id, str):
                self.canceled(self._open[event.order_id], now, unsolicited=True, text=event.reason)
        self._tell(now, events)
        self.settle(now)

    def _traded(self, trade: Traded, now: int) -> None:
        self._trades.append(MarketDataEntry("2", "0", trade.px, trade.qty, trade.taker_side))
        for order_id, added, kind in (
            (trade.maker_id, True, "lit_make"),
            (trade.taker_id, False, "lit_take"),
        ):
            if isinstance(order_id, str):
                state = self._open[order_id]
                self.executed(state, trade.qty, trade.px, now, added=added, kind=kind)

    def _tell(self, now: int, events: list[BookEvent]) -> None:
        for listener in self.on_events:
            listener(now, events)

    # --- what is public --------------------------------------------------------------------------

    def touch(self) -> tuple[int, int]:
        """Best bid and offer, 0 where a side is empty."""
        return self.book.best(1) or 0, self.book.best(-1) or 0

    def snapshot(self, now: int) -> BookSnapshot:
        """The shown levels."""
        symbol = self.floor.facts.symbol
        return BookSnapshot(self.mic, now, symbol, self._bids, self._offers)

    def settle(self, now: int) -> None:
        """Publish what changed in the shown levels since the last time, after the trades."""
        bids, offers = self.book.depth(1, LEVELS_SHOWN), self.book.depth(-1, LEVELS_SHOWN)
        entries = self._trades
        moved = bids[:1] != self._bids[:1] or offers[:1] != self._offers[:1]
        entries += level_changes(1, self._bids, bids)
        entries += level_changes(-1, self._offers, offers)
        if not entries:
            return
        self._bids, self._offers, self._trades = bids, offers, []
        self.floor.say(BookChanged(self.mic, now, self.floor.facts.symbol, tuple(entries)))
        if moved:
            self.floor.touched(now)
