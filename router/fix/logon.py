"""The Logon(A): what ours says, whether theirs can be taken, and on which terms.

Pure functions of configuration, version, message and clock. The numbers of the session, and what
follows from a judgement, are the session's.
"""

from __future__ import annotations

from dataclasses import dataclass

from router.fix.checks import comp_id_fault, dictionary_fault, latency_fault, number, tolerated
from router.fix.codec import Message
from router.fix.framing import FRAME_MAX
from router.fix.states import MESSAGE_SIZE_MIN, SessionConfig
from router.fix.versions import FIX42, Version

STATED_MAX = 16
"""Characters of a peer's that are repeated in a text."""
_PASSWORD_KEPT, _PASSWORD_WRONG = "3", "5"
"""SessionStatus(1409): the new password does not comply, invalid username or password."""
_NOT_SERVED = (
    ("925", "NewPassword(925)", _PASSWORD_KEPT),
    ("1404", "EncryptedNewPassword(1404)", _PASSWORD_KEPT),
    ("1402", "EncryptedPassword(1402)", _PASSWORD_WRONG),
)
"""What a Logon may not ask for. Ignored, a peer would take its new password for the one that
holds. Versions before these fields are told so too: there they are asked for by mistake."""


@dataclass(frozen=True, slots=True)
class LogonFault:
    """Why a first message is refused; `told` if a Logout with the text goes first."""

    text: str
    told: bool = False
    session_status: str = ""
    """SessionStatus(1409), where the version has it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the peer's Logon says of the session."""

    heart_bt_int: int
    """HeartBtInt(108), seconds."""
    next_expected: int
    """NextExpectedMsgSeqNum(789); 0 if the session does not use it."""
    message_max: int
    """MaxMessageSize(383), bytes; 0 if there is no limit."""


def logon_body(
    config: SessionConfig, version: Version, *, heart_bt_int: int, next_in: int, reset: bool
) -> str:
    """The body of our Logon, credentials apart; `next_in` is the number that we expect next."""
    parts = [f"98=0\x01108={heart_bt_int}\x01"]
    if reset:
        parts.append("141=Y\x01")
    if uses_next_expected(config, version):
        parts.append(f"789={next_in}\x01")
    if config.frame_max != FRAME_MAX:
        parts.append(f"383={config.frame_max}\x01")
    if config.test_mode and version is not FIX42:
        parts.append("464=Y\x01")
    if version.fixt:
        parts.append(f"1137={version.appl_ver_id}\x01")
    return "".join(parts)


def uses_next_expected(config: SessionConfig, version: Version) -> bool:
    """True if our Logon carries NextExpectedMsgSeqNum(789), which is there from FIX.4.4 on."""
    return config.enable_next_expected_msg_seq_num and version is not FIX42


def terms(config: SessionConfig, version: Version, message: Message) -> Terms:
    """The terms of a Logon that is without fault."""
    used = uses_next_expected(config, version)
    return Terms(
        heart_bt_int=number(message.get("108")) or 0,
        next_expected=(number(message.get("789")) or 0) if used else 0,
        message_max=number(message.get("383")) or 0,
    )


def logon_fault(
    config: SessionConfig, version: Version, message: Message, now: int
) -> LogonFault | None:
    """What makes a Logon(A) unacceptable, its numbers apart. Strangers are told nothing."""
    if message.msg_type != "A":
        return LogonFault(f"the first message is {message.msg_type!r}, not a Logon")
    if message.get("8") != config.begin_string:
        return LogonFault("Incorrect BeginString")
    if comp_id_fault(config, message):
        return LogonFault("CompID problem")
    if config.role == "acceptor" and (unserved := _unserved(message)):
        return unserved
    fault = dictionary_fault(config, version, message)
    if fault and fault.ref_tag != "108" and not tolerated(config, message, fault):
        return LogonFault(f"{fault.text} ({fault.ref_tag})")
    if number(message.get("34")) is None:
        return LogonFault("Received message without MsgSeqNum")
    if config.late_clock == "reject" and latency_fault(config, message, now):
        return LogonFault("SendingTime accuracy problem", told=True)
    return _terms_fault(config, version, message)


def _unserved(message: Message) -> LogonFault | None:
    for tag, name, status in _NOT_SERVED:
        if tag in message.fields:
            return LogonFault(f"{name} is not served", told=True, session_status=status)
    return None


def _terms_fault(config: SessionConfig, version: Version, message: Message) -> LogonFault | None:
    if message.get("98") != "0":
        return LogonFault("Unsupported EncryptMethod")
    interval = message.get("108")
    if interval.startswith("-") and number(interval[1:]):
        return LogonFault("Negative HeartBtInt", told=True)
    seconds = number(interval)
    if seconds is None or seconds > config.heart_bt_int_max:
        return LogonFault("Unacceptable HeartBtInt")
    if version.fixt and message.get("1137") != version.appl_ver_id:
        stated = ascii(message.get("1137")[:STATED_MAX]) if message.get("1137") else "missing"
        return LogonFault(f"DefaultApplVerID {stated} is not served")
    if version is not FIX42 and (message.get("464") == "Y") is not config.test_mode:
        return LogonFault("TestMessageIndicator mismatch", told=True)
    if message.get("141") == "Y" and number(message.get("34")) != 1:
        return LogonFault("MsgSeqNum must be 1 with ResetSeqNumFlag", told=True)
    size = message.get("383")
    if size and 0 < (number(size) or 0) < MESSAGE_SIZE_MIN:
        return LogonFault(f"MaxMessageSize below {MESSAGE_SIZE_MIN}", told=True)
    return None
