"""A long journal out of one day's: the same records again, a day later and under other names.

Owns the rewriting: times, seqs and the names in which an epoch or a date stands. The node makes a
day as slowly as it trades; what a start has to fold does not depend on who wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from router.journal.records import Record
from router.journal.scan import scan
from router.journal.segments import Journal
from router.journal.storage import FileStorage
from router.model import NS

DAY_NS = 86_400 * NS
DATE = b"20260105"
SINCE = 1_700_000_000 * NS
"""A number that is larger is a time."""
DAYS_MAX = 9
"""An epoch must not need one more digit: names keep their length."""
_WRITTEN_EVERY = 1_000


def repeat(folder: Path, times: int) -> None:
    """Append what the journal holds as often again."""
    assert times < DAYS_MAX, times
    storage = FileStorage(folder)
    journal = Journal(storage)
    for _ in journal.open():
        pass
    first, last = _span(FileStorage(folder, read_only=True))
    for day in range(1, times + 1):
        front = _front(FileStorage(folder, read_only=True), last)
        for count, record in enumerate(front):
            seq = record.seq + day * (last - first + 1)
            journal.append(
                seq, record.mono_ns, record.wall_ns + day * DAY_NS, later(record.payload, seq, day)
            )
            if count % _WRITTEN_EVERY == 0:
                journal.write()
        journal.write()
    journal.close()


def later(payload: bytes, seq: int, day: int) -> bytes:
    """A step, so many days and epochs later."""
    step = msgspec.msgpack.decode(_renamed(payload, day))
    moved: dict[str, Any] = _moved(step, day * DAY_NS)
    moved["seq"] = seq
    if moved.get("event") and moved["event"]["type"] == "Restarted":
        moved["event"]["epoch"] += day
    for command in moved.get("commands", ()):
        if "decision" in command:
            command["decision"] += seq - step["seq"]
    return msgspec.msgpack.encode(moved)


def _renamed(payload: bytes, day: int) -> bytes:
    """Ids of the first epoch and its date, wherever they stand, frames included."""
    epoch, date = b"A%d-" % (1 + day), b"%d" % (int(DATE) + day)
    return payload.replace(b"A1-", epoch).replace(DATE, date)


def _moved(value: Any, by: int) -> Any:
    match value:
        case int() if value > SINCE:
            return value + by
        case dict():
            return {key: _moved(each, by) for key, each in value.items()}
        case list():
            return [_moved(each, by) for each in value]
        case _:
            return value


def _span(storage: FileStorage) -> tuple[int, int]:
    """The first and the last seq."""
    seqs = [record.seq for record in scan(storage)]
    return seqs[0], seqs[-1]


def _front(storage: FileStorage, last: int) -> Iterator[Record]:
    for record in scan(storage, live=True):
        if record.seq > last:
            return
        yield record
