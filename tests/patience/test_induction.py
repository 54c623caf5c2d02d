"""Backward induction against arithmetic by hand and against a recursion that shares no code."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from router.patience.induction import (
    Buckets,
    Costs,
    by_quantiles,
    crossed,
    induce,
    learned,
    steadied,
    worth,
)
from router.patience.making import INVENTORY, make
from router.patience.steps import STEPS, Level, Steps
from tests.patience.made import MIDDLE, Row, steps_of

ONE = Buckets(remaining=())
LAST = STEPS - 1


def induced(steps: Steps, buckets: Buckets = ONE) -> Costs:
    return induce(steps, buckets.cell(steps), buckets.cells)


def twice(rows: list[Row]) -> list[Row]:
    """Every path in both halves."""
    return [(2 * p + half, *rest) for p, *rest in rows for half in (0, 1)]  # type: ignore[misc]


def in_order(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row[:2])


def test_a_step_costs_what_it_cost_and_the_best_of_what_follows() -> None:
    """Waiting first: (1 + 1 x 5 + 1 + 0.5 x 5) / 2 = 4.75, as 5 is the better of 5 and 9."""
    rows: list[Row] = [
        (0, LAST - 1, Level.WAIT, 0.01, 1.0, 1.0),
        (0, LAST, Level.CROSS_ALL, 0.01, 5.0, 0.0),
        (1, LAST - 1, Level.CROSS_ALL, 0.01, 3.0, 0.0),
        (2, LAST - 1, Level.WAIT, 0.01, 1.0, 0.5),
        (2, LAST, Level.WAIT, 0.005, 9.0, 0.0),
    ]
    found = induced(steps_of(in_order(twice(rows))))
    assert found.q[LAST, Level.CROSS_ALL] == 5.0
    assert found.q[LAST, Level.WAIT] == 9.0
    assert found.q[LAST - 1, Level.WAIT] == pytest.approx(4.75)
    assert found.q[LAST - 1, Level.CROSS_ALL] == 3.0
    assert found.best[LAST - 1] == 3.0
    assert np.isnan(found.best[0])
    # One half alone knows nothing of the other: then the least of all that is known holds.
    assert induced(steps_of(rows)).q[LAST - 1, Level.WAIT] == pytest.approx(4.75)


def _cost(step: int, bucket: int, level: Level) -> tuple[float, int | None]:
    """A market of arithmetic: what a level costs a share, and the bucket after it; None: done."""
    forced = 3.0 * (bucket + 1)
    match level:
        case Level.CROSS_ALL:
            return 2.0 + 0.5 * bucket, None
        case Level.CROSS_PART if bucket:
            kept = MIDDLE[bucket - 1] / MIDDLE[bucket]
            cost, after = (1.0 - kept) * 2.0, bucket - 1
            return (cost + kept * 3.0 * bucket, None) if step == LAST else (cost, after)
        case _:
            fee = 0.25 * level
            return (fee + forced, None) if step == LAST else (fee, bucket)


def _value(step: int, bucket: int) -> float:
    return min(_of(step, bucket, level) for level in Level)


def _of(step: int, bucket: int, level: Level) -> float:
    cost, after = _cost(step, bucket, level)
    if after is None:
        return cost
    return cost + MIDDLE[after] / MIDDLE[bucket] * _value(step + 1, after)


def test_every_cell_is_what_value_iteration_says() -> None:
    rows: list[Row] = []
    path = 0
    for levels in itertools.product(Level, repeat=3):
        for begin in range(3):
            bucket: int | None = begin
            for step, level in zip(range(LAST - 2, STEPS), levels, strict=True):
                if bucket is None:
                    break
                cost, after = _cost(step, bucket, level)
                kept = 0.0 if after is None else MIDDLE[after] / MIDDLE[bucket]
                rows.append((path, step, level, MIDDLE[bucket], cost, kept))
                bucket = after
            path += 1
    buckets = Buckets()
    found = induced(steps_of(in_order(twice(rows))), buckets)
    for step, bucket, level in itertools.product(range(LAST - 2, STEPS), range(3), Level):
        cell = step * buckets.shape[1] + bucket + 1
        assert found.q[cell, level] == pytest.approx(_of(step, bucket, level)), (
            step,
            bucket,
            level,
        )
        assert found.best[cell] == pytest.approx(_value(step, bucket))


def _without_information(paths: int) -> Steps:
    """Resting at the touch fills everything half of the time and earns 1; crossing costs 2, and a
    forced cross 4. Paths begin at any step."""
    chance = np.random.Generator(np.random.Philox(key=5))
    rows: list[Row] = []
    for path in range(paths):
        for step in range(int(chance.integers(STEPS)), STEPS):
            level = (Level.WAIT, Level.TOUCH, Level.CROSS_ALL)[int(chance.integers(3))]
            done = level is Level.CROSS_ALL or (level is Level.TOUCH and chance.random() < 0.5)
            cost = {Level.CROSS_ALL: 2.0, Level.TOUCH: -1.0}.get(level, 0.0) if done else 0.0
            forced = step == LAST and not done
            ends = done or forced
            rows.append((path, step, level, MIDDLE[3], cost + 4.0 * forced, float(not ends)))
            if ends:
                break
    return steps_of(rows, paid=2.0)


def test_less_time_left_never_makes_a_share_worth_less_without_information() -> None:
    """By hand, from the end: a share done is worth 4, 1.5, 0.25, -0.375 ... and falls to -1."""
    steps = _without_information(6_000)
    found = induced(steps)
    filled, paid = crossed(steps, ONE.cell(steps), ONE.cells)
    u = worth(found.q, filled, paid, found.visits)
    known = u[-5:]
    assert (np.diff(known) > 0).all()
    assert known[-1] == pytest.approx(4.0)
    assert known[-2] == pytest.approx(1.5, abs=0.2)
    assert known[-3] == pytest.approx(0.25, abs=0.3)


def test_noise_is_not_taken_for_a_bargain() -> None:
    """Every level costs 0 but for noise of 5: ten steps of the least of six means would say -15."""
    chance = np.random.Generator(np.random.Philox(key=2))
    rows: list[Row] = [
        (path, step, Level(int(chance.integers(6))), 0.01, 5.0 * float(chance.normal()), 1.0)
        for path in range(60)
        for step in range(STEPS)
    ]
    rows = [(*row[:5], 0.0 if row[1] == LAST else 1.0) for row in rows]
    assert abs(induced(steps_of(rows)).best[0]) < 4.0


def test_what_was_hardly_seen_says_what_its_neighbours_do() -> None:
    """One visit that cost 23, and a prior of 10 visits that says 1.4: (10 x 1.4 + 23) / 11.

    The prior, coarser by the bucket, is the mean of that visit and of 27 that cost 0.6 each."""
    few: list[Row] = [(0, LAST, Level.WAIT, MIDDLE[0], 23.0, 0.0)]
    many: list[Row] = [(1 + k, LAST, Level.WAIT, MIDDLE[1], 0.6, 0.0) for k in range(27)]
    prior = (23.0 + 27 * 0.6) / 28
    buckets = Buckets()
    found = learned(steps_of([*few, *many]), buckets)
    row = LAST * buckets.shape[1]
    assert found.q[row + 1, Level.WAIT] == pytest.approx((10 * prior + 23.0) / 11)
    assert found.q[row + 2, Level.WAIT] == pytest.approx((10 * prior + 27 * 0.6) / 37)
    assert np.isnan(found.q[row + 9, Level.WAIT])


def test_the_prices_own_way_is_taken_off_where_it_was_borne() -> None:
    chance = np.random.Generator(np.random.Philox(key=3))
    drift = chance.normal(size=400) * 10.0
    rows: list[Row] = [
        (k, LAST, Level.WAIT if k % 2 else Level.CROSS_ALL, MIDDLE[2], 0.0, 0.0) for k in range(400)
    ]
    steps = steps_of(rows)
    waits = steps.level == Level.WAIT
    steps = replace(steps, drift=drift, cost=np.where(waits, 5.0 + drift, 2.0))
    cost = steadied(steps, Buckets()).cost
    assert cost[waits] == pytest.approx(np.full(200, 5.0), abs=1.5)
    assert cost[waits].std() < 1.0
    assert cost[~waits] == pytest.approx(np.full(200, 2.0), abs=2.5)


def test_what_a_share_is_worth_done_by_hand() -> None:
    """All: (3 - 4 + 0.5 x 2) / 0.5 = 0; part: (3 - 2.9 + 0.1 x 2) / 0.1 = 3. By least squares with
    4 visits each: (4 x 0.1 x 0.3 + 0) / (4 x 0.01 + 4 x 0.25) = 0.12 / 1.04."""
    q = np.full((2, len(Level)), np.nan)
    q[0, [Level.WAIT, Level.CROSS_PART, Level.CROSS_ALL]] = 3.0, 2.9, 4.0
    filled, paid = np.tile([0.1, 0.5], (2, 1)), np.full((2, 2), 2.0)
    found = worth(q, filled, paid, np.full((2, len(Level)), 4.0))
    assert found[0] == pytest.approx(0.12 / 1.04)
    assert np.isnan(found[1])


def test_a_cell_without_enough_visits_has_no_answer() -> None:
    few = make(INVENTORY, _without_information(12), 1)
    many = make(INVENTORY, _without_information(2_000), 1)
    assert np.isnan(few.u_bp).all()
    known = np.isfinite(many.u_bp[LAST, :, 0, 0, 0, 0])
    assert known[4]
    assert many.u_bp[LAST, 4, 0, 0, 0, 0] == pytest.approx(4.0)
    assert not np.isfinite(many.u_bp[:, 9]).any()


def test_levels_of_the_market_are_seen_equally_often() -> None:
    chance = np.random.Generator(np.random.Philox(key=4))
    rows: list[Row] = [(k, LAST, Level.WAIT, 0.01, 0.0, 0.0) for k in range(600)]
    steps = replace(steps_of(rows), market=chance.normal(size=(600, 4)))
    buckets = by_quantiles(steps)
    assert buckets.shape == (STEPS, 10, 2, 3, 2, 2)
    at = np.unravel_index(buckets.cell(steps), buckets.shape)
    assert np.bincount(at[3]).tolist() == [200, 200, 200]
    # And the coarser cell of each is that of time and what remains alone.
    plain = Buckets()
    assert (buckets.coarser(plain)[buckets.cell(steps)] == plain.cell(steps)).all()
