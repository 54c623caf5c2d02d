"""Asks rules about a market in which everything is on offer.

A venue that gets nothing there gets nothing anywhere: so the checks can tell an empty set of
venues, or sizes that exclude each other, without knowing a single rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from policies.document import Clause
from policies.kinds import DAY_NS
from policies.match import Value
from router.model import Arm, Instrument, OrdType, Side, Tactic, TimeInForce, Venue, VenueType
from router.ports import Candidate, MarketView, ParentView, Rule, RuleContext

PROBES_A_DAY = 96
"""Times of the day at which a route is looked for: a rule may have hours."""

_TICK = 1  # A tiny tick and price: no limit in bp or money stands in the way.
_BID = 1_000_000 * _TICK
_OFFER = _BID + _TICK
_PLENTY = 10**12
"""Shares: more than any rule can mean."""


@dataclass(frozen=True, slots=True)
class Route:
    """What the rules leave of one venue and tactic, at the time of day that leaves most."""

    mic: str
    tactic: str
    largest: int
    """The largest child, shares."""
    smallest: int
    """The smallest, by floor or MinQty."""
    lowered_by: Clause | None
    raised_by: Clause | None
    shut_by: Clause | None
    """The clause that leaves nothing, if one does."""


def routes(
    speaking: Sequence[Clause], cell: Mapping[str, Value], venues: Sequence[Venue]
) -> list[Route]:
    """One route for every venue and tactic."""
    contexts = list(_contexts(cell))
    return [
        _best(speaking, _candidate(venue, tactic, contexts[0].parent), contexts)
        for venue in venues
        for tactic in venue.tactics
    ]


def _best(
    speaking: Sequence[Clause], candidate: Candidate, contexts: Sequence[RuleContext]
) -> Route:
    """At the first time of day that leaves something; at the last one if none does.

    The rule that shut the route last is asked first: most have no hours, and spare the others.
    """
    shut: Rule | None = None
    for context in contexts:
        if shut is None or shut.narrow(candidate, context) > 0:
            shut = _shutting(speaking, candidate, context)
        if shut is None:
            return _fold(speaking, candidate, context)
    return _fold(speaking, candidate, contexts[-1])


def _shutting(
    speaking: Sequence[Clause], candidate: Candidate, context: RuleContext
) -> Rule | None:
    """The first rule that leaves nothing."""
    rules = (rule for clause in speaking for rule in clause.rules)
    return next((rule for rule in rules if rule.narrow(candidate, context) <= 0), None)


def _fold(speaking: Sequence[Clause], candidate: Candidate, context: RuleContext) -> Route:
    largest, smallest = candidate.cap, 0
    lowered_by: Clause | None = None
    raised_by: Clause | None = None
    for clause in speaking:
        for rule in clause.rules:
            allowed = max(0, rule.narrow(candidate, context))
            if allowed < largest:
                largest, lowered_by = allowed, clause
            floor = rule.floor(candidate, context)
            if floor > context.parent.leaves_qty:
                floor = 0
            least = max(floor, rule.min_qty(candidate, context))
            if least > smallest:
                smallest, raised_by = least, clause
    return Route(
        mic=candidate.arm.mic,
        tactic=candidate.tactic.value,
        largest=largest,
        smallest=smallest,
        lowered_by=lowered_by,
        raised_by=raised_by,
        shut_by=lowered_by if largest == 0 else None,
    )


def _contexts(cell: Mapping[str, Value]) -> Iterator[RuleContext]:
    side = cell["side"]
    symbol = cell["symbol"]
    qty = cell["qty"]
    adv = cell["adv"]
    order_qty = max(1, int(qty)) if isinstance(qty, int | float) and qty > 0 else _PLENTY
    parent = ParentView(
        parent_id="probe",
        session="probe",
        account="probe",
        symbol=symbol if isinstance(symbol, str) else "probe",
        side=Side[side.upper()] if isinstance(side, str) else Side.BUY,
        ord_type=OrdType.MARKET,
        time_in_force=TimeInForce.DAY,
        order_qty=order_qty,
        cum_qty=0,
        working_qty=0,
        price=None,
        min_qty=0,
        start_time=0,
        end_time=DAY_NS,
        arrival_mid=_BID + _OFFER,
        filled_by={},
        filled_by_type={},
    )
    instrument = Instrument(
        symbol=parent.symbol,
        tick=_TICK,
        lot=1,
        adv=int(adv) if isinstance(adv, int | float) and adv > 0 else _PLENTY,
        currency="USD",
    )
    market = MarketView(
        bid=_BID, offer=_OFFER, bid_qty=_PLENTY, offer_qty=_PLENTY, age_ns=0, volume=_PLENTY**2
    )
    for i in range(PROBES_A_DAY):
        yield RuleContext(
            now=i * DAY_NS // PROBES_A_DAY,
            parent=parent,
            instrument=instrument,
            market=market,
            due_qty=order_qty,
            urgency=1.0,
        )


def _candidate(venue: Venue, tactic: Tactic, parent: ParentView) -> Candidate:
    buys = parent.side.sign > 0
    near, far = (_BID, _OFFER) if buys else (_OFFER, _BID)
    prices = {Tactic.LIT_MAKE: near, Tactic.DARK_MID: None}
    return Candidate(
        arm=Arm(venue.mic, tactic),
        venue_type=venue.venue_type,
        price=prices.get(tactic, far),
        displayed=0 if venue.venue_type is VenueType.DARK else _PLENTY,
        cap=parent.order_qty,
        fee=0,
    )
