"""`md_stale`: market data that does not move any more, as a rule over a session that seems well.

`frozen`: no book, trade, halt or streamed quote is told. `repeat`: whenever a book or quote would
be told, the last one is told again in its place, so that the feed looks alive. At the end clients
are brought up to date: whether trading is halted, what has traded, price by price, the book, and a
dealer's last quote.

Without heartbeats the session hangs: the client's own timers find that out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, Self

from pydantic import model_validator

from router.messages import MarketDataEntry
from venues.lit import level_changes
from venues.messages import (
    BookChanged,
    BookSnapshot,
    DataSilenced,
    QuoteIssued,
    QuoteWithdrawn,
    TradingStatus,
    VenueMessage,
)
from venues.misbehaviour import Fault, Misbehaviour, Scene

TRADE = "2"
"""MDEntryType(269)."""
TRADES_MAX = 100
"""Different (price, aggressor) pairs that are told at the end; the oldest go first."""


class MdStale(Misbehaviour):
    """The keys of `detail`."""

    mode: Literal["frozen", "repeat"] = "frozen"
    heartbeats: bool = True
    """False: the session says nothing either, answers nothing, and takes no Logon."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.mode == "repeat" and not self.heartbeats:
            raise ValueError("mode repeat speaks: it needs heartbeats")
        return self

    def fault(self, scene: Scene) -> Fault:
        """It at work."""
        return _Stale(self, scene)


class _Stale(Fault):
    def __init__(self, spec: MdStale, scene: Scene) -> None:
        super().__init__(scene)
        self._repeats = spec.mode == "repeat"
        self._heartbeats = spec.heartbeats
        self._book = scene.venue.snapshot(scene.now)
        self._trades: dict[tuple[int, int], int] = {}
        self._quote: QuoteIssued | None = None
        self._told: QuoteIssued | None = None
        self._withdrawn: QuoteWithdrawn | None = None
        self._status: TradingStatus | None = None

    def begin(self) -> None:
        self._hang(self.scene.until)

    def told(self, message: VenueMessage) -> None:
        match message:
            case BookChanged():
                self._miss(message)
                if self._repeats:
                    self._tell(_all_levels(self._book))
            case QuoteIssued(quote_req_id=""):
                self._quote = message
                if self._repeats:
                    self._told = self._told or message
                    self.scene.say(replace(self._told, at=message.at))
            case QuoteWithdrawn():
                self._quote, self._withdrawn = None, message
            case TradingStatus():
                self._status = message
            case _:
                self.scene.say(message)

    def over(self) -> None:
        scene = self.scene
        self._hang(scene.now)
        if self._status is not None:
            scene.say(replace(self._status, at=scene.now))
        book = scene.venue.snapshot(scene.now)
        trades = [
            MarketDataEntry(TRADE, "0", px, qty, aggressor)
            for (px, aggressor), qty in self._trades.items()
        ]
        bids = level_changes(1, self._book.bids, book.bids)
        self._tell([*trades, *bids, *level_changes(-1, self._book.offers, book.offers)])
        if self._withdrawn is not None:
            scene.say(replace(self._withdrawn, at=scene.now, quote_id=""))
        if self._quote is not None:
            scene.say(replace(self._quote, at=scene.now))

    def _hang(self, until: int) -> None:
        if not self._heartbeats:
            self.scene.say(DataSilenced(self.scene.mic, self.scene.now, until))

    def _miss(self, message: BookChanged) -> None:
        for entry in message.entries:
            if entry.entry_type == TRADE:
                key = (entry.px, entry.aggressor)
                self._trades[key] = self._trades.get(key, 0) + entry.qty
        while len(self._trades) > TRADES_MAX:
            del self._trades[next(iter(self._trades))]

    def _tell(self, entries: list[MarketDataEntry]) -> None:
        if entries:
            scene = self.scene
            scene.say(BookChanged(scene.mic, scene.now, scene.symbol, tuple(entries)))


def _all_levels(book: BookSnapshot) -> list[MarketDataEntry]:
    """Every level as a change to what it is already."""
    sides = (("0", book.bids), ("1", book.offers))
    return [MarketDataEntry(kind, "1", px, qty) for kind, levels in sides for px, qty in levels]
