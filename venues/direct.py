"""The market without sessions: a router's commands in, its events out, in one process.

Owns the short way for experiments: orders are read and reports are written by the same order entry
that stands behind the FIX sessions, as bodies without header, numbers or wires; market data crosses
as values. So both ways give the same fills, which a test shows. Knows no clock and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from router.fix.application import outgoing
from router.fix.codec import decode, encode
from router.fix.dialects import dialect
from router.fix.from_venue import read
from router.fix.versions import FIX44
from router.messages import (
    CancelChild,
    Command,
    Event,
    MarketDataEntry,
    MarketDataReceived,
    QueryChild,
    QueryVenue,
    QuoteCanceled,
    QuoteReceived,
    RequestQuote,
    SendChild,
    SessionOpened,
)
from venues.audit import NoAudit
from venues.market import Market
from venues.messages import (
    BookChanged,
    BookSnapshot,
    QuoteIssued,
    QuoteRefused,
    QuoteWithdrawn,
    TradingStatus,
    VenueMessage,
)
from venues.order_entry import OrderEntry
from venues.order_outbox import Answer, Outbox, VenueIds

CLIENT = "SLUICE"

_FIX44 = dialect(FIX44)
_TO_VENUES = (SendChild, CancelChild, QueryChild, QueryVenue, RequestQuote)
_TRADE = "2"
"""MDEntryType(269)."""


class DirectMarket:
    """A market as one router sees it: `router.runtime.direct.Stage`."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self._desks = {mic: _desk(mic, market) for mic in market.mics}
        self._dialects = dict.fromkeys(market.mics, _FIX44)
        self._events: list[Event] = []

    # --- what the driver asks --------------------------------------------------------------------

    def open(self, now: int) -> list[Event]:
        """Log on everywhere: what a router is told first."""
        opened: list[Event] = [SessionOpened(mic, mic) for mic in self.market.mics]
        for mic in self.market.mics:
            self.market.subscribe_quotes(mic, CLIENT, now)
            opened.append(_book(self.market.snapshot(mic, now)))
        return opened

    def carry_out(self, command: Command, now: int) -> None:
        """Send a command that is for a venue; others change nothing here."""
        if not isinstance(command, _TO_VENUES):
            return
        out = outgoing(command, now, self._dialects)
        assert out is not None, command
        message = decode(encode(FIX44.begin_string, out.msg_type, "", out.body))
        desk = self._desks[out.session]
        desk.receive(message, seq=0, poss_dup=False, now=now)
        self._answers(out.session, desk, now)

    def advance(self, until: int) -> int:
        """Let time pass until something arrives, at most to `until`; the time that it is."""
        return self.market.now if self._events else self.market.advance(until)

    def take(self, now: int) -> list[Event]:
        """What has arrived, in order."""
        for message in self.market.take():
            self._arrived(message, now)
        events, self._events = self._events, []
        return events

    # --- the inside ------------------------------------------------------------------------------

    def _arrived(self, message: VenueMessage, now: int) -> None:
        if isinstance(message, BookChanged):
            self._events += _changes(message)
        elif isinstance(message, QuoteIssued):
            self._events.append(_quote(message))
        elif isinstance(message, QuoteWithdrawn):
            self._events.append(QuoteCanceled(message.mic, message.symbol, message.quote_id))
        elif isinstance(message, QuoteRefused):
            self._events.append(
                QuoteCanceled(message.mic, message.symbol, "", message.quote_req_id)
            )
        elif not isinstance(message, BookSnapshot | TradingStatus):
            desk = self._desks[message.mic]
            desk.tell(message)
            self._answers(message.mic, desk, now)

    def _answers(self, mic: str, desk: OrderEntry, now: int) -> None:
        """What order entry says, read as the router reads it."""
        for reply in desk.take():
            assert isinstance(reply, Answer), reply
            told = decode(encode(FIX44.begin_string, reply.msg_type, "", reply.body))
            event = read(mic, told, now, "", _FIX44)
            if event is not None:
                self._events.append(event)


def _desk(mic: str, market: Market) -> OrderEntry:
    ids = VenueIds(mic, 1)
    outbox = Outbox(mic=mic, client=CLIENT, dialect=_FIX44, ids=ids, audit=NoAudit())
    return OrderEntry(symbol=market.symbol, market=market, outbox=outbox, ids=ids)


def _book(book: BookSnapshot) -> MarketDataReceived:
    entries = [MarketDataEntry("0", "0", px, qty) for px, qty in book.bids]
    entries += [MarketDataEntry("1", "0", px, qty) for px, qty in book.offers]
    return MarketDataReceived(book.mic, book.symbol, True, tuple(entries))


def _changes(message: BookChanged) -> Iterable[MarketDataReceived]:
    """One event for each trade, then one for what became of the book: as increments are sent."""
    mic, symbol, entries = message.mic, message.symbol, message.entries
    if entries[0].entry_type != _TRADE:
        return (MarketDataReceived(mic, symbol, False, entries),)
    parts = [(entry,) for entry in entries if entry.entry_type == _TRADE]
    book = tuple(entry for entry in entries if entry.entry_type != _TRADE)
    return [MarketDataReceived(mic, symbol, False, part) for part in (*parts, book) if part]


def _quote(issued: QuoteIssued) -> QuoteReceived:
    return QuoteReceived(
        mic=issued.mic,
        symbol=issued.symbol,
        quote_id=issued.quote_id,
        bid_px=issued.bid_px,
        bid_size=issued.bid_size,
        offer_px=issued.offer_px,
        offer_size=issued.offer_size,
        valid_until=issued.valid_until,
        quote_req_id=issued.quote_req_id,
    )
