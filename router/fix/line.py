"""What a session says: application messages, resends, rejects, Logon and Logout, and its end.

Owns states, numbers, frames and events. What it makes of what it hears is in `session`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from router.fix.checks import reject_reason, routing
from router.fix.codec import Message, safe_text
from router.fix.dictionary import Fault
from router.fix.inbox import Held, Inbox
from router.fix.logon import logon_body
from router.fix.outbox import Outbox
from router.fix.states import (
    TRANSITIONS,
    Alert,
    LoggedOut,
    LoggingOut,
    Move,
    OutFrame,
    ResendNeeded,
    SessionConfig,
    SessionEvent,
    SessionState,
)
from router.fix.timing import Timers
from router.fix.versions import version

_ACTIVE = SessionState.ACTIVE
LIVELY = frozenset({SessionState.ACTIVE, SessionState.RESETTING, SessionState.LOGOUT_SENT})
"""States in which messages are taken."""
SENDING = frozenset({SessionState.LOGON_SENT, SessionState.ACTIVE, SessionState.RESETTING})
"""States in which application messages leave, at once or behind a Logon."""


LOGGING_OUT = frozenset({SessionState.LOGOUT_SENT, SessionState.LOGOUT_ANSWERED})
REJECTS = frozenset({"3", "j"})
"""Reject and BusinessMessageReject."""
REQUESTS_KEPT = 16
REF_MSG_TYPE_MAX = 16
"""Characters of RefMsgType(372)."""


class Line:
    """One end of a FIX connection: the verbs that the rules of `Session` are made of.

    Those above *Answers* are for everybody, the others for the rules.
    """

    def __init__(self, config: SessionConfig, *, next_in: int = 1, next_out: int = 1) -> None:
        self.config = config
        self.version = version(config.begin_string, config.default_appl_ver_id)
        self.state = SessionState.DISCONNECTED
        self.wants_close = False
        """True when the transport is to be closed, once the frames are written."""
        self.closed_reason = ""
        """Why the connection ended, or is about to."""
        self._tells_last = config.enable_last_msg_seq_num_processed
        self.inbox = Inbox(next_in, chunk_size=config.resend_request_chunk_size)
        self.outbox = Outbox(config, next_out)
        self.timers = Timers(config)
        self.draining = False
        """Held messages have their turn that were too many for one call: `tick` goes on."""
        self.events: list[SessionEvent] = []
        self.told = False
        """LoggedOn was told and LoggedOut was not."""
        self.kept_from = 0
        """The first number that was kept from a connection which is being logged out, 0 if none
        was: nothing after it is said either, or the peer would see a gap."""
        self.reset_wanted = False
        """Both numbers are to begin again as soon as nothing is missing on either side."""
        self.reset_due = False
        """Both numbers begin again when the connection has ended."""
        self.reset_owed = False
        """A reset of ours was not answered: the numbers are half reset, and the next Logon of ours
        asks for it again, be it in another life."""
        self.requested: deque[int] = deque(maxlen=REQUESTS_KEPT)
        """The numbers of our last ResendRequests."""
        self.reject_sent: tuple[int, str] | None = None
        """When the last Reject(3) or BusinessMessageReject(j) left, and its fields."""

    @property
    def next_in(self) -> int:
        """Next MsgSeqNum(34) expected."""
        return self.inbox.next_in

    @property
    def next_out(self) -> int:
        """Next MsgSeqNum(34) to send."""
        return self.outbox.next_out

    @property
    def resets(self) -> int:
        """How often our numbers have begun again."""
        return self.outbox.resets

    @property
    def begins_again(self) -> bool:
        """True if both numbers are to begin again, and the peer has not said that it knows."""
        return self.reset_owed or self.reset_wanted or self.reset_due

    @property
    def logged_on(self) -> bool:
        """True if application messages go out at once."""
        return self.state is SessionState.ACTIVE

    @property
    def resending(self) -> bool:
        """True from a ResendRequest(2) of the peer to the end of its answer."""
        return self.outbox.resending

    def take_events(self) -> list[SessionEvent]:
        """What happened since the last call, in order; the next piece of a resend comes last."""
        events, self.events = self.events, []
        if self.outbox.resending:
            piece = self.outbox.announce()
            if piece:
                events.append(ResendNeeded(*piece))
        return events

    @property
    def spoke(self) -> bool:
        """True if `take_frames` holds a frame that is to be journaled."""
        return self.outbox.fresh

    def take_frames(self) -> list[OutFrame]:
        """What is to be journaled and written since the last call, in sending order."""
        return self.outbox.take()

    # --- The application -----------------------------------------------------------------------

    def send(self, msg_type: str, body: str, now: int) -> int:
        """An application message: `body` is text, every field ends in SOH. Returns its MsgSeqNum.

        If the session is not logged on it takes its number and the peer asks for it later.
        """
        return self.issue(msg_type, body, now, live=self._sends())

    def send_again(self, stored: bytes, now: int) -> int:
        """A frame of ours from before the numbers began again: under the next number now, and with
        PossResend(97), for the peer may have it. Returns its MsgSeqNum.
        """
        live = self._sends()
        extra = self._last_processed() if self._tells_last else ""
        seq = self.outbox.issue_again(stored, now, live=live, extra=extra)
        self._issued(now, live=live)
        return seq

    def _sends(self) -> bool:
        """True if an application message leaves now; of a Logout on, all are kept from the peer."""
        live = self.state is _ACTIVE or self.state in SENDING
        if not live and self.state in LOGGING_OUT:
            self.kept_from = self.kept_from or self.next_out
        return live

    def refuse(
        self,
        ref_seq_num: int,
        ref_msg_type: str,
        reason: int,
        ref_tag: int | None,
        text: str,
        now: int,
    ) -> None:
        """Reject(3) of a message that was received."""
        tag = "" if ref_tag is None else f"371={ref_tag}\x01"
        self.issue(
            "3",
            f"45={ref_seq_num}\x0158={safe_text(text)}\x01{tag}372={ref_msg_type}\x01"
            f"{reject_reason(self.version, reason)}",
            now,
            live=self.state in SENDING
            or (self.state is SessionState.LOGOUT_SENT and not self.kept_from),
        )

    def logout(self, text: str, now: int, session_status: str = "") -> None:
        """End the session in good order; a session without a Logon is just dropped.

        SessionStatus(1409) says why; before FIXT.1.1 there is none.
        """
        if self.state in (SessionState.ACTIVE, SessionState.RESETTING):
            self.outbox.release()
            self.farewell(text, now, session_status)
            self.move(Move.LOG_OUT)
            if self.told:
                self.events.append(LoggingOut(text))
            self.timers.logging_out(now)
        elif self.state in (SessionState.LOGON_AWAITED, SessionState.LOGON_SENT):
            self.drop(text)

    def refuse_logon(self, text: str, now: int, session_status: str = "") -> None:
        """Turn a connection away whose Logon is not even to be judged; no text tells nothing."""
        if text:
            # What an initiator's application has sent meanwhile is not for this peer yet.
            self.outbox.forget()
            self.farewell(text, now, session_status)
        self.drop(text or "refused")

    def skip_to(self, new_seq_no: int, now: int) -> None:
        """SequenceReset(4)-Reset: what was sent before this number will not be sent again.

        An operator's last resort if the store is damaged: the peer may lose messages by it.

        Raises:
            ValueError: not logged on, or nothing would be skipped.
        """
        if self.state is not SessionState.ACTIVE:
            raise ValueError("SequenceReset: the session is not logged on")
        if new_seq_no <= self.next_out + 1:
            lowest = self.next_out + 2
            raise ValueError(f"SequenceReset to {new_seq_no}: allowed: from {lowest} on")
        self.outbox.abandon()
        self.issue("4", f"36={new_seq_no}\x01123=N\x01", now)
        self.outbox.next_out = new_seq_no

    def skip_unsent(self, begin: int, now: int) -> None:
        """The store has failed: what was to leave from number `begin` on never will.

        What is sent from here on leaves at once, and no record holds it.
        """
        extra = self._last_processed() if self._tells_last else ""
        self.outbox.skip_unsent(begin, now, extra=extra)

    def deadline(self) -> int | None:
        """When `tick` is due, UTC nanoseconds."""
        if self.wants_close:
            return None
        if self.draining:
            return self.timers.last_heard
        return self.timers.deadline()

    # --- Answers -------------------------------------------------------------------------------

    def issue(
        self,
        msg_type: str,
        body: str,
        now: int,
        *,
        live: bool | None = None,
        message: Message | None = None,
    ) -> int:
        """Send a message; `message` is the one it answers, for its routing."""
        if live is None:
            connected = self.state is not SessionState.DISCONNECTED and not self.wants_close
            live = connected and not self.kept_from
        extra = self._last_processed() if self._tells_last else ""
        if message:
            extra += routing(message)
        if msg_type in REJECTS:
            self.reject_sent = (now, f"35={msg_type}\x01{body}")
        seq = self.outbox.issue(msg_type, body, now, live=live, extra=extra)
        self._issued(now, live=live)
        return seq

    def _issued(self, now: int, *, live: bool) -> None:
        if live:
            self.timers.last_sent = now
        if self.outbox.overflowed or self.outbox.too_large:
            self._mind_bounds(now)

    def _mind_bounds(self, now: int) -> None:
        """A message that is too large for the peer has its number and is stored, but not written.

        It is not lost: the session ends, so that somebody looks, and it comes by resend when the
        peer's Logon allows its size.
        """
        size, self.outbox.too_large = self.outbox.too_large, 0
        if self.wants_close:
            return
        if self.outbox.overflowed:
            self.drop("too much waits behind a Logon")
        elif size:
            limit = self.outbox.message_max
            self.expel(f"a message of {size} bytes, MaxMessageSize(383) is {limit}", now)

    def _last_processed(self) -> str:
        return f"369={self.inbox.next_in - 1}\x01"

    def logon(self, heart_bt_int: int, now: int, *, reset: bool, next_in: int = 0) -> int:
        """A Logon(A); returns its number. `next_in` is said to be next, 0: what is."""
        body = logon_body(
            self.config,
            self.version,
            heart_bt_int=heart_bt_int,
            next_in=next_in or self.inbox.next_in,
            reset=reset,
        )
        if self.config.role == "initiator" and self.config.logon_fields:
            body += self.config.logon_fields(now, self.next_out)
        return self.issue("A", body, now)

    def farewell(
        self, text: str, now: int, session_status: str = "", message: Message | None = None
    ) -> None:
        """A Logout(5), which the caller's move is to follow."""
        status = f"1409={session_status}\x01" if session_status and self.version.fixt else ""
        self.issue("5", text_field(text) + status, now, message=message)

    def in_turn_or_held(self, seq: int) -> None:
        """Count the number of a message that was dealt with, now or when its turn comes."""
        if seq > self.next_in:
            self.inbox.hold(Held(seq, b""))
        else:
            self.inbox.consume(seq)

    def request(self, wanted: tuple[int, int], now: int) -> None:
        """A ResendRequest(2)."""
        begin, end = wanted
        self.requested.append(self.issue("2", f"7={begin}\x0116={end}\x01", now))
        self.timers.resend_requested(now)

    def reject(
        self, message: Message, seq: int, fault: Fault, now: int, *, consume: bool = True
    ) -> None:
        """Reject(3) for a fault; a Reject is not answered by another."""
        if consume:
            self.inbox.consume(seq)
        if message.msg_type == "3":
            return
        shown = safe_text(message.msg_type[:REF_MSG_TYPE_MAX])
        ref_msg_type = f"372={shown}\x01" if shown else ""
        self.issue(
            "3",
            f"45={seq}\x0158={fault.text}\x01371={fault.ref_tag}\x01"
            f"{ref_msg_type}{reject_reason(self.version, fault.reason)}",
            now,
            message=message,
        )

    def expel(self, text: str, now: int) -> None:
        """Logout for a fault of theirs; then only their Logout, or the end, is waited for.

        Once a Logout has been sent no second one follows: then this is the end.
        """
        if self.state not in (SessionState.ACTIVE, SessionState.RESETTING):
            self.drop(text)
            return
        self.outbox.abandon()
        self.farewell(text, now)
        self.move(Move.EXPEL)
        self.end(text)
        self.timers.logging_out(now)

    def too_low(self, seq: int) -> str:
        """Alert of a MsgSeqNum(34) that was used before; returns what the peer is told."""
        text = f"MsgSeqNum too low, expecting {self.next_in} but received {seq}"
        self.events.append(Alert("MSG_SEQ_NUM_TOO_LOW", text))
        return text

    def answer(self, frames: Sequence[tuple[int, bytes]], now: int) -> None:
        """A piece of a resend: what the store has of the numbers that are open."""
        extra = self._last_processed() if self._tells_last else ""
        self.outbox.resend(frames, now, extra=extra)
        self.timers.last_sent = now
        self._mind_bounds(now)
        if self.state in LOGGING_OUT:
            self.timers.logout_goes_on(now)

    # --- Ends ----------------------------------------------------------------------------------

    def move(self, move: Move) -> None:
        """Go to the next state."""
        self.state = TRANSITIONS[self.state, move]

    def drop(self, reason: str) -> None:
        """End the connection without another word."""
        self.move(Move.DROP)
        self.close(reason)

    def close(self, reason: str) -> None:
        """The transport is to be closed."""
        self.end(reason)
        self.wants_close = True
        self.timers.stop()
        self.outbox.forget()

    def end(self, reason: str) -> None:
        """Say once that the session is over, and keep the first reason."""
        self.closed_reason = self.closed_reason or reason
        if self.told:
            self.told = False
            self.events.append(LoggedOut(self.closed_reason))

    def reset_numbers(self) -> None:
        """Both numbers begin again."""
        self.inbox.forget()
        self.inbox.jump(1)
        self.outbox.reset()


def text_field(text: str) -> str:
    """Text(58) as a field, nothing if there is nothing to say."""
    return f"58={safe_text(text)}\x01" if text else ""
