"""What a reader makes of a journal: requests, fates, lessons, and what it leaves out."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from config.settings import DEFAULT_CONFIG, load_settings
from router import build
from router.analysis.decision_log import DecisionLog, Target, fate, read_decisions
from router.core.features import FEATURES
from router.core.orders import Child, Context
from router.core.shelf import LearnerShelf
from router.messages import CandidateRecord, Decide, Learn, Step
from router.model import Side, Tactic
from router.ports import Markout
from tests.analysis.hand_journal import DARK, LIT, LOGGED, PX, T, candidate, learn, one_parent

RFQ = "SDP_2/dealer_rfq"


def read(steps: list[Step], target: str = "hazard") -> tuple[DecisionLog, Target]:
    family = build.families()
    env = build.environment(load_settings(DEFAULT_CONFIG, []), family)
    wanted = Target(LearnerShelf(family.learners, dimensions=len(FEATURES)), target)
    return read_decisions(steps, build.engine(env, family).state, wanted, lambda _: 1), wanted


def changed(steps: list[Step], **more: Any) -> list[Step]:
    """The same with another decision."""
    return [
        msgspec.structs.replace(
            step,
            commands=tuple(
                msgspec.structs.replace(each, **more) if isinstance(each, Decide) else each
                for each in step.commands
            ),
        )
        for step in steps
    ]


def test_a_request_is_made_again_from_the_record_and_the_parent() -> None:
    found = (
        msgspec.structs.replace(candidate(LIT, 150, 150, 1.0), displayed=250),
        candidate(DARK, 100, 300, 0.5),
    )
    [decision] = read(changed(one_parent(0), candidates=found, due_qty=250))[0].decisions
    asked = decision.request
    assert (asked.symbol, asked.arms, asked.urgency_bp) == ("ACME", (LIT, DARK), 4.0)
    assert asked.lots == 3  # 250 shares
    assert asked.participation == pytest.approx(300 / 250)
    assert list(asked.displayed_lots) == [2.5, 0.0]
    assert list(asked.cost_bp) == [1.0, 0.5]
    assert asked.features.shape == (2, len(FEATURES))
    assert list(decision.placed) == [2, 1]


def test_a_decision_knows_what_became_of_its_children_and_whose_lessons_there_were() -> None:
    log, _ = read([*one_parent(0), *one_parent(1)])
    assert [list(each.known) for each in log.decisions] == [[2, 1], [2, 1]]
    assert [list(each.filled) for each in log.decisions] == [[2, 1], [1, 1]]
    assert [list(each.markout_bp) for each in log.decisions] == [[1.0, 1.0], [1.0, 1.0]]
    assert [each.parent_id for each in log.decisions] == ["P0", "P1"]
    assert {each.day for each in log.decisions} == {20458}  # 2026-01-05
    assert [(each.parent_id, each.lesson.arm) for each in log.lessons] == [
        (parent, arm) for parent in ("P0", "P1") for arm in (LIT, DARK, LIT, DARK)
    ]
    assert [isinstance(each.lesson, Markout) for each in log.lessons] == [
        False,
        False,
        True,
        True,
    ] * 2
    assert log.learners == {LOGGED: 2}


def test_without_its_lesson_a_childs_fate_is_not_known() -> None:
    [decision] = read(one_parent(0)[:-1])[0].decisions
    assert list(decision.known) == [0, 0]
    assert np.isnan(decision.markout_bp).all()


def test_the_target_is_taught_what_another_learner_has_lived_through() -> None:
    _, target = read([*one_parent(0), *one_parent(1)])
    _, arrays = target.get()
    assert arrays["clock"] == 4.0
    assert {key for key in arrays if key.startswith("alpha/")} == {f"alpha/{LIT}", f"alpha/{DARK}"}


def test_the_target_decides_before_it_has_learned_from_the_decision() -> None:
    # with a cap of one lot it can place 0 or 1 at each: where it places, what it has learned shows
    once = [each.target_draws for each in read(one_parent(0))[0].decisions]
    twice = [each.target_draws for each in read([*one_parent(0), *one_parent(1)])[0].decisions]
    assert np.array_equal(once[0], twice[0])


def test_a_question_to_a_dealer_has_no_outcome_and_an_answer_has() -> None:
    def with_dealer(displayed: int) -> list[bool]:
        dealer = msgspec.structs.replace(candidate(RFQ, 0, 0, 0.0), displayed=displayed)
        found: tuple[CandidateRecord, ...] = (
            candidate(LIT, 200, 200, 1.0), candidate(DARK, 100, 300, 0.5), dealer,
        )  # fmt: skip
        [decision] = read(changed(one_parent(0), candidates=found))[0].decisions
        return [bool(each) for each in decision.observable]

    assert with_dealer(0) == [True, True, False]
    assert with_dealer(500) == [True, True, True]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"urgency_bp": None}, "recorded without u(x)"),
        ({"feature_version": 0}, "features of another version"),
        (
            {"candidates": (candidate(LIT, 0, 0, 1.0), candidate(DARK, 0, 0, 0.5))},
            "nothing could be placed",
        ),
        (
            {"candidates": (candidate(LIT, 100, 200, 1.0), candidate(DARK, 200, 300, 0.5))},
            "scored again it is another decision: its seed or its code is not this one",
        ),
    ],
)
def test_a_decision_that_is_not_fit_is_left_out_and_counted(
    change: dict[str, Any], why: str
) -> None:
    log, _ = read([*one_parent(0), *changed(one_parent(1), **change)])
    assert len(log.decisions) == 1
    assert log.left_out == {why: 1}


# --- what is known of a child --------------------------------------------------------------------


def told_of(qty: int, cum_qty: int, **lesson: Any) -> tuple[int, int]:
    ended = Child(
        cl_ord_id="A1-1", parent_id="P", decision=1, mic="DARK_A", tactic=Tactic.DARK_MID,
        symbol="ACME", side=Side.BUY, qty=qty, price=PX, min_qty=0, quote_id="", sent_at=T,
        cancel_at=0, context=Context("hazard"),
    )  # fmt: skip
    ended.cum_qty = cum_qty
    facts = {"sent_lots": qty // 100, "filled_lots": cum_qty // 100, "outcome": "observed"}
    taught: Learn = msgspec.structs.replace(learn(0, DARK, 0, 0), **{**facts, **lesson})
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
