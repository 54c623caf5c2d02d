"""Venues that do not answer, are lost, or never got the order: UNKNOWN, and what ends it."""

from __future__ import annotations

import pytest

from tests.oms.desk import Desk


def test_an_order_without_an_answer_is_asked_about_and_then_goes_on(desk: Desk) -> None:
    desk.oms.order("X")
    desk.a.heard(), desk.oms.heard()
    desk.wait(1.9)
    assert desk.a.heard() == []
    desk.wait(0.1)
    assert desk.a.heard() == ["H c1"], "after ack_timeout_s"
    assert len(desk.a.children) == 1, "an unknown quantity is not routed again"
    desk.a.child().tell_status()
    desk.a.child().fill(1000, "11", "B")
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +1000@11 ~11"]


def test_an_order_that_is_only_pending_at_its_venue_is_asked_about_until_it_is_judged(
    desk: Desk,
) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.report("A", "A")
    desk.a.heard()
    desk.wait(2)
    assert desk.a.heard() == ["H c1"], "150=A is no acknowledgement"
    child.tell_status("A")
    desk.wait(2)
    assert desk.a.heard() == ["H c1"], "nor is 39=A: the venue may lose it yet"
    child.not_known()
    child.not_known()
    desk.wait(0.02)
    assert desk.a.heard()[-1] == "D 1000@11 59=3", "its quantity is routed again"


def test_an_order_that_the_venue_twice_does_not_know_is_given_up(desk: Desk) -> None:
    desk.oms.order("X")
    desk.wait(2)
    child = desk.a.child()
    child.not_known()
    assert desk.a.heard() == ["D 1000@11 59=3", "H c1", "H c1"]
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000"]
    child.not_known()
    desk.wait(0.02)
    assert desk.a.heard() == ["D 1000@11 59=3"], "its quantity is routed again"
    desk.a.child().fill(1000, "11", "B")
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +1000@11 ~11"]


def test_a_silent_venue_is_asked_ever_more_slowly(desk: Desk) -> None:
    desk.oms.order("X")
    desk.a.heard()
    asked = []
    for second in range(60):
        desk.wait(1)
        asked += [second + 1] * desk.a.heard().count("H c1")
    assert asked == [2, 4, 8, 14, 22, 32, 44, 58]


def test_a_cancel_waits_for_the_venue_that_has_not_answered(desk: Desk) -> None:
    desk.oms.order("X")
    desk.oms.cancel("Y", "X")
    desk.oms.heard(), desk.a.heard()
    desk.wait(2)
    assert desk.a.heard() == ["H c1"]
    desk.oms.status("X")
    (told,) = desk.oms.inbox[-1:]
    assert desk.oms.heard() == ["8 X I/6 1000/0/1000 VENUE_SILENT"]
    assert "LIT_A" in told.get("58"), "the OMS learns who it is that does not answer"
    desk.a.child().cancel()
    assert desk.oms.heard() == ["8 Y(X) 4/4 1000/0/0"]


def test_a_canceled_order_that_the_venue_does_not_know(desk: Desk) -> None:
    desk.oms.order("X")
    desk.oms.cancel("Y", "X")
    child = desk.a.child()
    child.refuse_cancel("1", "8")
    assert desk.a.heard() == ["D 1000@11 59=3", "F c1", "H c1"]
    child.not_known()
    assert desk.oms.heard() == [
        "8 X 0/0 1000/0/1000",
        "8 Y(X) 6/6 1000/0/1000",
        "8 Y(X) 4/4 1000/0/0",
    ]


def test_a_canceled_order_that_was_silent_and_is_alive_is_taken_back_again(desk: Desk) -> None:
    desk.oms.order("X")
    desk.oms.cancel("Y", "X")
    desk.wait(2)
    child = desk.a.child()
    child.tell_status()
    assert desk.a.heard() == ["D 1000@11 59=3", "F c1", "H c1", "F c1"]
    child.cancel()
    assert desk.oms.heard()[-1] == "8 Y(X) 4/4 1000/0/0"


@pytest.mark.parametrize("end", ["cancel", "expire"])
def test_an_end_that_counts_fills_which_were_not_told_frees_nothing(desk: Desk, end: str) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.oms.heard(), desk.a.heard()
    child.cum_qty = 400
    getattr(child, end)()
    assert desk.a.heard() == ["H c1"], "14=400, and nothing was told"
    child.tell_status()
    desk.wait(1.9)
    assert desk.a.heard() == [], "400 of its shares have traded, which is known and not told"
    desk.wait(0.1)
    assert desk.a.heard() == ["H c1"]
    child.cum_qty = 0
    child.fill(400, "11", "B")
    assert desk.oms.heard() == ["8 X F/1 1000/400/600 +400@11 ~11"]
    child.tell_status()
    desk.wait(0.02)
    assert desk.a.heard() == ["D 600@11 59=3"]


# --- the session is lost -------------------------------------------------------------------------


def test_what_is_alive_at_a_lost_venue_is_unknown_until_it_has_told(desk: Desk) -> None:
    desk.data_b.book()
    desk.oms.order("X", 1500)
    child = desk.a.child()
    child.ack()
    child.fill(200, "10", "B")
    desk.b.child().fill(desk.b.child().qty, "11", "C")
    desk.oms.heard(), desk.a.heard(), desk.b.heard()
    desk.a.drop()
    desk.wait(30)
    assert (desk.oms.heard(), desk.b.heard()) == ([], []), "its quantity is not routed again"
    desk.a.connect()
    assert desk.a.heard() == ["AF"]
    child.tell_status(extra="584=M|911=1|912=Y|")
    leaves = child.leaves_qty
    child.fill(leaves, "11", "D")
    assert desk.oms.heard() == [f"8 X F/2 1500/1500/0 +{leaves}@11 ~10.86666667"]


def test_a_lost_venue_tells_first_what_was_filled_meanwhile(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.oms.heard(), desk.a.heard()
    desk.a.drop()
    child.fill(400, "11", "B")
    child.cancel()
    assert desk.oms.heard() == []
    desk.wait(1)
    desk.a.connect()
    assert desk.oms.heard() == ["8 X F/1 1000/400/600 +400@11 ~11"], "by the session's resend"
    desk.wait(0.02)
    assert desk.a.heard() == ["AF", "D 600@11 59=3"]


def test_a_venue_that_does_not_know_the_order_after_a_reconnect(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    desk.oms.heard(), desk.a.heard()
    desk.a.drop()
    desk.wait(5)
    desk.a.connect()
    child.not_known("584=M|912=Y|")
    assert desk.a.heard() == ["AF", "H c1", "H c1"]
    child.not_known()
    desk.data_a.book()
    desk.wait(1)
    assert desk.a.heard() == ["D 1000@11 59=3"]


def test_a_venue_with_nothing_open_is_asked_for_each_order(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    desk.a.drop()
    desk.a.connect()
    desk.a.say("8", "37=NONE|11=NONE|17=0|150=I|39=8|55=ACME|54=1|151=0|14=0|6=0|584=M|911=1|912=Y")
    assert desk.a.heard() == ["D 1000@11 59=3", "AF", "H c1"]
    child.not_known()
    child.not_known()
    desk.wait(0.02)
    assert desk.a.heard() == ["H c1", "D 1000@11 59=3"]


def test_an_acknowledgement_that_comes_before_an_empty_list_ends_no_question(desk: Desk) -> None:
    """It was sent before the outage: only the list can tell what became of the order since."""
    desk.oms.order("X")
    child = desk.a.child()
    desk.oms.heard(), desk.a.heard()
    desk.a.drop()
    desk.wait(1)
    desk.a.connect()
    child.ack()
    desk.a.say("8", "37=NONE|11=NONE|17=0|150=I|39=8|55=ACME|54=1|151=0|14=0|6=0|584=M|911=1|912=Y")
    assert desk.a.heard() == ["AF", "H c1"], "acknowledged, and not among what is open: in doubt"
    desk.wait(0.5)
    assert desk.oms.heard() == []
    assert desk.a.heard() == [], "its shares are not free"


def test_an_order_that_the_list_names_is_not_asked_about(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.oms.heard(), desk.a.heard()
    desk.a.drop()
    desk.a.connect()
    child.tell_status(extra="584=M|911=1|912=Y|")
    desk.wait(0.5)
    assert desk.a.heard() == ["AF"]


def test_a_venue_without_mass_status_is_asked_for_each_order(desk: Desk) -> None:
    desk.data_a.book(size=0)
    desk.data_b.book()
    desk.oms.order("X")
    child = desk.b.child()
    child.ack()
    desk.oms.heard(), desk.b.heard()
    desk.b.drop()
    desk.b.connect()
    assert desk.b.heard() == ["H c1"]
    child.tell_status()
    child.fill(1000, "11", "B")
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +1000@11 ~11"]


def test_no_new_order_goes_to_a_venue_that_is_not_reconciled(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    desk.a.drop()
    desk.a.connect()
    desk.oms.order("Z")
    desk.wait(1)
    assert desk.a.heard() == ["D 1000@11 59=3", "AF"]
    child.tell_status(extra="584=M|911=1|912=Y|")
    desk.wait(5)
    assert "D 1000@11 59=3" in desk.a.heard()


@pytest.mark.parametrize("said", ["acknowledged", "alive", "not known"])
def test_what_was_said_before_an_outage_is_no_answer_after_it(desk: Desk, said: str) -> None:
    """It comes again by the session's resend; how the order stands now, only the list tells."""
    desk.oms.order("X")
    child = desk.a.child()
    desk.a.drop()
    match said:
        case "acknowledged":
            child.ack()
        case "alive":
            child.tell_status()
        case _:
            child.not_known()
            child.not_known()
            child.open = True
    desk.a.connect()
    desk.oms.order("Z")
    desk.wait(1)
    assert desk.a.heard() == ["D 1000@11 59=3", "AF"], "nothing is routed, nothing is free"
    child.tell_status(extra="584=M|911=1|912=Y|")
    desk.wait(5)
    assert "D 1000@11 59=3" in desk.a.heard()


def test_of_a_venue_that_answers_no_questions_only_what_comes_of_the_cancel_counts() -> None:
    """Simulation, seed 53276."""
    desk = Desk("venues.LIT_A.mass_status=none")
    desk.open()
    desk.oms.order("X")
    child = desk.a.child()
    desk.a.drop()
    child.ack()
    desk.a.connect()
    desk.oms.order("Z")
    desk.wait(1)
    assert desk.a.heard() == ["D 1000@11 59=3", "F c1"], "its old word lets nothing new there"
    child.cancel()
    desk.wait(5)
    assert "D 1000@11 59=3" in desk.a.heard()


def test_a_cancel_for_a_lost_venue_waits_and_arrives(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.a.drop()
    desk.oms.cancel("Y", "X")
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000", "8 Y(X) 6/6 1000/0/1000"]
    desk.wait(10)
    assert desk.oms.heard() == []
    desk.a.heard()
    desk.a.connect()
    child.tell_status(extra="584=M|911=1|912=Y|")
    assert "F c1" in desk.a.heard()
    child.cancel()
    assert desk.oms.heard() == ["8 Y(X) 4/4 1000/0/0"]


# --- the daemon is lost --------------------------------------------------------------------------


def test_after_a_kill_9_fills_are_told_once_and_the_order_goes_on(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    child.fill(200, "10", "B")
    desk.oms.heard(), desk.a.heard()
    desk.kill()
    child.fill(300, "10", "C")
    desk.boot()
    desk.oms.connect()
    assert desk.oms.heard() == []
    desk.a.connect()
    assert desk.a.heard() == ["AF"]
    assert desk.oms.heard() == ["8 X F/1 1000/500/500 +300@10 ~10"]
    child.tell_status(extra="584=M|911=1|912=Y|")
    child.fill(500, "11", "D")
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +500@11 ~10.5"]


def test_after_a_kill_9_a_report_that_had_not_arrived_is_told_under_its_own_id(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.oms.heard()
    desk.oms.drop()
    child.fill(200, "10", "B")
    desk.kill()
    desk.boot()
    desk.oms.connect()
    assert desk.oms.heard() == ["8 X F/1 1000/200/800 +200@10 ~10"]
    assert (desk.oms.inbox[-1].get("43"), desk.oms.inbox[-1].get("17")) == (
        "Y",
        "LIT_A.20260105.B",
    )
    desk.a.connect()
    child.tell_status(extra="584=M|911=1|912=Y|")
    child.fill(800, "10", "C")
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +800@10 ~10"]


def test_after_a_kill_9_a_pending_cancel_is_finished(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.oms.cancel("Y", "X")
    desk.oms.heard(), desk.a.heard()
    desk.kill()
    child.cancel()
    desk.boot()
    desk.oms.connect()
    desk.a.connect()
    assert desk.oms.heard() == ["8 Y(X) 4/4 1000/0/0"]


def test_a_fill_is_no_proof_that_the_rest_is_still_alive(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.a.drop()
    desk.a.connect()
    child.fill(100, "10", "B")
    desk.oms.order("Z")
    desk.wait(1)
    assert desk.a.heard() == ["D 1000@11 59=3", "AF"], "nothing new before the venue has answered"
    desk.wait(1)
    assert desk.a.heard() == ["H c1"], "and it is asked again"
    child.tell_status()
    desk.wait(5)
    assert desk.a.heard()[0] == "D 1000@11 59=3", "now it takes new orders again"
