"""What surrounds the venues of one market: its clock, its outbox, its lit touch and its price.

Owns simulated time (a heap of things to come) and what venues may know of one another: the best
bid and offer over the lit books, and the router's impact. Knows nothing of how a venue trades.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from router.model import NS
from venues.chance import Stream
from venues.impact import Impact
from venues.messages import Outgoing, VenueMessage

Action = Callable[[int], None]
"""Something that happens at a time, UTC nanoseconds."""

PrintListener = Callable[[int, str, int, int, int], None]
"""Told of a trade away from the lit books: time, venue, price units, shares, aggressor's side (0
if it has none, as at the midpoint)."""

PINGS = "pings"
QUOTE_REQUESTS = "quote_requests"
"""What venues give away besides prints, in the vocabulary's words."""

SignListener = Callable[[int, int, int], None]
"""Told of a side, shares and a time."""

MID_HISTORY_MAX = 64
"""Midpoints remembered: enough for reference prices that are milliseconds old."""


class Displayed(Protocol):
    """A venue that shows a book."""

    def touch(self) -> tuple[int, int]:
        """Best bid and offer, 0 where a side is empty."""


class Halting(Protocol):
    """Whoever must know that trading stops and goes on."""

    def halted(self, now: int, text: str) -> None:
        """Trading has stopped: there is no best bid and offer any more."""

    def resumed(self, now: int, *, auction: bool) -> None:
        """Trading is about to go on. The best bid and offer are there when all have been told."""


class PriceSource(Protocol):
    """Whatever moves the lit quotes of a market."""

    def jump(self, ticks: float, at: int) -> None:
        """The efficient price moves by so many ticks at `at`, and everybody sees it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What every venue of a market takes for granted."""

    symbol: str
    tick: int
    """Price units."""
    spread_ticks: float
    """Mean spread: the unit in which dark toxicity is told."""
    seed: int
    open_at: int
    """UTC nanoseconds of the start of trading."""
    close_at: int
    applies_to: frozenset[str]
    """Which executions of the router move the price: `impact.applies_to` of the vocabulary."""


class Floor:
    """The clock and the common knowledge of one market."""

    def __init__(self, facts: Facts, impact: Impact, start: int) -> None:
        self.facts = facts
        self.impact = impact
        self.now = start
        self.outbox: list[Outgoing] = []
        self.doors: dict[str, Callable[[VenueMessage], None]] = {}
        """By MIC: what a venue says goes through here while the venue misbehaves."""
        self.prices: list[PriceSource] = []
        self.on_print: list[PrintListener] = []
        self._heap: list[tuple[int, int, Action]] = []
        self._count = 0
        self._books: Sequence[Displayed] = ()
        self._watchers: list[Action] = []
        self.on_executed: list[Callable[[int, int], None]] = []
        """Told of every execution of the router: shares and time."""
        self.on_sign: dict[str, list[SignListener]] = {}
        """By what a venue may give away of somebody who does not trade: who listens."""
        self._mids: deque[tuple[int, int]] = deque(maxlen=MID_HISTORY_MAX)
        self._halting: list[Halting] = []
        self._halted_until = 0
        self.published = (0, 0)
        """Best bid and offer when a lit venue last published: never those of a half-done change."""
        self.opening_mid2 = 0
        """Bid plus offer with which the market opened, at first or after an auction; 0 before."""

    # --- time --------------------------------------------------------------------------------

    def schedule(self, at: int, action: Action) -> None:
        """Let `action` happen at `at`, or at the close if that is earlier.

        What is scheduled for the same time keeps its order. After the close nothing happens.
        """
        if self.now >= self.facts.close_at:
            return
        self._count += 1
        due = min(max(at, self.now), self.facts.close_at)
        heapq.heappush(self._heap, (due, self._count, action))

    def arrive(self, at: int, action: Action) -> None:
        """Let a client's request reach its venue at `at`; after the close, too, it is answered."""
        self._count += 1
        heapq.heappush(self._heap, (max(at, self.now), self._count, action))

    def deadline(self) -> int | None:
        """When the next thing happens."""
        return self._heap[0][0] if self._heap else None

    def advance(self, now: int) -> None:
        """Let everything happen that is due, in order."""
        assert now >= self.now, "the market's clock cannot run backwards"
        heap = self._heap
        while heap and heap[0][0] <= now:
            at, _, action = heapq.heappop(heap)
            self.now = at
            action(at)
        self.now = now

    def is_open(self, now: int) -> bool:
        """True during the session."""
        return self.facts.open_at <= now < self.facts.close_at

    # --- halts -------------------------------------------------------------------------------

    def follow_halts(self, venue: Halting) -> None:
        """Tell a venue of halts; those that come first are told first."""
        self._halting.append(venue)

    def is_trading(self, now: int) -> bool:
        """True during the session, but for halts."""
        return not self._halted_until and self.is_open(now)

    def halt(self, now: int, *, until: int, auction: bool, text: str) -> None:
        """Stop trading at every venue until a time; a reopening auction ends the halt, or not.

        During a halt only a later `until` changes something: it lengthens the halt.
        """
        assert until > now
        if not self.is_open(now) or until <= self._halted_until:
            return
        halted, self._halted_until = self._halted_until, until
        self.schedule(until, lambda at: self._end_of_halt(at, auction))
        if not halted:
            for venue in self._halting:
                venue.halted(now, text)
            self.touched(now)

    def _end_of_halt(self, now: int, auction: bool) -> None:
        if now < self._halted_until or not self.is_open(now):
            return
        for venue in self._halting:
            venue.resumed(now, auction=auction)
        self._halted_until = 0
        if auction:
            self.opening_mid2 = 0
        self.touched(now)

    # --- chance and speech -------------------------------------------------------------------

    def stream(self, purpose: str) -> Stream:
        """A stream of its own for a purpose."""
        return Stream(self.facts.seed, purpose)

    def say(self, message: VenueMessage) -> None:
        """Put a message into the outbox, by way of what a venue does wrong."""
        door = self.doors.get(message.mic)
        if door is None:
            self.outbox.append(message)
        else:
            door(message)

    def printed(self, mic: str, px: int, qty: int, sign: int, now: int) -> None:
        """A trade away from the lit books goes to the tape; those of a book are in its events."""
        for listener in self.on_print:
            listener(now, mic, px, qty, sign)

    # --- the lit touch -----------------------------------------------------------------------

    def show(self, books: Sequence[Displayed]) -> None:
        """Name the lit books."""
        self._books = books

    def watch(self, action: Action) -> None:
        """Call `action` whenever the lit midpoint has moved."""
        self._watchers.append(action)

    def nbbo(self) -> tuple[int, int]:
        """Best bid and offer over the lit books, 0 where there is none, as during a halt."""
        bid = offer = 0
        if self._halted_until:
            return bid, offer
        for book in self._books:
            one_bid, one_offer = book.touch()
            if one_bid > bid:
                bid = one_bid
            if one_offer and (not offer or one_offer < offer):
                offer = one_offer
        return bid, offer

    def mid2(self) -> int:
        """Bid plus offer of the lit market, or 0 if a side is empty or the market is crossed."""
        bid, offer = self.nbbo()
        return bid + offer if bid and offer and bid <= offer else 0

    def mid2_at(self, at: int) -> int:
        """The bid plus offer that held at `at`, as far back as it is remembered."""
        held = self._mids[0][1] if self._mids else 0
        for since, mid2 in self._mids:
            if since > at:
                break
            held = mid2
        return held

    def touched(self, now: int) -> None:
        """A lit book has changed: tell those who follow the midpoint if it moved."""
        self.published = self.nbbo()
        mid2 = self.mid2()
        if self._mids and self._mids[-1][1] == mid2:
            return
        self._mids.append((now, mid2))
        self.opening_mid2 = self.opening_mid2 or mid2
        for action in self._watchers:
            action(now)

    # --- the price's answer to the router ----------------------------------------------------

    def executed(self, kind: str, side: int, qty: int, now: int) -> None:
        """The router traded; `kind` is a word of `impact.applies_to`."""
        if kind in self.facts.applies_to:
            self.impact.execute(side, qty, now)
        for listener in self.on_executed:
            listener(qty, now)

    def leaked(self, side: int, bp: float, half_life_s: float, now: int) -> None:
        """The router was noticed."""
        if "leak" in self.facts.applies_to:
            self.impact.leak(side, bp, half_life_s, now)

    def betrayed(self, sign: str, side: int, qty: int, now: int) -> None:
        """A venue has given away that somebody wants to trade, though nothing was printed."""
        for listener in self.on_sign.get(sign, ()):
            listener(side, qty, now)

    def inform(self, ticks: float, at: int) -> None:
        """News: whatever makes the lit prices jumps at `at`."""
        self.schedule(at, lambda now: self._jump(ticks, now))

    def _jump(self, ticks: float, now: int) -> None:
        for price in self.prices:
            price.jump(ticks, now)


def seconds(value: float) -> int:
    """Seconds as nanoseconds, at least 1: nothing that is scheduled happens at once."""
    return max(1, round(value * NS))
