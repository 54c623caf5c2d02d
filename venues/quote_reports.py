"""What a dealer publishes, as bodies: Quote(S), QuoteCancel(Z), and the refusal of a request.

Owns the fields and their order; what differs between FIX versions stands in `router.fix.dialects`.
Knows nothing of who asked or which session carries it.
"""

from __future__ import annotations

from router.fix.codec import px_text, time_text
from router.fix.dialects import Dialect
from venues.messages import QuoteIssued, QuoteRefused, QuoteWithdrawn
from venues.order_reports import fields

TRADEABLE = "1"
"""QuoteType(537): the dealer will answer an order on it."""
CANCEL_ALL = "4"
"""QuoteCancelType(298)."""
ALL_QUOTES = "ALL"
"""QuoteID(117), which must be there, when none is meant."""
UNKNOWN_SYMBOL = "1"
OTHER = "99"
"""QuoteRequestRejectReason(658); the first is the same in QuoteRejectReason(300)."""
QUOTE_REJECTED = "5"
"""QuoteStatus(297)."""


def quote(issued: QuoteIssued, dialect: Dialect) -> str:
    """Quote(S). 131 is there only if it answers a QuoteRequest; an empty side is left out."""
    bid = offer = ""
    if issued.bid_size:
        bid = fields(("132", px_text(issued.bid_px)), ("134", str(issued.bid_size)))
    if issued.offer_size:
        offer = fields(("133", px_text(issued.offer_px)), ("135", str(issued.offer_size)))
    return (
        fields(
            ("131", issued.quote_req_id),
            ("117", issued.quote_id),
            ("537", TRADEABLE if dialect.quote_type else ""),
            ("55", issued.symbol),
        )
        + bid
        + offer
        + fields(
            ("62", time_text(issued.valid_until) if issued.valid_until else ""),
            ("60", time_text(issued.at)),
        )
    )


def quote_cancel(withdrawn: QuoteWithdrawn, dialect: Dialect) -> str:
    """QuoteCancel(Z) of one quote, or with 298=4 of all.

    FIX.4.x has no QuoteCancelType(298) for one quote: there it is 1, and 117 names the one.
    """
    return fields(
        ("117", withdrawn.quote_id or ALL_QUOTES),
        ("298", dialect.cancel_one_quote if withdrawn.quote_id else CANCEL_ALL),
        ("295", "1"),
        ("55", withdrawn.symbol),
    )


def quote_refusal(
    refused: QuoteRefused, dialect: Dialect, *, reason: str = OTHER
) -> tuple[str, str]:
    """MsgType and body of the refusal of a request for one symbol.

    It is a QuoteRequestReject(AG); before there was one, a QuoteAcknowledgement(b) of no quote.
    """
    if dialect.quote_refusal == "b":
        told = fields(("300", reason if reason != OTHER else ""), ("58", refused.text))
        return "b", fields(("131", refused.quote_req_id), ("297", QUOTE_REJECTED)) + told
    return dialect.quote_refusal, fields(
        ("131", refused.quote_req_id),
        ("658", reason),
        ("146", "1"),
        ("55", refused.symbol),
        ("58", refused.text),
    )
