"""The model of the page cache: what a power cut may and may not do."""

from __future__ import annotations

import errno

import numpy as np
import pytest

from router.journal.memory import SECTOR, MemoryStorage
from router.journal.storage import StateLocked


def rng(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def synced_file() -> MemoryStorage:
    """Four sectors of `o`, durable."""
    storage = MemoryStorage()
    storage.create("f", 4 * SECTOR)
    storage.write("f", 0, b"o" * 4 * SECTOR)
    storage.sync("f")
    return storage


def test_the_process_reads_what_it_wrote() -> None:
    storage = synced_file()
    storage.write("f", 10, b"new")
    assert storage.read("f", 9, 5) == b"onewo"
    assert storage.read("f", 4 * SECTOR - 2, 100) == b"oo"
    assert storage.read("f", 5 * SECTOR, 100) == b""


def test_preallocated_space_reads_as_zeros() -> None:
    storage = MemoryStorage()
    storage.create("f", 1 << 40)
    assert storage.size("f") == 1 << 40
    assert storage.read("f", (1 << 40) - 3, 100) == bytes(3)


@pytest.mark.parametrize("seed", range(50))
def test_what_was_synced_survives_a_power_cut(seed: int) -> None:
    storage = synced_file()
    storage.crash(rng(seed))
    assert storage.read("f", 0, 1 << 20) == b"o" * 4 * SECTOR


def test_what_was_not_synced_is_lost_kept_torn_or_scattered() -> None:
    """Each sector is old, new, or (in a torn write) old behind new; and all fates do occur."""
    fates = set()
    for seed in range(300):
        storage = synced_file()
        storage.write("f", 0, b"n" * 4 * SECTOR)
        storage.crash(rng(seed))
        data = storage.read("f", 0, 1 << 20)
        assert len(data) == 4 * SECTOR
        sectors = [data[at : at + SECTOR] for at in range(0, len(data), SECTOR)]
        kinds = "".join("?" if len(set(sector)) > 1 else chr(sector[0]) for sector in sectors)
        assert kinds.count("?") <= 1
        assert "?" not in kinds or data.lstrip(b"n").lstrip(b"o") == b""
        fates.add(kinds)
    assert {"oooo", "nnnn", "n?oo", "onon", "ooon"} <= fates


def test_a_sector_may_keep_any_of_its_versions_and_no_mixture() -> None:
    seen = set()
    for seed in range(200):
        storage = synced_file()
        storage.write("f", 0, b"1" * SECTOR)
        storage.write("f", 0, b"2" * SECTOR)
        storage.crash(rng(seed))
        data = storage.read("f", 0, SECTOR)
        seen.add(data if len(set(data)) == 1 else b"torn")
    assert seen == {b"o" * SECTOR, b"1" * SECTOR, b"2" * SECTOR, b"torn"}


def test_a_truncation_that_was_not_synced_may_be_undone() -> None:
    sizes = set()
    for seed in range(50):
        storage = synced_file()
        storage.truncate("f", 100)
        assert storage.size("f") == 100
        storage.crash(rng(seed))
        sizes.add((storage.size("f"), storage.read("f", 0, 1 << 20)))
    assert sizes == {(100, b"o" * 100), (4 * SECTOR, b"o" * 4 * SECTOR)}


def test_a_name_that_was_not_synced_may_be_the_old_one() -> None:
    found = set()
    for seed in range(20):
        storage = synced_file()
        storage.rename("f", "g")
        assert storage.names() == ["g"]
        twin = storage.copy()
        twin.sync_names()
        for each in (storage, twin):
            each.crash(rng(seed))
        assert twin.names() == ["g"]
        (name,) = storage.names()
        assert storage.read(name, 0, 1 << 20) == b"o" * 4 * SECTOR
        found.add(name)
    assert found == {"f", "g"}


def test_one_seed_makes_one_fate() -> None:
    def fate() -> bytes:
        storage = synced_file()
        storage.write("f", 5, b"n" * 3 * SECTOR)
        storage.crash(rng(9))
        return storage.read("f", 0, 1 << 20)

    assert fate() == fate()


def test_a_killed_process_loses_nothing() -> None:
    storage = synced_file()
    storage.lock()
    storage.write("f", 0, b"new")
    storage.kill()
    assert storage.read("f", 0, 4) == b"newo"
    storage.lock()


def test_one_holder_at_a_time() -> None:
    storage = MemoryStorage()
    storage.lock()
    with pytest.raises(StateLocked):
        storage.lock()
    storage.close()
    storage.lock()
    storage.crash(rng(0))
    storage.lock()


def test_a_copy_is_another_disk() -> None:
    storage = synced_file()
    storage.write("f", 0, b"new")
    twin = storage.copy()
    twin.write("f", 0, b"xxx")
    twin.sync("f")
    assert storage.read("f", 0, 4) == b"newo"
    twin.crash(rng(0))
    assert twin.read("f", 0, 4) == b"xxxo"


def test_a_full_disk_refuses_and_takes_what_fits() -> None:
    storage = MemoryStorage(capacity=1000)
    storage.create("a", 600)
    with pytest.raises(OSError, match="no space") as caught:
        storage.create("b", 500)
    assert caught.value.errno == errno.ENOSPC
    assert storage.names() == ["a"]
    with pytest.raises(OSError, match="no space"):
        storage.write("a", 500, b"x" * 600)
    assert storage.size("a") == 1000
    assert storage.read("a", 500, 600) == b"x" * 500
    storage.remove("a")
    storage.create("b", 1000)
    assert storage.used() == 1000


def test_a_file_that_is_not_there_is_an_error() -> None:
    storage = MemoryStorage()
    for call in (storage.sync, storage.remove, storage.size):
        with pytest.raises(FileNotFoundError):
            call("absent")
    storage.create("f", 1)
    with pytest.raises(FileExistsError):
        storage.create("f", 1)
