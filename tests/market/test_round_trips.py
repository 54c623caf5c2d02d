"""Whoever buys and sells again loses, however it is tried (check 5 of the reference)."""

from __future__ import annotations

from functools import partial

import pytest

from router.model import BP
from tests.market.estimates import ratio
from tests.market.pool import SEEDS, of_seeds, seeds
from tests.market.shapes import SHAPES, TAKING, Trip, trips

LATE_ANSWER_MAX_BP = 1.0
"""A quarter of a spread of 4 bp, see below."""


NOISY, MORE = "block_then_rest", 5
"""Rests a block, so that the day's own moves are in it: so many times the seeds of the others."""


@pytest.fixture(scope="module")
def found() -> list[dict[str, Trip]]:
    return of_seeds(trips, seeds(), "round trips")


@pytest.mark.market
@pytest.mark.timeout(0)
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != NOISY])
def test_a_round_trip_loses_on_average(found: list[dict[str, Trip]], shape: str) -> None:
    values = [each[shape].value for each in found]
    lost = ratio([BP * each[shape].lost for each in found], values)
    print(f"{shape}: lost {lost} bp")
    assert lost.low > 0.0


@pytest.mark.market
@pytest.mark.timeout(0)
def test_a_block_that_is_rested_out_loses_on_average() -> None:
    found = of_seeds(partial(trips, names=(NOISY,)), seeds(MORE * SEEDS), NOISY)
    lost = ratio([BP * each[NOISY].lost for each in found], [each[NOISY].value for each in found])
    print(f"{NOISY}: lost {lost} bp")
    assert lost.low > 0.0


@pytest.mark.market
@pytest.mark.timeout(0)
@pytest.mark.parametrize("shape", TAKING)
def test_the_price_answers_late_but_gives_back_less_than_a_quarter_of_the_spread(
    found: list[dict[str, Trip]], shape: str
) -> None:
    """The rate of trading is averaged with a half-life of 120 s, so that part of the answer to a
    purchase comes after it: at mids alone, who leaves within minutes may gain. It stays far below
    the spread that has to be paid for it."""
    values = [each[shape].value for each in found]
    pushed = ratio([BP * each[shape].pushed for each in found], values)
    print(f"{shape}: at mids alone {pushed} bp")
    assert pushed.low > -LATE_ANSWER_MAX_BP
