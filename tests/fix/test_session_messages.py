"""Scenarios 2, 4 to 7 and 14: numbers, duplicates, times, heartbeats, rejects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from router.fix.dictionary import FIX44
from router.fix.session import Alert, LoggedOut, Received, SessionState
from router.fix.versions import Version
from tests.fix.wire import SLUICE, T0, OneSide, S, framed, raw, said

Make = Callable[..., OneSide]
NEWS = "148=x|33=1|58=y|"
EARLIER = "20260105-14:29:00.000"


def closing(side: OneSide) -> bool:
    return side.session.wants_close and side.session.state is SessionState.CLOSING


def test_2a_messages_in_sequence_reach_the_application(acceptor: Make) -> None:
    side = acceptor()
    order = "11=A|55=BAC|54=1|60=20260105-14:30:00|38=100|40=2|44=13.9|"
    side.told(f"35=D|34=2|{order}", f"35=B|34=3|{NEWS}")
    [first, second] = side.reports()
    assert isinstance(first, Received)
    assert first.frame == said(f"35=D|34=2|{order}")
    assert (first.seq, first.poss_dup, first.message.get("44")) == (2, False, "13.9")
    assert isinstance(second, Received)
    assert second.message.msg_type == "B"
    assert side.says() == []
    assert side.session.next_in == 4


def test_2c_a_number_too_low_ends_the_session_after_a_while(acceptor: Make) -> None:
    side = acceptor(next_in=5)
    side.told("35=0|34=4|")
    text = "MsgSeqNum too low, expecting 6 but received 4"
    assert side.says() == side.expected(f"35=5|34=2|58={text}|")
    assert side.reports() == [Alert("MSG_SEQ_NUM_TOO_LOW", text), LoggedOut(text)]
    assert side.session.state is SessionState.EXPELLED
    side.told(f"35=B|34=6|{NEWS}", "35=1|34=7|112=T|", "35=0|34=1|")
    assert side.says() == []
    assert side.reports() == []
    side.wait(1.999)
    assert not side.session.wants_close
    side.wait(0.001)
    assert closing(side)
    assert (side.session.next_in, side.session.next_out) == (6, 3)


def test_2c_the_answer_to_that_logout_ends_it_at_once(acceptor: Make) -> None:
    side = acceptor()
    side.told("35=0|34=1|", "35=5|34=2|")
    assert closing(side)
    assert side.session.next_in == 3


@pytest.mark.parametrize("text", ["35=0|34=1|43=Y|122={}|", "35=B|34=1|43=Y|122={}|" + NEWS])
def test_2e_a_duplicate_that_was_seen_is_ignored(acceptor: Make, text: str) -> None:
    side = acceptor()
    side.told(text.format(EARLIER))
    assert side.says() == []
    assert side.reports() == []
    assert side.session.next_in == 2


def test_2e_a_duplicate_that_is_due_is_taken(acceptor: Make) -> None:
    side = acceptor()
    side.told(f"35=B|34=2|43=Y|122={EARLIER}|{NEWS}")
    assert side.received() == [("B", 2, True)]


@pytest.mark.parametrize(("seq", "next_in"), [(2, 3), (1, 2)])
def test_2f_an_original_time_after_the_sending_time_ends_the_session(
    acceptor: Make, seq: int, next_in: int
) -> None:
    side = acceptor()
    side.told(f"35=B|34={seq}|43=Y|122=20260105-14:30:00.001|{NEWS}")
    text = "SendingTime accuracy problem"
    assert side.says() == side.expected(
        f"35=3|34=2|45={seq}|58={text}|371=122|372=B|373=10|", f"35=5|34=3|58={text}|"
    )
    assert side.session.next_in == next_in
    assert side.session.state is SessionState.EXPELLED


@pytest.mark.parametrize(("seq", "next_in"), [(2, 3), (1, 2)])
def test_2g_a_duplicate_without_its_original_time_is_rejected(
    acceptor: Make, seq: int, next_in: int
) -> None:
    side = acceptor()
    side.told(f"35=B|34={seq}|43=Y|{NEWS}")
    assert side.says() == side.expected(
        f"35=3|34=2|45={seq}|58=Required tag missing|371=122|372=B|373=1|"
    )
    assert side.session.next_in == next_in
    assert side.session.logged_on


def test_2i_another_begin_string_ends_the_session(acceptor: Make) -> None:
    side = acceptor()
    side.hears(said("35=0|34=2|", begin_string="FIX.4.2"))
    assert side.says() == side.expected("35=5|34=2|58=Incorrect BeginString|")
    side.wait(2)
    assert closing(side)


def test_2h_a_logout_with_another_begin_string_is_answered(
    acceptor: Make, version: Version
) -> None:
    side = acceptor(version)
    side.hears(said("35=5|34=2|", begin_string="FIX.4.1"))
    assert side.says() == side.expected("35=5|34=2|")


@pytest.mark.parametrize(
    ("names", "tag"),
    [
        ({"sender": "X"}, 49),
        ({"target": "X"}, 56),
        (
            {
                "sender": "",
            },
            49,
        ),
    ],
)
def test_2k_another_comp_id_ends_the_session(
    initiator: Make, names: dict[str, str], tag: int
) -> None:
    side = initiator()
    side.hears(said("35=0|34=2|", **{"sender": "SLUICE", "target": "OMS", **names}))
    assert side.says() == side.expected(
        f"35=3|34=2|45=2|58=CompID problem|371={tag}|372=0|373=9|", "35=5|34=3|58=CompID problem|"
    )
    assert closing(side)
    assert side.session.next_in == 3


@pytest.mark.parametrize("time", ["20260105-14:27:59.999", "20260105-14:32:00.001", "now"])
@pytest.mark.parametrize(("seq", "next_in"), [(2, 3), (9, 2)])
def test_2o_a_sending_time_out_of_the_window_ends_the_session(
    initiator: Make, time: str, seq: int, next_in: int
) -> None:
    side = initiator()
    side.hears(said(f"35=0|34={seq}|", "SLUICE", "OMS", time))
    text = "SendingTime accuracy problem"
    assert side.says() == side.expected(
        f"35=3|34=2|45={seq}|58={text}|371=52|372=0|373=10|", f"35=5|34=3|58={text}|"
    )
    assert closing(side)
    assert side.session.next_in == next_in


def test_a_message_without_a_number_ends_the_session(acceptor: Make) -> None:
    for text in ("35=0|", "35=0|34=x|", "35=0|34=-2|"):
        side = acceptor()
        side.told(text)
        assert side.says() == side.expected("35=5|34=2|58=Received message without MsgSeqNum|")
        assert closing(side)


def test_2q_an_unknown_msg_type_is_rejected_and_the_session_goes_on(acceptor: Make) -> None:
    side = acceptor()
    side.told("35=*|34=2|", "35=0|34=3|")
    assert side.says() == side.expected("35=3|34=2|45=2|58=Invalid MsgType|371=35|372=*|373=11|")
    assert side.session.next_in == 4


def test_14_a_fault_is_rejected_and_its_number_counts(acceptor: Make) -> None:
    side = acceptor()
    side.told("35=D|34=2|55=BAC|54=1|60=20260105-14:30:00|38=100|40=1|", "35=1|34=3|112=T|")
    assert side.says() == side.expected(
        "35=3|34=2|45=2|58=Required tag missing|371=11|372=D|373=1|", "35=0|34=3|112=T|"
    )
    assert side.reports() == []


@pytest.mark.parametrize(
    ("field", "tag"), [("-1=HI|", "-1"), ("0=HI|", "0"), ("999999=HI|", "999999")]
)
def test_14a_a_tag_number_that_is_none_is_rejected(acceptor: Make, field: str, tag: str) -> None:
    side = acceptor()
    side.told(f"35=0|34=2|{field}")
    assert side.says() == side.expected(
        f"35=3|34=2|45=2|58=Invalid tag number|371={tag}|372=0|373=0|"
    )


def test_venues_are_taken_as_they_are(initiator: Make) -> None:
    side = initiator()
    report = "35=8|34=2|39=Q|9999=x|-1=y|11=A|11=B|150=?|"
    side.told(report)
    [event] = side.reports()
    assert isinstance(event, Received)
    assert event.message.get("39") == "Q"
    assert side.says() == []


def test_the_reject_of_the_reference_is_byte_for_byte_ours() -> None:
    side = OneSide(replace(SLUICE, validate=FIX44))
    side.connect()
    side.told("35=A|34=1|98=0|108=30|")
    side.written.clear()
    side.told("35=D|34=2|55=BAC|54=1|60=20260105-14:30:00|38=100|40=1|")
    assert side.written == [
        raw(
            "8=FIX.4.4|9=100|35=3|34=2|49=SLUICE|52=20260105-14:30:00.000|56=OMS|45=2|"
            "58=Required tag missing|371=11|372=D|373=1|10=061|"
        )
    ]


def test_18_answers_are_routed_back(acceptor: Make) -> None:
    side = acceptor()
    side.told("35=1|34=2|115=DESK|116=ANN|128=HUB|112=T|", "35=D|34=3|115=DESK|129=BOB|")
    assert side.says() == side.expected(
        "35=0|34=2|128=DESK|129=ANN|115=HUB|112=T|",
        "35=3|34=3|128=DESK|116=BOB|45=3|58=Required tag missing|371=11|372=D|373=1|",
    )


def test_7_a_reject_reaches_the_application_and_is_not_answered(acceptor: Make) -> None:
    side = acceptor()
    side.told("35=3|34=2|45=1|372=8|373=5|58=no|")
    assert side.received() == [("3", 2, False)]
    assert side.says() == []


def test_the_application_may_reject(acceptor: Make) -> None:
    side = acceptor()
    side.session.refuse(2, "D", 5, 59, "no such\x01thing", side.now)
    side.session.refuse(3, "D", 99, None, "no", side.now)
    side.settle()
    assert side.says() == side.expected(
        "35=3|34=2|45=2|58=no such thing|371=59|372=D|373=5|", "35=3|34=3|45=3|58=no|372=D|373=99|"
    )


# --- garbled -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        said("35=0|34=2|")[:-4] + b"999\x01"[-4:],
        said("35=0|34=2|").replace(b"10=", b"11="),
        framed("35=0|34=2|49=OMS|4garbled9=x|56=SLUICE|"),
        framed("35=0|34=2|49=OMS|52=20260105-14:30:00|10=000|56=SLUICE|"),
        framed("35=0|34=2|49=OMS|52=20260105-14:30:00|56=SLUICE|95=3|96=a=b|10=000|"),
        framed("35=0|34=2|49=OMS|56=SLUICE|52=20260105-14:30:00|58=a|b|"),
        framed("34=2|35=0|49=OMS|56=SLUICE|"),
        b"noise",
    ],
)
def test_3_garbled_messages_are_ignored_and_the_hole_is_asked_for(
    acceptor: Make, bad: bytes
) -> None:
    side = acceptor()
    side.hears(bad)
    assert side.says() == []
    assert side.session.next_in == 2
    side.told("35=0|34=3|")
    assert side.says() == side.expected("35=2|34=2|7=2|16=0|")


def test_more_than_ten_garbled_in_a_minute_end_the_connection(acceptor: Make) -> None:
    bad = said("35=0|34=2|")[:-4] + b"999\x01"
    side = acceptor()
    for _ in range(10):
        side.hears(bad)
        side.wait(5.9)
        side.told(f"35=0|34={side.session.next_in}|")
    assert not side.session.wants_close
    side.hears(bad)
    assert closing(side)
    assert side.session.closed_reason == "more than 10 garbled messages in a minute"


def test_ten_garbled_in_a_minute_and_more_later_are_suffered(acceptor: Make) -> None:
    bad = said("35=0|34=2|")[:-4] + b"999\x01"
    side = acceptor()
    for _ in range(40):
        side.hears(bad)
        side.wait(6.1)
        side.told(f"35=0|34={side.session.next_in}|")
    assert not side.session.wants_close


@pytest.mark.parametrize(
    "attack",
    [
        b"8=FIX.4.4\x019=99999999\x0135=0\x01",
        b"8=FIX.4.4\x019=1234567890123\x0135=0\x01",
        b"8=FIX" + b"4" * 60,
        b"\x00" * 70_000,
        framed("35=0|" + "58=x|" * 1000),
        framed("35=0|34=2|95=9|96=x|"),
    ],
)
def test_hostile_bytes_end_the_connection(acceptor: Make, attack: bytes) -> None:
    side = acceptor()
    side.hears(attack)
    assert closing(side)
    assert side.says() == []
    [event] = side.reports()
    assert isinstance(event, LoggedOut)
    side.told(f"35=B|34=2|{NEWS}")
    assert side.reports() == []


def test_what_was_whole_before_an_attack_is_taken(acceptor: Make) -> None:
    side = acceptor()
    side.hears(said(f"35=B|34=2|{NEWS}") + b"8=FIX.4.4\x019=99999999\x0135=0\x01")
    events = side.reports()
    assert [type(event) for event in events] == [Received, LoggedOut]


# --- heartbeats ----------------------------------------------------------------------------------


def test_4_heartbeats_are_sent_when_nothing_else_is(acceptor: Make) -> None:
    side = acceptor()
    assert side.session.deadline() == T0 + 30 * S
    side.wait(10)
    side.send("B", NEWS)
    side.says()
    side.told("35=0|34=2|")
    side.wait(29.999)
    assert side.says() == []
    side.wait(0.001)
    assert side.says() == side.expected("35=0|34=3|")


def test_4b_a_test_request_is_answered_at_once(acceptor: Make) -> None:
    side = acceptor()
    side.told("35=1|34=2|112=HELLO=1|")
    assert side.says() == side.expected("35=0|34=2|112=HELLO=1|")


def test_a_test_request_without_an_id_is_answered_by_a_plain_heartbeat(initiator: Make) -> None:
    side = initiator()
    side.told("35=1|34=2|")
    assert side.says() == side.expected("35=0|34=2|")


def test_6_silence_is_tested_and_then_ends_the_connection_without_a_logout(acceptor: Make) -> None:
    side = acceptor()
    side.wait(36)
    beat, test = side.says()
    assert "|35=0|34=2|" in beat
    assert "52=20260105-14:30:30.000" in beat
    assert [test] == side.expected("35=1|34=3|112=1|")
    side.wait(35.999)
    assert not side.session.wants_close
    # One question is enough.
    [beat] = side.says()
    assert "|35=0|34=4|" in beat
    side.wait(0.001)
    assert closing(side)
    assert side.says() == []
    assert side.reports() == [LoggedOut("nothing received in time")]


@pytest.mark.parametrize("text", ["35=0|34=2|112=1|", "35=0|34=2|", "35=B|34=2|" + NEWS])
def test_any_sound_message_counts_as_life(acceptor: Make, text: str) -> None:
    side = acceptor()
    side.wait(36)
    side.told(text)
    side.says()
    side.wait(35.9)
    assert not any("|35=1|" in each for each in side.says())
    side.wait(0.2)
    assert any("|35=1|" in each and "|112=2|" in each for each in side.says())


def test_garbled_bytes_do_not_count_as_life(acceptor: Make) -> None:
    side = acceptor()
    side.wait(35)
    side.hears(b"noise")
    side.wait(1)
    assert any("|35=1|" in each for each in side.says())


def test_an_initiator_keeps_its_own_interval(initiator: Make) -> None:
    side = initiator(logon=False)
    side.told("35=A|34=1|98=0|108=7|")
    assert side.session.peer_heart_bt_int == 7
    assert side.session.deadline() == T0 + 30 * S
