"""Quotes on request for one client: QuoteRequest(R) in, Quote(S), QuoteCancel(Z) and refusals out.

Owns which quotes this client was given on request. Streamed quotes are market data and go there.
"""

from __future__ import annotations

from typing import Protocol

from router.fix.codec import Message, qty_value
from router.model import Side
from venues.messages import QuoteIssued, QuoteRefused, QuoteWithdrawn
from venues.order_outbox import Outbox
from venues.order_requests import (
    VALUE_IS_INCORRECT,
    ConditionalFieldError,
    FieldError,
    formatted,
    one_of,
    required,
)
from venues.quote_reports import OTHER, UNKNOWN_SYMBOL, quote, quote_cancel, quote_refusal

LIVE_QUOTES_MAX = 10_000
"""Quotes on request whose withdrawal would be told; the oldest is forgotten first."""


class QuoteMarket(Protocol):
    """Whom a desk asks for quotes. The answers come through the desk's other methods."""

    def request_quote(
        self, mic: str, owner: str, quote_req_id: str, symbol: str, side: Side, qty: int, now: int
    ) -> None:
        """Ask a dealer for a quote."""


class QuoteDesk:
    """The quotes that one client asks for."""

    def __init__(self, *, symbol: str, market: QuoteMarket, outbox: Outbox) -> None:
        self._symbol = symbol
        self._market = market
        self._outbox = outbox
        self._quotes: dict[str, None] = {}

    def request(self, message: Message, seq: int, now: int) -> None:
        """QuoteRequest(R) for one symbol and one side.

        Raises:
            FieldError, ConditionalFieldError: if the request cannot be read.
        """
        quote_req_id = required(message, "131")
        entries = message.group("146")
        if len(entries) != 1:
            raise FieldError("146", VALUE_IS_INCORRECT, "Value is incorrect: 146 is not 1")
        entry = entries[0]
        symbol = entry.get("55", "")
        if symbol != self._symbol:
            outbox = self._outbox
            text = f"unknown symbol {symbol}"
            refused = QuoteRefused(outbox.mic, now, outbox.client, quote_req_id, symbol, text)
            self._refuse(refused, UNKNOWN_SYMBOL)
            return
        for tag in ("54", "38"):
            if not entry.get(tag):
                raise ConditionalFieldError(tag)
        side = one_of(Side, "54", entry["54"])
        qty = formatted(qty_value, "38", entry["38"])
        owner = self._outbox.client
        self._market.request_quote(self._outbox.mic, owner, quote_req_id, symbol, side, qty, now)

    def issued(self, message: QuoteIssued) -> None:
        """Tell a quote that answers a request of this client."""
        self._quotes[message.quote_id] = None
        while len(self._quotes) > LIVE_QUOTES_MAX:
            del self._quotes[next(iter(self._quotes))]
        self._outbox.say("S", quote(message, self._outbox.dialect))

    def withdrawn(self, message: QuoteWithdrawn) -> None:
        """Tell that a quote is dead, if this client has it or all are dead."""
        if not message.quote_id or message.quote_id in self._quotes:
            self._quotes.pop(message.quote_id, None)
            self._outbox.say("Z", quote_cancel(message, self._outbox.dialect))

    def refused(self, message: QuoteRefused) -> None:
        """Tell that the dealer does not quote."""
        self._refuse(message, OTHER)

    def _refuse(self, refused: QuoteRefused, reason: str) -> None:
        self._outbox.say(*quote_refusal(refused, self._outbox.dialect, reason=reason))
