"""The places where a parent's next shares could go now: one candidate per venue and tactic.

Owns which (venue, tactic) pairs are open at a price within the parent's limit, at what price and
up to how many shares. Must not know rules, limits or scores: they narrow, refuse and rank later.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import msgspec

from router.core.books import Market
from router.model import Arm, Instrument, Quote, Side, Tactic, Venue
from router.ports import Candidate, MarketView, ParentView


class _Scene(msgspec.Struct, frozen=True):
    """What every tactic looks at."""

    parent: ParentView
    instrument: Instrument
    market: Market
    view: MarketView
    now: int
    asked: Collection[str]

    @property
    def buys(self) -> bool:
        return self.parent.side is Side.BUY

    def within_limit(self, px: int) -> bool:
        """True if the parent may trade at the price."""
        limit = self.parent.price
        return limit is None or (px <= limit if self.buys else px >= limit)


def candidates(
    parent: ParentView,
    instrument: Instrument,
    venues: Sequence[Venue],
    market: Market,
    now: int,
    *,
    open_mics: Collection[str],
    asked: Collection[str],
    tactics: Collection[Tactic] = tuple(Tactic),
) -> list[Candidate]:
    """Every candidate, in the order of venues and, within a venue, of its tactics among `tactics`.

    `open_mics` are the venues that may take new risk, `asked` those that still owe this parent an
    answer to a QuoteRequest(R). A cap starts at the parent's free quantity, or at the quote's size.
    """
    if parent.free_qty == 0:
        return []
    view = market.view(parent.symbol, now, 0)
    scene = _Scene(parent, instrument, market, view, now, asked)
    found = []
    for venue in venues:
        if venue.mic not in open_mics or market.halted(parent.symbol, venue.mic):
            continue
        for tactic in venue.tactics:
            if tactic not in tactics:
                continue
            candidate = _TACTICS[tactic](scene, venue)
            if candidate is not None and candidate.cap > 0:
                found.append(candidate)
    return found


def usable(quote: Quote | None, parent: ParentView, now: int) -> tuple[int, int] | None:
    """Price and size of the quote's side that the parent could hit now, else None."""
    if quote is None or quote.valid_until <= now:
        return None
    buys = parent.side is Side.BUY
    px, size = (quote.offer_px, quote.offer_size) if buys else (quote.bid_px, quote.bid_size)
    if px <= 0 or size <= 0:
        return None
    if parent.price is not None and (px > parent.price if buys else px < parent.price):
        return None
    return px, size


def _lit_take(scene: _Scene, venue: Venue) -> Candidate | None:
    """IOC at the far touch of a book that is not stale."""
    book = scene.market.book(scene.parent.symbol, venue.mic)
    if book is None or book.stale:
        return None
    px, qty = (book.offer, book.offer_qty) if scene.buys else (book.bid, book.bid_qty)
    if qty == 0 or not scene.within_limit(px):
        return None
    return _candidate(scene, venue, Tactic.LIT_TAKE, px, qty)


def _lit_make(scene: _Scene, venue: Venue) -> Candidate | None:
    """A limit order at the near touch, or at the parent's limit if that is less aggressive.

    `displayed` is the queue ahead: shares of our own side at that price or better.
    """
    book = scene.market.book(scene.parent.symbol, venue.mic)
    if book is None or book.stale:
        return None
    near = (book.bid if scene.buys else book.offer) or (
        scene.view.bid if scene.buys else scene.view.offer
    )
    far = book.offer if scene.buys else book.bid
    if not near:
        return None
    px = near if scene.within_limit(near) else _on_tick(scene)
    if px <= 0 or (far and (px >= far if scene.buys else px <= far)):
        return None  # it would take, and a make fee was promised
    other = Side.SELL if scene.buys else Side.BUY
    return _candidate(scene, venue, Tactic.LIT_MAKE, px, book.depth(other, px), fee=venue.make_fee)


def _on_tick(scene: _Scene) -> int:
    """The parent's limit, on the tick that does not go beyond it; 0 without a limit."""
    limit, tick = scene.parent.price or 0, scene.instrument.tick
    return limit - limit % tick if scene.buys else limit + -limit % tick


def _dark_mid(scene: _Scene, venue: Venue) -> Candidate | None:
    """A midpoint order with the parent's limit; none while the midpoint is beyond that limit."""
    mid2, limit = scene.view.mid2, scene.parent.price
    if not mid2 or scene.parent.free_qty < venue.min_qty:
        return None
    if limit is not None and (2 * limit < mid2 if scene.buys else 2 * limit > mid2):
        return None
    return _candidate(scene, venue, Tactic.DARK_MID, limit, 0)


def _dealer_quote(scene: _Scene, venue: Venue) -> Candidate | None:
    """Hit the streamed quote on our side."""
    quote = scene.market.quote(scene.parent.symbol, venue.mic)
    found = usable(quote, scene.parent, scene.now)
    if found is None:
        return None
    return _candidate(scene, venue, Tactic.DEALER_QUOTE, found[0], found[1], size=found[1])


def _dealer_rfq(scene: _Scene, venue: Venue) -> Candidate | None:
    """Hit the dealer's answer if there is a usable one; else ask, unless asked or streaming.

    The price of a question is the far touch, or the parent's limit without one: what an answer is
    expected to cost. Without either there is nothing to judge an answer by, and nothing is asked.
    """
    symbol, mic, view = scene.parent.symbol, venue.mic, scene.view
    answer = scene.market.answer(symbol, mic)
    hit = usable(answer, scene.parent, scene.now)
    if hit is not None:
        return _candidate(scene, venue, Tactic.DEALER_RFQ, hit[0], hit[1], size=hit[1])
    if answer is not None and answer.valid_until > scene.now:
        return None  # it has answered: not at our price, or not on our side
    streams = usable(scene.market.quote(symbol, mic), scene.parent, scene.now) is not None
    if mic in scene.asked or (streams and Tactic.DEALER_QUOTE in venue.tactics):
        return None
    far, limit = view.offer if scene.buys else view.bid, scene.parent.price
    px = far if far and scene.within_limit(far) else limit
    if not px:
        return None
    return _candidate(scene, venue, Tactic.DEALER_RFQ, px, 0)


def _candidate(
    scene: _Scene,
    venue: Venue,
    tactic: Tactic,
    price: int | None,
    displayed: int,
    *,
    size: int | None = None,
    fee: int | None = None,
) -> Candidate:
    free = scene.parent.free_qty
    return Candidate(
        arm=Arm(venue.mic, tactic),
        venue_type=venue.venue_type,
        price=price,
        displayed=displayed,
        cap=free if size is None else min(free, size),
        fee=venue.take_fee if fee is None else fee,
    )


_TACTICS: dict[Tactic, Callable[[_Scene, Venue], Candidate | None]] = {
    Tactic.LIT_TAKE: _lit_take,
    Tactic.LIT_MAKE: _lit_make,
    Tactic.DARK_MID: _dark_mid,
    Tactic.DEALER_QUOTE: _dealer_quote,
    Tactic.DEALER_RFQ: _dealer_rfq,
}
