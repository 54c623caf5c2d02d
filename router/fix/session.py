"""The FIX session, both roles, without I/O: bytes and time in; frames and events out.

Owns sequence numbers and the rules of the session layer. Never sees an order: an application
message is a type and a body. Stores nothing: sent frames come back through `resend`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

from router.fix.checks import (
    ADMIN,
    at_any_number,
    at_once,
    comp_id_fault,
    dictionary_fault,
    number,
    poss_dup_fault,
    resend_range,
    sequence_reset,
    tolerated,
)
from router.fix.codec import CodecError, Message, decode, field_text
from router.fix.dictionary import TIME_PROBLEM, VALUE_INCORRECT, Fault
from router.fix.framing import Framer, FramingError, peek_logon
from router.fix.handshake import NOT_ANSWERED, Handshake, logout_reason
from router.fix.inbox import Held
from router.fix.line import LIVELY, REJECTS, Line
from router.fix.sending_time import SendingTimes
from router.fix.states import (
    GARBLED_MAX,
    Alert,
    LoggedOn,
    LoggedOut,
    LoggingOut,
    Move,
    OutFrame,
    Received,
    ResendNeeded,
    SessionConfig,
    SessionEvent,
    SessionState,
)
from router.fix.timing import NS, Alarm, Probe

__all__ = [
    "Alert",
    "LoggedOn",
    "LoggedOut",
    "LoggingOut",
    "OutFrame",
    "Received",
    "ResendNeeded",
    "Session",
    "SessionConfig",
    "SessionEvent",
    "SessionState",
    "peek_logon",
]

GARBLED_WINDOW: Final = 60 * NS
_ACTIVE: Final = SessionState.ACTIVE
_NOT_PLAIN: Final = ADMIN | REJECTS
_FIRST: Final = (SessionState.LOGON_AWAITED, SessionState.LOGON_SENT)


class Session(Line):
    """One session with one peer.

    Driven by `connect`, `receive`, `lost`, by `send`, `reset` and `logout`, and by `tick` at
    `deadline`; after each of them take the events and the frames. When `wants_close` is set, close
    the transport once the frames are written, then call `lost`.
    """

    def __init__(self, config: SessionConfig, *, next_in: int = 1, next_out: int = 1) -> None:
        super().__init__(config, next_in=next_in, next_out=next_out)
        self._handshake = Handshake(self)
        self._decode = config.validate.decode if config.validate else decode
        self._framer = Framer(frame_max=config.frame_max)
        self._garbled_at: deque[int] = deque(maxlen=GARBLED_MAX + 1)
        self._probe = Probe()
        self.reject_received: tuple[int, str] | None = None
        """When the last Reject(3) or BusinessMessageReject(j) came in, and its fields."""
        self._find_fault: Callable[[Message], Fault | None] = (
            config.validate.validate
            if config.validate
            else partial(dictionary_fault, config, self.version)
        )
        self._times = SendingTimes(config)
        self._begin_string = config.begin_string
        self._us, self._them = config.sender_comp_id, config.target_comp_id

    @property
    def garbled(self) -> int:
        """Garbled messages on this connection, as far as the framer saw them."""
        return self._framer.garbled

    @property
    def peer_heart_bt_int(self) -> int:
        """HeartBtInt(108) that the peer's Logon stated, seconds."""
        return self._handshake.peer_heart_bt_int

    @property
    def round_trip(self) -> int:
        """Of the last TestRequest(1) that was answered, nanoseconds."""
        return self._probe.round_trip

    # --- The transport -------------------------------------------------------------------------

    def connect(self, now: int) -> None:
        """The transport is up. An initiator's Logon goes out."""
        self.move(Move.INITIATE if self.config.role == "initiator" else Move.ACCEPT)
        self._framer = Framer(frame_max=self.config.frame_max)
        self._garbled_at.clear()
        self._times.forget()
        self.wants_close = False
        self.closed_reason = ""
        self.kept_from = 0
        self.timers.connected(now)
        self._handshake.begin(now)

    def lost(self, now: int) -> None:
        """The transport is gone."""
        self.end("connection lost")
        self.move(Move.LOST)
        self.timers.stop()
        self.wants_close = False
        self.draining = False
        self._handshake.over()
        self.inbox.forget()
        self.outbox.forget()
        self.outbox.message_max = 0

    def reset(self, now: int) -> None:
        """Begin both numbers again at 1.

        Logged on, or about to be, by a Logon with ResetSeqNumFlag(141) in mid-session, as soon as
        nothing is missing on either side; disconnected, at once; otherwise when the connection has
        ended. If it ends before that Logon, or before its answer, the next Logon is the reset.
        """
        self._handshake.reset(now)

    def resend(self, frames: Sequence[tuple[int, bytes]], now: int) -> None:
        """Answer the open ResendNeeded: its stored frames, ascending.

        Admin messages and missing numbers are gap-filled. What was sent meanwhile leaves behind.
        """
        self.answer(frames, now)
        self._handshake.when_quiet(now)

    def receive(self, data: bytes, now: int) -> None:
        """Bytes from the peer."""
        if self.wants_close or self.state is SessionState.DISCONNECTED:
            return
        self.inbox.open_portion()
        framer = self._framer
        hostile, garbled = "", framer.garbled
        try:
            frames = framer.feed(data)
        except FramingError as error:
            frames, hostile = error.frames, str(error)
        if framer.garbled_at_first:
            self.drop("garbled before the Logon")
        remaining = iter(frames)
        while not self.wants_close and (frame := self._take_plain(remaining, now)):
            self._frame(frame, now)
        if hostile:
            self.drop(hostile)
        for _ in range(framer.garbled - garbled):
            self._garbled(now)
        self._handshake.when_quiet(now)

    # --- Time ----------------------------------------------------------------------------------

    def tick(self, now: int) -> None:
        """Time has passed."""
        if self.draining:
            self.inbox.open_portion()
            self._settle(now, progress=True)
            self._handshake.when_quiet(now)
        state = self.state
        for alarm in self.timers.due(now):
            if self.state is not state:
                return
            match alarm:
                case Alarm.GIVE_UP:
                    resetting = state is SessionState.RESETTING
                    self.drop(NOT_ANSWERED if resetting else "no answer in time")
                case Alarm.SILENCE:
                    self.drop("nothing received in time")
                case Alarm.HEARTBEAT:
                    self.issue("0", "", now)
                case Alarm.TEST_REQUEST:
                    self.issue("1", f"112={self._probe.begin(now)}\x01", now)
                    self.timers.tested(now)
                case Alarm.ECHO:
                    self.timers.echoed()
                    self.events.append(Alert("TEST_REQUEST_NOT_ECHOED", self._probe.failed()))
                case Alarm.RESEND:
                    self._repeat_request(now)

    def _repeat_request(self, now: int) -> None:
        if self.inbox.retried:
            self.expel("ResendRequest was not answered", now)
            return
        self.inbox.retried = True
        self.request(self.inbox.ask(), now)

    # --- Frames --------------------------------------------------------------------------------

    def _frame(self, frame: bytes, now: int) -> None:
        message = self._decoded(frame, now)
        if message is None:
            return
        self.timers.last_heard = now
        if self.state in _FIRST:
            self._handshake.first(message, now)
            late = self._times.fault(message, now) if self.told else None
            if isinstance(late, Alert):
                self.events.append(late)
            self._settle(now, progress=True, promised=self._handshake.promised)
        else:
            before = self.next_in
            self._message(message, frame, now)
            self._settle(now, progress=self.next_in != before)

    def _take_plain(self, frames: Iterator[bytes], now: int) -> bytes | None:
        """Take ordinary messages as long as they come; return the first other one.

        Application messages in turn of which no rule has anything to say, as nearly all are.
        Whatever is not surely so goes through the rules below.
        """
        inbox = self.inbox
        if self.state is not _ACTIVE or not inbox.undisturbed:
            return next(frames, None)
        us, them, begin_string = self._us, self._them, self._begin_string
        decode, find_fault, is_near = self._decode, self._find_fault, self._times.sound
        for frame in frames:
            try:
                message = decode(frame)
            except CodecError:
                return frame
            fields, seq = message.fields, inbox.next_in
            if not (
                message.msg_type not in _NOT_PLAIN
                and fields.get("34") == str(seq)
                and fields.get("49") == them
                and fields.get("56") == us
                and fields.get("8") == begin_string
                and "43" not in fields
                and is_near(fields.get("52", ""), now)
                and find_fault(message) is None
            ):
                return frame
            self.events.append(Received(message, seq, False, frame))
            inbox.next_in = seq + 1
            self.timers.last_heard = now
        return None

    def _decoded(self, frame: bytes, now: int) -> Message | None:
        try:
            return self._decode(frame)
        except CodecError as error:
            if error.hostile:
                self.drop(str(error))
            elif error.message is None:
                self._garbled(now)
            # If only a tag's number is wrong, the dictionary finds it again, if there is one.
            return error.message

    def _garbled(self, now: int) -> None:
        """Ignored, unless it is the first message or there are too many in a minute."""
        if self.state in _FIRST:
            self.drop("garbled before the Logon")
        self._garbled_at.append(now)
        if len(self._garbled_at) > GARBLED_MAX and now - self._garbled_at[0] <= GARBLED_WINDOW:
            self.drop(f"more than {GARBLED_MAX} garbled messages in a minute")

    # --- Messages ------------------------------------------------------------------------------

    def _message(self, message: Message, frame: bytes, now: int) -> None:
        """A message after the Logon: which rules it must pass, in their order."""
        msg_type = message.msg_type
        if self.state is SessionState.EXPELLED and msg_type != "5":
            return
        if self.state is SessionState.LOGOUT_ANSWERED and msg_type != "2":
            return
        if message.get("8") != self.config.begin_string and msg_type != "5":
            self.expel("Incorrect BeginString", now)
            return
        seq = number(message.get("34"))
        if seq is None:
            self.expel("Received message without MsgSeqNum", now)
            self.drop("Received message without MsgSeqNum")
            return
        early = seq > self.next_in and not at_once(message)
        flags = () if early else self._judge(message, seq, now)
        if flags is None:
            return
        grave = comp_id_fault(self.config, message) or self._times.fault(message, now)
        if isinstance(grave, Alert):
            self.events.append(grave)
        elif grave:
            self.reject(message, seq, grave, now)
            self.expel(grave.text, now)
            self.drop(grave.text)
            return
        if msg_type == "0" and self._probe.answered(message.get("112"), now):
            self.timers.echoed()
        if not early:
            self._in_turn(message, seq, frame, now, flags)
            return
        again = self.inbox.gap_open and self.config.send_redundant_resend_requests
        self.inbox.hold(Held(seq, frame))
        if msg_type == "3" and number(message.get("45")) in self.requested:
            # It answers the request for the very gap it stands behind.
            self.inbox.refused()
        elif again and self.state is SessionState.ACTIVE:
            self.request(self.inbox.ask(), now)

    def _judge(self, message: Message, seq: int, now: int) -> tuple[Fault, ...] | None:
        """The flags of a message that is taken; None if it was rejected."""
        fault = self._find_fault(message)
        if fault is None or fault.ref_tag == "8":
            return ()  # a BeginString that is not the session's has its own rule
        if tolerated(self.config, message, fault):
            return (fault,)
        self.reject(message, seq, fault, now)
        return None

    def _in_turn(
        self, message: Message, seq: int, frame: bytes, now: int, flags: tuple[Fault, ...]
    ) -> None:
        """A sound message that is due, or that does not wait for its turn."""
        fault = poss_dup_fault(self.config, message)
        if fault and (fault.reason == TIME_PROBLEM or not tolerated(self.config, message, fault)):
            self.reject(message, seq, fault, now)
            if fault.reason == TIME_PROBLEM:
                self.expel(fault.text, now)
            return
        if self.state is SessionState.RESETTING and message.msg_type == "A":
            self._handshake.second(message, seq, now)
            return
        if seq < self.next_in and not at_any_number(message):
            if message.get("43") != "Y":
                self.expel(self.too_low(seq), now)
            return
        match message.msg_type:
            case "0":
                self.inbox.consume(seq)
            case "1":
                self.inbox.consume(seq)
                test_req_id = message.get("112")
                body = f"112={test_req_id}\x01" if test_req_id else ""
                self.issue("0", body, now, message=message)
            case "2":
                self._resend_request(message, seq, now)
            case "4":
                self._sequence_reset(message, seq, now)
            case "5":
                self._logout_received(message, seq, now)
            case "A":
                self._handshake.second(message, seq, now)
            case _:
                self.inbox.consume(seq)
                if message.msg_type in REJECTS:
                    self.reject_received = (now, field_text(message.pairs[2:-1]))
                poss_dup = message.get("43") == "Y"
                flags = (*flags, fault) if fault else flags
                self.events.append(Received(message, seq, poss_dup, frame, flags))

    def _settle(self, now: int, *, progress: bool, promised: bool = False) -> None:
        """After a message: take the held ones whose turn has come, then ask for what is missing.

        What the peer has `promised` comes without being asked for.
        """
        self._drain(now)
        if self.draining or self.state not in LIVELY or self.state is SessionState.RESETTING:
            return
        request = self.inbox.request()
        if request and promised:
            self.inbox.promised()
            self.timers.resend_requested(now)
        elif request:
            self.request(request, now)
        elif not self.inbox.gap_open:
            self.timers.resend_done()
        elif progress:
            self.inbox.retried = False
            self.timers.resend_requested(now)

    def _drain(self, now: int) -> None:
        """The held messages whose turn has come, as many as one call may cost."""
        while self.state in LIVELY and (held := self.inbox.take()):
            message = self._decoded(held.frame, now) if held.frame else None
            if message is None:
                self.inbox.consume(held.seq)
                continue
            flags = self._judge(message, held.seq, now)
            if flags is not None:
                self._in_turn(message, held.seq, held.frame, now, flags)
        self.draining = self.state in LIVELY and self.inbox.due

    def _resend_request(self, message: Message, seq: int, now: int) -> None:
        """Answered even if it is early: else two sides that ask at once would wait for ever."""
        wanted = resend_range(self.version, message, (self.kept_from or self.next_out) - 1)
        self.in_turn_or_held(seq)
        if isinstance(wanted, Fault):
            self.reject(message, seq, wanted, now, consume=False)
            return
        self.outbox.start_resend(*wanted)
        if self.outbox.overflowed:
            self.drop("too many ResendRequests at once")

    def _sequence_reset(self, message: Message, seq: int, now: int) -> None:
        new_seq_no = sequence_reset(message, seq, self.next_in)
        if isinstance(new_seq_no, Fault):
            # A peer that cannot count is not to be followed: its number stays.
            sound = new_seq_no.reason != VALUE_INCORRECT
            self.reject(message, seq, new_seq_no, now, consume=sound)
        elif message.get("123") == "Y":
            self.inbox.jump(new_seq_no)
        else:
            text = f"SequenceReset from {self.next_in} to {new_seq_no}"
            self.events.append(Alert("SEQUENCE_RESET", text))
            if new_seq_no > self.next_in and self.config.reset_seq_higher == "logout":
                self.expel(f"{text} is not accepted", now)
            else:
                self.inbox.jump(new_seq_no)

    def _logout_received(self, message: Message, seq: int, now: int) -> None:
        """Taken whatever its number; one that is early is not counted, so that the gap shows."""
        self.inbox.consume(seq)
        self._handshake.logged_out()
        reason = logout_reason(message, "Logout")
        asked = self.state in (SessionState.ACTIVE, SessionState.RESETTING)
        if asked:
            self.outbox.release()
            self.farewell("", now, message=message)
            self.move(Move.LOGOUT_RECEIVED)
            self.end(reason)
            self.timers.logging_out(now)
        else:
            self.outbox.abandon()
            self.move(Move.LOGOUT_RECEIVED)
            self.close(reason)
