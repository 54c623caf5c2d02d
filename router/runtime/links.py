"""A link: one FIX session with the connection that carries it, and where its frames are kept.

Owns which sent frame stands in which journal record. Knows nothing of orders.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

from router.fix.alarms import earliest
from router.fix.credentials import Credentials
from router.fix.dialects import Dialect, dialect
from router.fix.schedule import ALWAYS, Schedule
from router.fix.session import ResendNeeded, Session, SessionConfig
from router.fix.throttle import Throttle
from router.fix.versions import version
from router.journal.records import Position
from router.messages import SessionClosed, SessionOpened
from router.model import Venue

OFFSETS = 1 << 40
"""A segment is smaller, bytes: a position fits into one number."""
NOWHERE = -1
"""Instead of a position: a number that was never used."""
RESERVED_MAX = 5_000
"""Numbers that are reserved at once for what leaves without a record when the journal has failed.

At least half of them are free at any time: for the batch that failed, and a cancel of each child.
"""


class LinkKind(StrEnum):
    """What a session is for."""

    OMS = "oms"
    ORDERS = "orders"
    """A venue's order entry."""
    DATA = "data"
    """A venue's market data: not durable, both sides reset on logon."""
    COPIES = "copies"
    """Copies of executions that we are given: it is read and never written to."""
    DROP = "drop"
    """Copies of what OMSs are told, for a peer that only reads."""


CLIENTS = (LinkKind.OMS, LinkKind.DROP)
"""Who calls us."""


@dataclass(frozen=True, slots=True)
class CopyTerms:
    """How copies of a session are taken."""

    mics: tuple[str, ...] = ()
    wait_ns: int = 5_000_000_000
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Door:
    """Who may come in by a session, and what a refused Logon is told."""

    name: str = ""
    """The session's name in events."""
    allowed: tuple[IPv4Network | IPv6Network, ...] = ()
    """Addresses that may call; none means nobody."""
    credentials: Credentials | None = None
    logon_refusal: Literal["silent", "logout"] = "silent"
    """A Logout(5) says why, and spends a number; silence tells a stranger nothing."""


@dataclass(slots=True, eq=False)
class Kept:
    """What the journal says of one session, whether it is configured or not."""

    positions: array[int] = field(default_factory=lambda: array("q"), init=False)
    """Journal position of each sent frame, packed; index 0 is MsgSeqNum 1."""
    reserved: int = field(default=0, init=False)
    """Numbers below it may leave without a record: after that, the session goes on from here."""
    barred: bool = field(default=False, init=False)
    """An operator has logged the session out: it stays out until one logs it on again."""
    begins_again: bool = field(default=False, init=False)
    """Its numbers are to begin again, and its peer has not said that it knows."""
    former: int = field(default=0, init=False)
    """The last MsgSeqNum that a life before this one has used."""

    @property
    def last_stored(self) -> int:
        """MsgSeqNum of the last sent frame that the journal holds, 0 if there is none."""
        return len(self.positions)

    def position(self, msg_seq_num: int) -> Position | None:
        """The record that holds a sent frame; None if an operator has skipped its number."""
        packed = self.positions[msg_seq_num - 1]
        return None if packed == NOWHERE else Position(*divmod(packed, OFFSETS))

    def skip_to(self, next_out: int) -> None:
        """The numbers up to this one are not used: an operator has set the next."""
        self.positions.extend([NOWHERE] * (next_out - 1 - len(self.positions)))

    def stored(self, msg_seq_num: int, position: Position) -> None:
        """A frame was journaled. MsgSeqNum 1 again means that the numbers were reset."""
        positions = self.positions
        if len(positions) != msg_seq_num - 1:
            del positions[msg_seq_num - 1 :]
            self.former = min(self.former, msg_seq_num - 1)
            assert len(positions) == msg_seq_num - 1, f"{msg_seq_num} skips a number"
        positions.append(position[0] * OFFSETS + position[1])


@dataclass(slots=True, eq=False)
class Link(Kept):
    """One session, one connection at most."""

    name: str
    """The session's name in events: the OMS's CompID, a MIC, or `MIC.MD`."""
    kind: LinkKind
    config: SessionConfig
    session: Session
    venue: Venue | None = None
    account_required: bool = False
    cancel_after_ns: int = 0
    """Its open orders are taken back if it is gone for so long; 0: they work on."""
    copies: CopyTerms = CopyTerms()
    copy_of: tuple[str, ...] = ()
    """With `DROP`: the OMS sessions that are copied; empty for all."""
    door: Door = Door()
    """For an acceptor."""
    schedule: Schedule = ALWAYS
    throttle: Throttle | None = None
    """What the peer may send."""
    liquidity_tag: str = ""
    """The agreed tag of a fill's liquidity flag, where the version has none."""
    out_buffer_bytes: int = 16 * 1024 * 1024
    """Bytes that may wait for a peer that does not read, before it is cut."""
    out_buffer_s: float = 10.0
    """Real seconds for which it may not read."""
    conn: int | None = None
    answered: int | None = None
    """The last connection that got as far as a Logon(A) of the peer's."""
    unread: int = 0
    """MsgSeqNum(34) of a message that waits behind what the session tells now; 0 if none does."""
    told: tuple[int, int] = (1, 1)
    """The numbers that the journal has: next in, next out."""
    went_on: bool = False
    """It has gone on there in this life."""
    dialect: Dialect = field(init=False)
    """What its version says differently."""
    durable: bool = field(init=False)
    """True if its numbers and frames are journaled."""
    period: int | None = None
    """The period of the schedule in which the numbers began; None until it is known."""
    hours_at: int | None = None
    """When the schedule is to be looked at again, UTC nanoseconds."""
    slow: bool = False
    """The peer does not read as fast as we write: resends wait."""
    resets: int = 0
    """Of its session's, after how many what may be missing was told again."""
    resend: ResendNeeded | None = None
    """The next piece of a resend, which waits for its turn."""

    def __post_init__(self) -> None:
        self.durable = self.kind is not LinkKind.DATA
        config = self.config
        spoken = version(config.begin_string, config.default_appl_ver_id)
        self.dialect = dialect(spoken, self.liquidity_tag)

    @property
    def mic(self) -> str:
        """The venue's MIC; empty for an OMS."""
        return self.venue.mic if self.venue is not None else ""

    def deadline(self) -> int | None:
        """When the node's `tick` is wanted for it, UTC nanoseconds; 0 if a resend goes on."""
        if self.resend is not None and not self.slow:
            return 0
        return earliest(self.session.deadline(), self.hours_at)

    def closed(self, now: int) -> str:
        """Why nobody may be logged on; nothing while one may."""
        if not self.schedule.is_open(now):
            return "the session is closed at this time"
        return "the session was logged out by an operator" if self.barred else ""

    def unanswered(self, conn: int) -> str:
        """Why it has not answered the Logon of a caller's connection; empty if it has."""
        if self.answered == conn:
            return ""
        if self.conn is not None and self.conn != conn:
            return "the session has a connection"
        return self.session.closed_reason or "its Logon is a duplicate"

    def opened(self) -> SessionOpened:
        """It is logged on: the event."""
        return SessionOpened(self.name, self.mic, self.session.timers.sure_ns)

    def lost(self, reason: str, *, connected: bool) -> SessionClosed:
        """It is not any more."""
        heard_at = self.session.timers.last_heard
        return SessionClosed(self.name, self.mic, reason, self.cancel_after_ns, connected, heard_at)

    def copies_what(self, session: str) -> bool:
        """True if what an OMS session is told is copied here."""
        return not self.copy_of or session in self.copy_of

    def reserve(self, next_out: int) -> int:
        """The mark that the journal is to have with `next_out`; 0 if the one that it has will do.

        Only at a venue anything leaves without a record.
        """
        if self.kind is not LinkKind.ORDERS:
            return 0
        if RESERVED_MAX // 2 <= self.reserved - next_out <= RESERVED_MAX:
            return 0
        self.reserved = next_out + RESERVED_MAX
        return self.reserved


def doors(links: Mapping[str, Link]) -> dict[tuple[str, str, str], Door]:
    """The doors of OMS sessions by BeginString, SenderCompID, TargetCompID as the peer sends them.

    A door's `name` is the session's.
    """
    return {
        (each.config.begin_string, each.config.target_comp_id, each.config.sender_comp_id): (
            replace(each.door, name=name)
        )
        for name, each in links.items()
        if each.kind in CLIENTS
    }
