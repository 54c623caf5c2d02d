"""The market without sessions: a router's commands in, its events out, in one process.

Owns the short way for experiments: orders are read and reports are written by the same order entry
that stands behind the FIX sessions, as bodies without header, numbers or wires; market data crosses
as values. So both ways give the same fills, which a test shows. Knows no clock and decides nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence

from router.fix.application import Outgoing, outgoing
from router.fix.codec import decode, encode
from router.fix.dialects import dialect
from router.fix.from_venue import read
from router.fix.versions import FIX44
from router.messages import (
    CancelChild,
    Command,
    Event,
    MarketDataEntry,
    MarketDataLost,
    MarketDataReceived,
    QueryChild,
    QueryVenue,
    QuoteCanceled,
    QuoteReceived,
    RequestQuote,
    SendChild,
    SessionClosed,
    SessionOpened,
    TradingStatusReceived,
)
from router.model import NS
from venues.audit import NoAudit
from venues.market import Market
from venues.messages import (
    TRADING_HALT,
    BookChanged,
    BookSnapshot,
    DataSilenced,
    QuoteIssued,
    QuoteRefused,
    QuoteWithdrawn,
    SessionDropped,
    TradingStatus,
    VenueMessage,
)
from venues.order_entry import OrderEntry
from venues.order_outbox import Answer, Outbox, VenueIds
from venues.outage import Outage, waits

CLIENT = "SLUICE"

SILENCE_NS = 72 * NS
"""After so long without a word a session is given up: 2.4 times HeartBtInt(108) of 30 s."""

_FIX44 = dialect(FIX44)
_TO_VENUES = (SendChild, CancelChild, QueryChild, QueryVenue, RequestQuote)
_NEW_ORDER = "D"
_TRADE = "2"
"""MDEntryType(269)."""


class DirectMarket:
    """A market as one router sees it: `router.runtime.direct.Stage`."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self._desks = {mic: _Desk(mic, market) for mic in market.mics}
        self._dialects = dict.fromkeys(market.mics, _FIX44)
        self._events: list[Event] = []
        self._alarms: list[tuple[int, int, Callable[[int], None]]] = []
        self._count = 0
        self._silent_until: dict[str, int] = {}
        self._lost: dict[str, None] = {}
        """Venues whose market-data session was given up."""

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
        if isinstance(command, _TO_VENUES):
            out = outgoing(command, now, self._dialects)
            assert out is not None, command
            desk = self._desks[out.session]
            self._events += desk.ask(out, now)

    def advance(self, until: int) -> int:
        """Let time pass until something arrives, at most to `until`; the time that it is."""
        if self._events:
            return self.market.now
        alarms = self._alarms
        now = self.market.advance(min(until, alarms[0][0]) if alarms else until)
        while alarms and alarms[0][0] <= now:
            heapq.heappop(alarms)[2](now)
        return now

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
        elif isinstance(message, SessionDropped):
            self._dropped(message, now)
        elif isinstance(message, DataSilenced):
            self._silenced(message, now)
        elif isinstance(message, TradingStatus):
            halted = message.security_trading_status == TRADING_HALT
            self._events.append(TradingStatusReceived(message.mic, message.symbol, halted))
        elif not isinstance(message, BookSnapshot):
            desk = self._desks[message.mic]
            desk.entry.outcomes.tell(message, now)
            self._events += desk.answers(now)

    # --- sessions that are lost ------------------------------------------------------------------

    def _dropped(self, drop: SessionDropped, now: int) -> None:
        mic = drop.mic
        self._events.append(SessionClosed(mic, mic, "the venue has dropped the connection"))
        self._events += self._desks[mic].drop(drop, now)
        self._alarm(drop.until, lambda at: self._reopened(mic, at))

    def _reopened(self, mic: str, now: int) -> None:
        """Logged on again: what waited is resent, what was lost is told later."""
        desk = self._desks[mic]
        if desk.outage is None or now < desk.shut_until:
            return
        told_at = desk.outage.told_at(now)
        self._events.append(SessionOpened(mic, mic))
        self._events += desk.reopen(now)
        self._alarm(told_at, lambda at: self._told_late(mic, at))

    def _told_late(self, mic: str, now: int) -> None:
        self._events += self._desks[mic].told_late(now)

    def _silenced(self, silence: DataSilenced, now: int) -> None:
        """Market data of a venue hangs: its session's own timers would find that out."""
        mic = silence.mic
        self._silent_until[mic] = silence.until
        if silence.until > now:
            self._alarm(now + SILENCE_NS, lambda at: self._data_lost(mic, at))
        elif mic in self._lost:
            del self._lost[mic]
            self._events.append(_book(self.market.snapshot(mic, now)))

    def _data_lost(self, mic: str, now: int) -> None:
        if now < self._silent_until[mic]:
            self._lost[mic] = None
            self._events.append(MarketDataLost(mic))

    def _alarm(self, at: int, action: Callable[[int], None]) -> None:
        self._count += 1
        heapq.heappush(self._alarms, (at, self._count, action))


class _Desk:
    """Order entry at one venue, and what waits while its session is lost."""

    def __init__(self, mic: str, market: Market) -> None:
        ids = VenueIds(mic, 1)
        outbox = Outbox(mic=mic, client=CLIENT, dialect=_FIX44, ids=ids, audit=NoAudit())
        self.entry = OrderEntry(symbol=market.symbol, market=market, outbox=outbox, ids=ids)
        self.outage: Outage | None = None
        self.shut_until = 0
        self._mic = mic
        self._asked: list[Outgoing] = []
        self._told: list[Answer] = []
        self._late: list[Answer] = []
        """Executions of an outage that are not resent."""

    def ask(self, out: Outgoing, now: int) -> list[Event]:
        """Hand a request over, now or when the session is back.

        A new order that cannot be sent at once is never sent, as on a session that was lost.
        """
        if self.outage is None:
            message = decode(encode(FIX44.begin_string, out.msg_type, "", out.body))
            self.entry.receive(message, seq=0, poss_dup=False, now=now)
        elif out.msg_type != _NEW_ORDER:
            self._asked.append(out)
        return self.answers(now)

    def answers(self, now: int) -> list[Event]:
        """What order entry says, read as the router reads it; nothing while the session is lost."""
        said = []
        for reply in self.entry.take():
            assert isinstance(reply, Answer), reply
            said.append(reply)
        late = [reply for reply in said if waits(reply, self._late)]
        said = [reply for reply in said if reply not in late]
        self._late += late
        if self.outage is None:
            return _read(self._mic, said, now)
        self._told += [reply for reply in said if not self.outage.loses(reply)]
        return []

    def told_late(self, now: int) -> list[Event]:
        """What an outage has lost is told, unless there is another: then after that one."""
        if self.outage is not None:
            return []
        late, self._late = self._late, []
        return _read(self._mic, late, now)

    def drop(self, drop: SessionDropped, now: int) -> list[Event]:
        """The session is lost."""
        said = self.answers(now)
        self.shut_until = max(self.shut_until, drop.until)
        if self.outage is None:
            self.outage = Outage(drop)
            self.entry.at_next_loss(cancel=drop.cancel_on_disconnect)
            self.entry.lost(now)
        return said

    def reopen(self, now: int) -> list[Event]:
        """The session is back: what waited is read, then what was asked meanwhile is asked."""
        assert self.outage is not None, self._mic
        self._late += self.outage.again
        self.outage = None
        told, self._told = self._told, []
        asked, self._asked = self._asked, []
        events = _read(self._mic, told, now)
        for out in asked:
            events += self.ask(out, now)
        return events


def _read(mic: str, replies: Sequence[Answer], now: int) -> list[Event]:
    events: list[Event] = []
    for reply in replies:
        told = decode(encode(FIX44.begin_string, reply.msg_type, "", reply.body))
        event = read(mic, told, now, "", _FIX44)
        if event is not None:
            events += event if isinstance(event, tuple) else (event,)
    return events


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
