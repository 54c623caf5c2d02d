"""What market files imply, against the reference's own figures and arithmetic by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import DEFAULT_CONFIG
from venues.implied import Implied, implied
from venues.market_file import read_market

MARKETS = DEFAULT_CONFIG.parent / "markets"
BASELINE = MARKETS / "baseline.yaml"


@pytest.fixture(scope="module")
def baseline() -> Implied:
    return implied(read_market(BASELINE))


def changed(folder: Path, *changes: tuple[str, str]) -> Implied:
    """The baseline with other values."""
    text = BASELINE.read_text()
    for old, new in changes:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    (folder / "market.yaml").write_text(text)
    return implied(read_market(folder / "market.yaml"))


def test_the_touch_is_told_in_currency_basis_points_and_shares(baseline: Implied) -> None:
    assert baseline.touch.spread == pytest.approx(0.02)
    assert baseline.touch.spread_bp == pytest.approx(4.0)
    assert baseline.touch.depth == pytest.approx(2.5 * 195)
    assert baseline.touch.orders == pytest.approx(0.30 * 23_400)


def test_the_volume_of_the_reference_sums_to_one_and_its_lit_flow_is_0_68_of_adv(
    baseline: Implied,
) -> None:
    assert baseline.volume.shares == pytest.approx(1.0)
    assert baseline.volume.lit == pytest.approx(0.66 * 2_000_000)
    assert baseline.volume.lit_flow == pytest.approx(0.68 * 2_000_000, rel=0.01)
    assert baseline.volume.whole_day
    assert baseline.warnings == ()


def test_pools_offer_4_7_and_3_9_percent_of_adv_a_side(baseline: Implied) -> None:
    found = {pool.id: pool for pool in baseline.contra}
    assert found["DARK_A"].adv_share == pytest.approx(0.047, abs=0.0005)
    assert found["DARK_B"].adv_share == pytest.approx(0.039, abs=0.0005)
    assert found["DARK_A"].markout_spreads == pytest.approx(-0.05)
    assert found["DARK_A"].found == pytest.approx(0.15)
    assert found["DARK_A"].arrivals_per_hour == pytest.approx(3_600 * 0.15 / 20)


@pytest.mark.parametrize(
    ("place", "shares", "peak", "mean"),
    [(0, 5_000, 5.625, 3.75), (1, 20_000, 11.25, 7.5), (3, 500_000, 56.25, 37.5)],
)
def test_impact_is_the_square_root_law(
    baseline: Implied, place: int, shares: int, peak: float, mean: float
) -> None:
    found = baseline.impact[place]
    assert found.shares == shares
    assert found.peak_bp == pytest.approx(peak)
    assert found.mean_bp == pytest.approx(mean)
    assert found.mean_cost == pytest.approx(shares * 50 * mean / 1e4)


def test_fees_are_told_in_basis_points_of_the_price(baseline: Implied) -> None:
    found = {venue.id: (venue.take_bp, venue.make_bp) for venue in baseline.venues}
    assert found["LIT_A"] == pytest.approx((0.6, -0.4))
    assert found["LIT_C"] == pytest.approx((-0.16, 0.24))


def test_latency_has_the_log_normal_tail_of_its_two_quantiles(baseline: Implied) -> None:
    delays = baseline.venues[0].delays
    assert delays is not None
    # ln(3 / 0.4) = 2.0149 at 2.3263 standard deviations; at 3.0902 it is 2.6766.
    assert delays.order_p999_ms == pytest.approx(0.4 * 14.536, rel=1e-3)


def test_a_dealer_quotes_its_markup_beyond_half_the_spread(baseline: Implied) -> None:
    found = {dealer.id: dealer for dealer in baseline.dealers}
    for mic, size, half, half_bp in (("SDP_1", 600, 1.0, 2.0), ("SDP_2", 300, 0.8, 1.6)):
        (quote,) = found[mic].quotes
        assert quote.size == size
        assert quote.half_spread_ticks == pytest.approx(half)
        assert quote.half_spread_bp == pytest.approx(half_bp)
    assert found["SDP_2"].leak_bp == pytest.approx(0.25 * 0.2)


def test_each_rung_of_a_dealers_ladder_is_a_quote(tmp_path: Path) -> None:
    ladder = "size: 600, ladder: [{size: 2000, extra_ticks: 1.5}],"
    found = changed(tmp_path, ("size: 600,", ladder)).dealers[0].quotes
    assert [(each.size, each.half_spread_ticks) for each in found] == [(600, 1.0), (2_000, 2.5)]


def test_parents_are_held_against_the_volume_of_their_time(baseline: Implied) -> None:
    found = {(each.shares, each.horizon_s): each for each in baseline.parents}
    assert len(found) == 6
    # An hour has 2,000,000 / 6.5 shares on average.
    assert found[20_000, 3_600].participation == pytest.approx(20_000 / (2_000_000 / 6.5))
    assert found[100_000, 900].participation == pytest.approx(1.3)


def test_passive_fills_keep_what_the_lit_venues_say_by_volume(baseline: Implied) -> None:
    assert baseline.passive_realised == pytest.approx(-0.014, abs=0.0005)


@pytest.mark.parametrize(
    ("old", "new", "warning"),
    [
        ("inaccessible_volume_share: 0.248", "inaccessible_volume_share: 0.2", "sum to 0.952"),
        ("market_orders_per_s: 0.30", "market_orders_per_s: 0.60", "is 207% of adv"),
        ("market_orders_per_s: 0.30", "market_orders_per_s: 0.20", "is 69% of adv"),
        ("p_zero: 0.85", "p_zero: 0.60", "DARK_A offers 12.5% of ADV"),
        ("markup_ticks: -0.2", "markup_ticks: -1.2", "SDP_2 quotes through the mid"),
        ("horizon_s: [900, 3600]", "horizon_s: [900, 36000]", "parents.horizon_s: 36000 s do not"),
        ("take: 0.0030, make: -0.0025", "take: 0.0030, make: -0.0035", "LIT_B pays more rebate"),
        (
            "    latency: {md_p50: 0.4, md_p99: 3, order_p50: 1.0, order_p99: 8}\n",
            "",
            "DARK_B has no latency",
        ),
    ],
)
def test_what_is_probably_not_meant_is_warned_of(
    old: str, new: str, warning: str, tmp_path: Path
) -> None:
    (found,) = changed(tmp_path, (old, new)).warnings
    assert warning in found


def test_a_part_of_a_day_may_have_any_part_of_its_volume_but_not_more(tmp_path: Path) -> None:
    short = ('end: "16:00:00"', 'end: "10:31:00"')
    assert changed(tmp_path, short).warnings == ()
    busy = ("market_orders_per_s: 0.30", "market_orders_per_s: 3.0")
    (found,) = changed(tmp_path, short, busy).warnings
    assert "market_orders_per_s" in found


def test_a_file_may_ask_for_no_parents_or_for_one(tmp_path: Path) -> None:
    one = ("qty_adv: [0.0025, 0.01, 0.05], horizon_s: [900, 3600]", "qty_adv: 0.01, horizon_s: 600")
    assert [each.shares for each in changed(tmp_path, one).parents] == [20_000]
    line = next(each for each in BASELINE.read_text().splitlines() if each.startswith("parents"))
    assert changed(tmp_path, (line, "")).parents == ()
