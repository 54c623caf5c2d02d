"""Kill -9 at twenty points: orders, fills and numbers survive, and nothing is done twice."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from router.fix.client import OmsClient
from router.fix.dictionary import FIX44
from router.fix.session import SessionConfig
from router.model import NS, Side, TimeInForce
from router.runtime.clock import Clock
from router.runtime.oms import LiveOms, talk
from tests.crash.agreement import Told, agree
from tests.crash.processes import Daemon, Fate, Time, Venues, free_port

SPEED = 8.0
WAIT_S = 60.0
REPORTS = ((1, 4, 9, 2, 6), (3, 12, 1, 7, 5))
"""New reports that the OMS hears in each life before the daemon is killed."""
WRITES = (
    (
        ("before the write", 25),
        ("within the write", 40),
        ("before the sync", 1),
        ("after the sync", 33),
        ("within the write", 30),
    ),
    (
        ("after the sync", 45),
        ("before the sync", 28),
        ("within the write", 2),
        ("before the write", 37),
        ("before the sync", 52),
    ),
)
"""Where in its journal each life ends. The first one or two writes are those of the recovery."""
FATES = [
    *([Fate(count=count) for count in counts] for counts in REPORTS),
    *([Fate(point, count) for point, count in points] for points in WRITES),
]


@dataclass
class Run:
    """One pair of processes, and the OMS that outlives every daemon."""

    folder: Path
    time: Time
    venues: Venues
    port: int
    told: Told

    def daemon(self, fate: Fate) -> Daemon:
        """A new life on the same folder."""
        return Daemon(self.folder, self.time, self.venues.ports, self.port, fate)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Venues that run, and an OMS that has not called."""
    time = Time(Clock().now() // NS * NS, SPEED)
    venues = Venues(tmp_path, time)
    config = SessionConfig(
        sender_comp_id="OMS", target_comp_id="SLUICE", role="initiator", validate=FIX44
    )
    yield Run(tmp_path, time, venues, free_port(), Told(OmsClient(config)))
    venues.stop()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("fates", FATES, ids=["reports-1", "reports-2", "writes-1", "writes-2"])
def test_nothing_is_lost_or_done_twice(run: Run, fates: list[Fate]) -> None:
    clock = Clock(speed=SPEED, origin=run.time.origin)

    async def script(oms: LiveOms) -> None:
        calls = asyncio.create_task(oms.stay_connected("127.0.0.1", run.port))
        for number, fate in enumerate(fates):
            await live(oms, run, number, fate)
        await last_life(oms, run, len(fates))
        calls.cancel()

    talk(run.told.client, clock, script)
    agree(run.told, run.venues.audit, run.folder / "state")


async def live(oms: LiveOms, run: Run, number: int, fate: Fate) -> None:
    """One life and its end."""
    daemon = run.daemon(fate)
    listens = await asyncio.to_thread(daemon.listens)
    if listens and await oms.until(lambda: oms.client.logged_on, WAIT_S):
        order(oms, number)
    if not fate.point:
        heard = run.told.reports
        assert await oms.until(lambda: run.told.reports >= heard + fate.count, WAIT_S)
        daemon.kill()
    assert await asyncio.to_thread(daemon.dead) == -signal.SIGKILL


async def last_life(oms: LiveOms, run: Run, number: int) -> None:
    """The life in which everything comes to its end."""
    daemon = run.daemon(Fate())
    assert await asyncio.to_thread(daemon.listens)
    assert await oms.until(lambda: oms.client.logged_on, WAIT_S)
    order(oms, number)
    orders = oms.client.orders.values()
    assert await oms.until(lambda: all(view.done for view in orders), WAIT_S), list(orders)
    await oms.leave()
    assert await asyncio.to_thread(daemon.stop) == 0


def order(oms: LiveOms, number: int) -> None:
    """Two orders: one that is over at once, and a schedule that outlives the daemon."""
    now = oms.clock.now()
    side = (Side.BUY, Side.SELL)[number % 2]
    oms.client.new_order("ACME", side, 700, now=now, tif=TimeInForce.IOC, account=f"I{number}")
    oms.client.new_order(
        "ACME",
        side,
        6_000,
        now=now,
        tif=TimeInForce.GTD,
        expire_time=now + 45 * NS,
        algo="twap",
        params={"horizon_s": "40", "interval_s": "2"},
        account=f"T{number}",
    )
    oms.flush()
