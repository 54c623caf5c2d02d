"""Cancel on disconnect: the venue's profile, and what the venue says of it (F-10).

The profile is a promise and no evidence: until the venue has spoken a child counts in full.
"""

from __future__ import annotations

import pytest

from router.core.orders import ChildStatus
from router.messages import NoteCod
from tests.oms.desk import Desk
from tests.oms.peers import Child

KEPT = [("cancels", False)]


def resting(cod: str, *more: str) -> tuple[Desk, Child]:
    """An order of 1000 whose child rests at LIT_A, acknowledged."""
    desk = Desk(
        "venues.LIT_A.tactics=[lit_make]", "routing.slice_s=600", f"venues.LIT_A.cod={cod}", *more
    )
    desk.open()
    desk.oms.order("X")
    desk.a.child().ack()
    desk.a.heard()
    return desk, desk.a.child()


def statuses(desk: Desk) -> list[ChildStatus]:
    """Of the children that are not over."""
    return [child.status for child in desk.node.engine.state.live_children()]


def notes(desk: Desk) -> list[tuple[str, bool]]:
    """What was made of the venue's words: what was promised, and whether it was broken."""
    commands = [each for _, step in desk.history for each in step]
    return [(each.promised, each.broken) for each in commands if isinstance(each, NoteCod)]


def told(desk: Desk) -> list[str]:
    """Faults of cancel on disconnect, without their details."""
    return [": ".join(each.split(": ")[:2]) for each in desk.node.faults if ": COD_" in each]


@pytest.mark.parametrize("cod", ["none", "day", "all"])
def test_while_the_session_is_lost_a_promise_frees_nothing(cod: str) -> None:
    desk, child = resting(cod)
    desk.a.drop()
    desk.wait(300)
    assert statuses(desk) == [ChildStatus.UNKNOWN]
    (parent,) = desk.node.engine.state.parents.values()
    assert parent.working_qty == child.qty == 1000
    assert desk.b.heard() == [], "nothing of it is placed elsewhere"
    assert (notes(desk), told(desk)) == ([], [])


@pytest.mark.parametrize("cod", ["day", "all"])
def test_the_evidence_is_the_venues_own_report(cod: str) -> None:
    desk, child = resting(cod)
    desk.a.drop()
    child.cancel()  # it comes by the resend
    assert statuses(desk) == [ChildStatus.UNKNOWN]
    desk.a.connect()
    assert statuses(desk) == []
    desk.wait(1)
    assert desk.a.heard() == ["AF", "D 1000@9 59=0"], "and only now it is placed anew"
    assert (notes(desk), told(desk)) == (KEPT, [])


def test_so_is_the_answer_to_a_question(desk: Desk) -> None:
    desk, child = resting("day", "venues.LIT_A.mass_status=H")
    desk.a.drop()
    child.open = False
    desk.a.connect()
    assert desk.a.heard() == ["H c1"]
    child.tell_status()
    assert (statuses(desk), notes(desk), told(desk)) == ([], KEPT, [])


def test_an_order_that_the_venue_does_not_know_any_more_is_asked_for_twice_all_the_same() -> None:
    desk, child = resting("day", "venues.LIT_A.mass_status=H")
    desk.a.drop()
    desk.a.connect()
    child.not_known()
    assert statuses(desk) == [ChildStatus.UNKNOWN], "promise and word agree, and it counts in full"
    child.not_known()
    assert (statuses(desk), notes(desk), told(desk)) == ([], KEPT, [])


def test_a_child_that_outlives_its_session_against_the_promise_is_taken_back_and_told() -> None:
    desk, child = resting("day")
    desk.a.drop()
    desk.a.connect()
    child.tell_status(extra="584=M|912=Y|")
    assert desk.a.heard() == ["AF", "F c1"]
    assert told(desk) == ["LIT_A: COD_NOT_KEPT"]
    assert notes(desk) == [("cancels", True)]
    assert statuses(desk) == [ChildStatus.CANCEL_PENDING]
    child.cancel()
    assert statuses(desk) == []
    desk.wait(1)
    assert desk.a.heard() == ["D 1000@9 59=0"]
    assert len(notes(desk)) == 1, "once"


def test_a_venue_that_will_not_give_it_back_keeps_it() -> None:
    desk, child = resting("day")
    desk.a.drop()
    desk.a.connect()
    child.tell_status(extra="584=M|912=Y|")
    child.refuse_cancel()
    assert statuses(desk) == [ChildStatus.LIVE]
    desk.wait(60)
    assert desk.a.heard() == ["AF", "F c1"], "it is asked once"


def test_at_a_venue_that_works_children_on_one_that_is_alive_is_no_news() -> None:
    desk, child = resting("none")
    desk.a.drop()
    desk.a.connect()
    child.tell_status(extra="584=M|912=Y|")
    assert (desk.a.heard(), statuses(desk)) == (["AF"], [ChildStatus.LIVE])
    assert (notes(desk), told(desk)) == ([("works", False)], [])
    child.cancel()
    assert told(desk) == [], "that the venue cancels it later has nothing to do with it"


def test_that_a_venue_cancels_on_disconnect_and_its_profile_does_not_say_so_is_told() -> None:
    desk, child = resting("none")
    desk.a.drop()
    child.cancel()
    desk.a.connect()
    assert (statuses(desk), notes(desk)) == ([], [("works", True)])
    assert told(desk) == ["LIT_A: COD_NOT_SAID"]


def test_not_of_a_child_that_was_being_taken_back() -> None:
    desk, child = resting("none")
    desk.oms.cancel("Y", "X")
    assert child.cancel_ids
    desk.a.drop()
    child.cancel()
    desk.a.connect()
    assert (statuses(desk), notes(desk), told(desk)) == ([], [("works", False)], [])


def test_nor_of_a_child_that_is_filled() -> None:
    for cod in ("none", "day"):
        desk, child = resting(cod)
        desk.a.drop()
        child.fill(1000, "9", "B")
        desk.a.connect()
        assert (statuses(desk), told(desk)) == ([], [])
        assert [broken for _, broken in notes(desk)] == [False]


@pytest.mark.parametrize("cod", ["none", "day"])
def test_nothing_is_expected_of_a_child_that_may_arrive_with_the_next_resend(cod: str) -> None:
    desk = Desk("venues.LIT_A.tactics=[lit_make]", f"venues.LIT_A.cod={cod}")
    desk.open()
    desk.oms.order("X")  # not acknowledged
    child = desk.a.child()
    desk.a.drop()
    desk.a.connect()
    child.tell_status(extra="584=M|912=Y|")
    assert statuses(desk) == [ChildStatus.LIVE]
    assert (notes(desk), told(desk)) == ([], [])


def test_nor_at_a_venue_that_answers_no_questions() -> None:
    desk, child = resting("day", "venues.LIT_A.mass_status=none")
    desk.a.drop()
    desk.a.connect()
    child.cancel()
    assert (statuses(desk), notes(desk), told(desk)) == ([], [], [])


def test_an_immediate_order_that_has_ended_says_nothing_of_the_venue(desk: Desk) -> None:
    desk.oms.order("X", 500)
    child = desk.a.child()
    child.ack()
    desk.a.drop()
    child.cancel()
    desk.a.connect()
    assert (statuses(desk), notes(desk), told(desk)) == ([], [], [])


def test_a_sequence_reset_ends_no_session_and_breaks_no_promise() -> None:
    desk, child = resting("all")
    desk.a.session.skip_to(desk.a.session.next_out + 5, desk.now)
    desk.run()
    assert statuses(desk) == [ChildStatus.UNKNOWN], "what was skipped may have been of it"
    assert desk.a.heard() == ["AF"]
    child.tell_status(extra="584=M|912=Y|")
    assert (desk.a.heard(), statuses(desk)) == ([], [ChildStatus.LIVE])
    assert (notes(desk), told(desk)) == ([], [])


def test_what_a_venue_says_between_our_logout_and_its_answer_is_of_a_session_that_lives() -> None:
    desk, child = resting("day")
    child.report("0", "0", now=False)
    desk.node.logout("the day is over", desk.now)
    desk.run()
    assert not desk.a.up
    assert statuses(desk) == [ChildStatus.UNKNOWN]
    assert (notes(desk), told(desk)) == ([], [])
    desk.a.connect()
    child.tell_status(extra="584=M|912=Y|")
    assert notes(desk) == [("cancels", True)]


def test_a_child_that_was_in_doubt_before_is_expected_to_end_with_the_session_too() -> None:
    desk, child = resting("day")
    desk.oms.cancel("Y", "X")
    desk.wait(2)  # no answer
    assert statuses(desk) == [ChildStatus.UNKNOWN]
    desk.a.drop()
    desk.a.connect()
    child.tell_status(extra="584=M|912=Y|")
    assert notes(desk) == [("cancels", True)]
    child.cancel()


def test_the_end_of_the_process_is_the_end_of_its_sessions() -> None:
    desk, child = resting("day")
    desk.kill()
    desk.boot()
    assert statuses(desk) == [ChildStatus.UNKNOWN]
    desk.a.connect()
    child.tell_status(extra="584=M|912=Y|")
    assert "F c1" in desk.a.heard()
    assert told(desk) == ["LIT_A: COD_NOT_KEPT"]


def test_the_promise_that_counts_is_that_of_when_the_session_was_lost() -> None:
    desk, child = resting("day")
    desk.a.drop()
    desk.kill()
    assert desk.overrides[-1] == "venues.LIT_A.cod=day"
    desk.overrides = (*desk.overrides[:-1], "venues.LIT_A.cod=none")
    desk.boot()
    desk.a.connect()
    child.tell_status(extra="584=M|912=Y|")
    assert notes(desk) == [("cancels", True)]


def test_of_many_children_at_a_venue_the_last_is_told() -> None:
    desk, first = resting("day")
    desk.oms.order("Y", 500)
    second = desk.a.child()
    second.ack()
    desk.a.drop()
    desk.a.connect()
    first.tell_status(extra="584=M|911=2|")
    second.tell_status(extra="584=M|911=2|")
    assert len(notes(desk)) == 2
    (fault,) = [each for each in desk.node.faults if "COD_NOT_KEPT" in each]
    assert second.cl_ord_id in fault
