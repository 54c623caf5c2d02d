"""How a session begins, and how its numbers begin again: Logons, the first and those in between.

Owns what is known of a Logon exchange, and which reset is due. Speaks through its `Line`.
"""

from __future__ import annotations

from typing import Final

from router.fix.checks import comp_id_fault, number
from router.fix.codec import Message
from router.fix.line import Line
from router.fix.logon import Terms, logon_fault, terms
from router.fix.states import Alert, LoggedOn, Move, SessionState

NOT_ANSWERED: Final = "ResetSeqNumFlag(141) was not answered"
_BEFORE_THE_END: Final = (
    SessionState.LOGON_AWAITED,
    SessionState.LOGON_SENT,
    SessionState.ACTIVE,
)
"""States of a session that is, or may soon be, logged on."""


class Handshake:
    """The Logons of one session."""

    def __init__(self, line: Line) -> None:
        self.peer_heart_bt_int = 0
        """HeartBtInt(108) that the peer's Logon stated, seconds."""
        self.promised = False
        """The peer's Logon told which number it expects, as ours did: what is missing comes."""
        self._line = line
        self._interval = 0
        """HeartBtInt that we keep to, seconds."""
        self._seq = 0
        """The number of our first Logon."""
        self._reset_sent = False
        """It has ResetSeqNumFlag(141)."""
        self._shown_past = 0
        """With a reset wanted before the Logon: the peer's next number then. Its next message shows
        whether it lacks any of ours, for a peer that does so asks at once."""
        self._lacks = 0
        """The first number that was missing when a connection ended, or the next one if a reset of
        ours was under way then; 0: nothing is known to be missing."""

    # --- The connection ------------------------------------------------------------------------

    def begin(self, now: int) -> None:
        """The transport is up: an initiator's Logon goes out."""
        line = self._line
        self.promised = False
        if line.config.role == "acceptor":
            return
        self._reset_sent = line.config.reset_on_logon or line.reset_owed
        if self._reset_sent:
            line.reset_numbers()
        self._seq = line.logon(line.config.heart_bt_int, now, reset=self._reset_sent)
        line.outbox.hold()

    def over(self) -> None:
        """The transport is gone. A reset that was wanted could not be asked for: it still is."""
        line = self._line
        line.reset_owed |= line.reset_wanted
        if line.next_in > 1 and (line.reset_owed or not line.inbox.undisturbed):
            self._lacks = line.next_in
        if line.reset_owed or line.reset_due or line.config.reset_on_disconnect:
            line.reset_numbers()
        line.reset_wanted = line.reset_due = self._reset_sent = False

    def logged_out(self) -> None:
        """The peer has sent a Logout."""
        self._line.reset_due |= self._line.config.reset_on_logout

    # --- The first message ---------------------------------------------------------------------

    def first(self, message: Message, now: int) -> None:
        """The message that must be a Logon."""
        line, config = self._line, self._line.config
        initiator = config.role == "initiator"
        if initiator and message.msg_type == "5" and not comp_id_fault(config, message):
            line.inbox.consume(number(message.get("34")) or 0)
            line.move(Move.LOGOUT_RECEIVED)
            line.close(logout_reason(message, "Logout instead of a Logon"))
            return
        fault = logon_fault(config, line.version, message, now)
        if fault and fault.told and not initiator:
            line.refuse_logon(fault.text, now, fault.session_status)
        elif fault:
            line.drop(fault.text)
        elif self._reset_sent and message.get("141") != "Y":
            line.drop(NOT_ANSWERED)
        else:
            self._numbers(message, now)

    def _numbers(self, message: Message, now: int) -> None:
        """A Logon without fault: do its numbers go with ours?"""
        line, config = self._line, self._line.config
        seq = int(message.get("34"))
        reset = message.get("141") == "Y"
        initiator = config.role == "initiator"
        lost = "" if initiator else self._lost_before(seq, reset=reset)
        if reset and self._reset_sent:
            line.inbox.jump(1)
        elif reset or (not initiator and config.reset_on_logon and seq == 1):
            line.reset_numbers()
        elif line.reset_owed:
            # Whatever its number is: both begin again with our answer.
            line.inbox.jump(seq)
        if seq < line.next_in:
            # A Logon that is said to be a duplicate is no answer to anything.
            if message.get("43") != "Y":
                line.refuse_logon(line.too_low(seq), now)
            return
        answers = not initiator or (reset and not self._reset_sent)
        next_out = line.next_out if answers else self._seq + 1
        said = terms(config, line.version, message)
        if said.next_expected > next_out and (reset or not line.reset_owed):
            text = f"NextExpectedMsgSeqNum too high, {next_out} is next, not {said.next_expected}"
            line.refuse_logon(text, now)
            return
        if reset:
            line.reset_owed = line.reset_wanted = False
        if lost:
            line.events.append(Alert("SEQUENCE_RESET", lost))
        self._lacks = 0
        line.move(Move.LOGON)
        line.in_turn_or_held(seq)
        self._shown_past = line.next_in if line.reset_wanted else 0
        self._logged_on(said, now, answers=answers, reset=reset)

    def _lost_before(self, seq: int, *, reset: bool) -> str:
        """What a Logon of that number leaves missing for ever, as far as it is known.

        Of a caller's alone: a venue, which we call, is asked for what was missed at every Logon.
        """
        line = self._line
        owed = line.reset_owed and not reset
        lacks = self._lacks or (line.next_in if owed else 0)
        lost = seq < lacks or (owed and seq > lacks)
        return f"the numbers begin again: {_lost_from(lacks)}" if lacks and lost else ""

    def _logged_on(self, said: Terms, now: int, *, answers: bool, reset: bool) -> None:
        line = self._line
        initiator = line.config.role == "initiator"
        self._take(said)
        self._interval = line.config.heart_bt_int if initiator else said.heart_bt_int
        line.timers.logged_on(now, self._interval)
        if line.reset_owed:
            self._begin_again(now)
        elif answers:
            self._seq = line.logon(self._interval, now, reset=reset)
        self._reset_sent = False
        line.told = True
        line.events.append(LoggedOn())
        if line.state is SessionState.RESETTING:
            return
        self.promised = said.next_expected > 0
        if 0 < said.next_expected < self._seq:
            line.outbox.start_resend(said.next_expected, self._seq)
        line.outbox.release()

    def _take(self, said: Terms) -> None:
        self.peer_heart_bt_int = said.heart_bt_int
        self._line.outbox.message_max = said.message_max

    # --- In mid-session ------------------------------------------------------------------------

    def reset(self, now: int) -> None:
        """Begin both numbers again: at once, when nothing is missing, or at the end."""
        line = self._line
        if line.state is SessionState.DISCONNECTED:
            line.reset_numbers()
        elif line.state in _BEFORE_THE_END:
            line.reset_wanted = True
            self.when_quiet(now)
        elif line.state is not SessionState.RESETTING:
            line.reset_due = True

    def when_quiet(self, now: int) -> None:
        """Begin the reset that was wanted, if nothing is missing on either side."""
        line = self._line
        busy = line.draining or line.inbox.gap_open or line.outbox.resending
        busy = busy or line.next_in <= self._shown_past
        if line.reset_wanted and line.state is SessionState.ACTIVE and not busy:
            self._begin_again(now)

    def _begin_again(self, now: int) -> None:
        """Logon with ResetSeqNumFlag(141): what is sent from here on waits for the answer."""
        line = self._line
        line.reset_wanted, line.reset_owed = False, True
        self._shown_past = 0
        line.outbox.reset()
        line.logon(self._interval, now, reset=True, next_in=1)
        line.outbox.hold()
        line.move(Move.RESET)
        line.timers.awaiting_logon(now)

    def second(self, message: Message, seq: int, now: int) -> None:
        """In mid-session only a reset may be asked for, or be the answer to ours."""
        line = self._line
        fault = logon_fault(line.config, line.version, message, now)
        wanted = message.get("141") == "Y"
        if line.state is SessionState.RESETTING and (fault or not wanted):
            line.drop(fault.text if fault else NOT_ANSWERED)
        elif line.reset_owed and wanted and not fault:
            self._begun_again(message, now)
        elif fault or not wanted or line.state is not SessionState.ACTIVE:
            text = fault.text if fault else "Logon received twice"
            line.inbox.consume(seq)
            line.expel(text, now)
            line.drop(text)
        else:
            self._follow(message, now)

    def _begun_again(self, message: Message, now: int) -> None:
        """The answer to our reset, or a reset of theirs that crossed it: it comes to the same.

        It may come behind a Logout of ours: then that is waited for, as it was.
        """
        line = self._line
        self._tell_loss("a reset of ours")
        line.reset_owed = False
        self._take(terms(line.config, line.version, message))
        line.inbox.forget()
        line.inbox.jump(2)
        if line.state is SessionState.RESETTING:
            line.move(Move.LOGON)
            line.timers.logged_on(now, self._interval)
            line.outbox.release()

    def _follow(self, message: Message, now: int) -> None:
        """A reset that the peer wants."""
        line = self._line
        self._tell_loss("a reset by the peer", unsent=line.outbox.waiting)
        line.reset_wanted = False
        self._shown_past = 0
        self._take(terms(line.config, line.version, message))
        self._interval = self.peer_heart_bt_int
        line.reset_numbers()
        line.inbox.consume(1)
        line.logon(self._interval, now, reset=True)
        line.timers.logged_on(now, self._interval)

    def _tell_loss(self, reset: str, *, unsent: int = 0) -> None:
        """Alert of what does not arrive any more, since the numbers begin again behind it."""
        line = self._line
        lost = [f"{unsent} messages of ours do not reach it"] if unsent else []
        if not line.inbox.undisturbed:
            lost.append(_lost_from(line.next_in))
        if lost:
            line.events.append(Alert("SEQUENCE_RESET", f"{reset}: {' and '.join(lost)}"))


def _lost_from(seq: int) -> str:
    return f"messages of the peer may be lost, from MsgSeqNum(34) {seq} on"


def logout_reason(logout: Message, otherwise: str) -> str:
    """Why the peer ends the session: Text(58) and SessionStatus(1409)."""
    status = logout.get("1409")
    text = logout.get("58") or otherwise
    return f"{text} (SessionStatus {status})" if status else text
