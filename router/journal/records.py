"""The journal's record: its bytes, its checksum and its place in the chain.

Owns the layout and nothing else: pure functions over bytes. Must not know of files, segments'
contents, or what a payload means.

    offset  size
         0     4  payload length in the low 31 bits; bit 31 is set on the first record of a write
                  that began when everything before it was synced
         4     4  crc32 of bytes 8 to the end, with the four bytes before it as the start value
         8    32  sha256 of the previous record, zeros for the first
        40     8  seq
        48     8  monotonic ns
        56     8  wall ns, UTC
        64     n  payload

All integers are little-endian. A header of zeros is no record: it is preallocated space.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple
from zlib import crc32

GENESIS = bytes(32)
"""The previous hash of the first record."""

PAYLOAD_MAX = 8 * 1024 * 1024
"""Bytes. The largest payload that is written or believed."""

SEQ_MAX = (1 << 48) - 1

_PREFIX = struct.Struct("<II")
_REST = struct.Struct("<32sQqq")
_HEADER = struct.Struct("<II32sQqq")
_AFTER_SYNC = 1 << 31

HEADER_SIZE = _HEADER.size
"""64 bytes."""
SEQ_OFFSET = 40


class Position(NamedTuple):
    """Where a record starts: a segment's number and a byte offset in it."""

    segment: int
    offset: int


class Record(NamedTuple):
    """One record, read back."""

    position: Position
    seq: int
    mono_ns: int
    wall_ns: int
    payload: bytes
    previous: bytes
    """sha256 of the record before."""
    after_sync: bool
    """All that stands before this record was on the disk before this record was written."""

    @property
    def size(self) -> int:
        """Bytes on the disk, header included."""
        return HEADER_SIZE + len(self.payload)

    def encoded(self) -> bytes:
        """The bytes that it was read from."""
        entry = (self.seq, self.mono_ns, self.wall_ns, self.payload)
        return encode(entry, self.previous, after_sync=self.after_sync)


class Flaw(StrEnum):
    """What is wrong with a record."""

    EMPTY = "there is no record, only zeros"
    SHORT = "the record is cut short"
    LENGTH = "the length is impossible"
    CHECKSUM = "the checksum is wrong"
    CHAIN = "the record does not follow the one before it"
    SEQ = "seq does not rise"


class BrokenRecord(Exception):  # noqa: N818 - says what is
    """Bytes that are no record of ours; `flaw` says why."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.value)
        self.flaw = flaw


Entry = tuple[int, int, int, bytes]
"""What is to become a record: seq, monotonic ns, wall ns, payload."""


def encode(entry: Entry, previous: bytes, *, after_sync: bool = False) -> bytes:
    """The bytes of one record. `previous` is `digest` of the record before, or `GENESIS`."""
    return encode_batch([entry], previous, after_sync=after_sync)[0]


def encode_batch(
    entries: Iterable[Entry], previous: bytes, *, after_sync: bool
) -> tuple[bytes, bytes]:
    """The bytes of records that go out in one write, and the digest of the last one.

    This is the hot loop of the daemon's durability: hence one loop, and no call that can be spared.
    """
    parts: list[bytes] = []
    flag = _AFTER_SYNC if after_sync else 0
    pack_prefix, pack_rest, sha256 = _PREFIX.pack, _REST.pack, hashlib.sha256
    for seq, mono_ns, wall_ns, payload in entries:
        length = len(payload) | flag
        rest = pack_rest(previous, seq, mono_ns, wall_ns) + payload
        record = pack_prefix(length, crc32(rest, length)) + rest
        previous = sha256(record).digest()
        parts.append(record)
        flag = 0
    return b"".join(parts), previous


def record_size(data: bytes, offset: int) -> int:
    """Bytes of the record that starts at `offset`, as its header tells.

    Raises:
        BrokenRecord: if there are too few bytes for a header, or none was written there.
    """
    if len(data) - offset < HEADER_SIZE:
        raise BrokenRecord(Flaw.SHORT if any(data[offset:]) else Flaw.EMPTY)
    length, crc = _PREFIX.unpack_from(data, offset)
    if length == 0 and crc == 0 and not any(data[offset : offset + HEADER_SIZE]):
        raise BrokenRecord(Flaw.EMPTY)
    length &= ~_AFTER_SYNC
    if length > PAYLOAD_MAX:
        raise BrokenRecord(Flaw.LENGTH)
    return HEADER_SIZE + int(length)


def parse(data: bytes, offset: int, position: Position) -> Record:
    """The record that starts at `offset` of `data`; `position` is only handed through.

    Raises:
        BrokenRecord: if there is no whole record with the right checksum.
    """
    size = record_size(data, offset)
    record = data[offset : offset + size]
    if len(record) < size:
        raise BrokenRecord(Flaw.SHORT)
    length, crc, previous, seq, mono_ns, wall_ns = _HEADER.unpack_from(record)
    if crc32(record[_PREFIX.size :], length) != crc:
        raise BrokenRecord(Flaw.CHECKSUM)
    payload = record[HEADER_SIZE:]
    return Record(position, seq, mono_ns, wall_ns, payload, previous, length >= _AFTER_SYNC)


def digest(record: bytes) -> bytes:
    """What the next record carries as its previous hash: sha256 over the whole record."""
    return hashlib.sha256(record).digest()


def check_follows(record: Record, previous: bytes, last_seq: int) -> None:
    """A record must carry the hash of the one before it, and a greater seq.

    Raises:
        BrokenRecord: if it does not.
    """
    if record.previous != previous:
        raise BrokenRecord(Flaw.CHAIN)
    if record.seq <= last_seq:
        raise BrokenRecord(Flaw.SEQ)
