"""Journal against the disk: group commit with 64 producers, and one acknowledgement at a time.

Run as `python -m bench.journal [rounds] [folder]`. Every round runs all subjects in turn, in
preallocated files of one folder (the working directory's `var` by default: it must not be in
memory). A figure counts only as a ratio against the bare fdatasync of the same run.
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
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

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


@dataclass
class Figures:
    """Microseconds per message, one figure a round."""

    wall: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, list[float]] = field(default_factory=dict)

    def note(self, name: str, work: Callable[[], list[float] | None], count: int) -> None:
        """Run, and keep the round's median, or its mean if the work does not time each message."""
        cpu, start = time.process_time(), time.perf_counter()
        each = work()
        took = time.perf_counter() - start
        self.cpu.setdefault(name, []).append((time.process_time() - cpu) / count * 1e6)
        figure = statistics.median(each) if each else took / count
        self.wall.setdefault(name, []).append(figure * 1e6)

    def median(self, name: str) -> float:
        return statistics.median(self.wall[name])


def run(rounds: int, folder: Path) -> dict[str, object]:
    """All rounds; the result is what is printed."""
    figures = Figures()
    bare = Bare(folder)
    committer = Committer(folder / "state")
    loop = uvloop.new_event_loop()
    in_loop = loop.run_until_complete
    for _ in range(rounds):
        figures.note("bare_fdatasync", bare.syncs, SINGLES)
        figures.note("write_and_fdatasync_each", bare.messages, SINGLES)
        figures.note("group_inline", committer.group_inline, MESSAGES)
        figures.note("group_threaded", lambda: in_loop(committer.group_threaded()), MESSAGES)
        figures.note("ack_inline", committer.ack_inline, SINGLES)
        figures.note("ack_threaded", lambda: in_loop(committer.ack_threaded()), SINGLES)
    loop.close()
    committer.pool.shutdown()
    committer.journal.close()
    sync, each = figures.median("bare_fdatasync"), figures.median("write_and_fdatasync_each")
    return {
        "rounds": rounds,
        "payload_bytes": len(PAYLOAD),
        "producers": PRODUCERS,
        "messages_per_sync": round(2 * MESSAGES * rounds / committer.syncs, 1),
        "us": {name: round(figures.median(name), 2) for name in figures.wall},
        "cpu_us": {name: round(statistics.median(cpu), 2) for name, cpu in figures.cpu.items()},
        "ratios": {
            "group_inline_to_fdatasync_each": _ratio(figures.median("group_inline"), each, 1 / 12),
            "group_threaded_to_fdatasync_each": _ratio(
                figures.median("group_threaded"), each, 1 / 12
            ),
            "ack_inline_to_fdatasync": _ratio(figures.median("ack_inline"), sync, 3.3),
            "ack_threaded_to_fdatasync": _ratio(figures.median("ack_threaded"), sync, 3.3),
        },
    }


def _ratio(figure: float, base: float, target: float) -> dict[str, object]:
    ratio = figure / base
    return {"ratio": round(ratio, 4), "target_max": round(target, 4), "met": ratio <= target}


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    parent = Path(sys.argv[2]) if len(sys.argv) > 2 else Path("var")
    parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        print(json.dumps(run(rounds, Path(folder)), indent=2))


if __name__ == "__main__":
    main()
