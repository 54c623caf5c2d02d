"""How two parties connect: addresses, TLS, names, hours, numbers, timeouts, limits.

Owns the words for the keys of a session. All of it is the configuration's.
"""

from __future__ import annotations

from collections.abc import Iterator

from config.fix import OmsSession, SessionKeys
from config.settings import Settings
from config.venues import VenueSettings

Rows = Iterator[list[str]]
PLAIN = "none: the connection is plain TCP"
HELD = (
    "Open orders stay open when the session ends, for whatever reason: nothing is canceled on "
    "disconnect. What happened meanwhile is sent after the next Logon."
)
COD = {
    "none": "What rests at the venue stays there when the session ends",
    "day": "The venue cancels what rests there when the session ends, for whatever reason, "
    "good-till orders excepted",
    "all": "The venue cancels what rests there when the session ends, for whatever reason",
}
"""By the venue's profile."""
IN_FULL = "it counts in full until the venue has answered for it."
OUTLIVED = "What is alive all the same after the next Logon is taken back."


def oms_rows(settings: Settings, own: OmsSession) -> Rows:
    """Where an OMS calls, and who it has to be."""
    acceptor, keys = settings.fix.acceptor, settings.session_keys(own)
    port = str(acceptor.port) if acceptor.port else "as told at the start"
    yield ["who calls", "the OMS; we accept"]
    yield ["address", f"{acceptor.host} port {port}"]
    allowed = ", ".join(own.allowed_remote_addresses)
    yield ["from", allowed or "nowhere: no address is allowed yet"]
    yield ["TLS", _acceptor_tls(settings, own)]
    yield from _names(keys, acceptor.sender_comp_id, own.target_comp_id)
    yield ["credentials", _credentials(keys)]
    told = own.logon_refusal == "logout"
    yield [
        "a Logon(A) that is refused",
        "is answered by Logout(5) with the reason, and the connection is closed"
        if told
        else "for its credentials: the connection is closed without a word",
    ]
    yield ["a second connection", "is closed without a word; the first is untouched"]
    yield ["Account(1)", "required of every order" if own.account_required else "optional"]


def venue_rows(settings: Settings, own: VenueSettings) -> Rows:
    """Where we call a venue, and who we are there."""
    keys = settings.session_keys(own)
    yield ["who calls", "Sluice; the venue accepts"]
    yield ["address", ", ".join(f"{each.host} port {each.port}" for each in own.connect)]
    if len(own.connect) > 1:
        after = "the first" if own.host_selection == "priority" else "the one after the last"
        yield ["of several addresses", f"{after} is called first after each session"]
    yield ["TLS", _venue_tls(own)]
    yield from _names(keys, own.sender_comp_id, own.target_comp_id)
    yield ["credentials", _credentials(keys)]
    again = f"after {keys.reconnect_interval:g} s, doubling up to {keys.reconnect_interval_max:g} s"
    yield ["a lost connection", f"we call again {again}"]


def oms_rests(own: OmsSession) -> str:
    """What becomes of an OMS's open orders when its session ends."""
    if own.on_disconnect == "hold":
        return HELD
    return (
        f"Open orders are taken back when the session has been gone for {own.grace_s:g} s, for "
        "whatever reason. What happened meanwhile is sent after the next Logon."
    )


def venue_rests(own: VenueSettings) -> str:
    """What becomes of our children at a venue when the session ends."""
    text = f"{COD[own.cod]}; {IN_FULL}"
    return text if own.cod == "none" else f"{text} {OUTLIVED}"


def _acceptor_tls(settings: Settings, own: OmsSession) -> str:
    tls = settings.fix.acceptor.tls
    if tls is None:
        return PLAIN
    if own.fingerprints:
        return f"1.3; the OMS shows a certificate with SHA-256 {', '.join(own.fingerprints)}"
    return "1.3; the OMS shows a certificate of the agreed authority" if tls.ca else "1.3"


def _venue_tls(own: VenueSettings) -> str:
    if own.tls is None:
        return PLAIN
    server = f" for {own.tls.server_name}" if own.tls.server_name else ""
    shown = "; we show a certificate" if own.tls.certificate else ""
    return f"1.3; the venue shows a certificate{server}{shown}"


def _names(keys: SessionKeys, ours: str, theirs: str) -> Rows:
    yield ["BeginString(8)", keys.begin_string]
    if keys.default_appl_ver_id:
        yield ["DefaultApplVerID(1137)", f"{keys.default_appl_ver_id}, FIX.5.0SP2"]
    yield ["our CompID", ours + _subs(keys.sender_sub_id, keys.sender_location_id)]
    yield ["your CompID", theirs + _subs(keys.target_sub_id, keys.target_location_id)]
    if not keys.check_comp_id:
        yield ["CompIDs", "are not checked after the Logon(A)"]


def _subs(sub_id: str | None, location_id: str | None) -> str:
    sub = f", SubID {sub_id}" if sub_id else ""
    return f"{sub}, LocationID {location_id}" if location_id else sub


def _credentials(keys: SessionKeys) -> str:
    found = keys.credentials
    if found is None:
        return "none"
    if found.kind == "password":
        until = f", until {found.expires}" if found.expires else ""
        return f"Username(553) {found.username} and Password(554) in the Logon(A){until}"
    return "a signature in RawData(96) of the Logon(A), made with a key that both sides hold"


# -- the session ---------------------------------------------------------------------------------


def hours_rows(keys: SessionKeys) -> Rows:
    """When the session is open, and when its numbers begin again."""
    yield ["hours", _hours(keys)]
    if keys.start_time is not None:
        yield ["time zone", keys.time_zone]
        yield ["outside its hours", "the session is logged out, and no Logon(A) is taken"]
    if keys.calendar is not None:
        yield ["holidays", keys.calendar.name]
    yield ["numbers begin again", ", ".join(_resets(keys)) or "never by themselves"]
    yield [
        "ResetSeqNumFlag(141)=Y",
        "taken in a Logon(A) with MsgSeqNum(34)=1, in mid-session too, and echoed; both numbers "
        "are then 2",
    ]


def _hours(keys: SessionKeys) -> str:
    if keys.start_time is None or keys.non_stop_session:
        return "always"
    if keys.start_day is not None:
        return f"from {keys.start_day} {keys.start_time} to {keys.end_day} {keys.end_time}"
    days = f" on {' '.join(keys.weekdays)}" if keys.weekdays else " every day"
    return f"{keys.start_time} to {keys.end_time}{days}"


def _resets(keys: SessionKeys) -> Iterator[str]:
    if keys.start_time is not None and not keys.non_stop_session:
        yield "with every new period of the hours"
    if keys.reset_seq_time is not None:
        yield f"daily at {keys.reset_seq_time} {keys.time_zone}"
    if keys.reset_on_logon:
        yield "with every Logon(A)"
    if keys.reset_on_logout:
        yield "after a Logout(5)"
    if keys.reset_on_disconnect:
        yield "after every connection"


def timing_rows(keys: SessionKeys, *, acceptor: bool) -> Rows:
    """Timeouts, clocks and limits."""
    interval = (
        f"as your Logon(A) says, up to {keys.heart_bt_int_max} s; 0 turns heartbeats off"
        if acceptor
        else f"{keys.heart_bt_int} s, as our Logon(A) says"
    )
    yield ["HeartBtInt(108)", interval]
    yield [
        "nothing heard",
        f"TestRequest(1) after {keys.test_request_after:g} intervals, the connection is closed "
        f"after {keys.heartbeat_timeout_after:g}",
    ]
    yield ["Logon(A)", f"within {keys.logon_timeout:g} s of the connection"]
    yield ["Logout(5)", f"answered within {keys.logout_timeout:g} s, else the connection is closed"]
    yield ["SendingTime(52)", _clock(keys, acceptor=acceptor)]
    precision = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
    yield [
        "our times",
        f"{precision[keys.timestamp_precision]}; yours may have up to picoseconds, which are cut",
    ]
    yield ["largest message", f"{keys.max_message_size:,} bytes; MaxMessageSize(383) is honoured"]
    if keys.throttle is not None:
        window = f"{keys.throttle.window_ms:,} ms"
        yield [
            "throttle",
            f"{keys.throttle.messages:,} messages in {window}; above it BusinessMessageReject(j), "
            "but never for a cancel",
        ]
    yield [
        "a slow reader",
        f"is cut off when {keys.out_buffer_bytes:,} bytes wait, or for {keys.out_buffer_s:g} s; "
        "what it missed is resent",
    ]
    if keys.test_mode:
        yield ["TestMessageIndicator(464)", "Y: this is a test session, on both sides"]


def _clock(keys: SessionKeys, *, acceptor: bool) -> str:
    if not keys.check_latency:
        return "not checked"
    if (keys.late_clock or ("reject" if acceptor else "report")) == "report":
        return f"further than {keys.max_latency:g} s from our clock is reported to our operator"
    return f"within {keys.max_latency:g} s of our clock, else Reject(3) with 373=10 and Logout(5)"


def number_rows(keys: SessionKeys, *, acceptor: bool) -> Rows:
    """Sequence numbers, resends, duplicates."""
    size = keys.resend_request_chunk_size
    pieces = f"in pieces of {size:,}, the next when the last has come" if size else "at once"
    yield [
        "a gap",
        f"one ResendRequest(2) at a time, a large gap {pieces}; early ones are kept",
    ]
    if keys.send_redundant_resend_requests:
        yield ["more early messages", "ask again"]
    yield [
        "no answer to a ResendRequest(2)",
        f"asked once more after {keys.resend_timeout:g} s, then Logout(5)",
    ]
    yield ["MsgSeqNum(34) too low", "without PossDupFlag(43): Logout(5), with text"]
    original = "required" if keys.requires_orig_sending_time else "not required"
    yield ["PossDupFlag(43)=Y", f"taken if it was missed, else ignored; 122 is {original}"]
    higher = "taken" if keys.reset_seq_higher == "accept" else "answered by Logout(5)"
    yield ["SequenceReset(4)-Reset to a higher number", higher]
    if keys.enable_next_expected_msg_seq_num:
        yield ["NextExpectedMsgSeqNum(789)", "in every Logon(A), instead of a ResendRequest(2)"]
    if keys.enable_last_msg_seq_num_processed:
        yield ["LastMsgSeqNumProcessed(369)", "in every header"]
    yield [
        "your ResendRequest(2)",
        "answered with every application message as it was, with 43=Y and 122; runs of session "
        "messages become one gap fill; no new message stands in between",
    ]
    if acceptor:
        yield [
            "when the numbers begin again",
            "each 8 and 9 that you may not have got comes under a new one, with PossResend(97)=Y; "
            "an ExecID(17) that you know tells nothing new",
        ]


def judging_rows(keys: SessionKeys, *, acceptor: bool) -> Rows:
    """How messages of the peer are held against the dictionary."""
    if not keys.use_data_dictionary:
        yield ["the dictionary", "is not applied: messages are taken as they are"]
        return
    strict = acceptor if keys.strict is None else keys.strict
    if not keys.reject_invalid_message:
        fault = "is noted, and the message is taken"
    elif strict:
        fault = "Reject(3)"
    else:
        fault = "in an application message is noted, and it is taken; in others Reject(3)"
    yield ["a fault", fault]
    taken = not acceptor if keys.allow_unknown_msg_fields is None else keys.allow_unknown_msg_fields
    judged = (
        ("a tag below 5000 that the message does not have", not taken),
        ("a tag from 5000 on that is not agreed", keys.validate_user_defined_fields),
        ("a field without a value", keys.validate_fields_have_values),
        ("fields of header, body and trailer mixed", keys.validate_fields_out_of_order),
        ("fields of a group in another order", keys.validate_unordered_group_fields),
    )
    for what, is_fault in judged:
        yield [what, "is a fault" if is_fault else "is taken"]
