"""What a session says: application messages, resends, rejects, Logon and Logout, and its end.

Owns states, numbers, frames and events. What it makes of what it hears is in `session`.
"""

from __future__ import annotations

from collections.abc import Sequence

from router.fix.checks import routing
from router.fix.codec import Message, safe_text
from router.fix.dictionary import REASONS, Fault
from router.fix.inbox import Held, Inbox
from router.fix.outbox import Outbox
from router.fix.states import (
    TRANSITIONS,
    LoggedOut,
    Move,
    OutFrame,
    SessionConfig,
    SessionEvent,
    SessionState,
)
from router.fix.timing import Timers

LIVELY = frozenset({SessionState.ACTIVE, SessionState.LOGOUT_SENT})
"""States in which messages are taken."""


class Line:
    """One end of a FIX connection: the verbs that the rules of `Session` are made of."""

    def __init__(self, config: SessionConfig, *, next_in: int = 1, next_out: int = 1) -> None:
        self.config = config
        self.state = SessionState.DISCONNECTED
        self.wants_close = False
        """True when the transport is to be closed, once the frames are written."""
        self.closed_reason = ""
        """Why the connection ended, or is about to."""
        self._in = Inbox(next_in, chunk_size=config.resend_request_chunk_size)
        self._out = Outbox(config, next_out)
        self._timers = Timers(config)
        self._events: list[SessionEvent] = []
        self._told = False
        """LoggedOn was told and LoggedOut was not."""

    @property
    def next_in(self) -> int:
        """Next MsgSeqNum(34) expected."""
        return self._in.next_in

    @property
    def next_out(self) -> int:
        """Next MsgSeqNum(34) to send."""
        return self._out.next_out

    @property
    def logged_on(self) -> bool:
        """True if application messages go out at once."""
        return self.state is SessionState.ACTIVE

    def take_events(self) -> list[SessionEvent]:
        """What happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    def take_frames(self) -> list[OutFrame]:
        """What is to be journaled and written since the last call, in sending order."""
        return self._out.take()

    # --- The application -----------------------------------------------------------------------

    def send(self, msg_type: str, body: str, now: int) -> int:
        """An application message: `body` is text, every field ends in SOH. Returns its MsgSeqNum.

        If the session is not logged on it takes its number and the peer asks for it later.
        """
        live = self.state in (SessionState.ACTIVE, SessionState.LOGON_SENT)
        return self._issue(msg_type, body, now, live=live)

    def resend(self, frames: Sequence[tuple[int, bytes]], now: int) -> None:
        """Answer the first open ResendNeeded: its stored frames, ascending.

        Admin messages and missing numbers are gap-filled. What was sent meanwhile leaves behind.
        """
        self._out.resend(frames, now)
        self._timers.sent(now)

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
        self._issue(
            "3",
            f"45={ref_seq_num}\x0158={safe_text(text)}\x01{tag}372={ref_msg_type}\x01373={reason}\x01",
            now,
            live=self.state in LIVELY,
        )

    def logout(self, text: str, now: int) -> None:
        """End the session in good order; a session without a Logon is just dropped."""
        if self.state is SessionState.ACTIVE:
            self._issue("5", text_field(text), now)
            self._move(Move.LOG_OUT)
            self._timers.logging_out(now)
        elif self.state in (SessionState.LOGON_AWAITED, SessionState.LOGON_SENT):
            self._drop(text)

    def deadline(self) -> int | None:
        """When `tick` is due, UTC nanoseconds."""
        if self.wants_close:
            return None
        return self._timers.deadline()

    # --- Answers -------------------------------------------------------------------------------

    def _issue(
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
            live = self.state is not SessionState.DISCONNECTED and not self.wants_close
        seq = self._out.issue(
            msg_type, body, now, live=live, routing=routing(message) if message else ""
        )
        if live:
            self._timers.sent(now)
        if self._out.overflowed and not self.wants_close:
            self._drop("too much waits behind a resend")
        return seq

    def _logon(self, heart_bt_int: int, now: int, *, reset: bool) -> None:
        flag = "141=Y\x01" if reset else ""
        self._issue("A", f"98=0\x01108={heart_bt_int}\x01{flag}", now)

    def _in_turn_or_held(self, message: Message, seq: int, frame: bytes) -> None:
        """Count the number of a message that was dealt with, now or when its turn comes."""
        if seq > self.next_in:
            self._in.hold(Held(message, seq, frame, done=True))
        else:
            self._in.consume(seq)

    def _request(self, wanted: tuple[int, int], now: int) -> None:
        begin, end = wanted
        self._issue("2", f"7={begin}\x0116={end}\x01", now)
        self._timers.resend_requested(now)

    def _reject(
        self, message: Message, seq: int, fault: Fault, now: int, *, consume: bool = True
    ) -> None:
        if consume:
            self._in.consume(seq)
        ref_msg_type = f"372={safe_text(message.msg_type)}\x01" if message.msg_type else ""
        self._issue(
            "3",
            f"45={seq}\x0158={REASONS[fault.reason]}\x01371={fault.ref_tag}\x01"
            f"{ref_msg_type}373={fault.reason}\x01",
            now,
            message=message,
        )

    def _expel(self, text: str, now: int) -> None:
        """Logout for a fault of theirs; then only their Logout, or the end, is waited for.

        Once a Logout has been sent no second one follows: then this is the end.
        """
        if self.state is not SessionState.ACTIVE:
            self._drop(text)
            return
        self._out.abandon()
        self._issue("5", text_field(text), now)
        self._move(Move.EXPEL)
        self._end(text)
        self._timers.logging_out(now)

    # --- Ends ----------------------------------------------------------------------------------

    def _move(self, move: Move) -> None:
        self.state = TRANSITIONS[self.state, move]

    def _drop(self, reason: str) -> None:
        self._move(Move.DROP)
        self._close(reason)

    def _close(self, reason: str) -> None:
        self._end(reason)
        self.wants_close = True
        self._timers.stop()

    def _end(self, reason: str) -> None:
        """Say once that the session is over, and keep the first reason."""
        self.closed_reason = self.closed_reason or reason
        if self._told:
            self._told = False
            self._events.append(LoggedOut(self.closed_reason))

    def _reset_numbers(self) -> None:
        self._in.forget()
        self._in.jump(1)
        self._out.reset()


def text_field(text: str) -> str:
    """Text(58) as a field, nothing if there is nothing to say."""
    return f"58={safe_text(text)}\x01" if text else ""
