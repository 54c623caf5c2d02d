"""The doctor's look at clocks: the machine's, the journal's, and the peers'. Not a command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from config.settings import Settings
from router.api.counting import count
from router.api.tally import Tally
from router.cli.finding import Finding
from router.cli.kernel_clock import KernelClock, kernel_clock
from router.fix.codec import time_text
from router.journal.records import Position
from router.journal.recovery import read_steps
from router.journal.scan import JournalBroken, scan, segment_numbers
from router.journal.storage import FileStorage, ForeignState
from router.model import NS
from router.runtime.clock import Clock

CLOCK_EARLIEST = 1_735_689_600 * NS
"""2025-01-01: a clock before it was never set."""
SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
OFFSET_S = 0.1
"""A clock that is further off tells other times than its peers' (RTS 25 asks for far less)."""
SKEW_S = 0.1
"""A peer's SendingTime(52) that is further off: one of the clocks is wrong, or the way long."""
SYNC = "start time synchronisation, such as chrony"


def findings(settings: Settings, kernel: KernelClock | None = None) -> Iterator[Finding]:
    """The machine's clock. `kernel`: what it knows, if it is not to be asked."""
    now = Clock().wall()
    if now < CLOCK_EARLIEST:
        text = f"it is {time_text(now)} UTC by this machine: the clock was never set"
        yield Finding("clock", "error", text, SYNC)
        return
    real = settings.simulate is None
    yield judge_clock(now, kernel or kernel_clock(), kept=SYNCHRONISED.exists(), real=real)
    if settings.clock.speed != 1.0:
        text = f"clock.speed is {settings.clock.speed:g}: time is simulated"
        yield Finding("clock", "note", text)


def judge_clock(now: int, kernel: KernelClock | None, *, kept: bool, real: bool) -> Finding:
    """What is known of the clock without asking anybody else. `kept`: somebody says that it is.

    `real`: venues are, so that a clock which nobody keeps is a fault.
    """
    it_is = f"{time_text(now)} UTC"
    if kernel is not None and abs(kernel.offset_s) > OFFSET_S:
        text = f"{it_is}; {abs(kernel.offset_s):.3f} s are still to be corrected"
        return Finding("clock", "warning", text, "wait until it is set before orders come")
    if kept or (kernel is not None and kernel.synchronised):
        within = f", within {kernel.error_s:.3f} s" if kernel is not None else ""
        return Finding("clock", "ok", f"{it_is}, synchronised{within}")
    if kernel is not None and real:
        return Finding("clock", "warning", f"{it_is}, and nobody keeps it, says the kernel", SYNC)
    known = "it is not known whether it is" if kernel is None else "the kernel says that it is not"
    return Finding("clock", "note", f"{it_is}; {known} synchronised")


def of_the_journal(state: Path, *, speed: float) -> Iterator[Finding]:
    """What the last records say of clocks: our own before, and the venues'."""
    try:
        storage = FileStorage(state, read_only=True)
        number = (segment_numbers(storage) or [0])[-1]
    except (ForeignState, JournalBroken, OSError):
        return  # others say so
    if not number:
        return
    start = Position(number, 0)
    last = 0
    for record in scan(storage, start, live=True):
        last = record.wall_ns
    now = Clock().wall()
    if last > now + NS:
        text = f"the last record is from {time_text(last)} UTC, and it is {time_text(now)}"
        cure = "set the clock; after a run with clock.speed above 1 use a fresh state folder"
        yield Finding("clock", "warning", text, cure)
    tally = Tally()
    for _, step in read_steps(storage, start, live=True):
        count(tally, step)
    yield from judge_skews(tally.skew_ns, speed=speed)


def judge_skews(skews: Mapping[str, int], *, speed: float) -> Iterator[Finding]:
    """By session, our clock less SendingTime(52) of the last message, nanoseconds."""
    if not skews:
        return
    bad = False
    for session, skew in skews.items():
        seconds = skew / NS / speed
        if abs(seconds) > SKEW_S:
            bad = True
            text = f"{session} is {abs(seconds):.3f} s {'behind' if seconds > 0 else 'ahead'}"
            cure = "compare both clocks with UTC; a slow way makes a peer seem behind"
            yield Finding("peers' clocks", "warning", f"{text}, by SendingTime(52)", cure)
    if not bad:
        worst = max(abs(skew) for skew in skews.values()) / NS / speed
        text = f"{len(skews)} sessions are within {worst:.3f} s of ours, by SendingTime(52)"
        yield Finding("peers' clocks", "ok", text)
