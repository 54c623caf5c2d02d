"""Records a running market as OBS-1: its best quotes, its prints, and one venue's orders.

Owns the columns and the files of a recording. Listens to venues and floor and changes neither, so
a recorded market is the market that would have been. Knows nothing of how a venue trades.

    python -m venues.recorder MARKET.yaml SEED FOLDER

Tables, one parquet file each with the prefix `P`: `P.book.parquet`, `P.trades.parquet` and, if
asked for, `P.events.parquet`. Times are nanoseconds after midnight, exchange time; prices are in
ticks. What happens at one instant makes one book row, so that a sweep over several books is one
change of the best quote.
"""

from __future__ import annotations

import sys
from array import array
from pathlib import Path
from typing import TypeGuard

import pyarrow as pa
import pyarrow.parquet as pq

from router.model import NS
from venues.lit import LitVenue
from venues.market import Market
from venues.market_file import MarketSpec, read_market
from venues.matching import Added, BookEvent, Removed, Renamed, Traded
from venues.recording import EventType
from venues.unshown import Crossed, TradedUnshown
from venues.venue import VenueSim

SLICE_NS = 60 * NS
"""How much of the day is played before what the venues said is thrown away: memory stays flat."""

AUCTION = "O"
"""OBS-1 `cond` of a print that belongs to no continuous trading; the column is there if one is."""

_BOOK = ("bid_px", "bid_qty", "ask_px", "ask_qty")


class _Columns:
    """Integer columns of one table, eight bytes a value."""

    def __init__(self, *names: str) -> None:
        self.values = {name: array("q") for name in names}
        self._columns = tuple(self.values.values())

    def add(self, *row: int) -> None:
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)

    def pop(self) -> None:
        for column in self._columns:
            column.pop()

    def last(self) -> tuple[int, ...]:
        return tuple(column[-1] for column in self._columns)

    def __len__(self) -> int:
        return len(self._columns[0])


class Recorder:
    """What a market shows from now on, kept until it is written."""

    def __init__(self, market: Market, events_of: str | None = None) -> None:
        """`events_of` names the lit venue whose orders are recorded one by one, if any.

        Raises:
            ValueError: that venue shows no book.
        """
        self._mics = list(market.mics)
        self._venues = [venue for venue in map(market.venue, self._mics) if _shows(venue)]
        floor = self._venues[0].floor
        self._tick = floor.facts.tick
        self._midnight = floor.facts.open_at - market.spec.session.from_ns
        self._books = [(venue.book, self._mics.index(venue.mic)) for venue in self._venues]
        self._book = _Columns("t_ns", *_BOOK, "bid_venue", "ask_venue")
        self._trades = _Columns("t_ns", "px", "qty", "venue", "sign", "auction")
        self._events = _Columns("t_ns", "etype", "oid", "side", "px", "qty", "agg")
        self._renamed: dict[str, int] = {}
        for venue in self._venues:
            self._listen(venue)
        floor.on_print.append(self._printed)
        self._look(floor.now)
        if events_of is not None:
            self._follow(market, events_of, floor.now)

    def write(self, prefix: Path) -> None:
        """Write the tables; those of the same prefix are replaced."""
        prefix.parent.mkdir(parents=True, exist_ok=True)
        _write(prefix, "book", self._book_table())
        _write(prefix, "trades", self._trades_table())
        if len(self._events):
            _write(prefix, "events", self._events_table())

    # --- best quotes -----------------------------------------------------------------------------

    def _listen(self, venue: LitVenue) -> None:
        number = self._mics.index(venue.mic)

        def heard(now: int, events: list[BookEvent]) -> None:
            at = now - self._midnight
            for event in events:
                if isinstance(event, Traded):
                    self._trades.add(at, event.px, event.qty, number, event.taker_side, 0)
            self._look(now)

        venue.on_events.append(heard)

    def _look(self, now: int) -> None:
        """A row if the best quotes are not what they were before this instant."""
        touch = self._touch()
        if touch is None:
            return
        at = now - self._midnight
        book = self._book
        if len(book) and book.values["t_ns"][-1] == at:
            book.pop()
        if not len(book) or book.last()[1:] != touch:
            book.add(at, *touch)

    def _touch(self) -> tuple[int, ...] | None:
        """A row without its time: best prices, shares there over all books, the venue with most.

        None while a side is empty: there is no best quote then.
        """
        row: list[int] = []
        venues: list[int] = []
        for side in (1, -1):
            best = shares = most = at = 0
            for book, number in self._books:
                px = book.best(side)
                if px is None or (best and side * px < side * best):
                    continue
                if px != best:
                    best, shares, most = px, 0, 0
                qty = book.qty_at(side, px)
                shares += qty
                if qty > most:
                    most, at = qty, number
            if not best:
                return None
            row += [best // self._tick, shares]
            venues.append(at)
        return (*row, *venues)

    # --- prints away from the books, and auctions ------------------------------------------------

    def _printed(self, now: int, mic: str, px: int, qty: int, sign: int) -> None:
        """What a venue with a book tells this way is an auction: its trades are book events."""
        if mic not in self._mics:
            self._mics.append(mic)
        at = now - self._midnight
        auction = any(venue.mic == mic for venue in self._venues)
        self._trades.add(at, px, qty, self._mics.index(mic), sign, int(auction))

    # --- order by order --------------------------------------------------------------------------

    def _follow(self, market: Market, mic: str, now: int) -> None:
        venue = market.venue(mic)
        if not _shows(venue):
            raise ValueError(f"{mic} shows no book")
        for side in (1, -1):
            for px in venue.book.prices(side):
                for order in venue.book.queue(side, px):
                    self._ordered(now, [Added(order.order_id, side, order.leaves, px)])
        venue.on_events.append(self._ordered)

    def _ordered(self, now: int, events: list[BookEvent]) -> None:
        at = now - self._midnight
        for event in events:
            match event:
                case TradedUnshown():
                    continue  # Its resting order was never added to what is displayed.
                case Crossed(order_id=order_id, side=side, qty=qty, px=px):
                    kind, agg = EventType.AUCTION, 0
                case Added(order_id=order_id, side=side, qty=qty, px=px):
                    kind, agg = EventType.ADD, 0
                case Removed(order_id=order_id, side=side, qty=qty, px=px):
                    kind, agg = EventType.CANCEL, 0
                case Traded(maker_id=order_id, taker_side=taker_side, qty=qty, px=px):
                    kind, side = EventType.EXECUTE, -taker_side
                    agg = self._number(event.taker_id)
                case Renamed(order_id=order_id, orig_order_id=before):
                    self._renamed[str(order_id)] = self._number(before)
                    continue
                case _:
                    continue
            oid = self._number(order_id)
            self._events.add(at, ord(kind.value), oid, side, px // self._tick, qty, agg)

    def _number(self, order_id: int | str) -> int:
        """Background orders are numbered; the router's get numbers of their own below them."""
        if isinstance(order_id, int):
            return order_id
        return self._renamed.setdefault(order_id, -2 - len(self._renamed))

    # --- tables ----------------------------------------------------------------------------------

    def _book_table(self) -> pa.Table:
        columns = self._book.values
        table = {"t_ns": pa.array(columns["t_ns"], pa.int64())}
        table |= {name: pa.array(columns[name], pa.int64()) for name in _BOOK}
        table |= {name: self._names(columns[name]) for name in ("bid_venue", "ask_venue")}
        return pa.table(table)

    def _trades_table(self) -> pa.Table:
        columns = self._trades.values
        table = {
            "t_ns": pa.array(columns["t_ns"], pa.int64()),
            "px": pa.array([px / self._tick for px in columns["px"]], pa.float64()),
            "qty": pa.array(columns["qty"], pa.int64()),
            "venue": self._names(columns["venue"]),
            "sign": pa.array(columns["sign"], pa.int8()),
        }
        if any(columns["auction"]):
            table["cond"] = pa.array([AUCTION if each else "" for each in columns["auction"]])
        return pa.table(table)

    def _events_table(self) -> pa.Table:
        columns = dict(self._events.values)
        etypes = pa.array([chr(code) for code in columns["etype"]])
        table = {name: pa.array(values, pa.int64()) for name, values in columns.items()}
        return pa.table({**table, "etype": etypes})

    def _names(self, numbers: array[int]) -> pa.Array:
        indices = pa.array(numbers, pa.int32())
        return pa.DictionaryArray.from_arrays(indices, self._mics).cast(pa.string())


def record(spec: MarketSpec, seed: int, folder: Path, *, events_of: str | None = None) -> Path:
    """Play a market's session without a router and write it; the prefix of the tables."""
    market = Market(spec, seed=seed, start=spec.session.from_ns)
    recorder = Recorder(market, events_of)
    now = spec.session.from_ns
    while market.deadline() is not None:
        now = min(now + SLICE_NS, market.closes_at)
        market.tick(now)
        market.take()
    prefix = folder / f"{spec.id}-{seed}"
    recorder.write(prefix)
    return prefix


def _shows(venue: VenueSim) -> TypeGuard[LitVenue]:
    return isinstance(venue, LitVenue)


def _write(prefix: Path, name: str, table: pa.Table) -> None:
    path = prefix.with_name(f"{prefix.name}.{name}.parquet")
    pq.write_table(table, path, compression="zstd")


def main(arguments: list[str]) -> None:
    """Read the market, play it, write it."""
    market_file, seed, folder = arguments
    record(read_market(market_file), int(seed), Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
