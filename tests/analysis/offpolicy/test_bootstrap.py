"""Intervals against theory, and the unit that is drawn."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

from router.analysis.offpolicy.bootstrap import DAYS_MIN, Bootstrap, Estimate, ratio
from router.analysis.offpolicy.logged import IntArray
from router.ports import FloatArray


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def mean(sums: FloatArray) -> FloatArray:
    return ratio(sums[..., 0], sums[..., 1])


def estimate(values: FloatArray, days: IntArray | None = None) -> Estimate:
    sums = np.stack([values, np.ones(len(values))], axis=1)
    of_days = np.zeros(len(values), dtype=np.int64) if days is None else days
    found = Bootstrap(sums, of_days, rng()).estimate(mean)
    assert found is not None
    return found


def test_the_interval_of_a_mean_is_that_of_the_normal_law() -> None:
    values = rng(2).standard_normal(400)
    found = estimate(values)
    half = 1.96 * values.std() / 20
    assert found.value == pytest.approx(values.mean())
    assert found.high - found.value == pytest.approx(half, rel=0.1)
    assert found.value - found.low == pytest.approx(half, rel=0.1)


def test_parents_are_drawn_not_decisions() -> None:
    # ten decisions a parent, all alike: as sure as one of each, not as ten
    values = rng(3).standard_normal(100)
    sums = np.stack([10 * values, np.full(100, 10.0)], axis=1)
    found = Bootstrap(sums, np.zeros(100, dtype=np.int64), rng()).estimate(mean)
    assert found is not None
    assert astuple(found) == pytest.approx(astuple(estimate(values)))


def test_days_that_differ_make_the_interval_wider_if_there_are_enough() -> None:
    of_day = np.repeat(np.arange(DAYS_MIN), 20)
    values = rng(4).standard_normal(DAYS_MIN)[of_day]
    by_parent, by_day = estimate(values), estimate(values, of_day)
    # 20 parents of a day are one observation: sqrt(20) times as wide
    widths = [each.high - each.low for each in (by_parent, by_day)]
    assert widths[1] / widths[0] == pytest.approx(np.sqrt(20), rel=0.15)
    few = np.minimum(of_day, DAYS_MIN - 2)
    assert estimate(values, few) == by_parent


def test_days_that_are_alike_do_not_make_it_narrower() -> None:
    values = np.tile([1.0, -1.0], 100)
    assert estimate(values, np.repeat(np.arange(20), 10)) == estimate(values)


def test_what_cannot_be_divided_is_no_estimate() -> None:
    sums = np.array([[1.0, 0.0], [2.0, 0.0]])
    assert Bootstrap(sums, np.zeros(2, dtype=np.int64), rng()).estimate(mean) is None
