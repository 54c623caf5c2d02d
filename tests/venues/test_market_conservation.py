"""Whatever the router asks of a whole market, shares are neither made nor lost nor told twice.

And nothing trades through a limit, a peg nowhere but at the midpoint of what was shown, and no book
is ever crossed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.model import NS, OrdType, Side, TimeInForce
from tests.venues.simulated import START, TICK, order, spec_of
from venues.market import Market
from venues.market_file import MarketSpec
from venues.messages import (
    Accepted,
    BookChanged,
    Canceled,
    CancelRefused,
    Executed,
    Expired,
    Invited,
    QuoteIssued,
    Rejected,
    Replaced,
    TradingStatus,
    VenueMessage,
    VenueOrder,
)

LIT = ("LIT_A", "LIT_B", "LIT_C")
MICS = ("LIT_A", "LIT_C", "DARK_A", "DARK_B")
TIFS = (TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK)
KINDS: dict[str, dict[str, object]] = {
    "plain": {},
    "slice": {"display_qty": 100},
    "hidden": {"display_qty": 0},
    "peg": {"ord_type": OrdType.PEGGED, "exec_inst": "M"},
    "choosy peg": {"ord_type": OrdType.PEGGED, "exec_inst": "M", "min_qty": 100},
    "post-only": {"exec_inst": "6"},
    "conditional": {"conditional": True},
}

_sends = st.tuples(
    st.just("send"),
    st.sampled_from(MICS),
    st.sampled_from((Side.BUY, Side.SELL)),
    st.integers(1, 20),
    st.none() | st.integers(-3, 3),
    st.sampled_from(TIFS),
    st.sampled_from(sorted(KINDS)),
)
_others = st.one_of(
    st.tuples(st.just("deal"), st.sampled_from((Side.BUY, Side.SELL)), st.integers(1, 15)),
    st.tuples(st.just("cancel"), st.integers(0, 30)),
    st.tuples(st.just("replace"), st.integers(0, 30), st.integers(1, 20), st.integers(-3, 3)),
    st.tuples(st.just("firm up"), st.integers(1, 10)),
    st.tuples(st.just("halt"), st.integers(1, 3), st.booleans()),
    st.tuples(st.just("wait"), st.integers(1, 6)),
)
_histories = st.lists(st.one_of(_sends, _sends, _others), min_size=20, max_size=60)


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> MarketSpec:
    """The last two minutes of the baseline's day, with collars, conditionals and a ladder."""
    changes = {
        "session.from": "15:58:00",
        "venues.LIT_C.controls": {"dynamic_collar": {"ticks": 3}, "interruption_s": 2},
        "venues.DARK_A.dark.p_zero": 0.5,
        "venues.DARK_A.dark.stale_ref_prob": 0.0,
        "venues.DARK_A.dark.conditional": {"firm_up_ms": 30_000, "firm_up_rate_min": 0.5},
        "venues.DARK_A.while_halted": "queue",
        "venues.DARK_B.dark.stale_ref_prob": 0.0,
        "venues.SDP_2.sdp.ladder": [{"size": 1500, "extra_ticks": 1.0}],
    }
    return spec_of(tmp_path_factory.mktemp("market"), changes)


class Books:
    """What is shown at the lit venues, from messages alone."""

    def __init__(self, market: Market) -> None:
        self.levels: dict[tuple[str, str], dict[int, int]] = {}
        for mic in LIT:
            shown = market.snapshot(mic, START)
            self.levels[mic, "0"] = dict(shown.bids)
            self.levels[mic, "1"] = dict(shown.offers)

        self.last: int | None = None
        """Of LIT_C, the venue with a collar: its last trade, if that is the collar's reference."""

    def read(self, said: BookChanged) -> None:
        trades = [entry.px for entry in said.entries if entry.entry_type == "2"]
        if said.mic == "LIT_C" and trades:
            if self.last is not None and not said.trade_condition:
                assert max(abs(px - self.last) for px in trades) <= 3 * TICK
            self.last = trades[-1]
        for entry in said.entries:
            if entry.entry_type != "2":
                side = self.levels[said.mic, entry.entry_type]
                side.pop(entry.px, None)
                if entry.action != "2":
                    side[entry.px] = entry.qty
        bids, offers = self.levels[said.mic, "0"], self.levels[said.mic, "1"]
        assert not bids or not offers or max(bids) < min(offers), "a crossed book"

    @property
    def mid(self) -> int:
        """Of the best quotes of all venues."""
        bids = [px for mic in LIT for px in self.levels[mic, "0"]]
        offers = [px for mic in LIT for px in self.levels[mic, "1"]]
        return (max(bids) + min(offers)) // 2


class Ledger:
    """What a client can know from messages alone."""

    def __init__(self, market: Market) -> None:
        self.books = Books(market)
        self.invitations: list[Invited] = []
        self.invited: set[str] = set()
        self.qty: dict[str, int] = {}
        self.filled: dict[str, int] = defaultdict(int)
        self.live: dict[str, tuple[str, int]] = {}
        self.exec_ids: set[str] = set()

    def read(self, messages: list[VenueMessage], sent: dict[str, VenueOrder]) -> None:
        for said in messages:
            match said:
                case Accepted(order_ref=ref):
                    assert ref not in self.qty
                    self.qty[ref] = sent[ref].qty
                    self.live[ref] = said.mic, sent[ref].qty
                case Executed(order_ref=ref):
                    mic, leaves = self.live[ref]
                    assert said.exec_id not in self.exec_ids
                    self.exec_ids.add(said.exec_id)
                    assert 0 < said.qty <= leaves
                    assert said.leaves == leaves - said.qty
                    price, sign = sent[ref].price, sent[ref].side.sign
                    assert price is None or sign * said.px <= sign * price
                    assert not sent[ref].conditional
                    in_the_dark = mic.startswith("DARK")
                    if in_the_dark or sent[ref].ord_type is OrdType.PEGGED:
                        # A peg that takes from a hidden order does better than the midpoint.
                        better = not in_the_dark and said.liquidity == "2"
                        assert sign * said.px <= sign * self.books.mid
                        assert better or said.px == self.books.mid
                    self.filled[ref] += said.qty
                    self.live[ref] = mic, said.leaves
                    if not said.leaves:
                        del self.live[ref]
                case Canceled(order_ref=ref):
                    assert self.live.pop(ref)[1] == said.leaves_canceled
                case Expired(order_ref=ref):
                    del self.live[ref]
                case Replaced(order_ref=ref, orig_order_ref=old):
                    mic, _ = self.live.pop(old)
                    self.qty[ref] = said.qty
                    self.filled[ref] = self.filled.pop(old)
                    assert said.leaves == said.qty - self.filled[ref]
                    if said.leaves:
                        self.live[ref] = mic, said.leaves
                case Invited(order_ref=ref):
                    assert 0 < said.qty <= self.live[ref][1]
                    assert ref not in self.invited
                    self.invited.add(ref)
                    self.invitations.append(said)
                case BookChanged():
                    self.books.read(said)
                case TradingStatus():
                    self.books.last = None
                case Rejected() | CancelRefused():
                    pass

    def agrees_with(self, market: Market) -> None:
        for mic in market.mics:
            known = {ref: leaves for ref, (at, leaves) in self.live.items() if at == mic}
            states = market.open_orders(mic, "ME")
            assert {each.order.order_ref: each.leaves_qty for each in states} == known
            assert all(each.cum_qty == self.filled[each.order.order_ref] for each in states)


@settings(max_examples=40)
@given(st.integers(0, 1000), _histories)
def test_what_is_asked_is_filled_open_or_gone(
    spec: MarketSpec, seed: int, steps: list[tuple[Any, ...]]
) -> None:
    market = Market(spec, seed=seed, start=START)
    ledger = Ledger(market)
    sent: dict[str, VenueOrder] = {}
    now = START
    for number, step in enumerate(steps):
        now += NS // 10
        ref = f"o{number}"
        mid = sum(market.nbbo) // 2 // TICK * TICK
        refs = list(sent)
        match step:
            case ("send", mic, side, lots, ticks, tif, kind):
                price = None if ticks is None or not mid else mid + ticks * TICK
                sent[ref] = order(ref, side, lots * 100, price, tif, **KINDS[kind])
                market.submit(mic, sent[ref], now)
            case ("firm up", lots) if ledger.invitations:
                invitation = ledger.invitations.pop()
                side = sent[invitation.order_ref].side
                sent[ref] = order(
                    ref,
                    side,
                    min(lots * 100, invitation.qty),
                    tif=TimeInForce.IOC,
                    invitation_id=invitation.invitation_id,
                )
                market.submit(invitation.mic, sent[ref], now)
            case ("halt", seconds, auction):
                market.halt(now, until=now + seconds * NS, auction=auction, text="")
            case ("deal", side, lots):
                market.request_quote("SDP_2", "ME", ref, "ACME", side, lots * 100, now)
                said = market.take()
                ledger.read(said, sent)
                quotes = [each for each in said if isinstance(each, QuoteIssued)]
                if not quotes:
                    continue
                price = quotes[-1].offer_px if side is Side.BUY else quotes[-1].bid_px
                sent[ref] = order(
                    ref,
                    side,
                    lots * 100,
                    price,
                    TimeInForce.FOK,
                    ord_type=OrdType.PREVIOUSLY_QUOTED,
                    quote_id=quotes[-1].quote_id,
                )
                market.submit("SDP_2", sent[ref], now)
            case ("cancel", which) if refs:
                old = refs[which % len(refs)]
                market.cancel(ledger.live.get(old, ("LIT_A", 0))[0], old, now)
            case ("replace", which, lots, ticks) if refs:
                old = refs[which % len(refs)]
                price = mid + ticks * TICK if mid else sent[old].price
                qty = lots * 100
                sent[ref] = replace(sent[old], order_ref=ref, qty=qty, price=price)
                market.replace(ledger.live.get(old, ("LIT_A", 0))[0], old, sent[ref], now)
            case ("wait", seconds):
                now += seconds * NS
                market.tick(now)
        ledger.read(market.take(), sent)
        ledger.agrees_with(market)
    market.tick(market.closes_at)
    ledger.read(market.take(), sent)
    assert ledger.live == {}
