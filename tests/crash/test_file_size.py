"""The real daemon where no file may be as large as it likes: RLIMIT_FSIZE, set and lifted while it
runs (F-02).

A segment that cannot be had is a shortage like that of a full disk, and ends with it. A limit in
the middle of the open segment lets the kernel take a part of a write and refuse the rest: that is a
write that has failed, and ends the daemon with 75, not with SIGXFSZ.
"""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from router.runtime.oms import LiveOms, talk
from tests.crash.desk import Desk, Trouble
from tests.crash.kill_points import last_life
from tests.crash.nursery import WAIT_S, Nursery
from tests.crash.test_full_disk import FAR, answered, order, until_refused, until_taken

POISONED = 75
SMALL = 128 * 1024
"""Bytes: less than a segment, which has 1 MiB, and than the headroom."""
PART = 200
"""Bytes of a record that still fit: a record's header has 64."""
REFUSED = "JOURNAL_UNAVAILABLE: no file may grow so large; cancels are taken"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    nursery = Nursery()
    with Desk(tmp_path, nursery) as made:
        yield made
    nursery.close()


def limit(desk: Desk, value: int) -> None:
    """No file of the daemon's may have more bytes from now on."""
    assert desk.life is not None
    _, hard = resource.prlimit(desk.life.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(desk.life.pid, resource.RLIMIT_FSIZE, (value, hard))


def newest(desk: Desk) -> Path:
    """The segment that is written to."""
    return max(desk.state.glob("journal-*.seg"))


def used(segment: Path) -> int:
    """Bytes of a segment that records have taken; the rest is zeros."""
    return len(segment.read_bytes().rstrip(b"\0"))


def stands(desk: Desk) -> bool:
    """True if every thread of the daemon has stopped, so that no write is under way: proc(5)."""
    assert desk.life is not None
    stats = Path(f"/proc/{desk.life.pid}/task").glob("*/stat")
    return {stat.read_text().rpartition(")")[2].split()[0] for stat in stats} == {"T"}


@pytest.mark.timeout(120)
def test_a_limit_of_files_is_a_full_disk_until_it_is_lifted_and_a_short_write_is_the_end(
    desk: Desk,
) -> None:
    async def script(oms: LiveOms) -> None:
        small = Trouble(module="tests.crash.limited", env=(("FSIZE", str(SMALL)),))
        desk.begin(None, trouble=small)
        assert await desk.answers()
        assert await desk.call(oms)
        assert desk.life is not None
        assert await until_refused(oms) == REFUSED, "from the start: there is no headroom"

        limit(desk, resource.RLIM_INFINITY)
        await until_taken(oms)
        resting = order(oms, 0, price=FAR)
        assert await oms.until(lambda: bool(resting.reports), WAIT_S)
        assert newest(desk).stat().st_size <= SMALL, "the open segment is still a small one"

        limit(desk, SMALL)
        assert await until_refused(oms) == REFUSED, "when the next one is wanted"
        oms.client.cancel(resting.cl_ord_id, now=oms.clock.now())
        oms.flush()
        assert await oms.until(lambda: resting.done, WAIT_S)
        assert resting.ord_status == "4", "cancels leave, and are recorded"

        limit(desk, resource.RLIM_INFINITY)
        await until_taken(oms)
        await until_large(desk, oms)
        segment = newest(desk)
        desk.life.signal(signal.SIGSTOP)  # it may still be writing of the order before
        assert await oms.until(lambda: stands(desk), WAIT_S)
        end = used(segment) + PART
        limit(desk, end)
        desk.life.signal(signal.SIGCONT)
        order(oms, 2_000)
        assert await desk.dead() == POISONED
        assert used(segment) == end, "the kernel was to take a part"
        assert "write failed: EFBIG" in desk.log.read_text()
        await last_life(desk, oms, "sync")

    talk(desk.told.client, desk.clock, script)
    desk.end()
    desk.agree()


async def until_large(desk: Desk, oms: LiveOms) -> None:
    """Orders until the open segment has room for many more: another one is wanted no more soon."""
    number = 3_000
    while newest(desk).stat().st_size <= SMALL:
        number += 1
        await answered(oms, number)
