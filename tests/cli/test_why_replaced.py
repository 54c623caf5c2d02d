"""`sluice why` of an order that was replaced: each decision under the terms that held then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from router.cli import run
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
