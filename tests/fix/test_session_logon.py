"""Scenarios 1 and 2c on the Logon, ResetSeqNumFlag, and who is told nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from router.fix.session import Alert, LoggedOn, LoggedOut, Received, SessionState
from tests.fix.wire import OMS, T0, OneSide, S, framed, said

Make = Callable[..., OneSide]
DROPPED = (True, SessionState.CLOSING)


def end(side: OneSide) -> tuple[bool, SessionState]:
    return side.session.wants_close, side.session.state


def test_1s_a_valid_logon_is_answered_with_their_heartbeat(acceptor: Make) -> None:
    side = acceptor(logon=False)
    side.told("35=A|34=1|98=0|108=17|")
    assert side.says() == side.expected("35=A|34=1|98=0|108=17|")
    assert side.reports() == [LoggedOn()]
    assert (side.session.next_in, side.session.next_out) == (2, 2)
    assert side.session.logged_on
    assert side.session.peer_heart_bt_int == 17


def test_1b_an_initiator_is_active_on_the_answer_only(initiator: Make) -> None:
    side = initiator(logon=False)
    assert not side.session.logged_on
    assert side.reports() == []
    side.told("35=A|34=1|98=0|108=30|")
    assert side.says() == []
    assert side.reports() == [LoggedOn()]
    assert (side.session.next_in, side.session.next_out) == (2, 2)


def test_1s_a_logon_too_high_is_answered_and_then_the_gap_asked_for(acceptor: Make) -> None:
    side = acceptor(logon=False, next_in=3)
    side.told("35=A|34=7|98=0|108=30|")
    assert side.says() == side.expected("35=A|34=1|98=0|108=30|", "35=2|34=2|7=3|16=0|")
    assert side.reports() == [LoggedOn()]
    assert side.session.next_in == 3
    side.told("35=4|34=3|43=Y|122=20260105-14:29:00|36=8|123=Y|", "35=0|34=8|")
    assert side.session.next_in == 9
    assert side.says() == []


def test_the_number_of_a_logon_too_high_counts_once_the_gap_ends_before_it(acceptor: Make) -> None:
    side = acceptor(logon=False, next_in=3)
    side.told("35=A|34=7|98=0|108=30|")
    side.told("35=4|34=3|43=Y|122=20260105-14:29:00|36=7|123=Y|")
    assert side.session.next_in == 8


def test_1b_a_logon_answer_too_high_is_followed_by_a_resend_request(initiator: Make) -> None:
    side = initiator(logon=False)
    side.told("35=A|34=4|98=0|108=30|")
    assert side.says() == side.expected("35=2|34=2|7=1|16=0|")
    assert side.session.logged_on


def test_2c_a_logon_too_low_gets_a_logout_and_no_reset(acceptor: Make) -> None:
    side = acceptor(logon=False, next_in=5, next_out=9)
    side.told("35=A|34=3|98=0|108=30|")
    assert side.says() == side.expected(
        "35=5|34=9|58=MsgSeqNum too low, expecting 5 but received 3|"
    )
    assert end(side) == DROPPED
    assert (side.session.next_in, side.session.next_out) == (5, 10)
    assert side.session.closed_reason == "MsgSeqNum too low, expecting 5 but received 3"


def test_a_logon_too_low_that_is_a_duplicate_is_no_logon(acceptor: Make) -> None:
    side = acceptor(logon=False, next_in=5)
    side.told("35=A|34=3|43=Y|122=20260105-14:29:00|98=0|108=30|")
    assert side.says() == []
    assert side.session.state is SessionState.LOGON_AWAITED


@pytest.mark.parametrize(
    "text",
    [
        "35=A|34=1|98=1|108=30|",
        "35=A|34=1|98=0|",
        "35=A|34=1|98=0|108=|",
        "35=A|34=1|98=0|108=x|",
        "35=A|34=1|98=0|108=3601|",
        "35=A|34=1|98=0|108=30|5000=x|",
        "35=A|34=1|108=30|",
        "35=A|34=x|98=0|108=30|",
        "35=A|98=0|108=30|",
        "35=0|34=1|",
        "35=D|34=1|11=A|55=BAC|54=1|60=20260105-14:30:00|40=1|",
        "35=5|34=1|",
    ],
)
def test_1s_d_an_invalid_first_message_is_dropped_in_silence(acceptor: Make, text: str) -> None:
    side = acceptor(logon=False)
    side.told(text)
    assert side.says() == []
    assert side.reports() == []
    assert end(side) == DROPPED
    assert (side.session.next_in, side.session.next_out) == (1, 1)


@pytest.mark.parametrize(
    "frame",
    [
        said("35=A|34=1|98=0|108=30|", sender="OMS2"),
        said("35=A|34=1|98=0|108=30|", target="SLUICE2"),
        said("35=A|34=1|98=0|108=30|", begin_string="FIX.4.2"),
        said("35=A|34=1|98=0|108=30|").replace(b"9=", b"9=1"),
        said("35=A|34=1|98=0|108=30|")[:-2] + b"x\x01",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 30,
        b"8=FIX.4.4" * 10,
        b"8=FIX.4.4\x019=999999999\x0135=A\x01",
        b"x" + said("35=A|34=1|98=0|108=30|"),
    ],
)
def test_1s_c_strangers_and_noise_are_told_nothing(acceptor: Make, frame: bytes) -> None:
    side = acceptor(logon=False)
    side.hears(frame)
    side.wait(10)
    assert side.says() == []
    assert side.reports() == []
    assert end(side) == DROPPED
    assert side.session.next_out == 1


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (said("35=A|34=1|98=0|108=-5|"), "Negative HeartBtInt"),
        (
            said("35=A|34=1|98=0|108=30|", time="20260105-14:27:59.999"),
            "SendingTime accuracy problem",
        ),
        (
            said("35=A|34=1|98=0|108=30|", time="20260105-14:32:00.001"),
            "SendingTime accuracy problem",
        ),
        (said("35=A|34=2|98=0|108=30|141=Y|"), "MsgSeqNum must be 1 with ResetSeqNumFlag"),
    ],
)
def test_some_faults_are_worth_a_word(acceptor: Make, frame: bytes, text: str) -> None:
    side = acceptor(logon=False)
    side.hears(frame)
    assert side.says() == side.expected(f"35=5|34=1|58={text}|")
    assert side.reports() == []
    assert end(side) == DROPPED


@pytest.mark.parametrize("time", ["20260105-14:28:00.000", "20260105-14:32:00.000"])
def test_a_sending_time_just_within_the_window_is_taken(acceptor: Make, time: str) -> None:
    side = acceptor(logon=False)
    side.hears(said("35=A|34=1|98=0|108=30|", time=time))
    assert side.session.logged_on


def test_latency_and_comp_ids_may_go_unchecked(acceptor: Make) -> None:
    side = acceptor(logon=False, check_latency=False, check_comp_id=False)
    side.hears(said("35=A|34=1|98=0|108=30|", sender="X", time="20250105-14:28:00.000"))
    assert side.session.logged_on


def test_heart_bt_int_zero_is_allowed_and_means_no_heartbeats(acceptor: Make) -> None:
    side = acceptor(logon=False)
    side.told("35=A|34=1|98=0|108=0|")
    assert side.says() == side.expected("35=A|34=1|98=0|108=0|")
    assert side.session.deadline() is None
    side.wait(1000)
    assert side.says() == []
    side.session.logout("", side.now)
    assert side.session.deadline() == side.now + 2 * S


def test_no_logon_in_ten_seconds_ends_in_silence(acceptor: Make) -> None:
    side = acceptor(logon=False)
    assert side.session.deadline() == T0 + 10 * S
    side.wait(9.999)
    assert not side.session.wants_close
    side.wait(0.001)
    assert end(side) == DROPPED
    assert side.says() == []
    assert side.session.deadline() is None


def test_an_initiator_waits_no_longer_for_its_answer(initiator: Make) -> None:
    side = initiator(logon=False, logon_timeout=3)
    side.wait(3)
    assert end(side) == DROPPED


@pytest.mark.parametrize(
    "text", ["35=0|34=1|", "35=A|34=1|98=1|108=30|", "35=8|34=1|", "35=A|34=1|98=0|108=-1|"]
)
def test_1s_e_an_initiator_drops_what_is_no_logon(initiator: Make, text: str) -> None:
    side = initiator(logon=False)
    side.told(text)
    assert side.says() == []
    assert end(side) == DROPPED


def test_1b_d_a_logout_instead_of_a_logon_is_kept_as_the_reason(initiator: Make) -> None:
    side = initiator(logon=False)
    side.told("35=5|34=1|58=MsgSeqNum too low, expecting 5 but received 1|")
    assert side.says() == []
    assert end(side) == DROPPED
    assert side.session.closed_reason == "MsgSeqNum too low, expecting 5 but received 1"
    assert side.session.next_in == 2


def test_reset_is_echoed_and_the_next_number_is_2(acceptor: Make) -> None:
    side = acceptor(logon=False, next_in=40, next_out=50)
    side.told("35=A|34=1|98=0|108=30|141=Y|", "35=1|34=2|112=T|")
    assert side.says() == side.expected("35=A|34=1|98=0|108=30|141=Y|", "35=0|34=2|112=T|")
    assert (side.session.next_in, side.session.next_out) == (3, 3)


def test_an_initiator_asks_for_a_reset_and_needs_the_echo(way: str) -> None:
    for answer, state in (
        ("35=A|34=1|98=0|108=30|141=Y|", SessionState.ACTIVE),
        ("35=A|34=1|98=0|108=30|", SessionState.CLOSING),
    ):
        side = OneSide(replace(OMS, reset_on_logon=True), way=way, next_in=7, next_out=8)
        side.connect()
        assert side.says() == side.expected("35=A|34=1|98=0|108=30|141=Y|")
        side.told(answer)
        assert side.session.state is state
        assert side.says() == []
        if state is SessionState.ACTIVE:
            assert (side.session.next_in, side.session.next_out) == (2, 2)


def test_an_initiator_answers_a_reset_that_it_did_not_ask_for(initiator: Make) -> None:
    side = initiator(logon=False, next_in=7, next_out=8)
    side.told("35=A|34=1|98=0|108=30|141=Y|")
    assert side.says() == side.expected("35=A|34=1|98=0|108=30|141=Y|")
    assert (side.session.next_in, side.session.next_out) == (2, 2)


def test_an_acceptor_may_reset_on_every_logon(acceptor: Make) -> None:
    side = acceptor(logon=False, next_in=7, next_out=8, reset_on_logon=True)
    side.told("35=A|34=1|98=0|108=30|")
    assert side.says() == side.expected("35=A|34=1|98=0|108=30|")
    assert (side.session.next_in, side.session.next_out) == (2, 2)


@pytest.mark.parametrize("role", ["acceptor", "initiator"])
def test_a_reset_in_mid_session_is_followed_in_both_roles(
    role: str, acceptor: Make, initiator: Make
) -> None:
    side = (acceptor if role == "acceptor" else initiator)(next_in=5, next_out=6)
    side.send("B", "148=x|33=1|58=y|")
    side.says()
    side.told("35=A|34=1|98=0|108=20|141=Y|", "35=1|34=2|112=T|")
    assert side.says() == side.expected("35=A|34=1|98=0|108=20|141=Y|", "35=0|34=2|112=T|")
    assert (side.session.next_in, side.session.next_out) == (3, 3)
    assert side.reports() == []


def test_a_reset_forgets_what_was_held(acceptor: Make) -> None:
    side = acceptor()
    side.told("35=B|34=3|148=old|33=1|58=y|")
    side.told("35=A|34=1|98=0|108=30|141=Y|", "35=0|34=2|", "35=B|34=3|148=new|33=1|58=y|")
    alert, event = side.reports()
    lost = "messages of the peer may be lost, from MsgSeqNum(34) 2 on"
    assert alert == Alert("SEQUENCE_RESET", f"a reset by the peer: {lost}")
    assert isinstance(event, Received)
    assert event.message.get("148") == "new"
    assert side.session.next_in == 4


def test_a_reset_in_mid_session_needs_number_1(acceptor: Make) -> None:
    side = acceptor()
    side.told("35=A|34=2|98=0|108=30|141=Y|")
    assert side.says() == side.expected("35=5|34=2|58=MsgSeqNum must be 1 with ResetSeqNumFlag|")
    assert end(side) == DROPPED


@pytest.mark.parametrize("seq", [2, 9])
def test_a_second_logon_ends_the_session(acceptor: Make, seq: int) -> None:
    side = acceptor()
    side.told(f"35=A|34={seq}|98=0|108=30|")
    assert side.says() == side.expected("35=5|34=2|58=Logon received twice|")
    assert end(side) == DROPPED
    assert side.reports() == [LoggedOut("Logon received twice")]


def test_the_session_can_connect_again(acceptor: Make) -> None:
    side = acceptor()
    side.lose()
    assert side.reports() == [LoggedOut("connection lost")]
    assert side.session.state is SessionState.DISCONNECTED
    side.connect()
    side.told("35=A|34=2|98=0|108=30|")
    assert side.says() == side.expected("35=A|34=2|98=0|108=30|")
    assert side.reports() == [LoggedOn()]


def test_half_a_message_of_the_last_connection_is_forgotten(acceptor: Make) -> None:
    side = acceptor()
    side.hears(said("35=0|34=2|")[:20])
    side.lose()
    side.connect()
    side.told("35=A|34=2|98=0|108=30|")
    assert side.session.logged_on


@pytest.mark.parametrize(
    ("changes", "numbers"),
    [
        ({}, (3, 3)),
        ({"reset_on_disconnect": True}, (1, 1)),
        ({"reset_on_logout": True}, (1, 1)),
    ],
)
def test_numbers_begin_again_where_it_is_configured(
    acceptor: Make, changes: dict[str, bool], numbers: tuple[int, int]
) -> None:
    side = acceptor(**changes)
    side.told("35=5|34=2|")
    side.lose()
    assert (side.session.next_in, side.session.next_out) == numbers


def test_a_lost_connection_is_no_logout(acceptor: Make) -> None:
    side = acceptor(reset_on_logout=True)
    side.lose()
    assert (side.session.next_in, side.session.next_out) == (2, 2)


def test_the_reference_logon_of_fixt_is_not_ours(acceptor: Make) -> None:
    side = acceptor(logon=False)
    side.hears(
        framed(
            "35=A|34=1|49=OMS|52=20260105-14:30:00.000|56=SLUICE|98=0|108=30|1137=9|", "FIXT.1.1"
        )
    )
    assert side.says() == []
    assert end(side) == DROPPED
