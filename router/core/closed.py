"""Orders that are over, kept small: of each what a late report, a question or a repeated
ClOrdID(11) may still need, as one piece of bytes, and the names by which it is found.

Owns that form: what it leaves out is of no use to an order whose children have all ended, been
learned from and seen their last markout. Must not know when an order is put away, or forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from router.core.orders import NO_CONTEXT, Child, ChildStatus, Context, Fill, Parent
from router.messages import OrderTerms
from router.model import OrdStatus, OrdType, Side, Tactic, TimeInForce
from router.ports import MARKOUT_HORIZONS


class Order(NamedTuple):
    """A parent with everything that belongs to it."""

    parent: Parent
    children: list[Child]
    fills: dict[str, Fill]
    """By key; an amended execution stands under two."""


class _Terms(msgspec.Struct, array_like=True, gc=False):
    """`OrderTerms`, field by field."""

    symbol: str
    side: Side
    order_qty: int
    ord_type: OrdType
    time_in_force: TimeInForce
    price: int | None
    account: str
    min_qty: int
    effective_time: int
    expire_time: int
    algo: str
    params: dict[str, str]
    reply_to: str


class _Fill(msgspec.Struct, array_like=True, gc=False):
    key: str
    exec_id: str
    """Empty if it is the key."""
    qty: int
    px: int
    liquidity: str
    told_qty: int
    told_px: int
    became: str = ""


class _Child(msgspec.Struct, array_like=True, gc=False):
    cl_ord_id: str
    cancel_ids: tuple[str, ...]
    fills: list[_Fill]
    mic: str
    tactic: Tactic
    qty: int
    status: ChildStatus
    cum_qty: int
    notional: int
    mark_mid: int
    context: Context | None
    """Only of a child without a ticket: an execution that comes late opens one."""
    amended_early: dict[str, tuple[str, int, int]] | None
    unresolved: bool = False


class _Order(msgspec.Struct, array_like=True, gc=False):
    session: str
    client_ids: list[str]
    children: list[_Child]
    cl_ord_id: str
    terms: _Terms
    policy: str
    policy_hash: str
    algo: str
    algo_params: dict[str, str]
    start_time: int
    end_time: int
    expire_at: int
    arrival_mid: int
    opened_at: int
    status: OrdStatus
    cum_qty: int
    notional: int
    fees: int
    filled_by: dict[str, int]
    filled_by_type: dict[str, int]
    algo_at: int
    cum_at_decision: int
    learner: str
    champion: str
    rounds: int
    volume: int
    narrowed_by: str = ""
    loads: int = 0
    unanswered: list[str] = []


class _FillNames(msgspec.Struct, array_like=True, gc=False):
    key: str
    exec_id: str


class _ChildNames(msgspec.Struct, array_like=True, gc=False):
    cl_ord_id: str
    cancel_ids: tuple[str, ...]
    fills: list[_FillNames]


class _Names(msgspec.Struct, array_like=True, gc=False):
    """The front of an `_Order`, which is all that an index of it needs."""

    session: str
    client_ids: list[str]
    children: list[_ChildNames]


_encoder = msgspec.msgpack.Encoder()
_orders = msgspec.msgpack.Decoder(_Order)
_names = msgspec.msgpack.Decoder(_Names)


class ClosedOrders:
    """Orders that are over, by OrderID, by the ClOrdIDs of their children and by their fills."""

    def __init__(self, kept: Iterable[tuple[str, bytes]] = ()) -> None:
        self._orders = dict(kept)
        self._by_child: dict[str, str] = {}
        """Children, and cancels of them, to OrderIDs."""
        self._by_fill: dict[str, str] = {}
        for parent_id, data in self._orders.items():
            self._index(parent_id, _names.decode(data))

    def __len__(self) -> int:
        return len(self._orders)

    def __contains__(self, parent_id: str) -> bool:
        return parent_id in self._orders

    def items(self) -> list[tuple[str, bytes]]:
        """All of them as they are kept, in the order in which they were put away."""
        return list(self._orders.items())

    def newest(self) -> Iterator[Order]:
        """One by one, the one that was put away last first."""
        return (_order(parent_id, self._orders[parent_id]) for parent_id in reversed(self._orders))

    def put(self, order: Order) -> None:
        """Put an order away. It must be over, with nothing to be learned from it."""
        parent_id = order.parent.parent_id
        data = _encoder.encode(_closed(order))
        self._orders[parent_id] = data
        self._index(parent_id, _names.decode(data))

    def take(self, parent_id: str) -> Order:
        """Take an order out again."""
        order = _order(parent_id, self._orders.pop(parent_id))
        for child in order.children:
            for name in (child.cl_ord_id, *child.cancel_ids):
                del self._by_child[name]
        for key in order.fills:
            del self._by_fill[key]
        return order

    def look(self, parent_id: str) -> Order | None:
        """An order as it stands, which stays where it is."""
        data = self._orders.get(parent_id)
        return None if data is None else _order(parent_id, data)

    def of_child(self, name: str) -> str:
        """The OrderID of a child, or of a cancel of one; empty if it is not among these."""
        return self._by_child.get(name, "")

    def has_fill(self, key: str) -> bool:
        """True if one of these orders has an execution of that key."""
        return key in self._by_fill

    def fill(self, key: str) -> Fill | None:
        """An execution as it stands."""
        order = self.look(self._by_fill.get(key, ""))
        return None if order is None else order.fills[key]

    def _index(self, parent_id: str, names: _Names) -> None:
        for child in names.children:
            for name in (child.cl_ord_id, *child.cancel_ids):
                self._by_child[name] = parent_id
            for fill in child.fills:
                self._by_fill[fill.key] = parent_id
                if fill.exec_id:
                    self._by_fill[fill.exec_id] = parent_id


def _closed(order: Order) -> _Order:
    parent = order.parent
    return _Order(
        session=parent.session,
        client_ids=parent.client_ids,
        children=[_closed_child(child, order.fills) for child in order.children],
        cl_ord_id=parent.cl_ord_id,
        terms=_Terms(*msgspec.structs.astuple(parent.terms)),
        policy=parent.policy,
        policy_hash=parent.policy_hash,
        algo=parent.algo,
        algo_params=parent.algo_params,
        start_time=parent.start_time,
        end_time=parent.end_time,
        expire_at=parent.expire_at,
        arrival_mid=parent.arrival_mid,
        opened_at=parent.opened_at,
        status=parent.status,
        cum_qty=parent.cum_qty,
        notional=parent.notional,
        fees=parent.fees,
        filled_by=parent.filled_by,
        filled_by_type=parent.filled_by_type,
        algo_at=parent.algo_at,
        cum_at_decision=parent.cum_at_decision,
        learner=parent.learner,
        champion=parent.champion,
        rounds=parent.rounds,
        volume=parent.volume,
        narrowed_by=parent.narrowed_by,
        loads=parent.loads,
        unanswered=parent.unanswered,
    )


def _closed_child(child: Child, fills: dict[str, Fill]) -> _Child:
    own = {id(fill): fill for fill in (fills[key] for key in child.fill_keys)}
    return _Child(
        cl_ord_id=child.cl_ord_id,
        cancel_ids=child.cancel_ids,
        fills=[
            _Fill(
                fill.key,
                "" if fill.exec_id == fill.key else fill.exec_id,
                fill.qty,
                fill.px,
                fill.liquidity,
                fill.told_qty,
                fill.told_px,
                fill.became,
            )
            for fill in own.values()
        ],
        mic=child.mic,
        tactic=child.tactic,
        qty=child.qty,
        status=child.status,
        cum_qty=child.cum_qty,
        notional=child.notional,
        mark_mid=child.mark_mid,
        context=None if child.mark_mid else child.context,
        amended_early=child.amended_early or None,
        unresolved=child.unresolved,
    )


def _order(parent_id: str, data: bytes) -> Order:
    row = _orders.decode(data)
    terms = OrderTerms(*msgspec.structs.astuple(row.terms))
    parent = Parent(
        parent_id=parent_id,
        session=row.session,
        cl_ord_id=row.cl_ord_id,
        terms=terms,
        policy=row.policy,
        policy_hash=row.policy_hash,
        algo=row.algo,
        algo_params=row.algo_params,
        start_time=row.start_time,
        end_time=row.end_time,
        expire_at=row.expire_at,
        arrival_mid=row.arrival_mid,
        opened_at=row.opened_at,
        status=row.status,
        cum_qty=row.cum_qty,
        notional=row.notional,
        fees=row.fees,
        children=[child.cl_ord_id for child in row.children],
        filled_by=row.filled_by,
        filled_by_type=row.filled_by_type,
        client_ids=row.client_ids,
        algo_at=row.algo_at,
        cum_at_decision=row.cum_at_decision,
        learner=row.learner,
        champion=row.champion,
        rounds=row.rounds,
        volume=row.volume,
        narrowed_by=row.narrowed_by,
        loads=row.loads,
        unanswered=row.unanswered,
    )
    order = Order(parent, [], {})
    for child in row.children:
        order.children.append(_child(parent_id, terms, child))
        for fill in child.fills:
            found = _fill(child, fill)
            order.fills[found.key] = order.fills[found.exec_id] = found
    return order


def _child(parent_id: str, terms: OrderTerms, row: _Child) -> Child:
    return Child(
        cl_ord_id=row.cl_ord_id,
        parent_id=parent_id,
        decision=0,
        mic=row.mic,
        tactic=row.tactic,
        symbol=terms.symbol,
        side=terms.side,
        qty=row.qty,
        price=None,
        min_qty=0,
        sent_at=0,
        cancel_at=0,
        context=row.context or NO_CONTEXT,
        status=row.status,
        cum_qty=row.cum_qty,
        notional=row.notional,
        cancel_ids=row.cancel_ids,
        mark_mid=row.mark_mid,
        horizon=len(MARKOUT_HORIZONS) if row.mark_mid else 0,
        learned=True,
        fill_keys=tuple(key for fill in row.fills for key in dict.fromkeys(_keys(fill))),
        amended_early=row.amended_early,
        unresolved=row.unresolved,
    )


def _keys(fill: _Fill) -> tuple[str, str]:
    return fill.key, fill.exec_id or fill.key


def _fill(child: _Child, row: _Fill) -> Fill:
    return Fill(
        row.key,
        child.cl_ord_id,
        row.qty,
        row.px,
        child.mic,
        row.liquidity,
        row.exec_id or row.key,
        told_qty=row.told_qty,
        told_px=row.told_px,
        became=row.became,
    )
