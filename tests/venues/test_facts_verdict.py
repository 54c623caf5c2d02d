"""Bands, the targets that take their place, and the rule of acceptance."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from config.settings import DEFAULT_CONFIG
from tests.venues.recorded_days import BookRow, book_table, trade_table, write
from venues.facts.bands import (
    REFERENCE,
    STARRED,
    Band,
    aimed,
    band_of,
    classify,
    real_days,
    regime,
    regime_names,
    regime_of_days,
    verdict,
)
from venues.facts.real import Source, Sources, text_of
from venues.facts.real import real_days as measured_days
from venues.facts.series import Facts
from venues.facts.targets import activity, regime_of, scope_of, targets_of
from venues.market_file import read_market

BASELINE = read_market(DEFAULT_CONFIG.parent / "markets" / "baseline.yaml")


# --- bands ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "is_share", "low", "high"),
    [
        ([4.0], False, 3.0, 5.0),  # one day: 25 %
        ([9.0, 11.0], False, 10 - 2 * 2**0.5, 10 + 2 * 2**0.5),  # two standard deviations
        ([0.01, -0.01], False, -(2 * 2**0.5) / 100, 2 * 2**0.5 / 100),
        ([0.0, 0.0], False, -0.02, 0.02),  # never narrower
        ([1.0, 9.0], False, 0.5, 5 + 8 * 2**0.5),  # above zero stays above zero
        ([0.9], True, 0.675, 1.0),  # a share ends at 1
        ([0.01, 0.0], True, 0.0, 0.005 + 0.02),
    ],
)
def test_a_band_is_made_of_the_days_mean_and_deviation(
    values: list[float], is_share: bool, low: float, high: float
) -> None:
    found = band_of(values, is_share=is_share)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.days == len(values)


def test_a_band_is_never_narrower_than_its_days() -> None:
    # Mean 2, standard deviation 4.9: far above both, but the ninth decile is not.
    values = [0.0] * 24 + [50.0]
    assert band_of(values, is_share=False).high == 50.0


@pytest.mark.parametrize("name", regime_names())
def test_the_bands_that_ship_are_whole(name: str) -> None:
    found = regime(name)
    assert set(STARRED) <= set(found.bands)
    for fact, band in found.bands.items():
        assert band.low <= band.mean <= band.high, fact
    for curve in found.curves.values():
        assert len(curve.x) == len(curve.mean) == len(curve.low) == len(curve.high)
    assert 58 <= len(found.bands) <= 71


@pytest.mark.parametrize(
    ("name", "fact", "mean", "low", "high"),
    [
        ("large_tick", "touch_depth_over_mean_mo", 53, 39.4, 66.6),
        ("large_tick", "imb_halflife_s", 39, 8.5, 95.7),
        ("large_tick", "response100_over_response1", 33.6, 25.2, 42.1),
        ("medium_tick", "spread_bp_tw_mean", 2.16, 1.62, 2.7),
        ("medium_tick", "sign_acf_10", 0.0372, 0.0172, 0.0572),
        ("medium_tick", "realised_spread10s_over_quoted", 0.0648, 0.0359, 0.0938),
        ("medium_tick", "touch_fill_markout10s_over_halfspread", -0.74, -0.925, -0.555),
        ("micro_tick", "spread_ticks_tw_mean", 55.5, 41.6, 69.4),
        ("micro_tick", "near_touch_filled_frac", 0.624, 0.468, 0.78),
        ("micro_tick", "print_frac_eq_lot", 0.869, 0.652, 1.0),
    ],
)
def test_the_bands_that_ship_are_those_of_the_published_table(
    name: str, fact: str, mean: float, low: float, high: float
) -> None:
    found = regime(name).bands[fact]
    assert (found.mean, found.low, found.high) == pytest.approx((mean, low, high), rel=6e-3)


def test_the_source_of_the_bands_is_told_and_no_series_is_in_them() -> None:
    days = real_days()
    assert "October 2013" in days.source
    assert (
        max(len(curve.x) for each in days.regimes.values() for curve in each.curves.values()) < 20
    )


def test_real_days_are_summarised_from_recordings(tmp_path: Path) -> None:
    for name, ask in (("one", 102), ("two", 104)):
        rows: list[BookRow] = [(0, 100, ask, 10, 10), (50, 100, ask, 20, 10)]
        write(tmp_path / name, "book", book_table(rows), ".parquet")
        write(tmp_path / name, "trades", trade_table([]), ".parquet")
    prefixes = [str(tmp_path / name) for name in ("one", "two")]
    source = Source("a stock", prefixes, [(0, 300)])
    found = measured_days(Sources("by hand", {"wide": source}))
    band = found.regimes["wide"].bands["spread_ticks_tw_mean"]
    # Mean 3, standard deviation sqrt(2); never below half the smallest.
    assert band == Band(3.0, 1.0, 5.8284, 2)
    assert found.regimes["wide"].curves["spread"].mean[:4] == (0.0, 0.5, 0.5, 1.0)
    assert found.regimes["all"].days == 2
    assert json.loads(text_of(found))["regimes"]["wide"]["stock"] == "a stock"


@pytest.mark.parametrize(
    ("spread", "frac", "depth", "name"),
    [
        (55.0, 0.08, 2.6, "micro_tick"),
        (1.0, 1.0, 53.0, "large_tick"),
        (1.04, 0.98, 4.2, "medium_tick"),
        (1.5, 0.5, 53.0, "medium_tick"),
        (2.0, 0.1, 2.5, "small_tick"),
    ],
)
def test_a_stock_is_classified_by_spread_and_depth(
    spread: float, frac: float, depth: float, name: str
) -> None:
    assert classify(spread_ticks=spread, one_tick_frac=frac, depth=depth) == name


def test_recorded_days_are_classified_by_their_medians() -> None:
    wide: Facts = {"spread_ticks_tw_mean": 40.0}
    deep: Facts = {
        "spread_ticks_tw_mean": 1.0,
        "spread_one_tick_time_frac": 1.0,
        "touch_depth_over_mean_mo": 30.0,
    }
    assert regime_of_days([wide, deep, deep]) == "large_tick"
    assert regime_of_days([wide, wide, deep]) == "micro_tick"


# --- targets -------------------------------------------------------------------------------------


def test_a_target_of_scale_takes_the_bands_place_and_another_widens_it() -> None:
    bands = {
        "spread_ticks_tw_mean": Band(1.0, 0.75, 1.25, 3),
        "intertrade_cv": Band(3.0, 2.5, 3.5, 3),
        "imb_auc": Band(0.6, 0.5, 0.7, 3),
    }
    found = aimed(bands, {"spread_ticks_tw_mean": 8.0, "intertrade_cv": 2.0, "sign_acf_1": 0.4})
    assert found["spread_ticks_tw_mean"] == Band(8.0, 6.0, 10.0)
    assert found["intertrade_cv"] == Band(2.0, 1.5, 3.5)
    assert found["imb_auc"] == bands["imb_auc"]
    assert (found["sign_acf_1"].low, found["sign_acf_1"].high) == pytest.approx((0.3, 0.5))


def test_the_bands_of_the_reference_stock_are_its_targets_and_the_medium_ticks() -> None:
    """Table 8.3 of the reference is what the rule of targets gives, but for its roundings and the
    realised spread, which no key of a market file sets."""
    found = aimed(regime("medium_tick").bands, targets_of(BASELINE))
    for fact in STARRED:
        if fact != "realised_spread10s_over_quoted":
            table = REFERENCE[fact]
            assert found[fact].low == pytest.approx(table.low, abs=0.03), fact
            assert found[fact].high == pytest.approx(table.high, abs=0.11), fact


def test_the_baseline_is_judged_by_the_table_of_the_reference_stock() -> None:
    assert regime_of(BASELINE) == "small_tick"
    found = aimed(regime("small_tick").bands, targets_of(BASELINE))
    assert {fact: found[fact] for fact in STARRED} == REFERENCE
    assert found["book_updates_per_mo"] == Band(8.0, 6.0, 10.0)
    rate = found["market_orders_per_s"]
    assert (rate.low, rate.high) == pytest.approx((0.225, 0.375))


def test_what_pools_and_dealers_print_is_judged_by_the_file() -> None:
    """Pools 0.030 + 0.012, SDP_2 inside the spread 0.02, all that shows no book 0.34."""
    found = targets_of(BASELINE)
    assert found["off_mid_share"] == pytest.approx(0.042 / 0.34)
    assert found["off_inside_share"] == pytest.approx(0.02 / 0.34)
    real, judged = regime("small_tick").bands, aimed(regime("small_tick").bands, found)
    for fact, target in (("off_mid_share", 0.042 / 0.34), ("off_inside_share", 0.02 / 0.34)):
        assert judged[fact].low == real[fact].low
        assert judged[fact].high == pytest.approx(1.25 * target)


def test_a_market_without_pools_promises_none() -> None:
    lit = tuple(each for each in BASELINE.venues if each.type == "lit")
    found = targets_of(replace(BASELINE, venues=lit))
    assert "off_mid_share" not in found
    assert "off_inside_share" not in found


def test_a_run_that_begins_late_has_the_activity_of_what_is_left() -> None:
    session = BASELINE.session
    assert activity(session) == pytest.approx(1.0)
    # The last half hour alone: 0.130 of the volume in 1/13 of the time.
    late = session.model_copy(update={"from_": "15:30:00"})
    assert activity(late) == pytest.approx(0.130 * 13)
    # A quarter of an hour of the half hour before, and the last.
    later = session.model_copy(update={"from_": "15:15:00"})
    assert activity(later) == pytest.approx((0.040 + 0.130) / 1.5 * 13)
    assert scope_of(replace(BASELINE, session=late)).sessions == ((55_800, 57_600),)


def test_every_venue_that_shows_no_book_is_off_exchange() -> None:
    assert scope_of(BASELINE).off == {"DARK_A", "DARK_B", "SDP_1", "SDP_2", "OFF"}


# --- the verdict ---------------------------------------------------------------------------------

BANDS = {
    **{fact: Band(1.0, 0.0, 2.0, 3) for fact in STARRED},
    **{f"fact_{place}": Band(1.0, 0.0, 2.0, 3) for place in range(10)},
}
GOOD: Facts = dict.fromkeys(BANDS, 1.0)


def test_days_that_are_in_every_band_are_accepted() -> None:
    judged = verdict([GOOD] * 5, BANDS)
    assert judged.accepted
    assert (judged.inside, judged.available) == (20, 20)


def test_three_of_twenty_facts_may_be_out_and_four_may_not() -> None:
    three = {**GOOD, **{f"fact_{place}": 3.0 for place in range(3)}}
    four = {**GOOD, **{f"fact_{place}": 3.0 for place in range(4)}}
    assert verdict([three] * 5, BANDS).accepted
    assert not verdict([four] * 5, BANDS).accepted
    assert [row.fact for row in verdict([three] * 5, BANDS).outside] == [
        "fact_0",
        "fact_1",
        "fact_2",
    ]


@pytest.mark.parametrize("value", [2.001, -0.001, None])
def test_one_starred_fact_that_is_out_or_not_seen_is_enough_to_refuse(value: float | None) -> None:
    judged = verdict([{**GOOD, "sign_acf_1": value}] * 5, BANDS)
    assert not judged.accepted
    assert [row.fact for row in judged.starred_missed] == ["sign_acf_1"]


def test_the_ends_of_a_band_are_in_it() -> None:
    assert verdict([{**GOOD, "sign_acf_1": 2.0, "fact_1": 0.0}] * 5, BANDS).inside == 20


def test_four_recordings_are_not_enough_for_a_verdict() -> None:
    judged = verdict([GOOD] * 4, BANDS)
    assert judged.holds
    assert not judged.enough
    assert not judged.accepted


def test_the_median_is_judged_not_the_mean() -> None:
    odd = {**GOOD, "sign_acf_1": 100.0}
    assert verdict([GOOD, GOOD, GOOD, odd, odd], BANDS).accepted
    assert not verdict([GOOD, GOOD, odd, odd, odd], BANDS).accepted


def test_a_fact_that_most_recordings_lack_is_not_available() -> None:
    absent = {**GOOD, "fact_0": None}
    assert verdict([GOOD, GOOD, absent, absent, absent], BANDS).available == 19
    assert verdict([GOOD, GOOD, GOOD, absent, absent], BANDS).available == 20
