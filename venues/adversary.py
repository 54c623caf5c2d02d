"""Somebody who looks for an order that is worked in equal pieces, and trades ahead of the next one.

Owns what the adversary watches, when it believes in a pattern, and what it then does. It is a
participant like any other: it knows public prints, and of pings and requests for quotes what a
venue gives away; never owners, orders or anybody's state. What it learns and what it sends takes
time. Its orders take from the books and move the price as background takers' do.

A pattern is a run of `min_events` market orders of one side and of nearly one size, the last of
which has just been seen, with coefficients of variation (population standard deviation over mean)
of sizes and of the times between them below the thresholds.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, Protocol, Self

from pydantic import Field, model_validator

from router.model import NS
from router.plugin import Plugin
from venues.chance import Stream
from venues.floor import PINGS, QUOTE_REQUESTS, Floor, seconds
from venues.latency import Channel
from venues.lit import LitVenue
from venues.matching import BookEvent, Traded

PUBLIC_PRINTS: Literal["public_prints"] = "public_prints"

EVENTS_MAX = 4096
"""Market orders of a side that are remembered."""

SAME_ORDER_NS = 5_000_000
"""Prints of one side within so long of the first are pieces of one order to several venues."""

SIZE_REACH = 2.0
"""Sizes within so many times `size_cv_max` of the last one are of nearly one size: with a normal
spread of that coefficient, 95 % are."""

CHILDREN_HELD_MAX = 5
"""It holds at most so many times what it trades ahead of one child: it is no investor."""


class Detects(Plugin):
    """When a pattern is believed: the `adversary.detects` keys."""

    min_events: int = Field(ge=3, le=100)
    """Market orders of one side and nearly one size, the last one included."""
    size_cv_max: float = Field(ge=0, le=1)
    spacing_cv_max: float = Field(ge=0, le=1)
    window_s: float = Field(default=1800.0, gt=0)
    """How far back it looks."""
    prob: float = Field(default=1.0, gt=0, le=1)
    """That it acts on a pattern that is there, each time."""


class Action(Plugin):
    """What is done about it: the `adversary.action` keys."""

    trade_ahead_fraction_of_child: float = Field(gt=0, le=10)
    lead_ms: float = Field(ge=0)
    """How long before the next child is expected."""
    unwinds_after_s: float = Field(gt=0)


class Reach(Plugin):
    """How far it is from the venues, one way, milliseconds."""

    p50_ms: float = Field(default=1.0, gt=0)
    p99_ms: float = Field(default=5.0, gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.p99_ms < self.p50_ms:
            raise ValueError("p50_ms must be at most p99_ms")
        return self


class AdversarySpec(Plugin):
    """The `adversary` keys."""

    enabled: bool
    watches: tuple[Literal["public_prints", "pings", "quote_requests"], ...] = (PUBLIC_PRINTS,)
    detects: Detects | None = None
    action: Action | None = None
    latency: Reach = Reach()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.enabled and (self.detects is None or self.action is None or not self.watches):
            raise ValueError("an enabled adversary needs watches, detects and action")
        return self


@dataclass(frozen=True, slots=True)
class Expected:
    """The next child, as a pattern foretells it."""

    side: int
    qty: float
    """Shares."""
    at: int
    """UTC nanoseconds."""


class Pattern:
    """The market orders of one side, and whether they have a pattern."""

    def __init__(self, side: int, terms: Detects) -> None:
        self._side = side
        self._terms = terms
        self._seen: deque[tuple[int, int]] = deque(maxlen=EVENTS_MAX)

    def see(self, at: int, qty: int) -> Expected | None:
        """One more order; the next one that is expected if there is a pattern now."""
        terms, seen = self._terms, self._seen
        seen.append((at, qty))
        oldest = at - seconds(terms.window_s)
        while seen[0][0] < oldest:
            seen.popleft()
        reach = SIZE_REACH * terms.size_cv_max * qty
        alike = [event for event in seen if abs(event[1] - qty) <= reach][-terms.min_events :]
        if len(alike) < terms.min_events:
            return None
        times, sizes = [event[0] for event in alike], [event[1] for event in alike]
        spacings = [later - earlier for earlier, later in pairwise(times)]
        if variation(sizes) > terms.size_cv_max or variation(spacings) > terms.spacing_cv_max:
            return None
        mean_size, mean_spacing = sum(sizes) / len(sizes), sum(spacings) / len(spacings)
        return Expected(self._side, mean_size, at + round(mean_spacing))


def variation(values: Sequence[int]) -> float:
    """Population standard deviation over mean; infinite for a mean of 0."""
    mean = sum(values) / len(values)
    if not mean:
        return math.inf
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values)) / mean


class Takers(Protocol):
    """Whoever takes from the lit books for the adversary: the background's way to the market."""

    def take(self, side: int, qty: int, now: int) -> int:
        """A market order; the shares that it found."""


class Adversary:
    """The adversary of one market."""

    def __init__(
        self, spec: AdversarySpec, floor: Floor, takers: Takers, books: Sequence[LitVenue], lot: int
    ) -> None:
        """`lot` is what its orders are whole numbers of."""
        assert spec.detects is not None
        assert spec.action is not None
        self._action = spec.action
        self._prob = spec.detects.prob
        self._floor = floor
        self._takers = takers
        self._lot = lot
        self._patterns = {side: Pattern(side, spec.detects) for side in (1, -1)}
        self._pieces: dict[int, list[int]] = {}
        """By side, the order that is being seen: when it began and its shares so far."""
        self._ahead: dict[int, bool] = {1: False, -1: False}
        self._trading = False
        self._notice: Stream = floor.stream("adversary/notice")
        reach, seed = spec.latency, floor.facts.seed
        self._hears = Channel(seed, "adversary/latency/data", reach.p50_ms, reach.p99_ms)
        self._sends = Channel(seed, "adversary/latency/orders", reach.p50_ms, reach.p99_ms)
        self.patterns = 0
        """Times that a pattern was there."""
        self.traded = 0
        """Shares traded ahead."""
        self.held = 0
        """Shares held (+) or owed (-)."""
        if PUBLIC_PRINTS in spec.watches:
            for book in books:
                book.on_events.append(self._printed)
        for sign in (PINGS, QUOTE_REQUESTS):
            if sign in spec.watches:
                floor.on_sign.setdefault(sign, []).append(self._see_order)

    # --- watching --------------------------------------------------------------------------------

    def _printed(self, now: int, events: list[BookEvent]) -> None:
        if self._trading:
            return  # its own
        for event in events:
            if type(event) is Traded:
                self._see_order(event.taker_side, event.qty, now)

    def _see_order(self, side: int, qty: int, now: int) -> None:
        pieces = self._pieces.get(side)
        if pieces is not None and now - pieces[0] <= SAME_ORDER_NS:
            pieces[1] += qty
            return
        self._pieces[side] = pieces = [now, qty]
        whole = now + SAME_ORDER_NS
        # What it hears last it hears when the order is over: then it knows its size.
        self._later(self._hears.arrival(whole), lambda at: self._judge(side, pieces, at))

    def _judge(self, side: int, order: list[int], now: int) -> None:
        began, qty = order
        expected = self._patterns[side].see(began, qty)
        if expected is None:
            return
        self.patterns += 1
        if self._notice.uniform() >= self._prob or self._ahead[side]:
            return
        self._ahead[side] = True
        leaves = expected.at - round(self._action.lead_ms / 1000 * NS)
        self._later(max(now, leaves), lambda at: self._send(expected, at))

    # --- trading -------------------------------------------------------------------------------

    def _send(self, expected: Expected, now: int) -> None:
        self._later(self._sends.arrival(now), lambda at: self._trade_ahead(expected, at))

    def _trade_ahead(self, expected: Expected, now: int) -> None:
        self._ahead[expected.side] = False
        lots = expected.qty * self._action.trade_ahead_fraction_of_child / self._lot
        qty = max(1, round(lots)) * self._lot
        room = CHILDREN_HELD_MAX * qty - expected.side * self.held
        filled = self._take(expected.side, min(qty, room // self._lot * self._lot), now)
        self.traded += filled
        if filled:
            at = now + seconds(self._action.unwinds_after_s)
            self._later(at, lambda when: self._unwind(-expected.side, filled, when))

    def _unwind(self, side: int, qty: int, now: int) -> None:
        """Give back; what finds nobody is tried again after as long."""
        left = qty - self._take(side, qty, now)
        if left:
            at = now + seconds(self._action.unwinds_after_s)
            self._later(at, lambda when: self._unwind(side, left, when))

    def _take(self, side: int, qty: int, now: int) -> int:
        if qty <= 0 or not self._floor.is_trading(now):
            return 0
        self._trading = True
        filled = self._takers.take(side, qty, now)
        self._trading = False
        self.held += side * filled
        return filled

    def _later(self, at: int, action: Callable[[int], None]) -> None:
        if self._floor.is_open(at):
            self._floor.schedule(at, action)
