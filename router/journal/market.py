"""The market file: market data events, never synced, bounded in bytes, with the journal's seq.

Owns a cheap log beside the journal. It may be lost, in part or whole, and trading goes on: no
error leaves this file. Must not know what an event means.

    offset  size
         0     4  length of data
         4     4  crc32 of the record without this field
         8     8  seq
        16     8  now, UTC nanoseconds
        24     n  data

All integers are little-endian. A torn record is simply the end of its segment.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple
from zlib import crc32

from router.journal.storage import Storage

MARKET_SEGMENT_BYTES = 64 * 1024 * 1024
MARKET_BYTES_MAX = 16 * MARKET_SEGMENT_BYTES
"""The oldest segments are deleted when there would be more: bytes, not segments, for each start
begins a new one, however short the one before is."""
MARKET_SEGMENTS_MAX = 1_000
"""The same, should there be as many tiny ones."""

MARKET_BUFFER_MAX = 256 * 1024
"""Bytes that may wait in memory; then they are written."""

_HEADER = struct.Struct("<IIQq")
_LENGTH = struct.Struct("<I")
_REST = struct.Struct("<Qq")
_CRC_END = 8
_NAME = re.compile(r"market-(\d{8})\.seg")


class MarketRecord(NamedTuple):
    """One market data event as it was appended."""

    seq: int
    now: int
    data: bytes


class MarketFile:
    """Appends market records. The storage's lock is the journal's: open the journal first."""

    def __init__(
        self,
        storage: Storage,
        *,
        segment_bytes: int = MARKET_SEGMENT_BYTES,
        bytes_max: int = MARKET_BYTES_MAX,
        segments_max: int = MARKET_SEGMENTS_MAX,
        buffer_max: int = MARKET_BUFFER_MAX,
    ) -> None:
        assert segments_max >= 1
        assert bytes_max >= segment_bytes
        self.dropped = 0
        """Records that the disk did not take."""
        self.failure = ""
        """What the disk said last; empty while all is well."""
        self.last_seq = -1
        """Of the last record appended, or found by `open`; -1 if there is none."""
        self._storage = storage
        self._segment_bytes = segment_bytes
        self._bytes_max = bytes_max
        self._segments_max = segments_max
        self._buffer_max = buffer_max
        self._parts: list[bytes] = []
        self._waiting = 0
        self._name = ""
        self._end = 0

    def open(self) -> None:
        """Find the last seq. New records go to a new segment, so a torn tail stays where it is."""
        for number in reversed(_segments(self._storage)):
            for record in _records(self._storage, _name(number)):
                self.last_seq = max(self.last_seq, record.seq)
            if self.last_seq >= 0:
                return

    def append(self, seq: int, now: int, data: bytes) -> None:
        """Keep a record; it is written when the buffer is full or `flush` is called."""
        assert seq > self.last_seq
        rest = _REST.pack(seq, now) + data
        length = _LENGTH.pack(len(data))
        self._parts.append(length + _LENGTH.pack(crc32(rest, crc32(length))) + rest)
        self._waiting += _HEADER.size + len(data)
        self.last_seq = seq
        if self._waiting >= self._buffer_max:
            self.flush()

    def flush(self) -> None:
        """Write what waits. What the disk refuses is counted in `dropped` and forgotten.

        The next flush writes over what was taken in part: a full disk costs no more than that.
        """
        if not self._parts:
            return
        data = b"".join(self._parts)
        try:
            if not self._name or self._end + len(data) > self._segment_bytes:
                self._next_segment()
            self._storage.write(self._name, self._end, data)
            self._end += len(data)
            self.failure = ""
        except OSError as error:
            self.dropped += len(self._parts)
            self.failure = str(error)
        self._parts.clear()
        self._waiting = 0

    def close(self) -> None:
        """Write what waits. The storage stays open: it is the journal's."""
        self.flush()

    def _next_segment(self) -> None:
        if self._name:
            self._storage.release(self._name)
            self._name = ""
        numbers = _segments(self._storage)
        self._make_room(numbers)
        name = _name(numbers[-1] + 1 if numbers else 1)
        self._storage.create(name, 0)
        self._name, self._end = name, 0

    def _make_room(self, numbers: list[int]) -> None:
        """For another segment, and all that it may grow to."""
        sizes = [self._storage.size(_name(number)) for number in numbers]
        left, used = len(numbers), sum(sizes)
        for number, size in zip(numbers, sizes, strict=True):
            if left < self._segments_max and used + self._segment_bytes <= self._bytes_max:
                return
            self._storage.drop(_name(number))
            left, used = left - 1, used - size


def read_market(storage: Storage) -> Iterator[MarketRecord]:
    """All records that are left, oldest first. A segment ends at its first record that is torn."""
    last_seq = -1
    for number in _segments(storage):
        for record in _records(storage, _name(number)):
            # A seq that comes twice belongs to a start whose journal did not keep it.
            if record.seq > last_seq:
                last_seq = record.seq
                yield record


def _segments(storage: Storage) -> list[int]:
    found = [_NAME.fullmatch(name) for name in storage.names()]
    return sorted(int(match[1]) for match in found if match)


def _name(number: int) -> str:
    return f"market-{number:08}.seg"


def _records(storage: Storage, name: str) -> Iterator[MarketRecord]:
    data = storage.read(name, 0, storage.size(name))
    offset = 0
    while len(data) - offset >= _HEADER.size:
        length, crc, seq, now = _HEADER.unpack_from(data, offset)
        record = data[offset : offset + _HEADER.size + length]
        if len(record) < _HEADER.size + length:
            return
        if crc32(record[_CRC_END:], crc32(record[: _LENGTH.size])) != crc:
            return
        yield MarketRecord(seq, now, record[_HEADER.size :])
        offset += len(record)
