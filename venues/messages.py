"""What is said to a venue and what a venue says: values without a wire format.

Owns the shapes that cross between the market and whoever speaks FIX for it. Knows nothing of FIX
sessions, books or how a venue decides. Units are those of `router.model`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from router.messages import MarketDataEntry
from router.model import OrdStatus, OrdType, Side, TimeInForce

POST_ONLY = "6"
"""ExecInst(18): participate, do not initiate."""
MIDPOINT_PEG = "M"
"""ExecInst(18): mid-price peg."""


class MinQtyMethod(StrEnum):
    """MinQtyMethod(1822): to which executions MinQty(110) applies. By default to every one."""

    ONCE = "1"
    MULTIPLE = "2"


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """An order as a venue takes it. `order_ref` is unique in the market."""

    order_ref: str
    symbol: str
    side: Side
    qty: int
    ord_type: OrdType
    time_in_force: TimeInForce
    price: int | None
    min_qty: int = 0
    quote_id: str = ""
    expire_time: int = 0
    """For GTD: when the order ends, UTC nanoseconds; 0 for the other TimeInForce values."""
    owner: str = ""
    """The session that sent it; empty for background flow."""
    exec_inst: str = ""
    """ExecInst(18): characters with spaces between them."""
    display_qty: int | None = None
    """DisplayQty(1138): None shows all of it, 0 nothing."""
    min_qty_method: MinQtyMethod = MinQtyMethod.MULTIPLE
    conditional: bool = False
    """CustOrderHandlingInst(1031)=CND: it rests and is invited to firm up, but does not trade."""
    invitation_id: str = ""
    """RefOrderID(1080) of a firm-up: the invitation that it answers."""

    def instructed(self, exec_inst: str) -> bool:
        """True if ExecInst(18) has the character."""
        return exec_inst in self.exec_inst.split()


@dataclass(slots=True)
class OrderState:
    """What a venue knows of an order that it took. Only the venue changes it."""

    order: VenueOrder
    order_id: str
    ord_status: OrdStatus
    leaves_qty: int
    cum_qty: int = 0
    notional: int = 0
    """Sum of quantity times price over executions, price units times shares."""

    @property
    def is_open(self) -> bool:
        """True while the order can still trade."""
        return self.ord_status in (OrdStatus.NEW, OrdStatus.PARTIALLY_FILLED)


# --- what a venue says of an order ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Accepted:
    """The order is taken; executions, if any, follow."""

    mic: str
    at: int
    order_ref: str
    order_id: str
    told: bool = True
    """False: the venue has it and keeps that to itself."""
    out_of_turn: bool = False
    """Told after what happened to the order: it says how the order stood before."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The order is not taken. `ord_rej_reason` is OrdRejReason(103), as of FIX Latest."""

    mic: str
    at: int
    order_ref: str
    ord_rej_reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Executed:
    """One execution of one order."""

    mic: str
    at: int
    order_ref: str
    exec_id: str
    qty: int
    px: int
    liquidity: str
    """LastLiquidityInd(851): `1` added, `2` removed, `4` auction."""
    leaves: int
    out_of_turn: bool = False
    """Deliberately told before the order's acceptance, after its end, or of more than is left."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """An execution is told once more, as it was told."""

    mic: str
    at: int
    order_ref: str
    exec_id: str
    """Of the execution."""


@dataclass(frozen=True, slots=True)
class Busted:
    """An execution never was. Its shares do not come back into the book."""

    mic: str
    at: int
    order_ref: str
    exec_id: str
    exec_ref_id: str
    """What is taken back: an execution, or its last correction."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """An execution was of other shares or at another price."""

    mic: str
    at: int
    order_ref: str
    exec_id: str
    exec_ref_id: str
    """What is corrected: an execution, or its last correction."""
    qty: int
    px: int


@dataclass(frozen=True, slots=True)
class Lost:
    """The order was swallowed: it never was in the venue, which knows nothing of it."""

    mic: str
    at: int
    order_ref: str


@dataclass(frozen=True, slots=True)
class Canceled:
    """The rest of the order is gone: asked for, or (`unsolicited`) IOC, FOK, last look."""

    mic: str
    at: int
    order_ref: str
    leaves_canceled: int
    unsolicited: bool
    text: str


@dataclass(frozen=True, slots=True)
class Expired:
    """The order's time is over: GTD, or a day order at the close."""

    mic: str
    at: int
    order_ref: str


@dataclass(frozen=True, slots=True)
class CancelRefused:
    """A cancel or replace that cannot be. `cxl_rej_reason` is CxlRejReason(102)."""

    mic: str
    at: int
    order_ref: str
    """The order that was to be canceled or replaced."""
    cxl_rej_reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Replaced:
    """The order has new terms and from here on a new name."""

    mic: str
    at: int
    order_ref: str
    orig_order_ref: str
    qty: int
    price: int | None
    leaves: int


@dataclass(frozen=True, slots=True)
class Invited:
    """Contra interest has met a conditional order, and is held for it until `expires_at`.

    An order that names the invitation trades with it; a cancel of the conditional order declines.
    """

    mic: str
    at: int
    order_ref: str
    invitation_id: str
    qty: int
    """Shares that may be firmed up at most."""
    expires_at: int


# --- what a venue publishes -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BookSnapshot:
    """The displayed book, best price first, as (price, shares) levels."""

    mic: str
    at: int
    symbol: str
    bids: tuple[tuple[int, int], ...]
    offers: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class BookChanged:
    """What changed in the displayed levels since the last snapshot or change, trades included."""

    mic: str
    at: int
    symbol: str
    entries: tuple[MarketDataEntry, ...]
    trade_condition: str = ""
    """TradeCondition(277) of the trades in it; empty for continuous trading."""


@dataclass(frozen=True, slots=True)
class TradingStatus:
    """Trading has stopped, or goes on, at a venue."""

    mic: str
    at: int
    symbol: str
    security_trading_status: str
    """SecurityTradingStatus(326): `2` trading halt, `3` resume."""
    text: str


@dataclass(frozen=True, slots=True)
class QuoteIssued:
    """A dealer's two-sided quote for one owner. `quote_req_id` is empty for a streamed one."""

    mic: str
    at: int
    owner: str
    quote_id: str
    quote_req_id: str
    symbol: str
    bid_px: int
    bid_size: int
    offer_px: int
    offer_size: int
    valid_until: int


@dataclass(frozen=True, slots=True)
class QuoteWithdrawn:
    """A quote is dead before its time; an empty `quote_id` means all quotes of the symbol."""

    mic: str
    at: int
    owner: str
    quote_id: str
    symbol: str


@dataclass(frozen=True, slots=True)
class QuoteRefused:
    """A quote request that the dealer does not answer with a quote."""

    mic: str
    at: int
    owner: str
    quote_req_id: str
    symbol: str
    text: str


TRADING_HALT = "2"
RESUME = "3"
"""SecurityTradingStatus(326)."""
AUCTION_TRADE = "E"
"""TradeCondition(277), Opening: no version but FIX.5.0SP2 has one for a reopening."""

# --- what a venue does to its clients' sessions ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class SessionDropped:
    """The venue's order-entry connection is gone, and nobody is let in before `until`."""

    mic: str
    at: int
    until: int
    cancel_on_disconnect: bool
    """What is open is cancelled; by itself, it stays alive."""
    gap_prob: float
    """How often the number of a report of the outage is gap-filled when it is asked for."""
    late_ns: int
    """How long after the next Logon such a report is told under a new number, if it is of an
    execution. Others must be asked for."""
    seed: int
    """For the draws of `gap_prob`."""


@dataclass(frozen=True, slots=True)
class DataSilenced:
    """The venue's market-data session neither speaks nor listens before `until`."""

    mic: str
    at: int
    until: int


OrderMessage = (
    Accepted
    | Rejected
    | Executed
    | Repeated
    | Busted
    | Corrected
    | Lost
    | Canceled
    | Expired
    | CancelRefused
    | Replaced
    | Invited
)
VenueMessage = (
    OrderMessage
    | BookSnapshot
    | BookChanged
    | TradingStatus
    | QuoteIssued
    | QuoteWithdrawn
    | QuoteRefused
    | SessionDropped
    | DataSilenced
)


@dataclass(frozen=True, slots=True)
class Late:
    """What a venue says later than it happened: `at` is when it is said."""

    mic: str
    at: int
    message: VenueMessage


Outgoing = VenueMessage | Late
"""What leaves a venue; what arrives is a `VenueMessage`."""
