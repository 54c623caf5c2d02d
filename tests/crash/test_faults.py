"""The real daemon on a disk that fails, a machine that stands still, and with too few descriptors.

Faults of the disk are injected by strace into the calls of the system. Each test ends as all others
here: what the venues did, what the journal says and what the OMS was told are the same.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from router.fix.client import OrderView
from router.model import NS, Side, TimeInForce
from router.runtime.oms import LiveOms, talk
from tests.crash.desk import HOST, STRACE, Desk, Trouble
from tests.crash.kill_points import last_life, life
from tests.crash.nursery import ROOT, WAIT_S, Nursery
from tests.crash.ten_parents import order

POISONED, LOCKED = 75, 73
needs_strace = pytest.mark.skipif(STRACE is None, reason="strace is not installed")
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


@pytest.fixture
def desk(nursery: Nursery, tmp_path: Path) -> Iterator[Desk]:
    with Desk(tmp_path, nursery) as made:
        yield made


def play(desk: Desk, script: Callable[[LiveOms], Awaitable[None]]) -> None:
    """A script, then everything that is left undone, and the comparison."""

    async def whole(oms: LiveOms) -> None:
        await script(oms)
        await last_life(desk, oms, "sync")

    talk(desk.told.client, desk.clock, whole)
    desk.end()
    desk.agree()


def said(desk: Desk, event: str) -> int:
    """How often the log has an event."""
    return desk.log.read_text().count(f" {event} ")


def working(oms: LiveOms, number: int) -> OrderView:
    """A schedule that is at work for six market seconds."""
    now = oms.clock.now()
    name = oms.client.new_order(
        "ACME",
        Side.BUY,
        3_000,
        now=now,
        tif=TimeInForce.GTD,
        expire_time=now + 60 * NS,
        algo="twap",
        params={"horizon_s": "40", "interval_s": "1"},
        account=f"W{number}",
    )
    oms.flush()
    return oms.client.orders[name]


# -- the disk --------------------------------------------------------------------------------------


@needs_strace
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("fdatasync:error=EIO:when=20", "sync failed: EIO"),
        pytest.param("fdatasync:error=EIO:when=14+", "sync failed: EIO", marks=pytest.mark.soak),
        pytest.param("pwrite64:error=ENOSPC:when=30+", "write failed", marks=pytest.mark.soak),
        pytest.param(
            "pwrite64:error=EROFS:when=30+", "write failed: EROFS", marks=pytest.mark.soak
        ),
    ],
)
def test_a_disk_that_fails_ends_the_daemon_with_75_and_no_success_is_told(
    desk: Desk, fault: str, told: str
) -> None:
    async def script(oms: LiveOms) -> None:
        assert await life(desk, oms, None, Trouble((fault,))) == POISONED
        assert told in desk.log.read_text()
        assert said(desk, "journal_poisoned") == 1

    play(desk, script)


@needs_strace
@pytest.mark.soak  # `test_full_disk` fills a real one
def test_a_disk_that_is_full_for_a_moment_costs_the_headroom_and_nothing_else(desk: Desk) -> None:
    async def script(oms: LiveOms) -> None:
        trouble = Trouble(("pwrite64:error=ENOSPC:when=30",))
        assert await life(desk, oms, None, trouble) == 0
        assert said(desk, "journal_poisoned") == 0

    play(desk, script)


@needs_strace
@pytest.mark.soak
@pytest.mark.parametrize(
    "fault", ["fdatasync:delay_enter=200000:when=8+", "fdatasync:delay_enter=5000000:when=30"]
)
def test_a_slow_disk_slows_what_waits_for_it_and_loses_nothing(desk: Desk, fault: str) -> None:
    async def script(oms: LiveOms) -> None:
        assert await life(desk, oms, None, Trouble((fault,))) == 0
        assert said(desk, "journal_poisoned") == 0
        assert said(desk, "process_paused") == 0

    play(desk, script)


def test_a_folder_that_may_only_be_read_is_refused_with_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    mount = f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder} && exec "
    run = f"{sys.executable} -m router run --state {folder}"
    try:
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-c", mount + run],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
    except FileNotFoundError:
        pytest.skip("there is no unshare: a folder cannot be made read-only")
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"this machine mounts nothing for us: {done.stderr.strip()}")
    assert done.returncode == 1, done.stderr
    assert str(folder) in done.stderr
    assert "read-only" in done.stderr.lower()
    assert "Traceback" not in done.stderr


def test_a_second_daemon_on_the_folder_ends_with_73_and_names_the_first(desk: Desk) -> None:
    async def script(oms: LiveOms) -> None:
        first = desk.begin(None)
        assert await desk.answers()
        assert await desk.call(oms)
        second = desk.nursery.bear("router.cli", desk.arguments("sync"), desk.folder / "second")
        second.go()
        assert await asyncio.to_thread(second.dead) == LOCKED
        second.close()
        assert f"locked by process {first.pid}" in (desk.folder / "second").read_text()
        order(oms, 1)
        first.signal(signal.SIGTERM)
        assert await desk.dead() == 0

    play(desk, script)


# -- the process -----------------------------------------------------------------------------------


def test_sigterm_while_orders_work_and_fills_arrive_ends_in_good_order(desk: Desk) -> None:
    async def script(oms: LiveOms) -> None:
        child = desk.begin(None)
        assert await desk.answers()
        assert await desk.call(oms)
        order(oms, 1)
        view = working(oms, 1)
        assert await oms.until(lambda: view.cum_qty > 0, WAIT_S)
        child.signal(signal.SIGTERM)
        assert await desk.dead() == 0
        assert not view.done

    play(desk, script)


def test_after_standing_still_the_venues_are_asked_before_anything_new_is_sent(
    nursery: Nursery, tmp_path: Path
) -> None:
    with Desk(tmp_path, nursery) as desk:

        async def script(oms: LiveOms) -> None:
            trouble = Trouble(module="tests.crash.impatient")
            child = desk.begin(None, trouble=trouble)
            assert await desk.answers()
            assert await desk.call(oms)
            view = working(oms, 1)
            assert await oms.until(lambda: view.cum_qty > 0, WAIT_S)
            child.signal(signal.SIGSTOP)
            await asyncio.sleep(1.5)
            child.signal(signal.SIGCONT)
            assert await oms.until(lambda: oms.is_gone, WAIT_S), "the OMS is not let go"
            assert said(desk, "process_paused") >= 1
            while not await desk.call(oms):  # a busy machine may have starved it once more
                assert not child.is_dead
            before = view.cum_qty
            assert await oms.until(lambda: view.cum_qty > before, WAIT_S), "it does not go on"
            child.signal(signal.SIGTERM)
            assert await desk.dead() == 0

        play(desk, script)


def test_without_descriptors_callers_wait_and_sessions_go_on(desk: Desk) -> None:
    async def script(oms: LiveOms) -> None:
        trouble = Trouble(module="tests.crash.limited", env=(("NOFILE", "32"),))
        child = desk.begin(None, trouble=trouble)
        assert await desk.answers()
        assert await desk.call(oms)
        view = working(oms, 1)
        strangers = [socket.create_connection((HOST, desk.port)) for _ in range(30)]
        assert await oms.until(lambda: view.cum_qty > 0 or child.is_dead, WAIT_S)
        before = view.cum_qty
        assert await oms.until(lambda: view.cum_qty > before or child.is_dead, WAIT_S)
        for each in strangers:
            each.close()
        assert said(desk, "accept_paused") >= 1
        child.signal(signal.SIGTERM)
        assert await desk.dead() == 0

    play(desk, script)
