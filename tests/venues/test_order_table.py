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


@pytest.mark.parametrize("happening", [one for one in Happening if one is not Happening.ACCEPTED])
def test_nothing_happens_to_a_filled_order(happening: Happening) -> None:
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
