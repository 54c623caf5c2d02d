"""The headroom: a full disk uses it up, and the journal goes on in its place."""

from __future__ import annotations

import errno

import pytest

from router.journal.memory import MemoryStorage
from router.journal.segments import Journal, JournalPoisoned
from router.journal.word import FAILURE_BYTES
from tests.journal.faulty_storage import (
    FaultyStorage,
    append_batch,
    failing,
    open_journal,
    payload,
)


def test_on_a_full_disk_the_headroom_keeps_the_journal_going() -> None:
    """Capacity: two segments of 2,048, the headroom of 512 and the room for the word of a failure.
    A record is 64 + 436 bytes."""
    storage = MemoryStorage(capacity=2 * 2048 + 512 + FAILURE_BYTES)
    journal, _ = open_journal(storage)
    for seq in range(1, 9):
        journal.append(seq, 0, 0, bytes(436))
    assert not journal.headroom_released
    segments = ["journal-00000001.seg", "journal-00000002.seg"]
    assert storage.names() == ["failure", "headroom", *segments]
    journal.append(9, 0, 0, bytes(436))
    assert journal.headroom_released
    assert "headroom" not in storage.names()
    assert storage.size("journal-00000003.seg") == 512
    journal.write()
    journal.sync()
    assert not journal.restore_headroom()
    with pytest.raises(JournalPoisoned, match="create failed: ENOSPC"):
        journal.append(10, 0, 0, bytes(436))
    journal.close()
    assert [record.seq for record in Journal(storage).open()] == list(range(1, 10))


def test_a_segment_is_never_longer_than_asked_even_if_the_headroom_is() -> None:
    storage = MemoryStorage(capacity=300 + 1000 + FAILURE_BYTES)
    journal = Journal(storage, segment_bytes=300, headroom_bytes=1000)
    assert list(journal.open()) == []
    for seq in range(1, 4):
        journal.append(seq, 0, 0, bytes(200))
    assert journal.headroom_released
    assert storage.size("journal-00000003.seg") == 300


def test_when_space_returns_the_journal_goes_on_without_a_restart() -> None:
    storage = MemoryStorage(capacity=2048 + 512 + FAILURE_BYTES)
    journal, _ = open_journal(storage)
    for seq in range(1, 6):
        journal.append(seq, 0, 0, bytes(436))
    assert journal.headroom_released
    storage.capacity = 1 << 20
    assert journal.restore_headroom()
    assert not journal.headroom_released
    assert storage.size("headroom") == 512
    journal.append(6, 0, 0, bytes(436))
    assert storage.size("journal-00000003.seg") == 2048
    journal.write()
    assert [record.seq for record in journal.scan()] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("filled", [0, 100])
def test_a_reserve_that_a_death_has_left_unfilled_is_made_anew(filled: int) -> None:
    storage = MemoryStorage()
    for name in ("headroom", "failure"):
        storage.create(name, filled)
    journal, _ = open_journal(storage)
    assert not journal.headroom_released
    assert (storage.size("headroom"), storage.size("failure")) == (512, FAILURE_BYTES)
    journal.close()


def test_a_reserve_that_cannot_be_made_anew_is_none() -> None:
    storage = MemoryStorage(capacity=2048 + FAILURE_BYTES)
    storage.create("headroom", 100)
    journal, _ = open_journal(storage)
    assert journal.headroom_released
    assert storage.names() == ["failure", "journal-00000001.seg"]
    journal.close()


def test_a_write_refused_for_want_of_space_is_repeated_once_in_the_headroom() -> None:
    inner = MemoryStorage()
    disk = FaultyStorage(inner, partial=70)
    journal, _ = open_journal(disk)
    disk.before = failing("write", 1, errno.ENOSPC)
    append_batch(journal, [1, 2])
    assert journal.headroom_released
    assert not journal.poisoned
    assert disk.calls[-4:] == ["write", "remove", "write", "sync"]
    disk.before = failing("write", 1, errno.ENOSPC)
    with pytest.raises(JournalPoisoned, match="write failed: ENOSPC"):
        append_batch(journal, [3])
    journal.close()
    assert [record.seq for record in Journal(inner).open()] == [1, 2]


def test_a_sync_that_reports_a_full_disk_still_poisons() -> None:
    disk = FaultyStorage(MemoryStorage())
    journal, _ = open_journal(disk)
    disk.before = failing("sync", 1, errno.ENOSPC)
    with pytest.raises(JournalPoisoned, match="sync failed: ENOSPC"):
        append_batch(journal, [1])
    assert not journal.headroom_released


def test_a_start_on_a_full_disk_has_no_headroom() -> None:
    storage = MemoryStorage()
    journal, _ = open_journal(storage)
    append_batch(journal, [1])
    journal.close()
    storage.remove("headroom")
    storage.capacity = storage.used() + 100
    journal, found = open_journal(storage)
    assert found == [(1, payload(1))]
    assert journal.headroom_released
    append_batch(journal, [2])
