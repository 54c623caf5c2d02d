"""The orders of one client at one venue: their states, their names, and who may change either.

Owns OrdStatus(39) of a venue's order and the index from ClOrdID(11), OrderID(37) and the market's
order references. Knows nothing of messages, sessions or how a market decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from router.model import OrdStatus
from venues.messages import VenueOrder

CLOSED_ORDERS_MAX = 200_000
"""Closed orders that are remembered, for duplicate ClOrdIDs and status requests; older ones go."""


class Happening(Enum):
    """What the market can do to an order."""

    ACCEPTED = auto()
    REJECTED = auto()
    PARTLY_FILLED = auto()
    FILLED = auto()
    CANCELED = auto()
    DAY_OVER = auto()
    TIME_OVER = auto()
    REPLACED_OPEN = auto()
    REPLACED_DONE = auto()
    AMENDED_NONE = auto()
    """An execution was taken back or corrected: now nothing of the order has traded."""
    AMENDED_PARTLY = auto()
    AMENDED_FULL = auto()


_S = OrdStatus
_H = Happening
_TRADED = (_S.PARTIALLY_FILLED, _S.FILLED)
_ENDED = (_S.CANCELED, _S.DONE_FOR_DAY, _S.EXPIRED)
_TRANSITIONS: dict[tuple[OrdStatus, Happening], OrdStatus] = {
    (_S.PENDING_NEW, _H.ACCEPTED): _S.NEW,
    (_S.PENDING_NEW, _H.REJECTED): _S.REJECTED,
    (_S.PENDING_NEW, _H.CANCELED): _S.CANCELED,
    (_S.NEW, _H.PARTLY_FILLED): _S.PARTIALLY_FILLED,
    (_S.NEW, _H.FILLED): _S.FILLED,
    (_S.NEW, _H.CANCELED): _S.CANCELED,
    (_S.NEW, _H.DAY_OVER): _S.DONE_FOR_DAY,
    (_S.NEW, _H.TIME_OVER): _S.EXPIRED,
    (_S.NEW, _H.REPLACED_OPEN): _S.NEW,
    (_S.PARTIALLY_FILLED, _H.PARTLY_FILLED): _S.PARTIALLY_FILLED,
    (_S.PARTIALLY_FILLED, _H.FILLED): _S.FILLED,
    (_S.PARTIALLY_FILLED, _H.CANCELED): _S.CANCELED,
    (_S.PARTIALLY_FILLED, _H.DAY_OVER): _S.DONE_FOR_DAY,
    (_S.PARTIALLY_FILLED, _H.TIME_OVER): _S.EXPIRED,
    (_S.PARTIALLY_FILLED, _H.REPLACED_OPEN): _S.PARTIALLY_FILLED,
    (_S.PARTIALLY_FILLED, _H.REPLACED_DONE): _S.FILLED,
    # J.1.a: what was taken back is left to do again
    **{(status, _H.AMENDED_NONE): _S.NEW for status in _TRADED},
    **{(status, _H.AMENDED_PARTLY): _S.PARTIALLY_FILLED for status in _TRADED},
    **{(status, _H.AMENDED_FULL): _S.FILLED for status in _TRADED},
    # J.1.b: OrdStatus stays, CumQty moves
    **{
        (status, happening): status
        for status in _ENDED
        for happening in (_H.AMENDED_NONE, _H.AMENDED_PARTLY, _H.AMENDED_FULL)
    },
}
"""A pair that is not here cannot happen: a market that does it has a bug."""

_OUT_OF_TURN: dict[tuple[OrdStatus, Happening], OrdStatus] = {
    (_S.PENDING_NEW, _H.PARTLY_FILLED): _S.PARTIALLY_FILLED,
    (_S.PENDING_NEW, _H.FILLED): _S.FILLED,
    (_S.FILLED, _H.FILLED): _S.FILLED,
    **{
        (status, happening): status
        for status in _ENDED
        for happening in (_H.PARTLY_FILLED, _H.FILLED)
    },
    **{(status, _H.ACCEPTED): status for status in (*_TRADED, *_ENDED)},
}
"""What else can happen if the market says that it means it: fills before the acknowledgement,
after the end, and beyond OrderQty, and the acknowledgement after them."""

_LIVE = frozenset({_S.PENDING_NEW, _S.NEW, _S.PARTIALLY_FILLED})
_GONE = frozenset({*_ENDED, _S.REJECTED})


@dataclass(frozen=True, slots=True)
class Request:
    """A cancel or replace that the market has not answered yet."""

    cl_ord_id: str
    response_to: str
    """CxlRejResponseTo(434): `1` a cancel, `2` a replace."""
    new: VenueOrder | None = None

    @property
    def status(self) -> OrdStatus:
        """What the order shows while the request is open."""
        return OrdStatus.PENDING_REPLACE if self.new else OrdStatus.PENDING_CANCEL


@dataclass(slots=True)
class ClientOrder:
    """One order through all its replaces. `terms.order_ref` is the market's present name of it."""

    order_id: str
    cl_ord_id: str
    """The last accepted ClOrdID(11)."""
    terms: VenueOrder
    first: VenueOrder
    """The terms as first sent: what a repeated NewOrderSingle is compared with."""
    first_cl_ord_id: str
    account: str = ""
    cum_qty: int = 0
    notional: int = 0
    """Sum of quantity times price, price units times shares."""
    base_status: OrdStatus = OrdStatus.PENDING_NEW
    """OrdStatus without regard to open requests."""
    request: Request | None = None
    dropped: bool = False
    """The client is gone and the venue cancels what is left."""
    executions: dict[str, Execution] = field(default_factory=dict, repr=False)
    """What has traded, by the market's ExecID; a correction is one, too."""

    @property
    def is_live(self) -> bool:
        """True while the order may still trade."""
        return self.base_status in _LIVE

    @property
    def ord_status(self) -> OrdStatus:
        """OrdStatus(39) as reported: an open request outranks what may still be undone by it."""
        if self.request is None or self.base_status in _GONE:
            return self.base_status
        return self.request.status

    @property
    def leaves_qty(self) -> int:
        """LeavesQty(151): 0 once the order cannot trade any more."""
        return self.terms.qty - self.cum_qty if self.is_live else 0

    def apply(self, happening: Happening, *, out_of_turn: bool = False) -> None:
        """Move to the next state. `out_of_turn`: the market says that it means it.

        Raises:
            KeyError: if the market did what cannot be done in the present state.
        """
        step = (self.base_status, happening)
        following = _OUT_OF_TURN.get(step) if out_of_turn else None
        self.base_status = following or _TRANSITIONS[step]

    def fill(self, *, qty: int, px: int, out_of_turn: bool = False) -> None:
        """Book one execution; out of turn it may be of a closed order, or of more than is left."""
        assert qty > 0, (self.order_id, qty)
        assert out_of_turn or qty <= self.leaves_qty, (self.order_id, qty, self.leaves_qty)
        self.cum_qty += qty
        self.notional += qty * px
        done = self.cum_qty >= self.terms.qty
        happening = Happening.FILLED if done else Happening.PARTLY_FILLED
        self.apply(happening, out_of_turn=out_of_turn)

    def amend(self, execution: Execution, *, qty: int, px: int) -> None:
        """Let an execution have been of other shares, or (0) of none, and at another price."""
        self.cum_qty += qty - execution.qty
        self.notional += qty * px - execution.qty * execution.px
        assert self.cum_qty >= 0, (self.order_id, self.cum_qty)
        if not self.cum_qty:
            self.apply(Happening.AMENDED_NONE)
        elif self.cum_qty < self.terms.qty:
            self.apply(Happening.AMENDED_PARTLY)
        else:
            self.apply(Happening.AMENDED_FULL)

    def take_terms(self, new: VenueOrder, cl_ord_id: str) -> None:
        """Take the terms that a replace was granted: `new.qty` is not below what has traded."""
        assert new.qty >= self.cum_qty, (self.order_id, new.qty, self.cum_qty)
        self.terms = new
        self.cl_ord_id = cl_ord_id
        done = self.cum_qty == self.terms.qty
        self.apply(Happening.REPLACED_DONE if done else Happening.REPLACED_OPEN)


@dataclass(frozen=True, slots=True)
class Execution:
    """An execution as it was told."""

    exec_id: str
    """ExecID(17): what 19 of a bust or correction names."""
    at: int
    qty: int
    px: int
    liquidity: str
    told: ClientOrder
    """The order as it stood then."""


class OrderTable:
    """Finds orders by every name that they have or had."""

    def __init__(self, *, closed_max: int = CLOSED_ORDERS_MAX) -> None:
        self._by_name: dict[str, ClientOrder] = {}
        self._by_ref: dict[str, ClientOrder] = {}
        self._by_order_id: dict[str, ClientOrder] = {}
        self._names: dict[str, list[str]] = {}
        self._closed: dict[str, None] = {}
        self._closed_max = closed_max

    def add(self, order: ClientOrder) -> None:
        """Take a new order under its ClOrdID, OrderID and reference."""
        self._by_order_id[order.order_id] = order
        self._by_ref[order.terms.order_ref] = order
        self._names[order.order_id] = []
        self.name(order, order.cl_ord_id)

    def name(self, order: ClientOrder, cl_ord_id: str) -> None:
        """Remember one more ClOrdID of an order: a request's, used up even if it is refused."""
        assert cl_ord_id not in self._by_name, cl_ord_id
        self._by_name[cl_ord_id] = order
        self._names[order.order_id].append(cl_ord_id)

    def refer(self, order: ClientOrder, order_ref: str) -> None:
        """Remember one more reference that the market may use for an order."""
        self._by_ref[order_ref] = order

    def forget_ref(self, order_ref: str) -> None:
        """The market will not use this reference again."""
        self._by_ref.pop(order_ref, None)

    def by_cl_ord_id(self, cl_ord_id: str) -> ClientOrder | None:
        """The order that ever used this ClOrdID, its requests included."""
        return self._by_name.get(cl_ord_id)

    def by_ref(self, order_ref: str) -> ClientOrder:
        """The order that the market means.

        Raises:
            KeyError: if the reference was never given out.
        """
        return self._by_ref[order_ref]

    def find(self, cl_ord_id: str, order_id: str) -> ClientOrder | None:
        """The order by ClOrdID or, if that is not known, by OrderID."""
        return self._by_name.get(cl_ord_id) or self._by_order_id.get(order_id)

    def live(self) -> list[ClientOrder]:
        """Every order that may still trade, oldest first."""
        return [order for order in self._by_order_id.values() if order.is_live]

    def lose(self, order: ClientOrder) -> None:
        """Know nothing of an order any more, as if it had never come."""
        del self._by_order_id[order.order_id]
        self.forget_ref(order.terms.order_ref)
        for name in self._names.pop(order.order_id):
            del self._by_name[name]

    def reopen(self, order: ClientOrder) -> None:
        """Note that a closed order is live again: what it had done was taken back."""
        del self._closed[order.order_id]

    def close(self, order: ClientOrder) -> None:
        """Note that an order is closed; beyond the bound the oldest closed one is forgotten."""
        assert not order.is_live, order.order_id
        assert order.order_id not in self._closed, order.order_id
        self._closed[order.order_id] = None
        while len(self._closed) > self._closed_max:
            oldest = next(iter(self._closed))
            del self._closed[oldest]
            self.lose(self._by_order_id[oldest])
