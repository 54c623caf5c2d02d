"""The vocabulary: FIX enumerations with their wire values, and the records that every room shares.

Owns names, units and integer arithmetic. Knows nothing of messages, sessions or decisions.

Units everywhere: prices and money are integers in 1e-8 of the currency, quantities are integer
shares, times are integer nanoseconds since 1970-01-01 UTC, fees are 1e-8 of the currency a share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

PX_SCALE = 100_000_000
"""Price units in one unit of the currency."""

PX_MAX = 10**9 * PX_SCALE
"""The highest price that is read: a record has 64 bits for a number."""

QTY_MAX = 10**10
"""The largest quantity that is read."""

VALUE_MAX = 2**62
"""Most that an order may be worth: 46 billions of the currency. Its executions may sum up to more,
so that there is room above it."""

NS = 1_000_000_000
"""Nanoseconds in a second."""

BP = 10_000
"""Basis points in one."""


class Side(StrEnum):
    """Side(54)."""

    BUY = "1"
    SELL = "2"
    SELL_SHORT = "5"
    SELL_SHORT_EXEMPT = "6"

    @property
    def sign(self) -> int:
        """+1 for a buyer, -1 for any seller."""
        return 1 if self is Side.BUY else -1


class OrdType(StrEnum):
    """OrdType(40)."""

    MARKET = "1"
    LIMIT = "2"
    PREVIOUSLY_QUOTED = "D"
    PEGGED = "P"


class TimeInForce(StrEnum):
    """TimeInForce(59)."""

    DAY = "0"
    GTC = "1"
    IOC = "3"
    FOK = "4"
    GTD = "6"


class OrdStatus(StrEnum):
    """OrdStatus(39)."""

    NEW = "0"
    PARTIALLY_FILLED = "1"
    FILLED = "2"
    DONE_FOR_DAY = "3"
    CANCELED = "4"
    PENDING_CANCEL = "6"
    STOPPED = "7"
    REJECTED = "8"
    SUSPENDED = "9"
    PENDING_NEW = "A"
    EXPIRED = "C"
    PENDING_REPLACE = "E"


class ExecType(StrEnum):
    """ExecType(150), FIX.4.4."""

    NEW = "0"
    DONE_FOR_DAY = "3"
    CANCELED = "4"
    REPLACED = "5"
    PENDING_CANCEL = "6"
    STOPPED = "7"
    REJECTED = "8"
    SUSPENDED = "9"
    PENDING_NEW = "A"
    EXPIRED = "C"
    RESTATED = "D"
    PENDING_REPLACE = "E"
    TRADE = "F"
    TRADE_CORRECT = "G"
    TRADE_CANCEL = "H"
    ORDER_STATUS = "I"


class VenueType(StrEnum):
    """VenueType(1430): how a venue trades."""

    LIT = "B"
    DARK = "D"
    DEALER = "N"


class Tactic(StrEnum):
    """What a child does at its venue. Together with the MIC it is an arm of the learner."""

    LIT_TAKE = "lit_take"  # IOC limit at the far touch
    LIT_MAKE = "lit_make"  # limit at the near touch, rests for a slice
    DARK_MID = "dark_mid"  # midpoint order with MinQty, rests for a slice
    DEALER_QUOTE = "dealer_quote"  # hit the streamed quote
    DEALER_RFQ = "dealer_rfq"  # ask, then hit the answer


RESTING_TACTICS = frozenset({Tactic.LIT_MAKE, Tactic.DARK_MID})
"""Tactics whose child stays at the venue until it is filled or its slice ends."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """What may be traded: the static facts of one symbol."""

    symbol: str
    tick: int
    """Price increment, price units."""
    lot: int
    """Round lot, shares."""
    adv: int
    """Median daily volume, shares."""
    currency: str
    open_ns: int = 0
    """Start of the trading day, nanoseconds after UTC midnight."""
    close_ns: int = 86_400 * NS
    """End of the trading day, nanoseconds after UTC midnight."""
    child_lots: int = 256
    """99th percentile of children, lots: where the learner's size bins end."""

    def on_tick(self, px: int) -> bool:
        """True if the price is a positive multiple of the tick."""
        return px > 0 and px % self.tick == 0

    def day_end(self, now: int) -> int:
        """The first close of the trading day after `now`, UTC nanoseconds."""
        day = 86_400 * NS
        close = now - now % day + self.close_ns
        return close if close > now else close + day


@dataclass(frozen=True, slots=True)
class Venue:
    """What the router knows of a venue before it trades there: its profile."""

    mic: str
    venue_type: VenueType
    tactics: tuple[Tactic, ...]
    take_fee: int = 0
    """Paid (+) or received (-) for taking, price units a share."""
    make_fee: int = 0
    """Paid (+) or received (-) for providing, price units a share."""
    min_qty: int = 0
    """The venue's own minimum execution size, shares."""
    ack_timeout_ns: int = 2 * NS
    """A child not acknowledged for so long is asked about with OrderStatusRequest(H)."""
    cl_ord_id_max: int = 20
    """Longest ClOrdID(11) that the venue takes, characters."""
    mass_status: str = "AF"
    """How open orders are asked for after a reconnect: `AF`, `H` or `none`."""
    cod: str = "none"
    """What it cancels when our session ends: `none`, `day` (all but GTC and GTD) or `all`."""
    max_resend_age_ns: int = NS
    """An older NewOrderSingle is gap-filled when asked for again, never resent; 0: each is."""
    dk: bool = False
    """It takes DontKnowTrade(Q)."""
    dk_after_ns: int = 5 * NS
    """So long an execution of no order of ours waits in suspense before it is disputed."""
    mandatory: bool = True
    """We are not ready without it."""


class Arm(msgspec.Struct, frozen=True):
    """One thing the learner can choose: a tactic at a venue."""

    mic: str
    tactic: Tactic

    @property
    def key(self) -> str:
        """Stable name, `MIC/tactic`."""
        return f"{self.mic}/{self.tactic}"


@dataclass(frozen=True, slots=True)
class Exploration:
    """How far a learner may leave what it thinks best, as the policy says it for an order.

    docs/safety.md says where the defaults come from.
    """

    allowed: bool = True
    """False: never, whatever else stands here."""
    budget_bp: float = 0.5
    """Most that exploring may cost, bp of the notional that the account's day has decided."""
    give_up: float | None = None
    """alpha of the gate: the share of the champion's worth that may be put at risk; None: no gate.
    """
    champion: str = ""
    """The learner that the gate compares with; empty: the learner's own mean."""
    champion_params: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Quote:
    """A dealer's live two-sided quote. A side with size 0 is not offered."""

    quote_id: str
    bid_px: int
    bid_size: int
    offer_px: int
    offer_size: int
    valid_until: int
    quote_req_id: str = ""


def avg_px(notional: int, qty: int) -> int:
    """AvgPx(6) in price units, rounded half to even; 0 when nothing was traded."""
    if qty == 0:
        return 0
    whole, rest = divmod(notional, qty)
    if 2 * rest > qty or (2 * rest == qty and whole % 2 == 1):
        return whole + 1
    return whole
