"""A recorded day as the background of a lit venue: readers, and the replay through the real book.

Owns what an order-by-order file says, in one common form, and how it is played. Knows the venue's
book, never its owners' orders: those queue among the recorded ones and trade with them.

Formats
- LOBSTER message file (lobsterdata.com): CSV without header; seconds after midnight, type, order
  id, size, price times 10,000, direction of the resting order. Types 1 new, 2 partial cancel,
  3 deletion, 4 execution of a visible order; 5 (hidden), 6 (cross) and 7 (halt) touch no visible
  order and are passed over.
- OBS-1 events (parquet): t_ns after midnight, etype A, C, E or U (auction execution), oid, side of
  the resting order, px in ticks, qty (of C and E: the quantity removed).

Both publish an order that executes on entry only by its executions, and then its remainder as new.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import pyarrow.parquet as pq

from router.fix.codec import px_text
from router.model import BP, NS, PX_SCALE
from venues.floor import Floor, seconds
from venues.lit import LitVenue, RecordingSpec
from venues.matching import BookEvent
from venues.venue import price_units

EVENTS_MAX = 20_000_000
"""Rows of a file: more would not fit in memory as they are held."""

LOBSTER_PX = PX_SCALE // 10_000
"""Price units in one unit of a LOBSTER price."""

PRICE_REACH = 0.2
"""How far the recorded mid may be from `stock.price`, relative to it: bp of impact are of that."""

BATCH_ROWS = 65_536
"""Rows of a parquet file read at once."""


class RecordingError(ValueError):
    """A file that is not what its format says, with file and row."""


class EventType(StrEnum):
    """What happened to a resting order."""

    ADD = "A"
    CANCEL = "C"
    EXECUTE = "E"
    AUCTION = "U"


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One event of a recording."""

    at: int
    """Nanoseconds after midnight, exchange time."""
    event_type: EventType
    order_id: int
    side: int
    """Of the resting order: +1 bid, -1 offer."""
    px: int
    """Price units."""
    qty: int
    """Shares added or removed."""


_LOBSTER_TYPES = {
    "1": EventType.ADD,
    "2": EventType.CANCEL,
    "3": EventType.CANCEL,
    "4": EventType.EXECUTE,
}
_OBS1_TYPES = {event_type.value: event_type for event_type in EventType}
_LOBSTER_PASSED = frozenset({"5", "6", "7"})


def read_recording(source: RecordingSpec, folder: Path) -> Iterator[RecordedEvent]:
    """The events of the file that a market file names."""
    path = folder / source.file
    if source.format == "lobster":
        return read_lobster(path)
    return read_obs1(path, price_units(source.tick))


def read_lobster(path: Path) -> Iterator[RecordedEvent]:
    """The events of a LOBSTER message file.

    Raises:
        RecordingError: a row that is not a message, or out of time order.
    """
    last = 0
    with path.open(newline="") as file:
        for number, row in enumerate(csv.reader(file), start=1):
            if number > EVENTS_MAX:
                raise RecordingError(f"{path}: more than {EVENTS_MAX} rows")
            event = _lobster_event(row, f"{path}:{number}")
            if event is None:
                continue
            if event.at < last:
                raise RecordingError(f"{path}:{number}: time runs backwards")
            last = event.at
            yield event


def _lobster_event(row: list[str], where: str) -> RecordedEvent | None:
    if len(row) != 6:
        raise RecordingError(f"{where}: {len(row)} columns; a LOBSTER message has 6")
    if row[1] in _LOBSTER_PASSED:
        return None
    event_type = _LOBSTER_TYPES.get(row[1])
    if event_type is None:
        raise RecordingError(f"{where}: unknown message type {row[1]!r}")
    try:
        at = Decimal(row[0]) * NS
        order_id, qty, px, side = (int(text) for text in row[2:])
    except ArithmeticError as error:
        raise RecordingError(f"{where}: time {row[0]!r} is not a number") from error
    except ValueError as error:
        raise RecordingError(f"{where}: {error}") from error
    if not at.is_finite() or side not in (1, -1) or qty <= 0 or px <= 0:
        raise RecordingError(f"{where}: time, size, price or direction is out of range")
    return RecordedEvent(int(at), event_type, order_id, side, px * LOBSTER_PX, qty)


def write_lobster(path: Path, events: Iterable[RecordedEvent]) -> None:
    """Write events as a LOBSTER message file. Cancels that take the rest are written as type 3."""
    leaves: dict[int, int] = {}
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for event in events:
            left = leaves.get(event.order_id, 0)
            if event.event_type is EventType.ADD:
                code, left = "1", event.qty
            else:
                left -= event.qty
                code = "4" if event.event_type is EventType.EXECUTE else "2" if left else "3"
            leaves[event.order_id] = left
            at = f"{event.at // NS}.{event.at % NS:09d}"
            px = event.px // LOBSTER_PX
            writer.writerow([at, code, event.order_id, event.qty, px, event.side])


def read_obs1(path: Path, tick: int) -> Iterator[RecordedEvent]:
    """The events of an OBS-1 `events` parquet file; `tick` is its price unit in price units.

    Raises:
        RecordingError: a missing column, an unknown event type, or rows out of time order.
    """
    names = ("t_ns", "etype", "oid", "side", "px", "qty")
    file = pq.ParquetFile(path)
    missing = [name for name in names if name not in file.schema_arrow.names]
    if missing:
        raise RecordingError(f"{path}: no column {', '.join(missing)}")
    last = row = 0
    for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=list(names)):
        columns = (batch.column(name).to_pylist() for name in names)
        for at, etype, oid, side, px, qty in zip(*columns, strict=True):
            row += 1
            if etype not in _OBS1_TYPES:
                raise RecordingError(f"{path}: row {row}: unknown event type {etype!r}")
            if at < last or side not in (1, -1) or qty <= 0:
                raise RecordingError(f"{path}: row {row}: time, side or quantity is out of range")
            last = at
            yield RecordedEvent(at, _OBS1_TYPES[etype], oid, side, px * tick, qty)


class Replay:
    """Plays a recording into a venue's book.

    Recorded orders are real orders of the book: ours wait behind them and are passed by none that
    came later. What we take from a recorded order is gone: when the recording later executes or
    cancels it, only what is left can go. A recorded execution is an aggressor that takes at its
    price or better, so an order of ours that is in front is filled first; the recorded order then
    leaves all the same, as in the recording. The router's impact, and news, shift the price of
    everything that arrives later, in whole ticks: a recording alone would make slicing look free.

    Two things the recording does not know of. While trading is halted, nothing recorded trades:
    orders that leave, leave, and orders that arrive are kept and enter when trading goes on. When
    nothing was recorded for `silent_after_s`, as after its end, the recorded orders are taken out
    of the book until the next event: nobody may trade with a market that is no longer observed.
    """

    def __init__(
        self,
        venue: LitVenue,
        floor: Floor,
        events: Iterable[RecordedEvent],
        *,
        midnight: int,
        price: float,
        silent_after_s: float,
    ) -> None:
        """`midnight` is the UTC nanosecond of exchange midnight; `price` turns bp into ticks."""
        self._venue = venue
        self._book = venue.book
        self._floor = floor
        self._events = iter(events)
        self._midnight = midnight
        self._price = price_units(price)
        self._ticks_per_bp = self._price / floor.facts.tick / BP
        self._silent_after = seconds(silent_after_s)
        self._jumped = 0.0
        self._next: RecordedEvent | None = None
        self._kept: dict[int, RecordedEvent] = {}
        """What is not in the book, but will be, at the price that it will have there."""
        self.unmatched = 0
        """Events that do not fit: of an order that is not there, or a second one of its id."""

    def start(self) -> None:
        """Build the book that the recording has at the floor's time, and play from there.

        Raises:
            RecordingError: the recording is of another price range or tick than the market.
        """
        now = self._floor.now
        self._next = next(self._events, None)
        while self._next is not None and self._at(self._next) <= now:
            # Nothing is matched yet: until its end an auction's book may be crossed.
            self._keep(self._next, self._next.px)
            self._next = next(self._events, None)
        self._enter_kept(now)
        self._check_price()
        self._floor.follow_halts(self)
        self._schedule(now)

    def jump(self, ticks: float, at: int) -> None:
        """News: what arrives from here on is priced so much higher."""
        self._jumped += ticks

    def halted(self, now: int, text: str) -> None:
        """What arrives from here on is kept."""

    def resumed(self, now: int, *, auction: bool) -> None:
        """What was kept enters the book, after the auction if there was one."""
        self._enter_kept(now)

    # --- what is not in the book ---------------------------------------------------------------

    def _keep(self, event: RecordedEvent, px: int) -> None:
        """Let an event happen to what is kept."""
        if event.event_type is EventType.ADD:
            self._check_tick(event)
            self._kept[event.order_id] = replace(event, px=px)
            return
        known = self._kept.get(event.order_id)
        if known is None:
            self.unmatched += 1
        elif known.qty > event.qty:
            self._kept[event.order_id] = replace(known, qty=known.qty - event.qty)
        else:
            del self._kept[event.order_id]

    def _enter_kept(self, now: int) -> None:
        events: list[BookEvent] = []
        for kept in self._kept.values():
            events += self._add(kept, kept.px)
        self._kept.clear()
        if events:
            self._venue.apply(events, now)

    def _fall_silent(self, now: int) -> None:
        """Take the recorded orders out until the next event."""
        events: list[BookEvent] = []
        for side in (1, -1):
            for px in list(self._book.prices(side)):
                for order in list(self._book.queue(side, px)):
                    if isinstance(order.order_id, int):
                        self._kept[order.order_id] = RecordedEvent(
                            now, EventType.ADD, order.order_id, side, px, order.leaves
                        )
                        events += self._book.cancel(order.order_id)
        self._venue.apply(events, now)

    # --- playing ---------------------------------------------------------------------------------

    def _schedule(self, now: int) -> None:
        event = self._next
        at = self._at(event) if event is not None else self._floor.facts.close_at
        if at - now > self._silent_after:
            self._floor.schedule(now + self._silent_after, self._fall_silent)
        if event is not None and self._floor.is_open(at):
            self._floor.schedule(at, self._play)

    def _play(self, now: int) -> None:
        """One event; the next one of the same time is another transaction, as it was."""
        event = self._next
        assert event is not None
        if self._floor.is_trading(now):
            self._enter_kept(now)
            self._venue.apply(self._transaction(event, now), now)
        elif self._book.order(event.order_id) is not None:
            self._venue.apply(self._book.cancel(event.order_id, event.qty), now)
        else:
            self._keep(event, event.px + self._shift(now))
        self._next = next(self._events, None)
        self._schedule(now)

    def _transaction(self, event: RecordedEvent, now: int) -> list[BookEvent]:
        order = self._book.order(event.order_id)
        if event.event_type is EventType.ADD and order is None:
            self._check_tick(event)
            return self._add(event, event.px + self._shift(now))
        if order is None or event.event_type is EventType.ADD:
            self.unmatched += 1
            return []
        if event.event_type is not EventType.EXECUTE:
            return self._book.cancel(event.order_id, event.qty)
        before = order.leaves
        taker = -event.side
        events = self._book.submit(-1, side=taker, qty=event.qty, px=order.px, rests=False)
        # What others in front took instead of the recorded order: it leaves all the same.
        surplus = event.qty - (before - order.leaves)
        if surplus > 0 and order.leaves:
            events += self._book.cancel(event.order_id, surplus)
        return events

    def _add(self, event: RecordedEvent, px: int) -> list[BookEvent]:
        return self._book.submit(event.order_id, side=event.side, qty=event.qty, px=px)

    def _shift(self, now: int) -> int:
        ticks = self._floor.impact.bp(now) * self._ticks_per_bp + self._jumped
        return round(ticks) * self._floor.facts.tick

    def _at(self, event: RecordedEvent) -> int:
        return self._midnight + event.at

    def _check_tick(self, event: RecordedEvent) -> None:
        if event.px % self._floor.facts.tick:
            text = f"order {event.order_id} is at {px_text(event.px)}, which is not on the tick"
            raise RecordingError(f"the recording of {self._venue.mic}: {text}")

    def _check_price(self) -> None:
        bid, offer = self._venue.touch()
        mid = (bid + offer) // 2
        if bid and offer and abs(mid - self._price) > PRICE_REACH * self._price:
            text = f"{px_text(mid)} when the run begins, but stock.price is {px_text(self._price)}"
            raise RecordingError(f"the recording of {self._venue.mic} is at {text}")
