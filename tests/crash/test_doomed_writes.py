"""The daemon dies inside its own disk: before, within and after writes and syncs of its journal.

Orders, fills and numbers survive, and nothing is done twice. `test_kill_9` kills from outside.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
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
FATES = (
    (
        Fate("before the write", 25),
        Fate("within the write", 40),
        Fate("before the sync", 1),
        Fate("after the sync", 33),
        Fate("within the write", 30),
    ),
    (
        Fate("after the sync", 45),
        Fate("before the sync", 28),
        Fate("within the write", 2),
        Fate("before the write", 37),
        Fate("before the sync", 52),
    ),
)
"""How the lives of each run end. The first write or two of a life are those of its recovery."""


@dataclass
class Run:
    """Venues that live, an OMS that lives, and daemons that do not."""

    folder: Path
    time: Time
    venues: Venues
    port: int
    told: Told
    lives: list[Daemon] = field(default_factory=list)

    def daemon(self, fate: Fate | None) -> Daemon:
        """A new life on the same folder."""
        daemon = Daemon(self.folder, self.time, self.venues.ports, self.port, fate)
        self.lives.append(daemon)
        return daemon


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Venues that run, and an OMS that has not called."""
    time = Time(Clock().now() // NS * NS, SPEED)
    venues = Venues(tmp_path, time)
    config = SessionConfig(
        sender_comp_id="OMS", target_comp_id="SLUICE", role="initiator", validate=FIX44
    )
    made = Run(tmp_path, time, venues, free_port(), Told(OmsClient(config)))
    try:
        yield made
    finally:
        for daemon in made.lives:
            daemon.kill()
        venues.stop()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("fates", FATES, ids=["first", "second"])
def test_a_death_at_any_write_loses_nothing_and_does_nothing_twice(
    run: Run, fates: tuple[Fate, ...]
) -> None:
    clock = Clock(speed=SPEED, origin=run.time.origin)

    async def script(oms: LiveOms) -> None:
        calls = asyncio.create_task(oms.stay_connected("127.0.0.1", run.port))
        for number, fate in enumerate(fates):
            await doomed_life(oms, run, number, fate)
        await last_life(oms, run, len(fates))
        calls.cancel()

    talk(run.told.client, clock, script)
    agree(run.told, run.venues.audit, run.folder / "state")


async def doomed_life(oms: LiveOms, run: Run, number: int, fate: Fate) -> None:
    """A life that ends by itself, perhaps before anybody could log on."""
    daemon = run.daemon(fate)
    if await asyncio.to_thread(daemon.listens):
        assert await oms.until(lambda: oms.client.logged_on or daemon.is_dead, WAIT_S)
        order(oms, number)
    assert await asyncio.to_thread(daemon.dead) == -signal.SIGKILL


async def last_life(oms: LiveOms, run: Run, number: int) -> None:
    """The life in which everything comes to its end."""
    daemon = run.daemon(None)
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
