"""An order that is sent on behalf of somebody is answered to them (fix.md 4.3, scenario 18)."""

from __future__ import annotations

from router.fix.codec import Message
from tests.oms.desk import Desk

BEHALF = "115=FUND|116=JANE|144=NYC|"
REVERSED = {"128": "FUND", "129": "JANE", "145": "NYC"}


def delivered(message: Message) -> dict[str, str]:
    return {tag: message.get(tag) for tag in ("128", "129", "145") if message.get(tag)}


def test_every_report_of_an_order_goes_back_to_whom_it_was_for(desk: Desk) -> None:
    desk.oms.order("X", header=BEHALF)
    child = desk.a.child()
    child.fill(200, "12", "B")
    desk.oms.cancel("Y", "X")
    child.cancel()
    kinds = [message.msg_type for message in desk.oms.inbox]
    assert kinds.count("8") >= 3
    assert all(delivered(message) == REVERSED for message in desk.oms.inbox)


def test_refusals_go_back_too(desk: Desk) -> None:
    desk.oms.order("X", "-5", header=BEHALF)
    desk.oms.say("F", "11=Y|41=NONE|55=ACME|54=1|60=20260105-14:30:00", header=BEHALF)
    desk.oms.say("E", "66=L|394=3|68=1|73=1|11=A|67=1|55=ACME|54=1", header=BEHALF)
    assert [message.msg_type for message in desk.oms.inbox] == ["8", "9", "j"]
    assert all(delivered(message) == REVERSED for message in desk.oms.inbox)


def test_an_order_of_nobody_else_names_nobody(desk: Desk) -> None:
    desk.oms.order("X")
    assert desk.oms.inbox
    assert not any(delivered(message) for message in desk.oms.inbox)
