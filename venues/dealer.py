"""A single dealer: quotes around the lit touch, streamed or on request, and a last look.

Owns the dealer's prices, inventory and what the dealer thinks of the router's flow. Knows the lit
market only as its touch.

A quote is two-sided: touch + markup + skew, in fractions of a tick where the parameters say so. An
order names a quote, waits `hold_ms`, and is dealt at the quoted price iff the market has moved by
less than the threshold against the dealer (symmetric: either way; or at a better price after a move
in the dealer's favour) and the dealer does not refuse for no stated reason (`base_reject_prob`). A
refused order is answered with LAST_LOOK.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from router.model import NS, OrdType, Side, VenueType
from venues.dealer_terms import Skew, Terms
from venues.floor import QUOTE_REQUESTS, Floor, seconds
from venues.messages import (
    CancelRefused,
    OrderState,
    QuoteIssued,
    QuoteRefused,
    QuoteWithdrawn,
    VenueOrder,
)
from venues.venue import (
    DUPLICATE_ORDER,
    INCORRECT_QUANTITY,
    OTHER,
    REMOVED,
    TOO_LATE,
    UNSUPPORTED,
    VenueSim,
    VenueSpec,
)

QUOTE_LIFE_NS = 10 * NS
"""How long a quote stands; a streamed one is renewed at half of it."""

SUPERSEDED_LIFE_NS = NS
"""How long a quote may be named after its successor, where a last look protects the dealer."""

QUOTES_KEPT_MAX = 1024
"""Quotes that an order may still name; the oldest is forgotten first."""

MARKOUT_NS = 10 * NS
"""When the dealer looks back at a fill."""

LAST_LOOK = "LAST_LOOK"
QUOTE_EXPIRED = "QUOTE_EXPIRED"


class DealerSpec(VenueSpec):
    """A single-dealer platform."""

    kind: ClassVar[str] = "sdp"

    fixed: ClassVar[Mapping[str, str]] = {
        **VenueSpec.fixed,
        "volume_share": "what others print here is set when the session opens",
        "sdp.leak.detects": "it is in words, and sets nothing",
    }

    type: Literal["sdp"]
    sdp: Terms

    def open(self, floor: Floor) -> DealerVenue:
        """The venue at work."""
        return DealerVenue(self, floor)


@dataclass(slots=True)
class _Quote:
    """A quote that the dealer stands by, with what the market was when it was made."""

    issued: QuoteIssued
    mid2: int
    bid_left: int
    offer_left: int
    dead_at: int


class DealerVenue(VenueSim):
    """One dealer, quoting to whoever subscribes or asks."""

    venue_type = VenueType.DEALER

    def __init__(self, spec: DealerSpec, floor: Floor) -> None:
        super().__init__(spec, floor)
        self.terms = spec.sdp
        self._quotes: dict[str, _Quote] = {}
        self._streamed: dict[str, _Quote] = {}
        self._held: dict[str, VenueOrder] = {}
        self._judgement = floor.stream(f"{spec.id}/judgement")
        self._leaks = floor.stream(f"{spec.id}/leaks")
        self._requests = floor.stream(f"{spec.id}/requests")
        self._refresh_due = False
        self._renewal_due = False
        self._quote_count = 0
        self._inventory = 0.0
        self._inventory_at = floor.now
        response = spec.sdp.toxicity_response
        self._losses: deque[float] = deque(maxlen=response.window_fills if response else 1)
        self._streak = 0

    def start(self, now: int) -> None:
        """Follow the lit touch."""
        super().start(now)
        self.floor.watch(self._schedule_refresh)

    def change(self, spec: VenueSpec, now: int) -> None:
        """Go on by other terms; quotes that stand keep theirs until the next refresh."""
        super().change(spec, now)
        assert isinstance(spec, DealerSpec)
        if self.terms.skew is not None:
            self._inventory_left(self.terms.skew, now)
        self._inventory_at = now
        self.terms = spec.sdp
        response = spec.sdp.toxicity_response
        self._losses = deque(self._losses, maxlen=response.window_fills if response else 1)
        self._schedule_refresh(now)

    def halted(self, now: int, text: str) -> None:
        """Every quote is dead; orders that the dealer looks at will find no market."""
        super().halted(now, text)
        owners = {each.issued.owner: None for each in self._quotes.values() if each.dead_at > now}
        self._quotes.clear()
        self._streamed.clear()
        for owner in owners:
            self.floor.say(QuoteWithdrawn(self.mic, now, owner, "", self.floor.facts.symbol))

    # --- quoting -------------------------------------------------------------------------------

    def subscribe_quotes(self, owner: str, now: int) -> None:
        """Quote at once, then whenever the price changes, at most every `refresh_ms`."""
        super().subscribe_quotes(owner, now)
        self._stream_to(owner, now)
        self._schedule_renewal(now)

    def unsubscribe_quotes(self, owner: str, now: int) -> None:
        """No more quotes; those that stand keep their time."""
        super().unsubscribe_quotes(owner, now)
        self._streamed.pop(owner, None)

    def request_quote(
        self, owner: str, quote_req_id: str, symbol: str, side: str, qty: int, now: int
    ) -> None:
        """Quote up to the dealer's largest size, or say that there is no price."""
        size, extra_ticks = self.terms.rung(qty)
        prices = self._prices(now, extra_ticks) if self.floor.is_open(now) else None
        breach = self.message_breach(owner, now)
        if breach is not None:
            _, refusal = breach
        elif symbol != self.floor.facts.symbol:
            refusal = f"symbol {symbol} is not quoted here"
        elif qty <= 0:
            refusal = "OrderQty must be positive"
        elif prices is None:
            refusal = "no market to quote from"
        else:
            self._issue(owner, quote_req_id, prices, size, now)
            self._tell_of_request(side, qty, now)
            return
        self.floor.say(QuoteRefused(self.mic, now, owner, quote_req_id, symbol, refusal))

    def _tell_of_request(self, side: str, qty: int, now: int) -> None:
        """A request of one side is given away as often as an order is."""
        leak = self.terms.leak
        if leak is not None and side and self._requests.uniform() < leak.prob:
            self.floor.betrayed(QUOTE_REQUESTS, Side(side).sign, qty, now)

    def _schedule_refresh(self, now: int) -> None:
        if self._subscribers and not self._refresh_due:
            self._refresh_due = True
            grid = seconds(self.terms.refresh_ms / 1000)
            self.floor.schedule(now - now % grid + grid, self._refresh)

    def _refresh(self, now: int) -> None:
        self._refresh_due = False
        for owner in self._subscribers:
            self._stream_to(owner, now)

    def _schedule_renewal(self, now: int) -> None:
        at = now + QUOTE_LIFE_NS // 2
        if self.floor.is_open(at) and not self._renewal_due:
            self._renewal_due = True
            self.floor.schedule(at, self._renew)

    def _renew(self, now: int) -> None:
        self._renewal_due = False
        self._prune(now)
        for owner in self._subscribers:
            live = self._streamed.get(owner)
            if live is None or live.issued.valid_until - now <= QUOTE_LIFE_NS // 2:
                self._streamed.pop(owner, None)
                self._stream_to(owner, now)
        if self._subscribers:
            self._schedule_renewal(now)

    def _stream_to(self, owner: str, now: int) -> None:
        """A new quote if the price or the size is another than before."""
        prices = self._prices(now) if self.floor.is_open(now) else None
        before = self._streamed.get(owner)
        if prices is None:
            if before is not None:
                self._withdraw_stream(owner, before, now)
            return
        if before is not None:
            sizes = before.bid_left, before.offer_left
            same = prices == (before.issued.bid_px, before.issued.offer_px)
            if same and sizes == (self.terms.size, self.terms.size):
                return
            self._supersede(before, now)
        self._streamed[owner] = self._issue(owner, "", prices, self.terms.size, now)

    def _withdraw_stream(self, owner: str, before: _Quote, now: int) -> None:
        del self._streamed[owner]
        before.dead_at = now
        quote_id = before.issued.quote_id
        self.floor.say(QuoteWithdrawn(self.mic, now, owner, quote_id, self.floor.facts.symbol))

    def _supersede(self, quote: _Quote, now: int) -> None:
        """Orders that are under way may still name the quote; a firm one only for one refresh."""
        firm = self.terms.last_look.mode == "firm"
        grace = seconds(self.terms.refresh_ms / 1000) if firm else SUPERSEDED_LIFE_NS
        quote.dead_at = min(quote.dead_at, now + grace)

    def _issue(
        self, owner: str, quote_req_id: str, prices: tuple[int, int], size: int, now: int
    ) -> _Quote:
        self._quote_count += 1
        bid, offer = prices
        issued = QuoteIssued(
            mic=self.mic,
            at=now,
            owner=owner,
            quote_id=f"{self._prefix}-Q{self._quote_count}",
            quote_req_id=quote_req_id,
            symbol=self.floor.facts.symbol,
            bid_px=bid,
            bid_size=size,
            offer_px=offer,
            offer_size=size,
            valid_until=now + QUOTE_LIFE_NS,
        )
        quote = _Quote(issued, self.floor.mid2(), size, size, issued.valid_until)
        self._quotes[issued.quote_id] = quote
        if len(self._quotes) > QUOTES_KEPT_MAX:
            del self._quotes[next(iter(self._quotes))]
        self.floor.say(issued)
        return quote

    def _prune(self, now: int) -> None:
        dead = [key for key, quote in self._quotes.items() if quote.dead_at <= now]
        for key in dead:
            del self._quotes[key]

    def _prices(self, now: int, extra_ticks: float = 0.0) -> tuple[int, int] | None:
        """Bid and offer: touch, markup and skew. None without a two-sided lit market."""
        bid, offer = self.floor.nbbo()
        if not (bid and offer and bid <= offer):
            return None
        tick = self.floor.facts.tick
        markup = (self.terms.markup_ticks + extra_ticks + self._answer()) * tick
        skew = self._skew_ticks(now) * tick
        low, high = round(bid - markup + skew), round(offer + markup + skew)
        if low >= high:
            # Markups deep inside a narrow touch: half a hundredth of a tick around the middle.
            low, high = (low + high) // 2 - tick // 200, (low + high) // 2 + tick // 200
        return low, high

    def _skew_ticks(self, now: int) -> float:
        """A dealer who has sold asks more, and bids more."""
        skew = self.terms.skew
        if skew is None:
            return 0.0
        return round(-self._inventory_left(skew, now) / 1000.0 * skew.ticks_per_kshare, 2)

    def _inventory_left(self, skew: Skew, now: int) -> float:
        """Shares held (+) or owed (-), decayed up to `now`."""
        self._inventory *= 0.5 ** ((now - self._inventory_at) / NS / skew.inventory_halflife_s)
        self._inventory_at = now
        return self._inventory

    def _answer(self) -> float:
        """Markup in ticks for what the router's fills have cost, and for one-sided flow."""
        response = self.terms.toxicity_response
        if response is None:
            return 0.0
        lost = sum(self._losses) / len(self._losses) if self._losses else 0.0
        streak = max(0, abs(self._streak) - 1) * response.same_side_streak_markup_ticks
        return round(max(0.0, lost) * response.markup_ticks_per_spread_lost + streak, 2)

    # --- orders -----------------------------------------------------------------------------------

    def check(self, order: VenueOrder, now: int) -> tuple[str, str] | None:
        """Orders on a quote that stands, for what is left of it."""
        if order.ord_type is not OrdType.PREVIOUSLY_QUOTED or not order.quote_id:
            return UNSUPPORTED, "only orders on a quote are taken here"
        if order.order_ref in self._held:
            return DUPLICATE_ORDER, "duplicate order reference"
        quote = self._quotes.get(order.quote_id)
        if quote is None or quote.dead_at <= now or quote.issued.owner != order.owner:
            return OTHER, f"{QUOTE_EXPIRED} quote {order.quote_id} does not stand"
        side = order.side.sign
        left = quote.offer_left if side > 0 else quote.bid_left
        if order.qty > left:
            return INCORRECT_QUANTITY, f"OrderQty is above the {left} shares of the quote"
        px = _px(quote, side)
        if order.price is not None and side * order.price < side * px:
            return OTHER, f"{QUOTE_EXPIRED} Price is not the quoted one"
        return None

    def trade(self, order: VenueOrder, now: int) -> None:
        """Reserve the quote's shares, hold, then judge."""
        quote = self._quotes[order.quote_id]
        if order.side.sign > 0:
            quote.offer_left -= order.qty
        else:
            quote.bid_left -= order.qty
        hold = round(self.terms.last_look.hold_ms / 1000 * NS)
        if hold == 0 or self.terms.last_look.mode == "firm":
            self._judge(order, quote, now)
            return
        self._held[order.order_ref] = order
        self.floor.schedule(now + hold, lambda at: self._judge_held(order, quote, at))

    def cancel(self, order_ref: str, now: int) -> None:
        """An order is with the dealer or done: never open."""
        self._refuse_if_held(order_ref, now)

    def replace(self, orig_ref: str, new: VenueOrder, now: int) -> None:
        """As for a cancel."""
        self._refuse_if_held(orig_ref, now)

    def withdraw(self, state: OrderState, now: int) -> bool:
        """Nothing rests here."""
        return False

    def amend(self, state: OrderState, new: VenueOrder, now: int) -> None:
        """Nothing rests here."""

    def settle(self, now: int) -> None:
        """Quotes are sent when they change, not here."""

    def _refuse_if_held(self, order_ref: str, now: int) -> None:
        if order_ref in self._held:
            text = "the dealer is looking"
            self.floor.say(CancelRefused(self.mic, now, order_ref, TOO_LATE, text))
        else:
            self.refuse_cancel(order_ref, now)

    def _judge_held(self, order: VenueOrder, quote: _Quote, now: int) -> None:
        del self._held[order.order_ref]
        self._judge(order, quote, now)

    def _judge(self, order: VenueOrder, quote: _Quote, now: int) -> None:
        refusal = self._last_look(order, quote)
        if refusal:
            self.reject(order, OTHER, f"{LAST_LOOK} {refusal}", now)
        else:
            self._deal(order, quote, now)
        self._leak(order, now)
        self._schedule_refresh(now)

    def _last_look(self, order: VenueOrder, quote: _Quote) -> str:
        """Why the dealer refuses, or an empty string."""
        look = self.terms.last_look
        if look.mode == "firm":
            return ""
        if self._judgement.uniform() < look.base_reject_prob:
            return "not accepted"
        mid2 = self.floor.mid2()
        if not mid2 or not quote.mid2:
            return "no market"
        # Positive: the dealer would sell below, or buy above, what the market is now.
        against = order.side.sign * (mid2 - quote.mid2) / (2.0 * self.floor.facts.tick)
        if against and against >= look.threshold_ticks:
            return "price moved"
        favours = against and -against >= look.threshold_ticks
        if favours and look.mode == "symmetric" and look.favourable == "reject":
            return "price moved"
        return ""

    def _dealt_px(self, quote: _Quote, side: int) -> int:
        """The quoted price, or a better one after a move in the dealer's favour."""
        look, moved = self.terms.last_look, self.floor.mid2() - quote.mid2
        beyond = -side * moved / (2.0 * self.floor.facts.tick) >= look.threshold_ticks
        improves = look.favourable == "improve" and side * moved < 0 and beyond
        return _px(quote, side) + (moved // 2 if improves else 0)

    def _deal(self, order: VenueOrder, quote: _Quote, now: int) -> None:
        side = order.side.sign
        state = self.accept(order, now)
        px = self._dealt_px(quote, side)
        self.executed(state, order.qty, px, now, liquidity=REMOVED, kind="sdp_fill")
        self.floor.printed(self.mic, px, order.qty, side, now)
        if self.terms.skew is not None:
            self._inventory = self._inventory_left(self.terms.skew, now) - side * order.qty
        self._streak = self._streak + side if self._streak * side > 0 else side
        mid2 = self.floor.mid2()
        if self.terms.toxicity_response is not None and mid2:
            self.floor.schedule(now + MARKOUT_NS, lambda at: self._look_back(side, mid2, at))

    def _look_back(self, side: int, mid2: int, now: int) -> None:
        """What a fill has cost the dealer since, in spreads."""
        later = self.floor.mid2()
        if later:
            spread2 = 2.0 * self.floor.facts.spread_ticks * self.floor.facts.tick
            self._losses.append(side * (later - mid2) / spread2)

    def _leak(self, order: VenueOrder, now: int) -> None:
        """After a fill and after a reject alike the dealer may trade ahead."""
        leak = self.terms.leak
        if leak is not None and self._leaks.uniform() < leak.prob:
            self.floor.leaked(order.side.sign, leak.bp, leak.halflife_s, now)


def _px(quote: _Quote, side: int) -> int:
    return quote.issued.offer_px if side > 0 else quote.issued.bid_px
