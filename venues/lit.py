"""A lit venue: a price-time book, shown to everybody, five levels deep.

Owns the way from an order to the book and from book events to reports and market data. Knows
nothing of where background orders come from: a flow or a recording calls `apply`.

Orders that the book takes, beside limit and market orders for a day, IOC and FOK: post-only
(ExecInst(18)=6; rejected if it would take, hidden interest included), a slice at a time or hidden
(DisplayQty), and midpoint pegs (OrdType P with ExecInst M), which are never displayed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Literal

from pydantic import Field

from router.messages import MarketDataEntry
from router.model import OrdType, TimeInForce, VenueType
from router.plugin import Plugin
from venues.auction import Clearing
from venues.controls import Band, LitControls
from venues.floor import Floor, seconds
from venues.lit_book import LitBook
from venues.matching import BookEvent, Dropped, OrderId, Traded
from venues.messages import (
    AUCTION_TRADE,
    MIDPOINT_PEG,
    POST_ONLY,
    BookChanged,
    BookSnapshot,
    MinQtyMethod,
    OrderState,
    VenueOrder,
)
from venues.unshown import OUTSIDE_COLLAR, LitOrder
from venues.venue import (
    ADDED,
    AUCTION,
    IMMEDIATE,
    OTHER,
    REMOVED,
    UNSUPPORTED,
    VenueSim,
    VenueSpec,
)

LEVELS_SHOWN = 5

_TAKEN_TYPES = frozenset({OrdType.MARKET, OrdType.LIMIT, OrdType.PEGGED})

Levels = tuple[tuple[int, int], ...]


class RecordingSpec(Plugin):
    """Where a lit venue's background orders are read from instead of being simulated."""

    file: str = Field(min_length=1)
    """Path, relative to the market file."""
    format: Literal["lobster", "obs1"]
    tick: float = Field(default=0.01, gt=0)
    """For obs1: the currency value of one tick of the file."""
    silent_after_s: float = Field(default=300.0, gt=0)
    """After so long without an event, and after the last one, the recorded orders leave the book
    until the next event: stale quotes are nobody's to take."""


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
    controls: LitControls = LitControls()
    while_halted: Literal["queue", "reject"] = "queue"
    """What becomes of new orders during a halt; IOC and FOK are rejected in any case."""

    def open(self, floor: Floor) -> LitVenue:
        """The venue at work."""
        return LitVenue(self, floor)


class LitVenue(VenueSim):
    """A book, and who in it is the router."""

    venue_type = VenueType.LIT
    exec_insts = frozenset({POST_ONLY, MIDPOINT_PEG})

    def __init__(self, spec: LitSpec, floor: Floor) -> None:
        super().__init__(spec, floor)
        self.spec = spec
        self.controls: LitControls = spec.controls
        self.book = LitBook(self._midpoint)
        self.on_events: list[Callable[[int, list[BookEvent]], None]] = []
        """Called with every transaction of the book: recorders and flows."""
        self._bids: Levels = ()
        self._offers: Levels = ()
        self._seen = (0, 0, LEVELS_SHOWN)
        """Changes of the book's sides, and levels shown, when they were last looked at."""
        self._trades: list[MarketDataEntry] = []
        self._last_px = 0
        """Of the last trade; 0 before the first, and after an auction without trades."""
        self._mid_before = 0
        """Of the venue's own book when the last halt began; 0 if a side was empty."""
        self.queues_while_halted = spec.while_halted == "queue"

    def change(self, spec: VenueSpec, now: int) -> None:
        """Go on by other terms."""
        super().change(spec, now)
        assert isinstance(spec, LitSpec)
        self.spec = spec
        self.queues_while_halted = spec.while_halted == "queue"
        if self.controls.dynamic_collar is None:
            self.book.collar(None)

    # --- orders of the router ----------------------------------------------------------------

    def start(self, now: int) -> None:
        """Let pegs follow the midpoint."""
        super().start(now)
        self.floor.watch(self._follow_midpoint)

    def check(self, order: VenueOrder, now: int) -> tuple[str, str] | None:
        """Limit and market orders on the tick, and midpoint pegs; MinQty for pegs only."""
        if order.ord_type not in _TAKEN_TYPES:
            return UNSUPPORTED, f"OrdType {order.ord_type.value} is not taken here"
        pegged = order.ord_type is OrdType.PEGGED
        if pegged != order.instructed(MIDPOINT_PEG):
            return UNSUPPORTED, "pegs are OrdType P with ExecInst M here"
        if pegged and order.display_qty:
            return UNSUPPORTED, "a midpoint peg is not displayed: DisplayQty must be 0"
        if order.min_qty and not pegged and order.time_in_force is not TimeInForce.FOK:
            return UNSUPPORTED, "MinQty is not taken here"
        if order.min_qty and order.min_qty_method is MinQtyMethod.ONCE:
            return UNSUPPORTED, "MinQty holds for every execution here"
        if order.price is not None and order.price % self.floor.facts.tick:
            return OTHER, "Price is not on the tick"
        return self._post_only_refusal(order) if order.instructed(POST_ONLY) else None

    def _post_only_refusal(self, order: VenueOrder) -> tuple[str, str] | None:
        if order.ord_type is OrdType.MARKET or order.time_in_force in IMMEDIATE:
            return UNSUPPORTED, "a post-only order must be able to rest"
        pegged = order.ord_type is OrdType.PEGGED
        if self.book.would_take(order.side.sign, order.price, pegged=pegged):
            return OTHER, "a post-only order would take"
        return None

    def trade(self, order: VenueOrder, now: int) -> None:
        """Into the book."""
        state = self.accept(order, now)
        self.apply(self.book.enter(_terms(state)), now)

    def withdraw(self, state: OrderState, now: int) -> bool:
        """Out of the book."""
        self._tell(now, self.book.cancel(state.order.order_ref))
        return True

    def amend(self, state: OrderState, new: VenueOrder, now: int) -> None:
        """A smaller order keeps its place; anything else queues again."""
        old = state.order
        self.replaced(state, new, now)
        if not state.leaves_qty:
            events = self.book.cancel(old.order_ref)
        else:
            events = self.book.amend(old.order_ref, _terms(state))
        self.apply(events, now)

    def _follow_midpoint(self, now: int) -> None:
        events = self.book.rematch()
        if events:
            self.apply(events, now)

    # --- what the book says --------------------------------------------------------------------

    def apply(self, events: list[BookEvent], now: int) -> None:
        """Report and publish one transaction of the book, the router's or the background's."""
        outside: list[Dropped] = []
        for event in events:
            if isinstance(event, Traded):
                self._traded(event, now)
            elif isinstance(event, Dropped):
                if event.reason == OUTSIDE_COLLAR and self.controls.interruption_s is not None:
                    outside.append(event)
                else:
                    self._dropped(event.order_id, event.reason, now)
        self._tell(now, events)
        if self.controls.dynamic_collar is not None:
            self._move_collar(self.controls.dynamic_collar)
        self.settle(now)
        if outside:
            self._interrupt(outside, now)

    def _traded(self, trade: Traded, now: int) -> None:
        self._last_px = trade.px
        self._trades.append(MarketDataEntry("2", "0", trade.px, trade.qty, trade.taker_side))
        for order_id, liquidity, kind in (
            (trade.maker_id, ADDED, "lit_make"),
            (trade.taker_id, REMOVED, "lit_take"),
        ):
            if isinstance(order_id, str):
                state = self._open[order_id]
                self.executed(state, trade.qty, trade.px, now, liquidity=liquidity, kind=kind)

    def _dropped(self, order_id: OrderId, reason: str, now: int) -> None:
        if isinstance(order_id, str):
            self.canceled(self._open[order_id], now, unsolicited=True, text=reason)

    def _midpoint(self) -> int:
        """The midpoint of the market's best quotes; 0 where they are missing, locked or crossed."""
        bid, offer = self.floor.published
        return (bid + offer) // 2 if 0 < bid < offer else 0

    def _tell(self, now: int, events: list[BookEvent]) -> None:
        for listener in self.on_events:
            listener(now, events)

    # --- collar, halt and auction ----------------------------------------------------------------

    def _move_collar(self, band: Band) -> None:
        reference = self._last_px or self.floor.mid2() // 2
        if reference:
            self.book.collar(band.edges(reference, self.floor.facts.tick))

    def _interrupt(self, outside: list[Dropped], now: int) -> None:
        """Orders would trade outside the collar: the market halts, and those that may rest wait.

        At the very end of a halt there is no new one: what would trade outside is canceled then.
        """
        assert self.controls.interruption_s is not None
        until = now + seconds(self.controls.interruption_s)
        text = f"volatility interruption at {self.mic}"
        if self.floor.is_trading(now):
            self.floor.halt(now, until=until, auction=True, text=text)
        for event in outside:
            if self.book.calling and isinstance(event.order_id, str):
                self.apply(self.book.enter(_terms(self._open[event.order_id])), now)
            else:
                self._dropped(event.order_id, event.reason, now)

    def halted(self, now: int, text: str) -> None:
        """From now on orders are collected; nothing is shown."""
        bid, offer = self.touch()
        self._mid_before = (bid + offer) // 2 if bid and offer else 0
        self.book.call()
        super().halted(now, text)
        self.settle(now)

    def resumed(self, now: int, *, auction: bool) -> None:
        """The auction, if there is to be one; then the book as usual."""
        if auction:
            reference = self._last_px or self._mid_before
            clearing, events = self.book.uncross(reference=reference, tick=self.floor.facts.tick)
            self.auction_px = self._last_px = self._cleared(clearing, now)
        else:
            events = self.book.resume()
        self.apply(events, now)
        super().resumed(now, auction=auction)

    def _cleared(self, clearing: Clearing | None, now: int) -> int:
        """Report and print the auction; its price, 0 if nothing traded."""
        if clearing is None:
            return 0
        px = clearing.px
        for order_id, qty in clearing.fills:
            if isinstance(order_id, str):
                state = self._open[order_id]
                self.executed(state, qty, px, now, liquidity=AUCTION, kind="lit_take")
        entry = MarketDataEntry("2", "0", px, clearing.qty)
        symbol = self.floor.facts.symbol
        self.floor.say(BookChanged(self.mic, now, symbol, (entry,), AUCTION_TRADE))
        self.floor.printed(self.mic, px, clearing.qty, 0, now)
        return px

    # --- what is public --------------------------------------------------------------------------

    def touch(self) -> tuple[int, int]:
        """Best bid and offer, 0 where a side is empty."""
        return self.book.touch()

    def snapshot(self, now: int) -> BookSnapshot:
        """The shown levels."""
        symbol = self.floor.facts.symbol
        return BookSnapshot(self.mic, now, symbol, self._bids, self._offers)

    def settle(self, now: int) -> None:
        """Publish what changed in the shown levels since the last time, after the trades."""
        book = self.book
        levels = 0 if book.calling else LEVELS_SHOWN
        seen = book.changes(1), book.changes(-1), levels
        before, self._seen = self._seen, seen
        bids, offers = self._bids, self._offers
        if (seen[0], levels) != (before[0], before[2]):
            bids = book.depth(1, levels)
        if (seen[1], levels) != (before[1], before[2]):
            offers = book.depth(-1, levels)
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


def _terms(state: OrderState) -> LitOrder:
    """What is open of an order, as the book takes it."""
    order = state.order
    immediate = order.time_in_force in IMMEDIATE
    pegged = order.ord_type is OrdType.PEGGED
    return LitOrder(
        order.order_ref,
        order.side.sign,
        state.leaves_qty,
        None if order.ord_type is OrdType.MARKET else order.price,
        rests=not immediate,
        all_or_none=order.time_in_force is TimeInForce.FOK,
        display=order.display_qty,
        pegged=pegged,
        min_qty=order.min_qty if pegged else 0,
    )


def level_changes(
    side: int,
    before: Levels,
    after: Levels,
) -> list[MarketDataEntry]:
    """The entries that turn one list of (price, shares) levels into another."""
    if before == after:
        return []
    kind = "0" if side > 0 else "1"
    old, new = dict(before), dict(after)
    gone = [MarketDataEntry(kind, "2", px, 0) for px in old if px not in new]
    changed = [
        MarketDataEntry(kind, "1" if px in old else "0", px, qty)
        for px, qty in after
        if old.get(px) != qty
    ]
    return gone + changed
