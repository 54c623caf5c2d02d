"""The price and the fills of a call auction, by hand and against every price there is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venues.auction import Clearing, Interest, clear


def book(*orders: tuple[int, int, int | None]) -> list[Interest]:
    """Orders as (side, shares, limit), named a, b, c... in time order."""
    return [
        Interest("abcdefgh"[number], side, qty, px) for number, (side, qty, px) in enumerate(orders)
    ]


def test_the_price_of_most_shares_wins() -> None:
    # At 100: 300 wanted, 200 offered. At 101: 300 and 500 -> 300. At 102: 100 and 500 -> 100.
    orders = book((1, 200, 101), (1, 100, 102), (-1, 200, 100), (-1, 300, 101))
    assert clear(orders, reference=100, tick=1) == Clearing(
        101, 300, -200, (("b", 100), ("a", 200), ("c", 200), ("d", 100))
    )


def test_of_equal_volumes_the_smaller_surplus_wins() -> None:
    # 200 trade at 100, 101 and 102; nobody is left over but at 100, where c joins the buyers.
    orders = book((1, 200, 102), (-1, 200, 100), (1, 50, 100))
    won = clear(orders, reference=100, tick=1)
    assert won is not None
    assert (won.px, won.qty, won.surplus) == (101, 200, 0)


@pytest.mark.parametrize(("reference", "px"), [(90, 95), (98, 98), (103, 103), (120, 105)])
def test_of_equal_surpluses_the_nearest_to_the_reference_wins(reference: int, px: int) -> None:
    won = clear(book((1, 100, 105), (-1, 100, 95)), reference=reference, tick=1)
    assert won is not None
    assert won.px == px


def test_of_two_prices_as_near_the_higher_wins_and_both_are_on_the_tick() -> None:
    won = clear(book((1, 100, 110), (-1, 100, 90)), reference=95, tick=10)
    assert won is not None
    assert won.px == 100


def test_orders_without_a_limit_come_first_and_meet_at_the_reference() -> None:
    orders = book((1, 100, 101), (1, 100, None), (-1, 150, None))
    assert clear(orders, reference=100, tick=1) == Clearing(
        100, 150, 50, (("b", 100), ("a", 50), ("c", 150))
    )


def test_of_equal_limits_the_earlier_order_comes_first() -> None:
    orders = book((-1, 100, 100), (-1, 100, 99), (-1, 100, 100), (1, 250, 100))
    won = clear(orders, reference=100, tick=1)
    assert won is not None
    assert won.fills == (("d", 250), ("b", 100), ("a", 100), ("c", 50))


@pytest.mark.parametrize("orders", [book(), book((1, 100, 99), (-1, 100, 100)), book((1, 9, None))])
def test_who_cannot_meet_does_not_trade(orders: list[Interest]) -> None:
    assert clear(orders, reference=100, tick=1) is None


_orders = st.lists(
    st.tuples(st.sampled_from((1, -1)), st.integers(1, 9), st.none() | st.integers(95, 105)),
    max_size=8,
)


@given(_orders, st.integers(93, 107))
def test_no_price_is_better_and_what_is_left_does_not_cross(
    given_orders: list[tuple[int, int, int | None]], reference: int
) -> None:
    orders = book(*given_orders)

    def rank(px: int) -> tuple[int, int, int]:
        wanted = sum(q for s, q, limit in given_orders if s > 0 and (limit is None or limit >= px))
        offered = sum(q for s, q, limit in given_orders if s < 0 and (limit is None or limit <= px))
        return min(wanted, offered), -abs(wanted - offered), -abs(px - reference)

    won = clear(orders, reference=reference, tick=1)
    best = max(rank(px) for px in range(80, 121))
    if won is None:
        assert best[0] == 0
        return
    assert rank(won.px) == best
    got = dict(won.fills)
    left = {each.order_id: each.qty - got.get(each.order_id, 0) for each in orders}
    assert min(left.values()) >= 0
    for side in (1, -1):
        assert sum(got.get(each.order_id, 0) for each in orders if each.side == side) == won.qty
    assert all(each.accepts(won.px) for each in orders if each.order_id in got)
    bids = [each.px or 10**6 for each in orders if each.side > 0 and left[each.order_id]]
    offers = [each.px or 0 for each in orders if each.side < 0 and left[each.order_id]]
    assert not bids or not offers or max(bids) < min(offers)
