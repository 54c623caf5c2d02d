"""The cost of a parent, by hand: every share counts, filled or not."""

from __future__ import annotations

import math

import pytest

from router.analysis.shortfall import Forced, Markouts, Shortfall, shortfall
from router.model import NS, PX_SCALE

DOLLAR = PX_SCALE
CENT = PX_SCALE // 100
FORCED = Forced(
    touch=50 * DOLLAR + 2 * CENT, take_fee=300_000, sigma_day_bp=150.0, adv=2_000_000, y=0.75
)
"""A touch of 50.02 and a fee of 0.003 a share."""


def cost(sign: int, cum_qty: int, notional: int, fees: int, forced: Forced = FORCED) -> Shortfall:
    return shortfall(
        sign=sign,
        order_qty=1000,
        cum_qty=cum_qty,
        notional=notional,
        fees=fees,
        arrival_mid2=100 * DOLLAR,
        forced=forced,
    )


def test_a_filled_purchase_costs_what_it_paid_above_the_arrival_and_its_fees() -> None:
    # 1,000 shares at 50.01 against 50.00 is 2 bp; fees of 3.00 on 50,000.00 are 0.6 bp.
    found = cost(1, 1000, 1000 * (50 * DOLLAR + CENT), 3 * DOLLAR)
    assert found.shortfall_bp == pytest.approx(2.6)
    assert found.fees_bp == pytest.approx(0.6)
    assert found.unfilled_bp == 0.0


def test_a_sale_costs_what_it_got_less_than_the_arrival() -> None:
    found = cost(-1, 1000, 1000 * (50 * DOLLAR - CENT), -2 * DOLLAR)
    assert found.shortfall_bp == pytest.approx(2.0 - 0.4)


def test_unfilled_shares_cross_at_the_touch_moved_by_their_own_impact() -> None:
    """600 at the arrival cost nothing; 400 cross at 50.02 and 0.75 x 150 sqrt(400 / 2e6) bp."""
    found = cost(1, 600, 600 * 50 * DOLLAR, 0)
    impact = 0.75 * 150 * math.sqrt(400 / 2_000_000) / 1e4
    crossed = 50.02 * (1 + impact)
    by_hand = 1e4 * 400 * (crossed - 50.0 + 0.003) / (1000 * 50.0)
    assert found.unfilled_bp == pytest.approx(by_hand)
    assert found.shortfall_bp == pytest.approx(by_hand)


def test_a_miss_in_a_market_that_ran_away_is_no_saving() -> None:
    """Nothing filled while the price rose by 1 %: the whole parent pays it."""
    away = Forced(touch=50 * DOLLAR + 50 * CENT, take_fee=0, sigma_day_bp=150.0, adv=1, y=0.0)
    assert cost(1, 0, 0, 0, away).shortfall_bp == pytest.approx(100.0)


@pytest.mark.parametrize(("sign", "adverse"), [(1, -10.0), (-1, 10.0)])
def test_a_markout_is_adverse_when_the_price_goes_against_the_position(
    sign: int, adverse: float
) -> None:
    """The mid rises by 10 bp after a fill: good for who bought, bad for who sold."""
    marks = Markouts(10 * NS)
    marks.filled(0, sign, 100, 100 * DOLLAR)
    assert marks.due() == 10 * NS
    marks.mark(9 * NS, 101 * DOLLAR)
    assert marks.mean_bp is None
    marks.mark(10 * NS, 100 * DOLLAR + 10 * CENT)
    assert marks.mean_bp == pytest.approx(adverse)


def test_markouts_are_weighted_by_shares() -> None:
    marks = Markouts(NS)
    marks.filled(0, -1, 300, 100 * DOLLAR)
    marks.filled(0, -1, 100, 200 * DOLLAR)
    marks.mark(NS, 100 * DOLLAR + 10 * CENT)
    # 300 shares at +10 bp, 100 at -4,995 bp.
    assert marks.mean_bp == pytest.approx((300 * 10 - 100 * 4995) / 400)


@pytest.mark.parametrize(
    ("arrival", "touch"), [(0, DOLLAR), (DOLLAR, 0)], ids=["no arrival", "no price at the horizon"]
)
def test_without_a_price_there_is_no_cost(arrival: int, touch: int) -> None:
    forced = Forced(touch=touch, take_fee=0, sigma_day_bp=1.0, adv=1, y=0.0)
    with pytest.raises(ValueError, match="price"):
        shortfall(
            sign=1, order_qty=2, cum_qty=1, notional=DOLLAR, fees=0, arrival_mid2=arrival,
            forced=forced,
        )  # fmt: skip
