"""The background: reproducible, unmoved by our orders where it should be, and sane in size."""

from __future__ import annotations

import statistics
from collections import Counter
from pathlib import Path

import pytest

from router.model import NS, Side, TimeInForce
from tests.venues.simulated import BID, CALM, MARKETS, START, TICK, market_of, order, spec_of
from venues.chance import Stream
from venues.market import Market
from venues.market_file import read_market
from venues.messages import BookChanged, Executed, VenueMessage

LIT = ("LIT_A", "LIT_B", "LIT_C")

SILENT: dict[str, object] = {
    "impact.applies_to": [],
    "venues.DARK_A.dark.informed_frac": 0.0,
    "venues.DARK_B.dark.informed_frac": 0.0,
}
"""Nothing that we do moves the efficient price."""


def history(market: Market, seconds: int) -> list[VenueMessage]:
    market.tick(START + seconds * NS)
    return market.take()


def test_one_seed_makes_one_history(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, {})
    first, second, other = (Market(spec, seed=seed, start=START) for seed in (7, 7, 8))
    one = history(first, 300)
    assert one == history(second, 300)
    assert one != history(other, 300)
    assert len(one) > 300


def test_how_often_the_clock_is_read_changes_nothing(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, {})
    once, often = Market(spec, seed=3, start=START), Market(spec, seed=3, start=START)
    for tenth in range(1200):
        often.tick(START + tenth * NS // 10)
    assert history(once, 120) == history(often, 120)


def test_the_deadline_is_when_something_happens(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, {})
    stepped, whole = Market(spec, seed=3, start=START), Market(spec, seed=3, start=START)
    now = START
    while True:
        due = stepped.deadline()
        assert due is not None
        assert due > now
        if due > START + 60 * NS:
            break
        now = due
        stepped.tick(now)
    assert stepped.take() == history(whole, 60)


def takers(messages: list[VenueMessage]) -> list[tuple[int, int]]:
    """Time and side of every background market order that found something."""
    found: dict[int, int] = {}
    for message in messages:
        if isinstance(message, BookChanged) and message.entries[0].entry_type == "2":
            found[message.at] = message.entries[0].aggressor
    return sorted(found.items())


def test_our_orders_reshuffle_no_stream(tmp_path: Path) -> None:
    """With no answer of the price to us, the same takers come at the same times on the same side;
    only what they find is another book."""
    spec = spec_of(tmp_path, SILENT)
    alone, joined = Market(spec, seed=5, start=START), Market(spec, seed=5, start=START)
    undisturbed = takers(history(alone, 1800))
    mine = set()
    messages = []
    for n in range(60):
        now = START + n * 30 * NS + 1
        mine.add(now)
        joined.submit(LIT[n % 3], order(f"x{n}", Side.BUY, 100, tif=TimeInForce.IOC), now)
        joined.submit("DARK_A", order(f"d{n}", Side.BUY, 1000), now)
        messages += joined.take()
    messages += history(joined, 1800)
    disturbed = [taker for taker in takers(messages) if taker[0] not in mine]
    # A maker that picks off a quote of ours, or a taker who finds nothing, would differ: we left
    # no quote in a lit book and took one lot at a time.
    assert disturbed == undisturbed
    assert len(undisturbed) > 300


def test_our_order_in_one_pool_leaves_the_other_pool_as_it_was(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, {**CALM, **SILENT})
    said = []
    for with_a in (False, True):
        market = Market(spec, seed=11, start=START)
        if with_a:
            market.submit("DARK_A", order("a", Side.BUY, 10**6), START)
        market.submit("DARK_B", order("b", Side.BUY, 10**6), START)
        said.append([m for m in history(market, 23_000) if m.mic == "DARK_B"])
    assert said[0] == said[1]
    assert len(said[0]) > 5


def test_the_baseline_has_the_stated_spread_and_depth_and_is_never_locked(tmp_path: Path) -> None:
    """Wide bands: this is a sanity check, not the calibration."""
    spec = spec_of(tmp_path, {"session.u_shape": [1.0]})
    spreads: Counter[float] = Counter()
    depths = []
    for seed in range(2):
        market = Market(spec, seed=seed, start=START)
        for second in range(1800):
            market.tick(START + second * NS)
            bid, offer = market.nbbo
            spreads[(offer - bid) / TICK] += 1
            books = [market.snapshot(mic, START + second * NS) for mic in LIT]
            at_bid = sum(dict(book.bids).get(bid, 0) for book in books)
            at_offer = sum(dict(book.offers).get(offer, 0) for book in books)
            depths.append((at_bid + at_offer) / 2)
    mean_spread = sum(s * n for s, n in spreads.items()) / spreads.total()
    assert mean_spread == pytest.approx(2.0, rel=0.15)
    assert min(spreads) >= 1, "locked or crossed"
    # 2.5 mean market orders of 195 shares at each side of the best quote.
    assert statistics.mean(depths) == pytest.approx(2.5 * 195, rel=0.3)


@pytest.mark.parametrize("path", sorted(MARKETS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_market_trades_and_is_never_locked(path: Path) -> None:
    spec = read_market(path)
    market = Market(spec, seed=1, start=START)
    trades = 0
    for tenth in range(1, 1201):
        market.tick(START + tenth * NS // 10)
        bid, offer = market.nbbo
        assert not (bid and offer) or bid < offer
        trades += sum(
            entry.entry_type == "2"
            for message in market.take()
            if isinstance(message, BookChanged)
            for entry in message.entries
        )
    assert trades > 0


def test_a_spread_of_tens_of_ticks_is_as_wide_as_stated_and_varies(tmp_path: Path) -> None:
    """Measured where the mean is 55 ticks: std over mean 1.1, and one tick for 8 % of the time."""
    spec = read_market(MARKETS / "small_tick.yaml")
    market = Market(spec, seed=2, start=START)
    spreads = []
    for second in range(1, 1201):
        market.tick(START + second * NS)
        bid, offer = market.nbbo
        spreads.append((offer - bid) / TICK)
    assert statistics.mean(spreads) == pytest.approx(55, rel=0.4)
    assert 0.6 < statistics.stdev(spreads) / statistics.mean(spreads) < 1.8
    assert min(spreads) >= 1


def test_no_background_order_withdraws_ours(tmp_path: Path) -> None:
    market = Market(spec_of(tmp_path, SILENT), seed=6, start=START)
    market.submit("LIT_A", order("deep", Side.BUY, 300, BID - 300 * TICK), START)
    history(market, 900)
    state = market.order_state("LIT_A", "deep")
    assert state is not None
    assert state.leaves_qty == 300


def test_purposes_have_streams_of_their_own() -> None:
    first, again, other = Stream(1, "a"), Stream(1, "a"), Stream(1, "b")
    drawn = [first.uniform() for _ in range(600)]
    assert drawn == [again.uniform() for _ in range(600)]
    assert not set(drawn) & {other.uniform() for _ in range(600)}


def test_our_quote_is_picked_off_when_the_price_has_moved_through_it(tmp_path: Path) -> None:
    """Resting orders do not earn the half-spread unharmed: news takes them, whole and at once."""
    changes: dict[str, object] = {
        **CALM,
        "venues.DARK_A.dark.p_zero": 0.000001,
        "venues.DARK_A.dark.persistence_s": 1e6,
        "venues.DARK_A.dark.informed_frac": 1.0,
        "venues.DARK_A.dark.informed_move_spreads": 5.0,
    }
    market = market_of(tmp_path, changes)
    market.submit("LIT_A", order("x", Side.BUY, 5000, BID), START)
    market.submit("DARK_A", order("d", Side.BUY, 100, tif=TimeInForce.IOC), START)
    market.take()
    market.tick(START + NS)
    fills = [message for message in market.take() if isinstance(message, Executed)]
    assert [(fill.order_ref, fill.qty, fill.px, fill.liquidity) for fill in fills] == [
        ("x", 5000, BID, "1")
    ]
    # Five spreads of two ticks lower.
    assert market.nbbo == (BID - 10 * TICK, BID - 8 * TICK)
