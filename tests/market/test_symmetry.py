"""The market favours no side: no drift, the stated volatility, buyers and sellers as mirror images.

That buying costs what selling costs is held beside the costs themselves.
"""

from __future__ import annotations

import math
import statistics

import pytest

from tests.market.cost import market_file
from tests.market.estimates import estimate
from tests.market.study import SeedStudy


@pytest.mark.market
@pytest.mark.timeout(0)
def test_a_day_without_us_goes_nowhere_on_average(studies: list[SeedStudy]) -> None:
    found = estimate([each.day_return_bp for each in studies])
    print(f"open-to-close return, bp: {found}")
    assert found.low <= 0.0 <= found.high


@pytest.mark.market
@pytest.mark.timeout(0)
def test_a_day_without_us_goes_as_far_as_the_file_says(studies: list[SeedStudy]) -> None:
    """The deviation of n normal returns has a relative standard error of 1 / sqrt(2 (n - 1))."""
    returns = [each.day_return_bp for each in studies]
    stated = market_file("baseline").stock.sigma_day_bp
    error = 1.0 / math.sqrt(2.0 * (len(returns) - 1))
    found = statistics.stdev(returns)
    print(f"deviation of open-to-close return: {found:.1f} bp, stated {stated:g}, ±{2 * error:.1%}")
    assert found == pytest.approx(stated, rel=2.0 * error + 0.05)
