"""From a venue's messages to events: orders, quotes and market data.

Owns the reading of 8, 9, 3, j, S, Z, AG, W and X. A venue's message is never refused for a field
that we do not know (fix.md S7); one that cannot be read at all is reported as a `ValueError`.
"""

from __future__ import annotations

from router.fix.codec import Message, px_value, qty_value, time_text, time_value
from router.messages import (
    CancelRejectReceived,
    ChildRefused,
    Event,
    ExecutionReceived,
    MarketDataEntry,
    MarketDataReceived,
    QuoteCanceled,
    QuoteReceived,
)
from router.model import ExecType, OrdStatus

_DAY_NS = 86_400_000_000_000


def read(mic: str, message: Message, now: int, refused_id: str = "") -> Event | None:
    """The event of a venue's message, or None for one that says nothing to the core.

    `refused_id` is the ClOrdID of our message that a Reject(3) or j refers to by RefSeqNum(45).

    Raises:
        ValueError: a quantity, price or enumeration that cannot be read.
    """
    match message.msg_type:
        case "8":
            return _execution(mic, message, now)
        case "9":
            return CancelRejectReceived(
                mic=mic,
                cl_ord_id=message.get("11"),
                orig_cl_ord_id=message.get("41"),
                ord_status=_ord_status(message),
                cxl_rej_reason=message.get("102"),
                text=message.get("58"),
            )
        case "3" | "j":
            refused = message.get("379") or refused_id
            return ChildRefused(mic, refused, message.get("372"), message.get("58"))
        case "W":
            return _entries(mic, message, message.get("55"), snapshot=True)
        case "X":
            return _increment(mic, message)
        case "S":
            return _quote(mic, message, now)
        case "Z":
            return QuoteCanceled(mic, message.get("55"), message.get("117"), message.get("131"))
        case "AG":
            return QuoteCanceled(mic, message.get("55"), "", message.get("131"))
        case _:
            return None


def _execution(mic: str, message: Message, now: int) -> ExecutionReceived:
    exec_type, last_qty = _exec_type(message), _qty(message, "32")
    if exec_type is ExecType.TRADE and last_qty == 0:
        raise ValueError("a trade without LastQty(32)")
    sent = message.get("60") or message.get("52")
    at = time_value(sent) if sent else now
    return ExecutionReceived(
        mic=mic,
        cl_ord_id=message.get("11"),
        exec_id=message.get("17"),
        exec_type=exec_type,
        ord_status=_ord_status(message),
        order_id=message.get("37"),
        orig_cl_ord_id=message.get("41"),
        exec_ref_id=message.get("19"),
        symbol=message.get("55"),
        side=message.get("54"),
        order_qty=_qty(message, "38"),
        cum_qty=_qty(message, "14"),
        leaves_qty=_qty(message, "151"),
        last_qty=last_qty,
        last_px=_px(message, "31"),
        liquidity=message.get("851"),
        ord_rej_reason=message.get("103"),
        text=message.get("58"),
        trade_date=message.get("75") or _date(at),
        transact_time=at,
        mass_status_req_id=message.get("584"),
        last_report=message.get("912") == "Y",
    )


_EXEC_TYPES: dict[str, ExecType] = {
    **{each.value: each for each in ExecType},
    "1": ExecType.TRADE,
    "2": ExecType.TRADE,
}
_ORD_STATUSES: dict[str, OrdStatus] = {each.value: each for each in OrdStatus}


def _exec_type(message: Message) -> ExecType:
    """ExecType(150); 1 and 2, which FIX.4.4 replaced by F, are tolerated (fix.md 2.2).

    One that we do not know moves no shares: it is read as a restatement.
    """
    return _EXEC_TYPES.get(message.get("150"), ExecType.RESTATED)


def _ord_status(message: Message) -> OrdStatus:
    """OrdStatus(39); one that we do not know is read by the quantities (fix.md 2.4)."""
    known = _ORD_STATUSES.get(message.get("39"))
    if known is not None:
        return known
    if _qty(message, "151"):
        return OrdStatus.PARTIALLY_FILLED if _qty(message, "14") else OrdStatus.NEW
    done = _qty(message, "14") >= _qty(message, "38") > 0
    return OrdStatus.FILLED if done else OrdStatus.CANCELED


def _date(at: int) -> str:
    return time_text(at, 0)[:8]


def _qty(message: Message, tag: str) -> int:
    text = message.get(tag)
    return qty_value(text) if text else 0


def _px(message: Message, tag: str) -> int:
    text = message.get(tag)
    return px_value(text) if text else 0


def _entries(mic: str, message: Message, symbol: str, *, snapshot: bool) -> MarketDataReceived:
    aggressor = int(message.get("5101") or 0)
    entries = tuple(
        MarketDataEntry(
            entry_type=entry.get("269", ""),
            action=entry.get("279", "0"),
            px=px_value(entry["270"]) if "270" in entry else 0,
            qty=qty_value(entry["271"]) if "271" in entry else 0,
            aggressor=aggressor if entry.get("269") == "2" else 0,
        )
        for entry in message.group("268")
    )
    return MarketDataReceived(mic, symbol, snapshot, entries)


def _increment(mic: str, message: Message) -> MarketDataReceived:
    entries = message.group("268")
    symbol = message.get("55") or next((e["55"] for e in entries if "55" in e), "")
    return _entries(mic, message, symbol, snapshot=False)


def _quote(mic: str, message: Message, now: int) -> QuoteReceived:
    until = message.get("62")
    return QuoteReceived(
        mic=mic,
        symbol=message.get("55"),
        quote_id=message.get("117"),
        bid_px=_px(message, "132"),
        bid_size=_qty(message, "134"),
        offer_px=_px(message, "133"),
        offer_size=_qty(message, "135"),
        valid_until=time_value(until) if until else now + _DAY_NS,
        quote_req_id=message.get("131"),
    )
