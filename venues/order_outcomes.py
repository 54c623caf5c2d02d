"""What the market does to one client's orders, and how the client is told.

Owns which answer belongs to which request, and which ExecID(17) the client knows an execution by.
Knows nothing of what a client may ask, of connections or of sequence numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from router.model import ExecType, OrdStatus, TimeInForce
from venues.messages import (
    Accepted,
    Busted,
    Canceled,
    CancelRefused,
    Corrected,
    Executed,
    Expired,
    Invited,
    Lost,
    OrderMessage,
    Rejected,
    Repeated,
    Replaced,
)
from venues.order_outbox import Outbox
from venues.order_reports import Fill, fields, invited
from venues.order_table import ClientOrder, Execution, Happening, OrderTable

TOO_LATE = "0"
UNKNOWN_ORDER = "1"
"""CxlRejReason(102)."""


class OrderOutcomes:
    """The market's side of one order-entry session."""

    def __init__(
        self, orders: OrderTable, outbox: Outbox, cancel: Callable[[ClientOrder, int], None]
    ) -> None:
        """`cancel` asks the market to cancel an order."""
        self._orders = orders
        self._outbox = outbox
        self._cancel = cancel
        self._lost: set[str] = set()
        """References of swallowed orders: what is under way for them answers nobody."""

    def tell(self, message: OrderMessage, now: int) -> None:
        """Book what the market did to one of this client's orders, and report it.

        `now` is when the message arrives; it tells of something earlier.

        Raises:
            KeyError: if the market speaks of an order or a change that cannot be.
        """
        if message.order_ref in self._lost:
            return
        order = self._orders.by_ref(message.order_ref)
        was_live = order.is_live
        match message:
            case Accepted():
                self._accepted(order, message)
            case Rejected():
                self.reject(order, message.ord_rej_reason, message.text, message.at)
                return
            case Lost():
                self._lose(order, message.at)
                return
            case Executed():
                self._executed(order, message)
            case Repeated():
                self._outbox.repeat(order.executions[message.exec_id], message.at)
            case Busted():
                self._busted(order, message)
            case Corrected():
                self._corrected(order, message)
            case Canceled():
                self._canceled(order, message)
            case Expired():
                self._expired(order, message.at)
            case Replaced():
                self._replaced(order, message, now)
            case CancelRefused():
                self._cancel_refused(order, message, now)
            case Invited():
                invitation = invited(message.invitation_id, message.qty, message.expires_at)
                self._outbox.report(order, ExecType.RESTATED, message.at, extra=invitation)
        if was_live and not order.is_live:
            self._orders.close(order)
        elif order.is_live and not was_live:
            self._orders.reopen(order)

    def reject(self, order: ClientOrder, reason: str, text: str, at: int) -> None:
        """Tell that an order is not taken. `reason` is OrdRejReason(103)."""
        order.apply(Happening.REJECTED)
        self._orders.close(order)
        extra = self.rej_reason(reason)
        self._outbox.report(order, ExecType.REJECTED, at, extra=extra, text=text)

    def rej_reason(self, reason: str) -> str:
        """OrdRejReason(103) as the client's version has it."""
        return fields(("103", self._outbox.dialect.ord_rej_reasons.told(reason)))

    def _lose(self, order: ClientOrder, at: int) -> None:
        """The order was swallowed: it is unknown, also to a request that was made meanwhile."""
        self._outbox.note_lost(order, at)
        self._lost.add(order.terms.order_ref)
        self._orders.lose(order)
        if order.request is not None:
            self._outbox.refuse_request(
                None,
                cl_ord_id=order.request.cl_ord_id,
                orig_cl_ord_id=order.cl_ord_id,
                response_to=order.request.response_to,
                reason=UNKNOWN_ORDER,
                at=at,
                text="unknown order",
            )

    def _accepted(self, order: ClientOrder, message: Accepted) -> None:
        order.apply(Happening.ACCEPTED, out_of_turn=message.out_of_turn)
        if not message.told:
            return
        stood = replace(order, base_status=OrdStatus.NEW, request=None, cum_qty=0, notional=0)
        self._outbox.report(
            order, ExecType.NEW, message.at, stood=stood if message.out_of_turn else None
        )

    def _executed(self, order: ClientOrder, message: Executed) -> None:
        order.fill(qty=message.qty, px=message.px, out_of_turn=message.out_of_turn)
        fill = Fill(message.qty, message.px, message.liquidity)
        exec_id = self._outbox.report(order, ExecType.TRADE, message.at, fill=fill)
        self._remember(order, message.exec_id, exec_id, message.at, fill)

    def _busted(self, order: ClientOrder, message: Busted) -> None:
        execution = order.executions[message.exec_ref_id]
        order.amend(execution, qty=0, px=0)
        self._outbox.report(order, ExecType.TRADE_CANCEL, message.at, exec_ref_id=execution.exec_id)

    def _corrected(self, order: ClientOrder, message: Corrected) -> None:
        execution = order.executions[message.exec_ref_id]
        order.amend(execution, qty=message.qty, px=message.px)
        fill = Fill(message.qty, message.px, execution.liquidity)
        exec_id = self._outbox.report(
            order,
            ExecType.TRADE_CORRECT,
            message.at,
            exec_ref_id=execution.exec_id,
            fill=fill,
        )
        self._remember(order, message.exec_id, exec_id, message.at, fill)

    def _remember(self, order: ClientOrder, key: str, exec_id: str, at: int, fill: Fill) -> None:
        told = replace(order, executions={})
        order.executions[key] = Execution(exec_id, at, fill.qty, fill.px, fill.liquidity, told)

    def _canceled(self, order: ClientOrder, message: Canceled) -> None:
        request, orig = order.request, ""
        order.apply(Happening.CANCELED)
        if request is not None and request.new is None and not message.unsolicited:
            orig, order.cl_ord_id, order.request = order.cl_ord_id, request.cl_ord_id, None
        self._outbox.report(
            order, ExecType.CANCELED, message.at, orig_cl_ord_id=orig, text=message.text
        )

    def _expired(self, order: ClientOrder, at: int) -> None:
        gtd = order.terms.time_in_force is TimeInForce.GTD
        order.apply(Happening.TIME_OVER if gtd else Happening.DAY_OVER)
        self._outbox.report(order, ExecType.EXPIRED if gtd else ExecType.DONE_FOR_DAY, at)

    def _replaced(self, order: ClientOrder, message: Replaced, now: int) -> None:
        request = order.request
        assert request is not None, message
        assert request.new is not None, message
        orig, order.request = order.cl_ord_id, None
        granted = replace(request.new, qty=message.qty, price=message.price)
        order.take_terms(granted, request.cl_ord_id)
        assert order.leaves_qty == message.leaves, (order, message)
        self._orders.forget_ref(message.orig_order_ref)
        self._outbox.report(order, ExecType.REPLACED, message.at, orig_cl_ord_id=orig)
        self._cancel_if_dropped(order, now)

    def _cancel_refused(self, order: ClientOrder, message: CancelRefused, now: int) -> None:
        request, order.request = order.request, None
        if request is None:
            return  # A cancel of ours after a disconnect, which came too late: nobody asked.
        if request.new is not None:
            self._orders.forget_ref(request.new.order_ref)
        self._outbox.refuse_request(
            order,
            cl_ord_id=request.cl_ord_id,
            orig_cl_ord_id=order.cl_ord_id,
            response_to=request.response_to,
            reason=message.cxl_rej_reason if order.is_live else TOO_LATE,
            at=message.at,
            text=message.text,
        )
        self._cancel_if_dropped(order, now)

    def _cancel_if_dropped(self, order: ClientOrder, now: int) -> None:
        """The session was lost while a request was open: what is left is cancelled now."""
        if order.dropped and order.is_live:
            self._cancel(order, now)
