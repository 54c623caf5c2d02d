"""From commands to messages: what leaves for an OMS or a venue, and on which session.

Owns which field carries what on the way out; what differs between FIX versions stands in
`dialects`. Knows no order states and no sequence numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from router.fix.codec import px_text, safe_text, time_text
from router.fix.dialects import Dialect
from router.messages import (
    CancelChild,
    Command,
    DisputeExecution,
    QueryChild,
    QueryVenue,
    RefuseCancel,
    RefuseMessage,
    Report,
    ReportMassCancel,
    RequestQuote,
    SendChild,
)
from router.model import OrdType, Side, avg_px

SOH = "\x01"
_NO_LOCATE = f"114=N{SOH}"
"""LocateReqd(114) of a short sale: the stock was located before the order came to us."""


class Outgoing(msgspec.Struct, frozen=True):
    """An application message without its header."""

    session: str
    msg_type: str
    body: str
    """Fields as `tag=value`, each ended by SOH; those of the header that it has, first."""


Dialects = Mapping[str, Dialect]
"""By session name."""


def outgoing(command: Command, now: int, dialects: Dialects) -> Outgoing | None:
    """The message of a command; None for a command to ourselves. `now` is TransactTime(60).

    None too for a question that the venue's version does not have: `build` sees to it that such a
    venue is asked in another way.
    """
    writer = _WRITERS.get(type(command))
    return writer(command, now, dialects) if writer is not None else None


def addressee(command: Command) -> str:
    """The session that a command is for; empty for a command to ourselves alone."""
    return getattr(command, "session", "") or getattr(command, "mic", "")


def drop_copy(report: Report, session: str, now: int, dialects: Dialects) -> Outgoing:
    """A report to an OMS as a session of copies is told it: whose it is stands in 115."""
    terms = msgspec.structs.replace(report.terms, reply_to=f"115={report.session}{SOH}")
    out = _report(msgspec.structs.replace(report, session=session, terms=terms), now, dialects)
    mark = f"797=Y{SOH}" if dialects[session].copy_msg_indicator else ""
    return Outgoing(session, out.msg_type, out.body + mark)


def market_data_request(mic_session: str, symbol: str, request_id: str) -> Outgoing:
    """MarketDataRequest(V): the whole book and trades of a symbol, with updates."""
    body = (
        f"262={request_id}{SOH}263=1{SOH}264=0{SOH}265=1{SOH}"
        f"267=3{SOH}269=0{SOH}269=1{SOH}269=2{SOH}146=1{SOH}55={symbol}{SOH}"
    )
    return Outgoing(mic_session, "V", body)


def _optional(tag: str, value: str) -> str:
    return f"{tag}={value}{SOH}" if value else ""


def _report(command: Report, now: int, dialects: Dialects) -> Outgoing:
    terms, dialect = command.terms, dialects[command.session]
    price = f"44={px_text(terms.price)}{SOH}" if terms.price is not None else ""
    if command.last_qty or command.last_mkt:
        traded = (
            f"32={command.last_qty}{SOH}31={px_text(command.last_px)}{SOH}"
            f"{_optional('30', command.last_mkt)}{dialect.liquidity.get(command.liquidity, '')}"
        )
        rare = _optional("19", command.exec_ref_id)
    else:
        traded = ""
        rare = _rare(command, dialect)
    complete = command.cum_qty >= terms.order_qty
    told = "0" if command.exec_type == "I" else command.exec_id
    average = px_text(avg_px(command.notional, command.cum_qty))
    body = (
        f"{terms.reply_to}37={command.parent_id}{SOH}11={command.cl_ord_id}{SOH}"
        f"{_optional('41', command.orig_cl_ord_id)}"
        f"17={told}{SOH}{dialect.kinds[command.exec_type, command.ord_status, complete]}{rare}"
        f"{_optional('1', terms.account)}55={terms.symbol}{SOH}54={terms.side}{SOH}"
        f"38={terms.order_qty}{SOH}40={terms.ord_type}{SOH}{price}"
        f"59={terms.time_in_force}{SOH}{traded}"
        f"151={command.leaves_qty}{SOH}14={command.cum_qty}{SOH}6={average}{SOH}"
        f"60={time_text(command.transact_time or now)}{SOH}"
        f"{_optional('58', safe_text(command.text))}"
    )
    return Outgoing(command.session, "8", body)


def _rare(command: Report, dialect: Dialect) -> str:
    """What a report without an execution may tell: a reason, or which question it answers."""
    reasons = (
        f"{_optional('19', command.exec_ref_id)}"
        f"{_optional('103', dialect.ord_rej_reasons.told(command.ord_rej_reason))}"
        f"{_optional('378', command.exec_restatement_reason)}"
    )
    if not dialect.request_ids:
        return reasons
    return (
        f"{reasons}{_optional('790', command.ord_status_req_id)}"
        f"{_optional('584', command.mass_status_req_id)}"
        f"{_optional('911', str(command.tot_num_reports or ''))}"
        f"{f'912=Y{SOH}' if command.last_report else ''}"
    )


def _report_mass_cancel(command: ReportMassCancel, now: int, dialects: Dialects) -> Outgoing | None:
    dialect = dialects[command.session]
    if "r" in dialect.unspoken:
        return None
    report_id = command.mass_cancel_id
    refused = command.mass_cancel_response == "0"
    outcome = (
        f"532={command.mass_cancel_reject_reason}{SOH}"
        if refused
        else f"533={command.total_affected_orders}{SOH}"
    )
    body = (
        f"{command.reply_to}37={report_id}{SOH}"
        f"{f'1369={report_id}{SOH}' if dialect.mass_action_report_id else ''}"
        f"11={command.cl_ord_id}{SOH}530={command.mass_cancel_request_type}{SOH}"
        f"531={command.mass_cancel_response}{SOH}{outcome}"
        f"{_optional('55', command.symbol)}60={time_text(now)}{SOH}"
        f"{_optional('58', safe_text(command.text))}"
    )
    return Outgoing(command.session, "r", body)


def _refuse_cancel(command: RefuseCancel, now: int, dialects: Dialects) -> Outgoing:
    reason = dialects[command.session].cxl_rej_reasons.told(command.cxl_rej_reason)
    body = (
        f"{command.reply_to}37={command.order_id}{SOH}11={command.cl_ord_id}{SOH}"
        f"41={command.orig_cl_ord_id or 'NONE'}{SOH}39={command.ord_status}{SOH}"
        f"60={time_text(now)}{SOH}434={command.response_to}{SOH}"
        f"102={reason}{SOH}{_optional('58', safe_text(command.text))}"
    )
    return Outgoing(command.session, "9", body)


def _refuse_message(command: RefuseMessage, now: int, dialects: Dialects) -> Outgoing:
    dialect = dialects[command.session]
    reason = dialect.business_reject_reasons.told(command.business_reject_reason)
    body = (
        f"{command.reply_to}45={command.ref_seq_num}{SOH}372={command.ref_msg_type}{SOH}"
        f"{_optional('1130', dialect.ref_appl_ver_id)}{_optional('379', command.ref_id)}"
        f"380={reason}{SOH}58={safe_text(command.text)}{SOH}"
    )
    return Outgoing(command.session, "j", body)


def _send_child(command: SendChild, now: int, dialects: Dialects) -> Outgoing:
    dialect = dialects[command.mic]
    price = "" if command.price is None else px_text(command.price)
    by_midpoint = command.ord_type is OrdType.PEGGED
    body = (
        f"11={command.cl_ord_id}{SOH}{_optional('1', command.account)}"
        f"{dialect.handl_inst}{dialect.midpoint_peg if by_midpoint else ''}"
        f"{_optional('110', str(command.min_qty or ''))}"
        f"55={command.symbol}{SOH}54={command.side}{SOH}60={time_text(now)}{SOH}"
        f"38={command.qty}{SOH}40={command.ord_type}{SOH}{_optional('44', price)}"
        f"{_optional('117', command.quote_id)}59={command.time_in_force}{SOH}"
        f"{_NO_LOCATE if command.side is Side.SELL_SHORT else ''}"
    )
    return Outgoing(command.mic, "D", body)


def _cancel_child(command: CancelChild, now: int, dialects: Dialects) -> Outgoing:
    body = (
        f"41={command.orig_cl_ord_id}{SOH}{_optional('37', command.order_id)}"
        f"11={command.cl_ord_id}{SOH}55={command.symbol}{SOH}54={command.side}{SOH}"
        f"60={time_text(now)}{SOH}38={command.qty}{SOH}"
    )
    return Outgoing(command.mic, "F", body)


def _query_child(command: QueryChild, now: int, dialects: Dialects) -> Outgoing:
    body = (
        f"{_optional('37', command.order_id)}11={command.cl_ord_id}{SOH}"
        f"55={command.symbol}{SOH}54={command.side}{SOH}"
    )
    return Outgoing(command.mic, "H", body)


def _query_venue(command: QueryVenue, now: int, dialects: Dialects) -> Outgoing | None:
    if "AF" in dialects[command.mic].unspoken:
        return None
    return Outgoing(command.mic, "AF", f"584={command.mass_status_req_id}{SOH}585=7{SOH}")


def _dispute_execution(command: DisputeExecution, now: int, dialects: Dialects) -> Outgoing:
    body = (
        f"37={command.order_id}{SOH}17={command.exec_id}{SOH}127={command.dk_reason}{SOH}"
        f"55={command.symbol}{SOH}54={command.side}{SOH}"
        f"{_optional('38', str(command.order_qty or ''))}"
        f"32={command.last_qty}{SOH}31={px_text(command.last_px)}{SOH}"
        f"{_optional('58', safe_text(command.text))}"
    )
    return Outgoing(command.mic, "Q", body)


def _request_quote(command: RequestQuote, now: int, dialects: Dialects) -> Outgoing:
    body = (
        f"131={command.quote_req_id}{SOH}146=1{SOH}55={command.symbol}{SOH}"
        f"54={command.side}{SOH}38={command.qty}{SOH}"
    )
    return Outgoing(command.mic, "R", body)


_WRITERS: dict[type, Callable[[Any, int, Dialects], Outgoing | None]] = {
    Report: _report,
    ReportMassCancel: _report_mass_cancel,
    RefuseCancel: _refuse_cancel,
    RefuseMessage: _refuse_message,
    SendChild: _send_child,
    CancelChild: _cancel_child,
    QueryChild: _query_child,
    QueryVenue: _query_venue,
    RequestQuote: _request_quote,
    DisputeExecution: _dispute_execution,
}

TELLING = frozenset(_WRITERS)
"""Commands that are for somebody else: of all others `outgoing` makes nothing."""
