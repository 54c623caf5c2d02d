"""ResetSeqNumFlag(141) in mid-session by our own wish: its answer, its crossing, its failing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from router.fix.session import Alert, LoggedOn, LoggedOut, Received, SessionState
from router.fix.states import Move
from router.fix.versions import FIX50SP2
from tests.fix.resetting import DUP, NEWS, RESET, begin_again, numbers
from tests.fix.wire import OneSide, Pair

Make = Callable[..., OneSide]


def test_a_reset_is_asked_for_and_answered(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    begin_again(side)
    assert side.says() == side.expected(RESET)
    assert side.session.state is SessionState.RESETTING
    assert not side.session.logged_on
    side.told(RESET, "35=1|34=2|112=T|")
    assert side.says() == side.expected("35=0|34=2|112=T|")
    assert numbers(side) == (3, 3)
    assert side.reports() == []
    assert side.session.logged_on


def test_fixt_and_789_are_said_again(acceptor: Make) -> None:
    side = acceptor(FIX50SP2, logon=False, enable_next_expected_msg_seq_num=True)
    side.told("35=A|34=1|98=0|108=30|789=1|1137=9|", "35=0|34=2|")
    side.says()
    begin_again(side)
    assert side.says() == side.expected("35=A|34=1|98=0|108=30|141=Y|789=1|1137=9|")
    side.told("35=A|34=1|98=0|108=30|141=Y|789=2|1137=9|")
    assert numbers(side) == (2, 2)


def test_what_is_said_meanwhile_waits_and_what_is_heard_counts_as_before(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    begin_again(side)
    assert side.send("B", NEWS) == 2
    # On its way when the peer had not seen the reset: it has its old number.
    side.told(f"35=B|34=8|{NEWS}", "35=1|34=9|112=T|")
    assert side.received() == [("B", 8, False)]
    assert side.says() == side.expected(RESET)
    side.told(RESET)
    assert side.says() == side.expected(f"35=B|34=2|{NEWS}", "35=0|34=3|112=T|")
    side.told(f"35=B|34=2|{NEWS}")
    assert side.received() == [("B", 2, False)]


def test_a_gap_of_the_old_numbers_is_not_asked_for_any_more(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    begin_again(side)
    side.told(f"35=B|34=10|{NEWS}", RESET)
    assert side.says() == side.expected(RESET)
    assert numbers(side) == (2, 2)
    side.told(*(f"35=B|34={seq}|{NEWS}" for seq in range(2, 12)))
    assert side.received() == [("B", seq, False) for seq in range(2, 12)]
    assert side.says() == []


def test_a_reset_waits_until_nothing_is_missing_here(either: Make) -> None:
    side = either()
    side.told(f"35=B|34=4|{NEWS}")
    begin_again(side)
    assert side.says()[-1:] == side.expected("35=2|34=2|7=2|16=0|")
    side.told(f"35=4|34=2|{DUP}36=4|123=Y|")
    assert side.says() == side.expected(RESET)
    assert side.received() == [("B", 4, False)]


def test_a_reset_waits_until_nothing_is_missing_there(either: Make) -> None:
    side = either()
    side.answers = False
    side.says()
    side.told("35=2|34=2|7=1|16=0|")
    side.send("B", NEWS)
    begin_again(side)
    assert side.says() == []
    side.answer()
    assert [line.split("|34=")[1].split("|")[0] for line in side.says()] == ["1", "2", "1"]
    assert side.session.state is SessionState.RESETTING


def test_resets_that_cross_are_answers_to_each_other() -> None:
    pair = Pair()
    pair.connect()
    for side in (pair.oms, pair.sluice):
        side.send("B", NEWS)
    pair.carry()
    for side in (pair.oms, pair.sluice):
        side.received()
        side.send("B", "148=old|33=1|58=y|")
        side.session.reset(side.now)
        side.settle()
        side.send("B", "148=new|33=1|58=y|")
    pair.carry()
    for side in (pair.oms, pair.sluice):
        assert [
            (event.message.get("148"), event.seq)
            for event in side.reports()
            if isinstance(event, Received)
        ] == [("old", 3), ("new", 2)]
        assert numbers(side) == (3, 3)
        assert side.session.logged_on


@pytest.mark.parametrize("role", ["oms", "sluice"])
def test_the_other_side_follows(role: str) -> None:
    pair = Pair()
    pair.connect()
    getattr(pair, role).session.reset(pair.oms.now)
    getattr(pair, role).settle()
    pair.carry()
    for side in (pair.oms, pair.sluice):
        assert numbers(side) == (2, 2)
        side.send("B", NEWS)
    pair.carry()
    for side in (pair.oms, pair.sluice):
        assert side.received() == [("B", 2, False)]


# --- what can go wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize("seq", [1, 2, 8, 20])
def test_an_answer_without_the_flag_ends_the_connection(either: Make, seq: int) -> None:
    side = either(next_in=7, next_out=9)
    begin_again(side)
    side.says()
    side.told(f"35=A|34={seq}|98=0|108=30|")
    assert side.says() == []
    assert side.session.wants_close
    assert side.reports() == [LoggedOut("ResetSeqNumFlag(141) was not answered")]


def test_no_answer_ends_the_connection(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    begin_again(side)
    side.says()
    side.wait(9.999)
    assert not side.session.wants_close
    side.wait(0.001)
    assert side.session.wants_close
    assert side.says() == []
    assert side.reports() == [LoggedOut("ResetSeqNumFlag(141) was not answered")]


def test_heartbeats_are_not_forgotten_over_a_reset(acceptor: Make) -> None:
    side = acceptor(logon=False)
    side.told("35=A|34=1|98=0|108=2|")
    begin_again(side)
    side.told("35=A|34=1|98=0|108=2|141=Y|")
    side.says()
    side.wait(2)
    assert any("|35=0|" in line for line in side.says())


def test_an_initiator_asks_again_at_its_next_logon(initiator: Make) -> None:
    side = initiator(next_in=7, next_out=9)
    begin_again(side)
    side.lose()
    side.says()
    assert numbers(side) == (1, 1)
    side.connect()
    assert side.says() == side.expected(RESET)
    side.told(RESET)
    assert numbers(side) == (2, 2)
    side.lose()
    side.connect()
    assert side.says() == side.expected("35=A|34=2|98=0|108=30|")


@pytest.mark.parametrize("seq", [1, 12, 3])
def test_an_acceptor_asks_again_when_it_is_called(acceptor: Make, seq: int) -> None:
    side = acceptor(next_in=7, next_out=9)
    begin_again(side)
    side.lose()
    side.says()
    side.reports()
    side.connect()
    # The caller has not heard of the reset, or has: its number says nothing.
    side.told(f"35=A|34={seq}|98=0|108=30|")
    assert side.says() == side.expected(RESET)
    alert, logged_on = side.reports()
    assert isinstance(alert, Alert), "whatever it has said from 8 on did not arrive"
    assert logged_on == LoggedOn()
    side.send("B", NEWS)
    assert side.says() == []
    side.told(RESET)
    assert side.says() == side.expected(f"35=B|34=2|{NEWS}")
    assert numbers(side) == (2, 3)


def test_what_the_caller_says_before_it_knows_counts_too(acceptor: Make) -> None:
    side = acceptor(next_in=7, next_out=9)
    begin_again(side)
    side.lose()
    side.reports()
    side.connect()
    side.told("35=A|34=12|98=0|108=30|", f"35=B|34=13|{NEWS}", RESET)
    assert side.received() == [("B", 13, False)]
    assert numbers(side) == (2, 2)


def test_a_caller_that_resets_by_itself_has_its_answer_and_no_more(acceptor: Make) -> None:
    side = acceptor(next_in=7, next_out=9)
    begin_again(side)
    side.lose()
    side.says()
    side.connect()
    side.told(RESET, "35=1|34=2|112=T|")
    assert side.says() == side.expected(RESET, "35=0|34=2|112=T|")
    side.lose()
    side.connect()
    side.told("35=A|34=3|98=0|108=30|")
    assert side.says() == side.expected("35=A|34=3|98=0|108=30|")


def test_a_pair_recovers_from_a_reset_that_was_cut_off() -> None:
    for role in ("oms", "sluice"):
        for heard in (False, True):
            pair = Pair()
            pair.connect()
            pair.oms.send("B", NEWS)
            pair.sluice.send("B", NEWS)
            pair.carry()
            side = getattr(pair, role)
            side.session.reset(side.now)
            side.settle()
            if heard:
                other = pair.sluice if role == "oms" else pair.oms
                other.hears(*side.written)
            pair.cut()
            pair.connect()
            pair.carry()
            for each in (pair.oms, pair.sluice):
                assert each.session.logged_on, (role, heard)
                assert numbers(each) == (2, 2)


def test_a_logout_instead_of_an_answer_is_answered(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    begin_again(side)
    side.says()
    side.send("B", NEWS)
    side.told("35=5|34=8|58=no|")
    assert side.says() == side.expected(f"35=B|34=2|{NEWS}", "35=5|34=3|")
    assert side.session.state is SessionState.LOGOUT_ANSWERED


def test_a_logout_of_ours_may_follow_a_reset(either: Make) -> None:
    side = either()
    begin_again(side)
    side.says()
    side.session.logout("", side.now)
    side.settle()
    assert side.says() == side.expected("35=5|34=2|")
    side.told("35=5|34=2|")
    assert side.session.wants_close


def test_a_fault_meanwhile_ends_the_session(either: Make) -> None:
    side = either(next_in=7)
    begin_again(side)
    side.says()
    side.told("35=0|34=3|")
    assert "|35=5|34=2|" in side.says()[0]
    assert side.session.state is SessionState.EXPELLED


# --- elsewhere -----------------------------------------------------------------------------------


def test_apart_the_numbers_begin_again_at_once(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    side.lose()
    begin_again(side)
    assert numbers(side) == (1, 1)
    side.connect()
    side.told("35=A|34=1|98=0|108=30|")
    # Nothing is said of it: both sides know.
    assert side.says()[-1:] == side.expected("35=A|34=1|98=0|108=30|")
    assert numbers(side) == (2, 2)


def test_while_a_session_ends_the_reset_waits_for_the_end(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    side.session.logout("", side.now)
    begin_again(side)
    assert numbers(side) == (8, 11)
    side.lose()
    assert numbers(side) == (1, 1)


def test_a_second_wish_adds_nothing(either: Make) -> None:
    side = either()
    begin_again(side)
    begin_again(side)
    side.told(RESET)
    assert side.says()[-1:] == side.expected(RESET)
    assert numbers(side) == (2, 2)


def test_what_a_peers_reset_costs_is_told(either: Make) -> None:
    side = either()
    side.says()
    side.answers = False
    side.told("35=2|34=2|7=1|16=0|")
    side.send("B", NEWS)
    side.reports()
    side.told(RESET)
    text = "a reset by the peer: 1 messages of ours do not reach it"
    assert side.reports() == [Alert("SEQUENCE_RESET", text)]
    assert side.says() == side.expected(RESET)


def test_what_the_peer_may_have_is_told_under_a_new_number(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    number = side.send("B", NEWS)
    stored = side.stored[number]
    assert side.session.resets == 0
    begin_again(side)
    assert side.session.resets == 1
    side.says()
    assert side.session.send_again(stored, side.now) == 2
    side.settle()
    assert side.says() == [], "it waits for the answer, as all does"
    side.told(RESET)
    assert side.says() == side.expected(f"35=B|34=2|97=Y|{NEWS}")


def test_a_message_that_is_told_again_twice_says_so_once(either: Make) -> None:
    """And when it is asked for, with PossDupFlag besides."""
    side = either(next_in=7, next_out=9)
    number = side.send("B", NEWS)
    for _ in range(2):
        number = side.session.send_again(side.stored[number], side.now)
        side.settle()
    side.says()
    side.told(f"35=2|34=8|7={number}|16=0|")
    assert side.says() == side.expected(f"35=B|34={number}|{DUP.replace('29:', '30:')}97=Y|{NEWS}")


def test_every_way_out_of_a_reset_is_in_the_table() -> None:
    from router.fix.states import TRANSITIONS

    moves = {move for state, move in TRANSITIONS if state is SessionState.RESETTING}
    assert moves == {
        Move.LOGON,
        Move.LOG_OUT,
        Move.EXPEL,
        Move.LOGOUT_RECEIVED,
        Move.DROP,
        Move.LOST,
    }
