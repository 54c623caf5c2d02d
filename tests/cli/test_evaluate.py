"""`sluice evaluate`: a journal by hand, a day of the simulated market, and what cannot be told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from router.analysis.decision_log import fate
from router.cli import run
from router.core.features import FEATURE_VERSION, FEATURES
from router.core.orders import Child, Context
from router.messages import (
    CandidateRecord,
    Command,
    Decide,
    ExecutionReceived,
    Learn,
    OpenParent,
    OrderTerms,
    SendChild,
    Step,
)
from router.model import ExecType, OrdStatus, OrdType, Side, Tactic, TimeInForce
from tests.cli.market_day import OVERRIDES, Day, Recorded, read_journal, write_journal

SET = [part for each in OVERRIDES for part in ("--set", each)]
PX = 100_000_000
T = 1_767_623_400_000_000_000


def evaluate(
    folder: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, dict[str, Any], str]:
    code = run(["evaluate", str(folder), "--json", *SET, *more])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else {}, err


def means(pair: dict[str, Any]) -> list[float]:
    return [pair[name]["value"] for name in ("logged", "target", "difference")]


# --- a journal by hand ---------------------------------------------------------------------------

LIT, DARK = "LIT_A/lit_take", "DARK_A/dark_mid"
LOGGED = 'static{"shares":{"DARK_A/dark_mid":1.0,"LIT_A/lit_take":2.0}}'
"""Of three lots of 100: weights 2/2.5, 1/1.5, 2/3.5 are the largest, so two and one."""
ZEROS = (0.0,) * len(FEATURES)


def candidate(arm: str, qty: int, cap: int, cost_bp: float) -> CandidateRecord:
    return CandidateRecord(
        arm=arm, price=10 * PX, displayed=0, cap=cap, caps=(), min_qty=0, floor=0, features=ZEROS,
        cost_bp=cost_bp, value_bp=1.0, tail=(), tail_mean=(), qty=qty, marginal_bp=0.0,
    )  # fmt: skip


def child(number: int, mic: str, tactic: Tactic, qty: int) -> SendChild:
    return SendChild(
        f"A1-{number}{mic}", f"P{number}", 4 * number + 1, mic, tactic, "ACME", Side.BUY, qty,
        OrdType.LIMIT, TimeInForce.IOC, 10 * PX,
    )  # fmt: skip


def fill(number: int, mic: str, qty: int) -> ExecutionReceived:
    return ExecutionReceived(
        mic, f"A1-{number}{mic}", f"E{number}", ExecType.TRADE, OrdStatus.PARTIALLY_FILLED,
        last_qty=qty, last_px=10 * PX, trade_date="20260105",
    )  # fmt: skip


def learn(number: int, arm: str, sent: int, filled: int) -> Learn:
    mic = arm.partition("/")[0]
    return Learn(
        f"A1-{number}{mic}", LOGGED, "ACME", arm, ZEROS, FEATURE_VERSION, sent, filled, 0,
        "observed", 1.0,
    )  # fmt: skip


def one_parent(number: int, *, tif: TimeInForce = TimeInForce.DAY) -> list[Step]:
    """300 to buy: 200 at LIT_A, of which an odd parent gets 100, and 100 at DARK_A, all of them."""
    first = 4 * number + 1
    got = 100 if number % 2 else 200
    terms = OrderTerms("ACME", Side.BUY, 300, OrdType.MARKET, time_in_force=tif)
    opened = OpenParent(
        f"P{number}", "OMS", f"C{number}", terms, "default:1", "f" * 64, "sweep", {}, T, 0, 0,
        20 * PX,
    )  # fmt: skip
    found = (candidate(LIT, 200, 200, 1.0), candidate(DARK, 100, 300, 0.5))
    decide = Decide(
        f"P{number}", 300, 0.5, 100, 20 * PX, 0, T, FEATURES, FEATURE_VERSION, LOGGED, 0, "f" * 64,
        found, urgency_bp=4.0,
    )  # fmt: skip
    sent = (
        child(number, "LIT_A", Tactic.LIT_TAKE, 200),
        child(number, "DARK_A", Tactic.DARK_MID, 100),
    )
    lessons: tuple[Command, ...] = (learn(number, LIT, 2, got // 100), learn(number, DARK, 1, 1))
    return [
        Step(first, T + first, commands=(opened, decide, *sent)),
        Step(first + 1, T + first + 1, fill(number, "LIT_A", got)),
        Step(first + 2, T + first + 2, fill(number, "DARK_A", 100)),
        Step(first + 3, T + first + 3, commands=lessons),
    ]


def by_hand(folder: Path, parents: int, steps_of: Callable[[int], list[Step]] = one_parent) -> Path:
    return write_journal(folder, [step for i in range(parents) for step in steps_of(i)])


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


# --- what is known of a child --------------------------------------------------------------------


def told_of(qty: int, cum_qty: int, **lesson: Any) -> tuple[int, int]:
    ended = Child(
        cl_ord_id="A1-1", parent_id="P", decision=1, mic="DARK_A", tactic=Tactic.DARK_MID,
        symbol="ACME", side=Side.BUY, qty=qty, price=PX, min_qty=0, quote_id="", sent_at=T,
        cancel_at=0, context=Context("hazard", ()),
    )  # fmt: skip
    ended.cum_qty = cum_qty
    facts = {"sent_lots": qty // 100, "filled_lots": cum_qty // 100, "outcome": "observed"}
    taught = msgspec.structs.replace(learn(0, DARK, 0, 0), **{**facts, **lesson})
    return fate(ended, taught, 100)


def test_all_lots_of_a_child_that_ran_its_course_are_known() -> None:
    assert told_of(400, 400) == (4, 4)
    assert told_of(400, 150) == (4, 1)
    assert told_of(400, 0) == (4, 0)
    assert told_of(450, 450) == (5, 5)  # the part of a lot counts as one
    assert told_of(400, 0, outcome="last_look") == (4, 0)


def test_nothing_is_known_of_a_child_that_was_refused_lost_or_cut_short() -> None:
    assert told_of(400, 0, outcome="rejected") == (0, 0)
    assert told_of(400, 0, outcome="unknown") == (0, 0)
    # taken back with one lot filled: the lesson asks for that one only
    assert told_of(400, 100, sent_lots=1) == (0, 0)


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
    assert told["support"]["clipped_share"] < 0.05


def test_a_split_that_was_never_tried_cannot_be_answered(
    busy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = ["--learner", "static", "--param", 'shares={"LIT_B/lit_make": 1.0}']
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
    code, told, err = evaluate(recorded.folder, capsys, "--learner", "hazard", "--set", "seed=2")
    assert (code, told) == (10, {})
    count = len(decisions(recorded.folder))
    assert f"{count} scored again it is another decision" in err


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
        (["--learner", "oracle"], "--learner oracle: unknown; allowed: hazard, pro_rata, static"),
        (
            ["--learner", "hazard", "--param", "kapa=1"],
            "--param kapa: Extra inputs are not permitted; keys: gamma, kappa",
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
