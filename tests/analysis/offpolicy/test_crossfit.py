"""A decision is never scored by a model that knows its parent."""

from __future__ import annotations

import numpy as np
import pytest

from router.analysis.offpolicy.crossfit import FOLDS, CrossFit
from router.analysis.offpolicy.logged import Taught
from router.learners.hazard import Hazard
from router.ports import Lesson
from tests.analysis.offpolicy.by_hand import ARMS, decision

MODEL = Hazard(gamma=1.0, kappa=0.0)
DECISIONS = [
    decision(placed=(2, 0), filled=(0, 0), target=[(0, 0)], parent=f"P{i}") for i in range(FOLDS)
]


def lesson(parent: str, filled: int) -> Taught:
    of = Lesson("XYZ", ARMS[0], np.zeros(1), 2, filled, 0, "observed", 1.0 if filled else None)
    return Taught(parent, of)


def tails_of_first_arm(lessons: list[Taught]) -> list[float]:
    models = CrossFit(MODEL, DECISIONS, lessons)
    return [float(models.fitted(each).tails[0, 0]) for each in DECISIONS]


def test_a_parents_own_lessons_change_every_other_fold_and_not_its_own() -> None:
    others = [lesson(f"P{i}", 0) for i in range(1, FOLDS)]
    missed = tails_of_first_arm([*others, lesson("P0", 0)])
    filled = tails_of_first_arm([*others, lesson("P0", 2)])
    assert missed[0] == filled[0]
    assert all(b > a for a, b in zip(missed[1:], filled[1:], strict=True))


def test_two_parents_of_one_fold_do_not_teach_each_other() -> None:
    more = [*DECISIONS, decision(placed=(2, 0), filled=(0, 0), target=[(0, 0)], parent="PX")]
    missed, filled = (
        CrossFit(MODEL, more, [lesson("PX", lots)]).fitted(more[0]).tails for lots in (0, 2)
    )
    assert np.array_equal(missed, filled)  # the sixth parent is dealt to the first hand again


def test_below_min_qty_all_lots_are_filled_together_or_none() -> None:
    plain = decision(placed=(4, 0), filled=(0, 0), target=[(0, 0)], lots=4)
    least = decision(placed=(4, 0), filled=(0, 0), target=[(0, 0)], lots=4, min_lots=(3, 9))
    free = CrossFit(MODEL, [plain], []).fitted(plain).tails
    bound = CrossFit(MODEL, [least], []).fitted(least).tails
    assert bound[0] == pytest.approx([free[0, 2], free[0, 2], free[0, 2], free[0, 3]])
    assert bound[1] == pytest.approx([free[1, 3]] * 4)
