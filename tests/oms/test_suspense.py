"""What a venue tells and nobody can place: the suspense book (reliability.md F-15, F-16, F-17)."""

from __future__ import annotations

import pytest

from router.core.suspense import SUSPENSE_MAX
from router.messages import AssignRequested, DismissRequested
from router.model import PX_SCALE
from tests.oms.desk import Desk
from tests.oms.settling import QUESTION, cost, held, stranger


def test_an_execution_of_an_unknown_order_is_kept_whole_and_counted_at_once(desk: Desk) -> None:
    stranger(desk, "B", 100, "10", account="NORTHGATE")
    stranger(desk, "B", 100, "10", account="NORTHGATE")
    assert held(desk) == ["S1 unknown_order LIT_A B STRANGE 1 ACME 100@10 NORTHGATE"]
    assert cost(desk, "LIT_A") == 1_000, "told twice, counted once"
    assert cost(desk, "LIT_B") == 0
    state = desk.node.engine.state
    assert state.suspense.account_values == {"NORTHGATE": 1_000 * PX_SCALE}


def test_it_is_there_after_a_restart(desk: Desk) -> None:
    stranger(desk, "B", 100, "10")
    desk.kill()
    desk.boot()
    assert held(desk) == ["S1 unknown_order LIT_A B STRANGE 1 ACME 100@10 -"]
    assert cost(desk, "LIT_A") == 1_000


def test_what_is_assigned_is_booked_and_told_like_any_other(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    stranger(desk, "B", 300, "10")
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000"]
    desk.control(AssignRequested("S1", child.cl_ord_id, "ada", "their log says so"))
    assert desk.oms.heard() == ["8 X F/1 1000/300/700 +300@10 ~10"]
    assert (held(desk), cost(desk, "LIT_A")) == ([], 0)
    stranger(desk, "B", 300, "10")
    child.cum_qty = 0
    child.fill(300, "10", "B")
    assert desk.oms.heard() == [], "it is known, whoever it is said to be of"
    assert held(desk) == []
    child.fill(700, "10", "C")
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +700@10 ~10"]


@pytest.mark.parametrize("order", ["STRANGE", "", "A1-99"])
def test_it_is_not_assigned_to_what_is_not_there(desk: Desk, order: str) -> None:
    stranger(desk, "B", 300, "10")
    desk.control(AssignRequested("S1", order, "ada", "a mistake"))
    assert held(desk) == ["S1 unknown_order LIT_A B STRANGE 1 ACME 300@10 -"]


def test_what_is_dismissed_counts_no_more_and_does_not_come_again(desk: Desk) -> None:
    stranger(desk, "B", 300, "10")
    desk.control(DismissRequested("S1", "ada", "another desk's"))
    assert (held(desk), cost(desk, "LIT_A")) == ([], 0)
    stranger(desk, "B", 300, "10")
    assert held(desk) == []


def test_a_child_that_claims_it_takes_it_out(desk: Desk) -> None:
    desk.oms.order("X")
    stranger(desk, "B", 300, "10")
    desk.oms.heard()
    desk.a.child().fill(300, "10", "B")
    assert desk.oms.heard() == ["8 X F/1 1000/300/700 +300@10 ~10"]
    assert (held(desk), cost(desk, "LIT_A")) == ([], 0)


def test_a_bust_of_it_takes_it_out_and_a_correction_changes_it(desk: Desk) -> None:
    stranger(desk, "B", 300, "10")
    stranger(desk, "C", 200, "10", kind="G", ref="B")
    assert held(desk) == ["S2 unknown_order LIT_A C STRANGE 1 ACME 200@10 -"]
    assert cost(desk, "LIT_A") == 2_000
    stranger(desk, "D", 200, "0", kind="H", ref="C")
    assert (held(desk), cost(desk, "LIT_A")) == ([], 0)
    stranger(desk, "D", 200, "0", kind="H", ref="C")
    assert held(desk) == []


def test_a_bust_of_an_execution_that_never_came_waits_for_it_or_for_a_person(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    child.report("H", "0", "19=B|32=500|31=10|", exec_id="C")
    child.report("H", "0", "19=Q|32=500|31=10|", exec_id="D")
    assert [line.split()[:2] for line in held(desk)] == [
        ["S1", "unknown_ref"],
        ["S2", "unknown_ref"],
    ]
    child.cum_qty = -500
    child.fill(500, "10", "B")
    assert [line.split()[0] for line in held(desk)] == ["S2"], "the first has found what it busts"
    desk.control(AssignRequested("S2", child.cl_ord_id, "ada", "cannot be"))
    assert len(held(desk)) == 1, "it is no execution"
    desk.control(DismissRequested("S2", "ada", "the venue's mistake"))
    assert held(desk) == []


def test_an_exec_id_that_means_two_things_freezes_its_order(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    child.fill(200, "10", "B")
    desk.oms.heard(), desk.a.heard()
    child.fill(300, "10", "B")
    assert held(desk) == [f"S1 other_content LIT_A B {child.cl_ord_id} 1 ACME 300@10 -"]
    assert desk.oms.heard() == [], "the OMS was told of B already"
    assert desk.a.heard() == ["F c1"]
    parent_id = next(iter(desk.node.engine.state.frozen_parents))
    assert desk.node.engine.state.parents[parent_id].frozen.startswith("EXEC_ID_REUSED")
    child.report("F", "1", "32=300|31=10|", exec_id="B")
    assert len(held(desk)) == 1, "told once more it is the same"
    desk.control(AssignRequested("S1", child.cl_ord_id, "ada", "the venue says that it is real"))
    assert desk.oms.heard() == ["8 X F/1 1000/500/500 +300@10 ~10"]
    child.cancel()


def test_the_id_of_a_bust_that_is_used_for_a_fill_is_another_content(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(200, "10", "B")
    child.bust("B", 200, "C")
    child.fill(300, "10", "C")
    assert [line.split()[1] for line in held(desk)] == ["other_content"]


def test_too_much_in_suspense_closes_a_venue_until_it_is_settled() -> None:
    desk = Desk("limits.suspense={venue_max: 999}")
    desk.open()
    stranger(desk, "B", 100, "10")
    desk.oms.order("X")
    desk.wait(6)
    assert desk.a.heard() == [], "1,000 of 999"
    desk.control(DismissRequested("S1", "ada", "another desk's"))
    desk.wait(6)
    assert desk.a.heard()[:1] == ["D 1000@11 59=3"]


def test_a_full_book_goes_on_counting() -> None:
    desk = Desk(refold=False)
    desk.open()
    for number in range(SUSPENSE_MAX + 3):
        stranger(desk, f"B{number}", 1, "10", now=False)
    desk.run()
    assert len(held(desk)) == SUSPENSE_MAX + 1
    assert held(desk)[-1].split()[1] == "overflow"
    assert cost(desk, "LIT_A") == 10 * (SUSPENSE_MAX + 3), "the three beyond are one entry"
    last = held(desk)[-1].split()[0]
    desk.control(DismissRequested(last, "ada", "looked up in the journal"))
    assert cost(desk, "LIT_A") == 10 * SUSPENSE_MAX


# --- DontKnowTrade(Q) ---------------------------------------------------------------------------


@pytest.fixture
def disputing() -> Desk:
    """LIT_A takes a DontKnowTrade(Q); LIT_B does not."""
    made = Desk("venues.LIT_A.dk=ok", "venues.LIT_A.dk_after_s=3")
    made.open()
    return made


def test_a_trade_of_no_order_is_disputed_after_its_time(disputing: Desk) -> None:
    desk = disputing
    stranger(desk, "B", 300, "10")
    desk.wait(2.9)
    assert desk.a.heard() == []
    desk.wait(0.1)
    (told,) = desk.a.inbox
    said = {tag: told.get(tag) for tag in QUESTION}
    assert said == {"37": "V", "17": "B", "127": "D", "55": "ACME", "54": "1", "32": "300"}
    assert told.get("31") == "10"
    assert desk.node.engine.state.suspense.entries["LIT_A.20260105.B"].disputed
    assert cost(desk, "LIT_A") == 3_000, "it counts on: only a bust takes it back"
    desk.wait(30)
    assert len(desk.a.inbox) == 1


def test_what_finds_its_order_in_time_is_not_disputed(disputing: Desk) -> None:
    desk = disputing
    desk.oms.order("X")
    stranger(desk, "B", 1000, "10")
    desk.a.child().fill(1000, "10", "B")
    desk.wait(10)
    assert [each.msg_type for each in desk.a.inbox] == ["D"]


def test_a_venue_that_was_away_is_told_when_it_is_back(disputing: Desk) -> None:
    desk = disputing
    stranger(desk, "B", 300, "10")
    desk.a.drop()
    desk.wait(10)
    assert desk.a.inbox == []
    desk.a.connect()
    assert [each.msg_type for each in desk.a.inbox] == ["Q"]


def test_a_venue_whose_profile_says_nothing_is_told_nothing(desk: Desk) -> None:
    stranger(desk, "B", 300, "10")
    desk.wait(60)
    assert desk.a.heard() == []
