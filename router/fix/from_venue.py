"""From a venue's messages to events: orders, quotes and market data.

Owns the reading of 8, 9, 3, j, S, Z, b, AG, AI, W, X, Y and f. A venue's message is never refused
for a field that we do not know, and an execution needs its quantity and price alone; one that
cannot be read at all is reported as a `ValueError`. What differs between FIX versions stands in
`dialects`.
"""

from __future__ import annotations

from collections.abc import Mapping

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
_DECIMALS = 8
_CANCEL_ALL_QUOTES = "4"
"""QuoteCancelType(298)."""
_QUOTE_REFUSED = "5"
"""QuoteStatus(297)."""
_HALTED = frozenset({"1", "2", "4", "18", "19", "21"})
"""SecurityTradingStatus(326): delay, halt, no resume, not available, not traded, pre-open."""
_TRADING = frozenset({"3", "17", "22", "23"})
"""Resume, ready to trade, opening rotation, fast market. Others say nothing of the kind."""
_INDICATIVE = "0"
"""QuoteType(537)."""
_AGGRESSORS = {"1": 1, "-1": -1}
"""Tag 5101, agreed: who took. Others do not tell."""
_QUOTE_OVER = frozenset({"1", "2", "3", "4", "5", "6", "7", "11", "14", "15", "17"})
"""QuoteStatus(297): canceled, refused, removed, expired, passed."""


class NotServedError(ValueError):
    """A sound message that leaves us without what the venue is there for.

    It is the same each time that it comes, and is worth telling once.
    """


def read(
    mic: str, message: Message, now: int, refused_id: str, dialect: Dialect
) -> Event | tuple[Event, ...] | None:
    """The event of a venue's message, or None for one that says nothing to the core.

    Several events are those of an increment of several symbols. `refused_id` is the ClOrdID of our
    message that a Reject(3) or j refers to by RefSeqNum(45).

    Raises:
        NotServedError: market data that is refused, a quote that may not be hit.
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
                poss_dup=message.get("43") == "Y",
            )
        case "3" | "j":
            refused = message.get("379") or refused_id
            return ChildRefused(mic, refused, message.get("372"), message.get("58"))
        case "W":
            entries = tuple(_entry(each) for each in message.group("268"))
            return MarketDataReceived(mic, message.get("55"), True, entries)
        case "X":
            return _increments(mic, message)
        case "Y":
            told = " ".join(f"{tag}={message.get(tag)}" for tag in ("262", "281", "58"))
            raise NotServedError(f"market data is refused: 35=Y {told}")
        case "S":
            return _quote(mic, message)
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
    if traded and not (get("32") and get("31")):
        what = "trade" if exec_type is ExecType.TRADE else "correction"
        raise ValueError(f"a {what} without {'LastPx(31)' if get('32') else 'LastQty(32)'}")
    last_qty = _qty(message, "32") if traded else shares(message, "32")
    if exec_type is ExecType.TRADE and last_qty == 0:
        raise ValueError("a trade of no shares, LastQty(32)=0")
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
    text = message.fields["31"]
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


def _increments(mic: str, message: Message) -> Event | tuple[Event, ...] | None:
    """One event for each symbol, in the order in which they are first named.

    The instrument is a part of the entry: "the default is the instrument used in the previous"
    entry (NoMDEntries of FIX.4.2 and 4.4).
    """
    entries = message.group("268")
    if not entries:
        return None
    symbol = entries[0].get("55") or _named_before(message)
    found: dict[str, list[MarketDataEntry]] = {symbol: []}
    changed = found[symbol]
    for entry in entries:
        named = entry.get("55")
        if named and named != symbol:
            symbol, changed = named, found.setdefault(named, [])
        changed.append(_entry(entry))
    if len(found) == 1:
        return MarketDataReceived(mic, symbol, False, tuple(changed))
    return tuple(MarketDataReceived(mic, each, False, tuple(found[each])) for each in found)


def _named_before(message: Message) -> str:
    """Symbol(55) in front of the entries, where some venues tell it once.

    Raises:
        ValueError: it is not there.
    """
    tags = message.tags
    if "55" not in tags or tags.index("55") > tags.index("268"):
        raise ValueError("an entry without Symbol(55)")
    return message.get("55")


def _entry(entry: Mapping[str, str]) -> MarketDataEntry:
    get = entry.get
    entry_type, px, qty = get("269", ""), get("270"), get("271")
    return MarketDataEntry(
        entry_type,
        get("279", "0"),
        0 if px is None else px_value(px),
        0 if qty is None else qty_value(qty),
        _AGGRESSORS.get(get("5101", ""), 0) if entry_type == "2" else 0,
    )


def _quote(mic: str, message: Message) -> QuoteReceived | None:
    """A quote to be hit. How long one without ValidUntilTime(62) lives is the core's to say.

    One without QuoteType(537) is as firm as the venue's profile has it, although the standard
    would have it indicative: FIX.4.2 has no such field, and dealers leave it out.
    """
    if message.get("537") == _INDICATIVE:
        raise NotServedError("indicative quotes are not taken: 35=S 537=0")
    until = message.get("62")
    if not until and message.get("43") == "Y":
        return None  # it was made before an outage, for seconds
    return QuoteReceived(
        mic=mic,
        symbol=message.get("55"),
        quote_id=message.get("117"),
        bid_px=_px(message, "132"),
        bid_size=_qty(message, "134"),
        offer_px=_px(message, "133"),
        offer_size=_qty(message, "135"),
        valid_until=time_value(until) if until else 0,
        quote_req_id=message.get("131"),
    )
