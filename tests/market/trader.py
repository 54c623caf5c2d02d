"""Somebody who trades straight at the venues of a market, without a router, and keeps accounts.

Owns the legs that checks are made of: taking, resting, the dark, dealers. For markets whose
messages take no time.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from router.model import NS, OrdType, Side, TimeInForce, VenueType
from venues.market import Market
from venues.messages import (
    MIDPOINT_PEG,
    Canceled,
    Executed,
    Expired,
    OrderMessage,
    QuoteIssued,
    Rejected,
    VenueOrder,
)
from venues.venue import ADDED

OWNER = "ME"
ROUNDS_MAX = 1000


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution."""

    at: int
    mic: str
    sign: int
    qty: int
    px: int
    added: bool


@dataclass(frozen=True, slots=True)
class Take:
    """Shares that were taken on the lit books at one moment."""

    at: int
    sign: int
    qty: int
    mid2: int
    """Just before; 0 without a market of two sides."""


@dataclass(slots=True)
class Trader:
    """One account in one market."""

    market: Market
    fills: list[Fill] = field(default_factory=list)
    takes: list[Take] = field(default_factory=list)
    held: int = 0
    cash: int = 0
    """Price units times shares, fees paid."""
    fees: int = 0
    """Price units times shares; + is paid."""
    rested_since: int = 0
    """When it first rested on a lit book; 0 before."""
    rejected: int = 0
    open: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Venue and side of every order that may still trade, by reference."""
    _quotes: list[QuoteIssued] = field(default_factory=list)
    _count: int = 0

    # --- where ---------------------------------------------------------------------------------

    @property
    def lit(self) -> list[str]:
        """Venues that show a book."""
        return self._of(VenueType.LIT)

    @property
    def dark(self) -> list[str]:
        """Pools."""
        return self._of(VenueType.DARK)

    @property
    def dealers(self) -> list[str]:
        """Dealers."""
        return self._of(VenueType.DEALER)

    def _of(self, kind: VenueType) -> list[str]:
        return [mic for mic in self.market.mics if self.market.venue(mic).venue_type is kind]

    # --- what ----------------------------------------------------------------------------------

    def wait(self, until: int) -> None:
        """Let time pass and read what has come."""
        self.market.tick(until)
        self.read()

    def take(self, sign: int, qty: int) -> int:
        """Take shares on the lit books, best price first over all venues; the shares taken."""
        now, taken, before = self.market.now, 0, self.market.mid2
        for _ in range(ROUNDS_MAX):
            bid, offer = self.market.nbbo
            px = offer if sign > 0 else bid
            if taken == qty or not px:
                break
            for mic in self.lit:
                shown = self.market.snapshot(mic, now)
                best = (shown.offers if sign > 0 else shown.bids)[:1]
                if best and best[0][0] == px and taken < qty:
                    wants = min(best[0][1], qty - taken)
                    taken += self._fill(mic, sign, wants, px=px, tif=TimeInForce.IOC)
        if taken:
            self.takes.append(Take(now, sign, taken, before))
        return taken

    def take_at(self, mic: str, sign: int, qty: int) -> int:
        """Take shares at the best price of one lit venue; the shares taken."""
        shown = self.market.snapshot(mic, self.market.now)
        best = (shown.offers if sign > 0 else shown.bids)[:1]
        return self._fill(mic, sign, qty, px=best[0][0], tif=TimeInForce.IOC) if best else 0

    def rest(self, mic: str, sign: int, qty: int, px: int) -> str:
        """Post an order that adds; its reference."""
        self.rested_since = self.rested_since or self.market.now
        return self._send(mic, sign, qty, px=px, exec_inst="6")

    def rest_in_the_dark(self, mic: str, sign: int, qty: int) -> str:
        """Wait in a pool at the midpoint; the order's reference."""
        return self._send(mic, sign, qty, exec_inst=MIDPOINT_PEG, ord_type=OrdType.PEGGED)

    def ping(self, mic: str, sign: int, qty: int) -> int:
        """Look into a pool once; the shares that were found."""
        return self._fill(mic, sign, qty, tif=TimeInForce.IOC)

    def quote(self, mic: str, sign: int, qty: int) -> QuoteIssued | None:
        """Ask a dealer; None if there is no price."""
        self._count += 1
        name, side = f"q{self._count}", _side(sign)
        self.market.request_quote(mic, OWNER, name, self.market.symbol, side, qty, self.market.now)
        self.read()
        quotes, self._quotes = self._quotes, []
        return quotes[-1] if quotes else None

    def deal(self, mic: str, sign: int, qty: int) -> int:
        """Deal on a dealer's quote; its price, 0 without one. What comes of it may come later."""
        quote = self.quote(mic, sign, qty)
        if quote is None:
            return 0
        size, px = (
            (quote.offer_size, quote.offer_px) if sign > 0 else (quote.bid_size, quote.bid_px)
        )
        self._send(
            mic,
            sign,
            min(qty, size),
            px=px,
            tif=TimeInForce.FOK,
            ord_type=OrdType.PREVIOUSLY_QUOTED,
            quote_id=quote.quote_id,
        )
        return px

    def cancel(self, ref: str) -> None:
        """Take an order back if it is still there."""
        if ref in self.open:
            self.market.cancel(self.open[ref][0], ref, self.market.now)
            self.read()

    def cancel_all(self) -> None:
        """Take every order back."""
        for ref in list(self.open):
            self.cancel(ref)

    def flatten(self) -> None:
        """End with nothing: cancel, then take what is left over."""
        self.cancel_all()
        for _ in range(ROUNDS_MAX):
            if not self.held:
                return
            if not self.take(-1 if self.held > 0 else 1, abs(self.held)):
                self.wait(self.market.now + NS)
        raise AssertionError("the position could not be closed")

    # --- the accounts --------------------------------------------------------------------------

    def read(self) -> None:
        """Book everything that has arrived."""
        for said in self.market.take():
            if isinstance(said, QuoteIssued) and said.quote_req_id:
                self._quotes.append(said)
            elif isinstance(said, OrderMessage):
                self._told(said)

    def _told(self, said: OrderMessage) -> None:
        match said:
            case Executed():
                mic, sign = self.open[said.order_ref]
                self._executed(said, mic, sign)
                if not said.leaves:
                    del self.open[said.order_ref]
            case Canceled() | Expired() | Rejected():
                self.rejected += isinstance(said, Rejected)
                self.open.pop(said.order_ref, None)

    def _executed(self, said: Executed, mic: str, sign: int) -> None:
        added = said.liquidity == ADDED
        venue = self.market.venue(mic)
        fee = venue.make_fee if added else venue.take_fee
        self.fills.append(Fill(said.at, mic, sign, said.qty, said.px, added))
        self.held += sign * said.qty
        self.fees += said.qty * fee
        self.cash -= said.qty * (sign * said.px + fee)

    def _fill(self, mic: str, sign: int, qty: int, **more: object) -> int:
        before = self.held
        self._send(mic, sign, qty, **more)  # type: ignore[arg-type]
        return abs(self.held - before)

    def _send(
        self,
        mic: str,
        sign: int,
        qty: int,
        *,
        px: int | None = None,
        tif: TimeInForce = TimeInForce.DAY,
        ord_type: OrdType | None = None,
        exec_inst: str = "",
        quote_id: str = "",
    ) -> str:
        self._count += 1
        ref = f"t{self._count}"
        self.open[ref] = mic, sign
        kind = ord_type or (OrdType.MARKET if px is None else OrdType.LIMIT)
        terms = VenueOrder(
            order_ref=ref,
            symbol=self.market.symbol,
            side=_side(sign),
            qty=qty,
            ord_type=kind,
            time_in_force=tif,
            price=px,
            owner=OWNER,
            exec_inst=exec_inst,
            quote_id=quote_id,
        )
        self.market.submit(mic, terms, self.market.now)
        self.read()
        return ref


def _side(sign: int) -> Side:
    return Side.BUY if sign > 0 else Side.SELL
