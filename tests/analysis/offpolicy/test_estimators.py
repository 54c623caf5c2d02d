"""The sums of one decision, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from router.analysis.offpolicy.crossfit import Fitted
from router.analysis.offpolicy.estimators import (
    earned,
    effective_size,
    known_shares,
    reference_markout,
    terms,
    worth_of,
)
from tests.analysis.offpolicy.by_hand import decision

MODEL = Fitted(tails=np.array([[0.8, 0.4], [0.6, 0.3]]), values=np.array([3.0, 5.0]))
WORTH = np.array([2.5, 5.0])
DRAWS = [(2, 0), (1, 1), (1, 1), (0, 2)]
"""Propensities 4/6 and 2/6 for the first and second lot of both arms."""


def test_the_correction_is_the_weighted_difference_between_what_was_seen_and_expected() -> None:
    each = decision(placed=(2, 0), filled=(1, 0), target=[(1, 1)], draws=DRAWS)
    found = terms(each, MODEL, WORTH, {})
    # model: 0.8 x 3 + 0.6 x 5; one lot of the target was seen, with the weight 6/4, and filled
    assert found.model == pytest.approx(5.4)
    assert found.corrected == pytest.approx(5.4 + 1.5 * (2.5 - 2.4))
    assert found.weighted == pytest.approx(1.5 * 2.5)
    assert found.weight == pytest.approx(1.5)
    assert (found.lots, found.clipped) == (2.0, 0.0)


def test_a_lot_that_was_not_filled_takes_back_what_the_model_hoped() -> None:
    each = decision(placed=(2, 0), filled=(1, 0), target=[(2, 0)], draws=DRAWS)
    found = terms(each, MODEL, WORTH, {})
    # the second lot: pi = 2/6, T x value = 0.4 x 3, and it was not filled
    assert found.model == pytest.approx(2.4 + 1.2)
    assert found.corrected == pytest.approx(3.6 + 1.5 * (2.5 - 2.4) + 3.0 * (0.0 - 1.2))


def test_a_target_that_draws_counts_with_the_share_of_its_draws() -> None:
    each = decision(placed=(2, 0), filled=(1, 0), target=[(2, 0), (0, 1)], draws=DRAWS)
    found = terms(each, MODEL, WORTH, {})
    assert found.model == pytest.approx((2.4 + 1.2 + 3.0) / 2)
    assert found.corrected == pytest.approx(3.3 + 0.75 * (2.5 - 2.4) + 1.5 * (0.0 - 1.2))
    assert found.lots == pytest.approx(1.5)


def test_outcomes_that_were_told_speak_for_those_of_their_arm_that_were_not() -> None:
    each = decision(placed=(2, 0), filled=(1, 0), target=[(1, 1)], draws=DRAWS)
    found = terms(each, MODEL, WORTH, {"A/dark_mid": 0.5, "B/dark_mid": 0.1})
    assert found.corrected == pytest.approx(5.4 + 3.0 * (2.5 - 2.4))


def test_what_was_sent_without_a_known_outcome_corrects_nothing() -> None:
    each = decision(placed=(2, 0), known=(0, 0), filled=(0, 0), target=[(1, 1)], draws=DRAWS)
    found = terms(each, MODEL, WORTH, {})
    assert found.corrected == pytest.approx(5.4)
    assert found.weight == 0.0


def test_a_lot_that_no_draw_placed_is_weighted_by_the_floor_and_reported() -> None:
    each = decision(placed=(1, 0), filled=(1, 0), target=[(1, 1)], draws=[(0, 2)] * 64)
    found = terms(each, MODEL, WORTH, {})
    # pi = 1/66 is below 0.02, so the weight is 50, not 66
    assert found.weight == pytest.approx(50.0)
    assert found.corrected == pytest.approx(5.4 + 50.0 * (2.5 - 2.4))
    assert (found.lots, found.clipped) == (2.0, 1.0)


def test_of_a_question_nothing_is_ever_seen() -> None:
    each = decision(
        placed=(0, 2), known=(0, 0), filled=(0, 0), target=[(1, 1)], draws=DRAWS,
        observable=(True, False),
    )  # fmt: skip
    assert terms(each, MODEL, WORTH, {}).clipped == 1.0


def test_a_fill_is_worth_the_urgency_less_its_cost_and_its_markout_over_the_logs_mean() -> None:
    each = decision(placed=(1, 1), filled=(1, 1), target=[(1, 1)], markout=(2.0, np.nan))
    # 6 - 1 - (2 - 0.5); of the second fill no markout was seen: the model's 5
    assert worth_of(each, MODEL, 0.5) == pytest.approx([3.5, 5.0])


def test_the_mean_markout_is_weighted_by_lots_and_leaves_out_what_was_not_seen() -> None:
    two = [
        decision(placed=(2, 3), filled=(2, 3), target=[(0, 0)], markout=(1.0, np.nan)),
        decision(placed=(6, 1), filled=(6, 0), target=[(0, 0)], markout=(3.0, np.nan)),
    ]
    assert reference_markout(two) == pytest.approx((2 * 1 + 6 * 3) / 8)
    assert reference_markout(two[:0]) == 0.0


def test_what_was_earned_counts_an_untold_lot_as_expected() -> None:
    each = decision(placed=(1, 1), known=(1, 0), filled=(1, 0), target=[(0, 0)])
    assert earned(each, MODEL, WORTH) == pytest.approx(2.5 + 0.6 * 5.0)


def test_the_known_share_is_by_arm_and_leaves_questions_out() -> None:
    two = [
        decision(placed=(2, 2), known=(2, 2), filled=(0, 0), target=[(0, 0)]),
        decision(placed=(6, 2), known=(0, 0), filled=(0, 0), target=[(0, 0)],
                 observable=(True, False)),
    ]  # fmt: skip
    assert known_shares(two) == {"A/dark_mid": 0.25, "B/dark_mid": 1.0}


def test_the_effective_size_is_the_number_of_equal_weights() -> None:
    assert effective_size(np.array([2.0, 2.0, 2.0, 0.0])) == pytest.approx(3.0)
    assert effective_size(np.array([3.0, 1.0])) == pytest.approx(1.6)
    assert effective_size(np.zeros(3)) == 0.0
