"""What is under way between the venues of a market and their clients, both ways.

Owns arrival times and what a client has been shown of each book so far. Decides nothing: an order
reaches its venue, a report its client, later than it left.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping

from venues.floor import Action, Floor
from venues.latency import Channel, Latency
from venues.messages import (
    BookChanged,
    BookSnapshot,
    Late,
    QuoteIssued,
    QuoteWithdrawn,
    TradingStatus,
    VenueMessage,
)

PUBLIC = (BookChanged, QuoteWithdrawn, TradingStatus)
"""What goes to market-data sessions; streamed quotes do, too."""

Levels = dict[int, int]
"""Shares by price."""


class Shown:
    """A venue's displayed levels as its clients know them by now."""

    __slots__ = ("sides",)

    def __init__(self, book: BookSnapshot) -> None:
        self.sides: dict[str, Levels] = {"0": dict(book.bids), "1": dict(book.offers)}

    def change(self, message: BookChanged) -> None:
        """Fold one change in."""
        for entry in message.entries:
            levels = self.sides.get(entry.entry_type)
            if levels is None:
                continue  # a trade
            if entry.action == "2":
                levels.pop(entry.px, None)
            else:
                levels[entry.px] = entry.qty

    def snapshot(self, mic: str, symbol: str, now: int) -> BookSnapshot:
        """The levels, best first."""
        bids = tuple(sorted(self.sides["0"].items(), reverse=True))
        offers = tuple(sorted(self.sides["1"].items()))
        return BookSnapshot(mic, now, symbol, bids, offers)


class Transit:
    """The wires of one market."""

    def __init__(self, floor: Floor, latencies: Mapping[str, Latency | None]) -> None:
        self._floor = floor
        self._heap: list[tuple[int, int, VenueMessage]] = []
        self._count = 0
        self._orders_in: dict[str, Channel] = {}
        self._orders_out: dict[str, Channel] = {}
        self._data_out: dict[str, Channel] = {}
        self.shown: dict[str, Shown] = {}
        seed = floor.facts.seed
        for mic, each in latencies.items():
            if each is None:
                continue
            self._orders_in[mic] = Channel(
                seed, f"{mic}/latency/orders", each.order_p50, each.order_p99
            )
            self._orders_out[mic] = Channel(
                seed, f"{mic}/latency/reports", each.order_p50, each.order_p99
            )
            self._data_out[mic] = Channel(seed, f"{mic}/latency/data", each.md_p50, each.md_p99)

    def change(self, mic: str, latency: Latency) -> None:
        """What leaves from here on is under way as long as `latency` says. Where messages take no
        time, they go on taking none."""
        for channels in (self._orders_in, self._orders_out):
            if mic in channels:
                channels[mic].change(latency.order_p50, latency.order_p99)
        if mic in self._data_out:
            self._data_out[mic].change(latency.md_p50, latency.md_p99)

    def send(self, mic: str, now: int, action: Action) -> None:
        """Let a request reach the venue; `action` is called with the time at which it does."""
        channel = self._orders_in.get(mic)
        if channel is None:
            action(now)
        else:
            self._floor.arrive(channel.arrival(now), action)

    def collect(self) -> None:
        """Put what the venues have said on its way."""
        said = self._floor.outbox
        if not said:
            return
        for outgoing in said:
            leaves = outgoing.at
            message = outgoing.message if isinstance(outgoing, Late) else outgoing
            data = isinstance(message, PUBLIC) or (
                isinstance(message, QuoteIssued) and not message.quote_req_id
            )
            channel = (self._data_out if data else self._orders_out).get(message.mic)
            at = leaves if channel is None else channel.arrival(leaves)
            self._count += 1
            heapq.heappush(self._heap, (at, self._count, message))
        said.clear()

    def deadline(self) -> int | None:
        """When the next message arrives."""
        return self._heap[0][0] if self._heap else None

    def arrivals(self, now: int) -> list[VenueMessage]:
        """What has arrived by `now` and was not told before, in order of arrival."""
        heap, arrived = self._heap, []
        while heap and heap[0][0] <= now:
            message = heapq.heappop(heap)[2]
            if type(message) is BookChanged:
                self.shown[message.mic].change(message)
            arrived.append(message)
        return arrived
