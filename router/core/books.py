"""Books, quotes and the statistics of one market, kept from market data as it was received.

Owns the volatile picture of the market: it is never hashed, never journaled, and empty after a
restart. Must not know orders, parents or decisions. Everything is causal: a read at `now` depends
on events up to `now` only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import exp2, sqrt

from router.messages import (
    MarketDataEntry,
    MarketDataLost,
    MarketDataReceived,
    MarketEvent,
    QuoteCanceled,
    QuoteReceived,
    TradingStatusReceived,
)
from router.model import NS, Quote, Side
from router.ports import MarketView

NEVER_NS = 1 << 62
"""The age of what was never seen."""

LEVELS_MAX = 2_000
"""Price levels on one side of a book. A feed that claims more is not believed."""

QUOTE_LIFE_MAX_NS = 5 * NS
"""How long a quote without ValidUntilTime(62) is taken to be firm (choice)."""

SAMPLE_NS = NS
"""The grid on which midpoints are sampled for the volatility."""

VOLATILITY_HALF_LIVES = (60.0, 300.0)
"""Seconds; docs/hazard.md."""

FLOW_HALF_LIVES = (10.0, 60.0)
"""Seconds; docs/hazard.md."""

TRADE_SIZE_HALF_LIFE = 50.0
"""Trades: the memory of the typical trade's size (choice)."""


class Book:
    """One lit book: one symbol at one venue.

    The touch is O(1) an entry; the best level is looked for again only when it was removed. A book
    is stale from the start and after a loss of the feed until the next snapshot: increments on
    levels that may be gone are not applied, but their trades count.
    """

    __slots__ = (
        "_bids", "_offers", "bid", "bid_qty", "last_at", "last_px", "offer", "offer_qty", "stale",
        "updated_at", "volume",
    )  # fmt: skip

    def __init__(self) -> None:
        self._bids: dict[int, int] = {}
        self._offers: dict[int, int] = {}
        self.bid = self.bid_qty = self.offer = self.offer_qty = 0
        self.updated_at = 0
        self.stale = True
        self.volume = 0
        self.last_px = self.last_at = 0

    def apply(self, event: MarketDataReceived, now: int) -> None:
        """Take a snapshot (it replaces all levels) or increments.

        A trade in a snapshot says what the last price was, not that shares were traded now.
        """
        if event.snapshot:
            self._clear()
            self.stale = False
        for entry in event.entries:
            if entry.entry_type == "2":
                self._trade(entry, now, counts=not event.snapshot)
            elif not self.stale:
                self._level(entry)
        self.updated_at = now

    def lose(self) -> None:
        """The feed is down: the levels are not to be used until the next snapshot."""
        self.stale = True

    def depth(self, side: Side, limit_px: int | None) -> int:
        """Shares that an incoming order of `side` could take at its limit or better."""
        if side is Side.BUY:
            return sum(
                qty for px, qty in self._offers.items() if limit_px is None or px <= limit_px
            )
        return sum(qty for px, qty in self._bids.items() if limit_px is None or px >= limit_px)

    def _clear(self) -> None:
        self._bids.clear()
        self._offers.clear()
        self.bid = self.bid_qty = self.offer = self.offer_qty = 0

    def _trade(self, entry: MarketDataEntry, now: int, *, counts: bool) -> None:
        if entry.action == "2" or entry.px <= 0 or entry.qty <= 0:
            return
        self.last_px, self.last_at = entry.px, now
        if counts:
            self.volume += entry.qty

    def _level(self, entry: MarketDataEntry) -> None:
        if entry.px <= 0 or entry.entry_type not in ("0", "1"):
            return
        qty = 0 if entry.action == "2" else max(0, entry.qty)
        if entry.entry_type == "0":
            _set(self._bids, entry.px, qty)
            if qty and entry.px >= self.bid:
                self.bid, self.bid_qty = entry.px, qty
            elif entry.px == self.bid:
                self.bid = max(self._bids, default=0)
                self.bid_qty = self._bids.get(self.bid, 0)
        else:
            _set(self._offers, entry.px, qty)
            if qty and (entry.px <= self.offer or not self.offer):
                self.offer, self.offer_qty = entry.px, qty
            elif entry.px == self.offer:
                self.offer = min(self._offers, default=0)
                self.offer_qty = self._offers.get(self.offer, 0)
        if len(self._bids) > LEVELS_MAX or len(self._offers) > LEVELS_MAX:
            self._clear()
            self.stale = True


def _set(levels: dict[int, int], px: int, qty: int) -> None:
    if qty:
        levels[px] = qty
    else:
        levels.pop(px, None)


class Tracker:
    """Statistics of one symbol: volatility on a 1-s grid, signed flow, typical trade size."""

    __slots__ = (
        "_flow", "_flow_at", "_mid2", "_sampled_at", "_squares", "_turnover", "_weights",
        "last_at", "last_px", "trade_size",
    )  # fmt: skip

    def __init__(self) -> None:
        self._sampled_at: int | None = None
        self._mid2 = 0
        self._squares = [0.0, 0.0]
        self._weights = [0.0, 0.0]
        self._flow = [0.0, 0.0]
        self._turnover = [0.0, 0.0]
        self._flow_at = 0
        self.trade_size = 0.0
        """Moving mean of trade sizes, shares; 0 before the first trade."""
        self.last_px = self.last_at = 0

    def due(self, now: int) -> bool:
        """True if a grid point has passed that was not sampled."""
        return self._sampled_at is None or now - self._sampled_at >= SAMPLE_NS

    def sample(self, mid2: int, now: int) -> None:
        """Take the grid points up to `now`, given the midpoint since the last event.

        Called before an event is applied, hence the midpoint has been constant since the event
        before: the first missed grid point carries the move, the others carry none.
        """
        if self._sampled_at is None:
            self._sampled_at, self._mid2 = now, mid2
            return
        steps = (now - self._sampled_at) // SAMPLE_NS
        if steps <= 0:
            return
        self._sampled_at += steps * SAMPLE_NS
        move = mid2 / self._mid2 - 1.0 if self._mid2 else 0.0
        if not self._mid2:
            steps -= 1  # the first midpoint of all is no return
        if mid2 and steps:
            for i, half_life in enumerate(VOLATILITY_HALF_LIVES):
                keep, rest = exp2(-1.0 / half_life), exp2(-(steps - 1) / half_life)
                self._squares[i] = (keep * self._squares[i] + (1 - keep) * move * move) * rest
                self._weights[i] = 1.0 - (1.0 - self._weights[i]) * keep * rest
        self._mid2 = mid2

    def trade(self, px: int, qty: int, sign: int, now: int) -> None:
        """Count one trade; `sign` is +1 when a buyer took, -1 when a seller took, 0 unknown."""
        self.last_px, self.last_at = px, now
        first = self.trade_size == 0.0
        weight = 1.0 if first else 1.0 - exp2(-1.0 / TRADE_SIZE_HALF_LIFE)
        self.trade_size += weight * (qty - self.trade_size)
        self._decay(now)
        root = sqrt(qty)
        for i in range(2):
            self._flow[i] += sign * root
            self._turnover[i] += root

    def variance(self, i: int) -> float | None:
        """Moving mean of squared 1-s mid returns; None before anything was sampled.

        `i` chooses from VOLATILITY_HALF_LIVES. Divided by the weight seen so far, so that a young
        mean is not too low.
        """
        return self._squares[i] / self._weights[i] if self._weights[i] > 0 else None

    def flow(self, i: int, now: int) -> tuple[float, float]:
        """Decayed sums of sign * sqrt(shares) and of sqrt(shares), as of `now`.

        `i` chooses from FLOW_HALF_LIVES.
        """
        fade = exp2(-max(0, now - self._flow_at) / (FLOW_HALF_LIVES[i] * NS))
        return self._flow[i] * fade, self._turnover[i] * fade

    def _decay(self, now: int) -> None:
        for i in range(2):
            self._flow[i], self._turnover[i] = self.flow(i, now)
        self._flow_at = max(self._flow_at, now)


class _Symbol:
    """All that is known of one symbol."""

    __slots__ = ("_touch", "answers", "books", "halted", "quotes", "tracker")

    def __init__(self) -> None:
        self.books: dict[str, Book] = {}
        self.quotes: dict[str, Quote] = {}
        self.answers: dict[str, Quote] = {}
        self.halted: dict[str, None] = {}
        """Venues that have said so."""
        self.tracker = Tracker()
        self._touch: tuple[int, int, int, int, int] | None = None

    def moved(self) -> None:
        """A book is another one now. Whoever changes a book says so."""
        self._touch = None

    def touch(self) -> tuple[int, int, int, int, int]:
        """Best bid, best offer, their summed sizes, and the latest update, of books not stale.

        Kept until a book moves: an order asks a dozen times between two updates.
        """
        if self._touch is None:
            self._touch = self._best()
        return self._touch

    def _best(self) -> tuple[int, int, int, int, int]:
        bid = offer = bid_qty = offer_qty = updated_at = 0
        for book in self.books.values():
            if book.stale:
                continue
            updated_at = max(updated_at, book.updated_at)
            if book.bid > bid:
                bid, bid_qty = book.bid, book.bid_qty
            elif book.bid == bid:
                bid_qty += book.bid_qty
            if book.offer and (book.offer < offer or not offer):
                offer, offer_qty = book.offer, book.offer_qty
            elif book.offer == offer:
                offer_qty += book.offer_qty
        return bid, offer, bid_qty, offer_qty, updated_at

    def mid2(self) -> int:
        bid, offer, *_ = self.touch()
        return bid + offer if bid and offer else 0


class Market:
    """Every book and quote of every symbol."""

    def __init__(self) -> None:
        self._symbols: dict[str, _Symbol] = {}

    def apply(self, event: MarketEvent, now: int) -> None:
        """Take one market event."""
        match event:
            case MarketDataReceived():
                self._data(event, now)
            case MarketDataLost():
                self._lost(event, now)
            case QuoteReceived():
                self._quote(event, now)
            case QuoteCanceled():
                self._cancel(event)
            case TradingStatusReceived():
                self._status(event)

    def book(self, symbol: str, mic: str) -> Book | None:
        """The venue's book, or None if it never sent data."""
        known = self._symbols.get(symbol)
        return known.books.get(mic) if known else None

    def quote(self, symbol: str, mic: str) -> Quote | None:
        """The dealer's latest streamed quote that was not canceled; it may have expired."""
        known = self._symbols.get(symbol)
        return known.quotes.get(mic) if known else None

    def answer(self, symbol: str, mic: str) -> Quote | None:
        """The dealer's latest answer to a QuoteRequest(R); it may have expired."""
        known = self._symbols.get(symbol)
        return known.answers.get(mic) if known else None

    def halted(self, symbol: str, mic: str) -> bool:
        """True if the venue has said so, or every venue that shows a book has.

        Who shows nothing, a pool, may have no feed to say it in, and has no midpoint then.
        """
        known = self._symbols.get(symbol)
        if known is None or not known.halted:
            return False
        shown = {each for each, book in known.books.items() if not book.stale}
        return mic in known.halted or known.halted.keys() >= shown

    def view(self, symbol: str, now: int, volume_since: int) -> MarketView:
        """The consolidated touch over the lit books that are not stale.

        `volume_since` is what `volume` was at the start of the parent.
        """
        known = self._symbols.get(symbol)
        if known is None:
            return MarketView(0, 0, 0, 0, NEVER_NS, 0)
        bid, offer, bid_qty, offer_qty, updated_at = known.touch()
        age = max(0, now - updated_at) if updated_at else NEVER_NS
        traded = max(0, self.volume(symbol) - volume_since)
        return MarketView(bid, offer, bid_qty, offer_qty, age, traded)

    def touch(self, symbol: str) -> tuple[int, int, int, int]:
        """Best bid, best offer and their shares, as in `view`; 0 for an empty side."""
        known = self._symbols.get(symbol)
        return known.touch()[:4] if known else (0, 0, 0, 0)

    def volume(self, symbol: str) -> int:
        """Shares seen traded since the start, over all venues that print."""
        known = self._symbols.get(symbol)
        return sum(book.volume for book in known.books.values()) if known else 0

    def mid2(self, symbol: str) -> int:
        """Best bid plus best offer, half price units; 0 if a side is empty."""
        known = self._symbols.get(symbol)
        return known.mid2() if known else 0

    def tracker(self, symbol: str, now: int) -> Tracker | None:
        """The symbol's statistics as of `now`, or None if it was never seen.

        Sampling here or at the next event gives the same figures: the grid does not move.
        """
        known = self._symbols.get(symbol)
        if known is None:
            return None
        if known.tracker.due(now):
            known.tracker.sample(known.mid2(), now)
        return known.tracker

    def reference(self, symbol: str, now: int) -> tuple[int, int]:
        """Price and its age in nanoseconds: midpoint rounded down, else last trade, else 0."""
        known = self._symbols.get(symbol)
        if known is None:
            return 0, NEVER_NS
        bid, offer, _, _, updated_at = known.touch()
        if bid and offer:
            return (bid + offer) // 2, max(0, now - updated_at)
        if known.tracker.last_px:
            return known.tracker.last_px, max(0, now - known.tracker.last_at)
        return 0, NEVER_NS

    def _known(self, symbol: str) -> _Symbol:
        return self._symbols.setdefault(symbol, _Symbol())

    def _data(self, event: MarketDataReceived, now: int) -> None:
        known = self._known(event.symbol)
        if known.tracker.due(now):
            known.tracker.sample(known.mid2(), now)
        for px, qty, sign in prints(event, known.mid2):
            known.tracker.trade(px, qty, sign, now)
        book = known.books.get(event.mic)
        if book is None:
            book = known.books[event.mic] = Book()
        book.apply(event, now)
        known.moved()

    def _lost(self, event: MarketDataLost, now: int) -> None:
        for known in self._symbols.values():
            if event.mic in known.books:
                known.tracker.sample(known.mid2(), now)
                known.books[event.mic].lose()
                known.moved()
            known.quotes.pop(event.mic, None)
            known.answers.pop(event.mic, None)
            known.halted.pop(event.mic, None)

    def _quote(self, event: QuoteReceived, now: int) -> None:
        known = self._known(event.symbol)
        kept = known.answers if event.quote_req_id else known.quotes
        kept[event.mic] = Quote(
            event.quote_id,
            event.bid_px,
            event.bid_size,
            event.offer_px,
            event.offer_size,
            event.valid_until or now + QUOTE_LIFE_MAX_NS,
            event.quote_req_id,
        )

    def _cancel(self, event: QuoteCanceled) -> None:
        known = self._symbols.get(event.symbol)
        if known is None:
            return
        for kept in (known.quotes, known.answers):
            quote = kept.get(event.mic)
            if quote is None:
                continue
            if event.quote_id and quote.quote_id != event.quote_id:
                continue
            if event.quote_req_id and quote.quote_req_id != event.quote_req_id:
                continue
            del kept[event.mic]

    def _status(self, event: TradingStatusReceived) -> None:
        known = self._known(event.symbol)
        if event.halted:
            known.halted[event.mic] = None
        else:
            known.halted.pop(event.mic, None)


def prints(event: MarketDataReceived, mid2: Callable[[], int]) -> Iterator[tuple[int, int, int]]:
    """Price, shares and sign of what was traded now, given the midpoint before the event.

    The sign is +1 when a buyer took, -1 when a seller took, 0 unknown. A trade in a snapshot says
    what the last price was, not that shares were traded now.
    """
    if event.snapshot:
        return
    for entry in event.entries:
        if entry.entry_type == "2" and entry.action != "2" and entry.px > 0 < entry.qty:
            yield entry.px, entry.qty, _sign(entry, mid2)


def _sign(entry: MarketDataEntry, mid2: Callable[[], int]) -> int:
    """Who took: as told, else by the quote rule (Lee & Ready 1991): above the midpoint, a buyer."""
    if entry.aggressor:
        return 1 if entry.aggressor > 0 else -1
    middle = mid2()
    return (2 * entry.px > middle) - (2 * entry.px < middle) if middle else 0
