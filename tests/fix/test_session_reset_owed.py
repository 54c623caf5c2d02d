"""A reset of ours that was not answered is owed: the next Logon asks for it again, until it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from router.fix import inbox
from router.fix.session import LoggedOn, LoggedOut, SessionState
from tests.fix.resetting import DUP, LOGON, NEWS, RESET, begin_again, numbers
from tests.fix.wire import OneSide

Make = Callable[..., OneSide]


def log_out(side: OneSide) -> None:
    side.session.logout("hours over", side.now)
    side.settle()


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


# --- wanted, and not asked for yet ---------------------------------------------------------------


def test_a_reset_that_is_wanted_in_a_gap_outlives_the_connection(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    side.told(f"35=B|34=12|{NEWS}")
    begin_again(side)
    assert numbers(side) == (8, 11), "first what is missing"
    side.lose()
    assert numbers(side) == (1, 1)
    asks_until_it_is_answered(side)


def test_a_reset_that_is_wanted_in_a_gap_outlives_the_process(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    side.told(f"35=B|34=12|{NEWS}")
    begin_again(side)
    side.restart()
    asks_until_it_is_answered(side)


def test_a_reset_that_is_wanted_in_a_gap_outlives_a_logout(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    side.told(f"35=B|34=12|{NEWS}")
    begin_again(side)
    side.told("35=5|34=13|")
    asks_until_it_is_answered(side)


def test_a_reset_while_the_logon_is_under_way_follows_it(either: Make) -> None:
    side = either(logon=False, next_in=7, next_out=9)
    begin_again(side)
    assert side.says() == []
    side.told(LOGON.format(7))
    assert not any("|141=Y|" in line for line in side.says())
    assert side.reports() == [LoggedOn()]
    assert side.session.logged_on
    side.told("35=0|34=8|")
    assert side.says() == side.expected(RESET), "it lacks nothing: else it had asked"
    side.told(RESET)
    assert numbers(side) == (2, 2)
    assert side.session.logged_on


def test_a_reset_while_the_logon_is_under_way_waits_for_what_it_shows(either: Make) -> None:
    side = either(logon=False, next_in=7, next_out=9)
    begin_again(side)
    side.told(LOGON.format(9))
    assert side.says()[-1:] == side.expected("35=2|34=10|7=7|16=0|")
    side.told(f"35=4|34=7|{DUP}36=10|123=Y|")
    assert side.says() == side.expected(RESET)


def test_a_reset_while_the_logon_is_under_way_waits_for_what_the_peer_lacks(either: Make) -> None:
    side = either(logon=False, next_in=7, next_out=9)
    begin_again(side)
    side.told(LOGON.format(7))
    first = side.session.next_out - 1
    side.send("B", NEWS)
    side.says()
    side.answers = False
    side.told(f"35=2|34=8|7={first}|16=0|")
    assert side.says() == []
    side.answer()
    resent = [line.split("|34=")[1].split("|")[0] for line in side.says()]
    assert resent == [str(first), str(first + 1), "1"]
    assert side.session.state is SessionState.RESETTING


def test_a_logon_that_is_not_answered_does_not_end_the_wish(initiator: Make) -> None:
    side = initiator(logon=False, next_in=7, next_out=9)
    begin_again(side)
    side.lose()
    asks_until_it_is_answered(side)


def test_the_peers_own_reset_fulfils_a_wish(either: Make) -> None:
    side = either(logon=False, next_in=7, next_out=9)
    begin_again(side)
    side.told(RESET)
    assert side.says() == side.expected(RESET)
    assert numbers(side) == (2, 2)
    assert side.session.logged_on
    assert not side.session.begins_again


def test_the_peers_own_reset_in_mid_session_fulfils_a_wish(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    side.told(f"35=B|34=12|{NEWS}")
    begin_again(side)
    side.says()
    side.told(RESET, "35=0|34=2|")
    assert side.says() == side.expected(RESET)
    assert numbers(side) == (3, 2)
    assert not side.session.begins_again


def test_a_reset_that_is_due_at_the_end_outlives_the_process(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    log_out(side)
    begin_again(side)
    side.restart()
    asks_until_it_is_answered(side)


def test_a_reset_waits_for_what_one_call_could_not_take(
    either: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And begins when time has gone on, though nobody says another word."""
    monkeypatch.setattr(inbox, "DRAIN_MAX", 2)
    side = either()
    side.told(*(f"35=B|34={seq}|{NEWS}" for seq in range(3, 9)))
    begin_again(side)
    side.says()
    side.told(f"35=B|34=2|{NEWS}")
    side.wait(0)
    assert side.says() == side.expected(RESET)
    assert [seq for _, seq, _ in side.received()] == list(range(2, 9))


def test_the_end_is_told_once(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    begin_again(side)
    log_out(side)
    side.told(RESET, "35=5|34=2|")
    side.lose()
    assert [each for each in side.reports() if isinstance(each, LoggedOut)] == [LoggedOut("Logout")]
