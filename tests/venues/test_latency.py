"""What is under way: quantiles, heavy tails, order, bursts, and that chance is by the moment."""

from __future__ import annotations

import statistics
from dataclasses import replace
from pathlib import Path

import pytest

from config.documents import DocumentError
from router.model import NS, Side, TimeInForce
from tests.venues.simulated import CALM, MARKETS, START, order, spec_of
from venues.latency import Channel, Latency
from venues.market import Market
from venues.market_file import read_market
from venues.messages import Accepted, BookChanged, Executed, VenueMessage

MS = 1_000_000
P50, P99 = 0.4, 3.0
"""Of LIT_A's orders in the baseline, milliseconds."""


def delays(channel: Channel, count: int, gap_ns: int) -> list[float]:
    """Milliseconds that messages take which leave at equal distances."""
    times = [START + n * gap_ns for n in range(count)]
    return [(channel.arrival(at) - at) / MS for at in times]


def test_both_quantiles_of_the_file_come_true() -> None:
    found = statistics.quantiles(delays(Channel(1, "x", P50, P99), 8000, NS), n=100)
    assert found[49] == pytest.approx(P50, rel=0.10)
    assert found[98] == pytest.approx(P99, rel=0.10)


def test_the_quantiles_hold_in_the_market_s_own_traffic() -> None:
    """Every venue of the baseline, half an hour of it, data as they come with their bursts."""
    spec = read_market(MARKETS / "baseline.yaml")
    market = Market(spec, seed=1, start=START)
    late: dict[str, list[float]] = {mic: [] for mic in market.mics}
    while market.now < START + 1800 * NS:
        now = market.advance(START + 1800 * NS)
        for message in market.take():
            if isinstance(message, BookChanged):
                late[message.mic].append((now - message.at) / MS)
    for venue in spec.venues:
        if venue.kind != "lit":
            continue
        assert venue.latency is not None
        found = statistics.quantiles(late[venue.id], n=100)
        assert found[49] == pytest.approx(venue.latency.md_p50, rel=0.10)
        assert found[98] == pytest.approx(venue.latency.md_p99, rel=0.15)


def test_messages_of_a_channel_do_not_overtake_one_another() -> None:
    channel = Channel(3, "x", P50, P99)
    arrivals = [channel.arrival(START + n * 50_000) for n in range(5000)]
    assert arrivals == sorted(arrivals)


def test_a_burst_is_slower_than_a_calm_hour() -> None:
    calm = statistics.median(delays(Channel(1, "x", P50, P50), 2000, NS))
    channel = Channel(1, "x", P50, P50)
    delays(channel, 2000, NS)  # one a second is usual, and counts as the least
    burst = [channel.arrival(at) - at for at in range(START + 3000 * NS, START + 3001 * NS, MS)]
    # The last of a thousand messages in a second finds about 630 of them in the average, against
    # one a second: sqrt(630 / 4) = 12.5 times the delay.
    assert calm == P50
    assert burst[0] / MS == pytest.approx(P50)
    assert burst[-1] / MS == pytest.approx(12.5 * P50, rel=0.1)


def test_one_more_message_changes_the_delay_of_no_other() -> None:
    alone, joined = Channel(5, "x", P50, P99), Channel(5, "x", P50, P99)
    times = [START + n * NS for n in range(500)]
    first = [alone.arrival(at) for at in times]
    second = []
    for at in times:
        second.append(joined.arrival(at))
        joined.arrival(at + NS // 2)
    assert second == first


def arrivals(market: Market, until: int) -> list[tuple[int, VenueMessage]]:
    found = []
    while market.now < until:
        now = market.advance(until)
        found += [(now, message) for message in market.take()]
    return found


def test_orders_acknowledgements_and_fills_are_late_as_the_file_says(tmp_path: Path) -> None:
    spec = read_market(MARKETS / "baseline.yaml")
    there, back = [], []
    market = Market(spec, seed=2, start=START)
    for n in range(400):
        sent = START + (n * 20 + 1) * NS
        arrivals(market, sent)
        market.submit("LIT_A", order(f"o{n}", Side.BUY, 100, tif=TimeInForce.IOC), sent)
        for now, message in arrivals(market, sent + NS):
            if isinstance(message, Accepted | Executed):
                assert sent < message.at < now
                there.append((message.at - sent) / MS)
                back.append((now - message.at) / MS)
    for found in (there, back):
        # 400 draws: the median's standard error is 1.25 sigma / 20 = 6 %, twice that at the most.
        assert statistics.median(found) == pytest.approx(P50, rel=0.15)
        p95 = P50 * (P99 / P50) ** (1.645 / 2.326)
        assert statistics.quantiles(found, n=20)[18] == pytest.approx(p95, rel=0.25)


def test_the_market_may_have_moved_before_an_order_arrives(tmp_path: Path) -> None:
    """An order that is under way does not hold what it has seen: the first to arrive is served."""
    spec = spec_of(tmp_path, CALM)
    late = Latency(md_p50=1, md_p99=1, order_p50=5, order_p99=5)
    venues = tuple(each.model_copy(update={"latency": late}) for each in spec.venues)
    market = Market(replace(spec, venues=venues), seed=1, start=START)
    shown = market.snapshot("LIT_A", START)
    px, qty = shown.offers[0]
    market.submit("LIT_A", order("first", Side.BUY, qty, px, TimeInForce.IOC), START)
    market.submit("LIT_A", order("second", Side.BUY, qty, px, TimeInForce.IOC), START)
    told = [(now - START, m.order_ref, m.qty) for now, m in arrivals(market, START + NS)
            if isinstance(m, Executed)]  # fmt: skip
    assert {(at, ref) for at, ref, _ in told} == {(10 * MS, "first")}
    assert sum(filled for _, _, filled in told) == qty


@pytest.mark.parametrize(
    ("p50", "p99"), [(2.0, 1.0), (0.0, 1.0)], ids=["p99 below p50", "a tail without a median"]
)
def test_quantiles_that_cannot_be_are_refused(tmp_path: Path, p50: float, p99: float) -> None:
    keys = {"md_p50": p50, "md_p99": p99, "order_p50": 1.0, "order_p99": 1.0}
    with pytest.raises(DocumentError, match="md_p50 must be above 0"):
        spec_of(tmp_path, {"venues.LIT_A.latency": keys})


def test_a_venue_without_latencies_answers_at_once() -> None:
    assert Latency(md_p50=0, md_p99=0, order_p50=0, order_p99=0)
    channel = Channel(1, "x", 0.0, 0.0)
    assert channel.arrival(START) == START
