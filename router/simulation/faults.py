"""What breaks around a node besides cut wires and plain crashes: drawn apart from all other draws.

Owns the faults of disk, clock, wires and process, when they happen, and that they are over in time.
A world whose other things are known stays the same if a fault is added here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from router.model import NS
from router.simulation.reading import MS
from router.simulation.things import Thing
from router.simulation.world import World

SKEW_MAX_S = 90
"""Peers judge SendingTime(52) by 120 s. Beyond that no session is possible, and that is right."""
DISK_CALLS_MAX = 40
"""A process dies in one of so many calls to its disk; about four of them make a batch durable."""
RECOVERY_CALLS_MAX = 6


class Faults:
    """Draws the faults of a world. In half of all worlds there are one to five."""

    def __init__(self, world: World, end: int) -> None:
        self._world = world
        self._end = end
        self._rng = np.random.Generator(np.random.Philox(key=world.seed, counter=4 << 32))
        self.things: list[Thing] = []
        kinds = (
            self._die_at_disk, self._die_on_the_way_up, self._sync_fails, self._disk_full,
            self._clock_off, self._bits_flip, self._bits_flip, self._lag, self._freeze,
            self._stray, self._back_and_slow,
        )  # fmt: skip
        for _ in range(self._draw(1, 5) if self._rng.random() < 0.5 else 0):
            kinds[self._draw(0, len(kinds) - 1)](self._draw(NS, end - NS))

    def _draw(self, low: int, high: int) -> int:
        return int(self._rng.integers(low, high + 1))

    def _mic(self) -> str:
        """LIT_A to LIT_C come first, and most is traded there."""
        mics = self._world.market.mics
        return mics[min(self._draw(0, len(mics) - 1), self._draw(0, len(mics) - 1))]

    def _add(self, at: int, text: str, act: Callable[[], None]) -> None:
        self.things.append(Thing(at, text, act))

    # -- the disk --------------------------------------------------------------------------------

    def _die_at_disk(self, at: int) -> None:
        calls, power = self._draw(1, DISK_CALLS_MAX), self._rng.random() < 0.5
        act = partial(self._world.disk.die, calls, power=power)
        self._add(at, f"dies in call {calls} to its disk, power {power}", act)

    def _die_on_the_way_up(self, at: int) -> None:
        """A crash, and another one while the next life recovers."""
        calls, power = self._draw(1, RECOVERY_CALLS_MAX), self._rng.random() < 0.5

        def act() -> None:
            self._world.crash(power=power)
            self._world.disk.die(calls, power=power)

        self._add(at, f"crash, power {power}, again in call {calls} of recovery", act)

    def _sync_fails(self, at: int) -> None:
        self._add(at, "a sync fails (EIO)", self._world.disk.fail_sync)

    def _disk_full(self, at: int) -> None:
        disk, back = self._world.disk, min(at + self._draw(NS, 10 * NS), self._end)
        self._add(at, f"the disk is full until {back / NS:.3f}", disk.fill)
        self._add(back, "there is space", disk.spare)

    # -- the clock -------------------------------------------------------------------------------

    def _clock_off(self, at: int) -> None:
        """A life reads the clock once, when it begins: so it takes a crash to see another one."""
        skew = self._draw(-SKEW_MAX_S, SKEW_MAX_S)

        def act() -> None:
            self._world.sim.skew = skew * NS
            self._world.crash(power=False)

        self._add(at, f"crash, and the next clock is off by {skew} s", act)

    # -- wires and process -----------------------------------------------------------------------

    def _bits_flip(self, at: int) -> None:
        which, count = self._rng.random(), self._draw(1, 6)

        def act() -> None:
            # Market data begins anew with every Logon: there is not much to lose.
            wires = [n for n, name in self._world.sim.wires().items() if not name.endswith(".MD")]
            if wires:
                self._world.sim.flip(wires[int(which * len(wires))], count)

        self._add(at, f"{count} bits flip on wire {which:.3f}", act)

    def _lag(self, at: int) -> None:
        """What one session says falls behind what the others say."""
        names = list(self._world.sim.peers)
        name, lag = names[self._draw(0, len(names) - 1)], self._draw(5, 1_500) * MS
        until = min(at + self._draw(NS, 10 * NS), self._end)
        sim = self._world.sim
        self._add(at, f"{name} lags by {lag // MS} ms", partial(sim.lag.__setitem__, name, lag))
        self._add(until, f"{name} lags no more", partial(sim.lag.__setitem__, name, 0))

    def _back_and_slow(self, at: int) -> None:
        """A venue is lost, and when it is back it takes its time to say what is open there."""
        mic, lag = self._mic(), self._draw(200, 1_500) * MS
        until = min(at + self._draw(3 * NS, 10 * NS), self._end)
        sim = self._world.sim

        def act() -> None:
            sim.lag[mic] = lag
            for conn, name in sim.wires().items():
                if name == mic:
                    sim.cut(conn, lose=True)

        self._add(at, f"{mic} is lost, and lags by {lag // MS} ms", act)
        self._add(until, f"{mic} lags no more", partial(sim.lag.__setitem__, mic, 0))

    def _freeze(self, at: int) -> None:
        """The process stands still, as under SIGSTOP or in a machine that is moved."""
        until = min(at + self._draw(NS // 10, 30 * NS), self._end)
        act = partial(self._world.sim.freeze, self._world.start + until)
        self._add(at, f"the process stands still until {until / NS:.3f}", act)

    # -- venues ----------------------------------------------------------------------------------

    def _stray(self, at: int) -> None:
        """A venue tells of an execution whose order nobody here has sent (F-16)."""
        world, nth = self._world, len(self.things)
        mic = self._mic()
        act = partial(world.stray, mic, f"stray.{nth}")
        self._add(at, f"{mic} tells of an execution of somebody else's order", act)
