"""Market data of one venue for one session: V in; W, X, Y, f, and streamed quotes S, Z out.

Owns subscriptions, and conflation: a reader that falls behind gets one fresh snapshot instead of
the increments that it missed. Knows nothing of connections but how many bytes wait in one.

A trade is an X of its own with one entry, MDEntryType(269)=2, that ends in the user tag 5101,
AggressorSign: 1 a buyer took, -1 a seller took. FIX.4.x has no field for it, and a user tag between
the entries of a group would end the group for a reader that goes by the dictionary.

The trades of an auction have TradeCondition(277)=E. That trading has stopped or goes on is told to
every subscription as SecurityStatus(f), and on subscription if it has stopped.

A dealer's streamed quotes are asked for like a book, with MarketDataRequest(V) 263=1, and come as
Quote(S) without QuoteReqID(131).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from router.fix.codec import Message, px_text, time_text
from router.fix.dialects import Dialect
from router.messages import MarketDataEntry
from venues.messages import (
    TRADING_HALT,
    BookChanged,
    BookSnapshot,
    QuoteIssued,
    QuoteWithdrawn,
    TradingStatus,
)
from venues.order_outbox import Answer, FieldRefused, Reply
from venues.order_reports import business_reject, fields
from venues.order_requests import REFUSALS, VALUE_IS_INCORRECT, FieldError, required
from venues.quote_reports import quote, quote_cancel

AGGRESSOR_SIGN_TAG = "5101"
BACKLOG_SOFT = 4 * 1024 * 1024
"""Unsent bytes above which increments are conflated into one snapshot."""
BACKLOG_RESUME = BACKLOG_SOFT // 2
"""Unsent bytes below which a conflated reader is told again."""
SUBSCRIPTIONS_MAX = 16
"""Subscriptions of one session."""
CONFLATED_TRADES_MAX = 100
"""Different (price, aggressor) pairs kept for a reader that is behind; the oldest goes first."""

BID, OFFER, TRADE = "0", "1", "2"
"""MDEntryType(269)."""
_SERVED = frozenset({BID, OFFER, TRADE})

SNAPSHOT, SUBSCRIBE, UNSUBSCRIBE = "0", "1", "2"
"""SubscriptionRequestType(263)."""
UNKNOWN_SYMBOL = "0"
DUPLICATE_ID = "1"
TOO_MANY = "2"
UNSUPPORTED_TYPE = "4"
UNSUPPORTED_DEPTH = "5"
UNSUPPORTED_UPDATE = "6"
UNSUPPORTED_ENTRY = "8"
"""MDReqRejReason(281)."""


class DataMarket(Protocol):
    """What market data asks of the market. Changes come through the feed's other methods."""

    def snapshot(self, mic: str, now: int) -> BookSnapshot:
        """The displayed book as it was last published."""

    def subscribe_quotes(self, mic: str, owner: str, now: int) -> None:
        """Stream a dealer's quotes to an owner; nothing at another venue."""

    def unsubscribe_quotes(self, mic: str, owner: str, now: int) -> None:
        """End the stream."""


def snapshot_body(
    md_req_id: str, book: BookSnapshot, types: frozenset[str], dialect: Dialect
) -> str:
    """MarketDataSnapshotFullRefresh(W). No levels at all is 268=0."""
    levels = [(BID, px, qty) for px, qty in book.bids if BID in types]
    levels += [(OFFER, px, qty) for px, qty in book.offers if OFFER in types]
    updated = time_text(book.at) if dialect.last_update_time else ""
    head = fields(
        ("262", md_req_id), ("55", book.symbol), ("779", updated), ("268", str(len(levels)))
    )
    return head + "".join(
        fields(("269", kind), ("270", px_text(px)), ("271", str(qty))) for kind, px, qty in levels
    )


def increment_bodies(
    md_req_id: str,
    symbol: str,
    entries: Sequence[MarketDataEntry],
    types: frozenset[str],
    trade_condition: str = "",
) -> list[str]:
    """MarketDataIncrementalRefresh(X): one for each trade, then one for what became of the book."""
    wanted = [entry for entry in entries if entry.entry_type in types]
    parts = [[entry] for entry in wanted if entry.entry_type == TRADE]
    parts.append([entry for entry in wanted if entry.entry_type != TRADE])
    return [_increment_body(md_req_id, symbol, part, trade_condition) for part in parts if part]


def _increment_body(
    md_req_id: str, symbol: str, entries: list[MarketDataEntry], trade_condition: str
) -> str:
    head = fields(("262", md_req_id), ("268", str(len(entries))))
    return head + "".join(
        fields(
            ("279", entry.action),
            ("269", entry.entry_type),
            ("55", symbol),
            ("270", px_text(entry.px)),
            ("271", str(entry.qty) if entry.qty else ""),
            ("277", trade_condition if entry.entry_type == TRADE else ""),
            (AGGRESSOR_SIGN_TAG, str(entry.aggressor) if entry.aggressor else ""),
        )
        for entry in entries
    )


def security_status(md_req_id: str, status: TradingStatus) -> str:
    """SecurityStatus(f), unsolicited; its 324 is the MDReqID(262) of the subscription."""
    return fields(
        ("324", md_req_id),
        ("55", status.symbol),
        ("325", "Y"),
        ("326", status.security_trading_status),
        ("60", time_text(status.at)),
    )


class MarketDataFeed:
    """The application behind one market-data session."""

    def __init__(
        self, *, mic: str, symbol: str, owner: str, dialect: Dialect, market: DataMarket
    ) -> None:
        """`owner` is the CompID of the client's order entry: it may hit the streamed quotes."""
        self._mic = mic
        self._symbol = symbol
        self._owner = owner
        self._dialect = dialect
        self._market = market
        self._subscriptions: dict[str, frozenset[str]] = {}
        self._replies: list[Reply] = []
        self._behind = False
        self._missed_trades: dict[tuple[int, int], int] = {}
        self._missed_quote: QuoteIssued | None = None
        self._missed_withdrawal: QuoteWithdrawn | None = None
        self._status: TradingStatus | None = None

    def take(self) -> list[Reply]:
        """What the session is to send, in order."""
        replies, self._replies = self._replies, []
        return replies

    # --- in from the client -----------------------------------------------------------------------

    def receive(self, message: Message, *, seq: int, poss_dup: bool, now: int) -> None:
        """Act on one application message."""
        if message.msg_type in REFUSALS:
            return
        if message.msg_type != "V":
            body = business_reject(
                self._dialect,
                ref_seq_num=seq,
                ref_msg_type=message.msg_type,
                ref_id=message.get("11"),
                reason="3",
                text="Unsupported Message Type",
            )
            self._say("j", body)
            return
        try:
            self._request(message, now)
        except FieldError as fault:
            self._replies.append(FieldRefused(seq, "V", fault.reason, int(fault.tag), fault.text))

    def resent(self, now: int) -> None:
        """Frames were asked for again and none are kept: a fresh book takes their place."""
        self._catch_up(now)

    def lost(self, now: int) -> None:
        """The session is gone, and every subscription with it."""
        if self._subscriptions:
            self._market.unsubscribe_quotes(self._mic, self._owner, now)
        self._subscriptions.clear()
        self._forget_missed()
        self._behind = False

    def _request(self, message: Message, now: int) -> None:
        md_req_id, kind = required(message, "262"), required(message, "263")
        if kind == UNSUBSCRIBE:
            if self._subscriptions.pop(md_req_id, None) is not None and not self._subscriptions:
                self._market.unsubscribe_quotes(self._mic, self._owner, now)
            return
        types = frozenset(entry["269"] for entry in message.group("267") if "269" in entry)
        symbols = [entry.get("55", "") for entry in message.group("146")]
        refusal = self._refusal(message, md_req_id, kind, types, symbols)
        if refusal is not None:
            reason, text = refusal
            self._say("Y", fields(("262", md_req_id), ("281", reason), ("58", text)))
            return
        book = self._market.snapshot(self._mic, now)
        self._say("W", snapshot_body(md_req_id, book, types, self._dialect))
        if kind == SUBSCRIBE:
            self._subscriptions[md_req_id] = types
            if self._status and self._status.security_trading_status == TRADING_HALT:
                self._say("f", security_status(md_req_id, self._status))
            if len(self._subscriptions) == 1:
                self._market.subscribe_quotes(self._mic, self._owner, now)

    def _refusal(
        self, message: Message, md_req_id: str, kind: str, types: frozenset[str], symbols: list[str]
    ) -> tuple[str, str] | None:
        """MDReqRejReason(281) and text, or None if the request is served."""
        if kind not in (SNAPSHOT, SUBSCRIBE):
            return UNSUPPORTED_TYPE, f"SubscriptionRequestType {kind} is not served"
        if required(message, "264") != "0":
            return UNSUPPORTED_DEPTH, "only the full book, 264=0, is served"
        if kind == SUBSCRIBE and required(message, "265") != "1":
            return UNSUPPORTED_UPDATE, "only incremental refresh, 265=1, is served"
        if not symbols:
            raise FieldError("146", VALUE_IS_INCORRECT, "Value is incorrect: 146 names no symbol")
        if any(symbol != self._symbol for symbol in symbols):
            return UNKNOWN_SYMBOL, f"only {self._symbol} is traded here"
        if not types or types - _SERVED:
            return UNSUPPORTED_ENTRY, "MDEntryType 0, 1 and 2 are served"
        if md_req_id in self._subscriptions:
            return DUPLICATE_ID, f"MDReqID {md_req_id} is in use"
        if len(self._subscriptions) >= SUBSCRIPTIONS_MAX:
            return TOO_MANY, f"{SUBSCRIPTIONS_MAX} subscriptions are open"
        return None

    # --- in from the market -----------------------------------------------------------------------

    def changed(self, message: BookChanged) -> None:
        """Tell a change of the book, or remember it while the reader is behind."""
        if self._behind:
            self._miss(message)
            return
        for md_req_id, types in self._subscriptions.items():
            condition = message.trade_condition
            for body in increment_bodies(
                md_req_id, self._symbol, message.entries, types, condition
            ):
                self._say("X", body)

    def status_changed(self, message: TradingStatus) -> None:
        """Tell that trading has stopped or goes on. There is nothing to conflate: it is rare."""
        self._status = message
        for md_req_id in self._subscriptions:
            self._say("f", security_status(md_req_id, message))

    def quote_issued(self, message: QuoteIssued) -> None:
        """Tell a streamed quote; while the reader is behind only the newest is kept."""
        if not self._subscriptions:
            return
        if self._behind:
            self._missed_quote = message
        else:
            self._say("S", quote(message, self._dialect))

    def quote_withdrawn(self, message: QuoteWithdrawn) -> None:
        """Tell that a streamed quote is dead."""
        if not self._subscriptions:
            return
        if self._behind:
            self._missed_quote, self._missed_withdrawal = None, message
        else:
            self._say("Z", quote_cancel(message, self._dialect))

    # --- in from the connection -------------------------------------------------------------------

    def backlog(self, unsent: int, now: int) -> None:
        """So many bytes wait in the connection: fall behind above the bound, catch up below."""
        if unsent > BACKLOG_SOFT:
            self._behind = True
        elif self._behind and unsent <= BACKLOG_RESUME:
            self._behind = False
            self._catch_up(now)

    def _miss(self, message: BookChanged) -> None:
        for entry in message.entries:
            if entry.entry_type == TRADE:
                key = (entry.px, entry.aggressor)
                self._missed_trades[key] = self._missed_trades.get(key, 0) + entry.qty
        while len(self._missed_trades) > CONFLATED_TRADES_MAX:
            del self._missed_trades[next(iter(self._missed_trades))]

    def _catch_up(self, now: int) -> None:
        trades = [
            MarketDataEntry(TRADE, "0", px, qty, aggressor)
            for (px, aggressor), qty in self._missed_trades.items()
        ]
        book = self._market.snapshot(self._mic, now)
        for md_req_id, types in self._subscriptions.items():
            for body in increment_bodies(md_req_id, self._symbol, trades, types):
                self._say("X", body)
            self._say("W", snapshot_body(md_req_id, book, types, self._dialect))
        if self._missed_withdrawal is not None:
            every = replace(self._missed_withdrawal, quote_id="")
            self._say("Z", quote_cancel(every, self._dialect))
        if self._missed_quote is not None:
            self._say("S", quote(self._missed_quote, self._dialect))
        self._forget_missed()

    def _forget_missed(self) -> None:
        self._missed_trades.clear()
        self._missed_quote = None
        self._missed_withdrawal = None

    def _say(self, msg_type: str, body: str) -> None:
        self._replies.append(Answer(msg_type, body))
