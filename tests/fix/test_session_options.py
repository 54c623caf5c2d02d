"""What a session's settings change: strictness, clocks, sizes, requests that are repeated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from router.fix import inbox
from router.fix.dictionary import Fault
from router.fix.session import Alert, LoggedOn, LoggedOut, Received, SessionState
from router.fix.versions import FIX44, FIX50SP2
from tests.fix.conftest import DICTIONARIES
from tests.fix.wire import OneSide, said

Make = Callable[..., OneSide]
NEWS = "148=x|33=1|58=y|"
DUP = "43=Y|122=20260105-14:29:00.000|"
REPORT = "37=V|17=E|150=0|39=0|55=BAC|54=1|14=0|151=9|6=0|"
VENUE: dict[str, Any] = {"strict": False, "validate": DICTIONARIES[FIX44]}


def flags(side: OneSide) -> list[tuple[int, str]]:
    """The faults of the one message that was delivered."""
    [event] = side.reports()
    assert isinstance(event, Received)
    return [(fault.reason, fault.ref_tag) for fault in event.flags]


# --- strictness ----------------------------------------------------------------------------------

FAULTY = [
    (f"35=8|34=2|{REPORT}9999=x|", 0, "9999"),
    (f"35=8|34=2|{REPORT}-1=x|", 0, "-1"),
    (f"35=8|34=2|{REPORT.replace('6=0|', '')}", 1, "6"),
    (f"35=8|34=2|{REPORT}98=0|", 2, "98"),
    (f"35=8|34=2|{REPORT}58=|", 4, "58"),
    (f"35=8|34=2|{REPORT.replace('39=0', '39=Q')}", 5, "39"),
    (f"35=8|34=2|{REPORT.replace('14=0', '14=+1')}", 6, "14"),
    (f"35=8|34=2|{REPORT}58=a|58=b|", 13, "58"),
    (f"35=8|34=2|{REPORT}43=N|", 14, "43"),
    (f"35=8|34=2|{REPORT}453=1|448=a|452=1|447=D|", 15, "447"),
    (f"35=8|34=2|{REPORT}453=2|448=a|447=D|452=1|", 16, "453"),
]


@pytest.mark.parametrize(("text", "reason", "tag"), FAULTY)
def test_s7_a_venues_message_is_delivered_with_its_faults(
    initiator: Make, text: str, reason: int, tag: str
) -> None:
    side = initiator(**VENUE)
    side.told(text, "35=1|34=3|112=T|")
    assert flags(side) == [(reason, tag)]
    assert side.says() == side.expected("35=0|34=2|112=T|")


@pytest.mark.parametrize(("text", "reason", "tag"), FAULTY)
def test_s7_a_strict_session_rejects_the_same(
    acceptor: Make, text: str, reason: int, tag: str
) -> None:
    side = acceptor()
    side.told(text)
    words = Fault(reason, tag).text
    assert side.says() == side.expected(f"35=3|34=2|45=2|58={words}|371={tag}|372=8|373={reason}|")
    assert side.reports() == []
    assert side.session.next_in == 3


@pytest.mark.parametrize(("text", "reason", "tag"), FAULTY)
def test_nothing_is_rejected_where_that_is_wished(
    acceptor: Make, text: str, reason: int, tag: str
) -> None:
    side = acceptor(reject_invalid_message=False)
    side.told(text)
    assert flags(side) == [(reason, tag)]
    assert side.says() == []


def test_s7_a_message_that_was_held_has_its_faults_too(initiator: Make) -> None:
    side = initiator(**VENUE)
    side.told(f"35=8|34=3|{REPORT}9999=x|", f"35=4|34=2|{DUP}36=3|123=Y|")
    assert flags(side) == [(0, "9999")]


def test_s7_another_application_version_is_a_flag(initiator: Make) -> None:
    side = initiator(FIX50SP2, strict=False)
    side.told(f"35=8|34=2|1128=8|{REPORT}")
    assert flags(side) == [(18, "1128")]


def test_a_message_of_no_known_type_is_rejected_to_a_venue_too(initiator: Make) -> None:
    side = initiator(**VENUE)
    side.told("35=*|34=2|")
    assert side.says() == side.expected("35=3|34=2|45=2|58=Invalid MsgType|371=35|372=*|373=11|")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("35=1|34=2|112=T|9999=x|", "35=0|34=2|112=T|"),
        ("35=1|34=2|112=T|55=BAC|", "35=0|34=2|112=T|"),
        ("35=1|34=2|", "35=3|34=2|45=2|58=Required tag missing|371=112|372=1|373=1|"),
        (
            "35=1|34=2|112=|",
            "35=3|34=2|45=2|58=Tag specified without a value|371=112|372=1|373=4|",
        ),
    ],
)
def test_a_venues_session_messages_may_have_fields_of_their_own(
    initiator: Make, text: str, answer: str
) -> None:
    side = initiator(**VENUE)
    side.told(text)
    assert side.says() == side.expected(answer)


def test_a_venues_logon_may_have_fields_of_its_own(initiator: Make) -> None:
    side = initiator(**VENUE, logon=False)
    side.told("35=A|34=1|98=0|108=30|9999=x|")
    assert side.reports() == [LoggedOn()]


@pytest.mark.parametrize(
    ("frame", "tag", "reason"),
    [
        (said(f"35=8|34=2|{REPORT}", "X", "OMS"), 49, 9),
        (said(f"35=8|34=2|{REPORT}", "SLUICE", "X"), 56, 9),
        (said(f"35=8|34=2|{REPORT}", "SLUICE", "OMS", "20260105-14:27:59.999"), 52, 10),
    ],
)
def test_what_does_end_a_venues_session(
    initiator: Make, frame: bytes, tag: int, reason: int
) -> None:
    side = initiator(**VENUE)
    side.hears(frame)
    first, second = side.says()
    assert f"|371={tag}|372=8|373={reason}|" in first
    assert "|35=5|" in second
    assert side.session.wants_close


# --- rejects -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("35=3|34=2|58=no|", (1, "45")),
        ("35=3|34=2|45=1|9999=x|", (0, "9999")),
        ("35=3|34=2|43=Y|45=1|", (1, "122")),
    ],
)
def test_7_a_faulty_reject_is_delivered_and_never_rejected(
    acceptor: Make, text: str, fault: tuple[int, str]
) -> None:
    side = acceptor()
    side.told(text)
    assert flags(side) == [fault]
    assert side.says() == []
    assert side.session.next_in == 3


def test_7_a_reject_of_another_comp_id_ends_the_session_without_a_reject(acceptor: Make) -> None:
    side = acceptor()
    side.hears(said("35=3|34=2|45=1|", sender="X"))
    assert side.says() == side.expected("35=5|34=2|58=CompID problem|")
    assert side.session.wants_close


def test_a_reject_of_something_else_does_not_end_our_request(acceptor: Make) -> None:
    side = acceptor()
    side.told(f"35=B|34=4|{NEWS}")
    side.says()
    side.told("35=3|34=5|45=1|372=A|373=5|58=no|")
    side.wait(10)
    assert any("|35=2|" in line and "|7=2|16=0|" in line for line in side.says())


def test_a_reject_that_names_no_msg_type_ends_our_request_too(acceptor: Make) -> None:
    side = acceptor()
    side.told(f"35=B|34=4|{NEWS}", "35=3|34=5|45=2|")
    side.says()
    side.wait(20)
    assert not any("|35=2|" in line or "|35=5|" in line for line in side.says())


def test_a_msg_type_without_end_is_not_repeated_in_full(acceptor: Make) -> None:
    side = acceptor()
    side.told(f"35={'x' * 5000}|34=2|")
    [line] = side.says()
    assert f"|372={'x' * 16}|" in line


# --- duplicates ----------------------------------------------------------------------------------


def test_a_duplicate_may_come_without_its_original_time_where_that_is_set(acceptor: Make) -> None:
    side = acceptor(requires_orig_sending_time=False)
    side.told(f"35=B|34=2|43=Y|{NEWS}", f"35=B|34=1|43=Y|{NEWS}")
    assert side.received() == [("B", 2, True)]
    assert side.says() == []


def test_a_venues_execution_counts_even_without_its_original_time(initiator: Make) -> None:
    side = initiator(**VENUE)
    side.told(f"35=8|34=2|43=Y|{REPORT}")
    assert flags(side) == [(1, "122")]
    side.told("35=1|34=3|43=Y|112=T|")
    assert side.says() == side.expected(
        "35=3|34=2|45=3|58=Required tag missing|371=122|372=1|373=1|"
    )


# --- requests ------------------------------------------------------------------------------------


def test_redundant_requests_are_made_where_that_is_set(acceptor: Make) -> None:
    side = acceptor(send_redundant_resend_requests=True)
    side.told(*(f"35=B|34={seq}|{NEWS}" for seq in (4, 5, 6)))
    assert side.says() == side.expected(
        "35=2|34=2|7=2|16=0|", "35=2|34=3|7=2|16=0|", "35=2|34=4|7=2|16=0|"
    )
    side.told(f"35=B|34=2|{DUP}{NEWS}", f"35=B|34=7|{NEWS}")
    assert side.says() == side.expected("35=2|34=5|7=3|16=0|")
    side.told(f"35=B|34=3|{DUP}{NEWS}", f"35=B|34=8|{NEWS}")
    assert side.says() == []
    assert side.session.next_in == 9


# --- sequence resets -----------------------------------------------------------------------------


def test_11a_a_reset_that_skips_is_told(acceptor: Make) -> None:
    side = acceptor()
    side.told("35=4|34=2|36=7|")
    assert side.reports() == [Alert("SEQUENCE_RESET", "SequenceReset from 2 to 7")]


def test_11b_a_reset_to_where_we_are_is_told(acceptor: Make) -> None:
    side = acceptor()
    side.told("35=4|34=9|36=2|123=N|")
    assert side.reports() == [Alert("SEQUENCE_RESET", "SequenceReset from 2 to 2")]


def test_11a_a_reset_that_skips_ends_the_session_where_that_is_set(acceptor: Make) -> None:
    side = acceptor(reset_seq_higher="logout")
    side.told("35=4|34=2|36=2|")
    assert side.says() == []
    side.reports()
    side.told("35=4|34=2|36=7|")
    text = "SequenceReset from 2 to 7"
    assert side.says() == side.expected(f"35=5|34=2|58={text} is not accepted|")
    assert side.reports() == [
        Alert("SEQUENCE_RESET", text),
        LoggedOut(f"{text} is not accepted"),
    ]
    assert side.session.next_in == 2


# --- clocks --------------------------------------------------------------------------------------


def late(seq: int, time: str = "20260105-13:30:00.000", text: str = "35=0|") -> bytes:
    return said(f"{text}34={seq}|", time=time)


def test_a_late_clock_may_be_reported_only_and_once(acceptor: Make) -> None:
    side = acceptor(late_clock="report")
    side.hears(late(2), late(3, "20260105-15:30:00.000"))
    text = "SendingTime(52) 20260105-13:30:00.000 is out of its window, 3600 s from our clock"
    assert side.reports() == [Alert("SENDING_TIME", text)]
    assert side.says() == []
    assert side.session.next_in == 4
    for seq, ordinary in ((4, "35=0|"), (6, f"35=B|{NEWS}"), (8, f"35=B|{NEWS}")):
        side.told(f"{ordinary[:5]}34={seq}|{ordinary[5:]}")
        side.reports()
        side.hears(late(seq + 1))
        assert side.reports() == [Alert("SENDING_TIME", text)]
    assert side.session.logged_on


def test_a_late_clock_may_log_on_where_it_is_reported_only(acceptor: Make) -> None:
    side = acceptor(late_clock="report", logon=False)
    side.hears(said("35=A|34=1|98=0|108=30|", time="20260105-13:30:00.000"))
    text = "SendingTime(52) 20260105-13:30:00.000 is out of its window, 3600 s from our clock"
    assert side.reports() == [LoggedOn(), Alert("SENDING_TIME", text)]


# --- heartbeats ----------------------------------------------------------------------------------


def test_a_heartbeat_with_another_id_is_told(acceptor: Make) -> None:
    side = acceptor()
    side.wait(36)
    side.told("35=0|34=2|112=other|")
    side.wait(35.999)
    assert side.reports() == []
    side.wait(0.001)
    text = "TestRequest 1 had no Heartbeat with its TestReqID(112)"
    assert side.reports() == [Alert("TEST_REQUEST_NOT_ECHOED", text)]
    assert side.session.logged_on


@pytest.mark.parametrize("text", ["35=0|34=3|112=1|", "35=0|34=9|112=1|"])
def test_the_right_one_may_come_behind_others(acceptor: Make, text: str) -> None:
    side = acceptor()
    side.wait(36)
    side.told("35=0|34=2|")
    side.wait(5)
    side.told(text)
    assert side.session.round_trip == 5_000_000_000
    side.wait(31)
    assert not any(isinstance(event, Alert) for event in side.reports())


def test_total_silence_is_the_end_and_no_alert(acceptor: Make) -> None:
    side = acceptor()
    side.wait(72)
    assert side.reports() == [LoggedOut("nothing received in time")]


# --- sizes ---------------------------------------------------------------------------------------


def test_a_message_too_large_for_the_peer_is_not_written_and_not_lost(acceptor: Make) -> None:
    side = acceptor(logon=False)
    side.told("35=A|34=1|98=0|108=30|383=600|")
    side.says()
    side.reports()
    text = f"148={'x' * 550}|33=1|58=y|"
    side.send("B", NEWS)
    assert side.send("B", text) == 3
    size = len(side.stored[3])
    assert size > 600
    reason = f"a message of {size} bytes, MaxMessageSize(383) is 600"
    assert side.says() == side.expected(f"35=B|34=2|{NEWS}", f"35=5|34=4|58={reason}|")
    assert side.reports() == [LoggedOut(reason)]
    # As soon as the peer takes it, it comes by resend.
    side.lose()
    side.connect()
    side.told("35=A|34=2|98=0|108=30|383=700|", "35=2|34=3|7=3|16=0|")
    _, again, _ = side.says()
    assert "|35=B|34=3|43=Y|" in again
    assert side.session.logged_on


def test_a_resend_that_is_too_large_ends_the_session_too(acceptor: Make) -> None:
    side = acceptor()
    side.send("B", f"148={'x' * 500}|33=1|58=y|")
    side.lose()
    side.says()
    side.connect()
    side.told("35=A|34=2|98=0|108=30|383=600|", "35=2|34=3|7=2|16=0|")
    logon, logout = side.says()
    assert "|35=A|" in logon
    assert "|35=5|34=4|" in logout
    assert side.session.state is SessionState.EXPELLED


def test_a_message_just_as_large_as_allowed_is_sent(acceptor: Make) -> None:
    side = acceptor(logon=False)
    side.told("35=A|34=1|98=0|108=30|383=600|")
    side.send("B", "148=x|33=1|58=y|")
    room = 600 - len(side.stored[2]) - 1  # BodyLength has a digit more
    side.send("B", f"148=x{'x' * room}|33=1|58=y|")
    assert len(side.stored[3]) == 600
    assert side.session.logged_on
    side.send("B", f"148=x{'x' * (room + 1)}|33=1|58=y|")
    assert not side.session.logged_on


@pytest.mark.parametrize("size", ["1", "511"])
def test_a_peer_must_take_what_a_session_consists_of(acceptor: Make, size: str) -> None:
    side = acceptor(logon=False)
    side.told(f"35=A|34=1|98=0|108=30|383={size}|")
    assert side.says() == side.expected("35=5|34=1|58=MaxMessageSize below 512|")
    assert side.session.wants_close


def test_what_a_session_consists_of_is_sent_whatever_its_size(acceptor: Make) -> None:
    side = acceptor(logon=False)
    side.told("35=A|34=1|98=0|108=30|383=600|", f"35=1|34=2|112={'x' * 700}|")
    assert side.says()[1:] == side.expected(f"35=0|34=2|112={'x' * 700}|")
    assert side.session.logged_on


def test_a_limit_of_zero_is_none(acceptor: Make) -> None:
    side = acceptor(logon=False)
    side.told("35=A|34=1|98=0|108=30|383=0|")
    side.send("B", f"148={'x' * 5000}|33=1|58=y|")
    assert side.session.logged_on


def test_our_own_limit_is_said_and_holds(acceptor: Make) -> None:
    side = acceptor(logon=False, frame_max=600)
    side.told("35=A|34=1|98=0|108=30|")
    assert side.says() == side.expected("35=A|34=1|98=0|108=30|383=600|")
    side.told(f"35=B|34=2|148={'x' * 600}|33=1|58=y|")
    assert side.session.wants_close


# --- held messages -------------------------------------------------------------------------------


def test_held_messages_are_taken_in_portions(
    acceptor: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "DRAIN_MAX", 2)
    side = acceptor()
    side.told(*(f"35=B|34={seq}|{NEWS}" for seq in range(3, 10)))
    side.told(f"35=B|34=2|{DUP}{NEWS}")
    got = side.received()
    assert got[:3] == [("B", 2, True), ("B", 3, False), ("B", 4, False)]
    assert len(got) < 8
    # The rest is due at once, and what comes meanwhile waits behind.
    assert side.session.deadline() == side.now
    side.told("35=1|34=10|112=T|")
    side.wait(0)
    got += side.received()
    assert [seq for _, seq, _ in got] == list(range(2, 10))
    assert side.says()[-1:] == side.expected("35=0|34=3|112=T|")
    assert side.session.next_in == 11
