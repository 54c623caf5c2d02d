"""Recordings in OBS-1: every format reads alike, and what is wrong is said."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from tests.venues.recorded_days import BookRow, TradeRow, book_table, trade_table, write
from venues.facts.day import Scope, day_of
from venues.facts.tables import SUFFIXES, RecordingFormatError, read_recording

BOOK: list[BookRow] = [(1, 100, 102, 300, 200), (2, 100, 101, 300, 50)]
TRADES: list[TradeRow] = [(1.5, 101, 100, "1", 1), (1.5, 100.5, 200, "POOL", 0)]
EVENTS = pa.table(
    {
        "t_ns": [5, 6],
        "etype": ["A", "C"],
        "oid": [7, 7],
        "side": [1, 1],
        "px": [100, 100],
        "qty": [300, 100],
    }
)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_reads_alike(suffix: str, tmp_path: Path) -> None:
    prefix = tmp_path / "run-1"
    write(prefix, "book", book_table(BOOK), suffix)
    write(prefix, "trades", trade_table(TRADES, ["R", "O"]), suffix)
    write(prefix, "events", EVENTS, suffix)
    found = read_recording(prefix)
    assert found.name == "run-1"
    assert found.book.t_ns.tolist() == [1_000_000_000, 2_000_000_000]
    assert found.book.ask_px.tolist() == [102.0, 101.0]
    assert found.book.bid_qty.tolist() == [300.0, 300.0]
    assert found.trades.px.tolist() == [101.0, 100.5]
    assert [found.trades.venues[place] for place in found.trades.venue] == ["1", "POOL"]
    assert found.trades.regular.tolist() == [True, False], "an auction is no regular print"
    counted = day_of(found, Scope(sessions=((0, 10),)))
    assert counted.prints.qty.tolist() == [100.0]
    assert found.events is not None
    assert found.events.kind.tolist() == [ord("A"), ord("C")]
    assert found.events.qty.tolist() == [300.0, 100.0]


def test_parquet_comes_before_csv_and_venues_may_be_dictionaries(tmp_path: Path) -> None:
    prefix = tmp_path / "run"
    write(prefix, "book", book_table(BOOK), ".parquet")
    write(prefix, "book", book_table(BOOK[:1]), ".csv")
    trades = trade_table(TRADES)
    coded = trades["venue"].dictionary_encode()
    write(prefix, "trades", trades.set_column(3, "venue", coded), ".parquet")
    found = read_recording(prefix)
    assert len(found.book.t_ns) == 2
    assert found.trades.venues == ("1", "POOL")
    assert found.trades.regular.all(), "without cond every print is regular"
    assert found.events is None


def test_a_market_without_trades_is_a_recording(tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        prefix = tmp_path / f"quiet{suffix}"
        write(prefix, "book", book_table(BOOK), suffix)
        write(prefix, "trades", trade_table([]), suffix)
        assert len(read_recording(prefix).trades.t_ns) == 0


@pytest.mark.parametrize(
    ("book", "trades", "text"),
    [
        (None, trade_table(TRADES), "run.book: no such table"),
        (book_table(BOOK), None, "run.trades: no such table"),
        (book_table([]), trade_table(TRADES), "run.book: has no row"),
        (book_table(BOOK[::-1]), trade_table(TRADES), "run.book.parquet: time goes back"),
        (
            book_table(BOOK).drop_columns(["ask_qty", "bid_px"]),
            trade_table(TRADES),
            "run.book.parquet: no column bid_px, ask_qty",
        ),
        (
            book_table(BOOK).set_column(1, "bid_px", pa.array([1, None], pa.int64())),
            trade_table(TRADES),
            "run.book.parquet: bid_px has gaps",
        ),
        (
            book_table(BOOK),
            trade_table(TRADES).set_column(4, "sign", pa.array(["buy", "sell"])),
            "run.trades.parquet: sign is string, not int64",
        ),
    ],
)
def test_what_is_wrong_with_a_recording_is_said(
    book: pa.Table | None, trades: pa.Table | None, text: str, tmp_path: Path
) -> None:
    for name, table in (("book", book), ("trades", trades)):
        if table is not None:
            write(tmp_path / "run", name, table, ".parquet")
    with pytest.raises(RecordingFormatError) as error:
        read_recording(tmp_path / "run")
    assert text in str(error.value)


def test_a_file_that_is_no_table_is_said_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "run.book.parquet").write_bytes(b"not parquet")
    with pytest.raises(RecordingFormatError, match=r"run\.book\.parquet: "):
        read_recording(tmp_path / "run")


def test_hours_in_which_nothing_was_recorded_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "run", "book", book_table(BOOK), ".csv")
    write(tmp_path / "run", "trades", trade_table(TRADES), ".csv")
    found = read_recording(tmp_path / "run")
    with pytest.raises(RecordingFormatError, match="no row lies in the session"):
        day_of(found, Scope(sessions=((34_200, 57_600),)))
