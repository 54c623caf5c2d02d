"""Scores become shares: caps, minima and what is left, by hand."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from router.core.narrowing import Narrowed
from router.core.placing import lots, place
from router.ports import Scores

SURE = np.ones((2, 5))


def scores(values: list[float]) -> Scores:
    return Scores(tails=SURE, mean_tails=SURE, values=np.array(values))


def offer(cap: int, *, floor: int = 0, min_qty: int = 0) -> Narrowed:
    return Narrowed(cap=cap, caps=(), floor=floor, min_qty=min_qty)


def test_the_better_gets_its_cap_and_the_other_the_rest_in_shares() -> None:
    # 450 in lots of 100: the second has room for 130, the first takes what is left
    given, allocation = place(scores([1.0, 2.0]), [offer(900), offer(130)], qty=450, lot=100)
    assert allocation.lots_per_candidate == (3, 2)
    assert given == [300, 130]


def test_the_last_part_of_a_lot_is_no_more_than_is_left() -> None:
    given, _ = place(scores([2.0, 1.0]), [offer(900), offer(900)], qty=450, lot=100)
    assert given == [450, 0]
    given, _ = place(scores([2.0, 1.0]), [offer(300), offer(900)], qty=450, lot=100)
    assert given == [300, 150]


def test_what_a_learner_says_of_footprints_spreads_the_split() -> None:
    wide = replace(scores([2.0, 1.6]), footprint_bp=0.25)
    given, _ = place(wide, [offer(900), offer(900)], qty=500, lot=100)
    assert given == [300, 200]  # 2, 1.75, 1.5 and 1.6, 1.35


def test_nothing_is_sent_below_min_qty() -> None:
    given, allocation = place(
        scores([2.0, 1.0]), [offer(900, min_qty=460), offer(0)], qty=450, lot=100
    )
    assert allocation.lots_per_candidate == (5, 0)
    assert given == [0, 0]  # five lots are room for 460 shares, but there are 450


def test_a_part_of_a_lot_counts_as_one() -> None:
    assert [lots(shares, 100) for shares in (0, 1, 100, 101)] == [0, 1, 1, 2]


def test_the_last_part_of_a_lot_is_not_sent_below_the_floor() -> None:
    both = [offer(200, floor=200), offer(200, floor=200)]
    given, _ = place(scores([2.0, 1.0]), both, qty=330, lot=100)
    assert given == [200, 0], "130 are fewer than the policy lets go alone"
