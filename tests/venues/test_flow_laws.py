"""The exogenous laws of background flow, against arithmetic and independent computation."""

from __future__ import annotations

import statistics
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from router.model import NS
from tests.venues.simulated import START
from venues.chance import Stream
from venues.flow import (
    MOOD_FLOOR,
    MOOD_LOG_VARIANCE,
    Activity,
    Bursts,
    Clock,
    Session,
    Signs,
    SizeLaw,
    clustering,
)
from venues.takers import preferences

FLAT = Session(START, START + 23_400 * NS, (1.0,))


def activity(session: Session = FLAT, log_variance: float = 0.0) -> Activity:
    return Activity(session, Stream(9, "activity"), log_variance)


def test_activity_follows_the_days_shape() -> None:
    session = Session(0, 10 * NS, (0.6, 0.4))
    assert [session.activity(second * NS) for second in (-1, 0, 4, 5, 9, 10)] == [
        1.2,
        1.2,
        1.2,
        0.8,
        0.8,
        0.8,
    ]


def test_time_runs_with_activity() -> None:
    """From 5 s: 5 s at 1.2 make 6, the other 2 need 2.5 s at 0.8."""
    busy = activity(Session(0, 20 * NS, (0.6, 0.4)))
    assert busy.after(5 * NS, 3.0) == 5 * NS + round(2.5 * NS)
    assert busy.after(5 * NS, 8.0) == round(12.5 * NS)
    assert busy.after(5 * NS, 0.0) == 5 * NS + 1


def test_a_clock_that_hardly_ever_strikes_strikes_after_the_close() -> None:
    assert Clock(Stream(1, "clock"), activity(), 1e-9).after(START) > FLAT.close_at


def test_activity_varies_slowly_around_one() -> None:
    """Variance 0.49 (e - 1) = 0.84; after 200 s the log's correlation is 1/e."""
    busy = activity(log_variance=1.0)
    levels = np.array([busy.at(START + second * NS) for second in range(0, 400_000, 10)])
    assert levels.mean() == pytest.approx(1.0, rel=0.1)
    varying = np.log((levels - MOOD_FLOOR) / (1.0 - MOOD_FLOOR))
    assert varying.var() == pytest.approx(1.0, rel=0.15)
    ahead = np.corrcoef(varying[:-20], varying[20:])[0, 1]
    assert ahead == pytest.approx(np.exp(-1.0), abs=0.08)
    assert busy.near(10.0) == pytest.approx(10.0 * (1.0 + 0.49 * (np.e - 1.0)))


def test_a_clock_strikes_as_often_as_it_was_told() -> None:
    clock = Clock(Stream(1, "clock"), activity(), rate=2.0)
    times = [START]
    for _ in range(20_000):
        times.append(clock.after(times[-1]))
    waits = [(b - a) / NS for a, b in pairwise(times)]
    assert statistics.mean(waits) == pytest.approx(0.5, rel=0.03)
    assert statistics.stdev(waits) / statistics.mean(waits) == pytest.approx(1.0, rel=0.05)


def test_clustering_solves_for_the_share_of_orders_in_bursts() -> None:
    """cv^2 + 1 = 2 E[1/a] / (1 - n), with E[1/a] of the slow factor by simulation."""
    alone, even = clustering(1.0, FLAT)
    assert alone == 0.0
    assert even == pytest.approx(0.0, abs=1e-6)
    follow, log_variance = clustering(2.5, FLAT)
    assert log_variance == MOOD_LOG_VARIANCE
    normal = np.random.Generator(np.random.Philox(5)).standard_normal(400_000)
    slow = MOOD_FLOOR + (1.0 - MOOD_FLOOR) * np.exp(normal - 0.5)
    assert pytest.approx(2.0 * np.mean(1.0 / slow) / (1.0 - follow), rel=0.01) == (2.5**2 + 1.0)


def test_orders_come_in_bursts_with_the_stated_rate_and_spread_of_waiting_times() -> None:
    follow, log_variance = clustering(2.5, FLAT)
    bursts = Bursts(Stream(4, "takes"), activity(log_variance=log_variance), 2.0, follow)
    at, waits, chained = START, [], 0
    for _ in range(80_000):
        then, in_burst = bursts.after(at)
        waits.append((then - at) / NS)
        chained += in_burst
        at = then
    assert statistics.mean(waits) == pytest.approx(0.5, rel=0.12)
    assert statistics.stdev(waits) / statistics.mean(waits) == pytest.approx(2.5, rel=0.1)
    assert chained / len(waits) == pytest.approx(follow, abs=0.01)


def signs_of(anticipation: float = 1.0, follow: float = 0.5, **more: float) -> Signs:
    terms: dict[str, float] = {"acf1": 0.4, "gamma": 0.5, "ahead": 0.0, **more}
    return Signs(Stream(2, "signs"), follow=follow, anticipation=anticipation, **terms)


def drawn(signs: Signs, number: int, follow: float = 0.5) -> list[tuple[int, float]]:
    bursts = Stream(3, "bursts")
    return [signs.draw(in_burst=bursts.uniform() < follow) for _ in range(number)]


@pytest.mark.parametrize(
    ("acf1", "gamma", "lag", "expected"),
    [
        (0.4, 0.5, 1, 0.4),
        # 0.4 (0.325 x 10^-0.5 + 0.675 x 0.53^9), with 0.53 = 1 - 1.6 x 0.6^2.4
        (0.4, 0.5, 10, 0.042),
        # a straight power law: 0.095 x 10^-0.25
        (0.095, 0.25, 10, 0.0534),
        # 0.783 (0.109 x 10^-0.58 + 0.891 x 0.9591^9), with 0.9591 = 1 - 1.6 x 0.217^2.4
        (0.783, 0.58, 10, 0.502),
    ],
)
def test_signs_remember_as_the_file_says(
    acf1: float, gamma: float, lag: int, expected: float
) -> None:
    values = [sign for sign, _ in drawn(signs_of(acf1=acf1, gamma=gamma), 50_000)]
    found = statistics.mean(a * b for a, b in zip(values, values[lag:], strict=False))
    assert found == pytest.approx(expected, abs=0.025 if acf1 > 0.5 else 0.015)


def test_surprises_are_what_nobody_could_expect_and_add_up_as_stated() -> None:
    """The variance of their sum over 400 orders, and how much of it is an order's own."""
    signs = signs_of()
    pairs = drawn(signs, 120_000)
    surprises = np.array([surprise for _, surprise in pairs])
    assert surprises.mean() == pytest.approx(0.0, abs=0.02)
    sums = surprises.reshape(-1, 400).sum(axis=1)
    assert sums.var() / 400 == pytest.approx(signs.variance, rel=0.25)
    values = np.array([sign for sign, _ in pairs])
    ahead = sum(float(np.mean(values[:-30] * surprises[k : k - 30])) for k in range(30))
    assert ahead == pytest.approx(signs.response, rel=0.06)


def test_without_anticipation_every_order_surprises_by_its_whole_side() -> None:
    signs = signs_of(anticipation=0.0, ahead=2.0)
    assert all(sign == surprise for sign, surprise in drawn(signs, 1000))
    # 1 + rho_1 + rho_2 = 1 + 0.4 + 0.4 (0.325 x 2^-0.5 + 0.675 x 0.53)
    assert signs.response == pytest.approx(1.0 + 0.4 + 0.235, abs=0.002)


def test_sizes_are_mostly_one_lot_with_the_stated_mean() -> None:
    law = SizeLaw(lot=100, p_lot=0.72, mean=195, tail_alpha=2.0)
    stream = Stream(3, "sizes")
    sizes = [law.shares(stream.uniform()) for _ in range(60_000)]
    assert statistics.mean(qty == 100 for qty in sizes) == pytest.approx(0.72, abs=0.01)
    assert law.mean == pytest.approx(195, rel=0.001)
    assert statistics.mean(sizes) == pytest.approx(195, rel=0.06)
    assert all(qty % 100 == 0 for qty in sizes)
    # P(X > 2x) / P(X > x) = 2^-alpha = 1/4 in the tail.
    tail = Counter(qty > 1000 for qty in sizes)[True], Counter(qty > 2000 for qty in sizes)[True]
    assert tail[1] / tail[0] == pytest.approx(0.25, abs=0.06)
    bounded = [min(600, max(200, qty)) for qty in sizes]
    assert law.mean_between(200, 600) == pytest.approx(statistics.mean(bounded), rel=0.01)
    assert law.moment(0.5) == pytest.approx(
        statistics.mean((qty / 100) ** 0.5 for qty in sizes), rel=0.01
    )


def test_a_larger_number_draws_a_larger_size() -> None:
    law = SizeLaw(lot=100, p_lot=0.5, mean=400, tail_alpha=1.5)
    sizes = [law.shares(n / 1000) for n in range(1000)]
    assert sizes == sorted(sizes)


def test_orders_prefer_large_venues_a_little_more_than_in_proportion() -> None:
    first, second = preferences([0.8, 0.2])
    assert first + second == pytest.approx(1.0)
    assert first / second == pytest.approx(4.0**1.2)
