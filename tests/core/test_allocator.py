"""The split of lots: against a heap popped lot by lot, and against trying everything."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest

from router.core.allocator import allocate
from router.ports import FloatArray


def falling(rng: np.random.Generator, count: int, lots: int) -> FloatArray:
    """Random tails; a coarse grid, so that ties happen."""
    steps = np.round(rng.uniform(0.0, 1.0, (count, lots)), 1)
    return np.asarray(np.sort(steps, axis=1)[:, ::-1].copy())


def by_heap(
    tails: FloatArray, values: FloatArray, caps: Sequence[int], lots: int, footprint: float
) -> list[int]:
    """Greedy as the literature tells it."""
    given = [0] * len(values)
    heap = [(-values[k] * tails[k, 0], k) for k in range(len(values)) if caps[k] > 0]
    heapq.heapify(heap)
    while heap and sum(given) < lots and heap[0][0] < 0.0:
        _, k = heapq.heappop(heap)
        given[k] += 1
        if given[k] < min(caps[k], tails.shape[1]):
            next_lot = values[k] * tails[k, given[k]] - footprint * given[k]
            heapq.heappush(heap, (-next_lot, k))
    return given


def worth(
    tails: FloatArray, values: FloatArray, given: Sequence[int], footprint: float = 0.0
) -> float:
    return float(
        sum(
            values[k] * tails[k, :s].sum() - footprint * s * (s - 1) / 2
            for k, s in enumerate(given)
        )
    )


@pytest.mark.parametrize("seed", range(200))
def test_without_floors_it_is_the_greedy_split_lot_by_lot(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, lots = int(rng.integers(1, 7)), int(rng.integers(1, 30))
    tails = falling(rng, count, lots)
    values = np.round(rng.uniform(-1.0, 4.0, count))
    caps = [int(cap) for cap in rng.integers(0, lots + 5, count)]
    footprint = 0.25 * (seed % 4)
    found = allocate(tails, values, caps, [0] * count, lots, footprint=footprint)
    assert list(found.lots_per_candidate) == by_heap(tails, values, caps, lots, footprint)


@pytest.mark.parametrize("seed", range(300))
def test_floors_are_kept_and_the_split_is_the_best_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, lots = 3, int(rng.integers(1, 8))
    tails = falling(rng, count, lots)
    values = rng.uniform(-0.5, 4.0, count)
    caps = [int(cap) for cap in rng.integers(0, lots + 1, count)]
    floors = [int(floor) for floor in rng.integers(0, lots + 1, count)]
    paid = 0.3 * (seed % 3)
    found = allocate(tails, values, caps, floors, lots, footprint=paid).lots_per_candidate
    allowed = [[0, *range(max(1, floor), cap + 1)] for cap, floor in zip(caps, floors, strict=True)]
    assert all(s in options for s, options in zip(found, allowed, strict=True))
    assert sum(found) <= lots
    best = max(worth(tails, values, s, paid) for s in product(*allowed) if sum(s) <= lots)
    assert worth(tails, values, found, paid) == pytest.approx(best)


def test_a_venue_below_its_floor_is_raised_to_it_when_that_is_better() -> None:
    tails = np.array([[0.9, 0.8, 0.7, 0.6], [0.85, 0.1, 0.1, 0.1]])
    found = allocate(tails, np.array([2.0, 2.0]), [4, 4], [0, 2], 4)
    # with two lots at the second: 2*(0.9+0.8+0.85+0.1) = 5.3; without: 2*(0.9+0.8+0.7+0.6) = 6
    assert found.lots_per_candidate == (4, 0)
    found = allocate(tails, np.array([2.0, 4.0]), [4, 4], [0, 2], 4)
    # 2*(0.9+0.8) + 4*(0.85+0.1) = 7.2 against 6
    assert found.lots_per_candidate == (2, 2)


def test_each_lot_of_a_venue_costs_the_footprint_of_those_before_it() -> None:
    # 5, 4, 3 at the first and 3.5, 2.5, 1.5 at the second: 5, 4, 3.5, then a tie no more
    tails = np.ones((2, 4))
    found = allocate(tails, np.array([5.0, 3.5]), [4, 4], [0, 0], 4, footprint=1.0)
    assert found.lots_per_candidate == (3, 1)
    assert found.marginal_bp == (2.0, 2.5)
    alone = allocate(tails, np.array([5.0, 3.5]), [4, 4], [0, 0], 4)
    assert alone.lots_per_candidate == (4, 0)


def test_a_lot_whose_footprint_is_more_than_its_worth_is_not_given() -> None:
    found = allocate(np.ones((1, 9)), np.array([2.5]), [9], [0], 9, footprint=1.0)
    assert found.lots_per_candidate == (3,)


def test_a_floor_above_the_cap_or_the_lots_closes_the_venue() -> None:
    tails = np.ones((2, 5))
    assert allocate(tails, np.array([9.0, 1.0]), [3, 5], [4, 0], 5).lots_per_candidate == (0, 5)
    assert allocate(tails, np.array([9.0, 1.0]), [9, 5], [6, 0], 5).lots_per_candidate == (0, 5)


def test_nothing_is_given_at_a_marginal_of_zero_or_less() -> None:
    tails = np.array([[1.0, 0.5, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
    found = allocate(tails, np.array([3.0, -1.0]), [4, 4], [0, 0], 4)
    assert found.lots_per_candidate == (2, 0)
    assert found.marginal_bp == (0.0, -1.0)


def test_the_marginal_is_that_of_the_next_lot() -> None:
    tails = np.array([[0.9, 0.5, 0.2], [0.8, 0.7, 0.1]])
    found = allocate(tails, np.array([10.0, 5.0]), [3, 3], [0, 0], 3)
    assert found.lots_per_candidate == (2, 1)
    assert found.marginal_bp == pytest.approx((2.0, 3.5))
    everything = allocate(tails, np.array([10.0, 5.0]), [3, 3], [0, 0], 6)
    assert everything.lots_per_candidate == (3, 3)
    assert everything.marginal_bp == (0.0, 0.0)


def test_ties_go_to_the_first_and_no_candidate_means_no_lots() -> None:
    tails = np.ones((3, 4))
    assert allocate(tails, np.ones(3), [3, 3, 3], [0, 0, 0], 4).lots_per_candidate == (3, 1, 0)
    assert allocate(np.ones((0, 4)), np.ones(0), [], [], 4).lots_per_candidate == ()
    assert allocate(tails, np.ones(3), [3, 3, 3], [0, 0, 0], 0).lots_per_candidate == (0, 0, 0)


def test_what_is_not_a_number_gets_nothing() -> None:
    tails = np.array([[np.nan, np.nan], [0.5, 0.4]])
    assert allocate(tails, np.array([1.0, 1.0]), [2, 2], [0, 0], 2).lots_per_candidate == (0, 2)
    tails = np.array([[0.9, 0.9], [0.5, 0.4]])
    assert allocate(tails, np.array([np.nan, 1.0]), [2, 2], [0, 0], 2).lots_per_candidate == (0, 2)


def test_many_floors_are_kept_too() -> None:
    rng = np.random.default_rng(5)
    tails = falling(rng, 40, 60)
    values = rng.uniform(1.0, 4.0, 40)
    floors = [int(floor) for floor in rng.integers(2, 30, 40)]
    found = allocate(tails, values, [60] * 40, floors, 60).lots_per_candidate
    assert 0 < sum(found) <= 60
    assert all(s == 0 or s >= floor for s, floor in zip(found, floors, strict=True))
