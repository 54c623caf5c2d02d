"""What a replace may change besides quantity and price, and that each change is carried out."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.fix.codec import time_text
from router.messages import KillRequested
from router.model import NS
from tests.oms.desk import T0, Desk
from tests.oms.policy_desk import BASE, PolicyDesk, policy_desk

CLOSE = 600
"""Seconds until ACME's day ends, after T0."""


def start(desk: Desk, tif: str = "0", extra: str = "") -> None:
    """X for 1000 is acknowledged and at work."""
    desk.oms.order("X", tif=tif, extra=extra)
    desk.a.child().ack()
    desk.oms.heard(), desk.a.heard()


def replaced(desk: Desk, tif: str, extra: str = "") -> None:
    """To another TimeInForce(59), and at work again."""
    desk.oms.replace("Y", "X", tif=tif, extra=extra)
    desk.a.child().cancel()
    assert desk.oms.heard()[-1] == "8 Y(X) 5/0 1000/0/1000"
    desk.a.heard()


# -- its time --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("tif", "extra"), [("1", ""), ("6", "126=20260105-14:50:00|")])
def test_to_an_order_of_the_day(desk: Desk, tif: str, extra: str) -> None:
    start(desk, tif, extra)
    replaced(desk, "0")
    desk.wait(1)
    desk.a.child().ack()
    desk.wait(CLOSE - 1.5)
    assert desk.oms.heard() == []
    desk.wait(0.5)
    desk.a.child().cancel()
    assert desk.oms.heard() == ["8 Y 3/3 1000/0/0"]


def test_to_one_that_is_good_till_canceled(desk: Desk) -> None:
    start(desk)
    replaced(desk, "1")
    desk.wait(1)
    desk.a.child().ack()
    desk.a.heard()
    desk.wait(CLOSE + 60)
    assert (desk.oms.heard(), desk.a.heard()) == ([], []), "nothing is taken back"


def test_to_one_that_takes_what_is_there_now(desk: Desk) -> None:
    start(desk)
    replaced(desk, "3")
    desk.wait(0.02)
    assert desk.a.heard() == ["D 1000@11 59=3"], "it has its try"
    desk.a.child().fill(400, "11", "B")
    desk.a.child().cancel()
    desk.wait(0.1)
    if desk.a.heard():  # it asks for more as long as each round trades
        desk.a.child().cancel()
    assert desk.oms.heard() == ["8 Y F/1 1000/400/600 +400@11 ~11", "8 Y 4/4 1000/400/0"]


def test_a_schedule_without_an_end_is_that_of_the_day(desk: Desk) -> None:
    desk.oms.order("X", 1000, extra="847=twap|848=interval_s=60|")
    desk.wait(0.02)
    desk.a.child().ack()
    desk.oms.heard(), desk.a.heard()
    desk.oms.replace("Y", "X", 1000, tif="1")
    desk.a.child().cancel()
    desk.wait(0.1)
    assert desk.a.heard() == ["F c1", "D 100@11 59=3"], "a tenth a minute, until the close"


def test_what_is_left_of_an_order_is_filled_or_killed(desk: Desk) -> None:
    start(desk)
    desk.a.child().fill(400, "11", "B")
    desk.oms.replace("Y", "X", 1000, tif="4")
    desk.a.child().cancel()
    desk.wait(0.1)
    assert desk.a.heard() == ["F c1", "D 600@11 59=4"]


def test_a_start_that_is_still_to_come_is_moved(desk: Desk) -> None:
    def at(seconds: int) -> str:
        return f"168={time_text(T0 + seconds * NS)}|"

    desk.oms.order("X", extra=at(60))
    desk.oms.replace("Y", "X", extra=at(65))
    desk.wait(59)
    desk.data_a.book()
    desk.wait(5.9)
    assert desk.a.heard() == []
    desk.wait(0.2)
    assert desk.a.heard() == ["D 1000@11 59=3"]


def test_one_without_a_start_begins_now(desk: Desk) -> None:
    desk.oms.order("X", extra=f"168={time_text(T0 + 60 * NS)}|")
    desk.oms.replace("Y", "X")
    desk.wait(0.02)
    assert desk.a.heard() == ["D 1000@11 59=3"]


# -- whose it is, and how it is worked -------------------------------------------------------------


def test_another_account_is_another_order(desk: Desk) -> None:
    start(desk, extra="1=ONE|")
    desk.oms.replace("Y", "X", 1000, extra="1=TWO|")
    (told,) = desk.oms.read()
    assert (told.msg_type, told.get("102")) == ("9", "99")
    assert told.get("58") == "ORDER_MISMATCH: account=TWO, allowed=ONE: it may not change"


def test_an_account_that_is_not_said_again_stays(desk: Desk) -> None:
    start(desk, extra="1=ONE|")
    desk.oms.replace("Y", "X", 1200)
    desk.a.child().cancel()
    desk.wait(0.02)
    desk.oms.heard(), desk.a.heard()
    desk.control(KillRequested("account", "ONE", "ada", "a drill"))
    assert desk.a.heard() == ["F c2"]
    assert desk.oms.heard() == ["8 Y 9/9 1200/0/1200 KILL_ENGAGED"]


def test_another_algo_is_another_order(desk: Desk) -> None:
    start(desk, extra="847=sweep|")
    desk.oms.replace("Y", "X", 1000, extra="847=twap|")
    (told,) = desk.oms.read()
    assert told.get("58") == "ORDER_MISMATCH: algo=twap, allowed=sweep: it may not change"
    desk.oms.replace("Z", "X", 1200)
    desk.a.child().cancel()
    assert desk.oms.heard()[-1] == "8 Z(X) 5/0 1200/0/1200"


# -- what its policy says of the new terms ---------------------------------------------------------

LARGE = """\
rules:
  - id: large
    why: large orders are not for B
    match: {qty: {from: 2000}}
    venues: {deny: {mic: LIT_B}}
"""
NO_SWEEPS = """\
rules:
  - id: slowly
    why: large orders are worked slowly
    match: {qty: {from: 2000}}
    algos: [twap]
  - id: slower
    why: which is then the way
    match: {qty: {from: 2000}}
    settings: {algo: twap}
"""


def replaced_to(desk: PolicyDesk, qty: int) -> dict[str, list[str]]:
    """X for 1000, in two halves at two venues, is for another quantity; what is sent then."""
    desk.oms.order("X", 1000, extra="847=sweep|")
    both_end(desk, "ack")
    desk.oms.replace("Y", "X", qty, extra="847=sweep|")
    both_end(desk, "cancel")
    desk.sent()
    desk.wait(0.02)
    return desk.sent()


def both_end(desk: PolicyDesk, how: str) -> None:
    for venue in (desk.a, desk.b):
        for child in venue.children:
            if child.open:
                getattr(child, how)()


def test_a_rule_for_large_orders_holds_for_one_that_has_become_large(tmp_path: Path) -> None:
    with policy_desk(tmp_path / "policies") as desk:
        desk.write(BASE.format(name="firm", version=2) + LARGE)
        desk.reload()
        assert replaced_to(desk, 3000) == {"LIT_A": ["D 3000@11 59=3"], "LIT_B": []}
        both_end(desk, "cancel")
        desk.kill()
        desk.boot()
        for peer in desk.peers:
            peer.connect()
        desk.data_a.book()
        desk.data_b.book()
        desk.wait(6)
        assert desk.sent() == {"LIT_A": ["D 3000@11 59=3"], "LIT_B": []}, "nor does a restart"


def test_what_the_policy_would_not_have_taken_is_refused(tmp_path: Path) -> None:
    with policy_desk(tmp_path / "policies") as desk:
        desk.write(BASE.format(name="firm", version=2) + NO_SWEEPS)
        assert desk.reload()["changed"] == ["firm"]
        desk.oms.order("X", 1000, extra="847=sweep|")
        desk.oms.heard()
        desk.oms.replace("Y", "X", 3000, extra="847=sweep|")
        assert desk.oms.heard() == ["9 Y(X) 39=0 102=2 434=2 POLICY_INSTRUCTION_DENIED"]
        desk.kill()
        desk.boot()
        (parent,) = desk.node.engine.state.parents.values()
        assert not parent.frozen
