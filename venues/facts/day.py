"""A recorded day made ready: the hours that count, the mid, dwell times, market orders.

Owns how rows become the things that facts speak of. Computes no fact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from router.model import NS
from venues.facts.series import Flags, Floats, Ints, last_before, pick, rows_where
from venues.facts.tables import BookTable, EventTable, Recording, RecordingFormatError

DAY_SECONDS = 23_400
"""What volatilities are scaled to: 09:30 to 16:00."""

INACCESSIBLE = "OFF"
"""The venue of prints that no router can reach: internalisers and closed pools."""

TAPE_OFF = "D"
"""The venue of off-exchange prints on the US consolidated tape."""

DWELL_MAX_S = 60.0
"""A quote that stands longer than this weighs no more: it may be a gap of the recording."""

WARM_UP_S = 60
"""Skipped at the start of each session when prices are sampled on a grid."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a recording counts."""

    sessions: tuple[tuple[int, int], ...] = ((34_200, 57_600),)
    """Seconds after midnight, exactly what was recorded: rates divide by it."""
    off: frozenset[str] = frozenset({INACCESSIBLE, TAPE_OFF})
    """Venues that show no book: pools, dealers, internalisers."""
    lot: int = 100
    """Shares."""

    @property
    def seconds(self) -> int:
        """Their length."""
        return sum(end - start for start, end in self.sessions)

    def within(self, t_ns: Ints) -> Flags:
        """Which times lie in the sessions."""
        inside = np.zeros(len(t_ns), np.bool_)
        for start, end in self.sessions:
            inside |= (t_ns >= start * NS) & (t_ns < end * NS)
        return inside


@dataclass(frozen=True, slots=True)
class Book:
    """The best bid and offer over the lit venues, prices in ticks."""

    t_ns: Ints
    bid: Floats
    ask: Floats
    bid_qty: Floats
    ask_qty: Floats
    mid: Floats
    spread: Floats
    two_sided: Flags
    """Neither crossed nor locked."""
    dwell_s: Floats
    """How long each row stood."""

    def mid_at(self, t_ns: Ints) -> Floats:
        """The mid in force at these times, NaN before the first row."""
        return pick(self.mid, last_before(self.t_ns, t_ns, including=True))

    @property
    def imbalance(self) -> Floats:
        """(bid size - ask size) / (bid size + ask size), 0 where nothing is shown."""
        total = self.bid_qty + self.ask_qty
        return np.divide(
            self.bid_qty - self.ask_qty, total, out=np.zeros_like(total), where=total > 0
        )


@dataclass(frozen=True, slots=True)
class Prints:
    """Fills."""

    t_ns: Ints
    px: Floats
    qty: Floats
    sign: Ints
    venue: Ints
    """Place of each one's venue in `Day.venues`."""

    def where(self, kept: Flags) -> Prints:
        """Some of them."""
        return Prints(
            self.t_ns[kept], self.px[kept], self.qty[kept], self.sign[kept], self.venue[kept]
        )


@dataclass(frozen=True, slots=True)
class MarketOrders:
    """Lit fills of one time stamp and sign, taken together; with the book that each met."""

    t_ns: Ints
    sign: Floats
    qty: Floats
    px: Floats
    """Mean price, ticks."""
    mid: Floats
    """Strictly before the order, ticks; NaN before the first row of the book."""
    spread: Floats

    @property
    def quoted(self) -> float:
        """Mean spread that they met, ticks: the unit of impacts. NaN without an order."""
        met = self.spread[self.spread > 0]
        return float(met.mean()) if len(met) else float("nan")


@dataclass(frozen=True, slots=True)
class Day:
    """One recorded day."""

    scope: Scope
    book: Book
    prints: Prints
    """All regular ones."""
    lit: Prints
    takes: Prints
    """Lit ones whose aggressor is known."""
    off: Prints
    orders: MarketOrders
    events: EventTable | None
    venues: tuple[str, ...]
    """Where it traded."""

    def grids(self, step_s: int) -> list[Ints]:
        """Times at equal distances, one array a session, without its first minute."""
        return [
            np.arange((start + WARM_UP_S) * NS, end * NS, step_s * NS, dtype=np.int64)
            for start, end in self.scope.sessions
        ]

    def counts(self, t_ns: Ints, step_s: int, weights: Floats | None = None) -> Floats:
        """How many of these times (or how much weight) lie in each interval of the sessions."""
        found = [
            np.histogram(t_ns / NS, bins=np.arange(start, end + 1, step_s), weights=weights)[0]
            for start, end in self.scope.sessions
        ]
        return np.concatenate(found).astype(np.float64)


def day_of(recording: Recording, scope: Scope) -> Day:
    """The day in its sessions.

    Raises:
        RecordingFormatError: no row of the book lies in them.
    """
    if not scope.within(recording.book.t_ns).any():
        raise RecordingFormatError(f"{recording.name}.book: no row lies in the session")
    book = _book(recording.book, scope)
    trades = recording.trades
    kept = scope.within(trades.t_ns) & trades.regular
    places = [place for place, venue in enumerate(trades.venues) if venue in scope.off]
    off = np.isin(trades.venue, places)
    prints = Prints(trades.t_ns, trades.px, trades.qty, trades.sign, trades.venue)
    takes = prints.where(kept & ~off & (trades.sign != 0))
    return Day(
        scope=scope,
        book=book,
        prints=prints.where(kept),
        lit=prints.where(kept & ~off),
        takes=takes,
        off=prints.where(kept & off),
        orders=_orders(takes, book),
        events=None if recording.events is None else _events(recording.events, scope),
        venues=trades.venues,
    )


def _book(table: BookTable, scope: Scope) -> Book:
    kept = scope.within(table.t_ns)
    t_ns = table.t_ns[kept]
    bid, ask = table.bid_px[kept], table.ask_px[kept]
    ends = np.zeros(len(t_ns), np.int64)
    for start, end in scope.sessions:
        ends[(t_ns >= start * NS) & (t_ns < end * NS)] = end * NS
    # The last row counts a second: when it ended is not recorded.
    until = np.minimum(np.append(t_ns[1:], t_ns[-1] + NS), ends)
    return Book(
        t_ns=t_ns,
        bid=bid,
        ask=ask,
        bid_qty=table.bid_qty[kept],
        ask_qty=table.ask_qty[kept],
        mid=(bid + ask) / 2.0,
        spread=ask - bid,
        two_sided=ask > bid,
        dwell_s=np.clip((until - t_ns) / NS, 0.0, DWELL_MAX_S),
    )


def _orders(takes: Prints, book: Book) -> MarketOrders:
    t_ns, sign = takes.t_ns, takes.sign
    fresh = np.ones(len(t_ns), np.bool_)
    fresh[1:] = (np.diff(t_ns) != 0) | (np.diff(sign) != 0)
    first = rows_where(fresh)
    qty = np.add.reduceat(takes.qty, first) if len(first) else np.zeros(0)
    paid = np.add.reduceat(takes.px * takes.qty, first) if len(first) else np.zeros(0)
    met = last_before(book.t_ns, t_ns[first], including=False)
    return MarketOrders(
        t_ns=t_ns[first],
        sign=sign[first].astype(np.float64),
        qty=qty,
        px=paid / qty,
        mid=pick(book.mid, met),
        spread=pick(book.spread, met),
    )


def _events(table: EventTable, scope: Scope) -> EventTable:
    kept = scope.within(table.t_ns)
    return EventTable(
        t_ns=table.t_ns[kept],
        kind=table.kind[kept],
        order_id=table.order_id[kept],
        side=table.side[kept],
        px=table.px[kept],
        qty=table.qty[kept],
    )
