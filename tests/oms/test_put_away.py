"""An order that is put away answers as one that is not: each scenario is played with both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from router.core import fold_ends
from router.messages import AssignRequested, SettleRequested
from router.model import NS
from tests.oms.copy_desk import CopyDesk
from tests.oms.desk import Desk
from tests.oms.peers import Child
from tests.oms.settling import held
from tests.oms.whole import children, parents

A_MINUTE = 61
"""Seconds in which the last markout of a fill is taken."""


@pytest.fixture(params=[1, 1 << 62], ids=["put away", "as it was"])
def rest_ns(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(fold_ends, "REST_NS", request.param)
    found: int = request.param
    return found


@pytest.fixture
def desk(rest_ns: int) -> Iterator[Desk]:
    made = Desk()
    made.open()
    yield made
    made.close()


def over(desk: Desk, rest_ns: int, *, fills: int = 1, qty: int = 1000) -> Child:
    """X is filled, in so many pieces, and everything is learned of it."""
    desk.oms.order("X", qty)
    child = desk.a.child()
    child.ack()
    for number in range(fills):
        child.fill(qty // fills, "10", f"E{number}")
    settled(desk, rest_ns)
    return child


def another_ends(desk: Desk) -> None:
    """An order that there is no price for, and that is taken back."""
    name = f"N{len(desk.node.engine.state.by_client_id)}"
    desk.data_a.book()
    desk.other.order(name, 100, px="8.9", extra=f"1={name}|")
    desk.other.cancel(f"C{name}", name)
    assert desk.other.heard()[-1].startswith(f"8 C{name}({name}) 4/4")


def settled(desk: Desk, rest_ns: int) -> None:
    """X waits for nothing any more; with no rest to take it is put away as soon as another ends."""
    desk.wait(A_MINUTE)
    another_ends(desk)
    state = desk.node.engine.state
    assert (state.by_client_id[("OMS", "X")] in state.closed) == (rest_ns == 1)
    desk.oms.heard(), desk.a.heard()


def test_a_cl_ord_id_that_comes_again_is_answered_with_its_state(desk: Desk, rest_ns: int) -> None:
    over(desk, rest_ns)
    desk.oms.order("X", 1000)
    assert desk.oms.heard() == ["8 X I/2 1000/1000/0"]
    desk.oms.order("X", 900)
    assert desk.oms.heard() == ["8 X 8/2 1000/1000/0 103=6 CLORDID_DUPLICATE"]
    assert desk.a.heard() == []


def test_questions_and_requests_are_answered(desk: Desk, rest_ns: int) -> None:
    over(desk, rest_ns)
    desk.oms.status("X")
    desk.oms.cancel("C", "X")
    desk.oms.replace("R", "X", 2000)
    assert desk.oms.heard() == [
        "8 X I/2 1000/1000/0",
        "9 C(X) 39=2 102=0 434=1 ORDER_CLOSED",
        "9 R(X) 39=2 102=0 434=2 ORDER_CLOSED",
    ]


def test_a_late_bust_is_told_and_opens_the_order_again(desk: Desk, rest_ns: int) -> None:
    child = over(desk, rest_ns, fills=2)
    child.bust("E0", 500, "B")
    assert desk.oms.heard() == ["8 X H/1 1000/500/500 19=E0 ~10"]
    desk.wait(1)
    assert desk.a.heard() == ["D 500@11 59=3"]
    desk.a.child().fill(500, "11", "F")
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +500@11 ~10.5"]
    settled(desk, rest_ns)
    child.correct("E1", 500, 500, "12", "G")
    assert desk.oms.heard() == ["8 X G/2 1000/1000/0 +500@12 19=E1 ~11.5"]


def test_a_late_bust_opens_it_until_the_day_ends(
    desk: Desk, rest_ns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the timer of its end was dropped meanwhile or not."""
    monkeypatch.setattr(fold_ends, "IDLE_TIMERS_MAX", 0)
    child = over(desk, rest_ns, fills=2)
    state = desk.node.engine.state
    for _ in range(6):
        another_ends(desk)
        desk.wait(8)  # timers of children and of algos are soon gone
    assert state.by_client_id[("OMS", "X")] not in {each.subject for each in state.timers}
    desk.data_a.book("9", "13")  # too dear for the rest of it
    child.bust("E0", 500, "B")
    desk.oms.heard()
    desk.wait(600)
    assert desk.oms.heard() == ["8 X 3/3 1000/500/0"]
    assert desk.a.heard() == []


def test_a_late_fill_of_a_canceled_order_is_told(desk: Desk, rest_ns: int) -> None:
    desk.oms.order("X", 1000)
    child = desk.a.child()
    child.ack()
    desk.oms.cancel("Y", "X")
    child.cancel()
    settled(desk, rest_ns)
    child.fill(400, "11", "D")
    assert desk.oms.heard() == ["8 X F/4 1000/400/0 +400@11 ~11"]
    ticket = children(desk.node.engine.state)[child.cl_ord_id]
    assert ticket.mark_mid > 0, "it teaches what the price does after it"
    assert len(ticket.context.features) == 16, "with what was known when it was decided"
    settled(desk, rest_ns)


def test_an_execution_that_comes_twice_is_told_once(desk: Desk, rest_ns: int) -> None:
    child = over(desk, rest_ns, fills=2)
    child.report("F", "2", "32=500|31=10|851=2|", exec_id="E1")
    assert (desk.oms.heard(), held(desk)) == ([], [])


def test_an_exec_id_that_amends_and_trades_is_told_once(desk: Desk, rest_ns: int) -> None:
    """A correction overtakes its execution, and its ExecID is a trade's before that comes."""
    desk.oms.order("X", 1000)
    child = desk.a.child()
    child.ack()
    child.report("G", "1", "19=E0|32=400|31=10|", exec_id="E1")
    child.fill(600, "10", "E1")
    child.cum_qty += 400
    child.report("F", "2", "32=500|31=10|851=2|", exec_id="E0")
    assert desk.oms.heard()[1:] == [
        "8 X F/1 1000/600/400 +600@10 ~10",
        "8 X F/2 1000/1000/0 +400@10 ~10",
    ]
    child.open = False
    settled(desk, rest_ns)
    child.report("F", "2", "32=500|31=10|851=2|", exec_id="E0")
    assert desk.oms.heard() == []


def test_its_exec_id_for_something_else_stops_whoever_it_is_said_of(
    desk: Desk, rest_ns: int
) -> None:
    over(desk, rest_ns)
    desk.oms.order("Z", 300)
    other = desk.a.child()
    other.fill(100, "10", "E0")
    assert held(desk) == [f"S1 other_content LIT_A E0 {other.cl_ord_id} 1 ACME 100@10 -"]
    assert desk.a.heard()[-1] == "F c2"
    assert desk.oms.heard() == ["8 Z 0/0 300/0/300"]
    other.cancel()


def test_a_bust_that_names_another_order_is_kept_in_suspense(desk: Desk, rest_ns: int) -> None:
    over(desk, rest_ns)
    desk.oms.order("Z", 300)
    other = desk.a.child()
    other.report("H", "0", "19=E0|32=1000|31=0|", exec_id="B")
    assert [line.split()[1] for line in held(desk)] == ["unknown_ref"]
    state = desk.node.engine.state
    assert parents(state)[state.by_client_id[("OMS", "X")]].cum_qty == 1000
    other.cancel()


def test_an_execution_of_nobody_is_assigned_to_its_child(desk: Desk, rest_ns: int) -> None:
    desk.oms.order("X", 1000)
    child = desk.a.child()
    child.ack()
    desk.oms.cancel("Y", "X")
    child.cancel()
    settled(desk, rest_ns)
    child.report("F", "1", "32=200|31=10|", exec_id="B", cl_ord_id="UNHEARD-OF")
    child.cum_qty += 200
    asked = AssignRequested("S1", child.cl_ord_id, "ada", "the venue has mixed them up")
    desk.control(asked)
    assert (desk.oms.heard(), held(desk)) == (["8 X F/4 1000/200/0 +200@10 ~10"], [])


def test_a_copy_is_held_against_its_original(rest_ns: int) -> None:
    desk = CopyDesk(trusted=False)
    desk.open()
    child = over(desk, rest_ns)
    desk.copy(child, 1000, "10", "E0")
    desk.wait(10)
    assert (held(desk), desk.node.engine.state.copies) == ([], {})
    desk.copy(child, 900, "10", "E0")
    assert [line.split()[1] for line in held(desk)] == ["copy_differs"]


def test_a_restart_knows_it(desk: Desk, rest_ns: int) -> None:
    child = over(desk, rest_ns, fills=2)
    desk.kill()
    desk.boot()
    for peer in desk.peers:
        peer.connect()
    desk.data_a.book()
    desk.oms.heard(), desk.a.heard()
    child.bust("E0", 500, "B")
    assert desk.oms.heard() == ["8 X H/1 1000/500/500 19=E0 ~10"]
    desk.oms.cancel("C", "X")
    assert desk.oms.heard()[-1] == "8 C(X) 4/4 1000/500/0"


def test_who_is_frozen_or_waits_for_a_markout_is_not_put_away(desk: Desk, rest_ns: int) -> None:
    desk.oms.order("X", 1000)
    child = desk.a.child()
    child.fill(1000, "10", "E0")
    desk.wait(30)
    another_ends(desk)
    state = desk.node.engine.state
    assert state.by_client_id[("OMS", "X")] not in state.closed, "a markout is due"
    desk.overfilled.add(child.cl_ord_id)
    child.fill(100, "10", "E1")
    desk.wait(2 * A_MINUTE)
    another_ends(desk)
    assert list(state.frozen_parents) == [state.by_client_id[("OMS", "X")]]
    assert state.frozen_parents.keys() <= state.parents.keys(), "a person looks at it"


def test_timers_of_orders_that_are_over_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of an order's end may be set for months; what is open keeps its own."""
    monkeypatch.setattr(fold_ends, "IDLE_TIMERS_MAX", 3)
    desk = Desk(refold=False)
    desk.open()
    ends = []
    for number in range(40):
        desk.data_a.book()
        dear = number == 7
        desk.oms.order(f"X{number}", 100, "8.9" if dear else "12", extra=f"1=A{number}|")
        if not dear:
            desk.a.child().fill(100, "10", f"E{number}")
        desk.wait(12)
        timers = desk.node.engine.state.timers
        assert timers[0].at == min(each.at for each in timers)
        ends.append(sum(each.kind == "end" for each in timers))
    assert 1 <= max(ends[10:]) < 30
    desk.wait(600)
    assert desk.oms.heard()[-1] == "8 X7 3/3 100/0/0"


def test_what_was_said_to_be_over_and_works_is_taken_back(desk: Desk, rest_ns: int) -> None:
    desk.oms.order("X", 1000)
    child = desk.a.child()
    child.ack()
    desk.a.drop()
    desk.control(SettleRequested(child.cl_ord_id, (), 0, True, "ada", "by telephone"))
    desk.oms.cancel("C", "X")
    settled(desk, rest_ns)
    desk.a.connect()
    assert desk.a.heard() == ["AF"]
    child.tell_status()
    assert desk.a.heard() == ["F c1"]
    child.fill(100, "10", "E")
    child.cancel()
    assert desk.oms.heard() == ["8 X F/4 1000/100/0 +100@10 ~10"]
    assert desk.node.engine.state.live_children() == []


def test_an_order_whose_timer_was_dropped_is_looked_at_when_a_bust_opens_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fold_ends, "IDLE_TIMERS_MAX", 0)
    desk.oms.order("X", 1000, tif="1")
    child = desk.a.child()
    child.fill(1000, "10", "E")
    state = desk.node.engine.state
    parent_id = state.by_client_id[("OMS", "X")]
    for number in range(100):
        if not any(each.subject == parent_id and each.kind == "parent" for each in state.timers):
            break
        later = f"168=20260105-20:{number % 60:02}:00|1=A{number}|"
        desk.oms.order(f"N{number}", 100 + number, tif="1", extra=later)
        desk.oms.cancel(f"C{number}", f"N{number}")
    else:
        pytest.fail("its timer is there still")
    desk.wait(10)
    desk.data_a.book()
    desk.a.heard()
    child.bust("E", 1000, "F")
    desk.wait(0.02)
    assert desk.a.heard() == ["D 1000@11 59=3"]


def test_an_order_that_is_over_twice_rests_from_its_second_end_on() -> None:
    """Opened again by a bust, filled again 65 s after its first end: that fill is dealt with."""
    desk = Desk()
    desk.open()
    desk.oms.order("X", 1000)
    child = desk.a.child()
    child.fill(1000, "10", "B")
    ended = desk.now
    desk.wait(22)
    child.open = True
    child.bust("B", 1000, "E")
    rest = fold_ends.rest_ns(desk.node.engine.state)
    while desk.now < ended + rest - NS:
        desk.wait(1)
        if any(line.startswith("H") for line in desk.a.heard()):
            child.tell_status(status="6")
    quiet = min(each for each in [desk.node.engine.deadline()] if each is not None)
    desk.now = max(ended + rest + 1, min(quiet - 1, ended + rest + NS))
    desk.overfilled.add(child.cl_ord_id)
    child.fill(1000, "11", "Z")
    assert desk.oms.heard()[-1].startswith("8 X F/2 1000/1000/0 +1000@11")
