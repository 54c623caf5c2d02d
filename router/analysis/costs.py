"""What an order cost: shortfall, fees, interval VWAP, by venue; read from a state folder.

Owns the formulas (controls.md 14): D = +1 buy, -1 sell; bp of the arrival midpoint. A reader: it
changes nothing, and no order notices it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from router.journal.market import MarketRecord, read_market
from router.journal.recovery import read_steps
from router.journal.storage import FileStorage
from router.messages import (
    Decide,
    Learn,
    LearnMarkout,
    MarketDataReceived,
    OpenParent,
    RefuseCancel,
    RefuseMessage,
    Report,
    SendChild,
    Step,
    decode_step,
)
from router.model import BP, PX_SCALE, ExecType, Side, Venue
from router.ports import MAIN_HORIZON

TRADE = "2"
"""MDEntryType(269) of a trade."""


@dataclass(slots=True)
class VenueCost:
    """One venue's part of an order."""

    qty: int = 0
    notional: int = 0
    fees: int = 0
    fills: int = 0
    children: int = 0

    def cost_bp(self, arrival_px: float, sign: int) -> float:
        """Shortfall and fees of its fills, bp of the arrival price, per share filled there."""
        if not self.qty or not arrival_px:
            return 0.0
        paid = self.notional / self.qty - arrival_px
        return BP * (sign * paid + self.fees / self.qty) / arrival_px


@dataclass(slots=True)
class OrderCost:
    """One parent's account."""

    parent_id: str
    cl_ord_id: str
    symbol: str
    side: Side
    order_qty: int
    arrival_px: float
    """Midpoint at acceptance, price units."""
    opened_at: int
    ended_at: int = 0
    cum_qty: int = 0
    notional: int = 0
    fees: int = 0
    ord_status: str = "0"
    children: int = 0
    decisions: int = 0
    fills: int = 0
    venues: dict[str, VenueCost] = field(default_factory=dict)

    @property
    def avg_px(self) -> float:
        """Average price, price units; 0 when nothing was filled."""
        return self.notional / self.cum_qty if self.cum_qty else 0.0

    @property
    def fees_bp(self) -> float:
        """Fees, bp of the arrival value of what was filled."""
        value = self.cum_qty * self.arrival_px
        return BP * self.fees / value if value else 0.0

    @property
    def shortfall_bp(self) -> float:
        """Implementation shortfall of what was filled, fees included, bp of its arrival value.

        Shares that were not filled are not in it: `cum_qty` beside `order_qty` tells of them.
        """
        value = self.cum_qty * self.arrival_px
        if not value:
            return 0.0
        return BP * self.side.sign * (self.notional - value) / value + self.fees_bp

    def against_bp(self, benchmark_px: float) -> float:
        """The average price against a benchmark, bp, + is worse; 0 without either."""
        if not benchmark_px or not self.cum_qty:
            return 0.0
        return BP * self.side.sign * (self.avg_px - benchmark_px) / benchmark_px


@dataclass(slots=True)
class ArmLessons:
    """The lessons of one arm, added up. Lots."""

    lessons: int = 0
    sent_lots: int = 0
    filled_lots: int = 0
    marks: int = 0
    marked_bp: float = 0.0

    def add(self, lesson: Learn) -> None:
        """One more."""
        self.lessons += 1
        self.sent_lots += lesson.sent_lots
        self.filled_lots += lesson.filled_lots
        if lesson.markout_bp is not None:
            self.marks += 1
            self.marked_bp += lesson.markout_bp

    def mark(self, markout: LearnMarkout) -> None:
        """What the price did after a fill: the main horizon is the one that is told."""
        if markout.horizon == MAIN_HORIZON and markout.markout_bp is not None:
            self.marks += 1
            self.marked_bp += markout.markout_bp

    @property
    def fill_ratio(self) -> float:
        """Filled over asked."""
        return self.filled_lots / self.sent_lots if self.sent_lots else 0.0

    @property
    def markout_bp(self) -> float:
        """Mean adverse move after its fills, bp; + is bad."""
        return self.marked_bp / self.marks if self.marks else 0.0


@dataclass(slots=True)
class Account:
    """Everything of a state folder that costs are made of."""

    orders: dict[str, OrderCost] = field(default_factory=dict)
    arms: dict[str, ArmLessons] = field(default_factory=dict)
    """What each arm was asked for and gave."""
    rejects: int = 0


def read_account(state: Path, venues: Mapping[str, Venue]) -> Account:
    """The account of a state folder; a daemon may be writing in it.

    Raises:
        ForeignState, JournalBroken: the folder is not ours, or damaged.
    """
    storage = FileStorage(state, read_only=True)
    return account((step for _, step in read_steps(storage, live=True)), venues)


def account(steps: Iterable[Step], venues: Mapping[str, Venue]) -> Account:
    """The account of a history."""
    found = Account()
    for step in steps:
        for command in step.commands:
            match command:
                case OpenParent():
                    found.orders[command.parent_id] = OrderCost(
                        parent_id=command.parent_id,
                        cl_ord_id=command.cl_ord_id,
                        symbol=command.terms.symbol,
                        side=command.terms.side,
                        order_qty=command.terms.order_qty,
                        arrival_px=command.arrival_mid / 2,
                        opened_at=step.now,
                    )
                case Decide():
                    order = found.orders[command.parent_id]
                    order.decisions += 1
                    order.arrival_px = order.arrival_px or command.mid / 2  # as the core has it
                case SendChild():
                    order = found.orders[command.parent_id]
                    order.children += 1
                    order.venues.setdefault(command.mic, VenueCost()).children += 1
                case Report():
                    _report(found, command, step.now, venues)
                case Learn():
                    found.arms.setdefault(command.arm, ArmLessons()).add(command)
                case LearnMarkout():
                    found.arms.setdefault(command.arm, ArmLessons()).mark(command)
                case RefuseCancel() | RefuseMessage():
                    found.rejects += 1
                case _:
                    pass
    return found


def _report(found: Account, report: Report, now: int, venues: Mapping[str, Venue]) -> None:
    found.rejects += report.exec_type is ExecType.REJECTED
    order = found.orders.get(report.parent_id)
    if order is None or report.exec_type is ExecType.ORDER_STATUS:
        return
    order.ord_status = report.ord_status.value
    order.order_qty = report.terms.order_qty
    order.ended_at = now
    order.cum_qty, order.notional = report.cum_qty, report.notional
    if report.exec_type is ExecType.TRADE:
        profile = venues[report.last_mkt]
        fee = profile.make_fee if report.liquidity == "1" else profile.take_fee
        part = order.venues.setdefault(report.last_mkt, VenueCost())
        part.qty += report.last_qty
        part.notional += report.last_qty * report.last_px
        part.fees += report.last_qty * fee
        part.fills += 1
        order.fees += report.last_qty * fee
        order.fills += 1


def interval_vwap(state: Path, symbol: str, start: int, end: int) -> tuple[float, int]:
    """VWAP over lit prints in [start, end], own prints included: price units, and shares.

    (0, 0) if nothing was printed. An order that is much of the volume moves this benchmark itself.
    """
    return vwap(read_market(FileStorage(state, read_only=True)), symbol, start, end)


def vwap(records: Iterable[MarketRecord], symbol: str, start: int, end: int) -> tuple[float, int]:
    """The same over records of the market file."""
    value = shares = 0
    for record in records:
        if not start <= record.now <= end:
            continue
        event = decode_step(record.data).event
        if not isinstance(event, MarketDataReceived) or event.symbol != symbol or event.snapshot:
            continue
        for entry in event.entries:
            if entry.entry_type == TRADE:
                value += entry.qty * entry.px
                shares += entry.qty
    return (value / shares if shares else 0.0), shares


def price(units: float) -> float:
    """Price units as currency."""
    return units / PX_SCALE
