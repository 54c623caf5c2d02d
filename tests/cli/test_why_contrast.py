"""What would have had to differ, held against the allocator itself."""

from __future__ import annotations

import numpy as np
import pytest

from router.analysis.contrast import PROBES, Interval, Need, Obstacle, cut, nearest, needs, rows
from router.core.allocator import allocate
from router.messages import CandidateRecord, Decide
from router.ports import FloatArray

LOT = 100


def decision(
    tails: FloatArray,
    values: FloatArray,
    caps: list[int],
    floors: list[int],
    lots: int,
    footprint: float = 0.0,
) -> Decide:
    """The record of a decision that the allocator made; caps and floors in lots."""
    made = allocate(tails, values, caps, floors, lots, footprint=footprint)
    probes = [j - 1 for j in PROBES if j <= lots]
    records = tuple(
        CandidateRecord(
            arm=f"V{i}/lit_take",
            price=1,
            displayed=0,
            cap=caps[i] * LOT,
            caps=(),
            min_qty=0,
            floor=floors[i] * LOT,
            features=(),
            cost_bp=0.0,
            value_bp=float(values[i]),
            tail=tuple(tails[i, probes].tolist()),
            tail_mean=(),
            qty=made.lots_per_candidate[i] * LOT,
            marginal_bp=made.marginal_bp[i],
        )
        for i in range(len(values))
    )
    made_from = ("P", lots * LOT, 0.5, LOT, 0, 0, 0, (), 1, "hazard", 0, "")
    return Decide(*made_from, records, footprint_bp=footprint)


def given(
    tails: FloatArray,
    values: FloatArray,
    caps: list[int],
    floors: list[int],
    lots: int,
    footprint: float = 0.0,
) -> list[int]:
    made = allocate(tails, values, caps, floors, lots, footprint=footprint)
    return list(made.lots_per_candidate)


def by_hand() -> Decide:
    # Two lots to place. V0 is worth 4.0 and 2.0, V1 is worth 3.0 and 1.5: each gets one.
    tails = np.array([[1.0, 0.5], [1.0, 0.5]])
    return decision(tails, np.array([4.0, 3.0]), [2, 2], [0, 0], 2)


def test_the_least_value_is_the_cut_over_the_chance_of_filling() -> None:
    # V1's second lot fills with 0.5, so to beat V0's only lot, worth 4.0, it takes 8.0; V0's second
    # lot has to beat V1's, worth 3.0, and takes 6.0.
    first, second = needs(by_hand())
    assert first == Need("V0/lit_take", 100, Obstacle.VALUE, Interval(6.0, 6.0), 200)
    assert second == Need("V1/lit_take", 100, Obstacle.VALUE, Interval(8.0, 8.0), 200)


def test_the_cut_is_the_worst_lot_given_and_says_whose_it_is() -> None:
    found = by_hand()
    where = cut(rows(found), found)
    assert (where.spare, where.worth, where.holders) == (0, Interval(3.0, 3.0), ("V1/lit_take",))


def test_a_lot_has_to_make_up_for_the_footprint_of_those_before_it() -> None:
    # With 0.5 bp a lot the second lots are worth 1.5 and 1.0. V1's second lot has to beat 4.0 and
    # its footprint: (4.0 + 0.5) / 0.5 = 9.0; V0's (3.0 + 0.5) / 0.5 = 7.0.
    tails = np.array([[1.0, 0.5], [1.0, 0.5]])
    found = decision(tails, np.array([4.0, 3.0]), [2, 2], [0, 0], 2, 0.5)
    assert [each.marginal(2) for each in rows(found)] == [Interval(1.5, 1.5), Interval(1.0, 1.0)]
    first, second = needs(found)
    assert first == Need("V0/lit_take", 100, Obstacle.VALUE, Interval(7.0, 7.0), 200)
    assert second == Need("V1/lit_take", 100, Obstacle.VALUE, Interval(9.0, 9.0), 200)


def test_a_cap_that_stood_in_the_way_is_named_and_not_the_value() -> None:
    tails = np.array([[1.0, 1.0], [1.0, 1.0]])
    found = decision(tails, np.array([4.0, 3.0]), [1, 2], [0, 0], 2)
    assert [each.lots for each in rows(found)] == [1, 1]
    need = needs(found)[0]
    assert (need.obstacle, need.cap) == (Obstacle.CAP, 200)
    assert nearest(found, "V1/lit_take") == (None, need)


def test_a_minimum_size_is_wanted_all_at_once() -> None:
    # V1 sends 2 lots or none: together they are worth 2 * v, and displace 3.6 and 3.2.
    tails = np.array([[1.0, 0.9, 0.8], [1.0, 1.0, 1.0]])
    found = decision(tails, np.array([4.0, 3.0]), [3, 3], [0, 2], 3)
    assert [each.lots for each in rows(found)] == [3, 0]
    need = needs(found)[1]
    assert (need.shares, need.obstacle) == (200, Obstacle.VALUE)
    assert need.value is not None
    # (3.6 + 3.2) / 2
    assert need.value.low <= 3.4 <= need.value.high


def test_what_no_change_can_do_is_said() -> None:
    tails = np.array([[1.0, 0.5], [0.0, 0.0], [1.0, 1.0]])
    found = decision(tails, np.array([4.0, 9.0, 1.0]), [2, 2, 2], [0, 0, 3], 2)
    assert [each.obstacle for each in needs(found)][1:] == [Obstacle.CURVE, Obstacle.SIZE]


def test_with_lots_to_spare_any_value_above_nothing_would_do() -> None:
    tails = np.array([[1.0, 0.5], [1.0, 0.5]])
    found = decision(tails, np.array([4.0, -1.0]), [1, 2], [0, 0], 2)
    need = needs(found)[1]
    assert (need.obstacle, need.value) == (Obstacle.VALUE, Interval(0.0, 0.0))


def footprint_of(seed: int) -> float:
    """None, a small one, a larger one."""
    return 0.2 * (seed % 3)


def random_decision(seed: int) -> tuple[FloatArray, FloatArray, list[int], int]:
    rng = np.random.Generator(np.random.Philox(key=seed))
    count, lots = int(rng.integers(2, 7)), int(rng.integers(1, 40))
    tails = np.sort(rng.random((count, lots)), axis=1)[:, ::-1].copy()
    values = rng.normal(3.0, 2.0, count)
    caps = [int(cap) for cap in rng.integers(0, lots + 1, count)]
    return tails, values, caps, lots


@pytest.mark.parametrize("seed", range(60))
def test_the_allocator_agrees_with_every_need(seed: int) -> None:
    tails, values, caps, lots = random_decision(seed)
    paid = footprint_of(seed)
    floors = [0] * len(caps)
    before = given(tails, values, caps, floors, lots, paid)
    for i, need in enumerate(needs(decision(tails, values, caps, floors, lots, paid))):
        enough, less = values.copy(), values.copy()
        raised = caps.copy()
        match need.obstacle:
            case Obstacle.VALUE | Obstacle.BOTH:
                assert need.value is not None
                if need.obstacle is Obstacle.BOTH:
                    raised[i] = need.cap // LOT
                less[i] = max(values[i], need.value.low) * (1 - 1e-9) - 1e-9
                assert given(tails, less, raised, floors, lots, paid)[i] == before[i]
                if need.value.high < 1e9:
                    enough[i] = need.value.high * (1 + 1e-9) + 1e-9
                    assert given(tails, enough, raised, floors, lots, paid)[i] > before[i]
            case Obstacle.CAP:
                assert need.cap == (before[i] + 1) * LOT
                raised[i] = need.cap // LOT
                assert given(tails, values, raised, floors, lots, paid)[i] == before[i] + 1
            case Obstacle.SIZE:
                assert before[i] == lots
            case Obstacle.UNCLEAR:
                assert before[i] == caps[i]  # only a cap can leave it open without minimum sizes
            case Obstacle.CURVE:
                raise AssertionError("every tail here is above 0")


@pytest.mark.parametrize("seed", range(60))
def test_with_the_whole_curves_every_need_is_one_number(seed: int) -> None:
    tails, values, caps, lots = random_decision(seed)
    paid = footprint_of(seed)
    floors = [0] * len(caps)
    before = given(tails, values, caps, floors, lots, paid)
    found = decision(tails, values, caps, floors, lots, paid)
    narrow = [row.marginal(row.lots) for row in rows(found, tails) if row.lots]
    assert [each.low for each in narrow] == [
        values[i] * tails[i, count - 1] - paid * (count - 1)
        for i, count in enumerate(before)
        if count
    ]
    for i, need in enumerate(needs(found, tails)):
        assert need.obstacle is not Obstacle.UNCLEAR
        if need.value is None:
            continue
        assert need.value.low == need.value.high
        if need.obstacle is Obstacle.VALUE:
            for factor, more in ((1 + 1e-9, 1), (1 - 1e-9, 0)):
                other = values.copy()
                other[i] = need.value.high * factor + (1e-9 if more else -1e-9)
                assert (given(tails, other, caps, floors, lots, paid)[i] > before[i]) == bool(more)


@pytest.mark.parametrize("seed", range(60))
def test_the_bounds_hold_the_true_curve(seed: int) -> None:
    tails, values, caps, lots = random_decision(seed)
    paid = footprint_of(seed)
    for i, row in enumerate(rows(decision(tails, values, caps, [0] * len(caps), lots, paid))):
        for j in range(1, lots + 1):
            found = row.tail(j)
            assert found.low - 1e-12 <= tails[i, j - 1] <= found.high + 1e-12


@pytest.mark.parametrize("seed", range(60))
def test_the_allocator_agrees_where_one_candidate_has_a_minimum_size(seed: int) -> None:
    tails, values, caps, lots = random_decision(seed)
    paid = footprint_of(seed)
    lots_of_all = [lots] * len(caps)
    floors = [min(lots, 2 + seed % 5), *[0] * (len(caps) - 1)]
    before = given(tails, values, lots_of_all, floors, lots, paid)
    need = needs(decision(tails, values, lots_of_all, floors, lots, paid))[0]
    if before[0] or need.value is None:
        return
    assert need.shares == floors[0] * LOT
    enough, less = values.copy(), values.copy()
    enough[0] = need.value.high * (1 + 1e-9) + 1e-9
    less[0] = max(values[0], need.value.low) * (1 - 1e-9) - 1e-9
    if need.value.high < 1e9:
        assert given(tails, enough, lots_of_all, floors, lots, paid)[0] >= floors[0]
    assert given(tails, less, lots_of_all, floors, lots, paid)[0] == 0
