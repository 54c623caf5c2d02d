"""What one client is still to be told: replies in order, each noted in the venue's own account.

Owns the replies until the session takes them, and the rule that nothing is said that is not noted.
Knows nothing of why something is said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from router.fix.codec import SOH, Message, px_value, qty_value
from router.fix.dialects import Dialect
from router.model import ExecType, OrdStatus
from venues.audit import Audit, AuditKind, AuditRecord
from venues.order_reports import (
    NO_ORDER_ID,
    Fill,
    business_reject,
    cancel_reject,
    execution_report,
    fields,
    no_order_report,
)
from venues.order_table import ClientOrder, Execution

NO_EXECUTION = "0"
"""ExecID(17) of a report that tells a status only."""
MOVES_SHARES = frozenset({ExecType.TRADE, ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT})


@dataclass(slots=True)
class VenueIds:
    """Ids that no other start of the same venue gives out: MIC, epoch and a counter."""

    mic: str
    epoch: int
    orders: int = 0
    executions: int = 0

    def order_ref(self) -> str:
        """The next OrderID(37), which is also the first reference given to the market."""
        self.orders += 1
        return f"{self.mic}-{self.epoch}-{self.orders}"

    def exec_id(self) -> str:
        """The next ExecID(17): unique at this venue over all days and restarts."""
        self.executions += 1
        return f"{self.epoch}.{self.executions}"


@dataclass(frozen=True, slots=True)
class Answer:
    """An application message for the client."""

    msg_type: str
    body: str
    shares_of: str = ""
    """OrderID(37), if it tells of shares that changed hands: nothing that the client could ask for
    says the same."""


@dataclass(frozen=True, slots=True)
class FieldRefused:
    """A Reject(3) for the client. `reason` is SessionRejectReason(373)."""

    ref_seq_num: int
    ref_msg_type: str
    reason: int
    ref_tag: int
    text: str


Reply = Answer | FieldRefused


class Outbox:
    """Replies to one client of one venue."""

    def __init__(
        self,
        *,
        mic: str,
        client: str,
        dialect: Dialect,
        ids: VenueIds,
        audit: Audit,
        copy: Callable[[str], None] | None = None,
    ) -> None:
        """`copy` is told every execution, if there is a session of copies."""
        self.mic = mic
        self.client = client
        self.dialect = dialect
        self._ids = ids
        self._audit = audit
        self._copy = copy
        self._replies: list[Reply] = []

    def take(self) -> list[Reply]:
        """What is to be said, in order."""
        replies, self._replies = self._replies, []
        return replies

    def say(self, msg_type: str, body: str) -> None:
        """Queue an application message that is about no order."""
        self._replies.append(Answer(msg_type, body))

    def report(
        self,
        order: ClientOrder,
        exec_type: ExecType,
        at: int,
        *,
        cl_ord_id: str = "",
        orig_cl_ord_id: str = "",
        exec_ref_id: str = "",
        fill: Fill | None = None,
        stood: ClientOrder | None = None,
        extra: str = "",
        text: str = "",
    ) -> str:
        """Queue an ExecutionReport(8) of the order as it stands; a status has ExecID 0.

        `stood`: how it stood when what is told happened, if it has moved since. Returns the ExecID.
        """
        is_status = exec_type is ExecType.ORDER_STATUS
        exec_id = NO_EXECUTION if is_status else self._ids.exec_id()
        body = execution_report(
            stood or order,
            self.dialect,
            mic=self.mic,
            exec_id=exec_id,
            exec_type=exec_type,
            at=at,
            cl_ord_id=cl_ord_id,
            orig_cl_ord_id=orig_cl_ord_id,
            fill=fill,
            extra=fields(("19", exec_ref_id)) + extra + (f"58={text}{SOH}" if text else ""),
        )
        self._audit.note(
            AuditRecord(
                kind=AuditKind.EXECUTION,
                mic=self.mic,
                time=at,
                client=self.client,
                cl_ord_id=cl_ord_id or order.cl_ord_id,
                orig_cl_ord_id=orig_cl_ord_id,
                order_id=order.order_id,
                exec_id=exec_id,
                exec_ref_id=exec_ref_id,
                exec_type=exec_type.value,
                ord_status=order.ord_status.value,
                symbol=order.terms.symbol,
                side=order.terms.side.value,
                order_qty=order.terms.qty,
                cum_qty=order.cum_qty,
                leaves_qty=order.leaves_qty,
                qty=fill.qty if fill else 0,
                px=fill.px if fill else None,
                text=text,
            )
        )
        shares_of = order.order_id if exec_type in MOVES_SHARES else ""
        if shares_of and self._copy is not None:
            self._copy(body)
        self._replies.append(Answer("8", body, shares_of))
        return exec_id

    def repeat(self, execution: Execution, at: int) -> None:
        """Queue the report of an execution once more."""
        order = execution.told
        body = execution_report(
            order,
            self.dialect,
            mic=self.mic,
            exec_id=execution.exec_id,
            exec_type=ExecType.TRADE,
            at=execution.at,
            fill=Fill(execution.qty, execution.px, execution.liquidity),
        )
        self._audit.note(
            AuditRecord(
                kind=AuditKind.REPEATED,
                mic=self.mic,
                time=at,
                client=self.client,
                cl_ord_id=order.cl_ord_id,
                order_id=order.order_id,
                exec_id=execution.exec_id,
                exec_type=ExecType.TRADE.value,
            )
        )
        self.say("8", body)

    def note_lost(self, order: ClientOrder, at: int) -> None:
        """Note that an order was swallowed: the client is told nothing."""
        self._audit.note(
            AuditRecord(
                kind=AuditKind.LOST,
                mic=self.mic,
                time=at,
                client=self.client,
                cl_ord_id=order.cl_ord_id,
                order_id=order.order_id,
            )
        )

    def no_order(
        self, *, cl_ord_id: str, symbol: str, side: str, at: int, text: str, extra: str = ""
    ) -> None:
        """Queue the ExecutionReport(8), a status, that says: there is no such order."""
        body = no_order_report(
            self.dialect,
            cl_ord_id=cl_ord_id,
            symbol=symbol,
            side=side,
            at=at,
            text=text,
            extra=extra,
        )
        self.say("8", body)

    def refuse_request(
        self,
        order: ClientOrder | None,
        *,
        cl_ord_id: str,
        orig_cl_ord_id: str,
        response_to: str,
        reason: str,
        at: int,
        text: str,
    ) -> None:
        """Queue an OrderCancelReject(9); without an order it says 37=NONE, 39=8."""
        status = order.ord_status if order else OrdStatus.REJECTED
        order_id = order.order_id if order else NO_ORDER_ID
        self._audit.note(
            AuditRecord(
                kind=AuditKind.CANCEL_REJECT,
                mic=self.mic,
                time=at,
                client=self.client,
                cl_ord_id=cl_ord_id,
                orig_cl_ord_id=orig_cl_ord_id,
                order_id=order_id,
                ord_status=status.value,
                text=text,
            )
        )
        body = cancel_reject(
            self.dialect,
            order_id=order_id,
            cl_ord_id=cl_ord_id,
            orig_cl_ord_id=orig_cl_ord_id,
            ord_status=status,
            response_to=response_to,
            reason=reason,
            at=at,
            text=text,
        )
        self.say("9", body)

    def refuse_message(
        self, message: Message, *, seq: int, reason: str, at: int, text: str
    ) -> None:
        """Queue a BusinessMessageReject(j). `reason` is BusinessRejectReason(380)."""
        self._note_refused(message, at, text)
        ref_id = message.get("11") or message.get("131") or message.get("584")
        body = business_reject(
            self.dialect,
            ref_seq_num=seq,
            ref_msg_type=message.msg_type,
            ref_id=ref_id,
            reason=reason,
            text=text,
        )
        self.say("j", body)

    def refuse_field(
        self, message: Message, *, seq: int, tag: str, reason: int, at: int, text: str
    ) -> None:
        """Queue a Reject(3)."""
        self._note_refused(message, at, text)
        self._replies.append(FieldRefused(seq, message.msg_type, reason, int(tag), text))

    def note_request(self, message: Message, *, poss_dup: bool, at: int) -> None:
        """Note an order, cancel or replace that came in, as it was asked."""
        self._audit.note(
            AuditRecord(
                kind=AuditKind.RECEIVED,
                mic=self.mic,
                time=at,
                client=self.client,
                msg_type=message.msg_type,
                cl_ord_id=message.get("11"),
                orig_cl_ord_id=message.get("41"),
                symbol=message.get("55"),
                side=message.get("54"),
                qty=_number(qty_value, message.get("38")) or 0,
                px=_number(px_value, message.get("44")),
                poss_dup=poss_dup,
            )
        )

    def _note_refused(self, message: Message, at: int, text: str) -> None:
        self._audit.note(
            AuditRecord(
                kind=AuditKind.REFUSED,
                mic=self.mic,
                time=at,
                client=self.client,
                msg_type=message.msg_type,
                cl_ord_id=message.get("11"),
                text=text,
            )
        )


def _number(read: Callable[[str], int], text: str) -> int | None:
    """The number, or None if there is none: the account also keeps what cannot be read."""
    try:
        return read(text)
    except ValueError:
        return None
