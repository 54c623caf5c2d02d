"""What a background market order finds: best price first, its venue first, and no further than its
reach."""

from __future__ import annotations

import pytest

from router.model import NS
from tests.venues.simulated import START, TICK
from venues.chance import Stream
from venues.floor import Facts, Floor
from venues.flow import Activity, Session, Signs, SizeLaw
from venues.impact import Impact
from venues.lit import LitSpec, LitVenue
from venues.matching import BookEvent, Traded
from venues.takers import SIZE_EXPONENT, Takers

DAY = Session(START, START + 23_400 * NS, (1.0,))
OFFERS = {"A": (5001, 5002, 5003), "B": (5001, 5002)}
"""A hundred shares at each; mirrored around 5000 on the bid."""


@pytest.mark.parametrize("seed", range(12))
def test_an_order_takes_best_prices_first_and_its_own_venue_first_at_each(seed: int) -> None:
    facts = Facts("ACME", TICK, 2.0, seed, START, DAY.close_at, frozenset())
    floor = Floor(facts, Impact(0.75, 150.0, 2_000_000, START), START)
    venues = [LitVenue(LitSpec(id=mic, type="lit"), floor) for mic in OFFERS]
    floor.show(venues)
    found: list[tuple[str, int, int]] = []
    for venue, offers in zip(venues, OFFERS.values(), strict=True):
        for number, px in enumerate(offers):
            venue.book.submit(2 * number, side=-1, qty=100, px=px * TICK)
            venue.book.submit(2 * number + 1, side=1, qty=100, px=(10_000 - px) * TICK)

        def heard(now: int, events: list[BookEvent], mic: str = venue.mic) -> None:
            trades = [event for event in events if isinstance(event, Traded)]
            found.extend((mic, trade.px // TICK, trade.qty) for trade in trades)

        venue.on_events.append(heard)
    law = SizeLaw(lot=100, p_lot=0.3, mean=400, tail_alpha=1.5)
    signs = Signs(
        floor.stream("signs"), acf1=0.0, gamma=0.5, follow=0.0, anticipation=1.0, ahead=0.0
    )
    takers = Takers(
        floor,
        Activity(DAY, floor.stream("activity"), 0.0),
        [(venues[0], 0.5), (venues[1], 0.5)],
        rate=1.0,
        follow=0.0,
        signs=signs,
        sizes=law,
        spread_ticks=1.0,
    )
    first, surprise = takers.take(START)
    qty = law.shares(Stream(seed, "sizes").uniform())
    side = 1 if found[0][1] > 5000 else -1
    way = ("A", "B") if first == 0 else ("B", "A")
    # One tick beyond the best price, 400 shares in all; the 100 at 5003 are out of reach.
    prices = (5001, 5002) if side > 0 else (4999, 4998)
    order = [(where, at, 100) for at in prices for where in way]
    assert found == order[: min(qty, 400) // 100]
    assert surprise == pytest.approx(side * (qty / 100) ** SIZE_EXPONENT)
