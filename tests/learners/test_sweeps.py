"""The two sweeps: what is shown is taken in order of cost, by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from router.learners.all_in_price import AllInPrice
from router.learners.cheapest_fee import CheapestFee
from router.ports import Learner
from tests.learners.pools import asked, given, rng

ARMS = ("A/lit_take", "B/lit_take", "C/dealer_quote", "A/lit_make", "D/dark_mid")
COST = (2.0, 1.0, 1.5, -1.0, 0.0)
SHOWN = (10.0, 3.0, 4.0, 50.0, 0.0)


def split(
    learner: Learner,
    lots: int,
    *,
    cost: Sequence[float] = COST,
    shown: Sequence[float] = SHOWN,
    urgency: float = 5.0,
) -> tuple[int, ...]:
    request = asked(ARMS, lots, cost=cost, shown=shown, urgency=urgency)
    return given(learner, {}, request, rng(0))


@pytest.mark.parametrize(
    ("lots", "expected"),
    [(2, (0, 2, 0, 0, 0)), (5, (2, 3, 0, 0, 0)), (13, (10, 3, 0, 0, 0)), (40, (10, 3, 0, 0, 0))],
)
def test_a_fee_sweep_takes_lit_size_the_cheapest_first_and_no_more(
    lots: int, expected: tuple[int, ...]
) -> None:
    assert split(CheapestFee(), lots) == expected


@pytest.mark.parametrize(
    ("lots", "expected"),
    [
        (2, (0, 2, 0, 0, 0)),
        (6, (0, 3, 3, 0, 0)),
        (12, (5, 3, 4, 0, 0)),
        (17, (10, 3, 4, 0, 0)),
        (40, (10, 26, 4, 0, 0)),  # the rest to the cheapest that shows something
    ],
)
def test_an_all_in_sweep_takes_dealers_too_and_the_rest_from_the_cheapest(
    lots: int, expected: tuple[int, ...]
) -> None:
    assert split(AllInPrice(), lots) == expected


def test_without_anything_shown_all_goes_to_the_cheapest_candidate() -> None:
    assert split(AllInPrice(), 7, shown=(0, 0, 0, 50, 0)) == (0, 0, 0, 7, 0)
    assert split(CheapestFee(), 7, shown=(0, 0, 0, 50, 0)) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize("learner", [CheapestFee(), AllInPrice()], ids=["fee", "all_in"])
def test_a_lot_that_is_begun_counts_and_what_is_no_number_does_not(learner: Learner) -> None:
    assert split(learner, 4, shown=(9, 0.5, 0, 0, 0)) == (3, 1, 0, 0, 0)
    assert split(learner, 4, shown=(9, np.nan, 0, 0, 0)) == (4, 0, 0, 0, 0)
    found = split(learner, 20, cost=(2, np.nan, np.inf, 0, 0), shown=(9, 9, 9, 0, 0))
    assert found[0] >= 9
    assert found[1:] == (0, 0, 0, 0)


@pytest.mark.parametrize("learner", [CheapestFee(), AllInPrice()], ids=["fee", "all_in"])
def test_a_price_that_is_worse_than_waiting_is_left(learner: Learner) -> None:
    assert split(learner, 20, urgency=1.2)[0] == 0
    assert split(learner, 20, urgency=1.2)[1] >= 3
    assert split(learner, 20, urgency=1.0) == (0, 0, 0, 0, 0)
