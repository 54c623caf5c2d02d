"""I8: while a kill holds nothing new leaves in its scope, and what rests there is taken back.

Owns what the wire and the disk show of kills and of children that are at work; no table of the
router's is asked. Only children are judged of which nobody can be in doubt: on the connection that
they left by their venue has confirmed them, and the node has journaled that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from router.simulation.reading import FINAL, MS, Read, hold

IMMEDIATE = frozenset("34")
"""TimeInForce(59) of IOC and FOK."""


@dataclass
class Kill:
    """A kill that an operator was told to hold, and when; UTC nanoseconds."""

    scope: str
    value: str
    since: int
    until: int = 1 << 62

    def covers(self, mic: str, account: str) -> bool:
        """True for an order of this account at this venue."""
        scoped = {"all": True, "account": self.value == account, "venue": self.value == mic}
        return scoped[self.scope]


@dataclass
class AtWork:
    """A child, as the wire shows it."""

    mic: str
    account: str
    conn: int
    stays: bool
    """Until it is filled or taken back: no IOC and no FOK."""
    leaves_qty: int
    confirmed: bool = False


class Kills:
    """The kills of a run by KillID, and the children that they are to take back."""

    def __init__(self) -> None:
        self.held: dict[str, Kill] = {}
        self._at_work: dict[str, AtWork] = {}
        """By ClOrdID; neither ended nor being cancelled."""

    def told(self, kill_id: str, kill: Kill, connected: Collection[int]) -> None:
        """An operator is told that a kill holds: its cancels have left on all connections."""
        self.held[kill_id] = kill
        left = [
            cl_ord_id
            for cl_ord_id, each in self._at_work.items()
            if each.confirmed and each.conn in connected and kill.covers(each.mic, each.account)
        ]
        hold(not left, "I8", f"{left} rest in spite of {kill}")

    def resting(self, connected: Collection[int]) -> dict[str, AtWork]:
        """What is confirmed on these connections, and has had no cancel, by ClOrdID."""
        return {
            cl_ord_id: each
            for cl_ord_id, each in self._at_work.items()
            if each.confirmed and each.conn in connected
        }

    def child(self, mic: str, account: str, frame: Read, conn: int, decided_ms: int) -> None:
        """A new child leaves."""
        for kill in self.held.values():
            late = kill.since // MS < decided_ms < kill.until // MS
            hold(
                not (late and kill.covers(mic, account)), "I8", f"{frame} leaves in spite of {kill}"
            )
        stays = frame.get("59") not in IMMEDIATE
        self._at_work[frame.get("11")] = AtWork(mic, account, conn, stays, frame.qty("38"))

    def cancel(self, frame: Read) -> None:
        """A cancel leaves."""
        self._at_work.pop(frame.get("41"), None)

    def heard(self, frame: Read) -> None:
        """The node has journaled a venue's report."""
        for name in self._named(frame):
            if frame.get("39") in FINAL or frame.get("150") in FINAL:
                del self._at_work[name]
                continue
            self._at_work[name].leaves_qty = frame.qty("151")
            self._at_work[name].confirmed |= frame.get("150") == "0"

    def parted(self, mic: str) -> None:
        """A session has ended, in whatever way."""
        for name in [name for name, each in self._at_work.items() if each.mic == mic]:
            del self._at_work[name]

    def _named(self, frame: Read) -> Iterator[str]:
        for name in (frame.get("11"), frame.get("41")):
            if name in self._at_work:
                yield name
                return
