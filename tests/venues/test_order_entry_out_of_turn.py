"""What a venue may tell that is no ordinary course of things, in every version of FIX.

Scenarios J.1.a and J.1.b of the order state matrices, and our own: a fill before the
acknowledgement, beyond OrderQty, after the end, told twice; an order that was swallowed.
"""

from __future__ import annotations

import pytest

from router.fix.versions import FIX42, FIX44, FIX50SP2, Version
from tests.venues.order_entry_desk import Desk, fields


@pytest.fixture(params=[FIX42, FIX44, FIX50SP2], ids=lambda each: each.name)
def desk(request: pytest.FixtureRequest) -> Desk:
    version: Version = request.param
    return Desk(version=version)


def refs(desk: Desk) -> list[tuple[str, str]]:
    """ExecID(17) and ExecRefID(19) of what was told since the last time."""
    bodies = [fields(answer) for answer in desk.answers()]
    return [(body["17"], body.get("19", "")) for body in bodies]


def test_j_1_a_busts_and_corrections_of_a_filled_order(desk: Desk) -> None:
    desk.new("X")
    desk.accepted()
    desk.filled(100, 10, name="B")
    desk.filled(900, 11, name="C")
    desk.busted("B")
    desk.corrected("C", 900, 10)
    desk.filled(100, 12, name="D")
    desk.corrected("C'", 900, 12)
    assert desk.said() == [
        "8 X 0/0 1000/0/1000",
        "8 X F/1 1000/100/900 +100@10 ~10",
        "8 X F/2 1000/1000/0 +900@11 ~10.9",
        "8 X H/1 1000/900/100 ~11",
        "8 X G/1 1000/900/100 +900@10 ~10",
        "8 X F/2 1000/1000/0 +100@12 ~10.2",
        "8 X G/2 1000/1000/0 +900@12 ~12",
    ]


def test_j_1_a_19_names_what_is_taken_back_and_then_its_last_correction(desk: Desk) -> None:
    desk.new("X")
    desk.accepted()
    desk.filled(100, 10, name="B")
    desk.filled(900, 11, name="C")
    desk.busted("B")
    desk.corrected("C", 900, 10)
    desk.corrected("C'", 850, 10)
    (_, none), (b, _), (c, _), (_, of_b), (first, of_c), (_, of_first) = refs(desk)
    assert none == ""
    assert (of_b, of_c, of_first) == (b, c, first)


def test_j_1_b_a_bust_and_a_late_fill_of_a_cancelled_order(desk: Desk) -> None:
    desk.new("X")
    desk.accepted()
    desk.filled(500, 10, name="B")
    desk.canceled(unsolicited=True)
    desk.busted("B")
    desk.filled(400, 10, name="C", out_of_turn=True)
    assert desk.said()[2:] == [
        "8 X 4/4 1000/500/0 ~10",
        "8 X H/4 1000/0/0",
        "8 X F/4 1000/400/0 +400@10 ~10",
    ]


def test_a_bust_of_a_filled_order_that_is_then_cancelled_ends_it_once(desk: Desk) -> None:
    desk.new("X")
    desk.accepted()
    desk.filled(1000, 10, name="B")
    desk.busted("B")
    assert len(desk.entry.open_orders()) == 1
    desk.canceled(unsolicited=True)
    assert desk.entry.open_orders() == []
    assert desk.said()[2:] == ["8 X H/0 1000/0/1000", "8 X 4/4 1000/0/0"]


def test_a_fill_before_the_acknowledgement_which_tells_what_held_before(desk: Desk) -> None:
    desk.new("X")
    desk.filled(300, 10, out_of_turn=True)
    desk.accepted(out_of_turn=True)
    desk.filled(700, 10, name="E2")
    assert desk.said() == [
        "8 X F/1 1000/300/700 +300@10 ~10",
        "8 X 0/0 1000/0/1000",
        "8 X F/2 1000/1000/0 +700@10 ~10",
    ]


def test_the_venue_s_account_knows_better_than_a_late_acknowledgement(desk: Desk) -> None:
    desk.new("X")
    desk.filled(1000, 10, out_of_turn=True)
    desk.accepted(out_of_turn=True)
    assert [(each.cum_qty, each.leaves_qty) for each in desk.audit.records[-2:]] == [(1000, 0)] * 2


def test_a_fill_beyond_the_quantity(desk: Desk) -> None:
    desk.new("X")
    desk.accepted()
    desk.filled(1000, 10, name="B")
    desk.filled(200, 13, name="C", out_of_turn=True)
    desk.busted("C")
    assert desk.said()[2:] == [
        "8 X F/2 1000/1200/0 +200@13 ~10.5",
        "8 X H/2 1000/1000/0 ~10",
    ]


def test_a_fill_that_is_told_again_says_the_same_whatever_came_between(desk: Desk) -> None:
    desk.new("X")
    desk.accepted()
    desk.filled(300, 10, name="B")
    desk.filled(300, 12, name="C")
    desk.cancel("Y", "X")
    desk.canceled()
    desk.filled_again("B")
    bodies = [answer.body for answer in desk.answers()]
    assert bodies[-1] == bodies[1]


def test_an_order_that_is_taken_in_silence_is_known_when_it_is_asked_for(desk: Desk) -> None:
    desk.new("X")
    desk.accepted(told=False)
    desk.client("H", "11=X|55=SYN|54=1")
    desk.filled(1000, 10)
    assert desk.said() == ["8 X I/0 1000/0/1000", "8 X F/2 1000/1000/0 +1000@10 ~10"]


def test_a_swallowed_order_is_unknown_and_so_is_a_request_for_it(desk: Desk) -> None:
    desk.new("X")
    desk.cancel("Y", "X")
    desk.lost()
    desk.refused("1")
    desk.client("H", "11=X|55=SYN|54=1")
    assert desk.said() == [
        "8 Y(X) 6/6 1000/0/1000",
        "9 Y(X) 39=8 102=1 434=1",
        "8 X I/8 -/0/0 103=5",
    ], "the market's own refusal of the cancel answers nobody"


def test_a_market_that_does_not_say_that_it_means_it_has_a_bug(desk: Desk) -> None:
    desk.new("X")
    with pytest.raises(KeyError):
        desk.filled(100, 10)
    desk.new("Z")
    desk.accepted()
    with pytest.raises(AssertionError):
        desk.filled(1001, 10)
