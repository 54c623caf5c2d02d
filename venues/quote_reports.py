"""What a dealer publishes, as FIX.4.4 bodies: Quote(S), QuoteCancel(Z), QuoteRequestReject(AG).

Owns the fields and their order. Knows nothing of who asked or which session carries it.
"""

from __future__ import annotations

from router.fix.codec import px_text, time_text
from venues.messages import QuoteIssued, QuoteRefused, QuoteWithdrawn
from venues.order_reports import fields

TRADEABLE = "1"
"""QuoteType(537): the dealer will answer an order on it."""
CANCEL_FOR_SYMBOL = "1"
CANCEL_ALL = "4"
"""QuoteCancelType(298): FIX.4.4 has no value for one quote, so 117 names the one."""
UNKNOWN_SYMBOL = "1"
OTHER = "99"
"""QuoteRequestRejectReason(658)."""


def quote(issued: QuoteIssued) -> str:
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
            ("537", TRADEABLE),
            ("55", issued.symbol),
        )
        + bid
        + offer
        + fields(
            ("62", time_text(issued.valid_until) if issued.valid_until else ""),
            ("60", time_text(issued.at)),
        )
    )


def quote_cancel(withdrawn: QuoteWithdrawn) -> str:
    """QuoteCancel(Z): 298=1 and the id of one quote, or 298=4 without QuoteID for all of them."""
    return fields(
        ("117", withdrawn.quote_id),
        ("298", CANCEL_FOR_SYMBOL if withdrawn.quote_id else CANCEL_ALL),
        ("295", "1"),
        ("55", withdrawn.symbol),
    )


def quote_request_reject(refused: QuoteRefused, *, reason: str = OTHER) -> str:
    """QuoteRequestReject(AG) of a request for one symbol."""
    return fields(
        ("131", refused.quote_req_id),
        ("658", reason),
        ("146", "1"),
        ("55", refused.symbol),
        ("58", refused.text),
    )
