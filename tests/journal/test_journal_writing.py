"""The writer: places, rotation, one write, one sync, a failing disk."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.journal.memory import MemoryStorage
from router.journal.records import PAYLOAD_MAX, Position
from router.journal.scan import scan
from router.journal.segments import Journal, JournalBroken, JournalPoisoned
from router.journal.storage import FileStorage, StateLocked
from tests.journal.faulty_storage import (
    WALL,
    FaultyStorage,
    append_batch,
    failing,
    open_journal,
    payload,
)


def test_records_stand_one_behind_the_other() -> None:
    journal, found = open_journal(MemoryStorage())
    assert found == []
    assert journal.append(5, 1, 2, b"abc") == Position(1, 0)
    assert journal.append(9, 3, 4, b"") == Position(1, 64 + 3)
    assert journal.append(10, 5, 6, b"x") == Position(1, 2 * 64 + 3)
    journal.write()
    journal.sync()
    assert [tuple(record)[1:5] for record in journal.scan()] == [
        (5, 1, 2, b"abc"),
        (9, 3, 4, b""),
        (10, 5, 6, b"x"),
    ]
    assert journal.last_seq == 10


def test_a_batch_is_one_write_and_one_sync() -> None:
    disk = FaultyStorage(MemoryStorage())
    journal, _ = open_journal(disk)
    disk.calls.clear()
    append_batch(journal, range(1, 6))
    assert disk.calls == ["write", "sync"]
    journal.write()
    assert disk.calls == ["write", "sync"], "nothing waits, so nothing is written"


def test_with_page_cache_nothing_is_synced_but_full_segments_and_the_end() -> None:
    disk = FaultyStorage(MemoryStorage())
    journal, _ = open_journal(disk, durability="page-cache")
    disk.calls.clear()
    append_batch(journal, range(1, 6))
    assert disk.calls == ["write"]
    journal.append(6, 0, 0, bytes(1900))
    assert disk.calls == ["write", "truncate", "sync", "create"]
    journal.close()
    assert disk.calls == ["write", "truncate", "sync", "create", "write", "sync"]


@given(st.lists(st.lists(st.binary(max_size=700), max_size=6), max_size=8))
def test_what_is_appended_is_read_back_across_segments(batches: list[list[bytes]]) -> None:
    storage = MemoryStorage()
    journal, _ = open_journal(storage, segment_bytes=1024)
    written: list[tuple[Position, int, bytes]] = []
    for batch in batches:
        for data in batch:
            seq = len(written) + 1
            written.append((journal.append(seq, 0, WALL, data), seq, data))
        assert [journal.read(place) for place, _, _ in written] == [item[2] for item in written]
        journal.write()
        journal.sync()
    found = [(record.position, record.seq, record.payload) for record in journal.scan()]
    assert found == written
    for index, (place, _, _) in enumerate(written):
        assert journal.read(place) == written[index][2]
        rest = [record.seq for record in journal.scan(place)]
        assert rest == [seq for _, seq, _ in written[index:]]
    journal.close()
    again, recovered = open_journal(storage, segment_bytes=1024)
    assert recovered == [(seq, data) for _, seq, data in written]
    assert again.head == journal.head
    assert again.cut_bytes == 0


def test_a_full_segment_is_cut_to_its_records_and_the_next_one_is_preallocated() -> None:
    storage = MemoryStorage()
    journal, _ = open_journal(storage, segment_bytes=1000)
    first = journal.append(1, 0, 0, bytes(500))
    second = journal.append(2, 0, 0, bytes(372))
    third = journal.append(3, 0, 0, b"no room for this")
    assert (first, second, third) == (Position(1, 0), Position(1, 564), Position(2, 0))
    assert storage.size("journal-00000001.seg") == 1000
    assert storage.size("journal-00000002.seg") == 1000
    one_byte_too_many = 1000 - (64 + 16) - 64 + 1
    assert journal.append(4, 0, 0, bytes(one_byte_too_many)) == Position(3, 0)
    assert storage.size("journal-00000002.seg") == 64 + 16
    assert journal.read(third) == b"no room for this"


def test_a_position_inside_a_record_or_behind_the_end_is_refused() -> None:
    journal, _ = open_journal(MemoryStorage())
    places = append_batch(journal, [1, 2])
    waiting = journal.append(3, 0, 0, b"waiting")
    assert journal.read(waiting) == b"waiting"
    for wrong in (
        Position(1, places[1].offset + 1),
        Position(1, waiting.offset + 1),
        Position(1, 2000),
        Position(2, 0),
    ):
        with pytest.raises(JournalBroken) as caught:
            journal.read(wrong)
        assert caught.value.position == wrong


def test_a_long_record_is_read_whole() -> None:
    journal, _ = open_journal(MemoryStorage(), segment_bytes=16 << 20)
    data = bytes(range(256)) * 20_000
    place = append_batch(journal, [1])[0]
    big = journal.append(2, 0, 0, data)
    journal.write()
    assert journal.read(place) == payload(1)
    assert journal.read(big) == data
    assert [record.payload for record in journal.scan()] == [payload(1), data]


def test_misuse_is_our_bug() -> None:
    journal = Journal(MemoryStorage(), segment_bytes=32 << 20)
    records = journal.open()
    with pytest.raises(AssertionError, match="not exhausted"):
        journal.append(1, 0, 0, b"")
    assert list(records) == []
    journal.append(1, 0, 0, b"")
    with pytest.raises(AssertionError):
        journal.append(1, 0, 0, b"")
    with pytest.raises(AssertionError):
        journal.append(2, 0, 0, bytes(PAYLOAD_MAX + 1))
    journal.append(2, 0, 0, bytes(PAYLOAD_MAX))


def test_a_folder_is_opened_once(tmp_path: Path) -> None:
    first, _ = open_journal(FileStorage(tmp_path))
    with pytest.raises(StateLocked):
        Journal(FileStorage(tmp_path)).open()
    first.close()
    second, _ = open_journal(FileStorage(tmp_path))
    second.close()


def test_a_real_folder_holds_what_memory_holds(tmp_path: Path) -> None:
    disk, memory = FileStorage(tmp_path), MemoryStorage()
    for storage in (disk, memory):
        journal, _ = open_journal(storage)
        for start in range(1, 100, 7):
            append_batch(journal, range(start, start + 7))
        journal.close()
    names = memory.names()
    assert len(names) > 5
    assert FileStorage(tmp_path, read_only=True).names() == ["FORMAT", "LOCK", *names]
    for name in names:
        assert disk.read(name, 0, 1 << 20) == memory.read(name, 0, 1 << 20)


# --- a failing disk ---


@pytest.mark.parametrize(
    ("call", "rotate"),
    [("write", False), ("sync", False), ("sync", True), ("truncate", True), ("create", True)],
)
def test_a_failure_poisons_for_good(call: str, rotate: bool) -> None:
    """Even though the disk would take a second try."""
    disk = FaultyStorage(MemoryStorage())
    journal, _ = open_journal(disk)
    append_batch(journal, [1, 2])
    disk.before = failing(call, 1, errno.EIO)
    with pytest.raises(JournalPoisoned, match=f"{call} failed: EIO"):
        journal.append(3, 0, 0, bytes(1900)) if rotate else append_batch(journal, [3])
    assert journal.poisoned
    seen = list(disk.calls)
    for again in (journal.write, journal.sync, lambda: journal.append(5, 0, 0, b"")):
        with pytest.raises(JournalPoisoned, match=f"{call} failed: EIO"):
            again()
    assert journal.read(Position(1, 0)) == payload(1)
    journal.close()
    assert disk.calls == seen, "a poisoned journal leaves the disk alone"


def test_a_sync_that_fails_in_another_thread_poisons_here() -> None:
    disk = FaultyStorage(MemoryStorage())
    journal, _ = open_journal(disk)
    disk.before = failing("sync", 1, errno.EIO)
    journal.append(1, 0, 0, b"")
    journal.write()
    errors: list[JournalPoisoned] = []

    def sync() -> None:
        try:
            journal.sync()
        except JournalPoisoned as error:
            errors.append(error)

    threads = [threading.Thread(target=sync) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 4, "the kernel tells one caller, we tell all"
    assert disk.calls.count("sync") == 1
    with pytest.raises(JournalPoisoned):
        journal.append(2, 0, 0, b"")


def test_appending_goes_on_while_a_sync_runs() -> None:
    entered, leave = threading.Event(), threading.Event()
    disk = FaultyStorage(MemoryStorage())
    journal, _ = open_journal(disk)

    def before(call: str, _: int) -> None:
        if call == "sync":
            entered.set()
            assert leave.wait(10)

    disk.before = before
    journal.append(1, 0, 0, b"one")
    journal.write()
    thread = threading.Thread(target=journal.sync)
    thread.start()
    assert entered.wait(10)
    journal.append(2, 0, 0, b"two")
    journal.write()
    leave.set()
    thread.join()
    # What was written during a sync was not written after it.
    journal.append(3, 0, 0, b"three")
    journal.write()
    journal.sync()
    journal.append(4, 0, 0, b"four")
    journal.write()
    assert [record.after_sync for record in journal.scan()] == [True, False, False, True]


def test_segments_may_turn_while_another_thread_syncs(tmp_path: Path) -> None:
    journal, _ = open_journal(FileStorage(tmp_path))
    done = threading.Event()
    errors: list[BaseException] = []

    def sync() -> None:
        try:
            while not done.is_set():
                journal.sync()
        except BaseException as error:
            errors.append(error)
            raise

    thread = threading.Thread(target=sync)
    thread.start()
    for seq in range(1, 600):
        journal.append(seq, 0, 0, payload(seq))
        journal.write()
    done.set()
    thread.join()
    assert errors == []
    open_files = {
        os.readlink(f"/proc/self/fd/{fd}")
        for fd in os.listdir("/proc/self/fd")
        if os.path.exists(f"/proc/self/fd/{fd}")
    }
    assert len([name for name in open_files if name.startswith(str(tmp_path))]) <= 6
    journal.close()
    assert [record.seq for record in scan(FileStorage(tmp_path, read_only=True))] == [
        *range(1, 600)
    ]


def test_a_write_cut_short_by_an_error_is_cut_at_recovery() -> None:
    inner = MemoryStorage()
    disk = FaultyStorage(inner, partial=100)
    journal, _ = open_journal(disk)
    append_batch(journal, [1, 2, 3])
    disk.before = failing("write", 1, errno.EIO)
    journal.append(4, 0, 0, b"x" * 500)
    with pytest.raises(JournalPoisoned):
        journal.write()
    journal.close()
    again, found = open_journal(inner)
    assert found == [(seq, payload(seq)) for seq in (1, 2, 3)]
    assert again.cut_bytes == 100
