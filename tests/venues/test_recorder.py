"""A recording says what the books and the tape said, in the units of OBS-1."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from router.model import NS, Side, TimeInForce
from tests.venues.simulated import BID, CALM, OFFER, START, TICK, market_of, order, spec_of
from venues.lit import LitVenue
from venues.market import Market
from venues.matching import Book
from venues.recorder import Recorder, record
from venues.recording import EventType, read_obs1

OPEN = 34_200 * NS
"""09:30 in nanoseconds after midnight: the market's start."""


def rows(prefix: Path, table: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = pq.read_table(f"{prefix}.{table}.parquet").to_pylist()
    return found


def lit(market: Market, mic: str) -> LitVenue:
    venue = market.venue(mic)
    assert isinstance(venue, LitVenue)
    return venue


def emptied(folder: Path) -> Market:
    """Three books without orders, in which nothing happens by itself."""
    market = market_of(folder, CALM)
    for mic in ("LIT_A", "LIT_B", "LIT_C"):
        venue = lit(market, mic)
        orders = [
            each.order_id
            for side in (1, -1)
            for px in list(venue.book.prices(side))
            for each in venue.book.queue(side, px)
        ]
        venue.apply([event for each in orders for event in venue.book.cancel(each)], START)
    market.take()
    return market


def add(market: Market, mic: str, order_id: int, side: int, qty: int, px: int, at: int) -> None:
    venue = lit(market, mic)
    market.tick(at)
    venue.apply(venue.book.submit(order_id, side=side, qty=qty, px=px), at)


def test_a_hand_built_book_is_recorded_row_by_row(tmp_path: Path) -> None:
    market = emptied(tmp_path)
    recorder = Recorder(market)
    at = [START + n for n in range(10)]
    add(market, "LIT_A", 1001, 1, 300, 4999 * TICK, at[1])  # no offer yet: no best quote
    add(market, "LIT_B", 1002, -1, 200, 5001 * TICK, at[2])
    add(market, "LIT_C", 1003, 1, 500, 4999 * TICK, at[3])  # the same price: shares are added
    add(market, "LIT_C", 1004, 1, 100, 4998 * TICK, at[4])  # behind the best: no row
    # One market order over two books is one change of the best quote and two trades.
    for mic, qty in (("LIT_A", 300), ("LIT_C", 500)):
        venue = lit(market, mic)
        events = venue.book.submit(-1, side=-1, qty=qty, px=4999 * TICK, rests=False)
        market.tick(at[5])
        venue.apply(events, at[5])
    recorder.write(tmp_path / "run")
    names = ("t_ns", "bid_px", "bid_qty", "ask_px", "ask_qty", "bid_venue", "ask_venue")
    assert [tuple(row[name] for name in names) for row in rows(tmp_path / "run", "book")] == [
        (OPEN + 2, 4999, 300, 5001, 200, "LIT_A", "LIT_B"),
        (OPEN + 3, 4999, 800, 5001, 200, "LIT_C", "LIT_B"),
        (OPEN + 5, 4998, 100, 5001, 200, "LIT_C", "LIT_B"),
    ]
    assert [tuple(row.values()) for row in rows(tmp_path / "run", "trades")] == [
        (OPEN + 5, 4999.0, 300, "LIT_A", -1),
        (OPEN + 5, 4999.0, 500, "LIT_C", -1),
    ]
    assert not (tmp_path / "run.events.parquet").exists()


def test_the_routers_fills_are_on_the_tape_at_every_kind_of_venue(tmp_path: Path) -> None:
    """A market with a router in it is recorded alike; a midpoint fill has no aggressor."""
    changes: dict[str, object] = {
        **CALM,
        "venues.DARK_A.dark.p_zero": 0.000001,
        "venues.DARK_A.dark.persistence_s": 1e6,
        "venues.DARK_A.dark.informed_frac": 0.0,
    }
    market = market_of(tmp_path, changes)
    recorder = Recorder(market)
    market.submit("LIT_A", order("x", Side.BUY, 100, OFFER, tif=TimeInForce.IOC), START + 1)
    market.submit("DARK_A", order("d", Side.SELL, 100, tif=TimeInForce.IOC), START + 2)
    recorder.write(tmp_path / "run")
    assert [tuple(row.values()) for row in rows(tmp_path / "run", "trades")] == [
        (OPEN + 1, 5001.0, 100, "LIT_A", 1),
        (OPEN + 2, 5000.0, 100, "DARK_A", 0),
    ]


def test_a_midpoint_between_two_ticks_is_written_as_a_half(tmp_path: Path) -> None:
    market = emptied(tmp_path)
    recorder = Recorder(market)
    lit(market, "LIT_A").floor.printed("OFF", 4999 * TICK + TICK // 2, 100, 0, START + 1)
    recorder.write(tmp_path / "run")
    assert [tuple(row.values()) for row in rows(tmp_path / "run", "trades")] == [
        (OPEN + 1, 4999.5, 100, "OFF", 0)
    ]


def test_the_events_of_a_venue_rebuild_its_book(tmp_path: Path) -> None:
    """Read back and played into an empty book, they leave the queues that the venue has."""
    spec = spec_of(tmp_path, {})
    market = Market(spec, seed=3, start=START)
    recorder = Recorder(market, "LIT_A")
    market.submit("LIT_A", order("mine", Side.BUY, 300, BID), START + 1)
    market.replace("LIT_A", "mine", order("less", Side.BUY, 200, BID), START + 2)
    market.tick(START + 300 * NS)
    recorder.write(tmp_path / "run")
    leaves: dict[int, list[int]] = {}
    for event in read_obs1(tmp_path / "run.events.parquet", TICK):
        if event.event_type is EventType.ADD:
            leaves[event.order_id] = [event.side, event.px, event.qty]
        else:
            leaves[event.order_id][2] -= event.qty
    rebuilt = [(px, qty) for side, px, qty in leaves.values() if side > 0 and qty]
    book = lit(market, "LIT_A").book
    resting = [(px, each.leaves) for px in book.prices(1) for each in book.queue(1, px)]
    assert sorted(rebuilt) == sorted(resting)
    assert len(leaves) > 100


def test_listening_changes_nothing(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, {})
    alone, recorded = Market(spec, seed=4, start=START), Market(spec, seed=4, start=START)
    Recorder(recorded, "LIT_B")
    alone.tick(START + 120 * NS)
    recorded.tick(START + 120 * NS)
    assert alone.take() == recorded.take()


def test_a_recorded_session_ends_with_the_market_and_starts_at_its_time_of_day(
    tmp_path: Path,
) -> None:
    spec = spec_of(tmp_path, {"session.from": "15:58:00"})
    prefix = record(spec, 7, tmp_path / "new" / "folder", events_of="LIT_C")
    assert prefix == tmp_path / "new" / "folder" / "changed-7"
    book = rows(prefix, "book")
    times = [int(str(row["t_ns"])) for row in book]
    assert times[0] == (15 * 3600 + 58 * 60) * NS
    assert times == sorted(set(times)), "one row an instant"
    assert times[-1] < 16 * 3600 * NS
    assert len(rows(prefix, "events")) > 20


def test_only_a_venue_that_shows_a_book_has_events(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="DARK_A shows no book"):
        Recorder(market_of(tmp_path, CALM), "DARK_A")


def test_an_empty_side_is_no_quote(tmp_path: Path) -> None:
    """The last best quote stands in the recording until there are two sides again."""
    market = emptied(tmp_path)
    add(market, "LIT_A", 1, 1, 100, BID, START + 1)
    add(market, "LIT_A", 2, -1, 100, OFFER, START + 1)
    recorder = Recorder(market)
    venue = lit(market, "LIT_A")
    assert isinstance(venue.book, Book)
    venue.apply(venue.book.cancel(2), START + 2)
    add(market, "LIT_A", 3, -1, 100, OFFER + TICK, START + 3)
    recorder.write(tmp_path / "run")
    assert [(row["t_ns"], row["ask_px"]) for row in rows(tmp_path / "run", "book")] == [
        (OPEN + 1, 5001),
        (OPEN + 3, 5002),
    ]


def test_an_auction_is_marked_and_a_pools_print_is_not(tmp_path: Path) -> None:
    """OBS-1: `cond` O is left out of what continuous trading is judged by."""
    market = market_of(tmp_path, CALM)
    recorder = Recorder(market)
    market.submit("DARK_A", order("d", Side.BUY, 100), START)
    market.submit("DARK_A", order("e", Side.SELL, 100, owner="YOU"), START + 1)
    market.halt(START + 2, until=START + NS, auction=True, text="news")
    market.submit("LIT_A", order("b", Side.BUY, 300, OFFER), START + 3)
    market.submit("LIT_A", order("s", Side.SELL, 300, BID, owner="YOU"), START + 4)
    market.tick(START + NS)
    recorder.write(tmp_path / "P")
    found = [
        (row["venue"], row["qty"], row["sign"], row["cond"])
        for row in rows(tmp_path / "P", "trades")
    ]
    assert found == [("DARK_A", 100, 0, ""), ("LIT_A", 300, 0, "O")]


def test_a_day_without_an_auction_has_no_conditions(tmp_path: Path) -> None:
    market = market_of(tmp_path, CALM)
    recorder = Recorder(market)
    market.submit("LIT_A", order("b", Side.BUY, 100, OFFER), START)
    recorder.write(tmp_path / "P")
    assert [set(row) for row in rows(tmp_path / "P", "trades")] == [
        {"t_ns", "px", "qty", "venue", "sign"}
    ]
