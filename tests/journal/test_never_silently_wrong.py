"""A journal of orders that is cut anywhere, or has any bit turned over, is recovered or refused.

Whatever is recovered is what a prefix of the history comes to, order state and sessions' numbers
alike: all before the harm, which is counted from where the records stand. Only harm to the last
record passes for a write that was interrupted; published heads show that (test_heads). Digests of
all prefixes are taken from a fold that reads no disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from router.journal.memory import MemoryStorage
from router.journal.records import Record
from router.journal.recovery import steps
from router.journal.scan import JournalBroken, scan, segment_name
from router.runtime.node import Built
from tests.oms.desk import Desk, open_node

LIVES = 2
CUTS = 150
FLIPS = 150
CUTS_SOAK = 1_500
FLIPS_SOAK = 10_000


@dataclass(frozen=True)
class Day:
    """A day that was traded, its records, and what each prefix of them comes to."""

    storage: MemoryStorage
    records: list[Record]
    standings: list[str]
    """Of the first n records, n from 0 on."""


def standing(built: Built) -> str:
    """Order state and numbers, as one text."""
    links = sorted(
        (name, link.session.next_in, link.session.next_out, link.reserved, link.last_stored)
        for name, link in built.node.links.items()
        if link.durable
    )
    return f"{built.node.engine.state.digest()} {links}"


@cache
def day() -> Day:
    """Orders, fills, a bust, a cancel, a lost line and a second life."""
    desk = Desk(refold=False)
    desk.open()
    for life in range(LIVES):
        desk.oms.order(f"X{life}", 300)
        child = desk.a.child()
        child.ack()
        child.fill(100, "10", f"E{life}")
        child.fill(50, "10", f"F{life}")
        child.bust(f"F{life}", 50, f"G{life}")
        desk.oms.cancel(f"Y{life}", f"X{life}")
        child.cancel()
        desk.cut(desk.b)
        desk.wait(3)
        desk.kill()
        desk.boot()
        for peer in desk.peers:
            peer.connect()
        desk.data_a.book()
    records = list(scan(desk.storage))
    found = [standing(open_node(MemoryStorage()))]
    for count in range(1, len(records) + 1):
        built = open_node(MemoryStorage())
        built.node.recover(steps(records[:count]), -1)
        found.append(standing(built))
    assert len(records) > 40
    return Day(desk.storage, records, found)


def end(record: Record) -> int:
    return record.position.offset + record.size


def recovered(storage: MemoryStorage) -> str | None:
    """What a start makes of it; None if it refuses."""
    storage.kill()
    try:
        return standing(open_node(storage))
    except JournalBroken:
        return None


def harmed(name: str, offset: int, mask: int) -> MemoryStorage:
    """The day's disk with some bits of a byte turned over."""
    storage = day().storage.copy()
    (byte,) = storage.read(name, offset, 1)
    storage.write(name, offset, bytes([byte ^ mask]))
    storage.sync(name)
    return storage


def cuts(count: int) -> list[int]:
    """The last `count` lengths of the file that cut off something."""
    last = end(day().records[-1])
    return list(range(last - count, last))


def cut_everywhere(offsets: list[int]) -> int:
    """Cut there, and compare with the prefix that was whole."""
    name, records = segment_name(1), day().records
    assert {record.position.segment for record in records} == {1}
    for offset in offsets:
        storage = day().storage.copy()
        storage.truncate(name, offset)
        storage.sync(name)
        whole = sum(end(record) <= offset for record in records)
        assert recovered(storage) == day().standings[whole], f"cut at {offset}"
    return len(offsets)


def flip(seeds: range) -> tuple[int, int]:
    """Turn over a bit that a seed draws. Returns how many starts were refused, how many not."""
    records = day().records
    used = end(records[-1])
    counts = [0, 0]
    for seed in seeds:
        rng = np.random.Generator(np.random.Philox(key=seed))
        offset, mask = int(rng.integers(used + 64)), 1 << int(rng.integers(8))
        told = recovered(harmed(segment_name(1), offset, mask))
        hit = sum(end(record) <= offset for record in records)
        if told is None:
            counts[0] += 1
            assert hit < len(records) - 1, f"seed {seed}: a torn tail was refused"
        else:
            counts[1] += 1
            assert hit >= len(records) - 1, f"seed {seed}: a hole at byte {offset} was accepted"
            assert told == day().standings[hit], f"seed {seed}: byte {offset} made another history"
    return counts[0], counts[1]


def test_a_cut_at_any_byte_leaves_a_prefix() -> None:
    assert cut_everywhere(cuts(CUTS)) == CUTS


def test_a_flipped_bit_is_refused_unless_it_may_be_of_a_torn_write() -> None:
    refused, kept = flip(range(FLIPS))
    assert refused + kept == FLIPS
    assert refused > 0.9 * FLIPS


def test_a_flipped_bit_of_the_last_record_loses_that_record_alone() -> None:
    last = day().records[-1]
    for offset in range(last.position.offset, end(last), 7):
        assert recovered(harmed(segment_name(1), offset, 1)) == day().standings[-2]


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_every_cut_of_the_last_records_leaves_a_prefix() -> None:
    assert cut_everywhere(cuts(CUTS_SOAK)) == CUTS_SOAK


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_ten_thousand_flipped_bits() -> None:
    refused, kept = flip(range(FLIPS_SOAK))
    assert refused + kept == FLIPS_SOAK
