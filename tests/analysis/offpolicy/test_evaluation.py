"""The whole of an evaluation, of two decisions, by hand."""

from __future__ import annotations

import pytest

from router.analysis.offpolicy.bootstrap import Estimate
from router.analysis.offpolicy.evaluation import evaluate
from router.analysis.offpolicy.verdict import Answer
from router.learners.static import Static
from tests.analysis.offpolicy.by_hand import decision

NAN = float("nan")
DRAWN = decision(
    placed=(1, 0), filled=(1, 0), target=[(1, 0)], draws=[(1, 0), (0, 1)], markout=(0.5, NAN),
    lots=1, parent="P1",
)  # fmt: skip
"""Half of the draws are like it: pi = 2/4."""
FIXED = decision(
    placed=(0, 1), filled=(0, 1), target=[(1, 0)], draws=[(0, 1)], markout=(NAN, 0.5),
    lots=1, parent="P2", is_drawn=False,
)  # fmt: skip
MODEL = Static()
"""Two arms alike: T(1) = 1 / 1.5, and a value of 1."""


def value(estimate: Estimate | None) -> float:
    assert estimate is not None
    return estimate.value


def test_what_was_not_drawn_counts_in_the_prefix_only() -> None:
    found = evaluate([DRAWN, FIXED], [], MODEL, seed=1)
    assert (found.decisions, found.parents, found.support.drawn) == (2, 2, 1)
    # u - cost = 5 at the first venue, its markout is the mean: model 2/3, seen 5, weight 2
    assert value(found.doubly_robust.target) == pytest.approx(2 / 3 + 2 * (5 - 2 / 3))
    assert value(found.doubly_robust.logged) == 5.0
    assert value(found.doubly_robust.difference) == pytest.approx(2 / 3 + 2 * (5 - 2 / 3) - 5)
    assert value(found.self_normalised) == pytest.approx(5.0)
    assert value(found.model) == pytest.approx(2 / 3)
    # the second placed nothing where the target would
    assert (found.within, found.support.prefix_parents) == (1.0, 1)
    assert value(found.prefix.target) == value(found.prefix.logged) == 5.0
    assert found.support.effective_parents == 1.0
    assert found.verdict.answer is Answer.NONE


def test_nothing_is_evaluated_from_nothing() -> None:
    with pytest.raises(ValueError, match="no decision"):
        evaluate([], [], MODEL, seed=1)
