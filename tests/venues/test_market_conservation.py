"""Whatever the router asks of a whole market, shares are neither made nor lost nor told twice."""

from __future__ import annotations

from collections import defaultdict
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
    Canceled,
    CancelRefused,
    Executed,
    Expired,
    QuoteIssued,
    Rejected,
    Replaced,
    VenueMessage,
    VenueOrder,
)

MICS = ("LIT_A", "LIT_C", "DARK_A", "DARK_B")
TIFS = (TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK)

_steps = st.one_of(
    st.tuples(
        st.just("send"),
        st.sampled_from(MICS),
        st.sampled_from((Side.BUY, Side.SELL)),
        st.integers(1, 20),
        st.none() | st.integers(-3, 3),
        st.sampled_from(TIFS),
    ),
    st.tuples(st.just("deal"), st.sampled_from((Side.BUY, Side.SELL)), st.integers(1, 6)),
    st.tuples(st.just("cancel"), st.integers(0, 30)),
    st.tuples(st.just("replace"), st.integers(0, 30), st.integers(1, 20), st.integers(-3, 3)),
    st.tuples(st.just("wait"), st.integers(1, 6)),
)


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> MarketSpec:
    """The last two minutes of the baseline's day."""
    return spec_of(tmp_path_factory.mktemp("market"), {"session.from": "15:58:00"})


class Ledger:
    """What a client can know from messages alone."""

    def __init__(self) -> None:
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
                case Rejected() | CancelRefused():
                    pass

    def agrees_with(self, market: Market) -> None:
        for mic in market.mics:
            known = {ref: leaves for ref, (at, leaves) in self.live.items() if at == mic}
            states = market.open_orders(mic, "ME")
            assert {each.order.order_ref: each.leaves_qty for each in states} == known
            assert all(each.cum_qty == self.filled[each.order.order_ref] for each in states)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 1000), st.lists(_steps, max_size=40))
def test_what_is_asked_is_filled_open_or_gone(
    spec: MarketSpec, seed: int, steps: list[tuple[Any, ...]]
) -> None:
    market = Market(spec, seed=seed, start=START)
    ledger = Ledger()
    sent: dict[str, VenueOrder] = {}
    now = START
    for number, step in enumerate(steps):
        now += NS // 10
        ref = f"o{number}"
        mid = sum(market.nbbo) // 2 // TICK * TICK
        refs = list(sent)
        match step:
            case ("send", mic, side, lots, ticks, tif):
                price = None if ticks is None else mid + ticks * TICK
                sent[ref] = order(ref, side, lots * 100, price, tif)
                market.submit(mic, sent[ref], now)
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
                sent[ref] = order(ref, sent[old].side, lots * 100, mid + ticks * TICK)
                market.replace(ledger.live.get(old, ("LIT_A", 0))[0], old, sent[ref], now)
            case ("wait", seconds):
                now += seconds * NS
                market.tick(now)
        ledger.read(market.take(), sent)
        ledger.agrees_with(market)
    market.tick(market.closes_at)
    ledger.read(market.take(), sent)
    assert ledger.live == {}
