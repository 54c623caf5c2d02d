"""An order goes on under the policy that took it, and under none that is wider; what is applied to
open orders narrows them (F-28).

Owns which documents count for orders that arrive from now on, and what each set of them forbids, as
numbers and names of its own. Only orders are judged of which nobody can be in doubt: their OMS has
sent them, and the node has journaled its first answer, while the same documents counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from router.simulation.kills import AtWork
from router.simulation.reading import Read, hold


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a set of documents forbids beyond the shipped ones."""

    denied: tuple[str, ...] = ()
    """MICs."""
    child_max: int = 1 << 62
    """Shares."""

    def allow(self, mic: str, qty: int) -> bool:
        """True for so many shares at this venue."""
        return mic not in self.denied and qty <= self.child_max


BOUNDS = {
    "shipped": Bounds(),
    "no-lit-a": Bounds(denied=("LIT_A",)),
    "no-pair": Bounds(denied=("LIT_B", "DARK_A")),
    "small": Bounds(child_max=300),
}


class Pinned:
    """Judges children by the policy that took their order."""

    def __init__(self) -> None:
        self._in_force = "shipped"
        self._turn = 0
        """How often documents have come into force, by a start or by a reload."""
        self._sent: dict[str, int] = {}
        """By account: the turn in which its OMS has sent the order."""
        self._under: dict[str, str] = {}
        """By account: the documents that its order was taken under; empty if one cannot know."""
        self._applied: dict[str, tuple[str, int]] = {}
        """By account: the documents that were applied to its open order, and since which
        millisecond of the world."""
        self._doubted: set[str] = set()
        """Accounts of the last that were about to be applied."""
        self.judged = 0
        """Children of orders that were taken under other documents than the shipped ones."""
        self.judged_resting = 0
        """Children that rested when documents were applied to their orders."""

    def came_into_force(self, name: str) -> None:
        """These documents count for what arrives from now on."""
        self._in_force = name
        self._turn += 1

    def sent(self, account: str) -> None:
        """An OMS sends an order, perhaps again: the first time counts, which is the earliest."""
        self._sent.setdefault(account, self._turn)

    def answered(self, account: str) -> None:
        """An answer to an order is in the journal."""
        if account not in self._under:
            sure = self._sent[account] == self._turn
            self._under[account] = self._in_force if sure else ""

    def in_doubt(self) -> set[str]:
        """Documents are about to be applied to open orders: to which, of those that have had an
        answer. What was applied before may not count any more.
        """
        self._applied.clear()
        self._doubted = set(self._under)
        return self._doubted

    def applied(
        self, name: str, accounts: set[str], since: int, resting: Mapping[str, AtWork]
    ) -> None:
        """These orders may do only what these documents allow as well, from that millisecond on.
        Of what rests then, more than that has had its cancel. Nothing is sure if others were about
        to be applied since (seed 86892).
        """
        if accounts is not self._doubted:
            return
        self._applied = dict.fromkeys(accounts, (name, since))
        for cl_ord_id, each in resting.items():
            if each.account in accounts and each.stays:
                self.judged_resting += 1
                allowed = BOUNDS[name].allow(each.mic, each.leaves_qty)
                hold(allowed, "pinned", f"{cl_ord_id}, {each}, rests in spite of {name}")

    def child(self, mic: str, account: str, frame: Read, decided: int) -> None:
        """A child leaves for the first time that was decided in a millisecond of the world."""
        self._judge(self._under.get(account, ""), mic, frame)
        name, since = self._applied.get(account, ("", 0))
        if decided > since:
            self._judge(name, mic, frame)

    def _judge(self, name: str, mic: str, frame: Read) -> None:
        bounds = BOUNDS.get(name)
        if bounds is None:
            return
        self.judged += name != "shipped"
        allowed = bounds.allow(mic, frame.qty("38"))
        hold(allowed, "pinned", f"{frame} of an order under {name}")
