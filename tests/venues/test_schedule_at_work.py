"""The schedule in a running market: what changes when, what goes back, and what stays.

Every market begins at 09:30 by exchange time, which is `START`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from router.model import NS, OrdType, Side, TimeInForce
from tests.venues.simulated import CALM, START, TICK, market_of, order, said_of_orders, spec_of
from venues.latency import Latency
from venues.market import Market
from venues.messages import (
    BookChanged,
    Executed,
    QuoteIssued,
    Rejected,
    TradingStatus,
    VenueMessage,
)
from venues.schedule import UnknownParentError

Entry = dict[str, object]


def at(clock: str) -> int:
    """UTC nanoseconds of a time of day."""
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    return START + (hours * 3600 + minutes * 60 + seconds - 9 * 3600 - 1800) * NS


def scheduled(
    folder: Path,
    *entries: Entry,
    seed: int = 1,
    calm: bool = True,
    changes: Mapping[str, object] = MappingProxyType({}),
) -> Market:
    base = CALM if calm else {}
    return market_of(folder, {**base, **changes, "schedule": list(entries)}, seed)


def fee(market: Market, clock: str) -> float:
    market.tick(at(clock))
    return market.venue("LIT_A").take_fee / 1e8


def prints(messages: list[VenueMessage]) -> list[int]:
    return [
        message.at
        for message in messages
        if isinstance(message, BookChanged) and message.entries[0].entry_type == "2"
    ]


# --- when -----------------------------------------------------------------------------------------


def test_a_change_holds_from_its_time_on(tmp_path: Path) -> None:
    market = scheduled(tmp_path, {"at": "10:00:00", "set": {"venues.LIT_A.fees.take": 0.01}})
    clocks = ("09:59:59", "10:00:00", "15:59:59")
    assert [fee(market, clock) for clock in clocks] == [0.003, 0.01, 0.01]


def test_a_change_with_a_duration_goes_back(tmp_path: Path) -> None:
    entry: Entry = {"at": "10:00:00", "duration_s": 1.5, "set": {"venues.LIT_A.fees.take": 0.01}}
    market = scheduled(tmp_path, entry)
    assert fee(market, "10:00:01") == 0.01
    market.tick(at("10:00:01") + NS // 2 - 1)
    assert market.venue("LIT_A").take_fee == 1_000_000
    market.tick(at("10:00:01") + NS // 2)
    assert market.venue("LIT_A").take_fee == 300_000


def test_of_overlapping_changes_the_later_begun_holds_and_the_earlier_comes_back(
    tmp_path: Path,
) -> None:
    path = "venues.LIT_A.fees.take"
    market = scheduled(
        tmp_path,
        {"at": "10:00:00", "duration_s": 120, "set": {path: 0.01}},
        {"at": "10:01:00", "duration_s": 30, "set": {path: 0.02, "venues.LIT_B.fees.take": 0.0}},
        {"at": "10:03:00", "set": {path: 0.04}},
    )
    clocks = ("10:00:30", "10:01:15", "10:01:45", "10:02:30", "10:03:30")
    assert [fee(market, clock) for clock in clocks] == [0.01, 0.02, 0.01, 0.003, 0.04]
    assert market.venue("LIT_B").take_fee == 300_000


def test_a_run_that_begins_later_finds_what_is_in_force_by_then(tmp_path: Path) -> None:
    spec = spec_of(
        tmp_path,
        {
            "session.from": "12:00:00",
            "schedule": [
                {"at": "10:00:00", "set": {"venues.LIT_A.fees.take": 0.01}},
                {"at": "11:00:00", "duration_s": 600, "set": {"venues.LIT_A.fees.take": 0.02}},
                {"at": "11:59:00", "duration_s": 120, "set": {"venues.LIT_B.fees.take": 0.03}},
            ],
        },
    )
    market = Market(spec, seed=1, start=START)
    market.tick(START)
    assert market.venue("LIT_A").take_fee == 1_000_000
    assert market.venue("LIT_B").take_fee == 3_000_000
    market.tick(START + 60 * NS)
    assert market.venue("LIT_B").take_fee == 300_000


def begun(folder: Path, seed: int, *before: Entry) -> float:
    """Seconds after 10:00 at which an entry between 10:00 and 10:01 begins."""
    entry: Entry = {"random_in": ["10:00:00", "10:01:00"], "set": {"venues.LIT_A.fees.take": 0.01}}
    market = scheduled(folder, entry, *before, seed=seed)
    low, high = at("10:00:00"), at("10:01:00")
    market.tick(low - 1)
    while market.venue("LIT_A").take_fee == 300_000:
        due = market.deadline()
        assert due is not None
        assert due <= high
        market.tick(due)
    return (market.now - low) / NS


def test_a_random_time_is_uniform_over_seeds_and_one_for_each_seed(tmp_path: Path) -> None:
    times = [begun(tmp_path, seed) for seed in range(60)]
    assert begun(tmp_path, 7) == times[7]
    # Uniform on [0, 60]: mean 30, standard deviation 60 / sqrt(12) = 17.3.
    assert sum(times) / 60 == pytest.approx(30.0, abs=4 * 17.3 / 60**0.5)
    assert min(times) < 10
    assert max(times) > 50


def test_another_random_entry_moves_the_first_one_s_time_by_nothing(tmp_path: Path) -> None:
    other: Entry = {"random_in": ["09:40:00", "09:50:00"], "set": {"venues.SDP_1.fees.take": 0.01}}
    assert begun(tmp_path, 3, other) == begun(tmp_path, 3)


# --- a share of the parent ------------------------------------------------------------------------

HALF: Entry = {"order_frac": 0.5, "set": {"venues.LIT_A.fees.take": 0.01}}


def buy(market: Market, ref: str, qty: int, now: int) -> int:
    market.submit("LIT_A", order(ref, Side.BUY, qty, tif=TimeInForce.IOC), now)
    return sum(m.qty for m in said_of_orders(market) if isinstance(m, Executed))


def test_an_entry_begins_when_its_share_of_the_parent_is_filled(tmp_path: Path) -> None:
    market = scheduled(tmp_path, HALF)
    market.expect(400)
    assert buy(market, "a", 100, START + NS) == 100
    market.tick(START + 2 * NS)
    assert market.venue("LIT_A").take_fee == 300_000
    assert buy(market, "b", 100, START + 3 * NS) == 100
    market.tick(START + 3 * NS)
    assert market.venue("LIT_A").take_fee == 1_000_000


def test_what_was_filled_of_an_earlier_parent_does_not_count(tmp_path: Path) -> None:
    market = scheduled(tmp_path, HALF)
    market.expect(400)
    assert buy(market, "a", 100, START + NS) == 100
    market.expect(400)
    assert buy(market, "b", 100, START + 2 * NS) == 100
    market.tick(START + 3 * NS)
    assert market.venue("LIT_A").take_fee == 300_000


def test_a_tenth_of_thirty_shares_is_three(tmp_path: Path) -> None:
    market = scheduled(tmp_path, {**HALF, "order_frac": 0.1})
    market.expect(30)
    assert buy(market, "a", 3, START + NS) == 3
    market.tick(START + NS)
    assert market.venue("LIT_A").take_fee == 1_000_000


def test_an_order_without_a_known_parent_is_refused_while_an_entry_waits_for_it(
    tmp_path: Path,
) -> None:
    market = scheduled(tmp_path, HALF)
    with pytest.raises(UnknownParentError, match=r"changed\.yaml:\d+: waits for a share"):
        buy(market, "a", 100, START + NS)


def test_parents_of_one_size_are_known_without_being_announced(tmp_path: Path) -> None:
    """0.02 % of 2,000,000 is 400 shares."""
    parents = {"parents.qty_adv": 0.0002, "parents.horizon_s": 60}
    market = scheduled(tmp_path, HALF, changes=parents)
    assert buy(market, "a", 100, START + NS) == 100
    assert buy(market, "b", 100, START + 3 * NS) == 100
    market.tick(START + 3 * NS)
    assert market.venue("LIT_A").take_fee == 1_000_000


# --- what -----------------------------------------------------------------------------------------


def test_a_change_to_what_is_already_so_changes_nothing(tmp_path: Path) -> None:
    """Every clock, queue, memory and pool is told: none of them draws, jumps or starts anew."""
    base = spec_of(tmp_path, {})
    same = {
        "stock.spread_ticks": 2.0,
        "flow.market_orders_per_s": 0.30,
        "impact.kernel.Y": 0.75,
        "venues.DARK_A.dark.p_zero": 0.85,
        "venues.SDP_1.sdp.size": 600,
        "venues.LIT_B.volume_share": 0.24,
    }
    entries: list[Entry] = [
        {"at": f"09:3{n}:00", "duration_s": 20, "set": same} for n in range(1, 5)
    ]
    said = []
    for spec in (base, spec_of(tmp_path, {"schedule": entries})):
        market = Market(spec, seed=3, start=START)
        market.subscribe_quotes("SDP_1", "ME", START)
        for n in range(30):
            now = START + n * 10 * NS
            market.submit("DARK_A", order(f"d{n}", Side.BUY, 500), now)
            market.submit("LIT_A", order(f"l{n}", Side.BUY, 300, tif=TimeInForce.IOC), now)
        market.tick(START + 400 * NS)
        said.append(market.take())
    assert said[0] == said[1]
    assert len(said[0]) > 300


def test_a_market_that_stood_still_awakes_at_the_change(tmp_path: Path) -> None:
    entry: Entry = {"at": "10:00:00", "duration_s": 600, "set": {"flow.market_orders_per_s": 1.0}}
    market = scheduled(tmp_path, entry)
    market.tick(at("10:00:00") - 1)
    assert prints(market.take()) == []
    market.tick(at("10:10:00"))
    awake = len(prints(market.take()))
    # The day's mean of 1 a second at 85/1000 x 13 of it, each print one venue's part of an order.
    assert 400 < awake < 1400
    market.tick(at("15:00:00"))
    assert len(prints(market.take())) < 3


def test_the_spread_follows_the_change(tmp_path: Path) -> None:
    entry: Entry = {"at": "09:40:00", "set": {"stock.spread_ticks": 6.0}}
    market = scheduled(tmp_path, entry, calm=False)
    means = []
    for first in ("09:30:00", "09:41:00"):
        spreads = []
        for second in range(0, 500, 5):
            market.tick(at(first) + second * NS)
            bid, offer = market.nbbo
            spreads.append((offer - bid) / TICK)
        means.append(sum(spreads) / len(spreads))
    assert means[0] == pytest.approx(2.0, rel=0.25)
    assert means[1] == pytest.approx(6.0, rel=0.25)


def test_a_dry_pool_has_contra_interest_after_the_change(tmp_path: Path) -> None:
    """Before, it is absent for 20 x 10^6 s on average; after, for 20 x 0.5 / 0.5 s."""
    entry: Entry = {"at": "10:00:00", "set": {"venues.DARK_A.dark.p_zero": 0.5}}
    market = scheduled(tmp_path, entry, changes={"venues.DARK_A.dark.p_zero": 0.999999})
    market.submit("DARK_A", order("d", Side.BUY, 1_000_000), START)
    market.tick(at("10:00:00"))
    assert not any(isinstance(m, Executed) for m in said_of_orders(market))
    market.tick(at("10:33:20"))
    fills = [m for m in said_of_orders(market) if isinstance(m, Executed)]
    # 2,000 s, one arrival in 40 s: 50, with a deviation of about 5 (each life and absence random).
    assert 25 <= len(fills) <= 75


def test_interest_leaves_a_pool_that_dries_up(tmp_path: Path) -> None:
    """It would stay for hours; with a life of a hundredth of a second it is gone."""
    pool = {"venues.DARK_A.dark.p_zero": 0.0001, "venues.DARK_A.dark.persistence_s": 36_000}
    dry = {"venues.DARK_A.dark.p_zero": 0.999999, "venues.DARK_A.dark.persistence_s": 0.01}
    entry: Entry = {"at": "10:00:00", "set": dry}
    filled = []
    for entries in ((), (entry,)):
        market = scheduled(tmp_path, *entries, changes=pool)
        market.submit("DARK_A", order("d", Side.BUY, 100), at("10:05:00"))
        filled.append(any(isinstance(m, Executed) for m in said_of_orders(market)))
    assert filled == [True, False]


def test_a_dealer_widens_at_the_change_and_narrows_after_it(tmp_path: Path) -> None:
    """Half a tick on each side of 49.99 and 50.01, and back."""
    entry: Entry = {
        "at": "10:00:00",
        "duration_s": 60,
        "set": {"venues.SDP_1.sdp.markup_ticks": 0.5},
    }
    market = scheduled(tmp_path, entry)
    market.subscribe_quotes("SDP_1", "ME", START)
    market.tick(at("10:05:00"))
    quotes = [m for m in market.take() if isinstance(m, QuoteIssued)]
    told = [(q.bid_px, q.offer_px) for q in quotes]
    changes = [now for before, now in zip([None, *told], told, strict=False) if now != before]
    wide = (4999 * TICK - TICK // 2, 5001 * TICK + TICK // 2)
    assert changes == [(4999 * TICK, 5001 * TICK), wide, (4999 * TICK, 5001 * TICK)]


def test_orders_take_longer_after_the_change(tmp_path: Path) -> None:
    """With p50 = p99 a delay is what the file says: 5 ms, then 80 ms, each way."""
    fixed = Latency(md_p50=1.0, md_p99=1.0, order_p50=5.0, order_p99=5.0)
    slow = {"venues.LIT_A.latency.order_p50": 80, "venues.LIT_A.latency.order_p99": 80}
    spec = spec_of(tmp_path, {**CALM, "schedule": [{"at": "10:00:00", "set": slow}]})
    venues = tuple(each.model_copy(update={"latency": fixed}) for each in spec.venues)
    market = Market(replace(spec, venues=venues), seed=1, start=START)
    took = []
    for n, now in enumerate((at("09:45:00"), at("10:15:00"))):
        market.submit("LIT_A", order(f"x{n}", Side.BUY, 100, 4000 * TICK), now)
        while not said_of_orders(market):
            due = market.deadline()
            assert due is not None
            market.tick(due)
        took.append(market.now - now)
    assert took == [10_000_000, 160_000_000]


def test_a_market_whose_messages_take_no_time_keeps_it_so(tmp_path: Path) -> None:
    """`spec_of` takes the latencies away after reading: a change of something else is no reason."""
    entry: Entry = {"at": "10:00:00", "set": {"venues.LIT_A.fees.take": 0.01}}
    market = scheduled(tmp_path, entry)
    assert buy(market, "a", 100, at("10:30:00")) == 100


def test_impact_has_another_law_from_the_change_on_and_the_past_fades_as_it_would(
    tmp_path: Path,
) -> None:
    """With Y = 0 from 10:00 on, what is bought after that moves nothing."""
    entry: Entry = {"at": "10:00:00", "set": {"impact.kernel.Y": 0.0, "stock.sigma_day_bp": 900}}
    told = []
    for schedule, later in (((), False), ((entry,), False), ((entry,), True)):
        market = scheduled(tmp_path, *schedule, changes={"impact.kernel.Y": 0.75})
        market.expect(1000)
        assert buy(market, "a", 300, at("09:59:00")) == 300
        market.tick(at("10:00:00"))
        before = market.impact_bp
        if later:
            assert buy(market, "b", 300, at("10:00:01")) > 0
        market.tick(at("10:05:00"))
        told.append((before, market.impact_bp))
    (whole, faded), cut, cut_and_bought = told
    assert cut[0] == pytest.approx(whole)
    # The rate's half-life is 120 s: after the change its tail presses no more.
    assert 0.0 < cut[1] < faded
    assert cut_and_bought[1] == pytest.approx(cut[1])


def test_a_mode_of_dealing_can_change(tmp_path: Path) -> None:
    """A firm dealer deals at once; with a hold of 200 ms the answer comes later."""
    look = {"hold_ms": 200, "mode": "symmetric", "threshold_ticks": 1.0, "base_reject_prob": 0.0}
    entry: Entry = {"at": "10:00:00", "set": {"venues.SDP_1.sdp.last_look": look}}
    firm = {"venues.SDP_1.sdp.last_look": {"mode": "firm"}}
    market = scheduled(tmp_path, entry, changes=firm)
    took = []
    for n, now in enumerate((at("09:45:00"), at("10:15:00"))):
        market.request_quote("SDP_1", "ME", f"r{n}", "ACME", Side.BUY, 100, now)
        (quote,) = (m for m in market.take() if isinstance(m, QuoteIssued))
        terms = order(
            f"q{n}", Side.BUY, 100, ord_type=OrdType.PREVIOUSLY_QUOTED, quote_id=quote.quote_id
        )
        market.submit("SDP_1", terms, now)
        while not (said := said_of_orders(market)):
            due = market.deadline()
            assert due is not None
            market.tick(due)
        assert any(isinstance(m, Executed) for m in said)
        took.append(market.now - now)
    assert took == [0, 200_000_000]


# --- events ---------------------------------------------------------------------------------------


def ends_of_orders(market: Market, clocks: tuple[str, ...]) -> list[type[VenueMessage]]:
    """What becomes of a small order at LIT_A at each time: the last thing that is said of it."""
    ends = []
    for n, clock in enumerate(clocks):
        market.submit("LIT_A", order(f"e{n}", Side.BUY, 1, tif=TimeInForce.IOC), at(clock))
        ends.append(type(said_of_orders(market)[-1]))
    return ends


def test_a_venue_misbehaves_for_the_time_of_an_event(tmp_path: Path) -> None:
    entry: Entry = {"at": "10:00:00", "event": "reject_all", "venue": "LIT_A", "duration_s": 60}
    market = scheduled(tmp_path, entry)
    clocks = ("09:59:59", "10:00:00", "10:00:59", "10:01:01")
    assert ends_of_orders(market, clocks) == [Executed, Rejected, Rejected, Executed]


def test_a_halt_stops_trading_for_its_time_and_says_why(tmp_path: Path) -> None:
    entries = [
        {
            "at": clock,
            "event": "halt",
            "duration_s": 60,
            "detail": {"type": "news", "reopening_auction": auction},
        }
        for clock, auction in (("10:00:00", False), ("11:00:00", True))
    ]
    market = scheduled(tmp_path, *entries)
    clocks = ("09:59:59", "10:00:00", "10:00:59", "10:01:00", "11:00:30", "11:01:00")
    ends = ends_of_orders(market, clocks)
    assert ends == [Executed, Rejected, Rejected, Executed, Rejected, Executed]
    market = scheduled(tmp_path, *entries)
    market.tick(at("12:00:00"))
    said = [m for m in market.take() if isinstance(m, TradingStatus) and m.mic == "LIT_A"]
    assert [(m.at, m.text) for m in said if m.text] == [
        (at("10:00:00"), "news"),
        (at("11:00:00"), "news"),
    ]


def test_an_event_and_a_change_of_one_entry_begin_and_end_together(tmp_path: Path) -> None:
    entry: Entry = {
        "order_frac": 0.5,
        "event": "reject_all",
        "venue": "LIT_A",
        "duration_s": 60,
        "set": {"venues.LIT_B.fees.take": 0.01},
    }
    market = scheduled(tmp_path, entry)
    market.expect(2)
    clocks = ("10:00:00", "10:00:30", "10:01:01")
    fees = []
    for n, clock in enumerate(clocks):
        market.submit("LIT_A", order(f"b{n}", Side.BUY, 1, tif=TimeInForce.IOC), at(clock))
        market.tick(at(clock))
        fees.append(market.venue("LIT_B").take_fee)
    assert fees == [1_000_000, 1_000_000, 300_000]
    ends = [type(m) for m in said_of_orders(market) if isinstance(m, Executed | Rejected)]
    assert ends == [Executed, Rejected, Executed]
