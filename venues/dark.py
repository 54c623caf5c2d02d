"""A dark midpoint pool: nothing is shown, and whoever meets trades at the lit midpoint.

Owns latent contra interest, its toxicity and the pool's priority. Knows the lit market only as a
midpoint, possibly an old one. A miss says nothing but that there was no fill.

Contra interest of one side is present or absent: it arrives at rate (1 - p_zero) / (p_zero tau)
while absent and lives tau = `persistence_s` on average. So a probe at a random time finds nothing
with probability p_zero, and interest arrives (1 - p_zero) / tau times a second, as the vocabulary
defines both. When it comes, how long it stays and how large it is does not depend on the router;
what the router has taken is gone until the next arrival. Background orders of the two sides are not
crossed with one another: they are what an order of the router would find.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from router.model import NS, OrdType, TimeInForce, VenueType
from router.plugin import Plugin
from venues.chance import Stream
from venues.floor import Floor, seconds
from venues.messages import OrderState, VenueOrder
from venues.venue import INCORRECT_QUANTITY, UNSUPPORTED, Leak, VenueSim, VenueSpec

LOT = 100
"""Shares: contra interest comes in whole lots."""

_TAKEN_TYPES = frozenset({OrdType.MARKET, OrdType.LIMIT, OrdType.PEGGED})


class SizeLaw(Plugin):
    """Contra size: P(s) ~ s^-beta on [min, max], shares, in lots."""

    beta: float = Field(ge=0)
    min: int = Field(ge=LOT)
    max: int = Field(ge=LOT)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max < self.min:
            raise ValueError("max must not be below min")
        return self

    @property
    def lots(self) -> range:
        """The sizes, lots."""
        return range(-(-self.min // LOT), self.max // LOT + 1)

    @property
    def weights(self) -> list[float]:
        """Their relative frequencies."""
        return [math.pow(n, -self.beta) for n in self.lots]

    @property
    def mean(self) -> float:
        """Mean size, shares."""
        weights = self.weights
        total = math.fsum(n * w for n, w in zip(self.lots, weights, strict=True))
        return LOT * total / math.fsum(weights)


class Pool(Plugin):
    """The `dark` keys of the vocabulary."""

    p_zero: float = Field(gt=0, lt=1)
    size: SizeLaw
    persistence_s: float = Field(gt=0)
    priority: Literal["size_time", "pro_rata", "random", "time"] = "size_time"
    min_exec_qty: int = Field(default=0, ge=0)
    meq_honoured: bool = True
    """False: background interest trades below an order's MinQty."""
    informed_frac: float = Field(default=0.0, ge=0, le=1)
    informed_move_spreads: float = 0.0
    informed_horizon_s: float = Field(default=1.0, gt=0)
    stale_ref_prob: float = Field(default=0.0, ge=0, le=1)
    stale_ref_ms: float = Field(default=0.0, ge=0)
    leak: Leak | None = None

    def contra_shares(self, seconds_open: float) -> float:
        """Mean contra shares a side that come in so many seconds: what a day can give at most."""
        return seconds_open * (1.0 - self.p_zero) / self.persistence_s * self.size.mean


class DarkSpec(VenueSpec):
    """A midpoint pool."""

    kind: ClassVar[str] = "dark_mid"

    type: Literal["dark_mid"]
    dark: Pool

    @property
    def order_qty_min(self) -> int:
        """The pool's minimum."""
        return self.dark.min_exec_qty

    def open(self, floor: Floor) -> DarkVenue:
        """The venue at work."""
        return DarkVenue(self, floor)


@dataclass(slots=True)
class Interest:
    """Somebody in the pool. `state` is the router's order, None for background interest."""

    side: int
    leaves: int
    since: int
    number: int
    """Arrival order: earlier is smaller."""
    state: OrderState | None = None
    informed: bool = False

    @property
    def min_qty(self) -> int:
        """Shares below which it will not trade."""
        return min(self.state.order.min_qty, self.leaves) if self.state is not None else 0


class DarkVenue(VenueSim):
    """Interest of both sides, and the midpoint at which it meets."""

    venue_type = VenueType.DARK

    def __init__(self, spec: DarkSpec, floor: Floor) -> None:
        super().__init__(spec, floor)
        self.pool = spec.dark
        self._sizes = _SizeDraw(spec.dark.size)
        self._sides: dict[int, list[Interest]] = {1: [], -1: []}
        self._arrivals = {s: floor.stream(f"{spec.id}/arrivals/{s}") for s in (1, -1)}
        self._prints = floor.stream(f"{spec.id}/prints")
        self._leaks = floor.stream(f"{spec.id}/leaks")
        self._ranks = floor.stream(f"{spec.id}/priority")
        self._count = 0

    # --- orders of the router ----------------------------------------------------------------

    def check(self, order: VenueOrder, now: int) -> tuple[str, str] | None:
        """Market, limit and midpoint-pegged orders of at least the venue's minimum."""
        if order.ord_type not in _TAKEN_TYPES:
            return UNSUPPORTED, f"OrdType {order.ord_type.value} is not taken here"
        if order.time_in_force is TimeInForce.FOK:
            return UNSUPPORTED, "fill-or-kill is not taken here: use IOC with MinQty"
        if order.qty < self.pool.min_exec_qty:
            return INCORRECT_QUANTITY, f"OrderQty is below the minimum of {self.pool.min_exec_qty}"
        return None

    def trade(self, order: VenueOrder, now: int) -> None:
        """Look for contra interest, then rest or go."""
        state = self.accept(order, now)
        self._enter(state, now)

    def withdraw(self, state: OrderState, now: int) -> bool:
        """Out of the pool."""
        side = self._sides[state.order.side.sign]
        side[:] = [each for each in side if each.state is not state]
        return True

    def amend(self, state: OrderState, new: VenueOrder, now: int) -> None:
        """New terms queue again; only a smaller quantity keeps the time."""
        old = state.order
        side = self._sides[old.side.sign]
        resting = next((each for each in side if each.state is state), None)
        self.withdraw(state, now)
        self.replaced(state, new, now)
        if not state.is_open:
            return
        if resting is not None and new.price == old.price and state.leaves_qty <= resting.leaves:
            resting.leaves = state.leaves_qty
            self._insert(resting)
            self._cross(now)
        else:
            self._enter(state, now)

    def settle(self, now: int) -> None:
        """Nothing is shown."""

    # --- contra interest ------------------------------------------------------------------------

    def start(self, now: int) -> None:
        """Let interest of both sides come and go, from its stationary state on."""
        super().start(now)
        self.floor.watch(self._cross)
        for side in (1, -1):
            if self._arrivals[side].uniform() >= self.pool.p_zero:
                self._arrive(side, now)
            else:
                self._schedule_arrival(side, now)

    def _schedule_arrival(self, side: int, now: int) -> None:
        pool = self.pool
        mean = pool.p_zero * pool.persistence_s / (1.0 - pool.p_zero)
        at = now + seconds(self._arrivals[side].exponential() * mean)
        if self.floor.is_open(at):
            self.floor.schedule(at, lambda when: self._arrive(side, when))

    def _arrive(self, side: int, now: int) -> None:
        stream = self._arrivals[side]
        size = self._sizes.draw(stream)
        life = stream.exponential() * self.pool.persistence_s
        informed = stream.uniform() < self.pool.informed_frac
        self._count += 1
        interest = Interest(side, size, now, self._count, None, informed)
        self._insert(interest)
        self.floor.schedule(now + seconds(life), lambda at: self._leave(interest, at))
        self._cross(now)

    def _leave(self, interest: Interest, now: int) -> None:
        side = self._sides[interest.side]
        side[:] = [each for each in side if each is not interest]
        self._schedule_arrival(interest.side, now)

    # --- crossing ------------------------------------------------------------------------------

    def _enter(self, state: OrderState, now: int) -> None:
        order = state.order
        self._count += 1
        interest = Interest(order.side.sign, state.leaves_qty, now, self._count, state)
        self._insert(interest)
        self._cross(now)
        if not state.is_open:
            return
        if order.time_in_force is TimeInForce.IOC:
            self._ping(state, now)
            self.withdraw(state, now)
            self.canceled(state, now, unsolicited=True, text="")
        else:
            self._watch_for_leak(state, now)

    def _insert(self, interest: Interest) -> None:
        self._sides[interest.side].append(interest)

    def _ranked(self, side: int) -> list[Interest]:
        """The side's interest, first in priority first."""
        match self.pool.priority:
            case "size_time":
                return sorted(self._sides[side], key=lambda each: (-each.leaves, each.number))
            case "random":
                return sorted(self._sides[side], key=lambda each: self._ranks.uniform())
            case _:
                return sorted(self._sides[side], key=lambda each: each.number)

    def _cross(self, now: int) -> None:
        """Match whoever can meet at the midpoint; at least one of a pair is the router."""
        if not self._open or not (self._sides[1] and self._sides[-1]):
            return
        mid2 = self.floor.mid2()
        if not mid2 or not self.floor.is_open(now):
            return
        buyers, sellers = self._ranked(1), self._ranked(-1)
        for buyer in buyers:
            shares = self._shares(buyer, sellers)
            for seller, share in zip(sellers, shares, strict=True):
                self._pair(buyer, seller, share, mid2, now)

    def _shares(self, buyer: Interest, sellers: list[Interest]) -> list[int]:
        """The most that each seller may give the buyer: all it has, or pro rata in whole lots."""
        total = sum(each.leaves for each in sellers)
        if self.pool.priority != "pro_rata" or total <= buyer.leaves:
            return [each.leaves for each in sellers]
        parts = [buyer.leaves * each.leaves // total // LOT * LOT for each in sellers]
        parts[0] += buyer.leaves - sum(parts)
        return parts

    def _pair(self, buyer: Interest, seller: Interest, share: int, mid2: int, now: int) -> None:
        qty = min(self._pair_qty(buyer, seller), share)
        if not qty or qty < max(self._minimum(buyer, seller), self._minimum(seller, buyer)):
            return
        px = self._print_px(buyer, seller, mid2, now)
        if not (_within(buyer, px) and _within(seller, px)):
            return
        self.floor.printed(self.mic, px, qty, 0, now)
        later = max(buyer.number, seller.number)
        for each in (buyer, seller):
            each.leaves -= qty
            if not each.leaves:
                self._sides[each.side].remove(each)
            if each.state is not None:
                added = each.number != later
                self.executed(each.state, qty, px, now, added=added, kind="dark_fill")
        for each, other in ((buyer, seller), (seller, buyer)):
            if each.informed and other.state is not None:
                self._inform(each.side, now)

    def _pair_qty(self, one: Interest, other: Interest) -> int:
        """Shares that two may trade, 0 if a minimum or the absence of the router forbids it."""
        if one.state is None and other.state is None:
            return 0
        qty = min(one.leaves, other.leaves)
        minimum = max(self._minimum(one, other), self._minimum(other, one))
        return qty if qty >= minimum else 0

    def _minimum(self, one: Interest, other: Interest) -> int:
        own = 0 if other.state is None and not self.pool.meq_honoured else one.min_qty
        return max(own, min(self.pool.min_exec_qty, one.leaves))

    def _print_px(self, buyer: Interest, seller: Interest, mid2: int, now: int) -> int:
        """The midpoint, or with some probability an old one if it is worse for the router."""
        stale = self._prints.uniform() < self.pool.stale_ref_prob
        if stale and (buyer.state is None or seller.state is None):
            old = self.floor.mid2_at(now - round(self.pool.stale_ref_ms / 1000 * NS))
            side = 1 if buyer.state is not None else -1
            if old and side * old > side * mid2:
                mid2 = old
        return mid2 // 2

    # --- what it costs to be there ----------------------------------------------------------------

    def _inform(self, side: int, now: int) -> None:
        """Informed interest knew: the price moves its way within the horizon."""
        ticks = self.pool.informed_move_spreads * self.floor.facts.spread_ticks
        # In the first half, so that the whole move shows in a markout taken at the horizon.
        delay = self._prints.uniform() * self.pool.informed_horizon_s / 2.0
        self.floor.inform(side * ticks, now + seconds(delay))

    def _ping(self, state: OrderState, now: int) -> None:
        leak = self.pool.leak
        if leak is not None and self._leaks.uniform() < leak.prob:
            self.floor.leaked(state.order.side.sign, leak.bp, leak.halflife_s, now)

    def _watch_for_leak(self, state: OrderState, now: int) -> None:
        """A resting order is noticed with a constant hazard a second."""
        leak = self.pool.leak
        if leak is None or not leak.prob:
            return
        at = now + seconds(self._leaks.exponential() / leak.prob)
        if self.floor.is_open(at):
            self.floor.schedule(at, lambda when: self._leaked(state, when))

    def _leaked(self, state: OrderState, now: int) -> None:
        leak = self.pool.leak
        if leak is not None and state.is_open:
            self.floor.leaked(state.order.side.sign, leak.bp, leak.halflife_s, now)
            self._watch_for_leak(state, now)


def _within(interest: Interest, px: int) -> bool:
    """True if the interest may trade at the price."""
    if interest.state is None or interest.state.order.price is None:
        return True
    return interest.side * px <= interest.side * interest.state.order.price


class _SizeDraw:
    """Draws whole lots by inversion of the power law."""

    def __init__(self, law: SizeLaw) -> None:
        self._lots = list(law.lots)
        self._cumulative = list(accumulate(law.weights))

    def draw(self, stream: Stream) -> int:
        """Shares."""
        u = stream.uniform() * self._cumulative[-1]
        return LOT * self._lots[min(bisect_left(self._cumulative, u), len(self._lots) - 1)]
