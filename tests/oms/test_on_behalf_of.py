"""An order that is sent on behalf of somebody is answered to them (fix.md 4.3, scenario 18)."""

from __future__ import annotations

import pytest

from router.core import fold_ends
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


ONE, TWO = "115=ONE|", "115=TWO|"


def told(desk: Desk) -> list[str]:
    """Whom each message since the last look was for, and what it said."""
    start = len(desk.oms.inbox) - len(lines := desk.oms.heard())
    return [
        f"{message.get('128') or '-'}: {line}"
        for message, line in zip(desk.oms.inbox[start:], lines, strict=True)
    ]


def test_two_firms_may_use_the_same_id(desk: Desk) -> None:
    desk.oms.order("1", 100, px="8.9", header=ONE)
    desk.oms.order("1", 500, px="8.8", header=TWO)
    assert told(desk) == ["ONE: 8 1 0/0 100/0/100", "TWO: 8 1 0/0 500/0/500"]
    desk.oms.cancel("2", "1", header=TWO)
    desk.oms.replace("2", "1", 200, px="8.9", header=ONE)
    assert told(desk) == [
        "TWO: 8 2(1) 6/6 500/0/500",
        "TWO: 8 2(1) 4/4 500/0/0",
        "ONE: 8 2(1) E/E 100/0/100",
        "ONE: 8 2(1) 5/0 200/0/200",
    ]
    desk.kill()
    desk.boot()
    for peer in desk.peers:
        peer.connect()
    desk.oms.order("1", 100, px="8.9", header=ONE)
    assert told(desk)[-1] == "ONE: 8 1 8/0 200/0/200 103=6 CLORDID_DUPLICATE"


def test_no_firm_has_a_say_in_another_ones_orders(desk: Desk) -> None:
    desk.oms.order("1", 100, px="8.9", header=ONE)
    told(desk)
    desk.oms.cancel("9", "1", header=TWO)
    desk.oms.say("H", "11=1|55=ACME|54=1", header=TWO)
    desk.oms.say("AF", "584=M|585=7", header=TWO)
    desk.oms.say("q", "11=7|530=7|60=20260105-14:30:00", header=TWO)
    assert told(desk) == [
        "TWO: 9 9(1) 37=NONE 39=8 102=1 434=1 ORDER_UNKNOWN",
        "TWO: 8 1 I/8 0/0/0 103=5 ORDER_UNKNOWN",
        "TWO: 8 NONE I/8 0/0/0 103=5 584=M 911=1 912=Y ORDER_UNKNOWN",
        "TWO: r 7 530=7 531=7 533=0",
    ]


def test_the_session_itself_may_take_back_what_is_theirs(desk: Desk) -> None:
    for firm, name in ((ONE, "1"), (TWO, "1"), (TWO, "2")):
        desk.oms.order(name, 500, px="8.8", header=firm)
        desk.wait(3)
    told(desk)
    desk.oms.cancel("8", "2")
    desk.oms.cancel("9", "1")
    desk.oms.say("q", "11=7|530=7|60=20260105-14:30:00")
    assert told(desk) == [
        "TWO: 8 8(2) 6/6 500/0/500",
        "TWO: 8 8(2) 4/4 500/0/0",
        "-: 9 9(1) 37=NONE 39=8 102=1 434=1 ORDER_UNKNOWN",
        "-: r 7 530=7 531=7 533=2",
        "ONE: 8 1 6/6 500/0/500",
        "ONE: 8 1 4/4 500/0/0",
        "TWO: 8 1 6/6 500/0/500",
        "TWO: 8 1 4/4 500/0/0",
    ]


def test_a_replace_in_nobodys_name_leaves_the_order_its_firms(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.oms.order("1", 100, px="8.9", header=ONE)
    desk.oms.replace("2", "1", 200, px="8.9", header="116=JANE|")
    desk.oms.cancel("3", "2", header=ONE)
    assert told(desk)[-2:] == ["ONE: 8 3(2) 6/6 200/0/200", "ONE: 8 3(2) 4/4 200/0/0"]
    monkeypatch.setattr(fold_ends, "CLOSED_PARENTS_MAX", 1)
    desk.oms.order("5", 300, px="8.8")
    desk.oms.cancel("6", "5")
    assert not desk.node.engine.state.firms["OMS"], "it is forgotten by all its names"


def test_the_session_may_ask_about_what_is_over(desk: Desk) -> None:
    desk.oms.order("1", 100, px="8.9", header=ONE)
    desk.oms.cancel("9", "1")
    told(desk)
    desk.oms.cancel("9", "1", header="97=Y|")
    desk.oms.say("H", "11=1|55=ACME|54=1")
    assert told(desk) == ["ONE: 8 9(1) I/4 100/0/0", "ONE: 8 1 I/4 100/0/0"]
