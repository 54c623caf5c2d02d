"""The files of a venue: its account, and the numbers that outlive its process."""

from __future__ import annotations

from pathlib import Path

import pytest

from venues.audit import (
    AuditError,
    AuditFile,
    AuditKind,
    AuditRecord,
    MemoryAudit,
    fills,
    read_audit,
)
from venues.numbers import FileNumbers, MemoryNumbers, NumbersError, NumberStore

RECORDS = [
    AuditRecord(kind=AuditKind.STARTED, mic="LIT_A", time=1, epoch=3),
    AuditRecord(kind=AuditKind.RECEIVED, mic="LIT_A", time=2, msg_type="D", cl_ord_id="X", qty=5),
    AuditRecord(kind=AuditKind.EXECUTION, mic="LIT_A", time=3, exec_type="F", qty=5, px=-7),
    AuditRecord(kind=AuditKind.EXECUTION, mic="LIT_A", time=4, exec_type="4", text="a\nb\u00e9"),
]


def test_what_is_flushed_is_read_back_by_somebody_else(tmp_path: Path) -> None:
    path = tmp_path / "account"
    account = AuditFile(path)
    for record in RECORDS[:2]:
        account.note(record)
    assert read_audit(path) == []
    account.flush()
    assert read_audit(path) == RECORDS[:2]
    again = AuditFile(path)
    for record in RECORDS[2:]:
        again.note(record)
    again.close()
    assert read_audit(path) == RECORDS
    assert fills(read_audit(path)) == [RECORDS[2]]


def test_a_line_cut_short_at_the_end_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "account"
    account = AuditFile(path)
    for record in RECORDS:
        account.note(record)
    account.close()
    whole = path.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for end in range(last, len(whole)):
        path.write_bytes(whole[:end])
        assert read_audit(path) == RECORDS[:3]


def test_a_broken_line_inside_is_named(tmp_path: Path) -> None:
    path = tmp_path / "account"
    path.write_bytes(b'{"kind":"started","mic":"A","time":1}\n{"kind":"gossip"}\n')
    with pytest.raises(AuditError, match=r"account:2: "):
        read_audit(path)


def test_memory_keeps_everything() -> None:
    account = MemoryAudit()
    account.note(RECORDS[0])
    account.flush()
    assert account.records == RECORDS[:1]


def use(store: NumberStore) -> None:
    assert store.open_epoch("LIT_A") == 1
    assert store.open_epoch("LIT_B") == 1
    assert store.numbers("LIT_A", "SLUICE") == (1, 1)
    store.save("LIT_A", "SLUICE", (5, 7))
    store.flush()
    assert store.numbers("LIT_A", "SLUICE") == (5, 7)
    assert store.numbers("LIT_B", "SLUICE") == (1, 1)


def test_numbers_in_memory() -> None:
    store = MemoryNumbers()
    use(store)
    assert store.open_epoch("LIT_A") == 2


def test_numbers_in_a_file_outlive_the_store(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "yet"
    use(FileNumbers(folder))
    again = FileNumbers(folder)
    assert again.numbers("LIT_A", "SLUICE") == (5, 7)
    assert again.open_epoch("LIT_A") == 2
    again.save("LIT_A", "SLUICE", (9, 9))
    # Not flushed: a process that is killed here has sent nothing with those numbers.
    third = FileNumbers(folder)
    assert third.numbers("LIT_A", "SLUICE") == (5, 7)
    assert third.open_epoch("LIT_A") == 3


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "numbers.json").write_text("[1, 2]")
    with pytest.raises(NumbersError, match=r"numbers\.json"):
        FileNumbers(tmp_path)
