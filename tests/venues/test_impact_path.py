"""The impact law: its size, its decay, and that nobody earns by pushing the price."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import pytest

from router.model import NS, Side, TimeInForce
from tests.venues.simulated import START, market_of, order
from venues.impact import HALF_LIVES, WEIGHTS, Impact

ADV = 2_000_000
SIGMA = 150.0
DAY = 23_400


def worked(shares: int, child: int, horizon_s: int) -> tuple[Impact, float]:
    """A parent worked evenly in children; the impact after it and its mean cost, bp."""
    impact = Impact(0.75, SIGMA, ADV, 0)
    children = shares // child
    cost = 0.0
    for n in range(children):
        now = round((n + 0.5) * horizon_s / children * NS)
        cost += impact.bp(now) * child
        impact.execute(1, child, now)
    impact.bp(horizon_s * NS)
    return impact, cost / shares


@pytest.mark.parametrize(
    ("adv_share", "child", "horizon_s", "within"),
    [
        (0.25, 500, DAY, 0.15),
        (0.25, 1000, DAY, 0.15),
        (0.01, 100, DAY, 0.20),
        (0.01, 100, 3600, 0.20),
        (0.0025, 100, 900, 0.20),
        (0.0025, 100, DAY, 0.20),
    ],
)
def test_a_parent_of_constant_rate_costs_two_thirds_of_the_square_root_law(
    adv_share: float, child: int, horizon_s: int, within: float
) -> None:
    """Y sigma sqrt(Q/V) at the end, 2/3 of it on average, whatever the horizon."""
    _, cost = worked(round(adv_share * ADV), child, horizon_s)
    law = 2 / 3 * 0.75 * SIGMA * math.sqrt(adv_share)
    assert cost == pytest.approx(law, rel=within)


def test_one_horizon_after_the_end_two_fifths_of_the_peak_remain() -> None:
    """sqrt(2) - 1 = 0.414 for a kernel of t^(-1/2)."""
    impact, _ = worked(20_000, 100, DAY)
    peak = impact.bp(DAY * NS)
    assert impact.bp(2 * DAY * NS) / peak == pytest.approx(math.sqrt(2) - 1, rel=0.1)


def test_a_sale_pushes_down_as_much_as_a_purchase_pushes_up() -> None:
    bought, sold = Impact(0.75, SIGMA, ADV, 0), Impact(0.75, SIGMA, ADV, 0)
    bought.execute(1, 5000, 0)
    sold.execute(-1, 5000, 0)
    assert bought.bp(60 * NS) > 0
    assert sold.bp(60 * NS) == -bought.bp(60 * NS)


def test_nothing_executed_is_no_impact() -> None:
    assert Impact(0.75, SIGMA, ADV, 0).bp(3600 * NS) == 0.0


def test_a_leak_decays_by_half_in_its_half_life() -> None:
    impact = Impact(0.75, SIGMA, ADV, 0)
    impact.leak(-1, 4.0, 60.0, 0)
    impact.leak(-1, 4.0, 30.0, 0)
    assert impact.bp(60 * NS) == pytest.approx(-(2.0 + 1.0))


def test_the_path_does_not_depend_on_how_often_it_is_looked_at() -> None:
    """Between executions it is known in closed form."""
    seldom, often = Impact(0.75, SIGMA, ADV, 0), Impact(0.75, SIGMA, ADV, 0)
    for impact in (seldom, often):
        impact.execute(1, 5000, 0)
    for tenth in range(6000):
        often.bp(tenth * NS // 10)
    assert often.bp(600 * NS) == seldom.bp(600 * NS)


def test_the_path_is_the_integral_of_the_law() -> None:
    """Against the law's own integral, summed in steps of a millisecond."""
    impact = Impact(0.75, SIGMA, ADV, 0)
    trades = {0: 2000, 3: -500, 10: 800}
    for second, qty in trades.items():
        impact.execute(1 if qty > 0 else -1, abs(qty), second * NS)
    step, rate = 0.001, 0.0
    moved = dict.fromkeys(zip(HALF_LIVES, WEIGHTS, strict=True), 0.0)
    for n in range(20_000):
        if n % 1000 == 0:
            rate += trades.get(n // 1000, 0) * math.log(2) / 120
        pressure = math.copysign(math.sqrt(DAY * abs(rate) / ADV), rate)
        for half_life, weight in moved:
            decay = 0.5 ** (step / half_life)
            moved[half_life, weight] = moved[half_life, weight] * decay + weight * pressure * step
        rate *= 0.5 ** (step / 120)
    law = 0.75 / 2 * SIGMA / math.sqrt(DAY) * sum(moved.values())
    assert impact.bp(20 * NS) == pytest.approx(law, rel=2e-3)


def test_the_quotes_stand_higher_after_our_purchase(tmp_path: Path) -> None:
    """The same seed with and without a purchase: what differs is the answer to us."""
    rises = []
    for seed in range(4):
        mids = []
        for trades in (False, True):
            market = market_of(tmp_path, {}, seed=seed)
            for n in range(20):
                now = START + n * 10 * NS
                market.tick(now)
                if trades:
                    terms = order(f"x{n}", Side.BUY, 500, tif=TimeInForce.IOC)
                    market.submit("LIT_A", terms, now)
            market.tick(START + 230 * NS)
            bid, offer = market.nbbo
            mids.append((bid + offer) / 2)
        rises.append(mids[1] / mids[0] - 1)
    # 10,000 shares are 0.5 % of ADV: the law's peak is 0.75 * 150 * sqrt(0.005) = 8 bp.
    assert 3e-4 < sum(rises) / 4 < 14e-4
    assert all(rise > 0 for rise in rises)


def test_the_weights_follow_the_inverse_square_root() -> None:
    """An impulse's response, read from a short burst, is t^(-1/2) within the stated 12 %."""

    def kernel(t: float) -> float:
        pairs = zip(HALF_LIVES, WEIGHTS, strict=True)
        return sum(w * math.exp(-math.log(2) * t / h) for h, w in pairs)

    times = [10 ** (k / 10) for k in range(44)]
    assert all(abs(kernel(t) * math.sqrt(t) - 1) < 0.12 for t in times)
    assert all(kernel(a) > kernel(b) for a, b in pairwise(times))
