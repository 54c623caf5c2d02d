"""Steps out of records: what a state folder says that happened, in order.

Owns the way from bytes to `Step`. The fold over them is `core`'s; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from router.journal.market import MarketRecord
from router.journal.records import Position, Record
from router.journal.scan import PRUNED_NAME, JournalBroken, beginning, scan, segment_name
from router.journal.storage import Storage
from router.messages import Step, decode_step


def steps(records: Iterable[Record]) -> Iterator[tuple[Position, Step]]:
    """The steps in records, as `Journal.open` and `scan` give them.

    Raises:
        JournalBroken: for a sound record whose payload is no step, or a step with another seq.
    """
    for record in records:
        try:
            step = decode_step(record.payload)
        except msgspec.DecodeError as error:
            raise JournalBroken(record.position, f"the payload is not a step: {error}") from error
        if step.seq != record.seq:
            raise JournalBroken(
                record.position, f"the step's seq is {step.seq}, the record's {record.seq}"
            )
        yield record.position, step


def read_steps(
    storage: Storage,
    from_position: Position | None = None,
    *,
    live: bool = False,
    partial: bool = False,
) -> Iterator[tuple[Position, Step]]:
    """All steps of a journal, or those from a record's position on; nothing is changed or locked.

    With `partial` those that are in the archive need not be there; a fold of the rest means
    nothing, so otherwise that is refused.

    With `live` a daemon may be writing: what is not whole yet is the end for now.

    Raises:
        JournalBroken: as `scan` and `steps` do.
    """
    archived = beginning(storage)
    if archived.segment and from_position is None and not partial:
        first, last = segment_name(1), segment_name(archived.segment)
        text = f"{first} to {last} are in the archive; put them into a copy of the folder"
        raise JournalBroken(Position(1, 0), f"{text}, without its file {PRUNED_NAME!r}")
    return steps(scan(storage, from_position, live=live))


def merge_market(
    journal: Iterable[tuple[Position, Step]], market: Iterable[MarketRecord]
) -> Iterator[Step]:
    """Both logs as one, by seq: what the core was given, in the order that it was given.

    A market record's data is `encode_step` of a step that holds the event. A seq that stands in
    both is one step: the journal's, with the market's event if it has none itself.

    Raises:
        msgspec.DecodeError: for a sound market record that holds no step.
    """
    waiting = iter(market)
    quote = next(waiting, None)
    for _, step in journal:
        while quote is not None and quote.seq < step.seq:
            yield decode_step(quote.data)
            quote = next(waiting, None)
        if quote is not None and quote.seq == step.seq:
            if step.event is None:
                step = msgspec.structs.replace(step, event=decode_step(quote.data).event)
            quote = next(waiting, None)
        yield step
    while quote is not None:
        yield decode_step(quote.data)
        quote = next(waiting, None)
