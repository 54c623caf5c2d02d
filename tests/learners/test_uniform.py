"""Equal shares, and chance where lots do not divide."""

from __future__ import annotations

import numpy as np
import pytest

from router.learners.uniform import Uniform
from tests.learners.pools import asked, average, given, rng

ARMS = ("A/lit_take", "A/lit_make", "B/dark_mid", "C/dealer_quote")


def test_all_get_the_same_whatever_they_cost() -> None:
    request = asked(ARMS, 12, cost=[9.0, -1.0, 0.0, 3.0], shown=[1, 99, 0, 5], urgency=0.0)
    assert given(Uniform(), {}, request, rng(0)) == (3, 3, 3, 3)


def test_lots_that_do_not_divide_favour_nobody() -> None:
    request = asked(ARMS, 1)
    # shares of 1/4: the standard error of 4000 draws is sqrt(3/16/4000) = 0.0068
    assert average(Uniform(), {}, request, 4000) == pytest.approx([0.25] * 4, abs=4 * 0.0068)
    for seed in range(20):
        found = given(Uniform(), {}, asked(ARMS, 6), rng(seed))
        assert sum(found) == 6
        assert set(np.unique(found)) == {1, 2}
