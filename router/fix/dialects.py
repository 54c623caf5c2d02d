"""What a FIX version says differently, or cannot say: the one table, a column for each version.

Data and its look-ups. `application`, `from_oms`, `from_venue`, the OMS client and the simulated
venues read it; the core never learns which version a peer speaks. (Required and allowed fields are
the dictionary's.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from router.fix.codec import SOH, Message, qty_value
from router.fix.versions import FIX42, FIX44, FIX50SP2, Version
from router.model import ExecType, OrdStatus

Kind = tuple[ExecType, OrdStatus, bool]
"""Of a report: ExecType, OrdStatus, and whether all of the order has traded."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """The values of a reason field that a version has, and what stands for one it lacks."""

    known: frozenset[str]
    other: str
    nearest: Mapping[str, str]

    def told(self, code: str) -> str:
        """The code itself, or the nearest that the version has; nothing for nothing."""
        if not code or code in self.known:
            return code
        return self.nearest.get(code, self.other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One version's column."""

    version: Version
    kinds: Mapping[Kind, str]
    """The fields of an ExecutionReport(8) that say what kind it is: 20 (4.2 only), 150, 39."""
    exec_trans_type: bool
    """A bust, correction or status is told by ExecTransType(20), a fill by ExecType(150) 1 or 2."""
    unspoken: frozenset[str]
    """MsgTypes of ours that the version does not have."""
    request_ids: bool
    """Reports have OrdStatusReqID(790), MassStatusReqID(584), 911 and 912."""
    liquidity_tag: str
    """The tag of a fill's liquidity flag; empty if none is agreed."""
    liquidity: Mapping[str, str]
    """LastLiquidityInd(851) to the field that tells it."""
    liquidity_read: Mapping[str, str]
    """The flag's text to LastLiquidityInd(851)."""
    handl_inst: str
    """The field HandlInst(21), if the version requires it of an order."""
    midpoint_peg: str
    """The field that pegs an order to the midpoint."""
    display_qty_tag: str
    """The tag of how many shares are displayed: MaxFloor(111), or DisplayQty(1138)."""
    strategy_group: bool
    """An algo's parameters are StrategyParametersGrp(957), not TargetStrategyParameters(848)."""
    mass_action_report_id: bool
    """OrderMassCancelReport(r) requires MassActionReportID(1369)."""
    ref_appl_ver_id: str
    """RefApplVerID(1130) of a BusinessMessageReject(j)."""
    quote_type: bool
    """Quote(S) has QuoteType(537)."""
    cancel_one_quote: str
    """QuoteCancelType(298) when one quote is meant."""
    quote_refusal: str
    """MsgType of a dealer's refusal: QuoteRequestReject(AG) or QuoteAcknowledgement(b)."""
    copy_msg_indicator: bool
    """A copy of a report says so by CopyMsgIndicator(797)."""
    last_update_time: bool
    """MarketDataSnapshotFullRefresh(W) requires LastUpdateTime(779)."""
    ord_rej_reasons: Reasons
    """OrdRejReason(103)."""
    cxl_rej_reasons: Reasons
    """CxlRejReason(102)."""
    business_reject_reasons: Reasons
    """BusinessRejectReason(380)."""

    def exec_type(self, message: Message) -> ExecType:
        """What an ExecutionReport(8) is, in the words of FIX.4.4.

        An ExecType(150) that we do not know moves no shares: it is read as a restatement.
        """
        fields = message.fields
        if self.exec_trans_type and fields.get("20") in _TRANSACTIONS:
            return _TRANSACTIONS[fields["20"]]
        return _EXEC_TYPES.get(fields.get("150", ""), ExecType.RESTATED)

    def last_liquidity_ind(self, message: Message) -> str:
        """LastLiquidityInd(851), by whatever tag and flag the version tells it; empty if not."""
        flag = message.fields.get(self.liquidity_tag, "")
        return self.liquidity_read.get(flag, flag)

    def ord_status(self, message: Message) -> OrdStatus:
        """OrdStatus(39); one that we do not know, as Replaced(5), is read by the quantities."""
        known = _ORD_STATUSES.get(message.fields.get("39", ""))
        if known is not None:
            return known
        cum_qty = shares(message, "14")
        if shares(message, "151"):
            return OrdStatus.PARTIALLY_FILLED if cum_qty else OrdStatus.NEW
        return OrdStatus.FILLED if cum_qty >= shares(message, "38") > 0 else OrdStatus.CANCELED


def shares(message: Message, tag: str) -> int:
    """A quantity that a report can do without: 0 if it is absent or cannot be read."""
    text = message.fields.get(tag)
    try:
        return qty_value(text) if text else 0
    except ValueError:
        return 0


_TRANSACTIONS = {
    "1": ExecType.TRADE_CANCEL,
    "2": ExecType.TRADE_CORRECT,
    "3": ExecType.ORDER_STATUS,
}
"""ExecTransType(20); 0, New, leaves it to ExecType(150)."""
_EXEC_TYPES: dict[str, ExecType] = {
    **{each.value: each for each in ExecType},
    "1": ExecType.TRADE,
    "2": ExecType.TRADE,
}
"""ExecType(150); 1 and 2, which FIX.4.3 replaced by F, are tolerated in every version."""
_ORD_STATUSES: dict[str, OrdStatus] = {each.value: each for each in OrdStatus}


def _kind_by_transaction(kind: Kind) -> str:
    """FIX.4.2: a status shows where the order stands, a bust and a correction the fill's kind."""
    exec_type, ord_status, complete = kind
    transaction, told = "0", exec_type.value
    if exec_type is ExecType.ORDER_STATUS:
        transaction, told = "3", ord_status.value
    elif exec_type in _TRADES:
        transaction, told = _TRADES[exec_type], "2" if complete else "1"
    replaced = exec_type is ExecType.REPLACED and ord_status is OrdStatus.NEW
    shown = "5" if replaced else ord_status.value
    return f"20={transaction}{SOH}150={told}{SOH}39={shown}{SOH}"


_TRADES = {ExecType.TRADE: "0", ExecType.TRADE_CANCEL: "1", ExecType.TRADE_CORRECT: "2"}


def _kind(kind: Kind) -> str:
    """FIX.4.4 and later."""
    exec_type, ord_status, _ = kind
    return f"150={exec_type.value}{SOH}39={ord_status.value}{SOH}"


_ALL_KINDS: tuple[Kind, ...] = tuple(
    (exec_type, ord_status, complete)
    for exec_type in ExecType
    for ord_status in OrdStatus
    for complete in (False, True)
)


def _codes(first: int, last: int, *more: str) -> frozenset[str]:
    return frozenset({*map(str, range(first, last + 1)), *more})


_ORD_REJ_NEAREST = {
    "16": "0", "19": "0", "22": "0", "23": "0", "24": "0", "30": "0", "31": "0", "32": "0",
    "33": "0",
    "20": "3", "21": "3", "25": "3", "26": "3", "27": "3",
    "18": "99",
}  # fmt: skip
"""Values of FIX Latest and what they come nearest to: 0 broker option, 3 exceeds a limit."""
_LIQUIDITY_FLAGS = {"1": "A", "2": "R", "3": "X"}
"""How a version without LastLiquidityInd(851) tells it under an agreed tag (our choice)."""

_COLUMNS: dict[Version, Dialect] = {
    FIX42: Dialect(
        version=FIX42,
        kinds={kind: _kind_by_transaction(kind) for kind in _ALL_KINDS},
        exec_trans_type=True,
        unspoken=frozenset({"AF", "q", "r", "AG", "AI", "AJ"}),
        request_ids=False,
        liquidity_tag="",
        liquidity={},
        liquidity_read={},
        handl_inst=f"21=1{SOH}",
        midpoint_peg=f"18=M{SOH}",
        display_qty_tag="111",
        strategy_group=False,
        mass_action_report_id=False,
        ref_appl_ver_id="",
        quote_type=False,
        cancel_one_quote="1",
        quote_refusal="b",
        copy_msg_indicator=False,
        last_update_time=False,
        ord_rej_reasons=Reasons(_codes(0, 8), "0", {**_ORD_REJ_NEAREST, "18": "0"}),
        cxl_rej_reasons=Reasons(_codes(0, 3), "2", {}),
        business_reject_reasons=Reasons(_codes(0, 5), "0", {}),
    ),
    FIX44: Dialect(
        version=FIX44,
        kinds={kind: _kind(kind) for kind in _ALL_KINDS},
        exec_trans_type=False,
        unspoken=frozenset(),
        request_ids=True,
        liquidity_tag="851",
        liquidity={each: f"851={each}{SOH}" for each in "123"},
        liquidity_read={},
        handl_inst="",
        midpoint_peg=f"18=M{SOH}",
        display_qty_tag="111",
        strategy_group=False,
        mass_action_report_id=False,
        ref_appl_ver_id="",
        quote_type=True,
        cancel_one_quote="1",
        quote_refusal="AG",
        copy_msg_indicator=True,
        last_update_time=False,
        ord_rej_reasons=Reasons(_codes(0, 15, "99"), "99", _ORD_REJ_NEAREST),
        cxl_rej_reasons=Reasons(_codes(0, 6, "99"), "99", {}),
        business_reject_reasons=Reasons(_codes(0, 7), "0", {}),
    ),
    FIX50SP2: Dialect(
        version=FIX50SP2,
        kinds={kind: _kind(kind) for kind in _ALL_KINDS},
        exec_trans_type=False,
        unspoken=frozenset(),
        request_ids=True,
        liquidity_tag="851",
        liquidity={each: f"851={each}{SOH}" for each in "1234"},
        liquidity_read={},
        handl_inst="",
        midpoint_peg=f"1094=2{SOH}",
        display_qty_tag="1138",
        strategy_group=True,
        mass_action_report_id=True,
        ref_appl_ver_id="9",
        quote_type=True,
        cancel_one_quote="5",
        quote_refusal="AG",
        copy_msg_indicator=True,
        last_update_time=True,
        ord_rej_reasons=Reasons(_codes(0, 16, "18", "99"), "99", _ORD_REJ_NEAREST),
        cxl_rej_reasons=Reasons(_codes(0, 8, "18", "99"), "99", {}),
        business_reject_reasons=Reasons(_codes(0, 7, "18"), "0", {}),
    ),
}


@cache
def dialect(version: Version, liquidity_tag: str = "") -> Dialect:
    """A version's column. `liquidity_tag` is agreed with the peer where there is no 851."""
    column = _COLUMNS[version]
    if column.liquidity_tag or not liquidity_tag:
        return column
    return replace(
        column,
        liquidity_tag=liquidity_tag,
        liquidity={code: f"{liquidity_tag}={flag}{SOH}" for code, flag in _LIQUIDITY_FLAGS.items()},
        liquidity_read={flag: code for code, flag in _LIQUIDITY_FLAGS.items()},
    )
