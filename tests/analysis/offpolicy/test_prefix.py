"""What is seen without weights, and the trap of using what a partial fill tells of larger sizes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from router.analysis.offpolicy.crossfit import Fitted
from router.analysis.offpolicy.estimators import terms
from router.analysis.offpolicy.logged import Logged
from router.analysis.offpolicy.prefix import prefix_terms
from tests.analysis.offpolicy.by_hand import decision

WORTH = np.array([2.0, -1.0])


def test_a_draw_counts_if_no_venue_gets_more_than_it_was_given() -> None:
    each = decision(placed=(3, 2), filled=(3, 1), target=[(3, 1), (1, 0), (4, 0)], lots=4)
    found = prefix_terms(each, WORTH, logged=5.0)
    # (3, 1) earns 3 x 2 - 1 = 5, (1, 0) earns 2, and (4, 0) is beyond what was placed
    assert found.share == pytest.approx(2 / 3)
    assert found.target == pytest.approx((5 + 2) / 3)
    assert found.logged == pytest.approx(5 * 2 / 3)


def test_lots_beyond_the_fill_earn_nothing_but_were_seen() -> None:
    each = decision(placed=(3, 2), filled=(1, 0), target=[(3, 2)], lots=5)
    found = prefix_terms(each, WORTH, logged=2.0)
    assert (found.share, found.target) == (1.0, 2.0)


def test_a_child_whose_fate_was_not_told_holds_nothing() -> None:
    each = decision(placed=(3, 2), known=(0, 2), filled=(0, 2), target=[(1, 2), (0, 2)], lots=5)
    found = prefix_terms(each, WORTH, logged=0.0)
    assert (found.share, found.target) == (0.5, -1.0)


# --- the trap ------------------------------------------------------------------------------------


def world() -> list[Logged]:
    """10 lots are hidden, or none, and 5 or 10 were sent: all four, once. The target sends 10."""
    draws = [(5, 0)] * 32 + [(10, 0)] * 32
    return [
        decision(
            placed=(sent, 0), filled=(min(sent, hidden), 0), target=[(10, 0)], draws=draws, lots=10
        )
        for sent, hidden in product((5, 10), (0, 10))
    ]


TRUTH = 5.0
"""Ten lots in half of the decisions, at a worth of 1."""


def naive(decisions: list[Logged]) -> float:
    """10 lots times the share of fills of 10, where that is known: sent, or failed before."""
    known = [each for each in decisions if each.placed[0] >= 10 or each.filled[0] < each.placed[0]]
    return float(10 * np.mean([each.filled[0] >= 10 for each in known]))


def test_what_partial_fills_tell_of_larger_sizes_is_biased_down() -> None:
    # known: both of 10, and the failed one of 5: one hit in three
    assert naive(world()) == pytest.approx(10 / 3)


def test_the_prefix_is_not_biased() -> None:
    found = [prefix_terms(each, np.ones(2), logged=0.0) for each in world()]
    assert [each.share for each in found] == [0, 0, 1, 1]
    assert sum(each.target for each in found) / sum(each.share for each in found) == TRUTH


def test_the_corrected_estimate_is_not_biased_though_its_model_is() -> None:
    for tail in (0.0, 0.5, 1.0):
        model = Fitted(np.full((2, 10), tail), np.ones(2))
        found = [terms(each, model, np.ones(2), {}) for each in world()]
        corrected = float(np.mean([each.corrected for each in found]))
        # 5 lots have pi = 65/66, 5 lots 33/66; the one draw of each kind that is added shows
        first = 5 * (tail + 66 / 65 * (0.5 - tail))
        assert corrected == pytest.approx(first + 5 * 0.5)
        assert corrected == pytest.approx(TRUTH, rel=0.01)
