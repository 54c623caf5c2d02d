"""Judgements on one inbound message that need no memory: Logon, CompIDs, times, duplicates.

Pure functions of configuration, message and clock. What follows from a judgement is the session's.
"""

from __future__ import annotations

from dataclasses import dataclass

from router.fix.codec import Message, time_value
from router.fix.dictionary import Fault
from router.fix.states import SessionConfig
from router.fix.timing import NS

NUMBER_DIGITS_MAX = 18
COMP_ID_PROBLEM = 9
TIME_PROBLEM = 10


def number(text: str) -> int | None:
    """A sequence number or other plain count; None if the text is none."""
    if text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX:
        return int(text)
    return None


def timestamp(text: str) -> int | None:
    """UTC nanoseconds of a UTCTimestamp; None if the text is none."""
    try:
        return time_value(text)
    except ValueError:
        return None


def comp_id_fault(config: SessionConfig, message: Message) -> Fault | None:
    """A SenderCompID or TargetCompID that is not the session's."""
    if config.check_comp_id:
        if message.get("49") != config.target_comp_id:
            return Fault(COMP_ID_PROBLEM, "49")
        if message.get("56") != config.sender_comp_id:
            return Fault(COMP_ID_PROBLEM, "56")
    return None


def latency_fault(config: SessionConfig, message: Message, now: int) -> Fault | None:
    """A SendingTime further from now than `max_latency`, or none that can be read."""
    if config.check_latency:
        sent = timestamp(message.get("52"))
        if sent is None or abs(now - sent) > config.max_latency * NS:
            return Fault(TIME_PROBLEM, "52")
    return None


def poss_dup_fault(message: Message) -> Fault | None:
    """A PossDupFlag(43)=Y without a sound OrigSendingTime(122); SequenceReset needs none."""
    if message.get("43") != "Y":
        return None
    original = message.get("122")
    if not original:
        return None if message.msg_type == "4" else Fault(1, "122")
    first, again = timestamp(original), timestamp(message.get("52"))
    if first is None or again is None:
        return Fault(6, "122" if first is None else "52")
    return Fault(TIME_PROBLEM, "122") if first > again else None


@dataclass(frozen=True, slots=True)
class LogonFault:
    """Why a first message is refused; `told` if a Logout with the text goes first."""

    text: str
    told: bool = False


def logon_fault(config: SessionConfig, message: Message, now: int) -> LogonFault | None:
    """What makes a Logon(A) unacceptable, numbers apart. Strangers are told nothing."""
    if message.msg_type != "A":
        return LogonFault(f"the first message is {message.msg_type!r}, not a Logon")
    if message.get("8") != config.begin_string:
        return LogonFault("Incorrect BeginString")
    if comp_id_fault(config, message):
        return LogonFault("CompID problem")
    fault = config.validate.validate(message) if config.validate else None
    if fault and fault.ref_tag != "108":
        return LogonFault(f"{fault.text} ({fault.ref_tag})")
    if number(message.get("34")) is None:
        return LogonFault("Received message without MsgSeqNum")
    if latency_fault(config, message, now):
        return LogonFault("SendingTime accuracy problem", told=True)
    return _terms_fault(config, message)


def _terms_fault(config: SessionConfig, message: Message) -> LogonFault | None:
    if message.get("98") != "0":
        return LogonFault("Unsupported EncryptMethod")
    interval = message.get("108")
    if interval.startswith("-") and number(interval[1:]):
        return LogonFault("Negative HeartBtInt", told=True)
    seconds = number(interval)
    if seconds is None or seconds > config.heart_bt_int_max:
        return LogonFault("Unacceptable HeartBtInt")
    if message.get("141") == "Y" and number(message.get("34")) != 1:
        return LogonFault("MsgSeqNum must be 1 with ResetSeqNumFlag", told=True)
    return None


def resend_fault(message: Message, last_sent: int) -> Fault | None:
    """A ResendRequest(2) whose range is none: answered, so that nobody waits or loops."""
    begin, end = number(message.get("7")), number(message.get("16"))
    if begin is None or begin < 1 or begin > last_sent:
        return Fault(5, "7")
    if end is None or 0 < end < begin:
        return Fault(5, "16")
    return None


_REVERSED = {"115": "128", "116": "129", "144": "145", "128": "115", "129": "116", "145": "144"}


def routing(message: Message) -> str:
    """OnBehalfOf and DeliverTo fields of an answer: those of the message, reversed."""
    return "".join(
        f"{_REVERSED[tag]}={message.fields[tag]}\x01"
        for tag in _REVERSED
        if message.fields.get(tag)
    )
