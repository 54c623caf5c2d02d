"""All venues of one market file under one integer clock: the only door to the simulated market.

Owns the putting together and the order of time: before anything is asked of a venue, everything
that was due has happened. Knows nothing of FIX, sockets or the wall clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from router.model import BP, Side
from venues.adversary import Adversary
from venues.background import Background
from venues.floor import Action, Facts, Floor
from venues.flow import Session
from venues.flow_facts import FlowFacts
from venues.impact import DAY_SECONDS, Impact
from venues.lit import LitSpec, LitVenue
from venues.market_changes import Change
from venues.market_file import MarketSpec
from venues.messages import BookSnapshot, OrderState, VenueMessage, VenueOrder
from venues.misbehaviour import Misbehaviours, Request
from venues.prints import Source, sources
from venues.recording import Replay, read_recording
from venues.schedule import Halt, Happening, Schedule
from venues.transit import Shown, Transit
from venues.venue import VenueSim, price_units


class Market:
    """One simulated market in one symbol.

    `start` is the UTC nanosecond at which the session's beginning (`session.from`, if given) is.
    The market ends with the session: after that `deadline()` is None and orders are rejected.
    """

    def __init__(self, spec: MarketSpec, *, seed: int, start: int) -> None:
        self.spec = spec
        self.symbol = spec.stock.symbol
        hours = spec.session
        open_at = start - (hours.from_ns - hours.start_ns)
        close_at = open_at + hours.end_ns - hours.start_ns
        stock = spec.stock
        facts = Facts(
            symbol=stock.symbol,
            tick=price_units(stock.tick),
            spread_ticks=stock.spread_ticks,
            seed=seed,
            open_at=start,
            close_at=close_at,
            applies_to=frozenset(spec.impact.applies_to),
        )
        impact = Impact(spec.impact.kernel.Y, stock.sigma_day_bp, stock.adv, start)
        self._floor = Floor(facts, impact, start)
        self._venues: dict[str, VenueSim] = {one.id: one.open(self._floor) for one in spec.venues}
        lit = [venue for venue in self._venues.values() if isinstance(venue, LitVenue)]
        self._floor.show(lit)
        for venue in self._venues.values():
            venue.start(start)
        midnight = open_at - hours.start_ns
        self._replay([venue for venue in lit if venue.spec.recording], midnight)
        session = Session(open_at, close_at, hours.u_shape)
        self._background = self._simulated(session, lit)
        self._floor.outbox.clear()
        self.misbehaviours = Misbehaviours(self._floor, self._venues)
        """What the venues are told to do wrong."""
        self._arrived: list[VenueMessage] = []
        self._transit = Transit(self._floor, {one.id: one.latency for one in spec.venues})
        for mic, venue in self._venues.items():
            self._transit.shown[mic] = Shown(venue.snapshot(start))
        self.adversary = self._adversary(lit)
        """Whoever hunts patterns in this market; None if nobody does."""
        self._schedule = Schedule(
            spec.schedule,
            self._floor,
            midnight=midnight,
            change=self._change,
            happen=self._happen,
        )
        if spec.order_qty is not None:
            self._schedule.expect(spec.order_qty)
        self._schedule.start(start)

    # --- what there is -------------------------------------------------------------------------

    @property
    def mics(self) -> tuple[str, ...]:
        """The venues, in the market file's order."""
        return tuple(self._venues)

    def venue(self, mic: str) -> VenueSim:
        """A venue by its MIC.

        Raises:
            KeyError: no such venue in this market.
        """
        return self._venues[mic]

    @property
    def nbbo(self) -> tuple[int, int]:
        """Best bid and offer over the lit venues, 0 where a side is empty."""
        return self._floor.nbbo()

    @property
    def mid2(self) -> int:
        """Bid plus offer over the lit venues, or 0 if there is no market."""
        return self._floor.mid2()

    @property
    def impact_bp(self) -> float:
        """How far the router's trading has moved the efficient price, bp."""
        return self._floor.impact.bp(self._floor.now)

    @property
    def undisturbed_bp(self) -> float:
        """The efficient price as it would be without the router, bp of the market file's price.

        Nothing that the router does changes it. 0 where all that is lit is played from recordings.
        """
        if self._background is None:
            return 0.0
        stock = self.spec.stock
        return self._background.undisturbed * BP * stock.tick / stock.price

    @property
    def now(self) -> int:
        """Up to when everything has happened, UTC nanoseconds."""
        return self._floor.now

    @property
    def closes_at(self) -> int:
        """The session's end, UTC nanoseconds."""
        return self._floor.facts.close_at

    # --- what is asked ---------------------------------------------------------------------------

    def expect(self, order_qty: int) -> None:
        """Say that a parent of so many shares is worked from here on, by whoever sends orders.

        No venue gets to know: parts of a schedule begin when a share of the parent is filled.
        """
        self._schedule.expect(order_qty)

    def submit(self, mic: str, order: VenueOrder, now: int) -> None:
        """Send a venue a new order. Every answer comes by `take()`, when it has arrived.

        Raises:
            UnknownParentError: the schedule waits for a share of a parent, and none is expected.
        """
        self._schedule.check()
        venue = self._venues[mic]
        self._send(mic, now, lambda at: venue.receive(order, at), order)

    def cancel(self, mic: str, order_ref: str, now: int) -> None:
        """Ask a venue to cancel an order."""
        venue = self._venues[mic]
        self._send(mic, now, lambda at: venue.cancel(order_ref, at))

    def replace(self, mic: str, orig_ref: str, new: VenueOrder, now: int) -> None:
        """Ask a venue to give an order new terms and a new reference."""
        venue = self._venues[mic]
        self._send(mic, now, lambda at: venue.replace(orig_ref, new, at))

    def request_quote(
        self,
        mic: str,
        owner: str,
        quote_req_id: str,
        symbol: str,
        side: Side,
        qty: int,
        now: int,
    ) -> None:
        """Ask a dealer for a quote: QuoteIssued or QuoteRefused follows."""
        venue = self._venues[mic]
        self._send(
            mic,
            now,
            lambda at: venue.request_quote(owner, quote_req_id, symbol, side, qty, at),
        )

    def _send(self, mic: str, now: int, action: Action, order: VenueOrder | None = None) -> None:
        request = Request(action, order)
        self._floor.advance(now)
        self._transit.send(mic, now, lambda at: self.misbehaviours.asked(mic, request, at))
        self._transit.collect()

    def subscribe_quotes(self, mic: str, owner: str, now: int) -> None:
        """Stream a dealer's quotes to an owner."""
        self._floor.advance(now)
        self._venues[mic].subscribe_quotes(owner, now)
        self._transit.collect()

    def unsubscribe_quotes(self, mic: str, owner: str, now: int) -> None:
        """End a stream."""
        self._floor.advance(now)
        self._venues[mic].unsubscribe_quotes(owner, now)
        self._transit.collect()

    def snapshot(self, mic: str, now: int) -> BookSnapshot:
        """The displayed book as clients know it: what has arrived by `now` is in it."""
        self.tick(now)
        return self._transit.shown[mic].snapshot(mic, self.symbol, now)

    def open_orders(self, mic: str, owner: str) -> list[OrderState]:
        """An owner's open orders at a venue, oldest first."""
        return self._venues[mic].open_orders(owner)

    def order_state(self, mic: str, order_ref: str) -> OrderState | None:
        """An order's state, or None if the venue does not know it."""
        return self._venues[mic].order_state(order_ref)

    def halt(self, now: int, *, until: int, auction: bool, text: str) -> None:
        """Stop trading at every venue until a time, with a reopening auction or without one."""
        self._floor.advance(now)
        self._floor.halt(now, until=until, auction=auction, text=text)
        self._transit.collect()

    # --- time ------------------------------------------------------------------------------------

    def deadline(self) -> int | None:
        """When something happens or arrives next, UTC nanoseconds; None when all is over."""
        happens, arrives = self._floor.deadline(), self._transit.deadline()
        if arrives is None or (happens is not None and happens < arrives):
            return happens
        return arrives

    def tick(self, now: int) -> None:
        """Let everything happen that is due at `now`."""
        self._floor.advance(now)
        self._transit.collect()
        self._arrived += self._transit.arrivals(now)

    def advance(self, until: int) -> int:
        """Let time pass until something has arrived, at most to `until`; the time that it is."""
        floor, transit = self._floor, self._transit
        while not self._arrived:
            happens, arrives = floor.deadline(), transit.deadline()
            if arrives is not None and arrives <= until and (happens is None or arrives < happens):
                floor.advance(max(arrives, floor.now))
                self._arrived = transit.arrivals(floor.now)
            elif happens is not None and happens <= until:
                floor.advance(happens)
                transit.collect()
            else:
                floor.advance(until)
                break
        return floor.now

    def take(self) -> list[VenueMessage]:
        """Everything that has arrived at the clients since the last call, in order of arrival."""
        self._arrived += self._transit.arrivals(self._floor.now)
        arrived, self._arrived = self._arrived, []
        return arrived

    # --- changes during the run ------------------------------------------------------------------

    def _change(self, changes: Sequence[Change], now: int) -> None:
        """Go on as the market file's market with these changes."""
        spec = self.spec.changed(changes)
        floor, impact = self._floor, spec.impact
        floor.facts = replace(
            floor.facts,
            spread_ticks=spec.stock.spread_ticks,
            applies_to=frozenset(impact.applies_to),
        )
        floor.impact.change(impact.kernel.Y, spec.stock.sigma_day_bp, spec.stock.adv, now)
        for one in spec.venues:
            self._venues[one.id].change(one, now)
            if one.latency is not None:
                self._transit.change(one.id, one.latency)
        if self._background is not None:
            share, parts = _flow_shares(spec)
            self._background.change(_flow_facts(spec, share), parts, _tape(spec), now)

    def _happen(self, happening: Happening, now: int, until: int) -> None:
        detail = happening.detail
        if isinstance(detail, Halt):
            auction = detail.reopening_auction
            self._floor.halt(now, until=until, auction=auction, text=detail.type)
        else:
            self.misbehaviours.start(detail, happening.mic, now, until)

    # --- putting together -------------------------------------------------------------------

    def _replay(self, recorded: list[LitVenue], midnight: int) -> None:
        for venue in recorded:
            source = venue.spec.recording
            assert source is not None
            events = read_recording(source, self.spec.folder)
            replay = Replay(
                venue,
                self._floor,
                events,
                midnight=midnight,
                price=self.spec.stock.price,
                silent_after_s=source.silent_after_s,
            )
            self._floor.prices.append(replay)
            replay.start()

    def _simulated(self, session: Session, lit: list[LitVenue]) -> Background | None:
        """The flow of the lit venues that play no recording, at work."""
        venues = [venue for venue in lit if not venue.spec.recording]
        share, parts = _flow_shares(self.spec)
        if not share:
            return None
        flows = list(zip(venues, parts, strict=True))
        facts = _flow_facts(self.spec, share)
        background = Background(self._floor, facts, session, flows, _tape(self.spec))
        self._floor.prices.append(background)
        background.start(self._floor.now)
        return background

    def _adversary(self, lit: list[LitVenue]) -> Adversary | None:
        spec = self.spec.adversary
        if spec is None or not spec.enabled:
            return None
        assert self._background is not None, "refused when the file was read"
        lot = self.spec.flow.mo_size.lot
        return Adversary(spec, self._floor, self._background, lit, lot)


def _flow_shares(spec: MarketSpec) -> tuple[float, list[float]]:
    """How much of the lit flow is simulated, and how the simulated venues share that."""
    lit = [each for each in spec.venues if isinstance(each, LitSpec)]
    simulated = [each.volume_share for each in lit if not each.recording]
    share = sum(simulated)
    if not share:
        return 0.0, []
    return share / sum(each.volume_share for each in lit), [each / share for each in simulated]


def _tape(spec: MarketSpec) -> list[Source]:
    """What prints away from the books."""
    volume = spec.stock.adv / DAY_SECONDS
    return sources(spec.venues, spec.inaccessible_volume_share, volume)


def _flow_facts(spec: MarketSpec, share: float) -> FlowFacts:
    """The market file's flow in ticks and shares; `share` of it is simulated."""
    stock, flow, size = spec.stock, spec.flow, spec.flow.mo_size
    price_ticks = stock.price / stock.tick
    return FlowFacts(
        price_ticks=price_ticks,
        tick=price_units(stock.tick),
        sigma_ticks_day=stock.sigma_day_bp / 10_000.0 * price_ticks,
        spread_ticks=stock.spread_ticks,
        touch_depth=stock.touch_depth_over_mo * size.mean * share,
        market_orders_per_s=flow.market_orders_per_s * share,
        updates_per_mo=flow.updates_per_mo,
        clustering_cv=flow.clustering_cv,
        acf1=flow.sign_memory.acf1,
        gamma=flow.sign_memory.gamma,
        lot=size.lot,
        p_lot=size.p_lot,
        mean_size=size.mean,
        tail_alpha=size.tail_alpha,
        imbalance_logit=flow.imbalance_logit,
        imbalance_halflife_s=flow.imbalance_halflife_s,
        resilience_halflife_s=spec.impact.level_resilience_halflife_s,
        no_refill_prob=spec.impact.level_no_refill_prob,
    )
