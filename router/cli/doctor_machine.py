"""The doctor's look at what a daemon needs of its machine: limits, room to grow. Not a command."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.settings import Settings
from router.cli.finding import Finding
from router.journal.records import Position
from router.journal.scan import JournalBroken, scan, segment_name, segment_numbers
from router.journal.storage import FileStorage, ForeignState
from router.model import NS

FILES_BASE = 128
"""Descriptors beside sessions: strangers at the door (64), segments, the loop, the log."""
HOUR_NS = 3600 * NS
DAY_NS = 24 * HOUR_NS
SEGMENTS_LOOKED_AT = 8
"""So many of the last segments say how fast a journal grows."""
DAYS_LEFT = 7
MARKET_PATTERN = "market-*.seg"


# -- limits --------------------------------------------------------------------------------------


def limits(settings: Settings, pid: int | None) -> Iterator[Finding]:
    """What the daemon may use: a running one's limits, else those that a start from here has."""
    found = _limits_of(pid) if pid is not None else _own_limits()
    if found is None:
        return
    sessions = len(settings.fix.acceptor.sessions)
    sessions += sum(2 if each.market_data is not None else 1 for each in settings.venues)
    yield judge_limits(found, needed=FILES_BASE + 2 * sessions, segment_mib=_segment(settings))


def _segment(settings: Settings) -> int:
    return settings.journal.segment_mib


@dataclass(frozen=True, slots=True)
class Limits:
    """Soft limits; None: unlimited."""

    open_files: int | None
    file_size: int | None
    locked: int | None
    core: int | None


def judge_limits(found: Limits, *, needed: int, segment_mib: int) -> Finding:
    """What the limits mean. Sluice locks no memory, so that limit is only told."""
    if found.file_size is not None and found.file_size < segment_mib << 20:
        text = f"files may have {found.file_size:,} bytes, a segment has {segment_mib} MiB"
        return Finding("limits", "error", text, "ulimit -f unlimited, or LimitFSIZE=infinity")
    if found.open_files is not None and found.open_files < needed:
        text = f"{found.open_files:,} descriptors, and {needed:,} may be wanted"
        return Finding("limits", "warning", text, f"ulimit -n {4 * needed}, or LimitNOFILE=")
    if found.core != 0:
        text = "a crash leaves a core file with what was in memory, passwords too"
        return Finding("limits", "note", f"{text}: ulimit -c 0, or LimitCORE=0")
    locked = "any" if found.locked is None else f"{found.locked >> 10:,} KiB of"
    files = "any number of" if found.open_files is None else f"{found.open_files:,}"
    return Finding("limits", "ok", f"{files} descriptors, {locked} locked memory (none is used)")


def _own_limits() -> Limits:
    def soft(kind: int) -> int | None:
        value = resource.getrlimit(kind)[0]
        return None if value == resource.RLIM_INFINITY else value

    return Limits(
        open_files=soft(resource.RLIMIT_NOFILE),
        file_size=soft(resource.RLIMIT_FSIZE),
        locked=soft(resource.RLIMIT_MEMLOCK),
        core=soft(resource.RLIMIT_CORE),
    )


def _limits_of(pid: int) -> Limits | None:
    """A process's limits; None if it cannot be seen."""
    try:
        lines = (Path("/proc") / str(pid) / "limits").read_text("ascii").splitlines()
    except OSError:
        return None
    soft = {line[:26].strip(): line[26:].split()[0] for line in lines[1:]}

    def value(name: str) -> int | None:
        text = soft.get(name, "unlimited")
        return int(text) if text.isdigit() else None

    return Limits(
        open_files=value("Max open files"),
        file_size=value("Max file size"),
        locked=value("Max locked memory"),
        core=value("Max core file size"),
    )


# -- growth --------------------------------------------------------------------------------------


def growth(state: Path, free: int) -> Iterator[Finding]:
    """For how long the disk lasts, if the journal goes on growing as it did."""
    try:
        storage = FileStorage(state, read_only=True)
        numbers = segment_numbers(storage)[-SEGMENTS_LOOKED_AT:]
        if not numbers:
            return
        first = next(scan(storage, Position(numbers[0], 0), live=True), None)
        last, size = first, sum(storage.size(segment_name(each)) for each in numbers[:-1])
        for record in scan(storage, Position(numbers[-1], 0), live=True):
            last, end = record, record.position.offset + record.size
        if first is not None and last is not None:
            yield judge_growth(size + end, last.wall_ns - first.wall_ns, free)
    except (ForeignState, JournalBroken, OSError):
        return  # others say so


def judge_growth(grown: int, in_ns: int, free: int) -> Finding:
    """So many bytes in so long, and so many are free."""
    if in_ns < HOUR_NS:
        return Finding("disk growth", "note", "the journal is too young to say how fast it grows")
    a_day = grown * DAY_NS / in_ns
    days = free / a_day if a_day else float("inf")
    text = f"the journal grows by {a_day / (1 << 20):,.0f} MiB a day: room for {days:,.0f} days"
    cure = "make room, archive old segments, or move the state folder to a larger disk"
    if days < 1:
        return Finding("disk growth", "error", text, cure)
    if days < DAYS_LEFT:
        return Finding("disk growth", "warning", text, cure)
    return Finding("disk growth", "ok", text)


def market_files(state: Path) -> Iterator[Finding]:
    """What is not synced, by design: it may be missing after a power cut."""
    sizes = [path.stat().st_size for path in state.glob(MARKET_PATTERN)]
    if sizes:
        text = f"{len(sizes)} files of market data, {sum(sizes) >> 20:,} MiB, not synced by design"
        yield Finding("market files", "note", f"{text}; only `replay --verify` needs them")
