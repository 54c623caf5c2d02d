"""Snapshots: what a fold has come to at one record, kept in the state folder, so that recovery
need not fold everything.

Owns the file: its name, its checksum, and whether the journal confirms it. Must not know what a
snapshot holds. A snapshot is a convenience: one that is broken, or of a record that the journal
does not have, is passed over.

    offset  size
         0     8  SLUICESN
         8     4  format, 1
        12    32  sha256 of the rest
        44     8  seq of the last record that was folded
        52     8  its segment
        60     8  its offset
        68    32  sha256 of that record: the chain's head
       100     n  what was folded

All integers are little-endian.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from router.journal.records import BrokenRecord, Position, digest
from router.journal.scan import read_record
from router.journal.storage import Storage

MAGIC = b"SLUICESN"
FORMAT = 1
SNAPSHOTS_KEPT = 2
"""The newest ones; should one be broken there is another."""

_FRONT = struct.Struct("<8sI32s")
_REST = struct.Struct("<QQQ32s")
_NAME = re.compile(r"snapshot-(\d{15})\.snap")


class Snapshot(NamedTuple):
    """What was folded up to a record, and which record that was."""

    seq: int
    position: Position
    head: bytes
    """sha256 of the record."""
    body: bytes


class BadSnapshot(Exception):  # noqa: N818 - says what is
    """A snapshot that is not to be used; it says why."""


def snapshot_name(seq: int) -> str:
    """The file of a snapshot."""
    return f"snapshot-{seq:015}.snap"


def snapshot_seqs(storage: Storage) -> list[int]:
    """Of all snapshots that there are, sound or not; the newest first."""
    found = [_NAME.fullmatch(name) for name in storage.names()]
    return sorted((int(match[1]) for match in found if match), reverse=True)


def is_draft(name: str) -> bool:
    """True for a snapshot that was not finished: `Storage.put` renames it when it is."""
    return name.startswith("snapshot-") and name.endswith(".new")


def write_snapshot(storage: Storage, snapshot: Snapshot) -> None:
    """Put a snapshot into the folder; durable on return. No lock is needed."""
    rest = _REST.pack(snapshot.seq, *snapshot.position, snapshot.head) + snapshot.body
    front = _FRONT.pack(MAGIC, FORMAT, hashlib.sha256(rest).digest())
    storage.put(snapshot_name(snapshot.seq), front + rest)


def read_snapshot(storage: Storage, seq: int) -> Snapshot:
    """A snapshot that is sound, and of a record that the journal has.

    Raises:
        BadSnapshot: it is broken, or the journal does not confirm it.
    """
    name = snapshot_name(seq)
    try:
        data = storage.read(name, 0, storage.size(name))
    except OSError as error:
        raise BadSnapshot(f"{name}: {error.strerror}") from None
    snapshot = _parsed(name, data, seq)
    try:
        record = read_record(storage, snapshot.position)
    except (BrokenRecord, OSError):
        raise BadSnapshot(f"{name}: the journal has no record of seq {seq} there") from None
    if record.seq != seq or digest(record.encoded()) != snapshot.head:
        raise BadSnapshot(f"{name}: the journal has another record of seq {seq} there")
    return snapshot


def sound_snapshots(storage: Storage, refused: list[str]) -> Iterator[Snapshot]:
    """Those that may be used, the newest first; why others may not is added to `refused`."""
    for seq in snapshot_seqs(storage):
        try:
            yield read_snapshot(storage, seq)
        except BadSnapshot as error:
            refused.append(str(error))


def _parsed(name: str, data: bytes, seq: int) -> Snapshot:
    if len(data) < _FRONT.size + _REST.size:
        raise BadSnapshot(f"{name}: it is cut short")
    magic, version, checksum = _FRONT.unpack_from(data)
    if magic != MAGIC:
        raise BadSnapshot(f"{name}: it is no snapshot")
    if version != FORMAT:
        raise BadSnapshot(f"{name}: it is of format {version}, not {FORMAT}")
    rest = data[_FRONT.size :]
    if hashlib.sha256(rest).digest() != checksum:
        raise BadSnapshot(f"{name}: the checksum is wrong")
    told, segment, offset, head = _REST.unpack_from(rest)
    if told != seq:
        raise BadSnapshot(f"{name}: it is of seq {told}")
    return Snapshot(seq, Position(segment, offset), head, rest[_REST.size :])
