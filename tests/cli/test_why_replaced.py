"""`sluice why` of an order that was replaced: each decision under the terms that held then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from router.cli import run
from router.cli.why_words import rescheduled, words
from router.messages import Reschedule
from tests.cli.market_day import copy_out
from tests.oms.desk import Desk


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.open()
    return made


def why(desk: Desk, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What is said, every run of blanks as one."""
    folder = copy_out(desk.storage, tmp_path / name)
    assert run(["why", name, "--quick", "--state", str(folder)]) == 0
    return " ".join(capsys.readouterr().out.split())


def test_a_child_has_the_terms_and_parameters_of_its_decision(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.oms.order("X", 1000, px="11", extra="847=sweep|")
    first = desk.a.child()
    first.ack()
    changed = "847=sweep|848=pause_s=7|"
    desk.oms.replace("Y", "X", 5000, px="12", extra=changed)
    first.cancel()
    desk.wait(0.02)
    second = desk.a.child()
    assert second is not first
    told = why(desk, first.cl_ord_id, tmp_path, capsys)
    assert "order PA1-0 (X of OMS): buy 1,000 ACME, limit 11.00, DAY" in told
    assert "sweep pause_s=5, policy scenarios:1, documents " in told
    told = why(desk, second.cl_ord_id, tmp_path, capsys)
    assert "order PA1-0 (X of OMS, replaced by Y): buy 5,000 ACME, limit 12.00, DAY" in told
    assert "5,000 shares due" in told
    assert "sweep pause_s=7, policy documents " in told
    assert ", their clauses chosen again for the new terms" in told
    told = why(desk, "X", tmp_path, capsys)
    assert "client X of session OMS, replaced by Y" in told
    assert "worked by sweep pause_s=7 policy documents " in told


def test_a_script_is_given_the_terms_that_held_then(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.oms.order("X", 1000, px="11")
    desk.oms.replace("Y", "X", 5000)
    desk.a.child().cancel()
    desk.wait(0.02)
    folder = ["--quick", "--json", "--state", str(copy_out(desk.storage, tmp_path / "state"))]
    quantities = []
    for child in desk.a.children:
        assert run(["why", child.cl_ord_id, *folder]) == 0
        told = json.loads(capsys.readouterr().out)
        quantities.append(
            (told["order"]["terms"]["order_qty"], told["order_then"]["terms"]["order_qty"])
        )
    assert quantities == [(1000, 1000), (1000, 5000)]
    assert run(["why", "X", *folder]) == 0
    now = json.loads(capsys.readouterr().out)["order_now"]
    assert (now["cl_ord_id"], now["terms"]["order_qty"], now["replaced"]) == ("Y", 5000, True)


# -- what a replace makes of the schedule --------------------------------------------------------

NOW = 1_767_623_400_000_000_000
"""2026-01-05 14:30 UTC."""
MINUTE = 60_000_000_000
DAYS = 24 * 60 * MINUTE
PARAMETERS = {"pause_s": "5", "rate": "0.1"}
HELD = Reschedule("PA1-0", PARAMETERS, NOW + 10 * MINUTE, NOW + 10 * MINUTE, NOW)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "its schedule stays"),
        ({"end_time": 0}, "new schedule: without an end"),
        ({"end_time": NOW + MINUTE}, "new schedule: is to be done by 14:31:00.000"),
        ({"start_time": NOW + MINUTE}, "new schedule: starts at 14:31:00.000"),
        ({"start_time": 0}, "its schedule stays"),
        ({"expire_at": NOW + DAYS}, "new schedule: expires at 2026-01-06 14:30:00.000"),
        ({"expire_at": 0}, "new schedule: never expires"),
        ({"algo_params": {**PARAMETERS, "rate": "0.2"}}, "new schedule: rate=0.2"),
        (
            {"start_time": NOW + MINUTE, "end_time": 0, "expire_at": 0},
            "new schedule: starts at 14:31:00.000; without an end; never expires",
        ),
    ],
)
def test_a_schedule_tells_what_has_changed(changes: dict[str, Any], told: str) -> None:
    new = structs.replace(HELD, **changes)
    after, text = rescheduled(HELD, new, NOW)
    assert text == told
    assert after.start_time == (new.start_time or HELD.start_time)


def test_a_schedule_by_itself_is_told_whole() -> None:
    told = "its schedule: is to be done by 2026-01-05 14:40:00.000; never expires"
    assert words(structs.replace(HELD, start_time=0, expire_at=0)) == told


def test_a_life_tells_what_each_replace_has_changed(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.oms.order("X", 1000, px="8.9", extra="168=20260105-14:35:00|")
    desk.oms.replace("Y", "X", 1200, px="8.9", extra="168=20260105-14:36:00|")
    tomorrow = "168=20260105-14:36:00|126=20260106-14:35:00|"
    desk.oms.replace("Z", "Y", 1300, px="8.9", tif="6", extra=tomorrow)
    desk.oms.replace("Q", "Z", 1400, px="8.9", tif="1", extra="168=20260105-14:36:00|")
    desk.oms.replace("R", "Q", 1500, px="8.9", tif="1", extra="168=20260105-14:36:00|")
    told = why(desk, "X", tmp_path, capsys)
    by = "2026-01-06 14:35:00.000"
    for told_once in (
        "new schedule: starts at 14:36:00.000 14:30",
        f"new schedule: is to be done by {by}; expires at {by} 14:30",
        "new schedule: without an end; never expires 14:30",
        "its schedule stays",
    ):
        assert told.count(told_once) == 1, told_once
