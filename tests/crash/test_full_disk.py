"""The real daemon on a small disk that fills up: new orders are refused, a cancel leaves, and when
there is room again it goes on, without a restart.

Needs a disk of its own: a tmpfs, which only root may mount. Skipped, and said so, otherwise.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from router.fix.client import OmsClient, OrderView
from router.fix.dictionary import FIX44
from router.fix.session import SessionConfig
from router.model import NS, Side, TimeInForce
from router.runtime.clock import Clock
from router.runtime.oms import LiveOms, talk
from tests.crash.agreement import Told, agree
from tests.crash.processes import Daemon, Time, Venues, free_port

DISK_MIB = 40
"""The headroom's 16, and some segments of one."""
WAIT_S = 60.0
FILLER = "filler"
ORDERS_MAX = 1_000
FAR = 42 * 100_000_000
"""A price at which nobody sells."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own."""
    folder = tmp_path / "state"
    folder.mkdir()
    size = f"size={DISK_MIB}m"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"NOT TESTED: a full disk; no tmpfs: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Take all the space that is left."""
    left = os.statvfs(folder)
    with (folder / FILLER).open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, left.f_bavail * left.f_bsize)


def order(oms: LiveOms, number: int, *, price: int | None = None) -> OrderView:
    """An order that rests far from the market, or one that is over at once."""
    name = oms.client.new_order(
        "ACME",
        Side.BUY,
        500 + number,
        now=oms.clock.now(),
        price=price,
        tif=TimeInForce.DAY if price else TimeInForce.IOC,
        account=f"A{number}",
    )
    oms.flush()
    return oms.client.order(name)


async def answered(oms: LiveOms, number: int) -> OrderView:
    """An order, and its answer."""
    view = order(oms, number)
    assert await oms.until(lambda: view.done, WAIT_S)
    return view


async def until_refused(oms: LiveOms) -> str:
    """Orders until one is refused for it: the segment that is open is used up first."""
    for number in range(1, ORDERS_MAX):
        view = await answered(oms, number)
        if "JOURNAL_UNAVAILABLE" in view.text:
            return view.text
    raise AssertionError("the disk was never full")


async def until_taken(oms: LiveOms) -> None:
    """Orders until one is taken again."""
    for number in range(ORDERS_MAX, 2 * ORDERS_MAX):
        view = await answered(oms, number)
        if view.ord_status != "8":
            return
        await asyncio.sleep(0.2)
    raise AssertionError("it never took orders again")


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_a_full_disk_refuses_new_orders_until_there_is_room(disk: Path, tmp_path: Path) -> None:
    time = Time(Clock().now() // NS * NS, 1.0)
    venues = Venues(tmp_path, time)
    port = free_port()
    daemon = Daemon(tmp_path, time, venues.ports, port, None)
    told = Told(
        OmsClient(
            SessionConfig(
                sender_comp_id="OMS", target_comp_id="SLUICE", role="initiator", validate=FIX44
            )
        )
    )

    async def script(oms: LiveOms) -> None:
        assert await asyncio.to_thread(daemon.listens)
        calls = asyncio.create_task(oms.stay_connected("127.0.0.1", port))
        assert await oms.until(lambda: oms.client.logged_on, WAIT_S)
        resting = order(oms, 0, price=FAR)
        assert await oms.until(lambda: bool(resting.reports), WAIT_S)
        fill(disk)
        refused = await until_refused(oms)
        assert refused == "JOURNAL_UNAVAILABLE: the disk is full; cancels are taken"
        oms.client.cancel(resting.cl_ord_id, now=oms.clock.now())
        oms.flush()
        assert await oms.until(lambda: resting.done, WAIT_S)
        assert resting.ord_status == "4"
        (disk / FILLER).unlink()
        await until_taken(oms)
        await oms.leave()
        calls.cancel()
        assert await asyncio.to_thread(daemon.stop) == 0

    try:
        talk(told.client, Clock(speed=1.0, origin=time.origin), script)
    finally:
        daemon.kill()
        venues.stop()
    agree(told, venues.audit, disk)
