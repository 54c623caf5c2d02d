"""A session's vocabulary: its configuration, its states and what may follow what, its events.

Data only. The machine that uses it is `session.Session`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

from msgspec import Struct

from router.fix.codec import Message
from router.fix.dictionary import Dictionary, Fault
from router.fix.framing import FRAME_MAX

HELD_MESSAGES_MAX = 10_000
"""Messages kept while a gap is open; what comes beyond is asked for again."""
HELD_BYTES_MAX = 16 * 1024 * 1024
DRAIN_MAX = 500
"""Held messages that are taken in one call, once their turn has come."""
DRAIN_BYTES_MAX = 1024 * 1024
OUT_HELD_MAX = 10_000
"""New messages that may wait behind a resend or a Logon. Beyond that, and beyond HELD_BYTES_MAX,
those behind a resend become part of it; those behind a Logon end the connection."""
RESEND_RANGE_MAX = 500
"""Numbers asked for with one ResendNeeded."""
RESENDS_MAX = 8
"""ResendRequests of the peer that may wait to be answered."""
GARBLED_MAX = 10
"""Garbled messages tolerated in one minute."""
MESSAGE_SIZE_MIN = 512
"""The least MaxMessageSize(383) that a peer may state: every message of the session must fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionConfig:
    """One session, from our side: `sender_comp_id` is us. Times are seconds."""

    sender_comp_id: str
    target_comp_id: str
    role: Literal["acceptor", "initiator"]
    begin_string: str = "FIX.4.4"
    default_appl_ver_id: str = ""
    """DefaultApplVerID(1137), for FIXT.1.1 only."""
    session_qualifier: str = ""
    sender_sub_id: str = ""
    """SenderSubID(50), as the next three in every header; what comes in is not judged."""
    sender_location_id: str = ""
    target_sub_id: str = ""
    target_location_id: str = ""
    heart_bt_int: int = 30
    """What an initiator proposes; an acceptor echoes what it is told."""
    heart_bt_int_max: int = 3_600
    reset_on_logon: bool = False
    reset_on_logout: bool = False
    reset_on_disconnect: bool = False
    check_latency: bool = True
    max_latency: float = 120
    check_comp_id: bool = True
    logon_timeout: float = 10
    logout_timeout: float = 2
    test_request_after: float = 1.2
    """In units of HeartBtInt(108), as the next."""
    heartbeat_timeout_after: float = 2.4
    resend_request_chunk_size: int = 1_000
    """A larger gap is asked for in pieces; 0 means no limit."""
    resend_timeout: float = 10
    timestamp_precision: int = 3
    """Decimals of SendingTime(52): 0, 3, 6 or 9."""
    frame_max: int = FRAME_MAX
    """Bytes of an inbound message; stated as MaxMessageSize(383) when it is not the default."""
    validate: Dictionary | None = None
    """Judges inbound messages; None takes them as they are."""
    strict: bool = True
    """False (venues): a fault in the body of an application message becomes a flag of the
    delivered message, never a Reject(3) (docs/fix.md)."""
    enable_next_expected_msg_seq_num: bool = False
    """NextExpectedMsgSeqNum(789) in the Logon instead of ResendRequests for the gap it shows."""
    enable_last_msg_seq_num_processed: bool = False
    """LastMsgSeqNumProcessed(369) in every header."""
    send_redundant_resend_requests: bool = False
    """Ask again for every message that comes while a gap is open."""
    requires_orig_sending_time: bool = True
    """A PossDupFlag(43)=Y without OrigSendingTime(122) is rejected."""
    reject_invalid_message: bool = True
    """False: a message that the dictionary faults is flagged and delivered, on either side."""
    reset_seq_higher: Literal["accept", "logout"] = "accept"
    """What is done with a SequenceReset(4)-Reset that skips numbers."""
    late_clock: Literal["reject", "report"] = "reject"
    """What is done with a SendingTime(52) outside `max_latency`: the standard's Reject(3) and
    Logout(5), or an alert alone."""
    test_mode: bool = False
    """TestMessageIndicator(464): both ends must be a test system, or neither."""
    logon_fields: Callable[[int, int], str] | None = None
    """An initiator's credentials: more fields for the Logon(A) that is made at that time (UTC
    nanoseconds) with that MsgSeqNum(34), both of which a signature covers."""
    durable: bool = True
    """False for market data, whose frames are not journaled. The session behaves alike."""

    @property
    def session_id(self) -> str:
        """The peer's CompID, with `/qualifier` if there is one."""
        if self.session_qualifier:
            return f"{self.target_comp_id}/{self.session_qualifier}"
        return self.target_comp_id


class SessionState(Enum):
    """Where a session stands."""

    DISCONNECTED = auto()
    LOGON_AWAITED = auto()
    """Acceptor, connected."""
    LOGON_SENT = auto()
    """Initiator, connected."""
    ACTIVE = auto()
    RESETTING = auto()
    """Logon with ResetSeqNumFlag(141) sent in mid-session; what is said now waits for its answer,
    what is heard has its old number."""
    LOGOUT_SENT = auto()
    """By our wish; messages are still taken."""
    LOGOUT_ANSWERED = auto()
    """By theirs; they are to close."""
    EXPELLED = auto()
    """Logout sent for a fault of theirs; nothing but their Logout is taken."""
    CLOSING = auto()
    """The transport must be closed."""


class Move(Enum):
    """What moves a session from one state to another."""

    ACCEPT = auto()
    INITIATE = auto()
    LOGON = auto()
    RESET = auto()
    LOG_OUT = auto()
    EXPEL = auto()
    LOGOUT_RECEIVED = auto()
    DROP = auto()
    LOST = auto()


_S = SessionState
TRANSITIONS: dict[tuple[SessionState, Move], SessionState] = {
    (_S.DISCONNECTED, Move.ACCEPT): _S.LOGON_AWAITED,
    (_S.DISCONNECTED, Move.INITIATE): _S.LOGON_SENT,
    (_S.LOGON_AWAITED, Move.LOGON): _S.ACTIVE,
    (_S.LOGON_SENT, Move.LOGON): _S.ACTIVE,
    (_S.LOGON_SENT, Move.LOGOUT_RECEIVED): _S.CLOSING,
    (_S.ACTIVE, Move.RESET): _S.RESETTING,
    (_S.RESETTING, Move.LOGON): _S.ACTIVE,
    (_S.RESETTING, Move.LOG_OUT): _S.LOGOUT_SENT,
    (_S.RESETTING, Move.EXPEL): _S.EXPELLED,
    (_S.RESETTING, Move.LOGOUT_RECEIVED): _S.LOGOUT_ANSWERED,
    (_S.ACTIVE, Move.LOG_OUT): _S.LOGOUT_SENT,
    (_S.ACTIVE, Move.EXPEL): _S.EXPELLED,
    (_S.ACTIVE, Move.LOGOUT_RECEIVED): _S.LOGOUT_ANSWERED,
    (_S.LOGOUT_SENT, Move.LOGOUT_RECEIVED): _S.CLOSING,
    (_S.EXPELLED, Move.LOGOUT_RECEIVED): _S.CLOSING,
    **{(state, Move.DROP): _S.CLOSING for state in _S if state is not _S.DISCONNECTED},
    **{(state, Move.LOST): _S.DISCONNECTED for state in _S},
}
"""What is not here cannot happen."""


class LoggedOn(Struct, frozen=True):
    """Logons are exchanged; messages may be sent."""


class LoggingOut(Struct, frozen=True):
    """Our Logout leaves, by our own wish: messages of the application do so no more. Those of the
    peer are still taken until it has answered, or has not in time: then the session is `LoggedOut`.
    """

    reason: str


class LoggedOut(Struct, frozen=True):
    """A session that was logged on is so no more."""

    reason: str


class Received(Struct, frozen=True):
    """An application message or a Reject(3), in sequence. The next number is then `seq` + 1."""

    message: Message
    seq: int
    poss_dup: bool
    frame: bytes
    flags: tuple[Fault, ...] = ()
    """What a lenient session did not reject it for."""


class ResendNeeded(Struct, frozen=True):
    """The peer wants these numbers again, both ends included: answer with `Session.resend`.

    A piece of at most RESEND_RANGE_MAX numbers, one at a time: `take_events` tells the next one
    when this one has been answered. It is void, and an answer is ignored, when the connection has
    ended; a new one replaces it when the numbers began again.
    """

    begin: int
    end: int


class Alert(Struct, frozen=True):
    """Something that an operator should know and that does not end the session.

    `code` is one of ALERTS: a heartbeat that did not echo its TestReqID, a late clock, numbers that
    a SequenceReset(4)-Reset skipped or that began again while messages were missing, messages from
    before a reset that are told again.
    """

    code: str
    text: str


ALERTS = (
    "TEST_REQUEST_NOT_ECHOED",
    "SENDING_TIME",
    "SEQUENCE_RESET",
    "MSG_SEQ_NUM_TOO_LOW",
    "POSS_RESEND",
)

SessionEvent = LoggedOn | LoggingOut | LoggedOut | Received | ResendNeeded | Alert


class OutFrame(Struct, frozen=True):
    """A frame to journal, to write, or both.

    `fresh` frames take a new number and must be durable before they are written; one whose number
    is not above the last starts a new numbering (a reset), and what was stored before it is void.
    The others are resends, gap fills, and fresh frames that had to wait: they are not stored again.
    A frame that is not `live` is not written now: it follows later, with `fresh` False, or when the
    peer asks for it.
    """

    seq: int
    data: bytes
    fresh: bool
    live: bool
