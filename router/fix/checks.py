"""Judgements on one inbound message that need no memory: dictionary, CompIDs, times, duplicates.

Pure functions of configuration, message and clock. What follows from a judgement is the session's.
"""

from __future__ import annotations

from router.fix.codec import Message, time_value
from router.fix.dictionary import (
    APPL_VER_ID_INVALID,
    COMP_ID_PROBLEM,
    FORMAT_INCORRECT,
    GROUP_ORDER,
    MSG_TYPE_INVALID,
    OUT_OF_ORDER,
    REQUIRED_MISSING,
    TAG_INVALID,
    TAG_NOT_IN_MESSAGE,
    TAG_REPEATED,
    TIME_PROBLEM,
    VALUE_INCORRECT,
    Fault,
)
from router.fix.states import SessionConfig
from router.fix.timing import NS
from router.fix.versions import FIX42, Version

NUMBER_DIGITS_MAX = 18
REASON_OTHER = 99
ADMIN = frozenset("012345A")
"""MsgTypes of the session layer."""
TOLERATED = frozenset(
    {TAG_INVALID, TAG_NOT_IN_MESSAGE, VALUE_INCORRECT, TAG_REPEATED, OUT_OF_ORDER, GROUP_ORDER}
)
"""Faults that a lenient session takes in every message."""
ALL_42 = 999_999
"""EndSeqNo(16) that means infinity up to FIX.4.2, as 0 does."""


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


def dictionary_fault(config: SessionConfig, version: Version, message: Message) -> Fault | None:
    """What the dictionary finds; without one, an ApplVerID(1128) that is not the session's."""
    if config.validate:
        return config.validate.validate(message)
    appl_ver_id = message.get("1128") if version.fixt and message.msg_type not in ADMIN else ""
    if appl_ver_id and appl_ver_id != version.appl_ver_id:
        return Fault(APPL_VER_ID_INVALID, "1128")
    return None


def tolerated(config: SessionConfig, message: Message, fault: Fault) -> bool:
    """True if a message is taken with its fault, which becomes a flag, and not rejected.

    A Reject(3) is never answered by another. A lenient session delivers every application message
    of a known type: an execution counts even if it is told badly.
    """
    if message.msg_type == "3" or not config.reject_invalid_message:
        return True
    if config.strict:
        return False
    if fault.reason in TOLERATED:
        return True
    return fault.reason != MSG_TYPE_INVALID and message.msg_type not in ADMIN


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


def poss_dup_fault(config: SessionConfig, message: Message) -> Fault | None:
    """A PossDupFlag(43)=Y without a sound OrigSendingTime(122); SequenceReset needs none."""
    if message.get("43") != "Y":
        return None
    original = message.get("122")
    if not original:
        needed = config.requires_orig_sending_time and message.msg_type != "4"
        return Fault(REQUIRED_MISSING, "122") if needed else None
    first, again = timestamp(original), timestamp(message.get("52"))
    if first is None or again is None:
        return Fault(FORMAT_INCORRECT, "122" if first is None else "52")
    return Fault(TIME_PROBLEM, "122") if first > again else None


def resend_range(version: Version, message: Message, last_sent: int) -> tuple[int, int] | Fault:
    """The numbers that a ResendRequest(2) means, both ends included.

    A range that is none is a fault: answered, so that nobody waits or loops.
    """
    begin, end = number(message.get("7")), number(message.get("16"))
    if begin is None or begin < 1 or begin > last_sent:
        return Fault(VALUE_INCORRECT, "7")
    if end == 0 or (end == ALL_42 and version is FIX42):
        return begin, last_sent
    if end is None or end < begin:
        return Fault(VALUE_INCORRECT, "16")
    return begin, min(end, last_sent)


def sequence_reset(message: Message, seq: int, next_in: int) -> int | Fault:
    """NewSeqNo(36) of a SequenceReset(4) that is due; a fault if it goes nowhere, or backwards."""
    new_seq_no = number(message.get("36"))
    if new_seq_no is None:
        return Fault(FORMAT_INCORRECT if message.get("36") else REQUIRED_MISSING, "36")
    lowest = max(next_in, seq + 1) if message.get("123") == "Y" else next_in
    return new_seq_no if new_seq_no >= lowest else Fault(VALUE_INCORRECT, "36")


def at_any_number(message: Message) -> bool:
    """True for messages whose own MsgSeqNum does not decide what becomes of them."""
    match message.msg_type:
        case "4":
            return message.get("123") != "Y"
        case "5":
            return True
        case "A":
            return message.get("141") == "Y"
    return False


def at_once(message: Message) -> bool:
    """True for messages that are dealt with even when they come too early."""
    return message.msg_type in ("2", "5", "A") or at_any_number(message)


def reject_reason(version: Version, reason: int) -> str:
    """SessionRejectReason(373) as a field; nothing if the version does not know the reason."""
    if reason > _REASON_MAX[version.begin_string]:
        known = reason == REASON_OTHER and version is not FIX42
        return f"373={reason}\x01" if known else ""
    return f"373={reason}\x01"


_REASON_MAX = {"FIX.4.2": 11, "FIX.4.4": 17, "FIXT.1.1": 18}


_REVERSED = {"115": "128", "116": "129", "144": "145", "128": "115", "129": "116", "145": "144"}


def routing(message: Message) -> str:
    """OnBehalfOf and DeliverTo fields of an answer: those of the message, reversed."""
    fields = message.fields
    if fields.keys().isdisjoint(_REVERSED):
        return ""
    return "".join(f"{_REVERSED[tag]}={fields[tag]}\x01" for tag in _REVERSED if fields.get(tag))
