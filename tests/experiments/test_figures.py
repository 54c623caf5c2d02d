"""Intervals, differences and recovery, by hand and against known laws."""

from __future__ import annotations

import numpy as np
import pytest

from router.experiments.contest import Plays
from router.experiments.intervals import ratio
from router.experiments.play import BLOCK
from router.experiments.standings import half_life, phases, regret, standings


def plays(reward: np.ndarray, best: float = 1.0) -> Plays:
    seeds, blocks = reward.shape
    return Plays(reward, np.full((seeds, blocks), best), np.ones((seeds, blocks, 2), np.int64))


def test_a_ratio_without_scatter_has_no_width() -> None:
    found = ratio(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0]))
    assert (found.value, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))


def test_the_interval_has_the_truth_as_often_as_it_says() -> None:
    """Means of 30 normal draws, 400 times: 95 % less the percentile interval's known shortfall at
    30 clusters (about 1.5 points), within 4 binomial standard errors (1.1 points each)."""
    chance = np.random.Generator(np.random.Philox(key=11))
    inside = sum(0.0 in ratio(chance.standard_normal(30), np.ones(30)) for _ in range(400))
    assert 0.935 - 4 * 0.0123 <= inside / 400 <= 0.95 + 4 * 0.0109


def test_the_width_is_that_of_the_standard_error() -> None:
    """2 x 1.96 / sqrt(400) for 400 draws with deviation 1, within a tenth."""
    draws = np.random.Generator(np.random.Philox(key=3)).standard_normal(400)
    found = ratio(draws, np.ones(400))
    assert 2 * found.half_width == pytest.approx(2 * 1.96 * draws.std() / 20.0, rel=0.1)


def test_differences_are_paired() -> None:
    """Seeds differ wildly, contestants by exactly a tenth: no width is left."""
    level = np.array([[1.0], [5.0], [9.0], [2.0]]) * np.ones((4, 60))
    first, second = plays(level, 10.0), plays(level - 0.5, 10.0)
    [champion, other] = standings({"a": first, "b": second}, None)
    assert champion.behind is None
    assert champion.half_life is None
    assert other.behind is not None
    assert (other.behind.low, other.behind.high) == pytest.approx((0.05, 0.05))
    assert champion.whole.low < champion.whole.high


def test_regret_is_what_was_missed_of_the_best() -> None:
    assert regret(plays(np.array([[0.5, 1.0], [1.0, 1.0]]))) == pytest.approx([0.25, 0.0])


def test_phases_are_counted_in_decisions() -> None:
    parts = phases(300, 1500)
    assert parts == {
        "first 300": slice(0, 30),
        "500 before the break": slice(100, 150),
        "300 after it": slice(150, 180),
        "last 500": slice(250, 300),
    }
    assert set(phases(200, None)) == {"first 200", "last 500"}


def test_the_half_life_of_a_loss_that_halves_every_hundred_decisions() -> None:
    """Regret 0.4 2^(-t / 100) after the break at decision 500, none at the end."""
    since = np.arange(200) * BLOCK
    missed = np.concatenate([np.zeros(50), 0.4 * 0.5 ** (since / 100.0)])
    found = half_life(plays(np.tile(1.0 - missed, (5, 1))), 500)
    assert found.value == 100.0
    assert (found.low, found.high) == (100.0, 100.0)


def test_who_loses_nothing_at_the_break_has_nothing_to_recover() -> None:
    assert half_life(plays(np.full((3, 200), 0.7)), 500).value == 0.0
