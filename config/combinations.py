"""Session keys that are right apart and wrong together.

Looks at the keys that hold for one session, whoever set them: its own, else `fix.defaults`.
"""

from __future__ import annotations

from collections.abc import Iterator

from config.fix import SessionKeys

FIXT = "FIXT.1.1"
TIMES = ("start_time", "end_time")
FILES = ("data_dictionary", "app_data_dictionary", "transport_data_dictionary")

Wrong = tuple[tuple[str, ...], str]
"""The keys that are wrong together, the first to blame first, and what is wrong with them."""


def wrong_together(keys: SessionKeys, *, acceptor: bool) -> Iterator[Wrong]:
    """Everything that is wrong with one session's keys."""
    yield from _version(keys)
    yield from _dictionaries(keys)
    yield from _numbers(keys)
    yield from _schedule(keys)
    yield from _role(keys, acceptor=acceptor)


def _version(keys: SessionKeys) -> Iterator[Wrong]:
    version = ("begin_string",)
    if keys.default_appl_ver_id is not None and keys.begin_string != FIXT:
        text = f"is for {FIXT} only, and begin_string is {keys.begin_string}"
        yield ("default_appl_ver_id", *version), text
    if keys.begin_string != "FIX.4.2":
        if keys.liquidity_flag_tag is not None:
            text = f"{keys.begin_string} has LastLiquidityInd(851)"
            yield ("liquidity_flag_tag", *version), text
        return
    if keys.enable_next_expected_msg_seq_num:
        text = "FIX.4.2 has no NextExpectedMsgSeqNum(789)"
        yield ("enable_next_expected_msg_seq_num", *version), text
    if keys.test_mode:
        yield ("test_mode", *version), "FIX.4.2 has no TestMessageIndicator(464)"
    if keys.credentials is not None and keys.credentials.kind == "password":
        text = "FIX.4.2 has no Username(553) and Password(554); allowed: kind: hmac"
        yield ("credentials", *version), text


def _dictionaries(keys: SessionKeys) -> Iterator[Wrong]:
    named = [name for name in FILES if getattr(keys, name) is not None]
    if not keys.use_data_dictionary:
        for name in (*named, *(["dictionary_extension"] if keys.dictionary_extension else [])):
            yield (name, "use_data_dictionary"), "is not used while use_data_dictionary is false"
        return
    fixt = keys.begin_string == FIXT
    for name in named:
        if (name == "data_dictionary") == fixt:
            of = "app_ and transport_data_dictionary" if fixt else "data_dictionary alone"
            yield (name, "begin_string"), f"{keys.begin_string} has {of}"
    if fixt and len(named) == 1 and "data_dictionary" not in named:
        other = FILES[2] if named[0] == FILES[1] else FILES[1]
        yield (named[0], other), f"goes with {other}: set both or neither"


def _numbers(keys: SessionKeys) -> Iterator[Wrong]:
    for less, more, strictly in (
        ("test_request_after", "heartbeat_timeout_after", True),
        ("heart_bt_int", "heart_bt_int_max", False),
        ("reconnect_interval", "reconnect_interval_max", False),
    ):
        low, high = getattr(keys, less), getattr(keys, more)
        if low > high or (strictly and low == high):
            word = "longer than" if strictly else "at least"
            yield (more, less), f"must be {word} {less}, {low:g}; it is {high:g}"


def _schedule(keys: SessionKeys) -> Iterator[Wrong]:
    for one, other in (TIMES, ("start_day", "end_day")):
        if (getattr(keys, one) is None) != (getattr(keys, other) is None):
            here, missing = (one, other) if getattr(keys, other) is None else (other, one)
            yield (here, missing), f"goes with {missing}: set both or neither"
    timed = keys.start_time is not None or keys.end_time is not None
    if keys.non_stop_session and timed:
        yield ("non_stop_session", *TIMES), "never closes, and start_time, end_time say when"
    if keys.reset_seq_time is not None and timed:
        text = "is for sessions that never close; start_time begins anew by itself"
        yield ("reset_seq_time", *TIMES), text
    if not timed:
        for name in ("start_day", "weekdays", "calendar"):
            if getattr(keys, name) is not None:
                yield (name,), "means nothing without start_time and end_time"
    if keys.weekdays is not None and keys.start_day is not None:
        yield ("weekdays", "start_day"), "are days of daily sessions, and start_day is weekly"
    if keys.weekdays == ():
        yield ("weekdays",), "names no day: the session would never open"


def _role(keys: SessionKeys, *, acceptor: bool) -> Iterator[Wrong]:
    expires = keys.credentials is not None and keys.credentials.expires is not None
    if not acceptor and expires:
        text = "expires: only an acceptor can refuse what has expired"
        yield ("credentials",), text
