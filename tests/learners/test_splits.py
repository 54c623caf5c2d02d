"""Shares become whole lots without favour, through the allocator too."""

from __future__ import annotations

import numpy as np
import pytest

from router.core.allocator import allocate
from router.learners._splits import rounded, split
from tests.learners.pools import rng


@pytest.mark.parametrize("seed", range(8))
def test_lots_are_cut_where_the_sum_of_shares_passes_a_whole_number(seed: int) -> None:
    # shares 1/2, 7/4, 3/4 of 3 lots end at 1/2, 9/4, 3; the cuts are at 1 - u, 2 - u, 3 - u
    cuts = [1 - rng(seed).random() + n for n in range(3)]
    expected = [
        sum(cut <= 0.5 for cut in cuts),
        sum(0.5 < cut <= 2.25 for cut in cuts),
        sum(cut > 2.25 for cut in cuts),
    ]
    assert list(rounded(np.array([2.0, 7.0, 3.0]), 3, rng(seed))) == expected


def test_rounding_sums_to_the_lots_keeps_within_one_and_is_right_on_average() -> None:
    draw, weights = rng(1), np.array([0.05, 3.0, 0.0, 1.3, 0.65])
    shares = weights / weights.sum() * 7
    found = np.array([rounded(weights, 7, draw) for _ in range(4000)])
    assert (found.sum(axis=1) == 7).all()
    assert (np.abs(found - shares) < 1.0).all()
    assert (found[:, 2] == 0).all()
    # a count is one of two neighbours: its standard error is at most 1/2 / sqrt(4000) = 0.008
    assert found.mean(axis=0) == pytest.approx(shares, abs=4 * 0.008)


def test_the_allocator_gives_what_was_rounded() -> None:
    weights = np.array([1.0, 2.0, 0.3, 4.0])
    for seed in range(20):
        scores = split(weights, 9, rng(seed))
        found = allocate(scores.tails, scores.values, [9] * 4, [0] * 4, 9).lots_per_candidate
        assert list(found) == list(rounded(weights, 9, rng(seed)))


def test_what_a_cap_leaves_over_goes_to_the_others_in_proportion() -> None:
    scores = split(np.array([6.0, 2.0, 1.0]), 9, rng(0))
    found = allocate(scores.tails, scores.values, [0, 9, 9], [0] * 3, 9)
    assert found.lots_per_candidate == (0, 6, 3)


def test_nothing_is_sent_without_a_weight() -> None:
    scores = split(np.array([0.0, -1.0, np.nan]), 5, rng(0))
    found = allocate(scores.tails, scores.values, [5] * 3, [0] * 3, 5)
    assert found.lots_per_candidate == (0, 0, 0)
