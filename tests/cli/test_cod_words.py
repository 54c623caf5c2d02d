"""What an operator is told of children in doubt, and of venues that cancel on disconnect."""

from __future__ import annotations

from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from router.api.counting import count
from router.api.tally import Tally
from router.cli import doctor, fix_sessions, status, why_words
from router.messages import ExpectCod, NoteCod, Step
from router.runtime.control import parse
from router.runtime.narration import narrate, say_what_is_left
from tests.oms.desk import Desk


def ask(desk: Desk, command: str) -> dict[str, Any]:
    asked = parse(f'{{"command": "{command}"}}'.encode())
    assert callable(asked)
    return asked(desk.node, desk.now)


def lost(cod: str, children: int) -> Desk:
    """So many children rest at LIT_A, and its session is gone."""
    desk = Desk("venues.LIT_A.tactics=[lit_make]", f"venues.LIT_A.cod={cod}")
    desk.open()
    for number in range(children):
        desk.oms.order(f"X{number}", 500)
        desk.a.child().ack()
    desk.a.drop()
    return desk


@pytest.mark.parametrize(
    ("cod", "children", "told"),
    [
        ("none", 1, "1 child UNKNOWN at LIT_A, which works it on"),
        ("none", 3, "3 children UNKNOWN at LIT_A, which works them on"),
        ("day", 3, "3 children UNKNOWN at LIT_A, which cancels on disconnect"),
        ("all", 1, "1 child UNKNOWN at LIT_A, which cancels on disconnect"),
    ],
)
def test_status_says_what_becomes_of_children_in_doubt(cod: str, children: int, told: str) -> None:
    desk = lost(cod, children)
    answer = ask(desk, "status")
    assert answer["venues"]["LIT_A"]["unknown"] == answer["children"]["unknown"] == children
    assert answer["venues"]["LIT_A"]["cod"] == cod
    lines = list(status.text(answer))
    assert [line for line in lines if "UNKNOWN at" in line] == [told]
    desk.a.connect()
    for child in desk.a.children:
        child.cancel()
    assert not [line for line in status.text(ask(desk, "status")) if "UNKNOWN at" in line]


def test_a_child_whose_fate_is_known_is_not_in_doubt() -> None:
    desk = lost("none", 2)
    desk.a.connect()
    first, _ = desk.a.children
    first.tell_status(extra="584=M|911=2|")
    assert ask(desk, "status")["venues"]["LIT_A"]["unknown"] == 1


def test_so_do_sessions_of_venues_and_of_nobody_else() -> None:
    desk = lost("day", 2)
    answer = ask(desk, "fix_sessions")
    assert "unknown" not in answer["sessions"]["OMS"]
    assert answer["sessions"]["LIT_B"]["unknown"] == 0
    told = [line for line in fix_sessions.text(answer) if "UNKNOWN" in line]
    assert told == ["LIT_A: 2 children UNKNOWN there; the venue cancels on disconnect"]


def outlived() -> Desk:
    desk = lost("day", 1)
    desk.a.connect()
    desk.a.child().tell_status(extra="584=M|912=Y|")
    return desk


def test_a_broken_promise_is_a_fault_with_its_cure() -> None:
    answer = ask(outlived(), "status")
    (fault,) = [each for each in answer["faults"] if "COD" in each]
    name = outlived().a.child().cl_ord_id
    assert fault == (
        f"LIT_A: COD_NOT_KEPT: child {name} has outlived its session, and is taken back; the "
        "profile has cod: day"
    )
    assert "venues.MIC.cod" in doctor._cure(fault)
    assert "venues.MIC.cod" not in doctor._cure("LIT_A: 35=8 34=5: no price")


@pytest.mark.parametrize(
    ("note", "event", "metric", "words"),
    [
        (("cancels", True), "cod_not_kept", "cod_not_kept_total", "has outlived its session"),
        (("works", True), "cod_not_said", "cod_not_said_total", "was canceled when its session"),
        (("cancels", False), "", "", "as its profile has it"),
        (("works", False), "", "", "as its profile has it"),
    ],
)
def test_the_log_the_counters_and_the_story_have_it(
    note: tuple[str, bool], event: str, metric: str, words: str
) -> None:
    command = NoteCod("A1-1", "LIT_A", *note)
    step = Step(7, 0, commands=(command,))
    with capture_logs() as logged:
        narrate(structlog.get_logger(), step)
    expected = [
        {
            "event": event,
            "log_level": "warning",
            "seq": 7,
            "cl_ord_id": "A1-1",
            "mic": "LIT_A",
        }
    ]
    assert logged == (expected if event else [])
    tally = Tally()
    count(tally, step)
    assert tally.counters == ({metric: {"LIT_A": 1}} if metric else {})
    assert words in why_words.words(command)


@pytest.mark.parametrize(
    ("promised", "words"),
    [
        ("cancels", "its session has ended: the venue cancels it, by its profile"),
        ("works", "its session has ended: the venue works it on, by its profile"),
    ],
)
def test_the_story_says_what_was_to_be_expected(promised: str, words: str) -> None:
    assert why_words.words(ExpectCod("A1-1", promised)) == words


def test_a_stop_in_good_order_says_what_is_left_where_and_what_becomes_of_it() -> None:
    desk = lost("day", 2)
    with capture_logs() as logged:
        say_what_is_left(structlog.get_logger(), desk.node.engine.state)
    assert logged == [
        {
            "event": "children_left",
            "log_level": "warning",
            "mic": "LIT_A",
            "children": 2,
            "cod": "day",
        }
    ]
