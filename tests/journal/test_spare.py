"""The next segment, made before it is needed: when it is taken, and what a death leaves of it."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from router.journal.memory import MemoryStorage
from router.journal.records import HEADER_SIZE
from router.journal.scan import scan, verify
from router.journal.segments import Journal, JournalPoisoned
from router.journal.spare import SPARE_NAME
from router.journal.storage import FileStorage
from router.journal.word import FAILURE_BYTES
from tests.journal.faulty_storage import (
    FaultyStorage,
    PowerCut,
    append_batch,
    failing,
    no_file_beyond,
    open_journal,
    payload,
)
from tests.journal.test_journal_recovery import cut_at

ROOT = Path(__file__).parents[2]
RECORDS = 120
"""In batches of three they fill several segments of 2,048 bytes."""


def batches(disk: FaultyStorage) -> int:
    """Open, and write what is not there yet; the last seq that was synced, as far as it came."""
    synced = 0
    try:
        journal, found = open_journal(disk)
        synced = len(found)
        for seq in range(synced + 1, RECORDS, 3):
            append_batch(journal, range(seq, seq + 3))
            synced = seq + 2
        journal.close()
    except PowerCut:
        pass
    return synced


def one_by_one(journal: Journal) -> None:
    """Every record in a batch of its own."""
    for seq in range(1, RECORDS):
        append_batch(journal, [seq])


def test_a_segment_that_is_nearly_full_is_left_without_a_sync() -> None:
    disk = FaultyStorage(MemoryStorage())
    journal, _ = open_journal(disk)
    appending: set[str] = set()
    for seq in range(1, RECORDS, 3):
        before = len(disk.calls)
        for each in range(seq, seq + 3):
            journal.append(each, 0, 0, payload(each))
        journal.write()
        appending |= set(disk.calls[before:])
        journal.sync()
    assert journal.segment > 5
    assert appending == {"rename", "write"}
    journal.close()
    assert verify(disk.inner).ok


def test_before_a_record_counts_as_durable_its_segment_has_its_name_and_the_last_is_sealed() -> (
    None
):
    disk = FaultyStorage(MemoryStorage())
    journal, _ = open_journal(disk)
    seq = 0
    while "rename" not in disk.calls:
        disk.calls.clear()
        seq += 1
        append_batch(journal, [seq])
    assert disk.calls == ["rename", "write", "truncate", "sync", "sync_names", "sync"]
    left = disk.inner.size("journal-00000001.seg")
    assert left == sum(HEADER_SIZE + len(payload(each)) for each in range(1, seq))


def test_what_is_written_but_not_synced_is_sealed_before_another_segment_has_a_record() -> None:
    disk = FaultyStorage(MemoryStorage())
    journal, _ = open_journal(disk)
    append_batch(journal, range(1, 14))
    assert SPARE_NAME in disk.inner.names()
    seq = 14
    while journal.segment == 1:
        disk.calls.clear()
        journal.append(seq, 0, 0, payload(seq))
        journal.write()
        seq += 1
    assert disk.calls == ["truncate", "sync", "rename", "write"]


def test_no_segment_is_left_while_a_sync_of_it_runs() -> None:
    disk = FaultyStorage(MemoryStorage())
    journal, _ = open_journal(disk)
    for seq in range(1, 15):  # of 128 bytes each: 256 are left of the segment
        journal.append(seq, 0, 0, bytes(64))
    journal.write()
    journal.sync()
    runs, goes_on = threading.Event(), threading.Event()

    def before(call: str, number: int) -> None:
        runs.set()
        assert goes_on.wait(20)

    disk.before = before
    thread = threading.Thread(target=journal.sync)
    thread.start()
    assert runs.wait(20)
    journal.append(15, 0, 0, b"")
    assert journal.segment == 1
    goes_on.set()
    thread.join()
    journal.write()
    journal.sync()
    journal.append(16, 0, 0, b"")
    assert journal.segment == 2
    journal.close()


@pytest.mark.parametrize("seed", range(10))
def test_what_a_start_has_read_of_a_segment_with_a_new_name_survives_a_power_cut(seed: int) -> None:
    storage = MemoryStorage()
    disk = FaultyStorage(storage)
    journal, _ = open_journal(disk)
    seq = 0
    while "rename" not in disk.calls:
        journal.write()
        journal.sync()
        seq += 1
        journal.append(seq, 0, 0, payload(seq))
    journal.write()
    storage.kill()
    assert len(open_journal(storage)[1]) == seq
    storage.crash(np.random.Generator(np.random.Philox(key=seed)))
    assert len(open_journal(storage)[1]) == seq


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("power", [False, True])
def test_a_death_at_any_call_loses_nothing_and_leaves_nothing_that_is_believed(
    after: bool, power: bool
) -> None:
    seen: set[str] = set()
    for nth in range(1, 1_000):
        storage = MemoryStorage()
        disk = cut_at(storage, nth, after)
        synced = batches(disk)
        if power:
            storage.crash(np.random.Generator(np.random.Philox(key=nth)))
        else:
            storage.kill()
        found = [record.seq for record in scan(storage)]
        assert found == list(range(1, len(found) + 1))
        assert synced <= len(found), f"call {nth}"
        assert batches(FaultyStorage(storage)) >= RECORDS - 1
        assert verify(storage).ok
        if len(disk.calls) < nth:
            break
        seen.add(disk.calls[nth - 1])
    assert {"rename", "sync_names", "truncate", "create", "sync", "write"} <= seen


def test_what_a_life_before_has_made_ready_is_not_believed() -> None:
    storage = MemoryStorage()
    storage.create(SPARE_NAME, 2048)
    storage.write(SPARE_NAME, 100, b"of a record that never was")
    journal, _ = open_journal(storage)
    assert SPARE_NAME not in storage.names()
    one_by_one(journal)
    assert journal.segment > 5
    journal.close()
    assert verify(storage).ok


def test_where_there_is_no_room_for_it_the_journal_does_as_on_a_full_disk() -> None:
    storage = MemoryStorage(capacity=2048 + 512 + FAILURE_BYTES)
    disk = FaultyStorage(storage)
    journal, _ = open_journal(disk)
    disk.calls.clear()
    for seq in range(1, 4):
        journal.append(seq, 0, 0, bytes(436))
        journal.write()
        journal.sync()
    assert disk.calls.count("create") == 1, "it is asked for once"
    assert not journal.headroom_released, "there is no shortage yet"
    journal.append(4, 0, 0, bytes(436))
    journal.write()
    journal.sync()
    journal.append(5, 0, 0, bytes(436))
    assert journal.headroom_released
    assert storage.size("journal-00000002.seg") == 512
    journal.write()
    journal.sync()
    assert SPARE_NAME not in storage.names(), "none while the headroom is in use"
    journal.close()
    assert [record.seq for record in scan(storage)] == [1, 2, 3, 4, 5]


def test_a_limit_of_files_that_has_come_since_keeps_it_from_being_used() -> None:
    disk = FaultyStorage(MemoryStorage())
    journal, _ = open_journal(disk)
    append_batch(journal, range(1, 14))
    assert SPARE_NAME in disk.inner.names()
    with no_file_beyond(2047):
        append_batch(journal, range(14, 30))
        assert journal.segment > 1
        assert "rename" not in disk.calls
    append_batch(journal, range(30, 60))
    assert "rename" in disk.calls
    journal.close()
    assert [record.seq for record in scan(disk.inner)] == list(range(1, 60))


@pytest.mark.parametrize("call", ["create", "rename", "truncate", "sync_names"])
def test_a_disk_that_fails_at_it_poisons(call: str) -> None:
    disk = FaultyStorage(MemoryStorage())
    journal, _ = open_journal(disk)
    disk.before = failing(call, 1, errno.EIO)
    with pytest.raises(JournalPoisoned, match="failed: EIO"):
        one_by_one(journal)
    assert journal.poisoned


def test_with_page_cache_there_is_none() -> None:
    storage = MemoryStorage()
    journal, _ = open_journal(storage, durability="page-cache")
    one_by_one(journal)
    assert SPARE_NAME not in storage.names()
    assert journal.segment > 5


PROGRAM = """
import sys
from router.journal.storage import FileStorage
from router.runtime.failpoints import arm, parse
from tests.journal.faulty_storage import append_batch, open_journal
arm(parse(sys.argv[2]))
journal, found = open_journal(FileStorage(sys.argv[1]))
for seq in range(len(found) + 1, len(found) + 100):
    append_batch(journal, [seq])
    print(seq, flush=True)
"""


def test_a_process_that_is_killed_at_it_loses_nothing(tmp_path: Path) -> None:
    for place in ("create_spare", "rename_spare", "truncate_journal"):
        for moment in ("before", "after"):
            point = f"disk.{place}.{moment}:2:kill"
            command = [sys.executable, "-c", PROGRAM, str(tmp_path), point]
            died = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
            assert died.returncode == -signal.SIGKILL, point
            synced = int(died.stdout.split()[-1])
            report = verify(FileStorage(tmp_path, read_only=True))
            assert report.ok, point
            assert report.records >= synced, point
    journal, found = open_journal(FileStorage(tmp_path))
    assert found == [(seq, payload(seq)) for seq in range(1, len(found) + 1)]
    journal.close()
