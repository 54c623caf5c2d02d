"""Old segments go to an archive: copied, compressed, read back, and only then deleted.

Owns the copy and its proof, and the mark that says where the journal in the folder begins. What may
go is told by the caller; the last segment never may. Needs no lock: nobody writes to a sealed
segment.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from router.journal.records import Record
from router.journal.scan import (
    PRUNED_NAME,
    Pruned,
    Tail,
    beginning,
    encode_pruned,
    scan_segment,
    segment_name,
    segment_numbers,
)
from router.journal.storage import Storage, make_folder, put_file

SUFFIX = ".gz"


class ArchiveFailed(Exception):  # noqa: N818 - says what is
    """A segment could not be archived; it stays where it was."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A segment that is not written to any more, and where the next one begins."""

    number: int
    size: int
    last_wall_ns: int
    tail: Tail
    """Its end: what the first record behind it must follow."""


def sealed_segments(storage: Storage) -> Iterator[Sealed]:
    """Every segment but the last, checked record by record, the oldest first.

    Raises:
        JournalBroken: as `scan` does.
    """
    tail = beginning(storage)
    for number in segment_numbers(storage)[:-1]:
        last: list[Record] = []
        tail = scan_segment(storage, number, tail, last)
        wall = last[0].wall_ns if last else 0
        yield Sealed(number, storage.size(segment_name(number)), wall, tail)


def archive_segment(storage: Storage, sealed: Sealed, folder: Path, *, compress: bool) -> Path:
    """Put a segment into the archive, prove it there, and delete it here. The first that there is.

    One of that name that is there already is never written over: it may be all that is left of
    another journal.

    Raises:
        ArchiveFailed: what is there is not what the segment is.
        OSError: the archive takes nothing.
    """
    assert sealed.number == segment_numbers(storage)[0], "from the oldest on"
    name = segment_name(sealed.number)
    data = storage.read(name, 0, sealed.size)
    path = folder / (name + SUFFIX if compress else name)
    make_folder(folder)
    if not path.exists():
        put_file(path, gzip.compress(data, mtime=0) if compress else data, anew=True)
    if hashlib.sha256(_kept(path, compress)).digest() != hashlib.sha256(data).digest():
        cure = "each state folder needs an archive of its own"
        raise ArchiveFailed(f"{path} is not what {name} is here; the segment stays; {cure}")
    mark = Pruned(sealed.number, sealed.tail.last_seq, sealed.tail.previous.hex())
    storage.put(PRUNED_NAME, encode_pruned(mark))
    storage.drop(name)
    return path


def _kept(path: Path, compressed: bool) -> bytes:
    """What a file of the archive holds; nothing if that cannot be unpacked."""
    data = path.read_bytes()
    try:
        return gzip.decompress(data) if compressed else data
    except (gzip.BadGzipFile, EOFError, zlib.error):
        return b""
