"""Every code that begins a Text(58) of ours: when it is sent, in which message, with which reason.

Owns the list; `tests/cli/test_roe_tables.py` reads the sources and finds every code here, and every
code of this list there. Reasons are those of FIX.4.4.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One code. A reason that is empty means that no such message carries the code."""

    name: str
    when: str
    ord_rej_reason: str = ""
    """OrdRejReason(103) of the ExecutionReport(8) that refuses an order."""
    cxl_rej_reason: str = ""
    """CxlRejReason(102) of the OrderCancelReject(9)."""
    business_reject_reason: str = ""
    """BusinessRejectReason(380) of the BusinessMessageReject(j)."""
    told: str = ""
    """Which other message carries it."""


CODES = (
    Code("MESSAGE_UNSUPPORTED", "the MsgType(35) is not served", "", "", "3"),
    Code("FIELD_MISSING", "a field that the message needs here is missing", "", "", "5"),
    Code("MASS_STATUS_TYPE", "MassStatusReqType(585) is neither 1 nor 7", "", "", "0"),
    Code("THROTTLED", "more messages than the session may send", "", "", "8"),
    Code(
        "MASS_CANCEL_TYPE",
        "MassCancelRequestType(530) is neither 1 nor 7",
        told="r, 531=0 532=0",
    ),
    Code("MASS_CANCEL", "a mass cancel takes the order, and the request gives way", "", "2"),
    Code("ORDER_TYPE_UNSUPPORTED", "an OrdType(40) that is not taken", "11", "99"),
    Code("SIDE_UNSUPPORTED", "a Side(54) that is not taken", "11", "99"),
    Code("TIF_UNSUPPORTED", "a TimeInForce(59) that is not taken", "11", "99"),
    Code(
        "CHARACTERISTIC_UNSUPPORTED",
        "a Currency(15), ExecInst(18), HandlInst(21), SettlType(63), StopPx(99) or LocateReqd(114) "
        "that is not followed",
        "11",
        "99",
    ),
    Code("QTY_INVALID", "a quantity that is not a whole number above 0", "13", "99"),
    Code("PRICE_INVALID", "a Price(44) that is not above 0, or with over 8 decimals", "99", "99"),
    Code("DATA_INVALID", "a time or date that cannot be read", "99", "99"),
    Code("SESSION_EXPIRED", "ExpireTime(126) is not after now", "4", "99"),
    Code(
        "POLICY_INSTRUCTION_DENIED",
        "the algo of TargetStrategy(847) or a parameter of it is not allowed or not known; "
        "CxlRejReason(102) 2 if a policy forbids it",
        "11",
        "99",
    ),
    Code("CLORDID_DUPLICATE", "the ClOrdID(11) was used, with other content", "6", "6"),
    Code("ORDER_UNKNOWN", "no order has that id; with 150=I for a status request", "5", "1"),
    Code("ORDER_PENDING", "an earlier request has no final answer yet", "", "3"),
    Code("ORDER_CLOSED", "the order is over", "", "0"),
    Code("ORDER_MISMATCH", "a replace with another Symbol(55) or Side(54)", "", "99"),
    Code("VENUE_REFUSED", "venues keep what is at work there", "", "2"),
    Code("VENUE_SILENT", "an answer waits for venues that are silent", told="8, 150=I"),
    Code(
        "JOURNAL_UNAVAILABLE",
        "the journal's disk is full or slow: nothing that adds risk is taken; cancels are",
        "0",
        "2",
    ),
    Code(
        "SESSION_CLOSED",
        "the session's hours are over, or it was logged out by hand: what crosses the Logout and "
        "adds risk is not taken; cancels are",
        "2",
        "2",
    ),
    Code("KILL_ENGAGED", "the kill switch holds", "0", "2", told="8, 150=9, for open orders"),
    Code("KILL_RELEASED", "the kill switch is released", told="8, 150=D"),
    Code(
        "INSTRUMENT_UNKNOWN",
        "no such Symbol(55), or another SymbolSfx(65) or SecurityType(167) of it",
        "1",
        "2",
        told="r, 531=0 532=1",
    ),
    Code("TICK_INVALID", "the price is no multiple of the tick", "99", "99"),
    Code("LOT_INVALID", "the quantity is not in whole lots", "13", "99"),
    Code("QTY_MAX_EXCEEDED", "above the largest OrderQty(38)", "3", "2"),
    Code("VALUE_MAX_EXCEEDED", "above the largest value of an order", "3", "2"),
    Code("OPEN_VALUE_EXCEEDED", "above the value that an account may have open", "3", "2"),
    Code("ADV_SHARE_EXCEEDED", "above the share of a day's volume", "3", "2"),
    Code("PRICE_COLLAR_EXCEEDED", "too far from the reference price", "0", "2"),
    Code("PRICE_REF_MISSING", "no reference price, or one that is too old", "0", "2"),
    Code("RATE_MAX_EXCEEDED", "too many messages in the time", "0", "2"),
    Code("ORDER_DUPLICATE_CONTENT", "the same order again within seconds", "6", "2"),
    Code("REPEAT_COUNT_REACHED", "an algo has been started too often", "0", "2"),
)
"""What an OMS may read, in the order in which an order meets it."""

INTERNAL = frozenset({"MARKET_DATA_STALE", "SUSPENSE_MAX_EXCEEDED"})
"""Codes of limits on children: the child is not sent, its shares go elsewhere, nobody is told."""
EXTERNAL = frozenset({"ILLEGAL_TRANSITION"})
"""Words for operators in the same shape."""
