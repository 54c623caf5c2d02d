"""Recordings made by hand: rows in seconds, ticks and shares."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from router.model import NS
from venues.facts.day import Day, Scope, day_of
from venues.facts.tables import BookTable, EventTable, Recording, TradeTable

BookRow = tuple[float, float, float, float, float]
"""Second, bid, ask, shares bid, shares offered."""
TradeRow = tuple[float, float, float, str, int]
"""Second, price, shares, venue, sign of the aggressor."""
EventRow = tuple[float, str, int, int, float, float]
"""Second, type, order, side, price, shares."""

POOL = "POOL"


def day(
    book: Sequence[BookRow],
    trades: Sequence[TradeRow] = (),
    events: Sequence[EventRow] | None = None,
    *,
    seconds: int,
    start: int = 0,
) -> Day:
    """A recorded day of this length, in which `POOL` is the only venue that shows no book."""
    scope = Scope(sessions=((start, start + seconds),), off=frozenset({POOL}))
    return day_of(recording(book, trades, events), scope)


def recording(
    book: Sequence[BookRow],
    trades: Sequence[TradeRow] = (),
    events: Sequence[EventRow] | None = None,
) -> Recording:
    columns = np.array(book, np.float64).reshape(-1, 5).T
    venues = tuple(dict.fromkeys(row[3] for row in trades))
    return Recording(
        "day",
        BookTable(_ns(columns[0]), *columns[1:]),
        TradeTable(
            t_ns=_ns([row[0] for row in trades]),
            px=np.array([row[1] for row in trades], np.float64),
            qty=np.array([row[2] for row in trades], np.float64),
            sign=np.array([row[4] for row in trades], np.int64),
            venue=np.array([venues.index(row[3]) for row in trades], np.int64),
            venues=venues,
            regular=np.ones(len(trades), np.bool_),
        ),
        None if events is None else _events(events),
    )


def _events(rows: Sequence[EventRow]) -> EventTable:
    return EventTable(
        t_ns=_ns([row[0] for row in rows]),
        kind=np.array([ord(row[1]) for row in rows], np.int64),
        order_id=np.array([row[2] for row in rows], np.int64),
        side=np.array([row[3] for row in rows], np.int64),
        px=np.array([row[4] for row in rows], np.float64),
        qty=np.array([row[5] for row in rows], np.float64),
    )


def _ns(seconds: object) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.round(np.asarray(seconds, np.float64) * NS).astype(np.int64).reshape(-1)


def chance(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def write(prefix: Path, name: str, table: pa.Table, suffix: str) -> None:
    """One table of a recording, in one of its formats."""
    path = f"{prefix}.{name}{suffix}"
    if suffix == ".parquet":
        pq.write_table(table, path)
    elif suffix == ".csv":
        pa.csv.write_csv(table, path)
    else:
        with pa.CompressedOutputStream(path, "gzip") as out:
            pa.csv.write_csv(table, out)


def book_table(rows: Sequence[BookRow]) -> pa.Table:
    names = ("bid_px", "ask_px", "bid_qty", "ask_qty")
    columns = {
        name: pa.array([int(row[place]) for row in rows], pa.int64())
        for place, name in enumerate(names, start=1)
    }
    return pa.table({"t_ns": pa.array(_ns([row[0] for row in rows])), **columns})


def trade_table(rows: Sequence[TradeRow], conditions: Sequence[str] | None = None) -> pa.Table:
    columns = {
        "t_ns": pa.array(_ns([row[0] for row in rows])),
        "px": pa.array([float(row[1]) for row in rows], pa.float64()),
        "qty": pa.array([int(row[2]) for row in rows], pa.int64()),
        "venue": pa.array([row[3] for row in rows], pa.string()),
        "sign": pa.array([row[4] for row in rows], pa.int64()),
    }
    if conditions is not None:
        columns["cond"] = pa.array(conditions, pa.string())
    return pa.table(columns)
