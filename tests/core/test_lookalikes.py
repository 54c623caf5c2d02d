"""Orders of the same content are found without a look at all the others."""

from __future__ import annotations

import numpy as np

from router.core.lookalikes import Lookalikes
from router.model import OrdType, Side
from router.ports import LimitedOrder, SeenOrder


def seen(number: int, account: str = "A", qty: int = 100, price: int | None = 7) -> SeenOrder:
    return SeenOrder(number, f"C{number}", account, "ACME", Side.BUY, qty, price)


def like(of: SeenOrder) -> LimitedOrder:
    return LimitedOrder(
        order_id="NEW",
        is_child=False,
        session="OMS",
        account=of.account,
        symbol=of.symbol,
        side=of.side,
        qty=of.qty,
        added_qty=of.qty,
        ord_type=OrdType.LIMIT,
        price=of.price,
    )


def test_what_is_like_an_order_has_its_content_and_comes_oldest_first() -> None:
    found = Lookalikes(10)
    orders = [seen(1), seen(2, "B"), seen(3, qty=200), seen(4, price=None), seen(5), seen(6, "B")]
    found.extend(orders)
    assert list(found.like(like(seen(9)))) == [orders[0], orders[4]]
    assert list(found.like(like(seen(9, "B")))) == [orders[1], orders[5]]
    assert list(found.like(like(seen(9, price=8)))) == []
    assert list(found) == orders


def test_the_oldest_are_forgotten_and_leave_nothing_behind() -> None:
    draw = np.random.Generator(np.random.Philox(key=1))
    found = Lookalikes(20)
    orders = [seen(i, "ABC"[draw.integers(3)], int(draw.integers(1, 4))) for i in range(300)]
    for i, order in enumerate(orders):
        found.append(order)
        kept = orders[max(0, i - 19) : i + 1]
        alike = [each for each in kept if (each.account, each.qty) == (order.account, order.qty)]
        assert list(found.like(like(order))) == alike
        assert len(found) == len(kept)
    found.extend(seen(i, "D") for i in range(20))
    assert all(not list(found.like(like(order))) for order in orders)
