"""What a venue tells its client, as bodies: ExecutionReport(8), OrderCancelReject(9), j.

Owns the fields and their order; what differs between FIX versions stands in `router.fix.dialects`.
Knows nothing of how an order came to be where it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from router.fix.codec import SOH, px_text, time_text
from router.fix.dialects import Dialect
from router.model import ExecType, OrdStatus, avg_px
from venues.order_table import ClientOrder

NO_ORDER_ID = "NONE"
UNDISCLOSED = "7"
"""Side(54) of a report that is about no order."""


@dataclass(frozen=True, slots=True)
class Fill:
    """The execution that a report tells of. Price in 1e-8 of the currency, quantity shares."""

    qty: int
    px: int
    liquidity: str
    """LastLiquidityInd(851)."""


INVITATION_ID_TAG = "5102"
INVITED_QTY_TAG = "5103"
"""User tags: no version has fields for an invitation to firm up."""
BROKER_OPTION = "4"
"""ExecRestatementReason(378): the one that every version has for what the venue does by itself."""


def fields(*pairs: tuple[str, str]) -> str:
    """A body: the fields that have a value, each closed by SOH."""
    return "".join(f"{tag}={value}{SOH}" for tag, value in pairs if value)


def execution_report(
    order: ClientOrder,
    dialect: Dialect,
    *,
    mic: str,
    exec_id: str,
    exec_type: ExecType,
    at: int,
    cl_ord_id: str = "",
    orig_cl_ord_id: str = "",
    fill: Fill | None = None,
    extra: str = "",
) -> str:
    """ExecutionReport(8) of an order as it stands now. `cl_ord_id` defaults to the accepted one."""
    terms = order.terms
    when = time_text(at)
    last = ""
    if fill is not None:
        last = fields(("32", str(fill.qty)), ("31", px_text(fill.px)), ("30", mic))
        last += dialect.liquidity.get(fill.liquidity, "")
    complete = order.cum_qty >= terms.qty
    return (
        fields(
            ("37", order.order_id),
            ("11", cl_ord_id or order.cl_ord_id),
            ("41", orig_cl_ord_id),
            ("17", exec_id),
        )
        + dialect.kinds[exec_type, order.ord_status, complete]
        + fields(
            ("1", order.account),
            ("55", terms.symbol),
            ("54", terms.side.value),
            ("38", str(terms.qty)),
            ("40", terms.ord_type.value),
            ("44", "" if terms.price is None else px_text(terms.price)),
            ("59", terms.time_in_force.value),
            ("110", str(terms.min_qty) if terms.min_qty else ""),
            (dialect.display_qty_tag, "" if terms.display_qty is None else str(terms.display_qty)),
        )
        + last
        + fields(
            ("151", str(order.leaves_qty)),
            ("14", str(order.cum_qty)),
            ("6", px_text(avg_px(order.notional, order.cum_qty))),
            ("75", when[:8]),
            ("60", when),
        )
        + extra
    )


def invited(invitation_id: str, qty: int, expires_at: int) -> str:
    """What a report with 150=D says of an invitation: its id, the most shares, and 126, its end."""
    return fields(
        ("378", BROKER_OPTION),
        ("126", time_text(expires_at)),
        (INVITATION_ID_TAG, invitation_id),
        (INVITED_QTY_TAG, str(qty)),
    )


def no_order_report(
    dialect: Dialect, *, cl_ord_id: str, symbol: str, side: str, at: int, text: str, extra: str = ""
) -> str:
    """ExecutionReport(8), a status, that says: there is no such order."""
    when = time_text(at)
    return (
        fields(
            ("37", NO_ORDER_ID),
            ("11", cl_ord_id),
            ("17", "0"),
        )
        + dialect.kinds[ExecType.ORDER_STATUS, OrdStatus.REJECTED, False]
        + fields(
            ("103", "5"),
            ("55", symbol),
            ("54", side or UNDISCLOSED),
            ("151", "0"),
            ("14", "0"),
            ("6", "0"),
            ("75", when[:8]),
            ("60", when),
            ("58", text),
        )
        + extra
    )


def cancel_reject(
    dialect: Dialect,
    *,
    order_id: str,
    cl_ord_id: str,
    orig_cl_ord_id: str,
    ord_status: OrdStatus,
    response_to: str,
    reason: str,
    at: int,
    text: str,
) -> str:
    """OrderCancelReject(9). `reason` is CxlRejReason(102)."""
    return fields(
        ("37", order_id),
        ("11", cl_ord_id),
        ("41", orig_cl_ord_id or NO_ORDER_ID),
        ("39", ord_status.value),
        ("434", response_to),
        ("102", dialect.cxl_rej_reasons.told(reason)),
        ("60", time_text(at)),
        ("58", text),
    )


def business_reject(
    dialect: Dialect, *, ref_seq_num: int, ref_msg_type: str, ref_id: str, reason: str, text: str
) -> str:
    """BusinessMessageReject(j). `reason` is BusinessRejectReason(380)."""
    return fields(
        ("45", str(ref_seq_num)),
        ("372", ref_msg_type),
        ("1130", dialect.ref_appl_ver_id),
        ("379", ref_id),
        ("380", dialect.business_reject_reasons.told(reason)),
        ("58", text),
    )
