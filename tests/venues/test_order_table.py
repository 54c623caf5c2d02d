"""The table of a client's orders: what cannot happen, and what is forgotten."""

from __future__ import annotations

import pytest

from router.model import OrdStatus, OrdType, Side, TimeInForce
from venues.messages import VenueOrder
from venues.order_table import ClientOrder, Happening, OrderTable


def order(number: int) -> ClientOrder:
    terms = VenueOrder(f"R{number}", "SYN", Side.BUY, 100, OrdType.LIMIT, TimeInForce.DAY, 1)
    name = f"C{number}"
    return ClientOrder(f"R{number}", name, terms, terms, first_cl_ord_id=name)


TAKEN_BACK = {Happening.AMENDED_NONE, Happening.AMENDED_PARTLY, Happening.AMENDED_FULL}


@pytest.mark.parametrize("happening", [each for each in Happening if each not in TAKEN_BACK])
def test_nothing_happens_to_a_filled_order_by_itself(happening: Happening) -> None:
    one = order(1)
    one.apply(Happening.ACCEPTED)
    one.fill(qty=100, px=1)
    assert one.ord_status is OrdStatus.FILLED
    with pytest.raises(KeyError):
        one.apply(happening)


def test_an_order_cannot_trade_before_it_is_accepted() -> None:
    with pytest.raises(KeyError):
        order(1).fill(qty=10, px=1)


def test_an_order_cannot_trade_more_than_is_left() -> None:
    one = order(1)
    one.apply(Happening.ACCEPTED)
    one.fill(qty=60, px=1)
    with pytest.raises(AssertionError):
        one.fill(qty=41, px=1)


def test_out_of_turn_it_can_trade_before_that_and_beyond_it_and_afterwards() -> None:
    early, over, late = order(1), order(2), order(3)
    early.fill(qty=10, px=1, out_of_turn=True)
    early.apply(Happening.ACCEPTED, out_of_turn=True)
    assert (early.ord_status, early.leaves_qty) == (OrdStatus.PARTIALLY_FILLED, 90)
    over.apply(Happening.ACCEPTED)
    over.fill(qty=150, px=1, out_of_turn=True)
    over.fill(qty=50, px=1, out_of_turn=True)
    assert (over.ord_status, over.cum_qty, over.leaves_qty) == (OrdStatus.FILLED, 200, 0)
    late.apply(Happening.ACCEPTED)
    late.apply(Happening.CANCELED)
    late.fill(qty=100, px=1, out_of_turn=True)
    assert (late.ord_status, late.cum_qty, late.leaves_qty) == (OrdStatus.CANCELED, 100, 0)


def test_out_of_turn_is_no_word_for_anything() -> None:
    one = order(1)
    one.apply(Happening.REJECTED)
    with pytest.raises(KeyError):
        one.fill(qty=10, px=1, out_of_turn=True)
    with pytest.raises(KeyError):
        order(2).apply(Happening.DAY_OVER, out_of_turn=True)


def test_a_closed_order_that_is_live_again_is_not_forgotten() -> None:
    table = OrderTable(closed_max=1)
    first, second = order(1), order(2)
    for one in (first, second):
        table.add(one)
        one.apply(Happening.ACCEPTED)
        one.fill(qty=100, px=1)
    table.close(first)
    table.reopen(first)
    table.close(second)
    assert table.find("C1", "") is first


def test_a_swallowed_order_leaves_no_trace() -> None:
    table = OrderTable()
    one = order(1)
    table.add(one)
    table.name(one, "C1b")
    table.lose(one)
    assert [table.by_cl_ord_id(name) for name in ("C1", "C1b")] == [None, None]
    with pytest.raises(KeyError):
        table.by_ref("R1")


def test_the_oldest_closed_orders_are_forgotten_with_all_their_names() -> None:
    table = OrderTable(closed_max=1)
    orders = [order(number) for number in range(3)]
    for one in orders:
        table.add(one)
        one.apply(Happening.ACCEPTED)
    table.name(orders[0], "C0b")
    for one in orders[:2]:
        one.apply(Happening.CANCELED)
        table.close(one)
    assert [table.by_cl_ord_id(name) for name in ("C0", "C0b", "C1")] == [None, None, orders[1]]
    assert table.find("", "R0") is None
    assert table.find("", "R1") is orders[1]
    assert table.live() == [orders[2]]
