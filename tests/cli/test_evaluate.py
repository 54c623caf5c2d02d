"""`sluice evaluate`: a journal by hand, a day of the simulated market, and what cannot be told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from router import build
from router.cli import run
from router.messages import Decide, Step
from router.model import Side, TimeInForce
from tests.analysis.hand_journal import DARK, LIT, LOGGED, one_parent
from tests.cli.market_day import OVERRIDES, Day, Recorded, read_journal, write_journal

SET = [part for each in OVERRIDES for part in ("--set", each)]


def evaluate(
    folder: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, dict[str, Any], str]:
    code = run(["evaluate", str(folder), "--json", *SET, *more])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else {}, err


def means(pair: dict[str, Any]) -> list[float]:
    return [pair[name]["value"] for name in ("logged", "target", "difference")]


# --- a journal by hand ---------------------------------------------------------------------------


def by_hand(folder: Path, parents: int, steps_of: Callable[[int], list[Step]] = one_parent) -> Path:
    return write_journal(folder, [step for i in range(parents) for step in steps_of(i)])


LEARNERS = ", ".join(build.families().learners)

TARGET = ["--learner", "static", "--param", f'shares={{"{LIT}": 1.0}}']
"""All to LIT_A, which its cap of 200 makes two lots: within what was placed."""


def test_a_log_without_draws_is_answered_within_its_prefix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told, err = evaluate(by_hand(tmp_path, 30), capsys, *TARGET)
    assert (code, err) == (0, "")
    assert (told["decisions"], told["parents"], told["days"]) == (30, 30, 1)
    assert told["learners"] == {LOGGED: 30}
    assert told["left_out"] == {}
    assert (told["within"], told["known_share"], told["reference_bp"]) == (30.0, 1.0, 1.0)
    # u 4, all markouts alike: a lot is worth 3 at LIT_A and 3.5 at DARK_A; LIT_A fills 2 or 1
    assert means(told["prefix"]) == pytest.approx([4.5 + 3.5, 4.5, -3.5])
    difference = told["prefix"]["difference"]
    assert (difference["low"], difference["high"]) == pytest.approx((-3.5, -3.5))
    assert told["doubly_robust"] == {"logged": None, "target": None, "difference": None}
    assert told["support"]["drawn"] == 0
    assert told["verdict"]["answer"] == "answered within the prefix only"


def test_too_few_parents_within_the_prefix_are_no_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told, err = evaluate(by_hand(tmp_path, 29), capsys, *TARGET)
    assert code == 10
    assert told["verdict"]["answer"] == "cannot be answered from this log"
    lines = err.splitlines()
    assert lines[0] == "cannot be answered from this log:"
    assert lines[-1].endswith("29 parents have a decision that holds the target's, at least 30 "
                              "are needed")  # fmt: skip


def test_a_split_beyond_what_was_placed_is_not_within_the_prefix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = ["--learner", "static", "--param", f'shares={{"{DARK}": 1.0}}']
    code, told, _ = evaluate(by_hand(tmp_path, 30), capsys, *target)
    assert (code, told["within"], told["prefix"]["target"]) == (10, 0.0, None)


def test_a_decision_that_no_learner_made_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = by_hand(tmp_path, 3, lambda i: one_parent(i, tif=TimeInForce.FOK))
    code, told, err = evaluate(folder, capsys, *TARGET)
    assert (code, told) == (10, {})
    assert err == (
        "cannot be answered from this log: no decision in it is fit: "
        "3 fill or kill: no learner had a say\n"
    )


# --- days of the simulated market ----------------------------------------------------------------


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """45 orders, one after the other, worked by the default learner."""
    day = Day()
    for number in range(45):
        side = Side.BUY if number % 2 else Side.SELL
        day.order(side, 600 + 200 * (number % 5), algo="" if number % 3 else "twap")
        day.run(6)
    day.run(10)
    return day.save(tmp_path_factory.mktemp("busy") / "state")


def decisions(folder: Path) -> list[Decide]:
    """Those in which something could be placed."""
    return [
        command
        for step in read_journal(folder)
        for command in step.commands
        if isinstance(command, Decide) and any(each.cap for each in command.candidates)
    ]


def test_every_decision_is_scored_again_as_it_was_and_the_learner_earns_what_it_earned(
    busy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told, err = evaluate(busy, capsys, "--learner", "hazard")
    assert (code, err, told["verdict"]["answer"]) == (0, "", "answered")
    assert told["decisions"] == told["support"]["drawn"] == len(decisions(busy))
    assert set(told["left_out"]) <= {"nothing could be placed"}
    difference = told["doubly_robust"]["difference"]
    assert difference["low"] <= 0.0 <= difference["high"]
    assert difference["high"] - difference["low"] < 0.2 * told["doubly_robust"]["logged"]["value"]


def test_a_split_that_was_never_tried_cannot_be_answered(
    busy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = ["--learner", "static", "--param", 'shares={"DARK_B/dark_mid": 1.0}']
    code, told, err = evaluate(busy, capsys, *target)
    assert (code, told["verdict"]["answer"]) == (10, "cannot be answered from this log")
    assert told["support"]["clipped_share"] > 0.2
    assert "of the target's lots were hardly ever tried" in err


def test_the_same_journal_is_answered_in_the_same_bytes_in_words_too(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["evaluate", str(recorded.folder), *SET, "--learner", "hazard", "--param", "kappa=0"]
    told = []
    for _ in range(2):
        assert run(argv) == 10  # three parents
        told.append(capsys.readouterr())
    assert told[0] == told[1]
    lines = told[0].out.splitlines()
    assert lines[3] == 'target    hazard{"kappa":0}'
    assert "verdict   cannot be answered from this log" in lines


def test_with_another_seed_it_is_not_the_decision_that_was_made(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told, _ = evaluate(recorded.folder, capsys, "--learner", "hazard", "--set", "seed=2")
    assert code == 10
    made = decisions(recorded.folder)
    explored = sum(each.safety is not None and each.safety.explored for each in made)
    # what went by the mean is the same under any seed
    assert told["decisions"] == len(made) - explored > 0
    [(why, count)] = told["left_out"].items()
    assert count == explored > 0
    assert why.startswith("scored again it is another decision")


def test_a_journal_without_the_urgency_says_so(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = [
        msgspec.structs.replace(
            step,
            commands=tuple(
                msgspec.structs.replace(each, urgency_bp=None) if isinstance(each, Decide) else each
                for each in step.commands
            ),
        )
        for step in read_journal(recorded.folder)
    ]
    code, _, err = evaluate(write_journal(tmp_path, steps), capsys, "--learner", "hazard")
    assert code == 10
    assert "recorded without u(x)" in err


# --- what is wrong with the question -------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["--learner", "oracle"], f"--learner oracle: unknown; allowed: {LEARNERS}"),
        (
            ["--learner", "hazard", "--param", "kapa=1"],
            "--param kapa: Extra inputs are not permitted; keys: gamma, kappa, footprint, waits",
        ),
        (
            ["--learner", "hazard", "--param", "kappa"],
            "--param kappa: not KEY=VALUE with a value in JSON, as in kappa=0",
        ),
    ],
)
def test_a_target_that_there_is_not_is_refused(
    argv: list[str], text: str, recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(recorded.folder, capsys, *argv) == (4, {}, text + "\n")


def test_a_journal_with_a_learner_that_is_not_loaded_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def foreign(number: int) -> list[Step]:
        first, *_ = one_parent(number)
        commands = tuple(
            msgspec.structs.replace(each, learner="oracle") if isinstance(each, Decide) else each
            for each in first.commands
        )
        return [msgspec.structs.replace(first, commands=commands)]

    code, _, err = evaluate(by_hand(tmp_path, 1, foreign), capsys, *TARGET)
    assert code == 4
    assert err.startswith("seq 1 speaks of learner oracle, which this configuration has not")
