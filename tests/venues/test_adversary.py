"""Somebody who hunts patterns: what is one, what it costs to have one, what it must not know."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from pathlib import Path

import pytest

from config.documents import DocumentError
from router.model import NS, Side, TimeInForce
from tests.venues.simulated import CALM, MARKETS, START, market_of, order, spec_of
from venues.adversary import Detects, Expected, Pattern, variation
from venues.chance import Stream
from venues.lit import LitVenue
from venues.market import Market
from venues.matching import Traded
from venues.messages import Executed

FLAT: dict[str, object] = {"session.u_shape": [1.0]}


def hunter(
    *,
    watches: tuple[str, ...] = ("public_prints",),
    detects: Mapping[str, object] | None = None,
    action: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """A quick and greedy one."""
    return {
        "enabled": True,
        "watches": list(watches),
        "detects": {"min_events": 4, "size_cv_max": 0.1, "spacing_cv_max": 0.1, **(detects or {})},
        "action": {
            "trade_ahead_fraction_of_child": 1.0,
            "lead_ms": 250,
            "unwinds_after_s": 300,
            **(action or {}),
        },
    }


# --- what is a pattern ----------------------------------------------------------------------------


def seen(orders: list[tuple[float, int]], **terms: float) -> list[Expected | None]:
    """What is expected after each of some buy orders (second, shares)."""
    keys = {"min_events": 4, "size_cv_max": 0.1, "spacing_cv_max": 0.1, **terms}
    pattern = Pattern(1, Detects.from_document(keys))
    return [pattern.see(round(second * NS), qty) for second, qty in orders]


def test_equal_orders_at_equal_times_foretell_the_next() -> None:
    found = seen([(10, 500), (20, 500), (30, 500), (40, 500), (50, 500)])
    assert found == [None, None, None, Expected(1, 500.0, 50 * NS), Expected(1, 500.0, 60 * NS)]


def test_the_thresholds_are_of_standard_deviation_over_mean() -> None:
    """Spacings 9, 11, 9, 11 have mean 10 and deviation 1; sizes 450, 550, ... mean 500 and 50."""
    times = [0.0, 9.0, 20.0, 29.0, 40.0]
    even = [(second, 500) for second in times]
    assert seen(even, min_events=5, spacing_cv_max=0.1001)[-1] == Expected(1, 500.0, 50 * NS)
    assert seen(even, min_events=5, spacing_cv_max=0.0999)[-1] is None
    sizes = [(10.0 * n, qty) for n, qty in enumerate((450, 550, 450, 550))]
    assert seen(sizes, size_cv_max=0.1001)[-1] == Expected(1, 500.0, 40 * NS)
    assert seen(sizes, size_cv_max=0.0999)[-1] is None
    assert variation([1, 3]) == 0.5


def test_orders_of_other_sizes_between_do_not_hide_a_pattern() -> None:
    orders = [(10, 500), (12, 100), (20, 500), (27, 2000), (30, 500), (33, 100), (40, 500)]
    assert seen([(float(second), qty) for second, qty in orders])[-1] is not None


def test_an_order_of_the_same_size_between_hides_it() -> None:
    orders = [(10, 500), (20, 500), (23, 500), (30, 500), (40, 500)]
    assert seen([(float(second), qty) for second, qty in orders]) == [None] * 5


def test_what_is_older_than_the_window_is_forgotten() -> None:
    orders = [(10.0 * n, 500) for n in range(4)]
    assert seen(orders, window_s=30.0)[-1] is not None
    assert seen(orders, window_s=29.0)[-1] is None


# --- what it sees and does ------------------------------------------------------------------------


def pieces(
    market: Market, *, count: int, every_s: float, qty: int = 500, random: Stream | None = None
) -> float:
    """Buy in equal pieces at equal times, or in random ones; the cost in bp of the arrival mid."""
    now = START + 60 * NS
    market.tick(now)
    arrival = sum(market.nbbo) / 2
    paid = bought = 0.0
    for n in range(count):
        size, wait = qty, every_s
        if random is not None:
            size = max(1, round(qty / 100 * (0.3 + 1.4 * random.uniform()))) * 100
            wait = every_s * random.exponential()
        now += round(wait * NS)
        market.submit("LIT_A", order(f"p{n}", Side.BUY, size, tif=TimeInForce.IOC), now)
        for message in market.take():
            if isinstance(message, Executed):
                paid += message.qty * message.px
                bought += message.qty
    market.tick(now + NS)
    return 1e4 * (paid / bought - arrival) / arrival


def patterns(market: Market) -> int:
    assert market.adversary is not None
    return market.adversary.patterns


def foreign_buys(market: Market) -> list[tuple[int, int]]:
    """Time and shares of what others buy from here on, in the order in which it is printed."""
    found: list[tuple[int, int]] = []
    for mic in market.mics:
        venue = market.venue(mic)
        if isinstance(venue, LitVenue):
            venue.on_events.append(
                lambda now, events: found.extend(
                    (now, event.qty)
                    for event in events
                    if isinstance(event, Traded)
                    and event.taker_side > 0
                    and not isinstance(event.taker_id, str)
                )
            )
    return found


def test_it_buys_ahead_of_the_next_piece_and_gives_back(tmp_path: Path) -> None:
    """Nobody else trades. Pieces of 200 come at 70, 80, 90 and 100 s: it expects one at 110 s."""
    terms = hunter(action={"trade_ahead_fraction_of_child": 0.5, "unwinds_after_s": 30})
    market = market_of(tmp_path, {**CALM, **FLAT, "adversary": terms})
    bought = foreign_buys(market)
    pieces(market, count=4, every_s=10, qty=200)
    assert market.adversary is not None
    market.tick(START + 109 * NS)
    assert (bought, market.adversary.held) == ([], 0)
    market.tick(START + 110 * NS)
    ((at, qty),) = bought
    # 250 ms before, plus its own way to the market of a few ms.
    assert START + 110 * NS - 250_000_000 < at < START + 110 * NS - 200_000_000
    assert qty == 100
    assert (market.adversary.patterns, market.adversary.traded, market.adversary.held) == (
        1,
        100,
        100,
    )
    market.tick(at + 30 * NS)
    assert (market.adversary.traded, market.adversary.held) == (100, 0)


def test_a_piece_that_is_sent_to_several_venues_at_once_is_one_order(tmp_path: Path) -> None:
    market = market_of(tmp_path, {**CALM, **FLAT, "adversary": hunter()})
    for n in range(4):
        now = START + (60 + 10 * n) * NS
        for mic, qty in (("LIT_A", 100 + 100 * (n % 2)), ("LIT_B", 200 - 100 * (n % 2))):
            terms = order(f"{mic}{n}", Side.BUY, qty, tif=TimeInForce.IOC)
            market.submit(mic, terms, now)
            now += 3_000_000
    market.tick(START + 120 * NS)
    # 300 shares each time, though at neither venue it is the same twice running.
    assert patterns(market) == 1


def test_whose_the_orders_are_makes_no_difference(tmp_path: Path) -> None:
    market = market_of(tmp_path, {**CALM, **FLAT, "adversary": hunter()})
    for n in range(4):
        terms = order(f"x{n}", Side.BUY, 200, tif=TimeInForce.IOC, owner=f"SOMEBODY{n}")
        market.submit("LIT_A", terms, START + (60 + 10 * n) * NS)
    market.tick(START + 120 * NS)
    assert patterns(market) == 1


@pytest.mark.parametrize("watched", [True, False])
def test_it_watches_pings_and_requests_only_if_told_and_only_what_a_venue_gives_away(
    tmp_path: Path, watched: bool
) -> None:
    leaky = {"prob": 1.0, "bp": 0.0, "halflife_s": 1.0}
    changes = {
        **CALM,
        **FLAT,
        "venues.DARK_A.dark.leak": leaky,
        "venues.DARK_A.dark.p_zero": 0.999999,
        "venues.DARK_B.dark.leak": None,
        "venues.DARK_B.dark.p_zero": 0.999999,
        "venues.SDP_1.sdp.leak": leaky,
        "adversary": hunter(watches=("pings", "quote_requests") if watched else ("public_prints",)),
    }
    found = []
    for place in ("DARK_A", "DARK_B", "SDP_1"):
        market = market_of(tmp_path, changes)
        for n in range(4):
            now = START + (60 + 10 * n) * NS
            if place == "SDP_1":
                market.request_quote(place, "ME", f"r{n}", "ACME", Side.SELL, 300, now)
            else:
                terms = order(f"x{n}", Side.SELL, 500, tif=TimeInForce.IOC)
                market.submit(place, terms, now)
        market.tick(START + 92 * NS)
        found.append(patterns(market))
    assert found == ([1, 0, 1] if watched else [0, 0, 0])


def test_it_stops_buying_when_it_holds_enough(tmp_path: Path) -> None:
    """It expects 40 pieces and gives nothing back in that time: it holds five pieces at most."""
    terms = hunter(action={"unwinds_after_s": 3600})
    market = market_of(tmp_path, {**FLAT, "adversary": terms}, seed=2)
    pieces(market, count=40, every_s=10, qty=300)
    assert market.adversary is not None
    assert market.adversary.patterns > 10
    assert 300 <= market.adversary.held <= 5 * 300


# --- what it costs --------------------------------------------------------------------------------


def outcomes(folder: Path, seeds: int, *, random: bool) -> tuple[list[float], int]:
    """Cost with it less cost without it, seed by seed, and how many patterns it has found."""
    without, with_it = spec_of(folder, FLAT), spec_of(folder, {**FLAT, "adversary": hunter()})
    extra, found = [], 0
    for seed in range(seeds):
        costs = []
        for spec in (without, with_it):
            market = Market(spec, seed=seed, start=START)
            stream = Stream(seed, "test/random pieces") if random else None
            costs.append(pieces(market, count=20, every_s=20, random=stream))
        extra.append(costs[1] - costs[0])
        found += patterns(market)
    return extra, found


def test_equal_pieces_are_found_and_cost_more_and_random_ones_are_found_less(
    tmp_path: Path,
) -> None:
    """The same seeds with and without it: Student's 97.5 % quantile for 7 degrees is 2.36."""
    extra, found = outcomes(tmp_path, 8, random=False)
    assert statistics.mean(extra) > 2.36 * statistics.stdev(extra) / 8**0.5
    assert found > 8 * 3
    _, random_found = outcomes(tmp_path, 8, random=True)
    assert random_found < found / 3


def test_a_market_without_it_is_the_same_to_the_byte(tmp_path: Path) -> None:
    """Switched off; and switched on where it hears of nothing: it draws from its own streams."""
    off: dict[str, object] = {"adversary": {"enabled": False}}
    deaf: dict[str, object] = {"adversary": hunter(watches=("quote_requests",))}
    said = []
    for changes in ({}, off, deaf):
        spec = spec_of(tmp_path, changes)
        market = Market(spec, seed=4, start=START)
        market.submit("DARK_A", order("d", Side.BUY, 10_000), START)
        pieces(market, count=10, every_s=17.3)
        market.tick(START + 600 * NS)
        said.append(market.take())
    assert said[0] == said[1] == said[2]
    assert len(said[0]) > 300


@pytest.mark.soak
def test_background_flow_alone_seldom_looks_like_a_pattern(tmp_path: Path) -> None:
    """Six equal orders within 20 % of equal times: a few an hour by chance, mostly of one lot."""
    terms = hunter(detects={"min_events": 6, "spacing_cv_max": 0.2, "window_s": 900.0})
    spec = spec_of(tmp_path, {**FLAT, "adversary": terms})
    found = 0
    for seed in range(5):
        market = Market(spec, seed=seed, start=START)
        for minute in range(120):
            market.tick(START + minute * 60 * NS)
            market.take()
        found += patterns(market)
    assert found / 10 < 5.0


# --- keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("adversary.detects.min_events", 2, "adversary.detects.min_events: input should be"),
        ("adversary.detects.size_cv", 0.1, "adversary.detects.size_cv: unknown key 'size_cv', did"),
        (
            "adversary.watches",
            ["prints"],
            "adversary.watches[0]: input should be 'public_prints', ",
        ),
        ("adversary.watches", [], "adversary: an enabled adversary needs watches, detects and"),
        ("adversary.action", None, "adversary: an enabled adversary needs watches, detects and"),
        ("adversary.latency", {"p50_ms": 9.0}, "adversary.latency: p50_ms must be at most p99_ms"),
        ("adversary.enabled", "yes", "adversary.enabled: input should be a valid boolean"),
    ],
)
def test_a_wrong_key_is_refused_at_its_line(
    tmp_path: Path, path: str, value: object, said: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        spec_of(tmp_path, {"adversary": hunter(), path: value})
    assert f": {said}" in caught.value.problems[0]


def test_where_every_lit_venue_plays_a_recording_it_cannot_trade(tmp_path: Path) -> None:
    changes = {f"venues.LIT_{x}.disabled": True for x in "BC"}
    file = str(MARKETS / "acme_sample_message.csv")
    recording = {"venues.LIT_A.recording": {"file": file, "format": "lobster"}}
    with pytest.raises(DocumentError, match="adversary: every lit venue plays a recording"):
        spec_of(tmp_path, {**changes, **recording, "adversary": hunter()})
