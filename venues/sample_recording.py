"""Makes a small recording in LOBSTER format from a simulated market, to ship and to test with.

    python -m venues.sample_recording MARKET.yaml MIC SECONDS OUT.csv

The file `config/markets/acme_sample_message.csv` was made with `config/markets/baseline.yaml LIT_A
1800`. It owns nothing else: no router trades in what it records.
"""

from __future__ import annotations

import sys
from pathlib import Path

from router.model import NS
from venues.lit import LitVenue
from venues.market import Market
from venues.market_file import read_market
from venues.matching import Added, BookEvent, Removed, Traded
from venues.recording import EventType, RecordedEvent, write_lobster

SEED = 1


def record(market_file: Path, mic: str, seconds: int) -> list[RecordedEvent]:
    """The background of one lit venue, the book it opens with first. Start is exchange midnight
    plus the session's start, so that times read as times of day."""
    spec = read_market(market_file)
    start = spec.session.start_ns
    market = Market(spec, seed=SEED, start=start)
    venue = market.venue(mic)
    if not isinstance(venue, LitVenue):
        raise ValueError(f"{mic} shows no book")
    events: list[RecordedEvent] = []
    for side in (1, -1):
        for px in venue.book.prices(side):
            for order in venue.book.queue(side, px):
                added = Added(order.order_id, side, order.leaves, px)
                events += _recorded(start, [added])
    venue.on_events.append(lambda now, happened: events.extend(_recorded(now, happened)))
    market.tick(start + seconds * NS)
    return events


def _recorded(now: int, events: list[BookEvent]) -> list[RecordedEvent]:
    found = []
    for event in events:
        match event:
            case Added(order_id=order_id, side=side, qty=qty, px=px):
                kind = EventType.ADD
            case Removed(order_id=order_id, side=side, qty=qty, px=px):
                kind = EventType.CANCEL
            case Traded(maker_id=order_id, taker_side=taker_side, qty=qty, px=px):
                kind, side = EventType.EXECUTE, -taker_side
            case _:
                continue
        assert isinstance(order_id, int), "a recording holds background orders only"
        found.append(RecordedEvent(now, kind, order_id, side, px, qty))
    return found


def main(arguments: list[str]) -> None:
    """Read the market, record, write."""
    market_file, mic, seconds, out = arguments
    write_lobster(Path(out), record(Path(market_file), mic, int(seconds)))


if __name__ == "__main__":
    main(sys.argv[1:])
