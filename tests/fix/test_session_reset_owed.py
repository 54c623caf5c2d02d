"""A reset of ours that was not answered is owed: the next Logon asks for it again, until it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from router.fix.session import LoggedOut, SessionState
from tests.fix.wire import OneSide

Make = Callable[..., OneSide]
NEWS = "148=x|33=1|58=y|"
RESET = "35=A|34=1|98=0|108=30|141=Y|"
LOGON = "35=A|34={}|98=0|108=30|"


@pytest.fixture(params=["acceptor", "initiator"])
def either(request: pytest.FixtureRequest, acceptor: Make, initiator: Make) -> Make:
    """A session in each role."""
    return acceptor if request.param == "acceptor" else initiator


def begin_again(side: OneSide) -> None:
    side.session.reset(side.now)
    side.settle()


def log_out(side: OneSide) -> None:
    side.session.logout("hours over", side.now)
    side.settle()


def numbers(side: OneSide) -> tuple[int, int]:
    return side.session.next_in, side.session.next_out


def reconnect(side: OneSide, *, caller: int = 12) -> list[str]:
    """A new connection; what our first Logon on it is. A caller's has a number of its own."""
    if side.session.state is not SessionState.DISCONNECTED:
        side.lose()
    side.says()
    side.connect()
    if side.config.role == "acceptor":
        side.told(LOGON.format(caller))
    return side.says()


def asks_until_it_is_answered(side: OneSide) -> None:
    """However often the line breaks before the answer; afterwards never again."""
    for _ in range(3):
        assert reconnect(side) == side.expected(RESET)
        assert side.session.begins_again
    side.told(RESET)
    assert side.session.logged_on
    assert numbers(side) == (2, 2)
    assert not side.session.begins_again
    assert reconnect(side, caller=2) == side.expected(LOGON.format(2))
    assert side.session.state is not SessionState.RESETTING


# --- not answered --------------------------------------------------------------------------------


def test_a_line_that_breaks_again_and_again(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    begin_again(side)
    asks_until_it_is_answered(side)


def test_a_logout_instead_of_an_answer(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    begin_again(side)
    side.says()
    side.told("35=5|34=8|58=MsgSeqNum too low, expecting 10 but received 1|")
    assert side.says() == side.expected("35=5|34=2|")
    side.lose()
    assert numbers(side) == (1, 1)
    asks_until_it_is_answered(side)


def test_a_logout_of_ours_behind_it_that_alone_is_answered(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    begin_again(side)
    log_out(side)
    side.told("35=5|34=8|")
    assert side.session.wants_close
    asks_until_it_is_answered(side)


def test_a_logout_of_ours_behind_it_and_no_word_more(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    begin_again(side)
    log_out(side)
    side.wait(2)
    assert side.session.wants_close
    asks_until_it_is_answered(side)


def test_an_answer_without_the_flag(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    begin_again(side)
    side.told(LOGON.format(8))
    assert side.session.wants_close
    asks_until_it_is_answered(side)


def test_a_fault_of_theirs_instead_of_an_answer(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    begin_again(side)
    side.told("35=0|34=3|")
    assert side.session.state is SessionState.EXPELLED
    asks_until_it_is_answered(side)


def test_a_process_that_ends(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    begin_again(side)
    side.restart()
    assert numbers(side) == (8, 2)
    asks_until_it_is_answered(side)


def test_a_process_that_ends_in_each_life(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    begin_again(side)
    for _ in range(3):
        side.restart()
        assert reconnect(side) == side.expected(RESET)
    asks_until_it_is_answered(side)


def test_a_process_that_ends_behind_its_logout(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    begin_again(side)
    log_out(side)
    side.restart()
    asks_until_it_is_answered(side)


def test_a_venue_that_logs_out_instead_of_answering_the_logon(initiator: Make) -> None:
    side = initiator(next_in=7, next_out=9)
    begin_again(side)
    assert reconnect(side) == side.expected(RESET)
    side.told("35=5|34=12|58=not now|")
    assert side.session.wants_close
    asks_until_it_is_answered(side)


def test_a_caller_that_says_which_number_it_expects(acceptor: Make) -> None:
    """It is of before: the answer tells that it is no more."""
    side = acceptor(logon=False, enable_next_expected_msg_seq_num=True)
    side.told("35=A|34=1|98=0|108=30|789=1|")
    for _ in range(3):
        side.send("B", NEWS)
    begin_again(side)
    side.lose()
    side.says()
    side.connect()
    side.told("35=A|34=2|98=0|108=30|789=5|")
    assert side.says() == side.expected("35=A|34=1|98=0|108=30|141=Y|789=1|")
    side.told("35=A|34=1|98=0|108=30|141=Y|789=2|")
    assert side.session.logged_on


def test_a_caller_that_expects_too_much_of_its_own_reset_is_told_so(acceptor: Make) -> None:
    side = acceptor(logon=False, enable_next_expected_msg_seq_num=True)
    side.told("35=A|34=1|98=0|108=30|789=1|")
    begin_again(side)
    side.lose()
    side.says()
    side.connect()
    side.told("35=A|34=1|98=0|108=30|141=Y|789=5|")
    text = "NextExpectedMsgSeqNum too high, 1 is next, not 5"
    assert side.says() == side.expected(f"35=5|34=1|58={text}|")


# --- answered ------------------------------------------------------------------------------------


def test_an_answer_behind_our_logout_is_one(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    begin_again(side)
    log_out(side)
    side.says()
    side.told(f"35=B|34=8|{NEWS}", RESET)
    assert side.received() == [("B", 8, False)]
    assert side.session.state is SessionState.LOGOUT_SENT
    assert not side.session.begins_again
    side.told("35=5|34=2|")
    assert side.session.wants_close
    side.lose()
    assert numbers(side) == (3, 3)
    assert reconnect(side, caller=3) == side.expected(LOGON.format(3))


def test_what_comes_behind_such_an_answer_has_new_numbers(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    begin_again(side)
    log_out(side)
    side.told(RESET, f"35=B|34=2|{NEWS}", f"35=B|34=4|{NEWS}")
    assert side.received() == [("B", 2, False)]
    assert side.says()[-1:] == side.expected("35=2|34=3|7=3|16=0|")


def test_behind_our_logout_nothing_but_an_answer_is_taken(either: Make) -> None:
    """A reset of theirs that crosses our Logout is theirs to ask for again."""
    side = either(next_in=7, next_out=9)
    log_out(side)
    side.told(RESET)
    assert side.session.wants_close
    assert numbers(side) == (8, 11)


def test_a_caller_that_resets_by_itself_owes_and_is_owed_nothing(acceptor: Make) -> None:
    side = acceptor(next_in=7, next_out=9)
    begin_again(side)
    side.restart()
    side.says()
    side.connect()
    side.told(RESET, "35=1|34=2|112=T|")
    assert side.says() == side.expected(RESET, "35=0|34=2|112=T|")
    assert not side.session.begins_again
    assert side.session.logged_on


def test_a_session_that_has_asked_for_no_reset_never_begins_again(either: Make) -> None:
    """Whatever ends it: numbers that begin again lose messages."""
    side = either(next_in=7, next_out=9)
    side.told(f"35=B|34=10|{NEWS}")
    log_out(side)
    assert not side.session.begins_again
    side.restart()
    assert numbers(side) == (8, 12)
    first = LOGON.format(12)
    assert reconnect(side)[:1] == side.expected(first)


def test_the_end_is_told_once(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    begin_again(side)
    log_out(side)
    side.told(RESET, "35=5|34=2|")
    side.lose()
    assert [each for each in side.reports() if isinstance(each, LoggedOut)] == [LoggedOut("Logout")]
