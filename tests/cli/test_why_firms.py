"""`sluice why` of an id that several clients use: firms behind a hub, and OMSs of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.analysis.naming import Kind, find
from router.cli import run
from tests.cli.market_day import copy_out
from tests.oms.desk import Desk

RED, BLUE = "115=RED|", "115=BLUE|"


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.open()
    return made


def why(
    desk: Desk, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[str, str]:
    """What is said, every run of blanks as one, and the note."""
    assert run(["why", name, "--state", str(copy_out(desk.storage, tmp_path / "state"))]) == 0
    out, err = capsys.readouterr()
    return " ".join(out.split()), err


def test_what_one_firm_was_refused_is_not_lost_in_what_another_one_was_given(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.oms.order("X", "-5", header=RED)
    desk.oms.order("X", 100, px="8.9", header=BLUE)
    found = find(desk.storage, "X")
    assert [(each.kind, each.name) for each in found] == [
        (Kind.REFUSED, "X"),
        (Kind.PARENT, "PA1-0"),
    ]
    told, note = why(desk, "X", tmp_path, capsys)
    assert told.startswith("PA1-0: buy 100 ACME, limit 8.90, DAY; new")
    assert "client X of session OMS for BLUE" in told
    assert "order X from OMS for BLUE" in told
    assert note == (
        "note: X names 2 orders; this is the newest, not the one of OMS for RED that was refused\n"
    )


def test_a_refusal_that_is_the_newest_is_its_own_firms_alone(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.oms.order("X", "-5", header=BLUE)
    desk.oms.order("X", 100, px="8.9", header=BLUE)
    desk.oms.order("X", "-7")
    desk.oms.order("X", "-6", header=RED)
    told, note = why(desk, "X", tmp_path, capsys)
    assert told.startswith("X for RED: ")
    assert told.count("order X from OMS") == 1, "the others' are not in its life"
    others = "PA1-0, the one of OMS that was refused"
    assert note == f"note: X names 3 orders; this is the newest, not {others}\n"


def test_an_order_that_was_taken_in_the_end_is_one(desk: Desk) -> None:
    desk.oms.order("X", "-5", header=RED)
    desk.oms.order("X", 100, px="8.9", header=RED)
    desk.oms.replace("Y", "X", 200, px="8.9", header=RED)
    desk.oms.order("Y", "-5", header=RED)
    for name in ("X", "Y"):
        assert [each.name for each in find(desk.storage, name)] == ["PA1-0"]
