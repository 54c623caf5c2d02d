"""From commands to messages: what leaves for an OMS or a venue, and on which session.

Owns which field carries what on the way out. Knows no order states and no sequence numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from router.fix.codec import px_text, safe_text, time_text
from router.messages import (
    CancelChild,
    Command,
    QueryChild,
    QueryVenue,
    RefuseCancel,
    RefuseMessage,
    Report,
    RequestQuote,
    SendChild,
)
from router.model import OrdType, avg_px

SOH = "\x01"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An application message without its header."""

    session: str
    msg_type: str
    body: str
    """Fields as `tag=value`, each ended by SOH."""


def outgoing(command: Command, now: int) -> Outgoing | None:
    """The message of a command, or None for a command to ourselves. `now` is TransactTime(60)."""
    writer = _WRITERS.get(type(command))
    return writer(command, now) if writer is not None else None


def market_data_request(mic_session: str, symbol: str, request_id: str) -> Outgoing:
    """MarketDataRequest(V): the whole book and trades of a symbol, with updates."""
    body = (
        f"262={request_id}{SOH}263=1{SOH}264=0{SOH}265=1{SOH}"
        f"267=3{SOH}269=0{SOH}269=1{SOH}269=2{SOH}146=1{SOH}55={symbol}{SOH}"
    )
    return Outgoing(mic_session, "V", body)


def _optional(tag: str, value: str) -> str:
    return f"{tag}={value}{SOH}" if value else ""


def _report(command: Report, now: int) -> Outgoing:
    terms = command.terms
    price = "" if terms.price is None else px_text(terms.price)
    last = ""
    if command.last_qty or command.last_mkt:
        last = f"32={command.last_qty}{SOH}31={px_text(command.last_px)}{SOH}"
    average = px_text(avg_px(command.notional, command.cum_qty))
    told = "0" if command.exec_type == "I" else command.exec_id
    body = (
        f"37={command.parent_id}{SOH}11={command.cl_ord_id}{SOH}"
        f"{_optional('41', command.orig_cl_ord_id)}"
        f"17={told}{SOH}150={command.exec_type.value}{SOH}39={command.ord_status.value}{SOH}"
        f"{_optional('19', command.exec_ref_id)}{_optional('103', command.ord_rej_reason)}"
        f"{_optional('790', command.ord_status_req_id)}"
        f"{_optional('584', command.mass_status_req_id)}"
        f"{_optional('911', str(command.tot_num_reports or ''))}"
        f"{f'912=Y{SOH}' if command.last_report else ''}"
        f"{_optional('1', terms.account)}55={terms.symbol}{SOH}54={terms.side.value}{SOH}"
        f"38={terms.order_qty}{SOH}40={terms.ord_type.value}{SOH}{_optional('44', price)}"
        f"59={terms.time_in_force.value}{SOH}{last}{_optional('30', command.last_mkt)}"
        f"{_optional('851', command.liquidity)}"
        f"151={command.leaves_qty}{SOH}14={command.cum_qty}{SOH}6={average}{SOH}"
        f"60={time_text(command.transact_time or now)}{SOH}"
        f"{_optional('58', safe_text(command.text))}"
    )
    return Outgoing(command.session, "8", body)


def _refuse_cancel(command: RefuseCancel, now: int) -> Outgoing:
    body = (
        f"37={command.order_id}{SOH}11={command.cl_ord_id}{SOH}"
        f"41={command.orig_cl_ord_id or 'NONE'}{SOH}39={command.ord_status.value}{SOH}"
        f"60={time_text(now)}{SOH}434={command.response_to}{SOH}"
        f"102={command.cxl_rej_reason}{SOH}{_optional('58', safe_text(command.text))}"
    )
    return Outgoing(command.session, "9", body)


def _refuse_message(command: RefuseMessage, now: int) -> Outgoing:
    body = (
        f"45={command.ref_seq_num}{SOH}372={command.ref_msg_type}{SOH}"
        f"{_optional('379', command.ref_id)}380={command.business_reject_reason}{SOH}"
        f"58={safe_text(command.text)}{SOH}"
    )
    return Outgoing(command.session, "j", body)


def _send_child(command: SendChild, now: int) -> Outgoing:
    price = "" if command.price is None else px_text(command.price)
    by_midpoint = command.ord_type is OrdType.PEGGED
    body = (
        f"11={command.cl_ord_id}{SOH}{_optional('1', command.account)}"
        f"{f'18=M{SOH}' if by_midpoint else ''}"
        f"{_optional('110', str(command.min_qty or ''))}"
        f"55={command.symbol}{SOH}54={command.side.value}{SOH}60={time_text(now)}{SOH}"
        f"38={command.qty}{SOH}40={command.ord_type.value}{SOH}{_optional('44', price)}"
        f"{_optional('117', command.quote_id)}59={command.time_in_force.value}{SOH}"
    )
    return Outgoing(command.mic, "D", body)


def _cancel_child(command: CancelChild, now: int) -> Outgoing:
    body = (
        f"41={command.orig_cl_ord_id}{SOH}{_optional('37', command.order_id)}"
        f"11={command.cl_ord_id}{SOH}55={command.symbol}{SOH}54={command.side.value}{SOH}"
        f"60={time_text(now)}{SOH}38={command.qty}{SOH}"
    )
    return Outgoing(command.mic, "F", body)


def _query_child(command: QueryChild, now: int) -> Outgoing:
    body = (
        f"{_optional('37', command.order_id)}11={command.cl_ord_id}{SOH}"
        f"55={command.symbol}{SOH}54={command.side.value}{SOH}"
    )
    return Outgoing(command.mic, "H", body)


def _query_venue(command: QueryVenue, now: int) -> Outgoing:
    return Outgoing(command.mic, "AF", f"584={command.mass_status_req_id}{SOH}585=7{SOH}")


def _request_quote(command: RequestQuote, now: int) -> Outgoing:
    body = (
        f"131={command.quote_req_id}{SOH}146=1{SOH}55={command.symbol}{SOH}"
        f"54={command.side.value}{SOH}38={command.qty}{SOH}"
    )
    return Outgoing(command.mic, "R", body)


_WRITERS: dict[type, Callable[[Any, int], Outgoing]] = {
    Report: _report,
    RefuseCancel: _refuse_cancel,
    RefuseMessage: _refuse_message,
    SendChild: _send_child,
    CancelChild: _cancel_child,
    QueryChild: _query_child,
    QueryVenue: _query_venue,
    RequestQuote: _request_quote,
}
