"""From a venue's messages to events: orders, quotes and market data.

Owns the reading of 8, 9, 3, j, S, Z, b, AG, AI, W, X and f. A venue's message is never refused for
a field that we do not know, and an execution needs its quantity and price alone; one that cannot be
read at all is reported as a `ValueError`. What differs between FIX versions stands in `dialects`.
"""

from __future__ import annotations

from router.fix.codec import Message, px_value, qty_value, time_text, time_value
from router.fix.dialects import Dialect, shares
from router.messages import (
    CancelRejectReceived,
    ChildRefused,
    Event,
    ExecutionReceived,
    MarketDataEntry,
    MarketDataReceived,
    QuoteCanceled,
    QuoteReceived,
    TradingStatusReceived,
)
from router.model import ExecType

NOTHING_OPEN = "U"
"""OrdStatus(39) by which some venues answer an AF when nothing is open."""
_DAY_NS = 86_400_000_000_000
_DECIMALS = 8
_CANCEL_ALL_QUOTES = "4"
"""QuoteCancelType(298)."""
_QUOTE_REFUSED = "5"
"""QuoteStatus(297)."""
_HALTED = frozenset({"1", "2", "4", "18", "19", "21"})
"""SecurityTradingStatus(326): delay, halt, no resume, not available, not traded, pre-open."""
_TRADING = frozenset({"3", "17", "22", "23"})
"""Resume, ready to trade, opening rotation, fast market. Others say nothing of the kind."""
_AGGRESSORS = {"1": 1, "-1": -1}
"""Tag 5101, agreed: who took. Others do not tell."""
_QUOTE_OVER = frozenset({"1", "2", "3", "4", "5", "6", "7", "11", "14", "15", "17"})
"""QuoteStatus(297): canceled, refused, removed, expired, passed."""


def read(mic: str, message: Message, now: int, refused_id: str, dialect: Dialect) -> Event | None:
    """The event of a venue's message, or None for one that says nothing to the core.

    `refused_id` is the ClOrdID of our message that a Reject(3) or j refers to by RefSeqNum(45).

    Raises:
        ValueError: a quantity, price or enumeration that cannot be read.
    """
    match message.msg_type:
        case "8":
            return _execution(mic, message, now, dialect)
        case "9":
            return CancelRejectReceived(
                mic=mic,
                cl_ord_id=message.get("11"),
                orig_cl_ord_id=message.get("41"),
                ord_status=dialect.ord_status(message),
                cxl_rej_reason=message.get("102"),
                text=message.get("58"),
            )
        case "3" | "j":
            refused = message.get("379") or refused_id
            return ChildRefused(mic, refused, message.get("372"), message.get("58"))
        case "W":
            return _market_data(mic, message, snapshot=True)
        case "X":
            return _market_data(mic, message, snapshot=False)
        case "S":
            return _quote(mic, message, now)
        case "Z":
            quote_id = "" if message.get("298") == _CANCEL_ALL_QUOTES else message.get("117")
            return QuoteCanceled(mic, message.get("55"), quote_id, message.get("131"))
        case "AG":
            return QuoteCanceled(mic, message.get("55"), "", message.get("131"))
        case "b" if message.get("297") == _QUOTE_REFUSED and message.get("131"):
            return QuoteCanceled(mic, message.get("55"), "", message.get("131"))
        case "f" if message.get("326") in _HALTED | _TRADING:
            halted = message.get("326") in _HALTED
            return TradingStatusReceived(mic, message.get("55"), halted)
        case "AI" if message.get("297") in _QUOTE_OVER and message.get("117"):
            return QuoteCanceled(mic, message.get("55"), message.get("117"))
        case _:
            return None


def read_copy(
    mics: tuple[str, ...], message: Message, now: int, dialect: Dialect
) -> ExecutionReceived | None:
    """The execution that a drop copy tells of; None for what is no ExecutionReport(8).

    `mics` are those whose executions are copied: of several, LastMkt(30) says which.

    Raises:
        ValueError: it cannot be read, or is of a MIC that is not copied here.
    """
    if message.msg_type != "8":
        return None
    mic = mics[0] if len(mics) == 1 else message.get("30")
    if mic not in mics:
        raise ValueError(f"a copy of LastMkt(30) {mic!r}; copied here: {', '.join(mics)}")
    return _execution(mic, message, now, dialect)


def _execution(mic: str, message: Message, now: int, dialect: Dialect) -> ExecutionReceived:
    get = message.fields.get
    exec_type = dialect.exec_type(message)
    traded = exec_type is ExecType.TRADE or exec_type is ExecType.TRADE_CORRECT
    last_qty = _qty(message, "32") if traded else shares(message, "32")
    if exec_type is ExecType.TRADE and last_qty == 0:
        raise ValueError("a trade without LastQty(32)")
    is_answer = exec_type is ExecType.ORDER_STATUS
    at = _time(message, now)
    return ExecutionReceived(
        mic=mic,
        cl_ord_id=get("11", ""),
        exec_id=get("17", ""),
        exec_type=exec_type,
        ord_status=dialect.ord_status(message),
        order_id=get("37", ""),
        orig_cl_ord_id=get("41", ""),
        exec_ref_id=get("19", ""),
        symbol=get("55", ""),
        side=get("54", ""),
        order_qty=shares(message, "38"),
        cum_qty=_qty(message, "14") if is_answer else shares(message, "14"),
        leaves_qty=shares(message, "151"),
        last_qty=last_qty,
        last_px=_last_px(message) if traded else 0,
        liquidity=dialect.last_liquidity_ind(message),
        ord_rej_reason=get("103", ""),
        text=get("58", ""),
        trade_date=get("75", "") or _date(at),
        transact_time=at,
        mass_status_req_id=get("584", ""),
        last_report=_ends_the_list(message),
        poss_dup=get("43", "") == "Y",
        account=get("1", ""),
        tot_num_reports=shares(message, "911"),
    )


def _ends_the_list(message: Message) -> bool:
    """True for the last answer to an AF, or for one that says that nothing is open."""
    fields = message.fields
    listed = "584" in fields and fields.get("912") == "Y"
    return listed or fields.get("39") == NOTHING_OPEN


def _time(message: Message, now: int) -> int:
    """TransactTime(60), else when it was first sent, else now: no execution is lost for its time.

    A message that is sent again says the same: its fill must be known again by the trade date.
    """
    for tag in ("60", "122", "52"):
        text = message.fields.get(tag)
        if text:
            try:
                return time_value(text)
            except ValueError:
                continue
    return now


def _last_px(message: Message) -> int:
    """LastPx(31); what is finer than 1e-8 is cut: no execution is lost for that."""
    text = message.fields.get("31")
    if not text:
        return 0
    point = text.find(".")
    return px_value(text if point < 0 else text[: point + 1 + _DECIMALS])


def _date(at: int) -> str:
    return time_text(at, 0)[:8]


def _qty(message: Message, tag: str) -> int:
    text = message.get(tag)
    return qty_value(text) if text else 0


def _px(message: Message, tag: str) -> int:
    text = message.get(tag)
    return px_value(text) if text else 0


def _market_data(mic: str, message: Message, *, snapshot: bool) -> MarketDataReceived:
    aggressor = _AGGRESSORS.get(message.get("5101"), 0)
    return MarketDataReceived(
        mic,
        message.get("55"),
        snapshot,
        tuple(
            MarketDataEntry(
                entry_type=entry.get("269", ""),
                action=entry.get("279", "0"),
                px=px_value(entry["270"]) if "270" in entry else 0,
                qty=qty_value(entry["271"]) if "271" in entry else 0,
                aggressor=aggressor if entry.get("269") == "2" else 0,
            )
            for entry in message.group("268")
        ),
    )


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
