"""Values that the tests of policies share: venues, candidates, parents and markets by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

import policies
import router.algos
import router.learners
from policies.book import PolicyBook
from policies.match import OrderFacts
from router.model import (
    PX_SCALE,
    Arm,
    Instrument,
    OrdType,
    Side,
    Tactic,
    TimeInForce,
    Venue,
    VenueType,
)
from router.plugin import discover
from router.ports import Algo, Candidate, Learner, MarketView, ParentView, Rule, RuleContext

LIT = (Tactic.LIT_TAKE, Tactic.LIT_MAKE)
DARK = (Tactic.DARK_MID,)
DEALER = (Tactic.DEALER_QUOTE, Tactic.DEALER_RFQ)
VENUES = (
    Venue("LIT_A", VenueType.LIT, LIT),
    Venue("LIT_B", VenueType.LIT, LIT),
    Venue("LIT_C", VenueType.LIT, LIT),
    Venue("DARK_A", VenueType.DARK, DARK),
    Venue("DARK_B", VenueType.DARK, DARK),
    Venue("SDP_1", VenueType.DEALER, DEALER),
    Venue("SDP_2", VenueType.DEALER, DEALER),
)
TYPES = {
    Tactic.LIT_TAKE: VenueType.LIT,
    Tactic.LIT_MAKE: VenueType.LIT,
    Tactic.DARK_MID: VenueType.DARK,
    Tactic.DEALER_QUOTE: VenueType.DEALER,
    Tactic.DEALER_RFQ: VenueType.DEALER,
}
RULE_TYPES = discover(policies, Rule)
ALGOS = discover(router.algos, Algo)  # type: ignore[type-abstract]
LEARNERS = discover(router.learners, Learner)  # type: ignore[type-abstract]

BID = 50 * PX_SCALE
TICK = PX_SCALE // 100
OFFER = BID + 2 * TICK

DEFAULTS = """
policy: base
version: 1
settings: {algo: sweep, learner: hazard}
"""


def candidate(
    tactic: Tactic = Tactic.LIT_TAKE,
    *,
    cap: int = 10_000,
    mic: str = "LIT_A",
    price: int | None = OFFER,
    displayed: int = 1_000,
) -> Candidate:
    return Candidate(
        arm=Arm(mic, tactic),
        venue_type=TYPES[tactic],
        price=price,
        displayed=displayed,
        cap=cap,
        fee=0,
    )


def context(
    *,
    side: Side = Side.BUY,
    order_qty: int = 10_000,
    cum_qty: int = 0,
    working_qty: int = 0,
    bid: int = BID,
    offer: int = OFFER,
    volume: int = 0,
    arrival_mid: int = BID + OFFER,
    filled_by_type: Mapping[str, int] | None = None,
    now: int = 0,
) -> RuleContext:
    parent = ParentView(
        parent_id="P1",
        session="OMS",
        account="A",
        symbol="ACME",
        side=side,
        ord_type=OrdType.LIMIT,
        time_in_force=TimeInForce.DAY,
        order_qty=order_qty,
        cum_qty=cum_qty,
        working_qty=working_qty,
        price=None,
        min_qty=0,
        start_time=0,
        end_time=0,
        arrival_mid=arrival_mid,
        filled_by={},
        filled_by_type=filled_by_type or {},
    )
    return RuleContext(
        now=now,
        parent=parent,
        instrument=Instrument(symbol="ACME", tick=TICK, lot=100, adv=1_000_000, currency="USD"),
        market=MarketView(
            bid=bid, offer=offer, bid_qty=1_000, offer_qty=1_000, age_ns=0, volume=volume
        ),
        due_qty=order_qty - cum_qty - working_qty,
        urgency=0.5,
    )


FACTS = OrderFacts(
    session="OMS",
    account="A",
    symbol="ACME",
    side=Side.BUY,
    ord_type=OrdType.LIMIT,
    qty=10_000,
    adv=1_000_000,
    notional=10_000 * 50 * PX_SCALE,
)


def facts(**changes: object) -> OrderFacts:
    return replace(FACTS, **changes)


def book(folder: Path, *documents: str, symbols: tuple[str, ...] = ("ACME", "BOLT")) -> PolicyBook:
    """A book of documents, written as `0.yaml`, `1.yaml` ... in the folder."""
    for i, text in enumerate(documents):
        (folder / f"{i}.yaml").write_text(text.lstrip("\n"))
    return PolicyBook.load([folder], RULE_TYPES, ALGOS, LEARNERS, VENUES, symbols)
