"""The tables of a recording in the format OBS-1, as arrays.

Owns the format: a prefix P with P.book and P.trades, perhaps P.events, each as .parquet, .csv.gz or
.csv, looked for in this order. Times are nanoseconds after local midnight and never go back, prices
are in ticks, quantities in shares. Knows nothing of what is computed from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from venues.facts.series import Flags, Floats, Ints

SUFFIXES = (".parquet", ".csv.gz", ".csv")

Columns = Mapping[str, pa.DataType]

BOOK: Columns = {
    "t_ns": pa.int64(),
    **dict.fromkeys(("bid_px", "ask_px", "bid_qty", "ask_qty"), pa.float64()),
}
TRADES: Columns = {
    "t_ns": pa.int64(),
    "px": pa.float64(),
    "qty": pa.float64(),
    "venue": pa.string(),
    "sign": pa.int64(),
}
EVENTS: Columns = {
    "t_ns": pa.int64(),
    "etype": pa.string(),
    "oid": pa.int64(),
    "side": pa.int64(),
    "px": pa.float64(),
    "qty": pa.float64(),
}
IRREGULAR = ("O", "X")
"""`cond` of prints that belong to no continuous trading: auctions, and what the tape calls so."""

CSV_TEXTS = {"venue": pa.string(), "cond": pa.string(), "etype": pa.string()}
"""Columns that are texts, whatever they look like in a CSV file."""


class RecordingFormatError(ValueError):
    """A recording that is not what the format says: the table, and what is wrong."""


@dataclass(frozen=True, slots=True)
class BookTable:
    """One row per change of the best bid or offer over the lit venues."""

    t_ns: Ints
    bid_px: Floats
    ask_px: Floats
    bid_qty: Floats
    ask_qty: Floats


@dataclass(frozen=True, slots=True)
class TradeTable:
    """One row per fill."""

    t_ns: Ints
    px: Floats
    qty: Floats
    sign: Ints
    """Of the aggressor: +1 bought, -1 sold, 0 unknown, auction or midpoint."""
    venue: Ints
    """Place of the row's venue in `venues`."""
    venues: tuple[str, ...]
    regular: Flags
    """In continuous trading: neither auction nor irregular."""


@dataclass(frozen=True, slots=True)
class EventTable:
    """One row per event of a resting order of one lit venue."""

    t_ns: Ints
    kind: Ints
    """Unicode of A add, C cancel, E execution, U auction execution."""
    order_id: Ints
    side: Ints
    """+1 bid, -1 offer."""
    px: Floats
    qty: Floats


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded day."""

    name: str
    book: BookTable
    trades: TradeTable
    events: EventTable | None


def read_recording(prefix: Path) -> Recording:
    """The tables with this path prefix.

    Raises:
        RecordingFormatError: a table or column is missing, empty or of the wrong kind.
        OSError: a file cannot be read.
    """
    book = _table(prefix, "book", BOOK)
    trades = _table(prefix, "trades", TRADES)
    events = _table(prefix, "events", EVENTS)
    if book is None or trades is None:
        missing = "book" if book is None else "trades"
        raise RecordingFormatError(f"{prefix}.{missing}: no such table ({', '.join(SUFFIXES)})")
    if not book.num_rows:
        raise RecordingFormatError(f"{prefix}.book: has no row")
    return Recording(
        prefix.name,
        BookTable(*(book[column].to_numpy() for column in BOOK)),
        _trades(trades),
        None if events is None else _events(events),
    )


def _trades(table: pa.Table) -> TradeTable:
    coded = table["venue"].combine_chunks().dictionary_encode()
    irregular = np.zeros(table.num_rows, np.bool_)
    if "cond" in table.column_names:
        cond = table["cond"].cast(pa.string())
        irregular = pc.is_in(cond, pa.array(IRREGULAR)).to_numpy()
    return TradeTable(
        t_ns=table["t_ns"].to_numpy(),
        px=table["px"].to_numpy(),
        qty=table["qty"].to_numpy(),
        sign=table["sign"].to_numpy(),
        venue=coded.indices.to_numpy().astype(np.int64),
        venues=tuple(coded.dictionary.to_pylist()),
        regular=~irregular,
    )


def _events(table: pa.Table) -> EventTable:
    letters = table["etype"].to_numpy().astype("U1")
    return EventTable(
        t_ns=table["t_ns"].to_numpy(),
        kind=letters.view(np.uint32).astype(np.int64),
        order_id=table["oid"].to_numpy(),
        side=table["side"].to_numpy(),
        px=table["px"].to_numpy(),
        qty=table["qty"].to_numpy(),
    )


def _table(prefix: Path, name: str, columns: Columns) -> pa.Table | None:
    """A checked table with its columns in their types, None if there is no such file."""
    for suffix in SUFFIXES:
        path = prefix.with_name(f"{prefix.name}.{name}{suffix}")
        if path.exists():
            break
    else:
        return None
    try:
        table = _read(path)
    except pa.ArrowInvalid as error:
        raise RecordingFormatError(f"{path}: {str(error).splitlines()[0]}") from None
    missing = [column for column in columns if column not in table.column_names]
    if missing:
        raise RecordingFormatError(f"{path}: no column {', '.join(missing)}")
    for column, kind in columns.items():
        place = table.column_names.index(column)
        try:
            table = table.set_column(place, column, table[column].cast(kind))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            was = table.schema.field(column).type
            raise RecordingFormatError(f"{path}: {column} is {was}, not {kind}") from None
        if table[column].null_count:
            raise RecordingFormatError(f"{path}: {column} has gaps")
    if (np.diff(table["t_ns"].to_numpy()) < 0).any():
        raise RecordingFormatError(f"{path}: time goes back")
    return table


def _read(path: Path) -> pa.Table:
    if path.suffix == ".parquet":
        return pq.read_table(path)
    # Compression is told by the name's end.
    options = pa.csv.ConvertOptions(column_types=CSV_TEXTS)
    return pa.csv.read_csv(path, convert_options=options)
