"""What differs between FIX.4.2, FIX.4.4 and FIXT.1.1 in the session layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from router.fix.session import LoggedOn, LoggedOut, Received, SessionState
from router.fix.versions import FIX42, FIX44, FIX50SP2, Version
from tests.fix.wire import OMS, SLUICE, OneSide, at, said, speaks

Make = Callable[..., OneSide]
NEWS = "148=x|33=1|58=y|"
ORDER = "55=BAC|54=1|60=20260105-14:30:00|38=100|40=1|"
DUP = "43=Y|122=20260105-14:29:00.000|"


def order_of(version: Version) -> str:
    """A NewOrderSingle without its ClOrdID; HandlInst(21) is required in 4.2."""
    return ("21=1|" if version is FIX42 else "") + ORDER


def test_logons_are_exchanged_and_an_order_is_taken(acceptor: Make, version: Version) -> None:
    side = acceptor(version)
    side.told(f"35=D|34=2|11=A|{order_of(version)}", "35=1|34=3|112=T|")
    assert side.received() == [("D", 2, False)]
    assert side.says() == side.expected("35=0|34=2|112=T|")


def test_an_initiator_says_its_version(initiator: Make, version: Version) -> None:
    side = initiator(version)
    assert side.session.logged_on
    side.told("35=1|34=2|112=T|")
    assert side.says() == side.expected("35=0|34=2|112=T|")


@pytest.mark.parametrize("appl", ["", "1137=8|", "1137=7|", "1137=99|", "1137=|"])
@pytest.mark.parametrize("validate", [True, False])
def test_a_logon_of_fixt_without_our_application_version_is_dropped(
    acceptor: Make, initiator: Make, appl: str, validate: bool
) -> None:
    side = acceptor(FIX50SP2, logon=False, **({} if validate else {"validate": None}))
    side.told(f"35=A|34=1|98=0|108=30|{appl}")
    assert side.says() == []
    assert side.session.wants_close
    side = initiator(FIX50SP2, logon=False)
    side.told(f"35=A|34=1|98=0|108=30|{appl}")
    assert side.says() == []
    assert side.session.wants_close
    assert "1137" in side.session.closed_reason or "ApplVerID" in side.session.closed_reason


def test_the_version_is_refused_before_it_runs() -> None:
    with pytest.raises(ValueError, match=r"FIX\.4\.3"):
        OneSide(replace(SLUICE, begin_string="FIX.4.3"))
    with pytest.raises(ValueError, match="allowed"):
        OneSide(replace(SLUICE, begin_string="FIXT.1.1", default_appl_ver_id="8"))


@pytest.mark.parametrize("appl", ["", "1128=9|"])
def test_a_message_of_our_application_version_is_taken(acceptor: Make, appl: str) -> None:
    side = acceptor(FIX50SP2)
    side.told(f"35=D|34=2|{appl}11=A|{ORDER}")
    assert side.received() == [("D", 2, False)]


@pytest.mark.parametrize("appl", ["8", "6", "99"])
@pytest.mark.parametrize("validate", [True, False])
def test_another_application_version_is_rejected(acceptor: Make, appl: str, validate: bool) -> None:
    side = acceptor(FIX50SP2, **({} if validate else {"validate": None}))
    side.told(f"35=D|34=2|1128={appl}|11=A|{ORDER}")
    words = "Invalid or unsupported application version"
    assert side.says() == side.expected(f"35=3|34=2|45=2|58={words}|371=1128|372=D|373=18|")
    assert side.session.next_in == 3
    assert side.reports() == []


def test_a_session_message_has_no_application_version(acceptor: Make) -> None:
    side = acceptor(FIX50SP2)
    side.told("35=1|34=2|1128=6|112=T|")
    assert side.says() == side.expected("35=0|34=2|112=T|")


def test_before_fixt_the_tag_is_no_tag(acceptor: Make) -> None:
    side = acceptor(FIX42)
    side.told("35=0|34=2|1128=6|")
    assert side.says() == side.expected(
        "35=3|34=2|45=2|58=Invalid tag number|371=1128|372=0|373=0|"
    )


@pytest.mark.parametrize(
    ("text", "tag", "reason", "words"),
    [
        ("35=D|34=2|11=A|11=B|{order}", 11, 13, "Tag appears more than once"),
        ("35=D|34=2|11=A|{order}43=N|", 43, 14, "Tag specified out of required order"),
    ],
)
def test_a_reason_above_11_is_not_said_in_4_2(
    acceptor: Make, version: Version, text: str, tag: int, reason: int, words: str
) -> None:
    side = acceptor(version)
    side.told(text.format(order=order_of(version)))
    said_reason = "" if version is FIX42 else f"373={reason}|"
    assert side.says() == side.expected(f"35=3|34=2|45=2|58={words}|371={tag}|372=D|{said_reason}")


@pytest.mark.parametrize("reason", [0, 11, 12, 17, 18, 99])
def test_what_the_application_rejects_for_is_said_if_the_version_knows_it(
    acceptor: Make, version: Version, reason: int
) -> None:
    side = acceptor(version)
    side.session.refuse(2, "D", reason, None, "no", side.now)
    side.settle()
    known = {FIX42: {0, 11}, FIX44: {0, 11, 12, 17, 99}, FIX50SP2: {0, 11, 12, 17, 18, 99}}
    said_reason = f"373={reason}|" if reason in known[version] else ""
    assert side.says() == side.expected(f"35=3|34=2|45=2|58=no|372=D|{said_reason}")


@pytest.mark.parametrize("end", ["0", "999999"])
def test_all_is_asked_for_with_999999_up_to_4_2(acceptor: Make, version: Version, end: str) -> None:
    side = acceptor(version, next_out=1_000_010)
    side.stored.clear()
    side.told(f"35=2|34=2|7=999990|16={end}|")
    all_of_it = end == "0" or version is FIX42
    # 1,000,010 is our Logon.
    new_seq_no = 1_000_011 if all_of_it else 1_000_000
    assert side.says() == side.expected(
        f"35=4|34=999990|43=Y|122={at(side.now)}|36={new_seq_no}|123=Y|"
    )


def test_every_header_says_who_and_where(acceptor: Make, version: Version) -> None:
    side = acceptor(
        version,
        logon=False,
        sender_sub_id="DESK",
        sender_location_id="LDN",
        target_sub_id="TRADER",
        target_location_id="NYC",
    )
    side.told(f"35=A|34=1|98=0|108=30|{side.appl}")
    origin = "50=DESK|142=LDN|57=TRADER|143=NYC|"
    side.send("B", NEWS)
    assert side.says() == side.expected(
        f"35=A|34=1|{origin}98=0|108=30|{side.appl}", f"35=B|34=2|{origin}{NEWS}"
    )
    # What the peer says of itself is not judged; a message that is sent again says it once.
    side.told("35=2|34=2|50=X|57=Y|7=1|16=0|")
    time = f"122={at(side.now)}|"
    assert side.says() == side.expected(
        f"35=4|34=1|43=Y|{time}{origin}36=2|123=Y|", f"35=B|34=2|43=Y|{time}{origin}{NEWS}"
    )


@pytest.mark.parametrize(
    ("precision", "decimals"), [(0, ""), (3, ".123"), (6, ".123456"), (9, ".123456789")]
)
def test_times_are_sent_as_precisely_as_is_set(
    way: str, version: Version, precision: int, decimals: str
) -> None:
    config = replace(SLUICE, timestamp_precision=precision, **speaks(version))
    side = OneSide(config, way=way)
    side.now += 123_456_789
    side.connect()
    side.told(f"35=A|34=1|98=0|108=30|{side.appl}", "35=2|34=2|7=1|16=0|")
    time = f"20260105-14:30:00{decimals}"
    for line in side.says():
        assert f"|52={time}|" in line
    assert f"|122={time}|" in line


@pytest.mark.parametrize("decimals", ["", ".123", ".123456", ".123456789", ".123456789012"])
def test_times_of_any_precision_are_read(acceptor: Make, version: Version, decimals: str) -> None:
    side = acceptor(version)
    time = f"20260105-14:30:00{decimals}"
    side.hears(said(f"35=0|34=2|43=Y|122={time}|", time=time, begin_string=version.begin_string))
    assert side.says() == []
    assert side.session.next_in == 3


def test_picoseconds_are_cut(acceptor: Make) -> None:
    side = acceptor()
    # The original time is a picosecond later than the time of sending: the same nanosecond.
    side.hears(
        said(
            "35=B|34=2|43=Y|122=20260105-14:30:00.000000000001|" + NEWS,
            time="20260105-14:30:00.000000000",
        )
    )
    assert side.received() == [("B", 2, True)]


# --- the end of a session ------------------------------------------------------------------------


def test_a_logon_may_be_refused_in_words_before_it_is_judged(
    acceptor: Make, version: Version
) -> None:
    side = acceptor(version, logon=False, next_out=7)
    side.session.refuse_logon("Invalid credentials", side.now, "5")
    side.settle()
    status = "1409=5|" if version is FIX50SP2 else ""
    assert side.says() == side.expected(f"35=5|34=7|58=Invalid credentials|{status}")
    assert side.reports() == []
    assert side.session.state is SessionState.CLOSING
    side.lose()
    assert (side.session.next_in, side.session.next_out) == (1, 8)


def test_a_logon_may_be_refused_without_a_word(acceptor: Make) -> None:
    side = acceptor(logon=False)
    side.session.refuse_logon("", side.now)
    side.settle()
    assert side.says() == []
    assert side.session.wants_close
    assert side.session.next_out == 1


def test_a_logout_may_carry_the_sessions_status(acceptor: Make, version: Version) -> None:
    side = acceptor(version)
    side.session.logout("closing", side.now, "4")
    side.settle()
    status = "1409=4|" if version is FIX50SP2 else ""
    assert side.says() == side.expected(f"35=5|34=2|58=closing|{status}")


@pytest.mark.parametrize("validate", [False, True])
@pytest.mark.parametrize(
    ("asked", "name", "status"),
    [
        ("554=hunter2|925=hunter3|", "NewPassword(925)", "3"),
        ("925=|", "NewPassword(925)", "3"),
        ("554=hunter2|1400=1|1403=7|1404=hun\x01ter|", "EncryptedNewPassword(1404)", "3"),
        ("1400=1|1401=7|1402=hunter2|", "EncryptedPassword(1402)", "5"),
    ],
)
def test_a_logon_that_asks_for_what_is_not_done_with_passwords_is_told_so(
    acceptor: Make, version: Version, validate: bool, asked: str, name: str, status: str
) -> None:
    side = acceptor(version, logon=False, **({} if validate else {"validate": None}))
    appl = f"1137={version.appl_ver_id}|" if version is FIX50SP2 else ""
    side.told(f"35=A|34=1|98=0|108=30|{asked}{appl}")
    shown = f"1409={status}|" if version is FIX50SP2 else ""
    assert side.says() == side.expected(f"35=5|34=1|58={name} is not served|{shown}")
    assert side.reports() == []
    assert side.session.closed_reason == f"{name} is not served"


def test_who_is_a_stranger_is_not_told_that_passwords_do_not_change(acceptor: Make) -> None:
    side = acceptor(logon=False)
    side.hears(said("35=A|34=1|98=0|108=30|925=hunter3|", sender="OMS2"))
    assert side.says() == []
    assert side.session.next_out == 1
    assert side.session.closed_reason == "CompID problem"


def test_why_a_logon_was_refused_is_kept(initiator: Make) -> None:
    side = initiator(FIX50SP2, logon=False)
    side.told("35=5|34=1|58=Account locked|1409=6|")
    assert side.says() == []
    assert side.session.closed_reason == "Account locked (SessionStatus 6)"
    assert side.session.next_in == 2


def test_a_wrong_begin_string_ends_every_session(acceptor: Make, version: Version) -> None:
    other = "FIX.4.2" if version is not FIX42 else "FIX.4.4"
    side = acceptor(version)
    side.hears(said("35=0|34=2|", begin_string=other))
    assert side.says() == side.expected("35=5|34=2|58=Incorrect BeginString|")
    assert side.reports() == [LoggedOut("Incorrect BeginString")]


# --- what a Logon says ---------------------------------------------------------------------------


def test_the_terms_of_a_logon_stand_in_their_order(way: str, version: Version) -> None:
    config = replace(
        OMS,
        reset_on_logon=True,
        enable_next_expected_msg_seq_num=True,
        frame_max=4096,
        test_mode=True,
        logon_fields=lambda now, seq: f"553=u{seq}\x01554=p\x01",
        **speaks(version),
    )
    side = OneSide(config, way=way)
    side.connect()
    later = "" if version is FIX42 else "789=1|"
    test = "" if version is FIX42 else "464=Y|"
    appl = "1137=9|" if version is FIX50SP2 else ""
    assert side.says() == side.expected(
        f"35=A|34=1|98=0|108=30|141=Y|{later}383=4096|{test}{appl}553=u1|554=p|"
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "agreed"),
    [
        (True, "464=Y|", True),
        (False, "464=N|", True),
        (False, "", True),
        (True, "464=N|", False),
        (True, "", False),
        (False, "464=Y|", False),
    ],
)
def test_a_test_system_talks_to_test_systems_only(
    acceptor: Make, ours: bool, theirs: str, agreed: bool
) -> None:
    side = acceptor(logon=False, test_mode=ours)
    side.told(f"35=A|34=1|98=0|108=30|{theirs}")
    if agreed:
        flag = "464=Y|" if ours else ""
        assert side.says() == side.expected(f"35=A|34=1|98=0|108=30|{flag}")
        assert side.reports() == [LoggedOn()]
    else:
        assert side.says() == side.expected("35=5|34=1|58=TestMessageIndicator mismatch|")
        assert side.session.wants_close


def test_in_4_2_nobody_can_say_what_is_a_test(acceptor: Make) -> None:
    side = acceptor(FIX42, test_mode=True)
    assert side.session.logged_on


def test_flags_of_a_strict_session_are_empty(acceptor: Make, version: Version) -> None:
    side = acceptor(version)
    side.told(f"35=D|34=2|11=A|{order_of(version)}")
    [event] = side.reports()
    assert isinstance(event, Received)
    assert event.flags == ()
