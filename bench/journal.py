"""Journal against the disk: group commit with 64 producers, and one acknowledgement at a time.

Run as `python -m bench.journal [rounds] [folder]`. Every round runs all subjects in turn, in
preallocated files of one folder (the working directory's `var` by default: it must not be in
memory). `threaded` is how the daemon does it: the sync in another thread, the loop goes on.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import uvloop

from bench.measure import Figures, Result, at_most
from router.journal.records import HEADER_SIZE
from router.journal.segments import Journal
from router.journal.storage import FileStorage

ROUNDS = 9
PRODUCERS = 64
MESSAGES = 64 * 60
SINGLES = 300
PAYLOAD = bytes(range(250)) + bytes(50)
"""300 bytes: a NewOrderSingle and what was decided about it."""


class Bare:
    """One write and one fdatasync per message into a preallocated file: what the disk costs."""

    def __init__(self, folder: Path) -> None:
        self.fd = os.open(folder / "bare", os.O_RDWR | os.O_CREAT, 0o600)
        os.posix_fallocate(self.fd, 0, 64 * 1024 * 1024)
        os.fsync(self.fd)
        self.offset = 0
        self.record = bytes(HEADER_SIZE) + PAYLOAD

    def syncs(self) -> list[float]:
        """Seconds of each fdatasync alone, the write before it left out."""
        return [self._one()[1] for _ in range(SINGLES)]

    def messages(self) -> list[float]:
        """Seconds of each write with its fdatasync."""
        return [sum(self._one()) for _ in range(SINGLES)]

    def _one(self) -> tuple[float, float]:
        start = time.perf_counter()
        os.pwrite(self.fd, self.record, self.offset)
        written = time.perf_counter()
        os.fdatasync(self.fd)
        self.offset += len(self.record)
        return written - start, time.perf_counter() - written


@dataclass(slots=True)
class Producer:
    """Appends a message when its last one is durable, until it has appended its share."""

    committer: Committer
    left: int = MESSAGES // PRODUCERS

    def acknowledged(self) -> None:
        if self.left:
            self.left -= 1
            self.committer.append()
            self.committer.waiting.append(self)


class Committer:
    """Group commit as a driver does it: sync again as soon as the last sync has ended.

    Producers are callbacks, as protocols are in the daemon: 64 tasks would measure asyncio.
    """

    def __init__(self, folder: Path) -> None:
        self.journal = Journal(FileStorage(folder))
        assert list(self.journal.open()) == []
        self.pool = ThreadPoolExecutor(1)
        self.seq = 0
        self.syncs = 0
        self.waiting: list[Producer] = []

    def append(self) -> None:
        self.seq += 1
        self.journal.append(self.seq, time.monotonic_ns(), time.time_ns(), PAYLOAD)

    async def group_threaded(self) -> None:
        """All producers, each with one message in flight, the sync in another thread."""
        loop = asyncio.get_running_loop()
        durable = [Producer(self) for _ in range(PRODUCERS)]
        while durable:
            for producer in durable:
                producer.acknowledged()
            durable, self.waiting = self.waiting, []
            self.journal.write()
            await loop.run_in_executor(self.pool, self.journal.sync)
            self.syncs += 1

    def group_inline(self) -> None:
        """The same with the sync in this thread."""
        durable = [Producer(self) for _ in range(PRODUCERS)]
        while durable:
            for producer in durable:
                producer.acknowledged()
            durable, self.waiting = self.waiting, []
            self.journal.write()
            self.journal.sync()
            self.syncs += 1

    async def ack_threaded(self) -> list[float]:
        """Seconds of single acknowledgements, the sync in another thread."""
        loop = asyncio.get_running_loop()
        seconds = []
        for _ in range(SINGLES):
            start = time.perf_counter()
            self.append()
            self.journal.write()
            await loop.run_in_executor(self.pool, self.journal.sync)
            seconds.append(time.perf_counter() - start)
        return seconds

    def ack_inline(self) -> list[float]:
        """Seconds of single acknowledgements, the sync in this thread."""
        seconds = []
        for _ in range(SINGLES):
            start = time.perf_counter()
            self.append()
            self.journal.write()
            self.journal.sync()
            seconds.append(time.perf_counter() - start)
        return seconds


def note(figures: Figures, name: str, work: Callable[[], list[float] | None], count: int) -> None:
    """Run, and keep the round's median, or its mean if the work does not time each message."""
    cpu, start = time.process_time(), time.perf_counter()
    each = work()
    took, cpu = time.perf_counter() - start, time.process_time() - cpu
    wall = statistics.median(each) if each else took / count
    figures.note(name, wall_us=wall * 1e6, cpu_us=cpu / count * 1e6)


def measure(rounds: int, folder: Path) -> tuple[Figures, float]:
    """All rounds, and how many messages a sync of a group has covered."""
    figures = Figures()
    bare = Bare(folder)
    committer = Committer(folder / "state")
    loop = uvloop.new_event_loop()
    in_loop = loop.run_until_complete
    for _ in range(rounds):
        note(figures, "bare_fdatasync", bare.syncs, SINGLES)
        note(figures, "write_and_fdatasync_each", bare.messages, SINGLES)
        note(figures, "group_inline", committer.group_inline, MESSAGES)
        note(figures, "group_threaded", lambda: in_loop(committer.group_threaded()), MESSAGES)
        note(figures, "ack_inline", committer.ack_inline, SINGLES)
        note(figures, "ack_threaded", lambda: in_loop(committer.ack_threaded()), SINGLES)
    loop.close()
    committer.pool.shutdown()
    committer.journal.close()
    return figures, 2 * MESSAGES * rounds / committer.syncs


def main(rounds: int = ROUNDS, *, folder: Path = Path("var")) -> Result:
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as inner:
        figures, messages_per_sync = measure(rounds, Path(inner))
    each, sync = "write_and_fdatasync_each", "bare_fdatasync"
    return {
        "bench": "journal",
        "rounds": rounds,
        "payload_bytes": len(PAYLOAD),
        "producers": PRODUCERS,
        "messages_per_sync": round(messages_per_sync, 1),
        **figures.medians(),
        "ratios": {
            f"group_threaded_to_{each}": at_most(
                figures.wall_ratio("group_threaded", each), 1 / 12
            ),
            f"group_inline_to_{each}": at_most(figures.wall_ratio("group_inline", each), 1 / 12),
            f"ack_threaded_to_{sync}": at_most(figures.wall_ratio("ack_threaded", sync), 3.3),
            f"ack_inline_to_{sync}": at_most(figures.wall_ratio("ack_inline", sync), 3.3),
        },
    }


if __name__ == "__main__":
    print(
        json.dumps(main(*map(int, sys.argv[1:2]), folder=Path(*sys.argv[2:3] or ["var"])), indent=2)
    )
