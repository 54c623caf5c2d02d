"""The keys of QuickFIX session files (C++, J, Go), and what becomes of each under our names.

Owns the table. Knows what our keys are called, not what they may be: config.fix and config.venues
judge what comes out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from config.documents import unknown

SECRET = re.compile(r"password|passphrase|secret|logontag|rawdata|username", re.IGNORECASE)
"""Names of keys whose values are secrets, or go with one."""
CONNECT = re.compile(r"(SocketConnectHost|SocketConnectPort)([1-9][0-9]?)?")


class UnfitError(ValueError):
    """A value that cannot be taken over: why, and what is allowed."""


Convert = Callable[[str], object]


def _text(value: str) -> object:
    return value


def _flag(value: str) -> object:
    try:
        return {"Y": True, "YES": True, "TRUE": True, "N": False, "NO": False, "FALSE": False}[
            value.upper()
        ]
    except KeyError:
        raise UnfitError("neither yes nor no; allowed: Y or N") from None


def _count(value: str) -> object:
    if re.fullmatch(r"[0-9]{1,18}", value) is None:
        raise UnfitError("not a whole number")
    return int(value)


def _beats(value: str) -> object:
    """QuickFIX/J counts the HeartBtInt(108) that come on top of the first."""
    try:
        return float(1 + Decimal(value))
    except InvalidOperation:
        raise UnfitError("not a number") from None


def _precision(value: str) -> object:
    words = {"SECONDS": "s", "MILLIS": "ms", "MICROS": "us", "NANOS": "ns"}
    digits = {"0": "s", "3": "ms", "6": "us", "9": "ns"}
    found = words.get(value.upper()) or digits.get(value)
    if found is None:
        raise UnfitError("no such precision; allowed: 0, 3, 6, 9, SECONDS, MILLIS, MICROS, NANOS")
    return found


def _milliseconds(value: str) -> object:
    return "ms" if _flag(value) else "s"


def _time(value: str) -> object:
    if " " in value:
        raise UnfitError("a time zone behind the time; set TimeZone instead")
    return value


def _day(value: str) -> object:
    day = value.strip().lower()[:3]
    if day not in ("mon", "tue", "wed", "thu", "fri", "sat", "sun"):
        raise UnfitError("not a day; allowed: Monday, Mon")
    return day


def _days(value: str) -> object:
    return [_day(each) for each in value.split(",")]


def _list(value: str) -> object:
    return [each.strip() for each in value.split(",") if each.strip()]


def _policy(value: str) -> object:
    word = value.upper().replace("_", "")
    if word not in ("PRIORITY", "ROUNDROBIN"):
        raise UnfitError("no such policy; allowed: PRIORITY, ROUND_ROBIN")
    return word.lower().replace("roundrobin", "round_robin")


def _not(value: str) -> object:
    return not _flag(value)


def _verify_level(value: str) -> object:
    return _count(value) != 0


SESSION: dict[str, tuple[str, Convert]] = {
    "BeginString": ("begin_string", _text),
    "SenderSubID": ("sender_sub_id", _text),
    "SenderLocationID": ("sender_location_id", _text),
    "TargetSubID": ("target_sub_id", _text),
    "TargetLocationID": ("target_location_id", _text),
    "SessionQualifier": ("session_qualifier", _text),
    "HeartBtInt": ("heart_bt_int", _count),
    "LogonTimeout": ("logon_timeout", _count),
    "LogoutTimeout": ("logout_timeout", _count),
    "TestRequestDelayMultiplier": ("test_request_after", _beats),
    "HeartBeatTimeoutMultiplier": ("heartbeat_timeout_after", _beats),
    "CheckLatency": ("check_latency", _flag),
    "MaxLatency": ("max_latency", _count),
    "CheckCompID": ("check_comp_id", _flag),
    "ResetOnLogon": ("reset_on_logon", _flag),
    "ResetOnLogout": ("reset_on_logout", _flag),
    "ResetOnDisconnect": ("reset_on_disconnect", _flag),
    "ResendRequestChunkSize": ("resend_request_chunk_size", _count),
    "SendRedundantResendRequests": ("send_redundant_resend_requests", _flag),
    "SendNextExpectedMsgSeqNum": ("enable_next_expected_msg_seq_num", _flag),
    "EnableNextExpectedMsgSeqNum": ("enable_next_expected_msg_seq_num", _flag),
    "EnableLastMsgSeqNumProcessed": ("enable_last_msg_seq_num_processed", _flag),
    "RequiresOrigSendingTime": ("requires_orig_sending_time", _flag),
    "RejectInvalidMessage": ("reject_invalid_message", _flag),
    "UseDataDictionary": ("use_data_dictionary", _flag),
    "DataDictionary": ("data_dictionary", _text),
    "AppDataDictionary": ("app_data_dictionary", _text),
    "TransportDataDictionary": ("transport_data_dictionary", _text),
    "ValidateFieldsOutOfOrder": ("validate_fields_out_of_order", _flag),
    "ValidateFieldsHaveValues": ("validate_fields_have_values", _flag),
    "ValidateUserDefinedFields": ("validate_user_defined_fields", _flag),
    "ValidateUnorderedGroupFields": ("validate_unordered_group_fields", _flag),
    "AllowUnknownMsgFields": ("allow_unknown_msg_fields", _flag),
    "TimestampPrecision": ("timestamp_precision", _precision),
    "TimeStampPrecision": ("timestamp_precision", _precision),
    "MillisecondsInTimeStamp": ("timestamp_precision", _milliseconds),
    "StartTime": ("start_time", _time),
    "EndTime": ("end_time", _time),
    "StartDay": ("start_day", _day),
    "EndDay": ("end_day", _day),
    "Weekdays": ("weekdays", _days),
    "TimeZone": ("time_zone", _text),
    "NonStopSession": ("non_stop_session", _flag),
    "ResetSeqTime": ("reset_seq_time", _time),
    "ReconnectInterval": ("reconnect_interval", _count),
}
"""What may stand in `fix.defaults` as well as in an item."""

ITEM: dict[str, tuple[str, Convert]] = {
    "SenderCompID": ("sender_comp_id", _text),
    "TargetCompID": ("target_comp_id", _text),
    "HostSelectionPolicy": ("host_selection", _policy),
    "AllowedRemoteAddresses": ("allowed_remote_addresses", _list),
    "SocketAcceptPort": ("port", _count),
    "SocketAcceptAddress": ("host", _text),
    "SocketAcceptHost": ("host", _text),
    "SocketCertificateFile": ("tls.certificate", _text),
    "SocketPrivateKeyFile": ("tls.private_key", _text),
    "SocketCAFile": ("tls.ca", _text),
    "SocketServerName": ("tls.server_name", _text),
    "SocketInsecureSkipVerify": ("tls.verify", _not),
    "SERVER_CERTIFICATE_FILE": ("tls.certificate", _text),
    "SERVER_CERTIFICATE_KEY_FILE": ("tls.private_key", _text),
    "CLIENT_CERTIFICATE_FILE": ("tls.certificate", _text),
    "CLIENT_CERTIFICATE_KEY_FILE": ("tls.private_key", _text),
    "CERTIFICATE_AUTHORITIES_FILE": ("tls.ca", _text),
    "CERTIFICATE_VERIFY_LEVEL": ("tls.verify", _verify_level),
}
"""What only an acceptor, an OMS session or a venue has; `.` goes into a section."""

ONLY: dict[str, tuple[tuple[str, ...], str]] = {
    "DefaultApplVerID": (("9", "FIX.5.0SP2"), "FIX.5.0SP2 is the one that FIXT.1.1 carries here"),
    "PersistMessages": (("Y",), "what was sent is always kept, in the journal"),
    "RefreshOnLogon": (("N",), "no other process may change a session's numbers"),
    "UseLocalTime": (("N",), "set TimeZone to an IANA name instead"),
    "ValidateLengthAndChecksum": (("Y",), "both are always checked"),
    "ValidateSequenceNumbers": (("Y",), "they are always checked"),
    "ValidateChecksum": (("Y",), "it is always checked"),
    "ValidateIncomingMessage": (("Y",), "set UseDataDictionary=N instead"),
    "SocketUseSSL": (("N", "Y"), "TLS is on where it has a certificate or a ca"),
}
"""Keys that we have not, and the values with which they say what holds here anyway."""

DROPPED = re.compile(
    r"File(Store|Log)\w*|Screen\w*|SLF4J\w*|SLog\w*|Jdbc\w*|JDBC\w*|Mongo\w*|MySQL\w*|SQL\w*"
    r"|Postgre\w*|Odbc\w*|Sleepycat\w*|Log\w+When\w+|Socket(Send|Receive)BufferSize"
    r"|Socket(Reuse|Linger|Keep|Oob|Traffic|Tcp|Synchronous|No)\w*"
)
"""Where QuickFIX keeps and shows what passes, and how its sockets are set."""


def known(key: str) -> bool:
    """True if something becomes of a key."""
    return (
        key in SESSION
        or key in ITEM
        or key in ONLY
        or key == "ConnectionType"
        or (CONNECT.fullmatch(key) is not None or DROPPED.fullmatch(key) is not None)
    )


def judge(key: str, value: str) -> str:
    """Why a key cannot be taken over, whatever its section; empty if it can."""
    if SECRET.search(key):
        text = "no secret stands in a session file; set credentials, and put it into secrets_dir"
        return f"{key}: {text}"
    if key in ONLY:
        allowed, why = ONLY[key]
        if value.upper() not in (each.upper() for each in allowed):
            return f"{key}: {why}; allowed: {', '.join(allowed)}"
        return ""
    if re.match(r"Socket(Key|Trust)Store", key):
        return f"{key}: a Java key store; write PEM files of it, and set tls"
    if key.startswith("Proxy"):
        return f"{key}: there is no way through a proxy"
    if not known(key):
        names = [*SESSION, *ITEM, *ONLY, "ConnectionType", "SocketConnectHost", "SocketConnectPort"]
        return unknown(key, names).partition("; allowed")[0]
    return ""
