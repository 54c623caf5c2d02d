"""A full disk under the pump: the headroom is used, new orders are refused, and all goes on again
when there is room, without a restart."""

from __future__ import annotations

from collections.abc import Callable

from router.journal.headroom import HEADROOM_NAME
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


class Looked(MemoryStorage):
    """Somebody looks at the journal just when it asks the disk for the headroom."""

    def __init__(self) -> None:
        super().__init__()
        self.look: Callable[[], bool] = bool
        self.seen: list[bool] = []

    def create(self, name: str, size: int) -> None:
        if name == HEADROOM_NAME:
            self.seen.append(self.look())
        super().create(name, size)
        if name == HEADROOM_NAME:
            self.seen.append(self.look())


def test_it_is_full_until_the_headroom_is_there() -> None:
    storage = Looked()
    journal, _ = open_journal(storage)
    storage.look = lambda: journal.headroom_released
    storage.capacity = storage.used()
    append_batch(journal, range(1, 19))
    assert not journal.restore_headroom()
    storage.capacity = None
    assert journal.restore_headroom()
    assert storage.seen[2:] == [True, True, True], (
        "before it is refused, and before and after it is had"
    )
    assert not journal.headroom_released
