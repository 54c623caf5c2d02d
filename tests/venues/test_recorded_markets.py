"""What a recording cannot know of: halts, silence, schedules, and that we trade in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.documents import DocumentError
from router.model import NS, Side, TimeInForce
from tests.venues.recordings import (
    BID,
    OFFER,
    OPEN,
    RESTING,
    Row,
    obs1_file,
    of_rows,
    recorded_market,
    recorded_spec,
)
from tests.venues.simulated import TICK, order, said_of_orders
from venues.market import Market
from venues.messages import Executed
from venues.recording import RecordingError

Levels = tuple[tuple[int, int], ...]


def book(market: Market, at: int) -> tuple[Levels, Levels]:
    """Bids and offers in ticks and shares."""
    shown = market.snapshot("LIT_A", at)
    bids = tuple((px // TICK, qty) for px, qty in shown.bids)
    return bids, tuple((px // TICK, qty) for px, qty in shown.offers)


def fills(market: Market) -> list[tuple[str, int, int]]:
    said = said_of_orders(market)
    return [(m.order_ref, m.qty, m.px // TICK) for m in said if isinstance(m, Executed)]


FULL = (((BID, 300),), ((OFFER, 300), (OFFER + 1, 300)))
EMPTY: tuple[Levels, Levels] = ((), ())

# --- silence --------------------------------------------------------------------------------------


def test_after_its_end_a_recording_stands_for_a_while_and_leaves(tmp_path: Path) -> None:
    market = of_rows(tmp_path, [*RESTING, (OPEN + NS, "A", 4, 1, BID, 100)])
    left = OPEN + NS + 300 * NS
    assert book(market, left - 1) == (((BID, 400),), FULL[1])
    assert book(market, left) == EMPTY
    market.submit("LIT_A", order("x", Side.BUY, 100, tif=TimeInForce.IOC), left + 1)
    assert fills(market) == []


def test_silence_takes_the_recorded_orders_out_until_the_next_event(tmp_path: Path) -> None:
    """They come back in their old order, behind ours, which stayed."""
    back = OPEN + 100 * NS
    rows: list[Row] = [
        *RESTING,
        (OPEN + NS, "A", 4, 1, BID, 100),
        (back, "E", 1, 1, BID, 300),
        (back + 1, "E", 4, 1, BID, 40),
    ]
    quiet = {"venues.LIT_A.recording.silent_after_s": 30}
    market = of_rows(tmp_path, rows, quiet)
    market.submit("LIT_A", order("x", Side.BUY, 50, BID * TICK), OPEN + 2 * NS)
    assert book(market, OPEN + 31 * NS - 1) == (((BID, 450),), FULL[1])
    assert book(market, OPEN + 31 * NS) == (((BID, 50),), ())
    market.tick(back)
    # 300 shares trade: 50 of ours, 250 of order 1, whose rest leaves as it did in the recording.
    assert fills(market) == [("x", 50, BID)]
    assert book(market, back) == (((BID, 100),), FULL[1])
    assert book(market, back + 1) == (((BID, 60),), FULL[1])


def test_a_second_event_within_the_time_is_no_silence(tmp_path: Path) -> None:
    rows: list[Row] = [(OPEN + n * 20 * NS, "A", 9 + n, 1, BID - n, 100) for n in range(1, 5)]
    market = of_rows(tmp_path, [*RESTING, *rows], {"venues.LIT_A.recording.silent_after_s": 30})
    assert len(book(market, OPEN + 109 * NS)[0]) == 5
    assert book(market, OPEN + 110 * NS) == EMPTY


# --- halts ----------------------------------------------------------------------------------------


def test_during_a_halt_recorded_orders_come_later_and_trade_with_nobody(tmp_path: Path) -> None:
    rows: list[Row] = [
        *RESTING,
        (OPEN + 20 * NS, "E", 1, 1, BID, 100),
        (OPEN + 21 * NS, "A", 4, 1, BID + 1, 100),
        (OPEN + 22 * NS, "A", 5, 1, BID + 1, 70),
        (OPEN + 23 * NS, "C", 4, 1, BID + 1, 60),
        (OPEN + 24 * NS, "E", 5, 1, BID + 1, 70),
        (OPEN + 25 * NS, "C", 2, -1, OFFER, 300),
        (OPEN + 50 * NS, "C", 4, 1, BID + 1, 40),
    ]
    halt = {
        "at": "09:30:10",
        "event": "halt",
        "duration_s": 30,
        "detail": {"reopening_auction": False},
    }
    market = of_rows(tmp_path, rows, {"schedule": [halt]})
    market.submit("LIT_A", order("x", Side.BUY, 50, BID * TICK), OPEN + NS)
    market.tick(OPEN + 39 * NS)
    assert fills(market) == []
    assert book(market, OPEN + 39 * NS) == EMPTY
    # Order 1 lost 100 to the execution, order 4 has 40 left of 100, order 5 and order 2 are gone.
    after = (((BID + 1, 40), (BID, 250)), ((OFFER + 1, 300),))
    assert book(market, OPEN + 40 * NS) == after
    assert book(market, OPEN + 50 * NS) == (((BID, 250),), ((OFFER + 1, 300),))


# --- the answer to us, and schedules --------------------------------------------------------------


def lifted(folder: Path, changes: dict[str, object]) -> int:
    """Ticks by which a bid that arrives a minute after a large purchase of ours is lifted."""
    rows: list[Row] = [
        *RESTING,
        (OPEN - 2, "A", 5, -1, OFFER + 20, 50_000),
        (OPEN + 61 * NS, "A", 4, 1, BID, 100),
        (OPEN + 61 * NS, "C", 1, 1, BID, 300),
    ]
    market = of_rows(folder, rows, changes)
    market.submit("LIT_A", order("x", Side.BUY, 40_600, tif=TimeInForce.IOC), OPEN + NS)
    ((at, qty),) = book(market, OPEN + 61 * NS)[0]
    assert qty == 100
    return at - BID


def test_what_applies_to_impact_decides_whether_the_recording_answers(tmp_path: Path) -> None:
    whole = lifted(tmp_path, {})
    # The law at 60 s after 40,600 shares at once: rate 40,600 ln2 / 120 = 234.5 shares a second.
    assert whole >= 2
    assert lifted(tmp_path, {"impact.applies_to": ["lit_take"]}) == whole
    assert lifted(tmp_path, {"impact.applies_to": ["lit_make", "dark_fill", "leak"]}) == 0


def test_news_shifts_what_arrives_later(tmp_path: Path) -> None:
    """Everybody in the pool knows: who sells to us does so before a fall of 2 spreads, 4 ticks."""
    informed = {
        "p_zero": 0.0001,
        "size": {"beta": 1.0, "min": 100, "max": 100},
        "persistence_s": 3600,
        "informed_frac": 1.0,
        "informed_move_spreads": 2.0,
    }
    changes = {
        "venues.DARK_A.disabled": False,
        "venues.DARK_A.dark": informed,
        "impact.applies_to": [],
    }
    rows: list[Row] = [*RESTING, (OPEN + 5 * NS, "A", 4, 1, BID, 70)]
    market = of_rows(tmp_path, rows, changes)
    market.submit("DARK_A", order("d", Side.BUY, 100), OPEN + NS)
    assert fills(market) == [("d", 100, 5000)]
    assert book(market, OPEN + 6 * NS)[0] == ((BID, 300), (BID - 4, 70))


def test_a_schedule_changes_what_a_recorded_venue_does_not_record(tmp_path: Path) -> None:
    entries = [
        {"at": "09:30:00", "set": {"impact.kernel.Y": 0.0}},
        {"at": "09:30:30", "duration_s": 10, "set": {"venues.LIT_A.fees.take": 0.01}},
    ]
    assert lifted(tmp_path, {"schedule": entries}) == 0
    market = of_rows(tmp_path, RESTING, {"schedule": entries})
    fees = []
    for second in (29, 30, 40):
        market.tick(OPEN + second * NS)
        fees.append(market.venue("LIT_A").take_fee)
    assert fees == [300_000, 1_000_000, 300_000]


def test_lifted_bids_meet_old_offers(tmp_path: Path) -> None:
    """Impact lifts what arrives, not what stands: a bid that arrives far enough up takes it.

    We take the 600 shares up to 5002 and 40,000 of the 50,000 at 5021. A bid two ticks below those
    arrives; it is lifted by at least two ticks.
    """
    rows: list[Row] = [
        *RESTING,
        (OPEN - 2, "A", 5, -1, OFFER + 20, 50_000),
        (OPEN + 61 * NS, "A", 4, 1, OFFER + 18, 100),
    ]
    offers = []
    for applies_to in ([], ["lit_take"]):
        market = of_rows(tmp_path, rows, {"impact.applies_to": applies_to})
        market.submit("LIT_A", order("x", Side.BUY, 40_600, tif=TimeInForce.IOC), OPEN + 3 * NS)
        offers.append(book(market, OPEN + 61 * NS)[1])
    assert offers == [((OFFER + 20, 10_000),), ((OFFER + 20, 9_900),)]


# --- recordings that do not fit -------------------------------------------------------------------


def test_a_recording_of_another_price_is_refused(tmp_path: Path) -> None:
    said = r"the recording of LIT_A is at 50 when the run begins, but stock\.price is 20"
    with pytest.raises(RecordingError, match=said):
        of_rows(tmp_path, RESTING, {"stock.price": 20.0})


def test_a_recording_off_the_tick_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("34199,1,7,100,499950,1\n")
    with pytest.raises(RecordingError, match=r"order 7 is at 49\.995, which is not on the tick"):
        recorded_market(tmp_path, path, "lobster", 50.0, "10:00:00")
    path.write_text("34199,1,7,100,499900,1\n34201,1,8,100,499950,1\n")
    market = recorded_market(tmp_path, path, "lobster", 50.0, "10:00:00")
    with pytest.raises(RecordingError, match="order 8"):
        market.tick(OPEN + NS)


def test_a_file_that_is_not_there_is_told_at_the_line_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as caught:
        recorded_spec(tmp_path, tmp_path / "no.csv", "lobster", {})
    (problem,) = caught.value.problems
    assert ": venues[0].recording.file: " in problem
    assert problem.endswith("no.csv cannot be read: No such file or directory")


def test_the_market_s_hash_is_also_of_what_the_recording_holds(tmp_path: Path) -> None:
    def hash_of(rows: list[Row]) -> str:
        return recorded_spec(tmp_path, obs1_file(tmp_path, rows), "obs1", {}).hash

    assert hash_of(RESTING) == hash_of(RESTING)
    assert hash_of(RESTING) != hash_of(RESTING[:2])
