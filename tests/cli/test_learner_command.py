"""`sluice learner`: what was explored, from the journal; a freeze, by the operator's door."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from router.cli import run
from router.cli.why_exploring import exploring
from router.core.scoring import HeldBack
from router.messages import Decide, FreezeLearner, Safety, ThawLearner
from tests.cli.market_day import OVERRIDES, Recorded, read_journal


def configured() -> list[str]:
    return [part for each in OVERRIDES for part in ("--set", each)]


def test_status_adds_up_the_decisions_of_the_journal(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    decides = [
        each
        for step in read_journal(recorded.folder)
        for each in step.commands
        if isinstance(each, Decide)
    ]
    made = [each.safety for each in decides if each.safety is not None]
    assert len(made) == len(decides) > 10
    assert run(["learner", "status", str(recorded.folder), *configured(), "--json"]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    [found] = told["ledgers"]
    assert (found["account"], found["day"]) == ("", "2026-01-05")
    assert found["decisions"] == len(made)
    assert found["explored"] == sum(each.explored for each in made)
    assert found["notional"] == pytest.approx(sum(each.notional for each in made))
    # every decision's notional is what was due at the midpoint
    due = sum(each.due_qty * each.mid / 2e8 for each in decides)
    assert found["notional"] == pytest.approx(due)
    spent = sum(each.cost_bp * each.notional for each in made if each.explored)
    assert found["spent"] == pytest.approx(spent)
    assert told["frozen"] == []
    assert run(["learner", "status", str(recorded.folder), *configured()]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if line.startswith(f"(none) 2026-01-05 {len(made)} ")]
    assert lines[-1] == "no learner is frozen"


def test_a_freeze_holds_until_a_named_person_thaws_it(
    daemon: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = ["--state", str(daemon)]
    argv = ["learner", "freeze", "--reason", "odd fills", "--who", "ada", *state]
    assert run([*argv, "hazard"]) == 0
    assert capsys.readouterr().out == (
        "hazard is frozen; let it go on with: sluice learner thaw hazard --who NAME --reason TEXT\n"
    )
    assert run([*argv, "hazard"]) == 0
    assert capsys.readouterr().out == "hazard was frozen already\n"
    assert run(["status", *state]) == 0
    assert "frozen: hazard, by ada: odd fills" in capsys.readouterr().out.splitlines()
    assert run([*argv, "hazrd"]) == 6
    assert "no learner 'hazrd'" in capsys.readouterr().err
    thaw = ["learner", "thaw", "--who", "grace", "--reason", "looked at", *state]
    assert run(thaw) == 6
    assert "no freeze of all holds; held: hazard" in capsys.readouterr().err
    assert run(["learner", "status", str(daemon)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "frozen: hazard, by ada: odd fills"
    assert run([*thaw, "hazard"]) == 0
    assert capsys.readouterr().out == "thawed: hazard; none is frozen\n"
    found = [
        command
        for step in read_journal(daemon)
        for command in step.commands
        if isinstance(command, FreezeLearner | ThawLearner)
    ]
    assert found == [
        FreezeLearner("hazard", "ada", "odd fills"),
        ThawLearner("hazard", "grace", "looked at"),
    ]
    assert run(["journal", "cat", str(daemon)]) == 0
    assert "freeze of hazard asked by ada: odd fills > hazard FROZEN" in capsys.readouterr().out


def decided(safety: Safety | None, learner: str = "hazard") -> Decide:
    return Decide("P", 300, 0.5, 100, 0, 0, 0, (), 1, learner, 0, "", (), safety=safety)


LEFT = "; 0.250 of 0.5 bp of the day's budget left"


@pytest.mark.parametrize(
    ("safety", "text"),
    [
        (
            Safety(True, "", 0.125),
            "yes, a draw that is worth 0.125 bp less than the mean, by the mean",
        ),
        (Safety(False), "no, its draw came to what its mean comes to"),
        (
            Safety(False, "BUDGET_SPENT", 2.0),
            "no, the draw would have cost 2.000 bp and less is left: it went by its mean",
        ),
        (
            Safety(False, "GATE", give_up=0.02),
            "no, with its proposal more than 2.0% of what its own mean is worth could be lost: "
            "its own mean was played",
        ),
        (
            Safety(False, "STALE_FEATURES", proposer="hazard"),
            "no, the freshest lit book was too old to judge by: pro_rata, the fallback, decided "
            "instead of hazard",
        ),
    ],
)
def test_a_decision_says_whether_it_explored_and_why_not(safety: Safety, text: str) -> None:
    kept = {name: getattr(safety, name) for name in safety.__struct_fields__}
    told = Safety(**{**kept, "budget_bp": 0.5, "budget_left_bp": 0.25})
    assert list(exploring(decided(told, "pro_rata"))) == [("exploring", text + LEFT)]


def test_every_reason_has_its_words_and_an_old_journal_has_none() -> None:
    said = {each: list(exploring(decided(Safety(False, each.value)))) for each in HeldBack}
    assert len({text for [(_, text)] in said.values()}) == len(HeldBack)
    assert list(exploring(decided(None))) == []
