"""A career: what was learned goes from parent to parent, and nothing else does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from config.settings import DEFAULT_CONFIG
from router.core.shelf import LearnerShelf
from router.learners.hazard import Hazard
from router.learners.pro_rata import ProRata
from router.messages import Learn
from router.ports import Learner
from router.trials.career import SPACING, Career
from router.trials.pool import Task
from router.trials.trial import Row
from tests.trials.markets import written


def task(folder: Path, learner: str = "hazard") -> Task:
    return Task(
        market=written(folder),
        config=DEFAULT_CONFIG,
        overrides=(f"learner.name={learner}",),
        policies=(),
        algo="twap",
        parents=None,
        alone=False,
        record=None,
    )


def costs(rows: Sequence[Row]) -> list[tuple[int, float, int]]:
    return [(row.seed, row.shortfall_bp, row.cum_qty) for row in rows]


def test_each_parent_has_a_market_of_its_own_and_the_first_knows_nothing(tmp_path: Path) -> None:
    made = task(tmp_path)
    rows = Career(made, 3)(7)
    assert [row.seed for row in rows] == [7 * SPACING, 7 * SPACING + 1, 7 * SPACING + 2]
    assert costs(rows[:1]) == costs(made(7 * SPACING))


def test_what_was_learned_changes_what_comes_after(tmp_path: Path) -> None:
    made = task(tmp_path)
    learning, fresh = Career(made, 4)(7), Career(made, 4, learns=False)(7)
    assert costs(learning[:1]) == costs(fresh[:1])
    assert costs(learning) != costs(fresh)
    alone = [row for n in range(4) for row in made(7 * SPACING + n)]
    assert costs(fresh) == costs(alone)


def test_who_learns_nothing_has_no_career(tmp_path: Path) -> None:
    made = task(tmp_path, "pro_rata")
    assert costs(Career(made, 3)(7)) == costs(Career(made, 3, learns=False)(7))


def test_names_that_change_hands_are_those_of_each_parents_seed(tmp_path: Path) -> None:
    made = task(tmp_path, "pro_rata")
    found = Career(made, 3, permuted=True)(7)
    alone = [replace(made, labels=row.seed)(row.seed)[0] for row in found]
    assert found == alone
    assert [row.shares_by_venue for row in found] != [
        row.shares_by_venue for row in Career(made, 3)(7)
    ]


def test_a_career_repeats(tmp_path: Path) -> None:
    made = task(tmp_path)
    assert costs(Career(made, 3)(2)) == costs(Career(made, 3)(2))


def lesson(filled: int) -> Learn:
    return Learn(
        cl_ord_id="C-1",
        learner="hazard",
        symbol="ACME",
        arm="LIT_A/lit_take",
        features=(0.5, -1.0),
        feature_version=1,
        sent_lots=5,
        filled_lots=filled,
        min_lots=0,
        outcome="observed",
        markout_bp=1.0,
    )


def test_a_shelf_goes_on_from_another_and_leaves_it_as_it_was() -> None:
    types: dict[str, type[Learner]] = {"hazard": Hazard, "pro_rata": ProRata}
    first, second, straight = (LearnerShelf(types, dimensions=2) for _ in range(3))
    first.learn("hazard", lesson(5))
    kept = {name: array.copy() for name, array in first.states["hazard"].items()}
    second.adopt(first)
    second.learn("hazard", lesson(0))
    for filled in (5, 0):
        straight.learn("hazard", lesson(filled))
    assert second.versions == straight.versions == {"hazard": 2}
    assert second.states["hazard"].keys() == straight.states["hazard"].keys()
    for name, array in straight.states["hazard"].items():
        assert np.array_equal(second.states["hazard"][name], array), name
    for name, array in kept.items():
        assert np.array_equal(first.states["hazard"][name], array), name


@pytest.mark.parametrize("parents", [1, 2])
def test_a_career_has_as_many_parents_as_were_asked_for(tmp_path: Path, parents: int) -> None:
    assert len(Career(task(tmp_path), parents)(1)) == parents
