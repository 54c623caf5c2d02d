"""The market file: cheap, bounded, and no harm when it is lost."""

from __future__ import annotations

import errno
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.journal.market import MarketFile, MarketRecord, read_market
from router.journal.memory import MemoryStorage
from router.journal.storage import FileStorage, Storage
from tests.journal.faulty_storage import FaultyStorage, failing

FIRST = "market-00000001.seg"


def small(storage: Storage, *, bytes_max: int = 3_000, segments_max: int = 1_000) -> MarketFile:
    """Segments of 1,000 bytes, a buffer of 200."""
    market = MarketFile(
        storage,
        segment_bytes=1000,
        bytes_max=bytes_max,
        segments_max=segments_max,
        buffer_max=200,
    )
    market.open()
    return market


def put(market: MarketFile, seqs: range, size: int = 26) -> list[MarketRecord]:
    """Append records of 24 + `size` bytes."""
    records = [MarketRecord(seq, seq * 100, bytes([seq % 256]) * size) for seq in seqs]
    for record in records:
        market.append(*record)
    return records


def test_the_layout_is_the_documented_one() -> None:
    storage = MemoryStorage()
    market = small(storage)
    market.append(7, -9, b"abc")
    market.close()
    length, rest = struct.pack("<I", 3), struct.pack("<Qq", 7, -9) + b"abc"
    assert storage.read(FIRST, 0, 1000) == (
        length + struct.pack("<I", zlib.crc32(length + rest)) + rest
    )


@given(st.lists(st.binary(max_size=300), max_size=40))
def test_what_is_appended_is_read_back(events: list[bytes]) -> None:
    storage = MemoryStorage()
    market = small(storage, bytes_max=1_000_000)
    for seq, data in enumerate(events):
        market.append(seq, seq + 1, data)
    market.close()
    assert list(read_market(storage)) == [
        MarketRecord(seq, seq + 1, data) for seq, data in enumerate(events)
    ]


def test_nothing_is_written_until_the_buffer_is_full_and_nothing_is_ever_synced() -> None:
    disk = FaultyStorage(MemoryStorage())
    market = small(disk)
    put(market, range(3))
    assert disk.calls == []
    put(market, range(3, 4))
    assert disk.calls == ["create", "write"]
    put(market, range(4, 200))
    market.close()
    assert "sync" not in disk.calls


def test_the_oldest_segments_are_deleted() -> None:
    """20 records of 50 bytes fill a segment; of 205 records the last three segments hold 45."""
    storage = MemoryStorage()
    records = put(market := small(storage), range(205))
    market.close()
    assert storage.names() == [f"market-{n:08}.seg" for n in (9, 10, 11)]
    assert list(read_market(storage)) == records[160:]


def test_short_segments_of_many_starts_stay_as_long_as_their_bytes_are_few() -> None:
    """Each start begins a segment, here of one record of 50 bytes."""
    storage = MemoryStorage()
    records = []
    for seq in range(45):
        records += put(market := small(storage), range(seq, seq + 1))
        market.close()
    assert list(read_market(storage)) == records[4:], "2,000 bytes, and a segment to come"
    assert len(storage.names()) == 41


def test_however_few_their_bytes_are_segments_are_bounded_in_number() -> None:
    storage = MemoryStorage()
    records = []
    for seq in range(20):
        records += put(market := small(storage, segments_max=7), range(seq, seq + 1))
        market.close()
    assert list(read_market(storage)) == records[-7:]


def test_a_new_start_knows_the_last_seq_and_begins_a_segment() -> None:
    storage = MemoryStorage()
    market = small(storage)
    first = put(market, range(5))
    market.close()
    market = small(storage)
    assert market.last_seq == 4
    second = put(market, range(5, 9))
    market.close()
    assert storage.names() == [FIRST, "market-00000002.seg"]
    assert list(read_market(storage)) == first + second


def test_the_last_seq_is_found_behind_an_empty_segment() -> None:
    storage = MemoryStorage()
    market = small(storage)
    put(market, range(5))
    market.close()
    storage.create("market-00000002.seg", 0)
    assert small(storage).last_seq == 4


def test_every_cut_is_simply_the_end_of_its_segment() -> None:
    storage = MemoryStorage()
    market = small(storage)
    first = put(market, range(4))
    market.close()
    market = small(storage)
    second = put(market, range(4, 8))
    market.close()
    for cut in range(201):
        torn = storage.copy()
        torn.truncate(FIRST, cut)
        assert list(read_market(torn)) == first[: cut // 50] + second


@pytest.mark.parametrize("seed", range(30))
def test_a_power_cut_leaves_only_what_was_appended(seed: int) -> None:
    storage = MemoryStorage()
    market = small(storage)
    records = put(market, range(19))
    storage.crash(np.random.Generator(np.random.Philox(key=seed)))
    found = list(read_market(storage))
    assert found == records[: len(found)]


def test_a_flipped_bit_ends_its_segment() -> None:
    storage = MemoryStorage()
    market = small(storage)
    records = put(market, range(4))
    market.close()
    for offset in range(200):
        rotten = storage.copy()
        rotten.write(FIRST, offset, bytes([rotten.read(FIRST, offset, 1)[0] ^ 4]))
        assert list(read_market(rotten)) == records[: offset // 50]


def test_a_failing_disk_costs_records_and_nothing_else() -> None:
    disk = FaultyStorage(MemoryStorage(), partial=10)
    market = small(disk)
    first = put(market, range(4))
    disk.before = failing("write", 1, errno.EIO)
    put(market, range(4, 8))
    assert market.dropped == 4
    assert market.failure == "[Errno 5] EIO"
    last = put(market, range(8, 12))
    assert market.failure == ""
    assert market.dropped == 4
    assert list(read_market(disk)) == first + last


def test_a_full_disk_is_tried_again_at_every_flush() -> None:
    storage = MemoryStorage(capacity=150)
    market = small(storage)
    put(market, range(8))
    assert market.dropped == 8
    storage.capacity = 10_000
    last = put(market, range(8, 12))
    assert market.dropped == 8
    assert list(read_market(storage)) == last
    assert storage.names() == [FIRST], "a full disk is no reason to give up a segment"


def test_a_seq_that_comes_twice_is_read_once() -> None:
    storage = MemoryStorage()
    market = small(storage)
    first = put(market, range(5))
    market.close()
    again = MarketFile(storage)
    put(again, range(3, 7))
    again.close()
    assert [record.seq for record in read_market(storage)] == list(range(7))
    assert list(read_market(storage))[:5] == first


def test_a_real_folder_works_too_and_never_waits_for_its_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = FileStorage(tmp_path)
    storage.lock()
    monkeypatch.delattr(os, "fsync")  # the kernel is the outside world
    monkeypatch.delattr(os, "fdatasync")
    market = small(storage)
    records = put(market, range(205))
    market.close()
    assert list(read_market(FileStorage(tmp_path, read_only=True))) == records[160:]
    storage.close()
