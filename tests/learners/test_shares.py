"""The two learners that learn nothing, seen through the allocator."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from router.core.allocator import allocate
from router.learners.pro_rata import ProRata
from router.learners.static import Static
from router.ports import Learner, ScoreRequest

ARMS = ("LIT_A/lit_take", "LIT_B/lit_take", "LIT_A/lit_make", "DARK_A/dark_mid")


def split(
    learner: Learner, lots: int, displayed: Sequence[float], cost: Sequence[float] = (1, 1, 1, 1)
) -> tuple[int, ...]:
    request = ScoreRequest(
        "XYZ", ARMS, np.zeros((4, 2)), np.array(cost, dtype=float),
        np.array(displayed, dtype=float), lots, 2.0, 1.0,
    )  # fmt: skip
    scores = learner.score({}, request, np.random.default_rng(0))
    found = allocate(scores.tails, scores.values, [lots] * 4, [0] * 4, lots)
    return found.lots_per_candidate


@pytest.mark.parametrize(
    ("displayed", "lots", "expected"),
    [
        ((30, 10, 99, 0), 8, (6, 2, 0, 0)),
        ((30, 10, 99, 0), 80, (60, 20, 0, 0)),
        ((1, 1, 0, 2), 8, (2, 2, 0, 4)),
        ((0, 0, 50, 0), 8, (2, 2, 2, 2)),  # a queue ahead is nothing to take
    ],
)
def test_pro_rata_splits_by_what_is_displayed(
    displayed: tuple[int, ...], lots: int, expected: tuple[int, ...]
) -> None:
    assert split(ProRata(), lots, displayed) == expected


def test_pro_rata_waits_where_the_price_is_worse_than_waiting() -> None:
    assert split(ProRata(), 8, (30, 10, 0, 0), (2.5, 1, 1, 1)) == (0, 8, 0, 0)
    assert split(ProRata(), 8, (30, 10, 0, 0), (2.5, 9, 9, 9)) == (0, 0, 0, 0)


def test_a_static_table_splits_by_its_shares_of_those_at_hand() -> None:
    table = Static.from_document({"shares": {"LIT_A/lit_take": 3, "DARK_A/dark_mid": 1, "X/y": 9}})
    assert split(table, 8, (0, 0, 0, 0)) == (6, 0, 0, 2)
    with_rest = Static(shares={"LIT_A/lit_take": 0.5, "DARK_A/dark_mid": 0.25}, other=0.125)
    assert split(with_rest, 8, (0, 0, 0, 0)) == (4, 1, 1, 2)


def test_a_static_table_without_shares_treats_all_alike() -> None:
    assert split(Static(), 8, (5, 1, 0, 0)) == (2, 2, 2, 2)
    assert split(Static(shares={"X/y": 1.0}), 8, (5, 1, 0, 0)) == (2, 2, 2, 2)


def test_a_share_cannot_be_negative() -> None:
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        Static.from_document({"shares": {"LIT_A/lit_take": -1}})
