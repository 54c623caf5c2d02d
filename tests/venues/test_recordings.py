"""Recorded days: the readers, and the replay through the real book against the recording's own."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from router.model import NS, Side, TimeInForce
from tests.venues.recordings import BID, OFFER, OPEN, RESTING, obs1_file, of_rows, recorded_market
from tests.venues.simulated import MARKETS, START, TICK, order, said_of_orders
from venues.lit import LitVenue
from venues.market import Market
from venues.market_file import read_market
from venues.matching import BookEvent
from venues.messages import Executed
from venues.recording import (
    EventType,
    RecordedEvent,
    RecordingError,
    read_lobster,
    read_obs1,
    write_lobster,
)
from venues.sample_recording import record

SAMPLE = MARKETS / "acme_sample_message.csv"

Touch = tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]


def shared_data() -> Path:
    """The folder of recordings that are not part of the project."""
    named = os.environ.get("SLUICE_SHARED_DATA")
    return Path(named) if named else Path(__file__).parents[3] / "shared" / "data"


def touches(market: Market) -> list[tuple[int, Touch]]:
    """Play to the close; the touch after every transaction that changed it."""
    venue = market.venue("LIT_A")
    assert isinstance(venue, LitVenue)
    seen: list[tuple[int, Touch]] = []
    last = [(venue.book.depth(1, 1), venue.book.depth(-1, 1))]

    def look(now: int, events: list[BookEvent]) -> None:
        touch = venue.book.depth(1, 1), venue.book.depth(-1, 1)
        if touch != last[0]:
            last[0] = touch
            seen.append((now, touch))

    venue.on_events.append(look)
    market.tick(market.closes_at)
    return seen


# --- the day that is not ours --------------------------------------------------------------------


def test_the_replayed_book_is_the_recorded_one_at_every_update(tmp_path: Path) -> None:
    stem = shared_data() / "SSE600519_20230207am"
    if not Path(f"{stem}.events.parquet").exists():
        pytest.skip(f"NOT RUN: no recording {stem}.events.parquet; set SLUICE_SHARED_DATA")
    market = recorded_market(
        tmp_path, Path(f"{stem}.events.parquet"), "obs1", price=1808.0, end="11:30:00"
    )
    seen = touches(market)
    names = ("t_ns", "bid_px", "bid_qty", "ask_px", "ask_qty")
    book = pq.read_table(f"{stem}.book.parquet", columns=list(names)).to_pydict()
    wanted = [
        (at, (((bid * TICK, bid_qty),), ((ask * TICK, ask_qty),)))
        for at, bid, bid_qty, ask, ask_qty in zip(*(book[name] for name in names), strict=True)
    ]
    assert len(wanted) == 20_993
    assert seen == wanted


# --- our own sample ------------------------------------------------------------------------------


def naive_touches(events: Iterable[RecordedEvent]) -> list[tuple[int, Touch]]:
    """Shares counted by price, without a book: an independent answer."""
    shares: dict[int, Counter[int]] = {1: Counter(), -1: Counter()}
    seen: list[tuple[int, Touch]] = []
    touch: Touch = (), ()
    for event in events:
        side = shares[event.side]
        side[event.px] += event.qty if event.event_type is EventType.ADD else -event.qty
        assert side[event.px] >= 0
        if not side[event.px]:
            del side[event.px]
        best = [max(prices, key=lambda px: sign * px, default=0) for sign, prices in shares.items()]
        bids, offers = (
            ((px, prices[px]),) if px else ()
            for px, prices in zip(best, shares.values(), strict=True)
        )
        if touch != (bids, offers):
            touch = bids, offers
            if event.at > OPEN:
                seen.append((event.at, touch))
    return seen


def test_the_sample_is_what_its_command_makes(tmp_path: Path) -> None:
    write_lobster(tmp_path / "again.csv", record(MARKETS / "baseline.yaml", "LIT_A", 1800))
    assert (tmp_path / "again.csv").read_bytes() == SAMPLE.read_bytes()
    assert SAMPLE.stat().st_size < 300_000


def test_the_samples_replay_is_its_naive_book_at_every_update(tmp_path: Path) -> None:
    seen = touches(recorded_market(tmp_path, SAMPLE, "lobster", 50.0, "10:00:00"))
    wanted = naive_touches(read_lobster(SAMPLE))
    assert len(wanted) > 1000
    assert seen == wanted


def test_the_recorded_market_of_the_project_runs() -> None:
    spec = read_market(MARKETS / "recorded.yaml")
    assert spec.parent(1).qty > 0
    market = Market(spec, seed=1, start=START)
    assert market.mics == ("LIT_A", "DARK_A", "SDP_1")
    market.tick(START + 600 * NS)
    bid, offer = market.nbbo
    assert 0 < bid < offer
    assert len(market.take()) > 500


# --- readers -------------------------------------------------------------------------------------


def test_a_lobster_file_is_read_row_by_row(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text(
        "34200.000000001,1,7,100,499900,1\n"
        "34200.5,2,7,30,499900,1\n"
        "34200.5,4,7,20,499900,1\n"
        "34201,5,0,100,500000,-1\n"
        "34202,6,-1,100,500000,-1\n"
        "34203,7,0,0,-1,-1\n"
        "34204,3,7,50,499900,1\n"
    )
    px = 4999 * TICK
    assert list(read_lobster(path)) == [
        RecordedEvent(OPEN + 1, EventType.ADD, 7, 1, px, 100),
        RecordedEvent(OPEN + NS // 2, EventType.CANCEL, 7, 1, px, 30),
        RecordedEvent(OPEN + NS // 2, EventType.EXECUTE, 7, 1, px, 20),
        RecordedEvent(OPEN + 4 * NS, EventType.CANCEL, 7, 1, px, 50),
    ]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("34200,1,7,100,499900\n", "m.csv:1: 5 columns"),
        ("34200,9,7,100,499900,1\n", "m.csv:1: unknown message type '9'"),
        ("noon,1,7,100,499900,1\n", "m.csv:1: time 'noon' is not a number"),
        ("NaN,1,7,100,499900,1\n", "m.csv:1: time, size, price or direction is out of range"),
        ("34200,1,7,ten,499900,1\n", "m.csv:1: invalid literal"),
        ("34200,1,7,100,499900,0\n", "m.csv:1: time, size, price or direction is out of range"),
        ("34201,1,7,1,1,1\n34200,1,8,1,1,1\n", "m.csv:2: time runs backwards"),
    ],
)
def test_a_file_that_is_not_lobster_is_refused_with_its_row(
    tmp_path: Path, rows: str, said: str
) -> None:
    path = tmp_path / "m.csv"
    path.write_text(rows)
    with pytest.raises(RecordingError) as caught:
        list(read_lobster(path))
    assert said in str(caught.value)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    px = 4999 * TICK
    events = [
        RecordedEvent(OPEN + 1, EventType.ADD, 7, 1, px, 100),
        RecordedEvent(OPEN + 2, EventType.EXECUTE, 7, 1, px, 40),
        RecordedEvent(OPEN + 3, EventType.CANCEL, 7, 1, px, 10),
        RecordedEvent(OPEN + 4, EventType.CANCEL, 7, 1, px, 50),
    ]
    write_lobster(tmp_path / "m.csv", events)
    assert list(read_lobster(tmp_path / "m.csv")) == events
    kinds = [line.split(",")[1] for line in (tmp_path / "m.csv").read_text().splitlines()]
    assert kinds == ["1", "4", "2", "3"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(5, "A", 1, 1, 10, 100), (4, "A", 2, 1, 10, 100)], "row 2: time, side or quantity"),
        ([(5, "Z", 1, 1, 10, 100)], "row 1: unknown event type 'Z'"),
        ([(5, "A", 1, 0, 10, 100)], "row 1: time, side or quantity"),
    ],
)
def test_a_file_that_is_not_obs1_is_refused_with_its_row(
    tmp_path: Path, rows: list[tuple[int, str, int, int, int, int]], said: str
) -> None:
    with pytest.raises(RecordingError) as caught:
        list(read_obs1(obs1_file(tmp_path, rows), TICK))
    assert said in str(caught.value)


# --- our orders among recorded ones ---------------------------------------------------------------


def test_an_auction_is_over_before_anything_is_matched(tmp_path: Path) -> None:
    crossed = [
        (OPEN - 9, "A", 11, 1, 5010, 100),
        (OPEN - 8, "A", 12, -1, 4990, 250),
        (OPEN - 7, "U", 11, 1, 5010, 100),
        (OPEN - 7, "U", 12, -1, 4990, 100),
        (OPEN - 6, "C", 12, -1, 4990, 150),
    ]
    market = of_rows(tmp_path, crossed + RESTING)
    assert market.nbbo == (BID * TICK, OFFER * TICK)
    assert market.snapshot("LIT_A", OPEN).bids == ((BID * TICK, 300),)


def test_our_order_waits_behind_the_recorded_ones(tmp_path: Path) -> None:
    rows = [
        (OPEN + 2 * NS, "E", 1, 1, BID, 300),
        (OPEN + 3 * NS, "A", 4, 1, BID, 100),
        (OPEN + 4 * NS, "E", 4, 1, BID, 100),
    ]
    market = of_rows(tmp_path, RESTING + rows)
    market.submit("LIT_A", order("x", Side.BUY, 60, BID * TICK), OPEN + NS)
    market.tick(OPEN + 3 * NS)
    assert not any(isinstance(message, Executed) for message in said_of_orders(market))
    # Order 4 came after ours: what hits it in the recording hits us first.
    market.tick(OPEN + 4 * NS)
    fills = [message for message in said_of_orders(market) if isinstance(message, Executed)]
    assert [(fill.order_ref, fill.qty, fill.px, fill.liquidity) for fill in fills] == [
        ("x", 60, BID * TICK, "1")
    ]
    # Order 4 has left all the same, as it did in the recording.
    assert market.snapshot("LIT_A", OPEN + 5 * NS).bids == ()


def test_what_we_took_is_gone_when_the_recording_comes_for_it(tmp_path: Path) -> None:
    rows = [
        (OPEN + 2 * NS, "E", 2, -1, OFFER, 200),
        (OPEN + 3 * NS, "C", 2, -1, OFFER, 100),
    ]
    market = of_rows(tmp_path, RESTING + rows)
    terms = order("x", Side.BUY, 250, OFFER * TICK, TimeInForce.IOC)
    market.submit("LIT_A", terms, OPEN + NS)
    assert sum(m.qty for m in said_of_orders(market) if isinstance(m, Executed)) == 250
    market.tick(OPEN + 2 * NS)
    assert market.snapshot("LIT_A", OPEN + 2 * NS).offers == (((OFFER + 1) * TICK, 300),)
    market.tick(OPEN + 4 * NS)
    assert market.snapshot("LIT_A", OPEN + 4 * NS).offers == (((OFFER + 1) * TICK, 300),)


def test_a_recorded_order_that_would_cross_ours_trades_with_it(tmp_path: Path) -> None:
    rows = [(OPEN + 2 * NS, "A", 4, -1, OFFER - 1, 100)]
    market = of_rows(tmp_path, RESTING + rows)
    market.submit("LIT_A", order("x", Side.BUY, 40, (OFFER - 1) * TICK), OPEN + NS)
    market.tick(OPEN + 2 * NS)
    fills = [message for message in said_of_orders(market) if isinstance(message, Executed)]
    assert [(fill.qty, fill.px) for fill in fills] == [(40, (OFFER - 1) * TICK)]
    assert market.snapshot("LIT_A", OPEN + 2 * NS).offers[0] == ((OFFER - 1) * TICK, 60)


def test_our_buying_lifts_what_arrives_later(tmp_path: Path) -> None:
    """A recording that did not answer would make slicing look free."""
    rows = [(OPEN + 60 * NS, "A", 4, 1, BID + 1, 100)]
    market = of_rows(tmp_path, [*RESTING, (OPEN - 2, "A", 5, -1, OFFER + 20, 50_000), *rows])
    terms = order("x", Side.BUY, 40_600, None, TimeInForce.IOC)
    market.submit("LIT_A", terms, OPEN + NS)
    market.tick(OPEN + 60 * NS)
    ticks = round(market.impact_bp * 0.5)
    assert ticks >= 2
    assert market.nbbo[0] == (BID + 1 + ticks) * TICK
