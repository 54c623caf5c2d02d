"""What all venue simulators share: the YAML of a venue, and the table of the router's orders.

Owns order states, identifiers and the words of refusal. Knows nothing of how orders trade: that is
each kind's own file. A kind is a `VenueSpec` (its YAML schema) and a `VenueSim` that it opens.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar, Self

from pydantic import Field, model_validator

from router.model import NS, PX_SCALE, OrdStatus, OrdType, TimeInForce, VenueType
from router.plugin import Plugin
from venues.controls import Controls, MessageCount
from venues.floor import Floor
from venues.latency import Latency
from venues.messages import (
    RESUME,
    TRADING_HALT,
    Accepted,
    BookSnapshot,
    Canceled,
    CancelRefused,
    Executed,
    Expired,
    OrderState,
    QuoteRefused,
    Rejected,
    Replaced,
    TradingStatus,
    VenueOrder,
)

# OrdRejReason(103), FIX.4.4
UNKNOWN_SYMBOL = "1"
EXCHANGE_CLOSED = "2"
EXCEEDS_LIMIT = "3"
DUPLICATE_ORDER = "6"
UNSUPPORTED = "11"
INCORRECT_QUANTITY = "13"
OTHER = "99"

# LastLiquidityInd(851)
ADDED = "1"
REMOVED = "2"
AUCTION = "4"

IMMEDIATE = frozenset({TimeInForce.IOC, TimeInForce.FOK})
HALTED = "trading is halted"

# CxlRejReason(102), FIX.4.4
TOO_LATE = "0"
UNKNOWN_ORDER = "1"
PENDING = "3"
DUPLICATE_CL_ORD_ID = "6"
CXL_OTHER = "99"


def price_units(value: float) -> int:
    """A decimal number of the currency as price units, exactly as it was written.

    Raises:
        ValueError: more than eight decimals.
    """
    units = Decimal(repr(value)) * PX_SCALE
    if units != units.to_integral_value():
        raise ValueError(f"{value} has more than 8 decimals")
    return int(units)


class Fees(Plugin):
    """Currency a share; positive is paid by the router, negative received."""

    take: float = 0.0
    make: float = 0.0

    @model_validator(mode="after")
    def _exact(self) -> Self:
        price_units(self.take)
        price_units(self.make)
        return self


class Leak(Plugin):
    """How a venue gives the router away."""

    prob: float = Field(ge=0, le=1)
    """Per event, or per second that an order rests."""
    bp: float = Field(ge=0)
    halflife_s: float = Field(gt=0)
    detects: str = ""
    """What triggers it, in words: carried, not read."""


class VenueSpec(Plugin):
    """The keys that every venue has. A kind adds its own."""

    kind: ClassVar[str] = ""
    """The value of `type` that names the kind; empty for what is no kind."""
    fixed: ClassVar[Mapping[str, str]] = {
        "id": "a venue keeps its name",
        "type": "a venue stays what it is",
        "disabled": "a venue is there for the whole run or not at all; events silence one",
    }
    """Keys that no schedule may change, with the reason."""

    id: str = Field(min_length=1, max_length=16, pattern=r"^[A-Z0-9_]+$")
    type: str
    volume_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the day's volume with no parent order. Sets the flow of a lit venue; that of other
    venues is not printed, so it is carried only."""
    fees: Fees = Fees()
    latency: Latency | None = None
    controls: Controls = Controls()
    disabled: bool = False

    @property
    def order_qty_min(self) -> int:
        """The smallest order that the venue takes, shares; 0 if any."""
        return 0

    @abstractmethod
    def open(self, floor: Floor) -> VenueSim:
        """The venue at work."""


class VenueSim(ABC):
    """A venue: takes orders, says what became of them through the floor's outbox."""

    venue_type: ClassVar[VenueType]
    exec_insts: ClassVar[frozenset[str]] = frozenset()
    """The characters of ExecInst(18) that the kind honours."""
    takes_conditionals = False
    """True if conditional orders may rest, and be firmed up."""
    queues_while_halted = False
    """True if orders that can rest are taken during a halt."""

    def __init__(self, spec: VenueSpec, floor: Floor) -> None:
        self.mic = spec.id
        self.take_fee = price_units(spec.fees.take)
        self.make_fee = price_units(spec.fees.make)
        self.floor = floor
        self.controls = spec.controls
        self.auction_px = 0
        """Of the venue's last auction; 0 before the first, and if nothing traded in it."""
        per_second = spec.controls.messages_per_s
        self._messages = MessageCount(per_second) if per_second else None
        self._states: dict[str, OrderState] = {}
        self._open: dict[str, OrderState] = {}
        self._subscribers: dict[str, None] = {}
        self._prefix = f"{spec.id}-{floor.facts.open_at // NS:x}"
        self._order_count = 0
        self._exec_count = 0

    # --- what the market calls ---------------------------------------------------------------

    def start(self, now: int) -> None:
        """The session's beginning: schedule what happens by itself."""
        self.floor.schedule(self.floor.facts.close_at, self._close)
        self.floor.follow_halts(self)

    def halted(self, now: int, text: str) -> None:
        """Trading has stopped at every venue. Orders stay, and can be canceled."""
        symbol = self.floor.facts.symbol
        self.floor.say(TradingStatus(self.mic, now, symbol, TRADING_HALT, text))

    def resumed(self, now: int, *, auction: bool) -> None:
        """Trading goes on as soon as every venue has been told."""
        self.floor.say(TradingStatus(self.mic, now, self.floor.facts.symbol, RESUME, ""))

    def change(self, spec: VenueSpec, now: int) -> None:
        """Go on by other terms. A kind adds what it keeps of its own."""
        self.take_fee = price_units(spec.fees.take)
        self.make_fee = price_units(spec.fees.make)
        per_second = spec.controls.messages_per_s
        if per_second != self.controls.messages_per_s:
            self._messages = MessageCount(per_second) if per_second else None
        self.controls = spec.controls

    def receive(self, order: VenueOrder, now: int) -> None:
        """Take or reject an order."""
        refusal = self.message_breach(order.owner, now) or self._refusal(order, now)
        if refusal is not None:
            self.reject(order, *refusal, now)
            return
        self.trade(order, now)

    def cancel(self, order_ref: str, now: int) -> None:
        """Take an open order out."""
        state = self._open.get(order_ref)
        if state is None:
            self.refuse_cancel(order_ref, now)
        elif self.withdraw(state, now):
            self.canceled(state, now, unsolicited=False, text="")
            self.settle(now)

    def replace(self, orig_ref: str, new: VenueOrder, now: int) -> None:
        """Give an open order new terms. OrderQty is total: what was executed stays executed."""
        state = self._open.get(orig_ref)
        if state is None:
            self.refuse_cancel(orig_ref, now)
            return
        refusal = self.message_breach(new.owner, now) or self._new_terms_refusal(new, now)
        if new.order_ref in self._states:
            self._refuse(orig_ref, DUPLICATE_CL_ORD_ID, "duplicate order reference", now)
        elif new.side != state.order.side or new.symbol != state.order.symbol:
            self._refuse(orig_ref, CXL_OTHER, "side and symbol cannot change", now)
        elif refusal is not None:
            self._refuse(orig_ref, CXL_OTHER, refusal[1], now)
        else:
            self.amend(state, new, now)
            self.settle(now)

    def snapshot(self, now: int) -> BookSnapshot:
        """The displayed book: empty where nothing is shown."""
        return BookSnapshot(self.mic, now, self.floor.facts.symbol, (), ())

    def request_quote(
        self, owner: str, quote_req_id: str, symbol: str, side: str, qty: int, now: int
    ) -> None:
        """Answer a request for a quote; a venue without quotes refuses."""
        text = "this venue does not quote"
        self.floor.say(QuoteRefused(self.mic, now, owner, quote_req_id, symbol, text))

    def subscribe_quotes(self, owner: str, now: int) -> None:
        """Stream quotes to an owner; where nobody quotes there is nothing to tell."""
        self._subscribers[owner] = None

    def unsubscribe_quotes(self, owner: str, now: int) -> None:
        """End a stream."""
        self._subscribers.pop(owner, None)

    def open_orders(self, owner: str) -> list[OrderState]:
        """The open orders of a session, oldest first."""
        return [state for state in self._open.values() if state.order.owner == owner]

    def order_state(self, order_ref: str) -> OrderState | None:
        """What is known of an order, open or not."""
        return self._states.get(order_ref)

    # --- what a kind is asked ----------------------------------------------------------------

    @abstractmethod
    def check(self, order: VenueOrder, now: int) -> tuple[str, str] | None:
        """OrdRejReason and text if the kind does not take such an order."""

    @abstractmethod
    def trade(self, order: VenueOrder, now: int) -> None:
        """Accept the order and do with it what the kind does."""

    @abstractmethod
    def withdraw(self, state: OrderState, now: int) -> bool:
        """Take an open order out of the matching; False if that was refused (and said)."""

    @abstractmethod
    def amend(self, state: OrderState, new: VenueOrder, now: int) -> None:
        """Carry a valid replace out."""

    @abstractmethod
    def settle(self, now: int) -> None:
        """After every change from outside: publish what is public."""

    # --- what a kind says --------------------------------------------------------------------

    def accept(self, order: VenueOrder, now: int) -> OrderState:
        """Enter the order into the table and say so."""
        self._order_count += 1
        order_id = f"{self._prefix}-{self._order_count}"
        state = OrderState(order, order_id, OrdStatus.NEW, order.qty)
        self._states[order.order_ref] = self._open[order.order_ref] = state
        self.floor.say(Accepted(self.mic, now, order.order_ref, order_id))
        if order.time_in_force is TimeInForce.GTD:
            self.floor.schedule(order.expire_time, lambda at: self._expire(state, at))
        return state

    def reject(self, order: VenueOrder, reason: str, text: str, now: int) -> None:
        """Refuse the order. Its reference stays taken."""
        if order.order_ref not in self._states:
            self._order_count += 1
            order_id = f"{self._prefix}-{self._order_count}"
            state = OrderState(order, order_id, OrdStatus.REJECTED, 0)
            self._states[order.order_ref] = state
        self.floor.say(Rejected(self.mic, now, order.order_ref, reason, text))

    def executed(
        self, state: OrderState, qty: int, px: int, now: int, *, liquidity: str, kind: str
    ) -> None:
        """Book an execution of the router's order.

        `liquidity` is LastLiquidityInd(851), `kind` what it is to the impact law.
        """
        assert 0 < qty <= state.leaves_qty
        price, sign = state.order.price, state.order.side.sign
        assert price is None or sign * px <= sign * price, "a fill through the limit"
        self._exec_count += 1
        state.leaves_qty -= qty
        state.cum_qty += qty
        state.notional += qty * px
        state.ord_status = OrdStatus.PARTIALLY_FILLED if state.leaves_qty else OrdStatus.FILLED
        if not state.leaves_qty:
            del self._open[state.order.order_ref]
        self.floor.executed(kind, sign, qty, now)
        self.floor.say(
            Executed(
                self.mic,
                now,
                state.order.order_ref,
                f"{self._prefix}-{self._exec_count}",
                qty,
                px,
                liquidity,
                state.leaves_qty,
            )
        )

    def canceled(self, state: OrderState, now: int, *, unsolicited: bool, text: str) -> None:
        """Close the order with what is left of it."""
        leaves = self._end(state, OrdStatus.CANCELED)
        ref = state.order.order_ref
        self.floor.say(Canceled(self.mic, now, ref, leaves, unsolicited, text))

    def replaced(self, state: OrderState, new: VenueOrder, now: int) -> OrderState:
        """Enter the new terms: one order, two names. Closed if nothing is left to do."""
        old = state.order
        leaves = max(0, new.qty - state.cum_qty)
        status = OrdStatus.PARTIALLY_FILLED if state.cum_qty else OrdStatus.NEW
        state.order = new
        state.leaves_qty = leaves
        state.ord_status = status if leaves else OrdStatus.FILLED
        del self._open[old.order_ref]
        self._states[new.order_ref] = state
        if leaves:
            self._open[new.order_ref] = state
        qty = max(new.qty, state.cum_qty)
        self.floor.say(
            Replaced(self.mic, now, new.order_ref, old.order_ref, qty, new.price, leaves)
        )
        if new.time_in_force is TimeInForce.GTD and leaves:
            self.floor.schedule(new.expire_time, lambda at: self._expire(state, at))
        return state

    def message_breach(self, owner: str, now: int) -> tuple[str, str] | None:
        """Count one message of a session; the limit, if it is above it."""
        return self._messages.breach(owner, now) if self._messages is not None else None

    def refuse_cancel(self, order_ref: str, now: int) -> None:
        """Say why an order that is not open cannot be canceled or replaced."""
        if order_ref in self._states:
            self._refuse(order_ref, TOO_LATE, "order is no longer open", now)
        else:
            self._refuse(order_ref, UNKNOWN_ORDER, "unknown order", now)

    # --- the inside --------------------------------------------------------------------------

    def _refuse(self, order_ref: str, reason: str, text: str, now: int) -> None:
        self.floor.say(CancelRefused(self.mic, now, order_ref, reason, text))

    def _refusal(self, order: VenueOrder, now: int) -> tuple[str, str] | None:
        if order.order_ref in self._states:
            return DUPLICATE_ORDER, "duplicate order reference"
        if not self.floor.is_open(now):
            return EXCHANGE_CLOSED, "the session is not open"
        return self._new_terms_refusal(order, now)

    def _new_terms_refusal(self, order: VenueOrder, now: int) -> tuple[str, str] | None:
        return (
            self._terms_refusal(order, now)
            or self._halt_refusal(order, now)
            or self._control_breach(order)
            or self.check(order, now)
        )

    def _halt_refusal(self, order: VenueOrder, now: int) -> tuple[str, str] | None:
        waits = self.queues_while_halted and order.time_in_force not in IMMEDIATE
        return None if self.floor.is_trading(now) or waits else (EXCHANGE_CLOSED, HALTED)

    def _control_breach(self, order: VenueOrder) -> tuple[str, str] | None:
        bid, offer = self.floor.nbbo()
        far = offer if order.side.sign > 0 else bid
        breach = self.controls.size_breach(qty=order.qty, px=order.price or far)
        if breach is not None or order.price is None:
            return breach
        reference = self.auction_px or self.floor.opening_mid2 // 2
        tick = self.floor.facts.tick
        return self.controls.price_breach(px=order.price, reference=reference, tick=tick)

    def _terms_refusal(self, order: VenueOrder, now: int) -> tuple[str, str] | None:
        if order.symbol != self.floor.facts.symbol:
            return UNKNOWN_SYMBOL, f"symbol {order.symbol} is not traded here"
        if order.qty <= 0:
            return INCORRECT_QUANTITY, "OrderQty must be positive"
        if not 0 <= order.min_qty <= order.qty:
            return INCORRECT_QUANTITY, "MinQty must not exceed OrderQty"
        if order.display_qty is not None and not 0 <= order.display_qty <= order.qty:
            return INCORRECT_QUANTITY, "DisplayQty must not exceed OrderQty"
        if (order.conditional or order.invitation_id) and not self.takes_conditionals:
            return UNSUPPORTED, "conditional orders are not taken here"
        for exec_inst in order.exec_inst.split():
            if exec_inst not in self.exec_insts:
                return UNSUPPORTED, f"ExecInst {exec_inst} is not taken here"
        if order.price is not None and order.price <= 0:
            return OTHER, "Price must be positive"
        if order.ord_type is OrdType.LIMIT and order.price is None:
            return OTHER, "a limit order needs a Price"
        if order.time_in_force is TimeInForce.GTD and order.expire_time <= now:
            return OTHER, "ExpireTime has passed"
        return None

    def _end(self, state: OrderState, status: OrdStatus) -> int:
        leaves = state.leaves_qty
        state.leaves_qty = 0
        state.ord_status = status
        del self._open[state.order.order_ref]
        return leaves

    def _expire(self, state: OrderState, now: int) -> None:
        terms = state.order
        due = terms.time_in_force is TimeInForce.GTD and terms.expire_time <= now
        if state.is_open and due and self.withdraw(state, now):
            self._expired(state, now)
            self.settle(now)

    def _expired(self, state: OrderState, now: int) -> None:
        ref = state.order.order_ref
        self._end(state, OrdStatus.EXPIRED)
        self.floor.say(Expired(self.mic, now, ref))

    def _close(self, now: int) -> None:
        for state in list(self._open.values()):
            if self.withdraw(state, now):
                self._expired(state, now)
        self.settle(now)
