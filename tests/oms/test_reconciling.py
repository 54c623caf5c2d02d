"""On every reconnect: what became of the children (F-10, F-11), however a venue answers."""

from __future__ import annotations

import pytest

from router import build
from router.core.image import image_of, take_up
from router.core.orders import ChildStatus
from tests.oms.desk import Desk, parts
from tests.oms.peers import Child


def lost(desk: Desk, count: int = 1) -> list[Child]:
    """Acknowledged orders of 500 at LIT_A, whose session breaks and is back."""
    for number in range(count):
        desk.oms.order(f"X{number}", 500)
        desk.a.child().ack()
    desk.wait(3)
    desk.a.heard()
    desk.a.drop()
    desk.wait(1)
    desk.a.connect()
    return desk.a.children[-count:]


def unknown(desk: Desk) -> int:
    return sum(
        child.status is ChildStatus.UNKNOWN for child in desk.node.engine.state.live_children()
    )


def test_a_list_that_does_not_come_is_not_waited_for(desk: Desk) -> None:
    (child,) = lost(desk)
    assert desk.a.heard() == ["AF"]
    desk.wait(1.9)
    assert desk.a.heard() == []
    desk.wait(0.1)
    assert desk.a.heard() == ["H c1"]
    child.tell_status()
    assert unknown(desk) == 0


def test_a_list_that_breaks_off_is_made_whole_by_questions(desk: Desk) -> None:
    first, second = lost(desk, 2)
    first.tell_status(extra="584=M|911=2|")
    assert (desk.a.heard(), unknown(desk)) == (["AF"], 1)
    desk.wait(2)
    assert desk.a.heard() == ["H c2"], "the first was named"
    second.tell_status()
    assert unknown(desk) == 0


def test_a_list_may_say_how_long_it_is_instead_of_where_it_ends(desk: Desk) -> None:
    first, second = lost(desk, 2)
    first.tell_status(extra="584=M|911=2|")
    second.open = False
    desk.a.say("8", "37=OTHER|11=OTHER|17=0|150=I|39=0|55=ACME|54=1|151=9|14=0|6=0|584=M|911=2|")
    assert desk.a.heard() == ["AF", "H c2"]


@pytest.mark.parametrize("more", ["584=M|", ""])
def test_nothing_is_open_by_an_order_status_of_u(desk: Desk, more: str) -> None:
    (child,) = lost(desk)
    desk.a.say("8", f"37=0|11=0|17=0|150=I|39=U|55=ACME|54=1|151=0|14=0|6=0|{more}")
    assert desk.a.heard() == ["AF", "H c1"]
    child.not_known()
    child.not_known()
    assert unknown(desk) == 0


@pytest.mark.parametrize("answer", ["j", "3"])
def test_a_venue_that_refuses_the_question_is_asked_for_each_order(desk: Desk, answer: str) -> None:
    (child,) = lost(desk)
    (asked,) = [each for each in desk.a.inbox if each.msg_type == "AF"]
    reason = "380=3|58=no" if answer == "j" else "373=11|58=no"
    desk.a.say(answer, f"45={asked.get('34')}|372=AF|{reason}")
    assert desk.a.heard() == ["AF", "H c1"]
    child.tell_status()
    assert unknown(desk) == 0


def test_a_venue_that_refuses_that_too_is_asked_to_give_the_order_back(desk: Desk) -> None:
    (child,) = lost(desk)
    desk.wait(2)
    (asked,) = [each for each in desk.a.inbox if each.msg_type == "H"]
    desk.a.say("j", f"45={asked.get('34')}|372=H|380=3|58=no")
    assert desk.a.heard() == ["AF", "H c1", "F c1"]
    assert unknown(desk) == 1, "it counts in full until the venue has said that it is gone"
    child.cancel()
    assert unknown(desk) == 0


def test_what_a_venue_is_silent_about_is_taken_back_as_well(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    desk.a.heard()
    desk.wait(2)
    desk.wait(2)
    assert desk.a.heard() == ["H c1", "H c1"]
    desk.wait(4)
    assert desk.a.heard() == ["H c1", "F c1"]
    desk.wait(60)
    assert "F c1" not in desk.a.heard(), "once"
    assert unknown(desk) == 1
    child.cancel()
    assert unknown(desk) == 0


def test_a_venue_that_answers_no_questions_is_asked_to_give_back_what_it_has() -> None:
    desk = Desk("venues.LIT_A.mass_status=none")
    desk.open()
    (child,) = lost(desk)
    assert desk.a.heard() == ["F c1"]
    desk.wait(2)
    assert desk.a.heard() == ["F c1"], "ever more slowly"
    desk.wait(2)
    assert desk.a.heard() == []
    child.cancel()
    assert unknown(desk) == 0
    desk.wait(6)
    assert "D 500@11 59=3" in desk.a.heard(), "and only then is it placed again"


def test_without_an_optional_venue_we_are_ready_and_without_a_mandatory_one_not() -> None:
    desk = Desk("venues.LIT_B.mandatory=false")
    desk.open()
    desk.data_b.book()
    desk.data_a.say("W", "55=BRAVO|268=2|269=0|270=9|271=100|269=1|270=11|271=100")
    assert desk.node.ready
    desk.b.drop()
    assert desk.node.ready
    desk.oms.order("X")
    assert desk.b.heard() == [], "it takes no new risk all the same"
    desk.a.drop()
    assert not desk.node.ready


def test_how_many_are_unknown_is_counted_and_taken_up_from_a_snapshot(desk: Desk) -> None:
    for number in range(3):
        desk.oms.order(f"X{number}", 1000 + number)
    state = desk.node.engine.state
    desk.a.drop()
    assert +state.unknown == {"LIT_A": 3}
    made_of = parts(*desk.overrides)
    fresh = build.engine(made_of.env, made_of.family).state
    take_up(fresh, image_of(state))
    assert +fresh.unknown == {"LIT_A": 3}
    desk.a.connect()
    for number, child in enumerate(desk.a.children):
        assert not state.venue["LIT_A"].reconciled, number
        child.tell_status(extra="584=Q|")
    assert +state.unknown == {}
    assert state.venue["LIT_A"].reconciled
