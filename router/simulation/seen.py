"""What the oracle keeps of orders and of sessions: as they were asked for, seen and noted.

Data only. None of it is the router's.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from router.simulation.reading import Read


@dataclass
class Asked:
    """One order as its OMS has asked for it. Every order has an account of its own."""

    account: str
    session: str
    side: str
    qtys: list[int]
    """OrderQty of the order and of every replace."""
    limits: list[int | None]
    """Price of the order and of every replace."""
    order_ids: set[str] = field(default_factory=set)
    """OrderID(37) that it was told under."""
    status: str = ""
    order_qty: int = 0
    cum_qty: int = 0
    avg_px: int = 0
    last_at: int = 0
    """Place of the newest report that reached the OMS."""
    status_at: int = 0
    """Of the newest message that told `status`: a refusal may come ahead of a gap of reports."""


@dataclass(eq=False)
class AtVenue:
    """One order as a venue has noted it. Two of the same terms are two."""

    mic: str
    cl_ord_id: str
    account: str
    qty: int
    cum_qty: int = 0
    leaves_qty: int = 0
    ended: bool = False
    """The venue has told its end."""
    executions: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Shares and price by ExecID, of those that stand."""
    amended: bool = False
    """An execution of it was taken back or corrected."""
    unheard: str = ""
    """ExecID of the correction that has opened it again, until the node has heard of it."""


@dataclass
class Numbers:
    """What was seen of one session's outbound numbers."""

    conn: int = 0
    high: int = 0
    stored: dict[int, str] = field(default_factory=dict)
    """Content by MsgSeqNum, as the disk has it."""
    stored_at: dict[int, int] = field(default_factory=dict)
    """When that was, nanoseconds."""
    before: set[str] = field(default_factory=set)
    """Content of what had numbers before these began."""
    passed: int = 0
    """How many numbers that were, at least."""

    def keep(self, seq: int, content: str, now: int) -> None:
        """The disk has it."""
        self.stored[seq], self.stored_at[seq] = content, now

    def place(self, frame: Read) -> int:
        """Of a frame among all that the session has sent, whatever number it has."""
        return self.passed + frame.seq

    def begun_again(self) -> Numbers:
        """Those of a session that begins again at 1."""
        used = max(self.high, *self.stored, 0)
        before = self.before.union(self.stored.values())
        return Numbers(before=before, passed=self.passed + used)
