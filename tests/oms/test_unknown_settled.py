"""What a venue does not tell and a person learns by other means (reliability.md F-10, F-11)."""

from __future__ import annotations

import msgspec
import pytest

from router.core import fold_commands
from router.core.orders import ChildStatus
from router.messages import Entered, EnterExecution, NoteCod, QueryChild, SettleRequested
from router.model import PX_SCALE
from router.runtime import control
from tests.oms.desk import Desk
from tests.oms.peers import Child
from tests.oms.settling import forgotten, stranger

DAY = "20260105"
"""The desk's."""
LOST = Entered("E7", 300, 10 * PX_SCALE, DAY)


def said(child: Child, *executions: Entered, cum_qty: int, over: bool = False) -> SettleRequested:
    told = (child.cl_ord_id, executions, cum_qty, over)
    return SettleRequested(*told, "ada", "their desk, by telephone")


def status(desk: Desk, child: Child) -> ChildStatus:
    return desk.node.engine.state.children[child.cl_ord_id].status


def test_what_a_venue_claims_and_does_not_tell_is_shown(desk: Desk) -> None:
    child = forgotten(desk)
    assert status(desk, child) is ChildStatus.UNKNOWN
    shown = control.parse(b'{"command": "status"}')
    assert callable(shown)
    answer = shown(desk.node, desk.now)
    assert (answer["unknown_count"], answer["venues"]["LIT_A"]["reconciled"]) == (1, False)
    (row,) = answer["unknown"]
    assert (row["cl_ord_id"], row["cum_qty"], row["claimed_qty"]) == (child.cl_ord_id, 0, 300)


def test_what_a_person_enters_is_booked_and_told_and_the_venue_is_asked_again(desk: Desk) -> None:
    child = forgotten(desk)
    desk.control(said(child, LOST, cum_qty=300))
    assert desk.oms.heard() == ["8 X F/1 1000/300/700 +300@10 ~10"]
    assert desk.a.heard() == ["H c1"]
    child.tell_status()
    assert status(desk, child) is ChildStatus.LIVE
    assert desk.node.engine.state.children[child.cl_ord_id].claimed_qty == 0
    assert desk.node.engine.state.venue["LIT_A"].reconciled
    child.fill(700, "10", "E8")
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +700@10 ~10"]
    entered = [
        each
        for _, commands in desk.history
        for each in commands
        if isinstance(each, EnterExecution)
    ]
    assert entered == [EnterExecution(child.cl_ord_id, LOST, "ada", "their desk, by telephone")]


def test_told_by_the_venue_after_all_it_is_the_same_execution(desk: Desk) -> None:
    child = forgotten(desk)
    desk.control(said(child, LOST, cum_qty=300))
    desk.oms.heard()
    child.report("F", "1", "32=300|31=10|75=20260105|", exec_id="E7")
    assert desk.oms.heard() == []
    assert not desk.node.engine.state.suspense.entries
    child.report("F", "1", "32=300|31=11|75=20260105|", exec_id="E7")
    assert desk.oms.heard() == []
    assert [each.cause.value for each in desk.node.engine.state.suspense.entries.values()] == [
        "other_content"
    ]


def test_what_is_over_frees_its_shares_and_they_are_placed_anew(desk: Desk) -> None:
    child = forgotten(desk)
    child.open = False
    desk.control(said(child, LOST, cum_qty=300, over=True))
    assert desk.oms.heard() == ["8 X F/1 1000/300/700 +300@10 ~10"]
    assert status(desk, child) is ChildStatus.CANCELED
    assert desk.node.engine.state.venue["LIT_A"].reconciled
    desk.wait(1)
    assert desk.a.child() is not child
    assert desk.a.child().qty == 700


def test_what_is_entered_completes_its_order(desk: Desk) -> None:
    child = forgotten(desk)
    rest = Entered("E8", 700, 10 * PX_SCALE, DAY)
    desk.control(said(child, LOST, rest, cum_qty=1_000, over=True))
    assert desk.oms.heard() == [
        "8 X F/1 1000/300/700 +300@10 ~10",
        "8 X F/2 1000/1000/0 +700@10 ~10",
    ]
    assert status(desk, child) is ChildStatus.FILLED


def test_a_venue_that_is_away_is_not_asked(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.a.drop()
    desk.oms.heard()
    desk.control(said(child, LOST, cum_qty=300))
    assert desk.oms.heard() == ["8 X F/1 1000/300/700 +300@10 ~10"]
    assert status(desk, child) is ChildStatus.UNKNOWN
    decided = [each for _, commands in desk.history for each in commands]
    assert not [each for each in decided if isinstance(each, QueryChild)]
    desk.kill()
    desk.boot()
    desk.oms.connect()
    desk.control(said(child, cum_qty=300, over=True))
    assert status(desk, child) is ChildStatus.CANCELED


def test_an_order_that_was_said_to_be_over_and_works_is_taken_back(desk: Desk) -> None:
    child = forgotten(desk)
    desk.control(said(child, LOST, cum_qty=300, over=True))
    desk.oms.cancel("Y", "X")
    desk.oms.heard(), desk.a.heard()
    child.tell_status()
    assert desk.a.heard() == ["F c1"]
    assert desk.node.engine.state.illegal_transitions == 0
    child.fill(100, "10", "E9")
    assert desk.oms.heard() == ["8 X F/4 1000/400/0 +100@10 ~10"]
    child.cancel()
    assert status(desk, child) is ChildStatus.CANCELED
    child.tell_status("0")
    assert (desk.oms.heard(), desk.a.heard()) == ([], []), "its own word of its end counts"


def test_what_was_said_before_is_no_sign_that_it_works(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.report("0", "0", now=False)
    desk.a.drop()
    desk.control(said(child, cum_qty=0, over=True))
    child.open = False
    desk.a.connect()
    assert desk.a.heard()[1:] == ["AF"], "it is back, and what it had said was sent again"
    assert status(desk, child) is ChildStatus.CANCELED
    assert desk.node.engine.state.venue["LIT_A"].said_over == [child.cl_ord_id]


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ({"cl_ord_id": "c9"}, "'c9' is not UNKNOWN; those that are: CHILD"),
        ({"executions": (), "cum_qty": 0}, "it says nothing of CHILD"),
        ({"executions": (LOST, LOST), "cum_qty": 600}, "an ExecID stands there twice"),
        (
            {"executions": (LOST, Entered("E7", 300, PX_SCALE, "20260106")), "cum_qty": 600},
            "an ExecID stands there twice",
        ),
        ({"executions": (Entered("", 300, 1, DAY),)}, "an execution has an ExecID, shares"),
        ({"executions": (Entered("E7", 0, 1, DAY),), "cum_qty": 0}, "an execution has an ExecID"),
        ({"executions": (Entered("E7", 300, 0, DAY),)}, "an execution has an ExecID, shares and"),
        ({"cum_qty": 400}, "CHILD: 0 were told, and 300 more are 300, not 400"),
        ({"cum_qty": 200, "over": True}, "CHILD: 0 were told, and 300 more are 300, not 200"),
        (
            {"executions": (Entered("E7", 1_001, 1, DAY),), "cum_qty": 1_001},
            "CHILD is of 1000, not 1001",
        ),
    ],
)
def test_what_does_not_add_up_is_refused_whole(
    desk: Desk, event: dict[str, object], why: str
) -> None:
    child = forgotten(desk)
    asked = said(child, LOST, cum_qty=300)
    values = {name: getattr(asked, name) for name in asked.__struct_fields__} | event
    values["executions"] = [msgspec.structs.asdict(each) for each in values["executions"]]
    for each in values["executions"]:
        each["px"] = "10" if each["px"] else "0"
    line = msgspec.json.encode({"command": "settle", **values})
    request = control.parse(line)
    assert callable(request)
    assert request(desk.node, desk.now)["error"].startswith(why.replace("CHILD", child.cl_ord_id))
    desk.control(SettleRequested(**{**values, "executions": event.get("executions", (LOST,))}))
    assert (desk.oms.heard(), desk.a.heard()) == ([], [])
    assert status(desk, child) is ChildStatus.UNKNOWN


def refusal(desk: Desk, child: Child, execution: Entered, cum_qty: int) -> str:
    told = msgspec.structs.asdict(said(child, cum_qty=cum_qty))
    executions = [{**msgspec.structs.asdict(execution), "px": "10"}]
    request = control.parse(
        msgspec.json.encode({"command": "settle", **told, "executions": executions})
    )
    assert callable(request)
    return str(request(desk.node, desk.now)["error"])


def test_what_is_known_already_is_not_entered_again(desk: Desk) -> None:
    child = forgotten(desk)
    child.report("F", "1", "32=300|31=10|75=20260105|", exec_id="E7")
    other = Entered("E7", 100, 10 * PX_SCALE, DAY)
    assert refusal(desk, child, other, 400) == "E7 is booked already"


def test_what_is_in_suspense_is_to_be_assigned(desk: Desk) -> None:
    child = forgotten(desk)
    stranger(desk, "E7", 300, "10")
    assert refusal(desk, child, LOST, 300) == "E7 is in suspense as S1: assign that"


def test_of_an_order_that_is_not_in_doubt_its_venue_tells(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    why = f"'{child.cl_ord_id}' is not UNKNOWN; those that are: none"
    assert refusal(desk, child, LOST, 300) == why


@pytest.mark.parametrize("cod", ["none", "day"])
def test_a_persons_word_shows_nothing_of_what_a_venue_does_on_disconnect(cod: str) -> None:
    desk = Desk("venues.LIT_A.tactics=[lit_make]", f"venues.LIT_A.cod={cod}")
    desk.open()
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.a.drop()
    assert desk.node.engine.state.children[child.cl_ord_id].cod
    desk.control(said(child, cum_qty=0, over=True))
    assert status(desk, child) is ChildStatus.CANCELED
    assert not desk.node.engine.state.children[child.cl_ord_id].cod
    decided = [each for _, commands in desk.history for each in commands]
    assert not [each for each in decided if isinstance(each, NoteCod)]


def said_over(*overrides: str) -> tuple[Desk, Child]:
    """LIT_A works X; while it was away for two minutes a person has said that it does not."""
    desk = Desk(*overrides)
    desk.open()
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.a.drop()
    desk.control(said(child, cum_qty=0, over=True))
    desk.oms.cancel("Y", "X")
    for _ in range(12):
        desk.wait(10)
    desk.data_a.book()
    desk.other.order("N", 100, px="8.9", extra="1=N|")
    desk.other.cancel("CN", "N")
    desk.oms.heard(), desk.a.heard()
    return desk, child


@pytest.mark.parametrize("mass_status", ["AF", "H"])
def test_a_venue_that_is_back_is_asked_about_what_was_said_to_be_over(mass_status: str) -> None:
    desk, child = said_over(f"venues.LIT_A.mass_status={mass_status}")
    assert not desk.node.engine.state.children, "it is put away"
    desk.a.connect()
    asked = ["AF" if mass_status == "AF" else "H c1"]
    assert desk.a.heard() == asked
    desk.a.drop()
    desk.a.connect()
    assert desk.a.heard() == asked, "it has not answered"
    child.tell_status(extra="584=M|911=1|912=Y|" if mass_status == "AF" else "")
    assert desk.a.heard() == ["F c1"]
    child.cancel()
    assert status(desk, child) is ChildStatus.CANCELED
    desk.a.drop()
    desk.a.connect()
    assert desk.a.heard() == [], "it has told"
    assert desk.node.engine.state.illegal_transitions == 0


def test_what_its_venue_does_not_list_is_over(desk: Desk) -> None:
    child = forgotten(desk)
    child.open = False
    desk.control(said(child, LOST, cum_qty=300, over=True))
    desk.oms.cancel("Y", "X")
    desk.a.drop()
    desk.a.connect()
    desk.a.say("8", "37=NONE|17=0|150=I|39=8|55=ACME|54=1|151=0|14=0|6=0|584=M|911=0|912=Y|")
    desk.a.drop()
    desk.a.connect()
    assert desk.a.heard() == ["AF"], "once"


def test_it_is_asked_by_the_next_life_too_and_not_if_it_answers_nothing() -> None:
    desk, _ = said_over()
    desk.kill()
    desk.boot()
    desk.a.connect()
    assert desk.a.heard() == ["AF"]
    desk, _ = said_over("venues.LIT_A.mass_status=none")
    desk.a.connect()
    assert desk.a.heard() == []


def test_of_many_that_were_said_to_be_over_the_newest_are_asked_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fold_commands, "SAID_OVER_MAX", 2)
    desk = Desk("venues.LIT_A.mass_status=H")
    desk.open()
    for number in range(3):
        desk.oms.order(f"X{number}", 100)
        desk.a.child().ack()
    desk.a.drop()
    for child in desk.a.children:
        child.open = False
        desk.control(said(child, cum_qty=0, over=True))
    desk.a.heard()
    desk.a.connect()
    assert desk.a.heard() == ["H c2", "H c3"]
