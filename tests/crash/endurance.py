"""`python -m tests.crash.endurance [--minutes 60] [--rate 12] [--seed 1]`: the real daemon under
load for long, a fault every half minute, and all accounts at the end.

The market is the simulated one in its own process, at the pace of the wall. The daemon is killed,
stopped, frozen and started again; lines to venues and to the OMS are cut, frozen and half open; its
disk is slow; operators kill, arm, log out, and load policies, broken ones among them. Whatever
happens the OMS goes on ordering. One JSON object on stdout: what was done, what of the daemon grew,
and whether OMS, venues and journal tell the same story.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import astuple, dataclass, field, fields
from functools import partial
from pathlib import Path

import numpy as np

import config
from router.core.fold_ends import CLOSED_PARENTS_MAX
from router.model import NS, Side, TimeInForce
from router.runtime.clock import Clock
from router.runtime.oms import LiveOms, talk
from tests.crash.desk import HOST, STRACE, Desk, Trouble, attach
from tests.crash.kill_points import last_life
from tests.crash.nursery import WAIT_S, Child, Nursery
from tests.crash.processes import Time
from tests.crash.proxy import Proxy, proxy
from tests.crash.ten_parents import PX, ask, kill_and_arm, out_and_in

FAULT_EVERY_S = 30.0
BREATH_S = 0.05
"""Orders of so long leave together."""
CANCEL_AFTER_S = 3
KINDS = ("ioc", "sweep", "twap", "resting", "resting")
"""Of parents, each as often."""
ACCOUNTS = 997
POLICIES = Path(config.__file__).parent / "policies"
PAUSE_S = 12.0
"""Longer than the daemon takes for a pause without consequences."""
LIFE_ENDS = 0.08
"""How often a fault ends a life: only a life that lasts shows what grows."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The daemon's process at a moment of a life."""

    life: int
    age_s: float
    parents: int
    rss_mb: float
    descriptors: int
    threads: int


@dataclass
class Scene:
    """Everything that a run has, while it runs."""

    desk: Desk
    venues: Proxy
    door: Proxy
    oms: LiveOms
    rng: np.random.Generator
    policies: list[Path]
    sent: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)
    born: float = 0.0
    _to_cancel: deque[tuple[float, str]] = field(default_factory=deque)

    # -- the OMS ---------------------------------------------------------------------------------

    async def trade(self, rate: float, seconds: float) -> None:
        """Parents at a rate, connected or not; some are canceled or replaced."""
        began, first = time.monotonic(), self.sent
        while (past := time.monotonic() - began) < seconds:
            while self.sent - first < past * rate:
                self._order()
            while self._to_cancel and self._to_cancel[0][0] < time.monotonic():
                self._change(self._to_cancel.popleft()[1])
            self.oms.flush()
            await asyncio.sleep(BREATH_S)

    def _order(self) -> None:
        """One parent; buys and sells in turn."""
        self.sent += 1
        client, now = self.oms.client, self.oms.clock.now()
        new = partial(
            client.new_order,
            "ACME",
            Side.BUY if self.sent % 2 else Side.SELL,
            100 * int(self.rng.integers(1, 6)),
            now=now,
            account=f"E{self.sent % ACCOUNTS}",
        )
        timed = partial(
            new, tif=TimeInForce.GTD, expire_time=now + int(self.rng.integers(4, 12)) * NS
        )
        match KINDS[int(self.rng.integers(len(KINDS)))]:
            case "ioc":
                new(tif=TimeInForce.IOC)
            case "sweep":
                timed(algo="sweep")
            case "twap":
                timed(algo="twap", params={"horizon_s": "4", "interval_s": "1"})
            case "resting":
                name = timed(price=(49 if self.sent % 2 else 51) * PX)
                self._to_cancel.append((time.monotonic() + CANCEL_AFTER_S, name))

    def _change(self, name: str) -> None:
        """Cancel an order that rests, or ask for more of it."""
        view = self.oms.client.orders[name]
        if view.done or not self.oms.client.logged_on:
            return
        now = self.oms.clock.now()
        if self.sent % 3:
            self.oms.client.cancel(name, now)
        else:
            self.oms.client.replace(name, now=now, qty=view.order_qty + 100)

    # -- the daemon ------------------------------------------------------------------------------

    async def begin(self) -> None:
        """A life."""
        self.desk.begin(None, trouble=Trouble(settings=self._settings()))
        assert await self.desk.answers(), self.desk.log.read_text()[-2000:]
        self.born = time.monotonic()

    def _settings(self) -> tuple[tuple[str, object], ...]:
        """As it is shipped, but for what a desk sets."""
        return (
            ("journal.segment_mib", 64),
            ("journal.snapshot_events", 10_000),
            ("fix.defaults.heart_bt_int", 30),
            ("fix.defaults.reconnect_interval", 1),
            ("limits.repeat_execution.executions_max", 99_999),
            ("limits.message_rate.messages_max", 99_999),
            ("policies", json.dumps([str(each) for each in self.policies])),
        )

    @property
    def life(self) -> Child:
        """The daemon's process."""
        assert self.desk.life is not None
        return self.desk.life

    def look(self) -> None:
        """What the process has of memory, descriptors and threads."""
        proc = Path(f"/proc/{self.life.pid}")
        status = dict(
            line.split(":", 1) for line in (proc / "status").read_text().splitlines() if ":" in line
        )
        self.samples.append(
            Sample(
                life=self.desk.lives,
                age_s=round(time.monotonic() - self.born, 1),
                parents=self.sent,
                rss_mb=round(int(status["VmRSS"].split()[0]) / 1_000, 1),
                descriptors=len(list((proc / "fd").iterdir())),
                threads=int(status["Threads"]),
            )
        )

    async def fault(self) -> None:
        """One thing that goes wrong."""
        assert not self.life.is_dead, self.desk.log.read_text()[-2000:]
        self.look()
        ends = self.rng.random() < LIFE_ENDS
        kinds = ENDS if ends else FAULTS
        names = sorted(kinds)
        name = names[int(self.rng.integers(len(names)))]
        self.faults[name] += 1
        print(f"\r{self.sent} parents, {sum(self.faults.values())} faults: {name}", file=sys.stderr)
        await kinds[name](self)


# -- what goes wrong -------------------------------------------------------------------------------


async def kill(scene: Scene) -> None:
    """kill -9."""
    scene.life.signal(signal.SIGKILL)
    assert await scene.desk.dead() == -signal.SIGKILL
    await scene.begin()


async def stop(scene: Scene) -> None:
    """SIGTERM, amid orders."""
    scene.life.signal(signal.SIGTERM)
    assert await scene.desk.dead() == 0
    await scene.begin()


async def pause(scene: Scene) -> None:
    """It does not run for a while."""
    scene.life.signal(signal.SIGSTOP)
    await asyncio.sleep(PAUSE_S)
    scene.life.signal(signal.SIGCONT)


async def cut(line: Proxy) -> None:
    """RST on every connection."""
    line.cut(rst=True)


async def freeze(line: Proxy) -> None:
    """Nothing moves for three seconds; then all of it."""
    line.weather.frozen = True
    await asyncio.sleep(3)
    line.thaw()


async def half_open(line: Proxy) -> None:
    """What the peers say is lost for two seconds, and then the lines."""
    line.weather.deaf = True
    await asyncio.sleep(2)
    line.cut(rst=True)
    line.weather.deaf = False


async def slow_disk(scene: Scene) -> None:
    """Every sync takes 100 ms more, for five seconds."""
    with attach(scene.life.pid, ["fdatasync:delay_enter=100000"]) as strace:
        await asyncio.sleep(5)
        strace.terminate()


async def reload(scene: Scene) -> None:
    """A new version of a policy; every third cannot be read."""
    path, number = scene.policies[-1], scene.faults["reload"]
    before = path.read_text()
    broken = number % 3 == 0
    path.write_text("policy: [" if broken else VERSION.sub(f"version: {1 + number}", before, 1))
    told = await ask(scene.desk.state, {"command": "policy_reload", **WHO})
    assert told["refused" if broken else "differs"], told
    if broken:
        path.write_text(before)


VERSION = re.compile(r"version: \d+")
WHO = {"who": "Ada Byron", "reason": "endurance"}
Fault = Callable[[Scene], Awaitable[object]]
ENDS: dict[str, Fault] = {"kill": kill, "stop": stop}
FAULTS: dict[str, Fault] = {
    "pause": pause,
    "venues cut": lambda scene: cut(scene.venues),
    "venues frozen": lambda scene: freeze(scene.venues),
    "venues half open": lambda scene: half_open(scene.venues),
    "oms cut": lambda scene: cut(scene.door),
    "oms frozen": lambda scene: freeze(scene.door),
    "oms half open": lambda scene: half_open(scene.door),
    "kill switch": lambda scene: kill_and_arm(scene.desk.state, "E1"),
    "venue logged out": lambda scene: out_and_in(scene.desk.state),
    "reload": reload,
    **({"slow disk": slow_disk} if STRACE else {}),
}


# -- a run -----------------------------------------------------------------------------------------


def endure(folder: Path, seconds: float, rate: float, seed: int) -> dict[str, object]:
    """A run, and what came of it.

    Raises:
        AssertionError: the accounts disagree, or the daemon died by itself.
    """
    nursery = Nursery()
    clock = Time(Clock().now() // NS * NS, 1.0)
    rng = np.random.Generator(np.random.Philox(key=seed))
    with Desk(folder, nursery, clock) as desk, proxy(seed) as venues, proxy(seed) as door:
        policies = [shutil.copy(each, folder) for each in sorted(POLICIES.glob("*.yaml"))]
        desk.ports = {mic: venues.before(port) for mic, port in desk.ports.items()}
        began = time.monotonic()

        async def script(oms: LiveOms) -> Scene:
            scene = Scene(desk, venues, door, oms, rng, [Path(each) for each in policies])
            await scene.begin()
            calls = asyncio.create_task(oms.stay_connected(HOST, door.before(desk.port)))
            assert await oms.until(lambda: oms.client.logged_on, WAIT_S)
            while time.monotonic() - began < seconds:
                trading = asyncio.create_task(scene.trade(rate, FAULT_EVERY_S))
                await asyncio.sleep(FAULT_EVERY_S / 2)
                await scene.fault()
                await trading
            assert await oms.until(lambda: oms.client.logged_on, WAIT_S)
            views = oms.client.orders.values()
            await oms.until(lambda: all(view.done for view in views), WAIT_S)
            scene.look()
            calls.cancel()
            scene.life.signal(signal.SIGTERM)
            assert await desk.dead() == 0
            await oms.until(lambda: oms.is_gone, WAIT_S)
            await last_life(desk, oms, "sync")
            return scene

        scene = talk(desk.told.client, desk.clock, script)
        desk.end()
        desk.agree()
    nursery.close()
    return told(scene, seconds)


def told(scene: Scene, seconds: float) -> dict[str, object]:
    """What there is to know of a run whose accounts agree."""
    views = scene.oms.client.orders.values()
    return {
        "seconds": seconds,
        "parents": scene.sent,
        "executions": sum(len(view.fills) for view in views),
        "lives": scene.desk.lives,
        "faults": dict(sorted(scene.faults.items())),
        "accounts_agree": True,
        "sampled": ", ".join(each.name for each in fields(Sample)),
        "samples": [", ".join(map(str, astuple(each))) for each in scene.samples],
    }


def main(argv: list[str]) -> int:
    """Run, print, and keep the folder if accounts disagree."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.endurance")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=12.0, help="parents in a second")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(argv)
    if 60 * asked.minutes * asked.rate > CLOSED_PARENTS_MAX:
        parser.error(f"allowed: {CLOSED_PARENTS_MAX} parents, for the router remembers no more")
    folder = Path(tempfile.mkdtemp(prefix="sluice-endurance-"))
    try:
        found = endure(folder, 60 * asked.minutes, asked.rate, asked.seed)
    except BaseException:
        print(f"what is left of it is in {folder}", file=sys.stderr)
        raise
    shutil.rmtree(folder)
    print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
