"""A dark midpoint pool: nothing is shown, and whoever meets trades at the lit midpoint.

Owns latent contra interest, its toxicity and the pool's priority. Knows the lit market only as a
midpoint, possibly an old one. A miss says nothing but that there was no fill.

Contra interest of one side is present or absent: it arrives at rate (1 - p_zero) / (p_zero tau)
while absent and lives tau = `persistence_s` on average. So a probe at a random time finds nothing
with probability p_zero, and interest arrives (1 - p_zero) / tau times a second, as the vocabulary
defines both. When it comes, how long it stays and how large it is does not depend on the router;
what the router has taken is gone until the next arrival. Background orders of the two sides are not
crossed with one another: they are what an order of the router would find.

Toxicity. A share `informed_frac` of contra interest knows that the mid is about to move against us.
When our own trading has moved the price by m spreads, those who would trade against the move know
more often that it will not last: their share is `informed_frac` (1 + min(1, m)), at most twice the
file's and never above 1; without own impact it is the file's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from router.model import BP, NS, OrdType, TimeInForce, VenueType
from venues.conditional import Invitation, Invitations
from venues.floor import PINGS, Floor, seconds
from venues.messages import MIDPOINT_PEG, Invited, OrderState, VenueOrder
from venues.pool import LOT, MEQ_IGNORED_SHARE, Interest, Pool, SizeDraw, within
from venues.venue import (
    ADDED,
    INCORRECT_QUANTITY,
    OTHER,
    REMOVED,
    UNSUPPORTED,
    VenueSim,
    VenueSpec,
)

INVITATION_EXPIRED = "INVITATION_EXPIRED"

_TAKEN_TYPES = frozenset({OrdType.MARKET, OrdType.LIMIT, OrdType.PEGGED})


class DarkSpec(VenueSpec):
    """A midpoint pool."""

    kind: ClassVar[str] = "dark_mid"

    fixed: ClassVar[Mapping[str, str]] = {
        **VenueSpec.fixed,
        "volume_share": "what others print here is set when the session opens",
        "dark.conditional": "invitations that are open would lose their terms",
        "dark.leak.detects": "it is in words, and sets nothing",
    }

    type: Literal["dark_mid"]
    dark: Pool
    while_halted: Literal["queue", "reject"] = "reject"
    """What becomes of new orders during a halt; nothing is crossed then."""

    @property
    def order_qty_min(self) -> int:
        """The pool's minimum."""
        return self.dark.min_exec_qty

    def open(self, floor: Floor) -> DarkVenue:
        """The venue at work."""
        return DarkVenue(self, floor)


class DarkVenue(VenueSim):
    """Interest of both sides, and the midpoint at which it meets."""

    venue_type = VenueType.DARK
    exec_insts = frozenset({MIDPOINT_PEG})

    def __init__(self, spec: DarkSpec, floor: Floor) -> None:
        super().__init__(spec, floor)
        self.pool = spec.dark
        self.queues_while_halted = spec.while_halted == "queue"
        self._sizes = SizeDraw(spec.dark.size)
        self._sides: dict[int, list[Interest]] = {1: [], -1: []}
        self._next_arrival: dict[int, int] = {}
        """By side, while nobody is there."""
        self._present: dict[int, Interest] = {}
        """Background interest by side, until its time is over; its shares may be gone before."""
        self._arrivals = {s: floor.stream(f"{spec.id}/arrivals/{s}") for s in (1, -1)}
        self._prints = floor.stream(f"{spec.id}/prints")
        self._leaks = floor.stream(f"{spec.id}/leaks")
        self._ranks = floor.stream(f"{spec.id}/priority")
        self._meqs = floor.stream(f"{spec.id}/min_qty")
        terms = spec.dark.conditional
        self.takes_conditionals = terms is not None
        self._invitations = (
            Invitations(terms, self._prefix, floor.stream(f"{spec.id}/invitations"))
            if terms is not None
            else None
        )
        self._count = 0

    def change(self, spec: VenueSpec, now: int) -> None:
        """Go on by other terms. Whoever is here stays as long as people stay now, and whoever is
        to come next comes as soon as people come now: what was drawn of a mean keeps its share."""
        super().change(spec, now)
        assert isinstance(spec, DarkSpec)
        absence, life = self.pool.mean_absence_s, self.pool.persistence_s
        self.pool = spec.dark
        self.queues_while_halted = spec.while_halted == "queue"
        self._sizes = SizeDraw(spec.dark.size)
        for side, due in list(self._next_arrival.items()):
            scale = self.pool.mean_absence_s / absence
            self._await_arrival(side, now + round((due - now) * scale))
        for interest in self._present.values():
            scale = self.pool.persistence_s / life
            self._await_leaving(interest, now + round((interest.until - now) * scale))

    # --- orders of the router ----------------------------------------------------------------

    def check(self, order: VenueOrder, now: int) -> tuple[str, str] | None:
        """Market, limit and midpoint-pegged orders of at least the venue's minimum."""
        if order.ord_type not in _TAKEN_TYPES:
            return UNSUPPORTED, f"OrdType {order.ord_type.value} is not taken here"
        if order.time_in_force is TimeInForce.FOK:
            return UNSUPPORTED, "fill-or-kill is not taken here: use IOC with MinQty"
        if order.qty < self.pool.min_exec_qty:
            return INCORRECT_QUANTITY, f"OrderQty is below the minimum of {self.pool.min_exec_qty}"
        return self._conditional_refusal(order)

    def _conditional_refusal(self, order: VenueOrder) -> tuple[str, str] | None:
        if self._invitations is None or not (order.conditional or order.invitation_id):
            return None
        immediate = order.time_in_force is TimeInForce.IOC
        if order.conditional:
            sound = not immediate and not order.invitation_id
            return None if sound else (UNSUPPORTED, "a conditional order rests until it is invited")
        if not immediate:
            return UNSUPPORTED, "a firm-up is immediate or cancel"
        invitation = self._invitations.find(order.invitation_id)
        invited = invitation.state.order if invitation is not None else None
        if invitation is None or invited is None or invited.owner != order.owner:
            return OTHER, f"{INVITATION_EXPIRED} invitation {order.invitation_id} does not stand"
        if invited.side is not order.side:
            return OTHER, "Side is not that of the invitation"
        if order.qty > invitation.qty:
            text = f"OrderQty is above the {invitation.qty} shares of the invitation"
            return INCORRECT_QUANTITY, text
        return None

    def trade(self, order: VenueOrder, now: int) -> None:
        """Look for contra interest, then rest or go."""
        state = self.accept(order, now)
        if order.invitation_id:
            self._firm_up(state, now)
        else:
            self._enter(state, now)

    def withdraw(self, state: OrderState, now: int) -> bool:
        """Out of the pool. A conditional order that is invited declines."""
        side = self._sides[state.order.side.sign]
        side[:] = [each for each in side if each.state is not state]
        invitation = self._invitations.of(state) if self._invitations is not None else None
        if self._invitations is not None and invitation is not None:
            self._invitations.answered(invitation, firmed=False)
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
        """Nothing is shown; but a contra that was held for somebody may meet somebody else now."""
        self._cross(now)

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
        wait = self._arrivals[side].exponential() * self.pool.mean_absence_s
        self._await_arrival(side, now + seconds(wait))

    def _await_arrival(self, side: int, at: int) -> None:
        self._next_arrival[side] = at
        if self.floor.is_open(at):
            self.floor.schedule(at, lambda when: self._arrive_if_due(side, when))

    def _arrive_if_due(self, side: int, now: int) -> None:
        if self._next_arrival.get(side) == now:
            self._arrive(side, now)

    def _arrive(self, side: int, now: int) -> None:
        self._next_arrival.pop(side, None)
        stream = self._arrivals[side]
        size = self._sizes.draw(stream)
        life = stream.exponential() * self.pool.persistence_s
        informed = stream.uniform() < self._informed_prob(side, now)
        ignores = not self.pool.meq_honoured and self._meqs.uniform() < MEQ_IGNORED_SHARE
        self._count += 1
        interest = Interest(side, size, now, self._count, None, informed, ignores)
        self._insert(interest)
        self._present[side] = interest
        self._await_leaving(interest, now + seconds(life))
        self._cross(now)

    def _informed_prob(self, side: int, now: int) -> float:
        """More of those who would trade against a move of ours know that it will not last."""
        bp, mid2 = self.floor.impact.bp(now), self.floor.mid2()
        if not mid2 or bp * side >= 0.0:
            return self.pool.informed_frac
        facts = self.floor.facts
        spread_bp = facts.spread_ticks * facts.tick * 2.0 * BP / mid2
        return min(1.0, self.pool.informed_frac * (1.0 + min(1.0, abs(bp) / spread_bp)))

    def _await_leaving(self, interest: Interest, at: int) -> None:
        interest.until = at
        self.floor.schedule(at, lambda when: self._leave(interest, when))

    def _leave(self, interest: Interest, now: int) -> None:
        if self._present.get(interest.side) is not interest or interest.until != now:
            return  # its stay was changed, or the session is over
        del self._present[interest.side]
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
        """The side's interest, first in priority first; conditional orders come last."""
        free = [each for each in self._sides[side] if not each.held]
        match self.pool.priority:
            case "size_time":
                free.sort(key=lambda each: (-each.leaves, each.number))
            case "random":
                free.sort(key=lambda each: self._ranks.uniform())
            case _:
                free.sort(key=lambda each: each.number)
        return sorted(free, key=lambda each: each.conditional)

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
        """The most that each seller may give the buyer: all it has, or pro rata in whole lots.

        What whole lots leave over goes to the first in priority.
        """
        has = [each.leaves if buyer.state or each.state else 0 for each in sellers]
        total = sum(has)
        if self.pool.priority != "pro_rata" or total <= buyer.leaves:
            return has
        parts = [buyer.leaves * leaves // total // LOT * LOT for leaves in has]
        left = buyer.leaves - sum(parts)
        for index, leaves in enumerate(has):
            more = min(left, leaves - parts[index])
            parts[index] += more
            left -= more
        return parts

    def _pair(self, buyer: Interest, seller: Interest, share: int, mid2: int, now: int) -> None:
        if buyer.held or seller.held:
            return
        qty = min(self._pair_qty(buyer, seller), share)
        if not qty or qty < max(self._minimum(buyer, seller), self._minimum(seller, buyer)):
            return
        if buyer.conditional or seller.conditional:
            self._invite(buyer, seller, mid2, now)
        else:
            self._execute(buyer, seller, qty, mid2, now)

    def _execute(self, buyer: Interest, seller: Interest, qty: int, mid2: int, now: int) -> None:
        px = self._print_px(buyer, seller, mid2, now)
        if not (within(buyer, px) and within(seller, px)):
            return
        self.floor.printed(self.mic, px, qty, 0, now)
        later = max(buyer.number, seller.number)
        for each in (buyer, seller):
            each.leaves -= qty
            if not each.leaves:
                self._sides[each.side].remove(each)
            if each.state is not None:
                liquidity = REMOVED if each.number == later else ADDED
                self.executed(each.state, qty, px, now, liquidity=liquidity, kind="dark_fill")
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
        own = 0 if other.ignores_min_qty else one.min_qty
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

    # --- conditional orders ----------------------------------------------------------------------

    def _invite(self, buyer: Interest, seller: Interest, mid2: int, now: int) -> None:
        """Contra interest meets a conditional order. Orders of the router invite nobody."""
        conditional, contra = (buyer, seller) if buyer.conditional else (seller, buyer)
        if contra.state is not None or not within(conditional, mid2 // 2):
            return
        assert self._invitations is not None
        invitation = self._invitations.invite(conditional, contra, now)
        if invitation is None:
            return
        ref, until = invitation.state.order.order_ref, invitation.expires_at
        name, qty = invitation.invitation_id, invitation.qty
        self.floor.say(Invited(self.mic, now, ref, name, qty, until))
        self.floor.schedule(until, lambda at: self._lapse(invitation, at))

    def _firm_up(self, state: OrderState, now: int) -> None:
        """Trade with the contra that was held, if it is still there; the rest is canceled."""
        assert self._invitations is not None
        invitation = self._invitations.find(state.order.invitation_id)
        assert invitation is not None
        self._invitations.answered(invitation, firmed=True)
        conditional, contra = invitation.conditional, invitation.contra
        self.withdraw(invitation.state, now)
        self.canceled(invitation.state, now, unsolicited=True, text="firmed up")
        firm = Interest(conditional.side, state.leaves_qty, now, conditional.number, state)
        qty, mid2 = self._pair_qty(firm, contra), self.floor.mid2()
        if qty and mid2 and contra in self._sides[contra.side] and self.floor.is_trading(now):
            self._sides[firm.side].append(firm)
            pair = (firm, contra) if firm.side > 0 else (contra, firm)
            self._execute(*pair, qty, mid2, now)
            self.withdraw(state, now)
        if state.is_open:
            self.canceled(state, now, unsolicited=True, text="")
        self._cross(now)

    def _lapse(self, invitation: Invitation, now: int) -> None:
        """An invitation that was not answered ends its order."""
        assert self._invitations is not None
        if self._invitations.find(invitation.invitation_id) is None:
            return
        text = f"{INVITATION_EXPIRED} invitation {invitation.invitation_id}"
        self.withdraw(invitation.state, now)
        self.canceled(invitation.state, now, unsolicited=True, text=text)
        self._cross(now)

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
            side = state.order.side.sign
            self.floor.leaked(side, leak.bp, leak.halflife_s, now)
            self.floor.betrayed(PINGS, side, state.leaves_qty, now)

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
