"""NextExpectedMsgSeqNum(789) instead of ResendRequests, and LastMsgSeqNumProcessed(369)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from router.fix.session import LoggedOn, ResendNeeded, SessionState
from router.fix.versions import FIX42, FIX50SP2
from tests.fix.wire import OMS, OneSide, Pair, S, at

Make = Callable[..., OneSide]
NEWS = "148=x|33=1|58=y|"
DUP = "43=Y|122=20260105-14:29:00.000|"
USED = {"enable_next_expected_msg_seq_num": True}


def logon(seq: int, expected: int | None = None, more: str = "") -> str:
    shown = "" if expected is None else f"789={expected}|"
    return f"35=A|34={seq}|98=0|108=30|{more}{shown}"


def caller(way: str, *, next_in: int = 1, next_out: int = 1, **changes: object) -> OneSide:
    """An initiator that uses 789 and has said its Logon and, while it waits, `NEWS`."""
    side = OneSide(
        replace(OMS, **{**USED, **changes}),  # type: ignore[arg-type]
        way=way,
        next_in=next_in,
        next_out=next_out,
    )
    side.connect()
    return side


# --- the acceptor --------------------------------------------------------------------------------


def test_a_logon_that_expects_what_comes_next_is_answered_alike(acceptor: Make) -> None:
    side = acceptor(logon=False, next_in=5, next_out=9, **USED)
    side.told(logon(5, 9), f"35=B|34=6|{NEWS}")
    assert side.says() == side.expected(logon(9, 6))
    assert side.received() == [("B", 6, False)]


def test_what_the_peer_has_not_seen_is_sent_again_without_being_asked_for(acceptor: Make) -> None:
    side = acceptor(**USED, logon=False)
    side.told(logon(1, 1))
    side.send("B", NEWS)
    side.lose()
    side.send("B", NEWS)
    side.reports()
    side.says()
    side.connect()
    side.told(logon(2, 2))
    time = f"122={at(side.now)}|"
    assert side.says() == side.expected(
        logon(4, 3),
        f"35=B|34=2|43=Y|{time}{NEWS}",
        f"35=B|34=3|43=Y|{time}{NEWS}",
        # The Logon's own number is counted by a gap fill: nobody asks for it.
        f"35=4|34=4|43=Y|{time}36=5|123=Y|",
    )
    assert side.reports() == [LoggedOn(), ResendNeeded(2, 4)]


def test_live_messages_wait_behind_what_the_logon_asked_for(acceptor: Make) -> None:
    side = acceptor(logon=False, next_out=4, **USED)
    side.answers = False
    side.told(logon(1, 3))
    side.send("B", NEWS)
    assert side.says() == side.expected(logon(4, 2))
    side.answer()
    time = f"122={at(side.now)}|"
    assert side.says() == side.expected(f"35=4|34=3|43=Y|{time}36=5|123=Y|", f"35=B|34=5|{NEWS}")


@pytest.mark.parametrize("expected", [10, 9_999])
def test_a_peer_that_expects_more_than_was_sent_is_told_and_dropped(
    acceptor: Make, expected: int
) -> None:
    side = acceptor(logon=False, next_out=9, **USED)
    side.told(logon(1, expected))
    [line] = side.says()
    assert "|35=5|34=9|" in line
    assert f"|58=NextExpectedMsgSeqNum too high, 9 is next, not {expected}|" in line
    assert side.session.wants_close
    assert side.reports() == []
    assert side.session.next_in == 1


def test_a_gap_that_the_logon_shows_is_not_asked_for(acceptor: Make) -> None:
    side = acceptor(logon=False, next_in=3, **USED)
    side.told(logon(6, 1), f"35=B|34=7|{NEWS}")
    assert side.says() == side.expected(logon(1, 3))
    assert side.received() == []
    side.told(f"35=B|34=3|{DUP}{NEWS}", f"35=4|34=4|{DUP}36=7|123=Y|")
    assert side.received() == [("B", 3, True), ("B", 7, False)]
    assert side.says() == []
    assert side.session.deadline() == side.now + 30 * S


def test_a_large_gap_that_the_logon_shows_is_not_asked_for_in_pieces_either(
    acceptor: Make,
) -> None:
    side = acceptor(logon=False, resend_request_chunk_size=2, **USED)
    side.told(logon(9, 1))
    side.told(*(f"35=B|34={seq}|{DUP}{NEWS}" for seq in range(1, 9)))
    assert side.says() == side.expected(logon(1, 1))
    assert side.session.next_in == 10


def test_what_was_promised_and_does_not_come_is_asked_for(acceptor: Make) -> None:
    side = acceptor(logon=False, next_in=3, **USED)
    side.told(logon(6, 1))
    side.says()
    side.wait(9.999)
    assert side.says() == []
    side.wait(0.001)
    assert side.says() == side.expected("35=2|34=2|7=3|16=0|")
    side.wait(10)
    assert side.says() == side.expected("35=5|34=3|58=ResendRequest was not answered|")


def test_a_later_gap_is_asked_for_as_ever(acceptor: Make) -> None:
    side = acceptor(logon=False, **USED)
    side.told(logon(1, 1), f"35=B|34=4|{NEWS}")
    assert side.says() == side.expected(logon(1, 2), "35=2|34=2|7=2|16=0|")


def test_a_reset_makes_it_2(acceptor: Make) -> None:
    side = acceptor(logon=False, next_in=7, next_out=9, **USED)
    side.told(logon(1, 1, "141=Y|"))
    assert side.says() == side.expected(logon(1, 2, "141=Y|"))
    assert (side.session.next_in, side.session.next_out) == (2, 2)


@pytest.mark.parametrize(("used", "shown"), [(True, None), (False, 2)])
def test_both_must_use_it(acceptor: Make, used: bool, shown: int | None) -> None:
    side = acceptor(logon=False, next_in=3, next_out=9, enable_next_expected_msg_seq_num=used)
    side.told(logon(6, shown))
    assert side.says() == side.expected(logon(9, 3 if used else None), "35=2|34=10|7=3|16=0|")


def test_4_2_does_not_have_it(acceptor: Make) -> None:
    side = acceptor(FIX42, next_in=3, next_out=9, **USED)
    side.told(f"35=B|34=6|{NEWS}")
    assert side.says() == side.expected("35=2|34=10|7=4|16=0|")


# --- the initiator -------------------------------------------------------------------------------


@pytest.mark.parametrize("expected", [8, 9])
def test_an_initiator_goes_on_if_its_logon_was_counted(way: str, expected: int) -> None:
    # Nine is right; who says eight has counted the Logon, but after the answer was written.
    side = caller(way, next_in=5, next_out=8)
    assert side.says() == side.expected(logon(8, 5))
    side.send("B", NEWS)
    side.told(logon(5, expected))
    assert side.says() == side.expected(f"35=B|34=9|{NEWS}")
    assert side.session.next_in == 6


def test_an_initiator_sends_again_up_to_its_logon(way: str) -> None:
    side = caller(way, next_in=5, next_out=8)
    side.send("B", NEWS)
    side.says()
    side.told(logon(5, 7))
    time = f"122={at(side.now)}|"
    # Number 7 is not in the store; the news are live and leave behind.
    assert side.says() == side.expected(f"35=4|34=7|43=Y|{time}36=9|123=Y|", f"35=B|34=9|{NEWS}")
    assert side.reports() == [LoggedOn(), ResendNeeded(7, 8)]


def test_an_initiator_is_not_to_be_told_what_it_has_not_sent(way: str) -> None:
    side = caller(way, next_out=8)
    side.send("B", NEWS)
    side.says()
    side.told(logon(1, 10))
    [line] = side.says()
    assert "|58=NextExpectedMsgSeqNum too high, 9 is next, not 10|" in line
    assert side.session.state is SessionState.CLOSING


def test_an_initiator_that_resets_expects_2_in_the_answer(way: str) -> None:
    side = caller(way, next_in=5, next_out=8, reset_on_logon=True)
    assert side.says() == side.expected(logon(1, 1, "141=Y|"))
    side.told(logon(1, 2, "141=Y|"))
    assert side.says() == []
    assert side.session.logged_on


def test_an_initiator_does_not_ask_for_the_gap_either(way: str) -> None:
    side = caller(way, next_in=5)
    side.says()
    side.told(logon(9, 2))
    assert side.says() == []
    side.told(f"35=4|34=5|{DUP}36=10|123=Y|")
    assert side.session.next_in == 10


def test_both_sides_make_good_what_was_lost_without_a_single_request() -> None:
    pair = Pair(**USED)
    pair.connect()
    pair.cut()
    for side in (pair.oms, pair.sluice):
        side.send("B", NEWS)
        side.send("B", NEWS)
        side.received()
    pair.connect()
    pair.sluice.send("B", NEWS)
    pair.oms.send("B", NEWS)
    pair.carry()
    assert len(pair.oms.received()) == len(pair.sluice.received()) == 3
    for side in (pair.oms, pair.sluice):
        assert not any(b"\x0135=2\x01" in frame for frame in side.stored.values())


# --- 369 -----------------------------------------------------------------------------------------


def test_every_header_says_what_was_processed(acceptor: Make) -> None:
    side = acceptor(logon=False, enable_last_msg_seq_num_processed=True)
    side.told(logon(1), "35=1|34=2|112=T|", f"35=B|34=5|{NEWS}")
    side.send("B", NEWS)
    assert side.says() == side.expected(
        "35=A|34=1|369=1|98=0|108=30|",
        "35=0|34=2|369=2|112=T|",
        "35=2|34=3|369=2|7=3|16=0|",
        f"35=B|34=4|369=2|{NEWS}",
    )
    side.told(f"35=4|34=3|{DUP}36=6|123=Y|", "35=2|34=6|7=3|16=0|")
    time = f"122={at(side.now)}|"
    # A message that is sent again says what is so now.
    assert side.says() == side.expected(
        f"35=4|34=3|43=Y|{time}369=6|36=4|123=Y|", f"35=B|34=4|43=Y|{time}369=6|{NEWS}"
    )


def test_369_of_a_first_logon_is_0(way: str) -> None:
    side = caller(way, enable_last_msg_seq_num_processed=True)
    assert side.says() == side.expected("35=A|34=1|369=0|98=0|108=30|789=1|")


@pytest.mark.parametrize("version", [FIX42, FIX50SP2])
def test_369_is_in_every_version(acceptor: Make, version: object) -> None:
    side = acceptor(version, logon=False, enable_last_msg_seq_num_processed=True)
    side.told(f"{logon(1)}{side.appl}")
    assert side.says() == side.expected(f"35=A|34=1|369=1|98=0|108=30|{side.appl}")
    side.told("35=0|34=2|369=1|")
    assert side.says() == []
