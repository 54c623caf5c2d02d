"""The book: whole event lists, price-time priority, conservation, and a naive book as the judge."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from venues.matching import (
    NO_LIQUIDITY,
    NOT_ALL,
    WOULD_CROSS,
    Added,
    Book,
    BookEvent,
    Dropped,
    Removed,
    Renamed,
    Traded,
)


def a_book(*orders: tuple[int, int, int, int]) -> Book:
    """Resting (id, side, shares, price)."""
    book = Book()
    for order_id, side, qty, px in orders:
        book.submit(order_id, side=side, qty=qty, px=px)
    return book


def test_an_order_that_meets_nobody_rests() -> None:
    book = Book()
    assert book.submit(1, side=1, qty=100, px=10) == [Added(1, 1, 100, 10)]
    assert book.depth(1, 5) == ((10, 100),)
    assert (book.best(1), book.best(-1)) == (10, None)


def test_the_older_of_two_orders_at_a_price_is_filled_first() -> None:
    book = a_book((1, -1, 100, 10), (2, -1, 100, 10))
    assert book.submit(3, side=1, qty=150, px=10) == [
        Traded(1, 3, 1, 100, 10, 0, 50),
        Traded(2, 3, 1, 50, 10, 50, 0),
    ]


def test_a_better_price_goes_before_an_older_order() -> None:
    book = a_book((1, 1, 100, 9), (2, 1, 100, 10))
    assert book.submit(3, side=-1, qty=200, px=9) == [
        Traded(2, 3, -1, 100, 10, 0, 100),
        Traded(1, 3, -1, 100, 9, 0, 0),
    ]


def test_what_a_limit_order_cannot_trade_rests_at_its_limit() -> None:
    book = a_book((1, -1, 100, 10), (2, -1, 100, 12))
    assert book.submit(3, side=1, qty=250, px=11) == [
        Traded(1, 3, 1, 100, 10, 0, 150),
        Added(3, 1, 150, 11),
    ]
    assert (book.depth(1, 5), book.depth(-1, 5)) == (((11, 150),), ((12, 100),))


def test_a_market_order_takes_through_prices_and_drops_the_rest() -> None:
    book = a_book((1, -1, 100, 10), (2, -1, 100, 12))
    assert book.submit(3, side=1, qty=250, px=None) == [
        Traded(1, 3, 1, 100, 10, 0, 150),
        Traded(2, 3, 1, 100, 12, 0, 50),
        Dropped(3, 50, NO_LIQUIDITY),
    ]


def test_immediate_or_cancel_never_rests() -> None:
    book = a_book((1, -1, 100, 10))
    assert book.submit(3, side=1, qty=150, px=10, rests=False) == [
        Traded(1, 3, 1, 100, 10, 0, 50),
        Dropped(3, 50, NO_LIQUIDITY),
    ]
    assert book.depth(1, 5) == ()


def test_fill_or_kill_trades_everything_or_nothing() -> None:
    book = a_book((1, -1, 100, 10), (2, -1, 100, 11))
    assert book.submit(3, side=1, qty=201, px=11, all_or_none=True) == [Dropped(3, 201, NOT_ALL)]
    assert book.submit(4, side=1, qty=101, px=10, all_or_none=True) == [Dropped(4, 101, NOT_ALL)]
    assert book.submit(5, side=1, qty=200, px=11, all_or_none=True) == [
        Traded(1, 5, 1, 100, 10, 0, 100),
        Traded(2, 5, 1, 100, 11, 0, 0),
    ]


def test_a_post_only_order_is_dropped_where_it_would_take() -> None:
    book = a_book((1, -1, 100, 10))
    assert book.submit(2, side=1, qty=50, px=10, post_only=True) == [Dropped(2, 50, WOULD_CROSS)]
    assert book.submit(3, side=1, qty=50, px=9, post_only=True) == [Added(3, 1, 50, 9)]


def test_a_cancel_takes_out_all_or_part_and_keeps_the_place() -> None:
    book = a_book((1, 1, 300, 10), (2, 1, 100, 10))
    assert book.cancel(1, 200) == [Removed(1, 1, 200, 10, 100)]
    assert [each.order_id for each in book.queue(1, 10)] == [1, 2]
    assert book.cancel(1) == [Removed(1, 1, 100, 10, 0)]
    assert book.cancel(1) == []
    assert book.depth(1, 5) == ((10, 100),)


def test_a_smaller_replace_keeps_its_place_under_its_new_name() -> None:
    book = a_book((1, 1, 300, 10), (2, 1, 100, 10))
    assert book.replace(1, new_id=3, qty=200, px=10) == [Removed(1, 1, 100, 10, 200), Renamed(3, 1)]
    assert book.submit(4, side=-1, qty=250, px=10) == [
        Traded(3, 4, -1, 200, 10, 0, 50),
        Traded(2, 4, -1, 50, 10, 50, 0),
    ]


def test_a_larger_or_repriced_order_queues_again() -> None:
    book = a_book((1, 1, 100, 10), (2, 1, 100, 10))
    assert book.replace(1, new_id=1, qty=200, px=10) == [
        Removed(1, 1, 100, 10, 0),
        Added(1, 1, 200, 10),
    ]
    assert [each.order_id for each in book.queue(1, 10)] == [2, 1]
    assert book.replace(2, new_id=5, qty=100, px=9) == [
        Removed(2, 1, 100, 10, 0),
        Added(5, 1, 100, 9),
    ]


def test_a_replace_through_the_touch_trades() -> None:
    book = a_book((1, 1, 100, 9), (2, -1, 60, 10))
    assert book.replace(1, new_id=3, qty=100, px=10) == [
        Removed(1, 1, 100, 9, 0),
        Traded(2, 3, 1, 60, 10, 0, 40),
        Added(3, 1, 40, 10),
    ]


# --- a naive book: one list, sorted anew for every order ------------------------------------------


@dataclass
class NaiveOrder:
    order_id: int
    side: int
    qty: int
    px: int
    age: int


@dataclass
class NaiveBook:
    orders: list[NaiveOrder] = field(default_factory=list)
    clock: int = 0

    def submit(
        self, order_id: int, side: int, qty: int, px: int | None, tif: str
    ) -> list[BookEvent]:
        def acceptable(order: NaiveOrder) -> bool:
            crosses = px is None or (order.px <= px if side > 0 else order.px >= px)
            return order.side != side and crosses

        others = sorted(filter(acceptable, self.orders), key=lambda o: (side * o.px, o.age))
        if tif == "post" and others:
            return [Dropped(order_id, qty, WOULD_CROSS)]
        if tif == "fok" and sum(o.qty for o in others) < qty:
            return [Dropped(order_id, qty, NOT_ALL)]
        events: list[BookEvent] = []
        for other in others:
            if not qty:
                break
            done = min(qty, other.qty)
            qty -= done
            other.qty -= done
            events.append(Traded(other.order_id, order_id, side, done, other.px, other.qty, qty))
        self.orders = [o for o in self.orders if o.qty]
        if qty and px is not None and tif in ("day", "post"):
            self.clock += 1
            self.orders.append(NaiveOrder(order_id, side, qty, px, self.clock))
            events.append(Added(order_id, side, qty, px))
        elif qty:
            events.append(Dropped(order_id, qty, NO_LIQUIDITY))
        return events

    def cancel(self, order_id: int, qty: int | None) -> list[BookEvent]:
        for order in self.orders:
            if order.order_id == order_id:
                gone = order.qty if qty is None else min(qty, order.qty)
                order.qty -= gone
                self.orders = [o for o in self.orders if o.qty]
                return [Removed(order_id, order.side, gone, order.px, order.qty)]
        return []

    def replace(self, order_id: int, new_id: int, qty: int, px: int) -> list[BookEvent]:
        order = next(o for o in self.orders if o.order_id == order_id)
        if px == order.px and qty <= order.qty:
            events: list[BookEvent] = []
            if qty < order.qty:
                events += self.cancel(order_id, order.qty - qty)
            order.order_id = new_id
            return [*events, Renamed(new_id, order_id)]
        side = order.side
        return self.cancel(order_id, None) + self.submit(new_id, side, qty, px, "day")

    def depth(self, side: int) -> tuple[tuple[int, int], ...]:
        prices = sorted({o.px for o in self.orders if o.side == side}, reverse=side > 0)
        return tuple(
            (px, sum(o.qty for o in self.orders if (o.side, o.px) == (side, px))) for px in prices
        )


_prices = st.integers(1, 8)
_shares = st.integers(1, 9)
_actions = st.one_of(
    st.tuples(
        st.just("submit"),
        st.sampled_from((1, -1)),
        _shares,
        st.none() | _prices,
        st.sampled_from(("day", "ioc", "fok", "post")),
    ),
    st.tuples(st.just("cancel"), st.integers(1, 40), st.none() | _shares),
    st.tuples(st.just("replace"), st.integers(0, 40), _shares, _prices),
)


@settings(max_examples=400)
@given(st.lists(_actions, max_size=40))
def test_every_history_is_that_of_the_naive_book(actions: list[tuple[object, ...]]) -> None:
    book, naive = Book(), NaiveBook()
    for number, action in enumerate(actions, start=1):
        match action:
            case ("submit", int(side), int(qty), px, tif):
                assert px is None or isinstance(px, int)
                got = book.submit(
                    number,
                    side=side,
                    qty=qty,
                    px=px,
                    rests=tif in ("day", "post"),
                    all_or_none=tif == "fok",
                    post_only=tif == "post",
                )
                want = naive.submit(number, side, qty, px, str(tif))
            case ("cancel", int(order_id), part):
                assert part is None or isinstance(part, int)
                got, want = book.cancel(order_id, part), naive.cancel(order_id, part)
            case ("replace", int(which), int(qty), int(px)) if naive.orders:
                order_id = naive.orders[which % len(naive.orders)].order_id
                got = book.replace(order_id, new_id=number, qty=qty, px=px)
                want = naive.replace(order_id, number, qty, px)
            case _:
                continue
        assert got == want
        assert book.depth(1, 99) == naive.depth(1)
        assert book.depth(-1, 99) == naive.depth(-1)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from((1, -1)), _shares, _prices), max_size=40))
def test_no_share_is_made_or_lost(orders: list[tuple[int, int, int]]) -> None:
    book = Book()
    entered = {1: 0, -1: 0}
    traded = 0
    for number, (side, qty, px) in enumerate(orders):
        entered[side] += qty
        events = book.submit(number, side=side, qty=qty, px=px)
        traded += sum(event.qty for event in events if isinstance(event, Traded))
        for one in (1, -1):
            resting = sum(shares for _, shares in book.depth(one, 99))
            assert entered[one] == traded + resting
        bid, offer = book.best(1), book.best(-1)
        assert bid is None or offer is None or bid < offer
