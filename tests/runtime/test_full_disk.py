"""A full disk under the pump: the headroom is used, new orders are refused, and all goes on again
when there is room, without a restart."""

from __future__ import annotations

from router.journal.memory import MemoryStorage
from router.runtime import disk
from tests.journal.faulty_storage import append_batch, open_journal


def test_it_is_full_while_the_headroom_is_used() -> None:
    storage = MemoryStorage()
    journal, _ = open_journal(storage)
    assert disk.trouble(journal, 0.0) == ""
    storage.capacity = storage.used()
    append_batch(journal, range(1, 19))
    assert disk.trouble(journal, 9.0) == "the disk is full"
    storage.capacity = None
    assert journal.restore_headroom()
    assert disk.trouble(journal, 0.0) == ""
