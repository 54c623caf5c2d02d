"""When the faults are over: orders that are left go on, and new ones are taken and traded.

Owns that time, and what "go on" means to somebody who sees the wires only: an order that is alive
has something at work at a venue, or had within the longest pause of any algo. Draws nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from router.model import NS
from router.simulation.houses import OMS_NAMES
from router.simulation.reading import hold
from router.simulation.world import World

WORLDS, OF = 3, 13
"""So many worlds of so many have such a time: it lasts as long as all that was before."""
SETTLED = 12 * NS
"""After the last fault: lines are up again, and venues have said what is open."""
LASTS = 15 * NS
"""After that. A market order of `PROBE_QTY` is filled within it, though it is held up meanwhile."""
KILLED_AFTER = NS // 5
HELD_FOR = 3 * NS
"""Longer than the pause of the new orders."""
STILL_MAX = 6 * NS
"""No algo of a script pauses for longer than 5 s."""
PROBE_QTY = 2_000

Send = Callable[[str, int], None]
"""An OMS, by its name, sends a market order of so many shares."""


class Calm:
    """Nobody takes anything back, and each OMS sends an order. A kill holds all up for a while."""

    def __init__(self, world: World, send: Send) -> None:
        self._world = world
        self._send = send
        self._since = world.sim.now + SETTLED
        self._until = self._since + LASTS
        self._moved: dict[str, tuple[int, int]] = {}
        """By account: how many children it has had, and when one was at work."""

    @staticmethod
    def is_due(world: World) -> bool:
        """Not where a clock has gone back: timers of before ring later by as much, and the windows
        of rates are fuller than they should be.
        """
        return world.seed % OF < WORLDS and not world.oracle.clock_went_back

    def run(self) -> None:
        """To its end.

        Raises:
            Broken: an order stands still, or one of the new ones is not filled.
        """
        sim = self._world.sim
        sim.steady()
        self._lift()
        sim.at(self._since, self._begin)
        sim.run(self._until)
        for name in OMS_NAMES:
            asked = self._world.oracle.asked[account_of(name)]
            hold(asked.status == "2", "calm", f"nothing is wrong any more, but: {asked}")

    def _lift(self) -> None:
        """Operators lift kills, which the node refuses while a child is in doubt, and settle it."""
        if self._world.sim.now < self._since:
            self._world.arm()
            self._world.telephone()
            self._world.sim.at(self._world.sim.now + 2 * NS, self._lift)

    def _begin(self) -> None:
        for name in OMS_NAMES:
            self._send(name, PROBE_QTY)
        self._world.wait(self._look)
        sim = self._world.sim
        sim.at(sim.now + KILLED_AFTER, lambda: self._world.kill("all", ""))
        sim.at(sim.now + KILLED_AFTER + HELD_FOR, self._world.arm)

    def _look(self) -> bool:
        """After everything that happens, as long as it lasts."""
        now, oracle = self._world.sim.now, self._world.oracle
        for account in oracle.going_on():
            children = oracle.children(account)
            count, at = self._moved.get(account, (-1, 0))
            if count != len(children) or any(each.leaves_qty for each in children):
                self._moved[account] = (len(children), now)
            else:
                hold(now - at <= STILL_MAX, "calm", f"{account} has stood still since {at}")
        return now >= self._until


def account_of(name: str) -> str:
    """Of the order that an OMS sends."""
    return f"CALM-{name}"
