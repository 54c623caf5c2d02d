"""The FIX session, both roles, without I/O: bytes and time in; frames and events out.

Owns sequence numbers and the rules of the session layer. Never sees an order: an application
message is a type and a body. Stores nothing: sent frames come back through `resend`.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from router.fix.checks import (
    comp_id_fault,
    latency_fault,
    logon_fault,
    number,
    poss_dup_fault,
    resend_fault,
)
from router.fix.codec import CodecError, Message, decode
from router.fix.dictionary import Fault
from router.fix.framing import Framer, FramingError, peek_logon
from router.fix.inbox import Held
from router.fix.line import LIVELY, Line, text_field
from router.fix.states import (
    GARBLED_MAX,
    Alert,
    LoggedOn,
    LoggedOut,
    Move,
    OutFrame,
    Received,
    ResendNeeded,
    SessionConfig,
    SessionEvent,
    SessionState,
)
from router.fix.timing import NS, Alarm

__all__ = [
    "Alert",
    "LoggedOn",
    "LoggedOut",
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


class Session(Line):
    """One session with one peer.

    Driven by `connect`, `receive`, `lost`, by `send` and `logout`, and by `tick` at `deadline`;
    after each of them take the events and the frames. When `wants_close` is set, close the
    transport once the frames are written, then call `lost`.
    """

    def __init__(self, config: SessionConfig, *, next_in: int = 1, next_out: int = 1) -> None:
        super().__init__(config, next_in=next_in, next_out=next_out)
        self.peer_heart_bt_int = 0
        """HeartBtInt(108) that the peer's Logon stated, seconds."""
        self._framer = Framer(frame_max=config.frame_max)
        self._garbled_at: deque[int] = deque(maxlen=GARBLED_MAX + 1)
        self._reset_sent = False
        self._reset_due = False
        self._test_req_id = 0

    @property
    def garbled(self) -> int:
        """Garbled messages on this connection, as far as the framer saw them."""
        return self._framer.garbled

    # --- The transport -------------------------------------------------------------------------

    def connect(self, now: int) -> None:
        """The transport is up. An initiator's Logon goes out."""
        initiator = self.config.role == "initiator"
        self._move(Move.INITIATE if initiator else Move.ACCEPT)
        self._framer = Framer(frame_max=self.config.frame_max)
        self._garbled_at.clear()
        self.wants_close = False
        self.closed_reason = ""
        self._timers.connected(now)
        if initiator:
            self._reset_sent = self.config.reset_on_logon
            if self._reset_sent:
                self._reset_numbers()
            self._logon(self.config.heart_bt_int, now, reset=self._reset_sent)
            self._out.hold()

    def lost(self, now: int) -> None:
        """The transport is gone."""
        self._end("connection lost")
        self._move(Move.LOST)
        self._timers.stop()
        self.wants_close = False
        self._in.forget()
        self._out.forget()
        if self._reset_due or self.config.reset_on_disconnect:
            self._reset_numbers()
        self._reset_due = self._reset_sent = False

    def receive(self, data: bytes, now: int) -> None:
        """Bytes from the peer."""
        if self.wants_close or self.state is SessionState.DISCONNECTED:
            return
        hostile = ""
        before = self._framer.garbled
        try:
            frames = self._framer.feed(data)
        except FramingError as error:
            frames, hostile = error.frames, str(error)
        if self._framer.garbled_at_first:
            self._drop("garbled before the Logon")
        for frame in frames:
            if self.wants_close:
                return
            self._frame(frame, now)
        if hostile:
            self._drop(hostile)
        for _ in range(self._framer.garbled - before):
            self._garbled(now)

    # --- Time ----------------------------------------------------------------------------------

    def tick(self, now: int) -> None:
        """Time has passed."""
        state = self.state
        for alarm in self._timers.due(now):
            if self.state is not state:
                return
            match alarm:
                case Alarm.GIVE_UP:
                    self._drop("no answer in time")
                case Alarm.SILENCE:
                    self._drop("nothing received in time")
                case Alarm.HEARTBEAT:
                    self._issue("0", "", now)
                case Alarm.TEST_REQUEST:
                    self._test_req_id += 1
                    self._issue("1", f"112={self._test_req_id}\x01", now)
                    self._timers.tested()
                case Alarm.RESEND:
                    self._repeat_request(now)

    def _repeat_request(self, now: int) -> None:
        if self._in.retried:
            self._expel("ResendRequest was not answered", now)
            return
        self._in.retried = True
        self._request(self._in.ask(), now)

    # --- Frames --------------------------------------------------------------------------------

    def _frame(self, frame: bytes, now: int) -> None:
        try:
            message = decode(frame)
        except CodecError as error:
            if error.hostile:
                self._drop(str(error))
                return
            if error.message is None:
                self._garbled(now)
                return
            # Only a tag's number is wrong: the dictionary finds it again, if there is one.
            message = error.message
        self._timers.heard(now)
        if self.state in (SessionState.LOGON_AWAITED, SessionState.LOGON_SENT):
            self._first(message, frame, now)
        else:
            before = self.next_in
            self._message(message, frame, now)
            self._settle(now, progress=self.next_in != before)

    def _garbled(self, now: int) -> None:
        """Ignored, unless it is the first message or there are too many in a minute."""
        if self.state in (SessionState.LOGON_AWAITED, SessionState.LOGON_SENT):
            self._drop("garbled before the Logon")
        self._garbled_at.append(now)
        if len(self._garbled_at) > GARBLED_MAX and now - self._garbled_at[0] <= GARBLED_WINDOW:
            self._drop(f"more than {GARBLED_MAX} garbled messages in a minute")

    # --- The first message ---------------------------------------------------------------------

    def _first(self, message: Message, frame: bytes, now: int) -> None:
        """The message that must be a Logon."""
        config = self.config
        initiator = config.role == "initiator"
        seq = number(message.get("34"))
        if initiator and message.msg_type == "5" and not comp_id_fault(config, message):
            if seq is not None:
                self._in.consume(seq)
            self._move(Move.LOGOUT_RECEIVED)
            self._close(message.get("58") or "Logout instead of a Logon")
            return
        fault = logon_fault(config, message, now)
        if fault:
            self._refuse_logon(fault.text, now, told=fault.told and not initiator)
            return
        assert seq is not None, "logon_fault has read it"
        reset = message.get("141") == "Y"
        if self._reset_sent and not reset:
            self._drop("ResetSeqNumFlag(141) was not answered")
            return
        if reset and self._reset_sent:
            self._in.jump(1)
        elif reset or (not initiator and config.reset_on_logon and seq == 1):
            self._reset_numbers()
        if seq < self.next_in:
            # A Logon that is said to be a duplicate is no answer to anything.
            if message.get("43") != "Y":
                self._refuse_logon(_too_low(self.next_in, seq), now, told=True)
            return
        self._logged_on(message, frame, seq, now, reset=reset)

    def _logged_on(
        self, message: Message, frame: bytes, seq: int, now: int, *, reset: bool
    ) -> None:
        initiator = self.config.role == "initiator"
        self.peer_heart_bt_int = number(message.get("108")) or 0
        interval = self.config.heart_bt_int if initiator else self.peer_heart_bt_int
        self._move(Move.LOGON)
        # An initiator answers only a reset that it did not ask for.
        if not initiator or (reset and not self._reset_sent):
            self._logon(interval, now, reset=reset)
        self._reset_sent = False
        self._timers.logged_on(now, interval)
        self._told = True
        self._events.append(LoggedOn())
        self._out.release()
        self._in_turn_or_held(message, seq, frame)
        self._settle(now, progress=True)

    def _refuse_logon(self, text: str, now: int, *, told: bool) -> None:
        if told:
            # What an initiator's application has sent meanwhile is not for this peer yet.
            self._out.forget()
            self._issue("5", text_field(text), now)
        self._drop(text)

    # --- Messages ------------------------------------------------------------------------------

    def _message(self, message: Message, frame: bytes, now: int) -> None:
        """A message after the Logon: which rules it must pass, in their order."""
        msg_type = message.msg_type
        if self.state is SessionState.EXPELLED and msg_type != "5":
            return
        if self.state is SessionState.LOGOUT_ANSWERED and msg_type != "2":
            return
        if message.get("8") != self.config.begin_string and msg_type != "5":
            self._expel("Incorrect BeginString", now)
            return
        seq = number(message.get("34"))
        if seq is None:
            self._expel("Received message without MsgSeqNum", now)
            self._drop("Received message without MsgSeqNum")
            return
        early = seq > self.next_in and not _at_once(message)
        fault = None if early else self._dictionary_fault(message)
        if fault:
            self._reject(message, seq, fault, now)
            return
        grave = comp_id_fault(self.config, message) or latency_fault(self.config, message, now)
        if grave:
            self._reject(message, seq, grave, now)
            self._expel(grave.text, now)
            self._drop(grave.text)
        elif early:
            self._in.hold(Held(message, seq, frame, done=False))
            if msg_type == "3" and message.get("372") == "2":
                # It answers the request for the very gap it stands behind.
                self._in.refused()
        else:
            self._in_turn(message, seq, frame, now)

    def _dictionary_fault(self, message: Message) -> Fault | None:
        return self.config.validate.validate(message) if self.config.validate else None

    def _in_turn(self, message: Message, seq: int, frame: bytes, now: int) -> None:
        """A sound message that is due, or that does not wait for its turn."""
        fault = poss_dup_fault(message)
        if fault:
            self._reject(message, seq, fault, now)
            if fault.reason != 1:
                self._expel(fault.text, now)
            return
        if seq < self.next_in and not _at_any_number(message):
            if message.get("43") != "Y":
                self._expel(_too_low(self.next_in, seq), now)
            return
        match message.msg_type:
            case "0":
                self._in.consume(seq)
            case "1":
                self._in.consume(seq)
                test_req_id = message.get("112")
                body = f"112={test_req_id}\x01" if test_req_id else ""
                self._issue("0", body, now, message=message)
            case "2":
                self._resend_request(message, seq, frame, now)
            case "4":
                self._sequence_reset(message, seq, now)
            case "5":
                self._logout_received(message, seq, now)
            case "A":
                self._second_logon(message, seq, now)
            case _:
                self._in.consume(seq)
                poss_dup = message.get("43") == "Y"
                self._events.append(Received(message, seq, poss_dup, frame))

    def _settle(self, now: int, *, progress: bool) -> None:
        """After a message: take the held ones whose turn has come, then ask for what is missing."""
        while self.state in LIVELY and (held := self._in.take()):
            fault = None if held.done else self._dictionary_fault(held.message)
            if held.done:
                self._in.consume(held.seq)
            elif fault:
                self._reject(held.message, held.seq, fault, now)
            else:
                self._in_turn(held.message, held.seq, held.frame, now)
        if self.state not in LIVELY:
            return
        request = self._in.request()
        if request:
            self._request(request, now)
        elif not self._in.gap_open:
            self._timers.resend_done()
        elif progress:
            self._in.retried = False
            self._timers.resend_requested(now)

    def _resend_request(self, message: Message, seq: int, frame: bytes, now: int) -> None:
        """Answered even if it is early: else two sides that ask at once would wait for ever."""
        last_sent = self.next_out - 1
        fault = resend_fault(message, last_sent)
        self._in_turn_or_held(message, seq, frame)
        if fault:
            self._reject(message, seq, fault, now, consume=False)
            return
        begin, end = int(message.get("7")), int(message.get("16"))
        wanted = self._out.start_resend(begin, end or last_sent)
        self._events += (ResendNeeded(first, last) for first, last in wanted)
        if self._out.overflowed:
            self._drop("too many ResendRequests at once")

    def _sequence_reset(self, message: Message, seq: int, now: int) -> None:
        new_seq_no = number(message.get("36"))
        gap_fill = message.get("123") == "Y"
        if new_seq_no is None:
            self._reject(message, seq, Fault(1 if not message.get("36") else 6, "36"), now)
        elif (gap_fill and new_seq_no <= seq) or new_seq_no < self.next_in:
            fault = Fault(5, "36")
            # The number stays: a peer that cannot count is not to be followed.
            self._reject(message, seq, fault, now, consume=False)
        else:
            self._in.jump(new_seq_no)

    def _second_logon(self, message: Message, seq: int, now: int) -> None:
        """In mid-session only a reset may be asked for."""
        fault = logon_fault(self.config, message, now)
        if fault or message.get("141") != "Y" or self.state is not SessionState.ACTIVE:
            text = fault.text if fault else "Logon received twice"
            self._in.consume(seq)
            self._expel(text, now)
            self._drop(text)
            return
        self._reset_numbers()
        self.peer_heart_bt_int = number(message.get("108")) or 0
        self._logon(self.peer_heart_bt_int, now, reset=True)
        self._timers.logged_on(now, self.peer_heart_bt_int)
        self._in.consume(seq)

    def _logout_received(self, message: Message, seq: int, now: int) -> None:
        """Taken whatever its number; one that is early is not counted, so that the gap shows."""
        self._in.consume(seq)
        self._reset_due = self.config.reset_on_logout
        reason = message.get("58") or "Logout"
        asked = self.state is SessionState.ACTIVE
        if asked:
            self._issue("5", "", now, message=message)
        self._move(Move.LOGOUT_RECEIVED)
        if asked:
            self._end(reason)
            self._timers.logging_out(now)
        else:
            self._close(reason)


def _at_once(message: Message) -> bool:
    """Messages that are dealt with even when they come too early."""
    return message.msg_type in ("2", "5", "A") or _at_any_number(message)


def _at_any_number(message: Message) -> bool:
    """Messages whose own number does not decide what becomes of them."""
    match message.msg_type:
        case "4":
            return message.get("123") != "Y"
        case "5":
            return True
        case "A":
            return message.get("141") == "Y"
    return False


def _too_low(expected: int, received: int) -> str:
    return f"MsgSeqNum too low, expecting {expected} but received {received}"
