"""Facts of processes whose answers are known: Poisson, Markov and random-walk markets."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.venues.recorded_days import BookRow, TradeRow, chance, day
from venues.facts.activity import SIGN_LAGS, rate_facts, sign_facts, sign_memory, size_facts
from venues.facts.imbalance import imbalance_facts, up_probability
from venues.facts.response import response_facts
from venues.facts.returns import SIGNATURE_S, autocorrelation_facts, signature, volatility_facts
from venues.facts.series import acf, hill, ranks

HOUR = 3_600
DAY = 23_400
STILL: list[BookRow] = [(0, 100, 102, 100, 100)]


def orders(signs: np.ndarray, sizes: np.ndarray | None = None) -> list[TradeRow]:
    """One lit market order a second."""
    return [
        (float(at), 101.0 + sign, 100.0 if sizes is None else float(sizes[at]), "A", int(sign))
        for at, sign in enumerate(signs)
    ]


def test_poisson_orders_come_with_a_variation_and_a_fano_factor_of_one() -> None:
    times = np.sort(chance(1).uniform(0, DAY, 20_000))
    found = rate_facts(day(STILL, [(at, 102.0, 100.0, "A", 1) for at in times], seconds=DAY))
    assert found["intertrade_cv"] == pytest.approx(1.0, abs=0.03)
    assert found["trade_count_fano_60s"] == pytest.approx(1.0, abs=0.25)


def test_signs_that_repeat_with_probability_p_have_a_memory_of_2p_minus_1_to_the_lag() -> None:
    repeat = chance(2).uniform(size=20_000) < 0.9
    signs = np.cumprod(np.where(repeat, 1, -1))
    memory = dict(zip(SIGN_LAGS, sign_memory(day(STILL, orders(signs), seconds=DAY)), strict=True))
    for lag in (1, 2, 5, 10):
        assert memory[lag] == pytest.approx(0.8**lag, abs=0.03)
    assert memory[500] == pytest.approx(0.0, abs=0.04)


def test_the_decay_of_the_memory_is_the_exponent_of_its_power_law() -> None:
    # Signs that keep for T orders, P(T > t) = t^-1.5, have the memory sum_(k >= lag) k^-1.5, up to
    # a factor: about lag^-0.5 (Lillo, Mike and Farmer 2005).
    count = 100_000
    runs = np.ceil(chance(3).uniform(size=count) ** (-1 / 1.5)).astype(np.int64)
    signs = np.repeat(np.where(chance(4).uniform(size=count) < 0.5, 1, -1), runs)
    kept = orders(signs[: 3 * count])
    found = sign_facts(day(STILL, kept, seconds=3 * count))
    assert found["sign_acf_gamma_3_200"] == pytest.approx(0.5, abs=0.15)


def test_the_decay_is_fitted_over_the_lags_whose_memory_stands_out_of_the_noise() -> None:
    signs = np.cumprod(np.where(chance(13).uniform(size=6_000) < 0.95, 1, -1))
    found = sign_facts(day(STILL, orders(signs), seconds=6_000))
    # Once more, step by step: memory at each lag, those above two standard errors, least squares.
    mean = sum(signs.tolist()) / 6_000
    centred = [sign - mean for sign in signs.tolist()]
    variance = sum(each * each for each in centred) / 6_000
    points = []
    for lag in sorted({round(3 * (200 / 3) ** (step / 39)) for step in range(40)}):
        products = [a * b for a, b in zip(centred, centred[lag:], strict=False)]
        memory = sum(products) / len(products) / variance
        if memory > 2 / math.sqrt(6_000):
            points.append((math.log(lag), math.log(memory)))
    x, y = (sum(each) / len(points) for each in zip(*points, strict=True))
    slope = sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)
    assert found["sign_acf_gamma_3_200"] == pytest.approx(-slope)


def test_signs_without_memory_have_no_decay() -> None:
    signs = np.where(chance(5).uniform(size=5_000) < 0.5, 1, -1)
    found = sign_facts(day(STILL, orders(signs), seconds=5_000))
    assert found["sign_acf_1"] == pytest.approx(0.0, abs=0.05)
    assert found["sign_acf_gamma_3_200"] is None


def test_a_pareto_tail_is_found_again() -> None:
    sizes = np.ceil(1_000 * chance(6).pareto(2.0, 20_000) + 1_000)
    found = size_facts(day(STILL, orders(np.ones(20_000), sizes), seconds=DAY))
    assert found["mo_size_tail_alpha_hill5"] == pytest.approx(2.0, abs=0.2)
    assert hill(np.full(1_000, 100.0), 0.05) is None, "what ties with the threshold is no tail"


def random_walk(seed: int) -> list[BookRow]:
    """A mid of 50,000 ticks that takes a step of up to five ticks each second."""
    mids = 50_000 + np.cumsum(chance(seed).integers(-5, 6, DAY))
    return [(float(at), mid - 1, mid + 1, 100, 100) for at, mid in enumerate(mids)]


def test_a_random_walk_is_as_volatile_on_every_scale_and_foretells_nothing() -> None:
    recorded = day(random_walk(7), seconds=DAY)
    # Steps of -5 to 5, all alike, have a variance of 10 square ticks.
    sigma = 1e4 * math.sqrt(10 * DAY) / 50_000
    found = dict(zip(SIGNATURE_S, signature(recorded, trades=False), strict=True))
    for step, tolerance in ((1, 0.02), (5, 0.04), (30, 0.08), (60, 0.12)):
        assert found[step] == pytest.approx(sigma, rel=tolerance)
    moves = autocorrelation_facts(recorded)
    assert moves["mid_ret_acf1_1s"] == pytest.approx(0.0, abs=0.02)
    assert moves["mid_ret_acf1_10s"] == pytest.approx(0.0, abs=0.06)
    assert moves["absret_30s_acf_1_10_mean"] == pytest.approx(0.0, abs=0.04)
    tails = volatility_facts(recorded)
    assert tails["excess_kurtosis_60s"] == pytest.approx(0.0, abs=0.6)
    assert tails["zero_ret_frac_1s"] == pytest.approx(1 / 11, abs=0.01)
    assert tails["signature_mid_1s_over_300s"] == pytest.approx(1.0, abs=0.2)


def test_trade_prices_that_bounce_in_the_spread_are_negatively_correlated() -> None:
    # Roll (1984): with independent signs the one-tick autocorrelation is -1/2.
    signs = np.where(chance(8).uniform(size=10_000) < 0.5, 1, -1)
    found = autocorrelation_facts(day(STILL, orders(signs), seconds=DAY))
    assert found["tradeprice_ret_acf1_tick"] == pytest.approx(-0.5, abs=0.03)
    assert found["mid_change_sign_acf1"] is None, "the mid never moved"


def imbalanced(seed: int, *, slope: float, persistence: float) -> list[BookRow]:
    """Each second a new imbalance, AR(1); half a second later a move that it foretells."""
    draws = chance(seed)
    level, mid = 0.0, 50_000.0
    rows: list[BookRow] = []
    for at in range(DAY):
        level = persistence * level + math.sqrt(1 - persistence**2) * draws.normal()
        shown = math.tanh(0.6 * level)
        bid_qty = round(5_000 * (1 + shown))
        rows.append((float(at), mid - 1, mid + 1, bid_qty, 10_000 - bid_qty))
        rows.append((at + 0.25, mid - 1, mid + 1, bid_qty, 10_000 - bid_qty))
        up = draws.uniform() < 1 / (1 + math.exp(-slope * shown))
        mid += 1 if up else -1
        rows.append((at + 0.5, mid - 1, mid + 1, bid_qty, 10_000 - bid_qty))
    return rows


def test_imbalance_that_foretells_by_a_logit_gives_back_its_slope_and_its_decay() -> None:
    recorded = day(imbalanced(9, slope=1.0, persistence=0.9), seconds=DAY)
    found = imbalance_facts(recorded)
    assert found["imb_logit_slope"] == pytest.approx(1.0, abs=0.1)
    # A Gaussian AR(1) with 0.9 falls below one half after 7 s: 0.9^6 = 0.53, 0.9^7 = 0.48. The
    # hyperbolic tangent takes away 0.02 at most.
    assert found["imb_halflife_s"] == pytest.approx(6.5, abs=0.5)
    assert found["imb_acf_1s"] == pytest.approx(0.9, abs=0.02)
    curve = up_probability(recorded)
    for place, middle in enumerate(np.linspace(-0.9, 0.9, 10)):
        assert curve[place] == pytest.approx(1 / (1 + math.exp(-middle)), abs=0.08)


def test_imbalance_that_foretells_everything_discriminates_perfectly() -> None:
    rows: list[BookRow] = []
    mid = 50_000.0
    for at, up in enumerate(chance(10).uniform(size=HOUR) < 0.5):
        rows.append((float(at), mid - 1, mid + 1, *((90, 10) if up else (10, 90))))
        mid += 1 if up else -1
    found = imbalance_facts(day(rows, seconds=HOUR))
    assert found["imb_auc"] == pytest.approx(1.0)


def test_an_impact_that_grows_with_the_root_of_size_has_an_exponent_of_one_half() -> None:
    draws = chance(11)
    sizes = 100 * draws.integers(1, 400, DAY)
    signs = np.where(draws.uniform(size=DAY) < 0.5, 1, -1)
    # The mid moves in the order's direction, one row just after it.
    moves = signs * np.sqrt(sizes)
    mids = 500_000 + np.cumsum(np.append(0.0, moves[:-1]))
    book = [(at + 0.25, mid - 1, mid + 1, 100, 100) for at, mid in enumerate(mids)]
    trades = [(at + 0.5, 1.0, sizes[at], "A", int(signs[at])) for at in range(DAY)]
    found = response_facts(day(book, trades, seconds=DAY))
    assert found["impact_size_exponent"] == pytest.approx(0.5, abs=0.02)
    assert found["response1_over_spread"] == pytest.approx(np.sqrt(sizes).mean() / 2, rel=0.01)
    assert found["response100_over_response1"] == pytest.approx(1.0, abs=0.25)


def test_what_cannot_be_told_from_few_data_is_not_told() -> None:
    assert acf(np.ones(100), (1,)) == [None], "what never varies"
    assert acf(np.arange(49.0), (1,)) == [None], "too few"
    assert acf(chance(12).normal(size=60), (1, 60)) == [pytest.approx(0, abs=0.4), None]


def test_ranks_of_equals_are_their_mean() -> None:
    assert ranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1.0, 3.5, 2.0]
