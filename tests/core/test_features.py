"""Features: hand-made values, mirror symmetry, causality, and never a NaN."""

from __future__ import annotations

from dataclasses import replace
from math import log, log1p, sqrt

import numpy as np
import pytest
from msgspec import structs

from router.core.books import Market
from router.core.candidates import candidates
from router.core.features import CLIP, FEATURES, Signal, cost_bp, features
from router.messages import MarketDataEntry, MarketDataReceived, QuoteReceived
from router.model import (
    NS,
    PX_SCALE,
    Arm,
    Instrument,
    OrdType,
    Side,
    Tactic,
    TimeInForce,
    Venue,
    VenueType,
)
from router.ports import Candidate, FloatArray, ParentView

TICK = PX_SCALE // 100
XYZ = Instrument("XYZ", tick=TICK, lot=100, adv=2_000_000, currency="USD", close_ns=57_600 * NS)
VENUES = (
    Venue("LIT_A", VenueType.LIT, (Tactic.LIT_TAKE, Tactic.LIT_MAKE)),
    Venue("LIT_B", VenueType.LIT, (Tactic.LIT_TAKE,)),
    Venue("DARK_A", VenueType.DARK, (Tactic.DARK_MID,)),
    Venue("SDP_1", VenueType.DEALER, (Tactic.DEALER_QUOTE,)),
)
OPEN = 34_200 * NS
NOW = OPEN + 600 * NS

PARENT = ParentView(
    parent_id="P1", session="OMS", account="", symbol="XYZ", side=Side.BUY,
    ord_type=OrdType.MARKET, time_in_force=TimeInForce.DAY, order_qty=20_000, cum_qty=5_000,
    working_qty=0, price=None, min_qty=0, start_time=OPEN, end_time=OPEN + 1_200 * NS,
    arrival_mid=0, filled_by={}, filled_by_type={},
)  # fmt: skip


def feed(market: Market, rng: np.random.Generator, start: int, steps: int) -> int:
    """Random quotes, deletes and trades at three venues."""
    now = start
    for _ in range(steps):
        now += int(rng.integers(1, NS))
        mid = 5_000 + int(rng.integers(-5, 6))
        mic = ("LIT_A", "LIT_B")[int(rng.integers(2))]
        entries = (
            MarketDataEntry("0", "0", (mid - 1) * TICK, int(rng.integers(1, 9)) * 100),
            MarketDataEntry("1", "0", (mid + 1) * TICK, int(rng.integers(1, 9)) * 100),
            MarketDataEntry("2", "0", mid * TICK, 100, int(rng.integers(-1, 2))),
        )
        market.apply(MarketDataReceived(mic, "XYZ", snapshot=True, entries=entries[:2]), now)
        market.apply(MarketDataReceived(mic, "XYZ", snapshot=False, entries=entries[2:]), now)
        quote = QuoteReceived(
            "SDP_1", "XYZ", "q", (mid - 1) * TICK, 300, (mid + 1) * TICK, 400, now + NS
        )
        market.apply(quote, now)
    return now


def vector(market: Market, now: int, parent: ParentView = PARENT, **more: Signal) -> FloatArray:
    mics = [venue.mic for venue in VENUES]
    listed = candidates(parent, XYZ, VENUES, market, now, open_mics=mics, asked=())
    return features(parent, listed, market, XYZ, now, {"DARK_A/dark_mid": 0.2}, **more)


def column(matrix: FloatArray, name: str) -> FloatArray:
    return np.asarray(matrix[:, FEATURES.index(name)])


def by_hand() -> Market:
    market = Market()
    book = (
        MarketDataEntry("0", "0", 4_999 * TICK, 600),
        MarketDataEntry("1", "0", 5_002 * TICK, 200),
    )
    market.apply(MarketDataReceived("LIT_A", "XYZ", snapshot=True, entries=book), NOW - 2 * NS)
    sale = MarketDataEntry("2", "0", 4_999 * TICK, 400, -1)
    trade = MarketDataReceived("LIT_A", "XYZ", snapshot=False, entries=(sale,))
    market.apply(trade, NOW - 2 * NS)
    return market


def test_every_feature_is_what_its_definition_says() -> None:
    matrix = vector(by_hand(), NOW)
    assert matrix.shape == (3, len(FEATURES))  # take, make, dark
    flow_10, flow_60 = 20 * 0.5 ** (2 / 10), 20 * 0.5 ** (2 / 60)
    expected: dict[str, tuple[list[float | None], float, float]] = {
        # name: raw values of the three candidates, None where missing, with (mean, scale)
        "microprice": ([400 / 1_600] * 3, 0.0, 0.25),
        "imbalance": ([0.5, 0.5, None], 0.0, 0.5),
        "spread": ([log(3)] * 3, 0.7, 0.7),
        "flow_10s": ([-flow_10 / (flow_10 + 40)] * 3, 0.0, 0.5),
        "flow_60s": ([-flow_60 / (flow_60 + 40)] * 3, 0.0, 0.4),
        "to_close": ([log(57_600 - 34_200 - 600)] * 3, 9.0, 1.0),
        "time_left": ([log(600)] * 3, 6.0, 1.5),
        "remaining_adv": ([log(15_000 / 2_000_000)] * 3, -6.0, 1.5),
        "schedule_lag": ([0.5 - 0.25] * 3, 0.0, 0.25),
        "displayed": ([log1p(200 / 400), log1p(600 / 400), None], 1.0, 0.8),
        "data_age": ([log1p(2), log1p(2), None], 0.7, 1.0),
        "fill_ratio": ([None, None, 0.2], 0.5, 0.3),
        "signal": ([None] * 3, 0.0, 0.5),
        "signal_seen": ([None] * 3, 0.0, 1.0),
    }
    for name, (raw, mean, scale) in expected.items():
        wanted = [0.0 if value is None else (value - mean) / scale for value in raw]
        assert column(matrix, name) == pytest.approx(wanted), name


def test_volatility_is_the_log_of_the_standard_deviation_in_bp() -> None:
    market = Market()
    for second, px in enumerate((10_000, 10_000, 10_005, 10_000, 10_005)):
        sides = (MarketDataEntry("0", "0", px - 1, 1), MarketDataEntry("1", "0", px + 1, 1))
        data = MarketDataReceived("LIT_A", "XYZ", snapshot=True, entries=sides)
        market.apply(data, NOW + second * NS - 1)
    listed = candidates(PARENT, XYZ, VENUES, market, NOW, open_mics=["LIT_A"], asked=())
    matrix = features(PARENT, listed, market, XYZ, NOW + 5 * NS, {})
    keep = 0.5 ** (1 / 60)
    moves = [0.0, 5.0, 1e4 * (1 - 10_000 / 10_005), 5.0]  # bp, second by second
    mean = sum(
        (1 - keep) * keep**age * move**2 for age, move in enumerate(reversed(moves))
    ) / (1 - keep**4)  # fmt: skip
    assert column(matrix, "volatility_60s") == pytest.approx([log(sqrt(mean)) + 1.0] * 2)


def test_a_seller_in_the_mirrored_market_sees_what_a_buyer_sees() -> None:
    mirrored = Market()
    book = (
        MarketDataEntry("0", "0", 4_999 * TICK, 200),
        MarketDataEntry("1", "0", 5_002 * TICK, 600),
    )
    mirrored.apply(MarketDataReceived("LIT_A", "XYZ", snapshot=True, entries=book), NOW - 2 * NS)
    buy = MarketDataEntry("2", "0", 5_002 * TICK, 400, +1)
    mirrored.apply(MarketDataReceived("LIT_A", "XYZ", snapshot=False, entries=(buy,)), NOW - 2 * NS)
    seller = structs.replace(PARENT, side=Side.SELL)
    assert vector(mirrored, NOW, seller) == pytest.approx(vector(by_hand(), NOW))
    assert not np.allclose(vector(by_hand(), NOW, seller), vector(by_hand(), NOW))


@pytest.mark.parametrize("seed", range(5))
def test_what_comes_later_changes_no_vector(seed: int) -> None:
    rng = np.random.default_rng(seed)
    market, again = Market(), Market()
    now = feed(market, np.random.default_rng(seed + 100), OPEN, 200)
    feed(again, np.random.default_rng(seed + 100), OPEN, 200)
    before = vector(market, now)
    feed(market, rng, now + 1, 50)  # the future
    assert np.array_equal(before, vector(again, now))
    assert not np.array_equal(before, vector(market, now))


@pytest.mark.parametrize("seed", range(10))
def test_vectors_are_finite_and_clipped_whatever_is_missing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    market = Market()
    now = feed(market, rng, OPEN, 20 * seed)
    odd = structs.replace(
        PARENT,
        order_qty=int(rng.integers(1, 10**9)),
        cum_qty=0,
        end_time=int(rng.choice([0, now - 5, now + 1, 10**18])),
    )
    matrix = vector(market, now + int(rng.integers(0, 10**13)), odd)
    assert np.isfinite(matrix).all()
    assert (np.abs(matrix) <= CLIP).all()
    dead = replace(XYZ, adv=0)
    listed = [
        Candidate(Arm(mic, tactic), VenueType.LIT, None, 0, 5, 0)
        for mic in ("LIT_A", "NONE")
        for tactic in Tactic
    ]
    matrix = features(odd, listed, market, dead, now, {"NONE/lit_take": float("nan")})
    assert matrix.shape == (10, len(FEATURES))
    assert np.isfinite(matrix).all()
    assert features(odd, [], market, dead, now, {}).shape == (0, len(FEATURES))


def test_a_signal_counts_from_its_receipt_and_fades() -> None:
    market = by_hand()
    news = Signal("XYZ", 0.5, 0.8, NOW - 900 * NS, NOW, "wire")
    early = replace(news, t_received=NOW + 1)
    assert np.array_equal(vector(market, NOW, signal=early), vector(market, NOW))
    assert column(vector(market, NOW, signal=news), "signal") == pytest.approx([0.8] * 3)
    assert column(vector(market, NOW, signal=news), "signal_seen") == pytest.approx([1.0] * 3)
    later = vector(market, NOW + 599 * NS, signal=replace(news, t_received=NOW - NS))
    assert column(later, "signal") == pytest.approx([0.4] * 3)
    seller = vector(market, NOW, structs.replace(PARENT, side=Side.SELL), signal=news)
    assert column(seller, "signal") == pytest.approx([-0.8] * 3)
    other = replace(news, symbol="ABC")
    assert np.array_equal(vector(market, NOW, signal=other), vector(market, NOW))


@pytest.mark.parametrize(
    ("tactic", "side", "px", "fee", "bp"),
    [
        (Tactic.LIT_TAKE, Side.BUY, 10_010, 3, 13.0),  # 10 bp of half spread and a 3 bp fee
        (Tactic.LIT_TAKE, Side.SELL, 9_990, 3, 13.0),
        (Tactic.LIT_MAKE, Side.BUY, 9_990, -2, -12.0),
        (Tactic.DEALER_QUOTE, Side.SELL_SHORT, 9_995, 0, 5.0),
        (Tactic.DARK_MID, Side.BUY, None, 1, 1.0),
        (Tactic.DARK_MID, Side.BUY, 10_050, 1, 1.0),  # a limited midpoint order pays the midpoint
    ],
)
def test_cost_is_price_against_mid_plus_fee(
    tactic: Tactic, side: Side, px: int | None, fee: int, bp: float
) -> None:
    candidate = Candidate(Arm("V", tactic), VenueType.LIT, px, 0, 1, fee)
    assert cost_bp(candidate, side, 20_000) == pytest.approx(bp)
    assert cost_bp(candidate, side, 0) == 0.0
