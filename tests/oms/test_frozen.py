"""Frozen parents: an over-fill, who is told of it, and a named person who lets it go on (F-14)."""

from __future__ import annotations

import json
from typing import Any

import structlog
from structlog.testing import capture_logs

from router.messages import ReleaseRequested
from router.runtime import control, narration
from tests.oms.desk import Desk


def overfill(desk: Desk) -> str:
    """An order of 2000 on two venues, of which LIT_A fills 200 too many; its OrderID."""
    desk.data_b.book()
    desk.oms.order("X", 2000)
    a, b = desk.a.child(), desk.b.child()
    b.ack()
    desk.overfilled.add(a.cl_ord_id)
    a.fill(1200, "10", "B")
    b.cancel()
    return next(iter(desk.node.engine.state.frozen_parents))


def ask(desk: Desk, **request: object) -> dict[str, Any]:
    """What the operator's door answers."""
    asked = control.parse(json.dumps(request).encode())
    assert callable(asked), asked
    answer = asked(desk.node, desk.now)
    desk.run()
    return answer


def test_the_operator_sees_it_in_the_status_until_it_is_released(desk: Desk) -> None:
    parent_id = overfill(desk)
    (frozen,) = ask(desk, command="status")["frozen_parents"]
    assert frozen["parent_id"] == parent_id
    assert (frozen["order_qty"], frozen["cum_qty"]) == (2000, 1200)
    assert frozen["reason"].startswith("OVERFILL by LIT_A on A1-")
    desk.kill()
    desk.boot()
    assert ask(desk, command="status")["frozen_parents_count"] == 1, "a restart forgets nothing"
    told = ask(desk, command="release", parent_id=parent_id, who="ada", reason="agreed")
    assert told["frozen"] == []
    assert ask(desk, command="status")["frozen_parents_count"] == 0


def test_released_it_goes_on_with_what_is_left(desk: Desk) -> None:
    parent_id = overfill(desk)
    desk.wait(10)
    desk.oms.heard(), desk.a.heard(), desk.b.heard()
    desk.control(ReleaseRequested(parent_id, "ada", "the venue keeps it"))
    desk.wait(6)
    sent = [line for line in (*desk.a.heard(), *desk.b.heard()) if line.startswith("D")]
    assert sum(int(line.split()[1].partition("@")[0]) for line in sent) == 800
    for venue in (desk.a, desk.b):
        for child in venue.children:
            if child.open:
                child.cancel()


def test_it_is_not_released_by_nobody_nor_while_a_child_is_in_doubt(desk: Desk) -> None:
    parent_id = overfill(desk)
    unnamed = ask(desk, command="release", parent_id=parent_id, who="", reason="agreed")
    assert unnamed == {"error": "it needs a named who and a reason"}
    wrong = ask(desk, command="release", parent_id="PX", who="ada", reason="agreed")
    assert wrong == {"error": f"'PX' is not frozen; frozen: {parent_id}"}
    assert ask(desk, command="status")["frozen_parents_count"] == 1


def test_a_child_in_doubt_keeps_it_frozen(desk: Desk) -> None:
    desk.data_b.book()
    desk.oms.order("X", 2000)
    a, b = desk.a.child(), desk.b.child()
    b.ack()
    desk.overfilled.add(a.cl_ord_id)
    a.fill(1200, "10", "B")
    desk.b.drop()
    parent_id = next(iter(desk.node.engine.state.frozen_parents))
    told = ask(desk, command="release", parent_id=parent_id, who="ada", reason="agreed")
    assert told == {"error": f"refused while children are UNKNOWN: {b.cl_ord_id}"}
    desk.b.connect()
    b.cancel()
    told = ask(desk, command="release", parent_id=parent_id, who="ada", reason="agreed")
    assert told["frozen"] == []


def test_an_order_that_is_over_is_shown_too(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    desk.overfilled.add(child.cl_ord_id)
    child.fill(1300, "10", "B")
    assert desk.oms.heard()[-1] == "8 X F/2 1000/1300/0 +1300@10 ~10"
    (parent_id,) = desk.node.engine.state.frozen_parents
    desk.control(ReleaseRequested(parent_id, "ada", "the client keeps it"))
    desk.wait(10)
    assert desk.a.heard() == ["D 1000@11 59=3"]
    assert desk.node.engine.state.frozen_parents == {}


def test_by_its_profile_the_venue_is_told_that_it_is_too_much() -> None:
    desk = Desk("venues.LIT_A.dk=ok")
    desk.open()
    desk.oms.order("X")
    child = desk.a.child()
    desk.overfilled.add(child.cl_ord_id)
    child.fill(1300, "10", "B")
    told = desk.a.inbox[-1]
    fields = {tag: told.get(tag) for tag in ("35", "17", "127", "38", "32")}
    assert fields == {"35": "Q", "17": "B", "127": "C", "38": "1000", "32": "1300"}
    child.bust("B", 1300, "C")
    assert desk.oms.heard()[-1] == "8 X H/0 1000/0/1000 19=B ~0", "it took our word"


def test_the_log_has_it_as_an_error() -> None:
    desk = Desk()
    desk.open()
    with capture_logs() as lines:
        log = structlog.get_logger()
        desk.on_step = lambda step: narration.narrate(log, step)
        overfill(desk)
        desk.a.say(
            "8", "37=V|11=STRANGE|17=Z|150=F|39=2|55=ACME|54=1|38=9|32=9|31=10|151=0|14=9|6=10"
        )
    seen = [line for line in lines if line["log_level"] == "error"]
    assert [line["event"] for line in seen] == ["parent_frozen", "execution_suspended"]
    assert (seen[1]["mic"], seen[1]["exec_id"], seen[1]["last_qty"]) == ("LIT_A", "Z", 9)


def test_an_ioc_that_is_frozen_before_its_next_round_ends(desk: Desk) -> None:
    """Its algo was asked again while all of it was at work, and it has no round since (109579)."""
    desk.data_b.book()
    desk.oms.order("X", 2000, tif="3")
    a, b = desk.a.child(), desk.b.child()
    b.ack()
    desk.wait(6)
    parent = next(iter(desk.node.engine.state.parents.values()))
    assert (parent.rounds, parent.working_qty) == (0, 2000)
    desk.overfilled.add(a.cl_ord_id)
    a.fill(1200, "10", "B")
    b.cancel()
    assert desk.oms.heard()[-1] == "8 X 4/4 2000/1200/0"
