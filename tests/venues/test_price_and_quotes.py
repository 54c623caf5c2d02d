"""The latent price, the quotes that follow from it, and what others print away from the books."""

from __future__ import annotations

import statistics
from collections import Counter
from pathlib import Path

import pytest

from router.model import NS
from tests.venues.simulated import CALM, START, TICK, market_of, spec_of
from venues.fair import Fair
from venues.floor import Floor
from venues.flow import Session
from venues.market import Market
from venues.price import EfficientPrice, PriceFacts
from venues.prints import Source, sources

FLAT = Session(START, START + 23_400 * NS, (1.0,))


def price_of(floor: Floor, **changes: float) -> EfficientPrice:
    terms: dict[str, float] = {
        "start": 5000.5,
        "sigma_day": 1e-6,
        "day_seconds": 23_400.0,
        "flow_variance_day": 0.0,
        "flow_share": 1.0,
        "fade_s": 60.0,
        "pressure": 1e-9,
        "pressure_s": 10.0,
        "late": 0.0,
        "echo": 1.0,
    }
    return EfficientPrice(floor, FLAT, PriceFacts(**{**terms, **changes}))


def calm(folder: Path, seed: int = 1) -> Floor:
    return market_of(folder, CALM, seed).venue("LIT_A").floor


@pytest.mark.parametrize("echo", [0.0, 1.0])
def test_a_day_moves_the_price_by_the_stated_deviation(tmp_path: Path, echo: float) -> None:
    """60 days of pressure and diffusion: the standard error is 9 %."""
    moves = []
    spec = spec_of(tmp_path, CALM)
    for seed in range(60):
        floor = Market(spec, seed=seed, start=START).venue("LIT_A").floor
        price = price_of(floor, sigma_day=75.0, pressure=0.5, echo=echo)
        for step in range(1, 118):
            price.advance(START + step * 200 * NS)
        moves.append(price.ticks(START + 23_400 * NS) - 5000.5)
    assert statistics.stdev(moves) == pytest.approx(75.0, rel=0.25)


def test_an_order_moves_the_price_at_once_and_for_ever_as_much_as_variance_allows(
    tmp_path: Path,
) -> None:
    """Orders would cause four times the day's variance, so half of their answer stays."""
    price = price_of(calm(tmp_path), flow_variance_day=4e-12, late=0.2, pressure=1e-5)
    price.answer(10.0)
    assert price.ticks(START) == pytest.approx(5000.5 + 8.0)
    price.advance(START + 60 * NS)
    # The late 2 ticks are there, and 5 (1 - 1/e) have faded.
    expected = 5000.5 + 5.0 + 5.0 / 2.718281828 - 2.0 / 2.718281828**6
    assert price.ticks(START + 60 * NS) == pytest.approx(expected, abs=0.01)
    price.advance(START + 3600 * NS)
    assert price.ticks(START + 3600 * NS) == pytest.approx(5000.5 + 5.0, abs=0.01)


def test_pressure_that_orders_leave_is_where_the_price_goes(tmp_path: Path) -> None:
    price = price_of(calm(tmp_path), late=0.5, pressure=0.001)
    before = price.pressure
    price.answer(2.0)
    assert price.pressure - before == pytest.approx(1.0 / 0.001)


def test_quotes_keep_still_until_the_price_has_left_their_tick(tmp_path: Path) -> None:
    """Where the spread is one tick; inertia is 0.15 ticks."""
    floor = calm(tmp_path)
    price = price_of(floor)
    fair = Fair(
        price, floor, spread_ticks=1.0, inertia=0.15, refill_halflife_s=20.0, no_refill_prob=0.4
    )
    seen = [(fair.bid, fair.offer)]
    changed = []
    for move in (0.6, 0.1, -0.3, -0.1):  # to 5001.1, 5001.2, 5000.9, 5000.8
        price.move(move)
        changed.append(fair.update(START))
        seen.append((fair.bid, fair.offer))
    assert seen == [(5000, 5001), (5000, 5001), (5001, 5002), (5001, 5002), (5000, 5001)]
    assert changed == [False, True, False, True]


def test_the_place_of_the_price_says_which_quote_is_nearer(tmp_path: Path) -> None:
    floor = calm(tmp_path)
    price = price_of(floor)
    fair = Fair(
        price, floor, spread_ticks=1.0, inertia=0.15, refill_halflife_s=20.0, no_refill_prob=0.4
    )
    fair.update(START)
    assert fair.place == pytest.approx(0.0, abs=1e-6)
    price.move(0.65 - 1e-6)
    fair.update(START)
    assert fair.place == pytest.approx(1.0, abs=1e-3)


def test_a_swept_price_stays_empty_as_long_as_it_is_fair_if_it_never_refills(
    tmp_path: Path,
) -> None:
    floor = calm(tmp_path)
    price = price_of(floor)
    fair = Fair(
        price, floor, spread_ticks=1.0, inertia=0.15, refill_halflife_s=20.0, no_refill_prob=1.0
    )
    fair.swept(1, START)
    assert fair.stays_empty(1, START + 3600 * NS)
    assert not fair.stays_empty(-1, START)
    price.move(2.0)
    fair.update(START)
    assert not fair.stays_empty(1, START)


def test_a_swept_price_refills_after_the_stated_half_life(tmp_path: Path) -> None:
    """1,000 waits of 20 s half-life: the standard error of the median is 0.9 s."""
    floor = calm(tmp_path)
    fair = Fair(
        price_of(floor),
        floor,
        spread_ticks=1.0,
        inertia=0.15,
        refill_halflife_s=20.0,
        no_refill_prob=0.0,
    )
    half = 0
    for _ in range(1000):
        fair.prepare()
        fair.swept(1, START)
        half += fair.stays_empty(1, START + 20 * NS)
    assert half / 1000 == pytest.approx(0.5, abs=0.05)


# --- prints --------------------------------------------------------------------------------------


def test_what_prints_where_follows_from_the_volume_shares(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, {})
    found = sources(spec.venues, spec.inaccessible_volume_share, 1000.0)
    assert found == [
        Source("DARK_A", 30.0, least=0, markup_ticks=None),
        Source("DARK_B", 12.0, least=500, markup_ticks=None),
        Source("SDP_1", 30.0, most=600, markup_ticks=0.0),
        Source("SDP_2", 20.0, most=300, markup_ticks=-0.2),
        Source("OFF", 248.0),
    ]


def test_prints_are_priced_by_the_touch_and_sized_by_their_venue(tmp_path: Path) -> None:
    market = Market(spec_of(tmp_path, {}), seed=3, start=START)
    floor = market.venue("LIT_A").floor
    found: dict[str, list[int]] = {}

    def heard(now: int, mic: str, px: int, qty: int, sign: int) -> None:
        bid, offer = market.nbbo
        expected = {
            "DARK_A": {((bid + offer) // 2, 0)},
            "DARK_B": {((bid + offer) // 2, 0)},
            "SDP_1": {(bid, -1), (offer, 1)},
            "SDP_2": {(bid + TICK // 5, -1), (offer - TICK // 5, 1)},
            "OFF": {(bid, -1), (offer, 1)},
        }
        assert (px, sign) in expected[mic]
        found.setdefault(mic, []).append(qty)

    floor.on_print.append(heard)
    market.tick(START + 3600 * NS)
    assert set(found) == {"DARK_A", "DARK_B", "SDP_1", "SDP_2", "OFF"}
    assert min(found["DARK_B"]) >= 500
    assert max(found["SDP_2"]) <= 300
    assert len(found["OFF"]) > 100


class Tape:
    """Shares by venue."""

    def __init__(self) -> None:
        self.shares: Counter[str] = Counter()

    def hear(self, now: int, mic: str, px: int, qty: int, sign: int) -> None:
        self.shares[mic] += qty


def test_prints_have_the_stated_volume(tmp_path: Path) -> None:
    """Over five days of one source: 0.24 x 2,000,000 shares a day."""
    total = 0
    quiet = spec_of(
        tmp_path,
        {**CALM, "venues.DARK_A.volume_share": 0.24, "inaccessible_volume_share": 0.038},
    )
    for seed in range(5):
        market = Market(quiet, seed=seed, start=START)
        floor = market.venue("LIT_A").floor
        tape = Tape()
        floor.on_print.append(tape.hear)
        market.tick(START + 23_400 * NS - 1)
        total += tape.shares["DARK_A"]
    assert total / 5 == pytest.approx(480_000, rel=0.08)
