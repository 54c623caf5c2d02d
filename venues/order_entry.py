"""Order entry at one venue, for one client: FIX requests in, market calls out.

Owns what a client may ask (D, F, G, H, AF, R), and when a request is pending. What the market then
does is told by `order_outcomes`. Knows nothing of connections or sequence numbers, and decides no
trade.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from router.fix.codec import Message
from router.model import ExecType, TimeInForce
from venues.messages import VenueOrder
from venues.order_outbox import Outbox, Reply, VenueIds
from venues.order_outcomes import TOO_LATE, UNKNOWN_ORDER, OrderOutcomes
from venues.order_reports import fields
from venues.order_requests import (
    REFUSALS,
    VALUE_IS_INCORRECT,
    ConditionalFieldError,
    FieldError,
    conditional,
    read_order,
    required,
)
from venues.order_table import ClientOrder, OrderTable, Request
from venues.quote_desk import QuoteDesk, QuoteMarket

TO_CANCEL = "1"
TO_REPLACE = "2"
"""CxlRejResponseTo(434)."""
ALREADY_PENDING = "3"
DUPLICATE_CL_ORD_ID = "6"
OTHER = "99"
"""CxlRejReason(102); 6 and 99 are the same in OrdRejReason(103)."""
UNKNOWN_SYMBOL = "1"
INCORRECT_QUANTITY = "13"
"""OrdRejReason(103)."""


Cod = Literal["none", "day", "all"]
"""Cancel on disconnect."""
OUTLASTING = frozenset({TimeInForce.GTC, TimeInForce.GTD})
"""What `day` leaves at work."""


class OrderMarket(QuoteMarket, Protocol):
    """What order entry asks of the market. The answers come through `OrderOutcomes.tell`."""

    def submit(self, mic: str, order: VenueOrder, now: int) -> None:
        """Take a new order."""

    def cancel(self, mic: str, order_ref: str, now: int) -> None:
        """Cancel what is left of an order."""

    def replace(self, mic: str, orig_ref: str, new: VenueOrder, now: int) -> None:
        """Give an order new terms and the name `new.order_ref`; `new.qty` is its total OrderQty."""


@dataclass(frozen=True, slots=True)
class OrderEntryProfile:
    """How the venue treats its clients."""

    pending_new: bool = False
    """Tell 150=A before the market has judged a new order."""
    pending_reports: bool = True
    """Tell 150=6 and 150=E before a cancel or replace is answered."""
    cod: Cod = "none"
    """What is canceled when the session ends: nothing, all but GTC and GTD, or everything."""


class OrderEntry:
    """The application behind one order-entry session."""

    def __init__(
        self,
        *,
        symbol: str,
        market: OrderMarket,
        outbox: Outbox,
        ids: VenueIds,
        profile: OrderEntryProfile | None = None,
    ) -> None:
        self.quotes = QuoteDesk(symbol=symbol, market=market, outbox=outbox)
        self._mic = outbox.mic
        self._symbol = symbol
        self._market = market
        self._outbox = outbox
        self._ids = ids
        self._profile = profile or OrderEntryProfile()
        self._orders = OrderTable()
        self.outcomes = OrderOutcomes(self._orders, outbox, self._cancel_at_venue)
        """What the market does to the orders."""
        self._next_cod: Cod | None = None
        served: dict[str, Callable[[Message, int, int], None]] = {
            "D": self._new_order,
            "F": self._cancel,
            "G": self._replace,
            "H": self._status,
            "AF": self._mass_status,
            "R": self.quotes.request,
        }
        unspoken = outbox.dialect.unspoken
        self._requests = {kind: serve for kind, serve in served.items() if kind not in unspoken}

    # --- in from the client -----------------------------------------------------------------------

    def receive(self, message: Message, *, seq: int, poss_dup: bool, now: int) -> None:
        """Act on one application message; the answers are in the outbox."""
        outbox, request = self._outbox, self._requests.get(message.msg_type)
        if message.msg_type in REFUSALS:
            return
        if request is None:
            text = "Unsupported Message Type"
            outbox.refuse_message(message, seq=seq, reason="3", at=now, text=text)
            return
        if message.msg_type in ("D", "F", "G"):
            outbox.note_request(message, poss_dup=poss_dup, at=now)
        try:
            request(message, seq, now)
        except FieldError as fault:
            outbox.refuse_field(
                message, seq=seq, tag=fault.tag, reason=fault.reason, at=now, text=fault.text
            )
        except ConditionalFieldError as fault:
            outbox.refuse_message(message, seq=seq, reason="5", at=now, text=fault.text)

    def say(self, msg_type: str, body: str) -> None:
        """Queue an application message that is about no order of the client's."""
        self._outbox.say(msg_type, body)

    def lost(self, now: int) -> None:
        """The session is gone: cancel what is open, if the profile says so."""
        cod, self._next_cod = self._next_cod or self._profile.cod, None
        if cod == "none":
            return
        for order in self._orders.live():
            if cod == "day" and order.terms.time_in_force in OUTLASTING:
                continue
            order.dropped = True
            if order.request is None:
                self._cancel_at_venue(order, now)

    def at_next_loss(self, *, cancel: bool) -> None:
        """When the session is lost next, what is open is cancelled or not, whatever the profile."""
        self._next_cod = "all" if cancel else "none"

    def _cancel_at_venue(self, order: ClientOrder, now: int) -> None:
        self._market.cancel(self._mic, order.terms.order_ref, now)

    def resent(self, now: int) -> None:
        """Frames were asked for again; reports that were not kept can be asked for with H or AF."""

    def take(self) -> list[Reply]:
        """What the client is to be told, in order."""
        return self._outbox.take()

    def open_orders(self) -> list[ClientOrder]:
        """Orders that may still trade, oldest first."""
        return self._orders.live()

    def _new_order(self, message: Message, seq: int, now: int) -> None:
        cl_ord_id = required(message, "11")
        terms = read_order(message, order_ref=self._ids.order_ref(), owner=self._outbox.client)
        known = self._orders.by_cl_ord_id(cl_ord_id)
        if known is not None:
            self._repeated(known, cl_ord_id, terms, now)
            return
        order = ClientOrder(
            order_id=terms.order_ref,
            cl_ord_id=cl_ord_id,
            terms=terms,
            first=terms,
            first_cl_ord_id=cl_ord_id,
            account=message.get("1"),
        )
        self._orders.add(order)
        if terms.symbol != self._symbol:
            self.outcomes.reject(order, UNKNOWN_SYMBOL, f"unknown symbol {terms.symbol}", now)
        elif terms.qty <= 0:
            self.outcomes.reject(order, INCORRECT_QUANTITY, "OrderQty is not above 0", now)
        else:
            if self._profile.pending_new:
                self._outbox.report(order, ExecType.PENDING_NEW, now)
            self._market.submit(self._mic, terms, now)

    def _repeated(self, known: ClientOrder, cl_ord_id: str, terms: VenueOrder, now: int) -> None:
        """The ClOrdID was used: the same order again gets its status, another one a refusal."""
        same = cl_ord_id == known.first_cl_ord_id
        if same and replace(terms, order_ref=known.first.order_ref) == known.first:
            self._outbox.report(known, ExecType.ORDER_STATUS, now)
            return
        self._outbox.report(
            known,
            ExecType.REJECTED,
            now,
            cl_ord_id=cl_ord_id,
            extra=self.outcomes.rej_reason(DUPLICATE_CL_ORD_ID),
            text=f"duplicate ClOrdID {cl_ord_id}",
        )

    def _cancel(self, message: Message, seq: int, now: int) -> None:
        order = self._addressed(message, TO_CANCEL, now)
        if order is None:
            return
        self._pend(order, Request(message.get("11"), TO_CANCEL), ExecType.PENDING_CANCEL, now)
        self._cancel_at_venue(order, now)

    def _replace(self, message: Message, seq: int, now: int) -> None:
        new = read_order(message, order_ref=self._ids.order_ref(), owner=self._outbox.client)
        order = self._addressed(message, TO_REPLACE, now, new)
        if order is None:
            return
        request = Request(message.get("11"), TO_REPLACE, new)
        self._pend(order, request, ExecType.PENDING_REPLACE, now)
        self._orders.refer(order, new.order_ref)
        self._market.replace(self._mic, order.terms.order_ref, new, now)

    def _addressed(
        self, message: Message, response_to: str, now: int, new: VenueOrder | None = None
    ) -> ClientOrder | None:
        """The order that a request may change, or None after the request was refused."""
        cl_ord_id, orig = required(message, "11"), message.get("41")
        if not orig and not message.get("37"):
            raise ConditionalFieldError("41")
        order = self._orders.find(orig, message.get("37"))
        if order is None:
            reason, text = UNKNOWN_ORDER, "unknown order"
        else:
            reason, text = self._request_fault(order, cl_ord_id, orig, new)
        if order is not None and not reason:
            self._orders.name(order, cl_ord_id)
            return order
        self._outbox.refuse_request(
            order,
            cl_ord_id=cl_ord_id,
            orig_cl_ord_id=order.cl_ord_id if order else orig,
            response_to=response_to,
            reason=reason,
            at=now,
            text=text,
        )
        return None

    def _request_fault(
        self, order: ClientOrder, cl_ord_id: str, orig: str, new: VenueOrder | None
    ) -> tuple[str, str]:
        """CxlRejReason(102) and text, or two empty strings if the request may pass."""
        if self._orders.by_cl_ord_id(cl_ord_id) is not None:
            return DUPLICATE_CL_ORD_ID, f"duplicate ClOrdID {cl_ord_id}"
        if not order.is_live:
            return TOO_LATE, "too late"
        if order.request is not None:
            return ALREADY_PENDING, f"{order.request.cl_ord_id} is pending"
        if orig and orig != order.cl_ord_id:
            return OTHER, f"OrigClOrdID {orig} is not the last accepted {order.cl_ord_id}"
        if new is not None and (new.symbol, new.side) != (order.terms.symbol, order.terms.side):
            return OTHER, "symbol or side changed"
        if new is not None and new.qty <= 0:
            return OTHER, "OrderQty is not above 0"
        return "", ""

    def _pend(self, order: ClientOrder, request: Request, exec_type: ExecType, now: int) -> None:
        order.request = request
        if self._profile.pending_reports:
            self._outbox.report(
                order,
                exec_type,
                now,
                cl_ord_id=request.cl_ord_id,
                orig_cl_ord_id=order.cl_ord_id,
            )

    def _status(self, message: Message, seq: int, now: int) -> None:
        cl_ord_id, order_id = message.get("11"), message.get("37")
        if not cl_ord_id and not order_id:
            raise ConditionalFieldError("11")
        order = self._orders.find(cl_ord_id, order_id)
        asked = self._outbox.dialect.request_ids
        echo = fields(("790", message.get("790"))) if asked else ""
        if order is not None:
            self._outbox.report(order, ExecType.ORDER_STATUS, now, extra=echo)
            return
        self._outbox.no_order(
            cl_ord_id=cl_ord_id,
            symbol=message.get("55"),
            side=message.get("54"),
            at=now,
            text="unknown order",
            extra=echo,
        )

    def _mass_status(self, message: Message, seq: int, now: int) -> None:
        request_id, kind = required(message, "584"), required(message, "585")
        if kind not in ("1", "7"):
            raise FieldError("585", VALUE_IS_INCORRECT, f"Value is incorrect: 585={kind}")
        symbol = conditional(message, "55") if kind == "1" else self._symbol
        found = self._orders.live() if symbol == self._symbol else []
        total = max(1, len(found))
        echo = fields(("584", request_id), ("911", str(total)))
        if not found:
            echo += fields(("912", "Y"))
            self._outbox.no_order(
                cl_ord_id="", symbol=symbol, side="", at=now, text="no open orders", extra=echo
            )
        for number, order in enumerate(found, start=1):
            last = fields(("912", "Y" if number == total else "N"))
            self._outbox.report(order, ExecType.ORDER_STATUS, now, extra=echo + last)
