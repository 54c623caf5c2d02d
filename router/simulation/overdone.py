"""What a venue does to an order that I1 cannot hold against the router: more than it was asked for.

Shares beyond its order's quantity, or after its end, or told after an end that left them out:
whoever believed that end has sent the shares elsewhere since (seed 66842).
"""

from __future__ import annotations

from collections import Counter

from router.simulation.reading import FINAL, Read
from router.simulation.seen import AtVenue
from venues.audit import AuditRecord

STATUS = "I"
"""ExecType(150) of an answer that tells how an order stands, and no end of its own."""


class Overdone:
    """The accounts that it has befallen, and what is known of the venues' orders for that."""

    def __init__(self) -> None:
        self.accounts: set[str] = set()
        self._ends: dict[tuple[str, str], int] = {}
        """By MIC and OrderID(37): CumQty(14) of the newest report of an end that was heard."""
        self._cum: Counter[tuple[str, str]] = Counter()
        """Shares of all executions that were heard, and not taken back."""
        self._shares: dict[tuple[str, str], int] = {}
        """Shares by MIC and ExecID; none once it was taken back."""

    def executed(self, order: AtVenue, record: AuditRecord) -> None:
        """A venue notes what it does to an order, which stands as it was before."""
        more = record.exec_type in ("F", "G") and record.cum_qty > order.cum_qty
        if more and (order.ended or record.cum_qty > order.qty):
            self.accounts.add(order.account)

    def heard(self, account: str, frame: Read) -> None:
        """A report of an account's child has reached the node."""
        order = (frame.sender, frame.get("37"))
        kind, ref = frame.get("150"), (frame.sender, frame.get("19"))
        if kind in ("G", "H"):
            self._cum[order] -= self._shares.get(ref, 0)
            self._shares[ref] = 0
        if kind in ("F", "G"):
            self._count(order, frame)
            if self._cum[order] > self._ends.get(order, self._cum[order]):
                self.accounts.add(account)
        if frame.get("39") in FINAL and kind not in (STATUS, "H"):
            self._ends[order] = frame.qty("14")
        elif kind in ("G", "H"):
            self._ends.pop(order, None)  # it may be open again

    def _count(self, order: tuple[str, str], frame: Read) -> None:
        """Add an execution, unless it was heard before, or what took it back was."""
        exec_id = (frame.sender, frame.get("17"))
        if exec_id not in self._shares:
            self._shares[exec_id] = frame.qty("32")
            self._cum[order] += frame.qty("32")
