"""The predictor's features: each by hand, mirrored markets, and nothing of the future."""

from __future__ import annotations

from dataclasses import fields, replace
from math import log, log1p, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.core.observed import FEATURES, SIGNS, WINDOW_NS, Observed
from router.model import NS, Instrument
from router.ports import FloatArray
from router.predictor.samples import Tape, features_of
from tests.predictor.made import Quote, Trade, chance, tape

MS = NS // 1_000

QUOTES: list[Quote] = [(0, 99, 300, 101, 100), (1, 100, 200, 101, 100)]
TRADES: list[Trade] = [(2, 101, 400, 1)]


def at_three(latency_ns: int = 0) -> dict[str, float]:
    day = tape(QUOTES, TRADES, at=[3], close=103)
    return dict(zip(FEATURES, features_of(day, latency_ns=latency_ns)[0].tolist(), strict=True))


def test_every_feature_is_what_its_definition_says() -> None:
    flow_10, flow_60 = 20 * 0.5**0.1, 20 * 0.5 ** (1 / 60)
    pushed_10 = 200 * 0.5**0.2
    # Two returns on the grid, of 0.5 % and then none, with weights keep (1 - keep) and 1 - keep.
    keep = 0.5 ** (1 / 60)
    variance = 0.005**2 * keep / (1 + keep)
    assert at_three() == pytest.approx(
        {
            "microprice": 100 / 600,
            "spread": 0.0,
            "volatility_60s": log(1e4 * sqrt(variance)),
            "flow_10s": flow_10 / (flow_10 + 40),
            "flow_60s": flow_60 / (flow_60 + 40),
            "to_close": log(100),
            "imbalance_1s": 1 / 3 + 0.25 * (1 / 2 - 1 / 3),
            "imbalance_10s": 1 / 3 + 0.5**0.2 * (1 / 2 - 1 / 3),
            # The bid rose with 200 shares; the offer stood: e = 200.
            "order_flow_1s": 50 / (50 + 400),
            "order_flow_10s": pushed_10 / (pushed_10 + 400),
            "trend_1s": (100.5 - 100.375) / 1,
            "trend_10s": 0.5**0.2 * 0.5 / 1,
            "mid_age": log1p(2),
            "depth": log1p(150 / 400),
        }
    )


def test_what_is_late_is_seen_late() -> None:
    # A second and a half later the trade has not come yet, and the bid has risen half a second ago.
    late = at_three(latency_ns=3 * NS // 2)
    assert late["flow_10s"] == 0.0
    assert late["mid_age"] == pytest.approx(log1p(0.5))
    assert late["depth"] == pytest.approx(log1p(150 / 100))


def test_a_change_of_size_is_no_move_of_the_mid() -> None:
    day = tape([*QUOTES, (2.5, 100, 900, 101, 100)], at=[3], close=103)
    assert features_of(day, latency_ns=0)[0][FEATURES.index("mid_age")] == pytest.approx(log1p(2))


@pytest.mark.parametrize(
    ("quote", "pushed"),
    [
        ((1, 100, 300, 102, 100), 0),
        ((1, 100, 500, 102, 100), 200),  # the bid grows
        ((1, 100, 200, 102, 100), -100),  # it shrinks
        ((1, 99, 700, 102, 100), -300),  # it falls: what stood there is gone
        ((1, 100, 300, 102, 400), -300),  # the offer grows
        ((1, 100, 300, 101, 400), -400),  # it falls
        ((1, 100, 300, 103, 900), 100),  # it rises
    ],
)
def test_order_flow_is_that_of_cont_kukanov_and_stoikov(quote: Quote, pushed: int) -> None:
    day = tape([(0, 100, 300, 102, 100), quote], at=[1], close=10)
    found = features_of(day, latency_ns=0)[0][FEATURES.index("order_flow_1s")]
    assert found == pytest.approx(pushed / (abs(pushed) + 400))


def test_an_empty_side_is_unknown_and_forgets_nothing() -> None:
    day = tape(
        [(0, 100, 300, 102, 100), (1, 100, 300, 0, 0), (61, 100, 300, 102, 100)],
        at=[0.5, 30, 61],
        close=100,
    )
    before, empty, again = features_of(day, latency_ns=0)
    column = FEATURES.index("imbalance_1s")
    assert before[column] == 0.5
    assert np.isnan(empty[column])
    assert again[column] == 0.5
    assert np.isnan(features_of(tape([], at=[5], close=10), latency_ns=0)[0][0])


def test_looking_changes_nothing() -> None:
    day = random_tape(3)
    once = features_of(replace(day, at=day.at[-1:]), latency_ns=MS)[-1]
    assert features_of(day, latency_ns=MS)[-1].tobytes() == once.tobytes()


def test_what_is_told_again_is_nothing_new() -> None:
    """A venue deeper in the market says something, and the best quotes are the same as before."""
    day = random_tape(5)
    quotes = ("quote_ns", "bid", "bid_qty", "offer", "offer_qty")
    _, rows = np.unique(day.quote_ns, return_index=True)
    kept: dict[str, FloatArray] = {name: getattr(day, name)[rows] for name in quotes}
    again = {name: np.repeat(column, 2) for name, column in kept.items()}
    again["quote_ns"][1::2] += MS // 2
    once, twice = (replace(day, **each) for each in (kept, again))
    found, other = (features_of(each, latency_ns=0) for each in (once, twice))
    assert found.tobytes() == other.tobytes()


def test_the_mirrored_market_has_the_mirrored_features() -> None:
    day = random_tape(4)
    top = 20_000
    mirrored = replace(
        day,
        bid=top - day.offer,
        offer=top - day.bid,
        bid_qty=day.offer_qty,
        offer_qty=day.bid_qty,
        px=top - day.px,
        sign=-day.sign,
    )
    found, other = (features_of(each, latency_ns=MS) for each in (day, mirrored))
    # The volatility is of returns, whose base is another price in the mirror.
    steady = [k for k, name in enumerate(FEATURES) if name != "volatility_60s"]
    assert other[:, steady] == pytest.approx((found * SIGNS)[:, steady], nan_ok=True)


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), cut_ms=st.integers(0, 60_000), latency_ms=st.integers(0, 3_000))
def test_no_feature_changes_when_the_future_does(seed: int, cut_ms: int, latency_ms: int) -> None:
    """What happened less than a latency before a decision is its future."""
    day, latency_ns, cut = random_tape(seed), latency_ms * MS, cut_ms * MS
    decided = day.at <= cut
    other = with_another_future(day, cut - latency_ns, seed)
    found, altered = (features_of(each, latency_ns=latency_ns) for each in (day, other))
    assert found[decided].tobytes() == altered[decided].tobytes()


def test_the_other_future_is_another() -> None:
    """The test above would see a feature that looks ahead: what follows the cut does change."""
    day = random_tape(7)
    other = with_another_future(day, 30 * NS, 7)
    found, altered = (features_of(each, latency_ns=0) for each in (day, other))
    late = day.at > 31 * NS
    assert (found[late] != altered[late]).any(axis=1).all()


def test_the_window_is_the_longest_memory() -> None:
    half_life_s = max(
        int(name.rpartition("_")[2].removesuffix("s")) for name in FEATURES if name.endswith("s")
    )
    assert 4 * half_life_s * NS == WINDOW_NS


def test_a_vector_has_a_value_for_every_name_and_sign() -> None:
    observed = Observed(Instrument("X", tick=1, lot=100, adv=0, currency="", close_ns=9 * NS))
    assert observed.vector(NS).shape == (len(FEATURES),) == SIGNS.shape


def random_tape(seed: int) -> Tape:
    """A minute of a restless market."""
    rng = chance(seed)
    steps, trades = 200, 60
    mid = 10_000 + np.cumsum(rng.integers(-1, 2, steps))
    half = rng.integers(1, 4, steps)
    quotes = zip(
        np.sort(rng.integers(0, 60_000, steps)) / 1_000,
        mid - half,
        rng.integers(1, 20, steps) * 100,
        mid + half,
        rng.integers(1, 20, steps) * 100,
        strict=True,
    )
    prints = zip(
        np.sort(rng.integers(0, 60_000, trades)) / 1_000,
        rng.integers(9_990, 10_010, trades),
        rng.integers(1, 500, trades),
        rng.integers(-1, 2, trades),
        strict=True,
    )
    return tape(list(quotes), list(prints), at=np.arange(0.5, 60.0, 0.5).tolist(), close=70)


def with_another_future(day: Tape, cut: int, seed: int) -> Tape:
    """The same rows up to `cut`; the later ones lose every third, and the rest is changed."""
    rng = chance(seed + 1)
    changes: dict[str, FloatArray] = {}
    for time, names in (
        (day.quote_ns, ("quote_ns", "bid", "bid_qty", "offer", "offer_qty")),
        (day.trade_ns, ("trade_ns", "px", "qty", "sign")),
    ):
        kept = (time <= cut) | (rng.random(len(time)) < 2 / 3)
        for name in names:
            column = getattr(day, name)
            moved = column if name.endswith("_ns") else column + 1 + rng.integers(0, 9)
            changes[name] = np.where(time > cut, moved, column)[kept]
    assert {field.name for field in fields(Tape)} >= set(changes)
    return replace(day, **changes)  # type: ignore[arg-type]
