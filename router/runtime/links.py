"""A link: one FIX session with the connection that carries it, and where its frames are kept.

Owns which sent frame stands in which journal record. Knows nothing of orders.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from router.fix.session import Session, SessionConfig
from router.journal.records import Position
from router.model import Venue


class LinkKind(StrEnum):
    """What a session is for."""

    OMS = "oms"
    ORDERS = "orders"
    """A venue's order entry."""
    DATA = "data"
    """A venue's market data: not durable, both sides reset on logon."""


@dataclass(slots=True)
class Link:
    """One session, one connection at most."""

    name: str
    """The session's name in events: the OMS's CompID, a MIC, or `MIC.MD`."""
    kind: LinkKind
    config: SessionConfig
    session: Session
    venue: Venue | None = None
    account_required: bool = False
    conn: int | None = None
    positions: list[Position] = field(default_factory=list)
    """Journal position of each sent frame; index 0 is MsgSeqNum 1."""
    told: tuple[int, int] = (1, 1)
    """The numbers that the journal has: next in, next out."""

    @property
    def durable(self) -> bool:
        """True if its numbers and frames are journaled."""
        return self.kind is not LinkKind.DATA

    @property
    def mic(self) -> str:
        """The venue's MIC; empty for an OMS."""
        return self.venue.mic if self.venue is not None else ""

    def stored(self, msg_seq_num: int, position: Position) -> None:
        """A frame was journaled. MsgSeqNum 1 again means that the numbers were reset."""
        del self.positions[msg_seq_num - 1 :]
        assert len(self.positions) == msg_seq_num - 1, f"{self.name}: {msg_seq_num} skips a number"
        self.positions.append(position)
