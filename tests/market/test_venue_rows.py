"""Dark pools, dealers and latencies of the shipped market at work, against what its file says.

The quick tests of the venues hold the same laws in markets that stand still; here everything moves.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, replace
from functools import cache

import pytest

from router.model import NS, OrdType, Side, TimeInForce
from tests.market.cost import MIDDAY, WARM_UP, beginning, market_file, mid2, opened, undisturbed
from tests.market.estimates import estimate
from tests.market.pool import SEEDS, of_seeds, seeds
from tests.market.trader import OWNER, Trader
from tests.venues.simulated import MARKETS
from venues.dark import DarkSpec
from venues.dealer import DealerSpec
from venues.market import Market
from venues.market_file import MarketSpec, read_market
from venues.messages import Accepted, BookChanged, Executed, Rejected, VenueOrder

pytestmark = [pytest.mark.market, pytest.mark.timeout(0)]

DAYS = min(24, SEEDS)
APART_S = {"DARK_A": 150, "DARK_B": 900}
"""Seven lives of interest: probes are nearly independent draws."""

MS = 1_000_000


@cache
def without_own_impact() -> MarketSpec:
    """The baseline, in which nothing that we do moves the price but those who know."""
    spec = market_file("baseline")
    return replace(spec, impact=spec.impact.model_copy(update={"applies_to": ()}))


# --- pools ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Probed:
    """Probes of a day by pool; markouts in spreads."""

    asked: dict[str, int]
    empty: dict[str, int]
    markouts: dict[str, list[float]]


def probe(seed: int) -> Probed:
    """Look into both sides of each pool again and again."""
    spec = without_own_impact()
    hours = spec.session
    # One side at a time: who finds both would not know which of the two has moved the price.
    looks = sorted(
        (hours.from_ns + (n * apart + 60 * place + 30) * NS, mic, 1 if n % 2 else -1)
        for place, (mic, apart) in enumerate(APART_S.items())
        for n in range((hours.end_ns - hours.from_ns) // (apart * NS))
    )
    times = {at for at, _, _ in looks}
    without = undisturbed(spec, seed, times | {at + NS for at in times})
    trader = Trader(opened(spec, seed))
    spread2 = 2 * spec.stock.spread_ticks * spec.stock.tick * 1e8
    found = Probed(
        asked=dict.fromkeys(APART_S, 0),
        empty=dict.fromkeys(APART_S, 0),
        markouts={mic: [] for mic in APART_S},
    )
    for at, mic, sign in looks:
        trader.wait(at)
        before = mid2(trader.market) - without[at]
        got = trader.ping(mic, sign, 500)
        found.asked[mic] += 1
        found.empty[mic] += not got
        if got:
            trader.wait(at + NS)
            moved = mid2(trader.market) - without[at + NS] - before
            found.markouts[mic].append(sign * moved / spread2)
    return found


@pytest.fixture(scope="module")
def probed() -> list[Probed]:
    return of_seeds(probe, seeds(DAYS), "probes")


@pytest.mark.parametrize("mic", APART_S)
def test_a_probe_finds_a_pool_empty_as_often_as_the_file_says(
    probed: list[Probed], mic: str
) -> None:
    [pool] = [
        v.dark for v in market_file("baseline").venues if isinstance(v, DarkSpec) and v.id == mic
    ]
    asked = sum(each.asked[mic] for each in probed)
    empty = sum(each.empty[mic] for each in probed) / asked
    error = math.sqrt(pool.p_zero * (1.0 - pool.p_zero) / asked)
    print(f"{mic}: empty {empty:.4f} of {asked}, stated {pool.p_zero} (2 s.e. {2 * error:.4f})")
    assert abs(empty - pool.p_zero) < 2.0 * error


def test_a_fill_in_the_dark_costs_what_informed_contras_know(probed: list[Probed]) -> None:
    """-pi d spreads within a second: 10 % know of half a spread in DARK_A. A mid that moves in
    half ticks says that on average only."""
    [pool] = [
        v.dark
        for v in market_file("baseline").venues
        if isinstance(v, DarkSpec) and v.id == "DARK_A"
    ]
    found = estimate([each for day in probed for each in day.markouts["DARK_A"]])
    stated = -pool.informed_frac * pool.informed_move_spreads
    print(f"DARK_A: 1-s markout {found} spreads, stated {stated}")
    assert abs(found.mean - stated) < 3.0 * found.error
    assert found.high < 0.0


# --- dealers -------------------------------------------------------------------------------------

DEALS = 3000


@pytest.mark.parametrize("mic", ["SDP_1", "SDP_2"])
def test_a_dealer_accepts_all_but_the_stated_share_while_the_price_stands(mic: str) -> None:
    spec = beginning(market_file("baseline"), MIDDAY)
    [terms] = [v.sdp for v in spec.venues if isinstance(v, DealerSpec) and v.id == mic]
    hold = round(terms.last_look.hold_ms * MS)
    trader = Trader(opened(spec, 10_001))
    trader.wait(spec.session.from_ns + WARM_UP)
    asked = refused = 0
    for n in range(DEALS):
        now, before, rejected = trader.market.now, trader.market.mid2, trader.rejected
        trader.deal(mic, 1 if n % 2 else -1, 100)
        trader.wait(now + hold + MS)
        if trader.market.mid2 == before:
            asked += 1
            refused += trader.rejected - rejected
        trader.wait(now + NS)
    stated = terms.last_look.base_reject_prob
    error = math.sqrt(stated * (1.0 - stated) / asked)
    print(
        f"{mic}: refused {refused / asked:.4f} of {asked}, stated {stated} (2 s.e. {2 * error:.4f})"
    )
    assert asked > 0.9 * DEALS
    assert abs(refused / asked - stated) < 2.0 * error


# --- latencies -----------------------------------------------------------------------------------


@cache
def baseline() -> MarketSpec:
    return read_market(MARKETS / "baseline.yaml")


LATENCY_SEEDS = 6
"""A channel has 8192 different delays, and 1 % of them say what p99 is: of one seed it is known
within 5 % (1 s.e.)."""

EVERY_NS = 2_500 * MS

KINDS = ("data", "orders", "reports", "fills")

Late = dict[tuple[str, str], list[float]]
"""Milliseconds by venue and kind of message."""


def delays(seed: int) -> Late:
    """A day of orders, at each venue one every 2.5 s, buys and sells in turn."""
    spec = baseline()
    market = Market(spec, seed=seed, start=spec.session.from_ns)
    late: Late = {(mic, kind): [] for mic in market.mics for kind in KINDS}
    sent: dict[str, int] = {}
    step = EVERY_NS // len(market.mics)
    for n, at in enumerate(range(market.now + NS, market.closes_at - NS, step)):
        _listen(market, at, sent, late)
        turn, place = divmod(n, len(market.mics))
        ref = f"o{n}"
        sent[ref] = at
        order = _order(ref, Side.BUY if (turn + place) % 2 else Side.SELL)
        market.submit(market.mics[place], order, at)
    return late


def _listen(market: Market, until: int, sent: dict[str, int], late: Late) -> None:
    while market.now < until:
        now = market.advance(until)
        for message in market.take():
            took = (now - message.at) / MS
            match message:
                case BookChanged():
                    late[message.mic, "data"].append(took)
                case Accepted(order_ref=ref) | Rejected(order_ref=ref):
                    late[message.mic, "orders"].append((message.at - sent[ref]) / MS)
                    late[message.mic, "reports"].append(took)
                case Executed():
                    late[message.mic, "fills"].append(took)


@pytest.fixture(scope="module")
def delayed() -> list[Late]:
    return of_seeds(delays, seeds(LATENCY_SEEDS), "latencies")


def _order(ref: str, side: Side) -> VenueOrder:
    return VenueOrder(
        order_ref=ref,
        symbol="ACME",
        side=side,
        qty=100,
        ord_type=OrdType.MARKET,
        time_in_force=TimeInForce.IOC,
        price=None,
        owner=OWNER,
    )


ROWS = [
    (venue.id, kind)
    for venue in baseline().venues
    for kind in KINDS
    if venue.type == "lit" or kind in ("orders", "reports")
]
"""Venue and kind of message."""


@pytest.mark.parametrize(("mic", "kind"), ROWS)
def test_messages_are_as_late_as_the_file_says(delayed: list[Late], mic: str, kind: str) -> None:
    """p50 and p99 within 10 %, for data, orders, acknowledgements and fills."""
    [latency] = [each.latency for each in baseline().venues if each.id == mic]
    assert latency is not None
    stated = (
        (latency.md_p50, latency.md_p99)
        if kind == "data"
        else (latency.order_p50, latency.order_p99)
    )
    late = [took for each in delayed for took in each[mic, kind]]
    cuts = statistics.quantiles(late, n=100)
    print(f"{mic} {kind}: p50 {cuts[49]:.3f}, p99 {cuts[98]:.3f} ms ({len(late)}), stated {stated}")
    assert cuts[49] == pytest.approx(stated[0], rel=0.10)
    assert cuts[98] == pytest.approx(stated[1], rel=0.10)
