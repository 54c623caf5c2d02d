"""Values that the tests of limits share: a context that answers what it was given, and orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

import risk
from router.model import PX_SCALE, Instrument, OrdType, Side, Tactic
from router.plugin import discover
from router.ports import Kill, Limit, LimitedOrder, SeenOrder

LIMITS = discover(risk, Limit)  # type: ignore[type-abstract]
MS = 1_000_000
PX = 50 * PX_SCALE
ACME = Instrument(symbol="ACME", tick=PX_SCALE // 100, lot=100, adv=2_000_000, currency="USD")


@dataclass(frozen=True)
class Context:
    """A LimitContext whose answers are its fields."""

    now: int = 0
    instruments: tuple[Instrument, ...] = (ACME,)
    reference: int = PX
    reference_age: int = 0
    book_age: int = 0
    open_value: int = 0
    messages: int = 0
    children: int = 0
    executions: int = 0
    recent: tuple[SeenOrder, ...] = ()
    engaged: tuple[Kill, ...] = ()
    suspense_value: int = 0
    suspended: int = 0

    def instrument(self, symbol: str) -> Instrument | None:
        return next((each for each in self.instruments if each.symbol == symbol), None)

    def reference_px(self, symbol: str) -> int:
        return self.reference

    def reference_age_ns(self, symbol: str) -> int:
        return self.reference_age

    def book_age_ns(self, symbol: str, mic: str) -> int:
        return self.book_age

    def open_notional(self, account: str) -> int:
        return self.open_value

    def suspense_notional(self, mic: str) -> int:
        return self.suspense_value

    def suspense_count(self, mic: str) -> int:
        return self.suspended

    def message_count(self, session: str, window_ns: int) -> int:
        return self.messages

    def child_count(self, mic: str, window_ns: int) -> int:
        return self.children

    def execution_count(self, algo: str, symbol: str, side: Side, window_ns: int) -> int:
        return self.executions

    def recent_orders(self, window_ns: int, like: LimitedOrder) -> Sequence[SeenOrder]:
        return tuple(each for each in self.recent if each.at > self.now - window_ns)

    def kills(self) -> Sequence[Kill]:
        return self.engaged


PARENT = LimitedOrder(
    order_id="C1",
    is_child=False,
    session="OMS",
    account="A",
    symbol="ACME",
    side=Side.BUY,
    qty=1_000,
    added_qty=1_000,
    ord_type=OrdType.LIMIT,
    price=PX,
)
CHILD = replace(
    PARENT, order_id="S1", is_child=True, mic="LIT_A", tactic=Tactic.LIT_TAKE, algo="sweep"
)


def parent(**changes: object) -> LimitedOrder:
    """The sample parent with changes; a new quantity adds all of itself."""
    if "qty" in changes:
        changes.setdefault("added_qty", changes["qty"])
    return replace(PARENT, **changes)


def child(**changes: object) -> LimitedOrder:
    """The sample child with changes."""
    if "qty" in changes:
        changes.setdefault("added_qty", changes["qty"])
    return replace(CHILD, **changes)
