"""The journal's one writer: append, one write, one sync; segments, poison.

Owns the order in which bytes reach the disk. Must not know what a payload means, nor when to sync:
group commit is the driver's (append all that waits, `write`, `sync`, then send).

Everything but `sync` belongs to one thread. `sync` may run in another while that one appends.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Literal, ParamSpec, get_args

from router.journal.headroom import HEADROOM_BYTES, Headroom, reserved
from router.journal.heads import Head
from router.journal.records import (
    GENESIS,
    HEADER_SIZE,
    PAYLOAD_MAX,
    SEQ_MAX,
    BrokenRecord,
    Entry,
    Position,
    Record,
    encode_batch,
    parse,
    record_size,
)
from router.journal.scan import (
    JournalBroken,
    Tail,
    VerifyReport,
    scan,
    segment_name,
    verify,
)
from router.journal.spare import Spare
from router.journal.storage import NO_ROOM, NO_SPACE, Storage
from router.journal.word import FAILURE_BYTES, FAILURE_NAME, hear, leave

__all__ = ["Durability", "Journal", "JournalBroken", "JournalPoisoned", "VerifyReport", "verify"]

Durability = Literal["sync", "page-cache"]
"""`sync`: what `sync` has returned for survives a power cut. `page-cache`: it survives kill -9."""

SEGMENT_BYTES = 64 * 1024 * 1024
_READ_BYTES = 4096

P = ParamSpec("P")


class JournalPoisoned(Exception):  # noqa: N818 - says what is
    """A write or a sync has failed. The kernel may have dropped the pages, so nothing is retried:
    no more appends, cancels leave from memory, the process exits and recovers.
    """


class Journal:
    """A chain of records over preallocated segments.

    `open` first, and exhaust what it returns: then the journal takes appends.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        durability: Durability = "sync",
        headroom_bytes: int = HEADROOM_BYTES,
    ) -> None:
        """`headroom_bytes` are kept free for cancels and fills on a full disk; 0 keeps none."""
        assert durability in get_args(Durability)
        assert segment_bytes > HEADER_SIZE
        self.durability = durability
        self.cut_bytes = 0
        """What `open` cut from a torn tail."""
        self.appended = 0
        """Records appended since `open`."""
        self.failed_before = ""
        """Why the journal of the life before was poisoned, if it was: numbers may have been spent
        without a record. Until `forget_failure`."""
        self._storage = storage
        self._segment_bytes = segment_bytes
        self._headroom = Headroom(storage, headroom_bytes, self._disk)
        self._spare = Spare(storage, segment_bytes)
        self._payload_max = min(PAYLOAD_MAX, segment_bytes - HEADER_SIZE)
        self._sync_lock = threading.Lock()
        self._poison = ""
        self._ready = False
        self._pending: list[Entry] = []  # the records at the end of the segment, not written yet
        self._segment = 0
        self._capacity = 0
        self._turn_at = 0  # from here on the next one is gone over to as soon as that costs nothing
        self._end = 0  # where the next record is placed
        self._last_seq = -1
        self._previous = GENESIS
        self._written = self._durable = Head(-1, GENESIS)
        self._writes = 0
        self._synced_writes = 0

    @property
    def poisoned(self) -> bool:
        """True once a write or a sync has failed."""
        return bool(self._poison)

    @property
    def headroom_released(self) -> bool:
        """The disk is full and the reserve is in use: take no new risk."""
        return self._headroom.released

    @property
    def shortage(self) -> str:
        """Why the reserve is in use, in words."""
        return self._headroom.shortage

    @property
    def last_seq(self) -> int:
        """The seq of the last record appended or recovered, -1 if there is none."""
        return self._last_seq

    @property
    def head(self) -> bytes:
        """sha256 of the last record written or recovered."""
        return self._previous

    @property
    def segment(self) -> int:
        """The number of the segment that is written to."""
        return self._segment

    @property
    def durable(self) -> Head:
        """The last record that a sync has covered; with `page-cache`, that was written."""
        return self._durable

    def open(self, after: Tail | None = None) -> Iterator[Record]:
        """Lock the folder, then hand out all records while checking them, or those after one.

        When the iterator is exhausted the torn tail is cut (`cut_bytes`), what was read is durable,
        and the journal takes appends.

        Raises:
            StateLocked, ForeignState: at once.
            JournalBroken: from the iterator; the folder stays as it is.
        """
        self._storage.lock()
        return self._recover(after)

    def append(self, seq: int, mono_ns: int, wall_ns: int, payload: bytes) -> Position:
        """Give a record its place. It is in memory only, until `write` and `sync`.

        Where the next segment is not ready in time, a full one is written, synced and sealed here.

        Raises:
            JournalPoisoned: if the disk has failed, now or before.
        """
        if self._poison:
            self._check()
        assert self._ready, "open() is not exhausted"
        assert self._last_seq < seq <= SEQ_MAX
        size = len(payload)
        assert size <= self._payload_max
        size += HEADER_SIZE
        if self._end + size > self._turn_at:
            self._turn(size)
        position = Position(self._segment, self._end)
        self._pending.append((seq, mono_ns, wall_ns, payload))
        self._end += size
        self._last_seq = seq
        self.appended += 1
        return position

    def write(self) -> None:
        """Hand everything appended to the kernel, in one write.

        Raises:
            JournalPoisoned: if the disk has failed, now or before.
        """
        self._check()
        if not self._pending:
            return
        data, previous = encode_batch(
            self._pending, self._previous, after_sync=self._synced_writes == self._writes
        )
        self._put(segment_name(self._segment), self._end - len(data), data)
        self._writes += 1  # only now: a sync in another thread may count no unwritten bytes
        self._previous = previous
        self._written = Head(self._last_seq, previous)
        if self.durability == "page-cache":
            self._durable = self._written
        self._pending.clear()

    def sync(self) -> None:
        """Return when everything written is durable; with `page-cache`, at once.

        Any thread may call it. What is written while it runs may or may not be covered. What a
        rotation asks of the disk is done here, too: the segment before is sealed, and another is
        made once this one is half full.

        Raises:
            JournalPoisoned: if the disk has failed, now or before.
        """
        if self.durability == "sync":
            with self._sync_lock:
                self._sync(self._segment)
        else:
            self._check()
        self._look_ahead()

    def read(self, position: Position) -> bytes:
        """The payload of one record, written or still waiting.

        Raises:
            JournalBroken: if there is no sound record at that position.
        """
        place = self._end - sum(HEADER_SIZE + len(entry[-1]) for entry in self._pending)
        for *_, payload in self._pending:
            if position == (self._segment, place):
                return payload
            place += HEADER_SIZE + len(payload)
        name = segment_name(position.segment)
        try:
            data = self._storage.read(name, position.offset, _READ_BYTES)
            size = record_size(data, 0)
            if size > len(data):
                data = self._storage.read(name, position.offset, size)
            return parse(data, 0, position).payload
        except (BrokenRecord, FileNotFoundError) as error:
            raise JournalBroken(position, str(error)) from error

    def scan(self, from_position: Position | None = None) -> Iterator[Record]:
        """Everything written so far, from a record's position on; not what only was appended."""
        return scan(self._storage, from_position, live=True)

    def restore_headroom(self) -> bool:
        """Try to reserve the headroom again; True if it is there. Costs a file creation."""
        if self._headroom.released and not self.poisoned:
            self._headroom.reserve()
        return not self._headroom.released

    def close(self) -> None:
        """Write and sync what waits, unless poisoned, and give back the folder."""
        try:
            if self._ready and not self.poisoned:
                self.write()
                with self._sync_lock:
                    self._sync(self._segment)
        finally:
            self._ready = False
            self._storage.close()

    # --- opening ---

    def _recover(self, after: Tail | None) -> Generator[Record, None, None]:
        self._hear_of_failure()
        tail = yield from scan(self._storage, after=after)
        if tail.segment:
            self._adopt(tail)
        self._disk("remove", self._spare.clear)
        self._make_room_for_word()
        self._headroom.reserve()
        if not tail.segment:
            self._create_segment(HEADER_SIZE)
        self._ready = True

    def _adopt(self, tail: Tail) -> None:
        """Go on after `tail`. What was read may only have been cached: make it durable.

        A cut segment is left at the length of its records, so nothing is ever written where a lost
        record was: the next append starts a new segment.
        """
        name = segment_name(tail.segment)
        if tail.torn_bytes:
            self._disk("truncate", self._storage.truncate, name, tail.offset)
            self.cut_bytes = tail.torn_bytes
        # After a sync that failed the kernel may hold pages that it believes to be clean and that
        # the disk never got: only writing them again makes them dirty.
        rest = self._storage.read(name, tail.synced, tail.offset - tail.synced)
        self._disk("write", self._storage.write, name, tail.synced, rest)
        self._written = Head(tail.last_seq, tail.previous)
        self._disk("sync", self._storage.sync_names)
        self._sync(tail.segment)
        self._enter(tail.segment, tail.offset, self._storage.size(name))
        self._previous, self._last_seq = tail.previous, tail.last_seq

    # --- writing ---

    def _put(self, name: str, offset: int, data: bytes) -> None:
        """One write; on a full disk once more in the headroom's place.

        That is no retry of something accepted: the kernel has refused the bytes, not lost them.
        """
        try:
            self._storage.write(name, offset, data)
        except OSError as error:
            if error.errno not in NO_SPACE or self._headroom.released:
                raise self._poisoned_by("write", error) from error
            self._headroom.release(error)
            self._disk("write", self._storage.write, name, offset, data)

    def _sync(self, segment: int) -> None:
        """One fdatasync, under the lock: the kernel tells an error to one caller only."""
        self._check()
        self._disk("sync", self._spare.settle)
        writes, written = self._writes, self._written
        self._disk("sync", self._storage.sync, segment_name(segment))
        self._synced_writes, self._durable = writes, written

    def _look_ahead(self) -> None:
        """Have the next segment made once this one is half full, before the loop needs it."""
        with self._sync_lock:
            half = 2 * self._end > self._capacity
            if half and self.durability == "sync" and not self._headroom.released:
                self._disk("create", self._spare.make, self._segment)

    def _turn(self, size: int) -> None:
        """The segment is nearly full. If all of it is durable and another is ready, go over: no
        sync is waited for. Else there is no haste, until a record does not fit.

        Not while a sync runs: it would not know in which segment its writes are.
        """
        if self._spare.usable and not self._pending and self._sync_lock.acquire(blocking=False):
            try:
                if self._synced_writes == self._writes and not self._spare.owes:
                    self._storage.release(segment_name(self._segment - 1))
                    self._go_over(segment_name(self._segment))
                    return
            finally:
                self._sync_lock.release()
        if self._end + size > self._capacity:
            self._rotate(size)

    def _rotate(self, size: int) -> None:
        """Seal the segment and go over to the next one, with room for a record of `size` bytes.

        The old one is durable before the new one exists, in both durabilities: so only the last
        segment can be torn.
        """
        self.write()
        name = segment_name(self._segment)
        with self._sync_lock:
            self._disk("truncate", self._storage.truncate, name, self._end)
            self._sync(self._segment)
            self._storage.release(segment_name(self._segment - 1))
            self._storage.release(name)
            if self._spare.usable:
                self._go_over("")
            else:
                self._create_segment(size)

    def _go_over(self, unsealed: str) -> None:
        """To the spare, under the lock."""
        name = segment_name(self._segment + 1)
        self._disk("rename", self._spare.take, name, unsealed, self._end)
        self._enter(self._segment + 1, 0, self._spare.size)

    def _enter(self, segment: int, end: int, capacity: int) -> None:
        """What is appended from now on stands there."""
        self._segment, self._end, self._capacity = segment, end, capacity
        self._turn_at = capacity - capacity // 8

    def _create_segment(self, size: int) -> None:
        """The next segment; on a full disk a smaller one in the headroom's place."""
        name = segment_name(self._segment + 1)
        wanted = self._segment_bytes
        while True:
            try:
                self._storage.create(name, wanted)
                break
            except OSError as error:
                smaller = self._headroom.instead_of(wanted)
                if error.errno not in NO_ROOM or smaller < size:
                    raise self._poisoned_by("create", error) from error
                self._headroom.release(error)
                wanted = smaller
        self._enter(self._segment + 1, 0, wanted)

    # --- poison ---

    def _hear_of_failure(self) -> None:
        """What the life before has left word of. It is durable before anything else is done: so far
        it stands in the page cache, and this life may end in recovery.
        """
        self.failed_before = hear(self._storage)
        if self.failed_before:
            self._disk("sync", self._storage.sync, FAILURE_NAME)

    def _make_room_for_word(self) -> None:
        """Of a failure of ours."""
        if self.failed_before or reserved(self._storage, FAILURE_NAME, FAILURE_BYTES, self._disk):
            return
        try:
            self._storage.create(FAILURE_NAME, FAILURE_BYTES)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise self._poisoned_by("create", error) from error

    def forget_failure(self) -> None:
        """The sessions go on above what may have been spent, and that is durable."""
        self._disk("write", self._storage.write, FAILURE_NAME, 0, bytes(FAILURE_BYTES))
        self._disk("sync", self._storage.sync, FAILURE_NAME)
        self.failed_before = ""

    def _disk(self, call: str, function: Callable[P, None], *args: P.args, **kw: P.kwargs) -> None:
        """Call the storage; an error poisons the journal."""
        try:
            function(*args, **kw)
        except OSError as error:
            raise self._poisoned_by(call, error) from error

    def _check(self) -> None:
        if self._poison:
            raise JournalPoisoned(self._poison)

    def _poisoned_by(self, call: str, error: OSError) -> JournalPoisoned:
        code = errno.errorcode.get(error.errno or 0, "unknown")
        self._poison = f"{call} failed: {code} {error.strerror}"
        leave(self._storage, self._poison)
        return JournalPoisoned(self._poison)
