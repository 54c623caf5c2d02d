"""What is missing when the numbers begin again is lost, and an alert says so: never in silence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from router.fix.session import Alert
from tests.fix.resetting import LOGON, NEWS, RESET, begin_again
from tests.fix.wire import OneSide

Make = Callable[..., OneSide]


def alerts(side: OneSide) -> list[str]:
    """What was told of resets since the last look."""
    found = [each for each in side.reports() if isinstance(each, Alert)]
    assert all(each.code == "SEQUENCE_RESET" for each in found), found
    return [each.text for each in found]


def lost(reset: str, seq: int) -> list[str]:
    return [f"{reset}: messages of the peer may be lost, from MsgSeqNum(34) {seq} on"]


def in_a_gap(side: OneSide) -> OneSide:
    """Of its peer 8 to 11 are missing, and 12 is held."""
    side.told(f"35=B|34=12|{NEWS}")
    side.reports()
    side.says()
    return side


# --- in mid-session ------------------------------------------------------------------------------


def test_a_reset_by_the_peer_in_a_gap(either: Make) -> None:
    side = in_a_gap(either(next_in=7, next_out=9))
    side.told(RESET)
    assert side.says() == side.expected(RESET)
    assert alerts(side) == lost("a reset by the peer", 8)


def test_a_reset_by_the_peer_in_a_gap_that_is_half_closed(either: Make) -> None:
    side = in_a_gap(either(next_in=7, next_out=9))
    side.told(f"35=B|34=8|43=Y|122=20260105-14:29:00.000|{NEWS}", RESET)
    assert alerts(side) == lost("a reset by the peer", 9)


def test_a_reset_by_the_peer_when_what_was_held_is_not_asked_for(either: Make) -> None:
    """Our request was refused: the gap is no longer open, and what is behind it is held."""
    side = either(next_in=7, next_out=9)
    side.told(f"35=B|34=12|{NEWS}")
    side.told("35=3|34=13|45=10|58=no|")
    assert side.session.inbox.gap is None
    side.told(RESET)
    assert alerts(side) == lost("a reset by the peer", 8)


def test_a_reset_by_the_peer_in_a_gap_while_it_waits_for_ours(either: Make) -> None:
    """Both are said at once: whoever is asked for one thing is asked for all."""
    side = in_a_gap(either(next_in=7, next_out=9))
    side.answers = False
    side.told("35=2|34=13|7=9|16=0|")
    side.send("B", NEWS)
    side.told(RESET)
    (text,) = alerts(side)
    assert text == (
        "a reset by the peer: 1 messages of ours do not reach it and "
        "messages of the peer may be lost, from MsgSeqNum(34) 8 on"
    )


def test_an_answer_to_our_reset_while_something_is_missing(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    begin_again(side)
    side.told(f"35=B|34=9|{NEWS}", RESET)
    assert alerts(side) == lost("a reset of ours", 8)


def test_an_answer_behind_our_logout_while_something_is_missing(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    begin_again(side)
    side.session.logout("", side.now)
    side.told(f"35=B|34=9|{NEWS}", RESET)
    assert alerts(side) == lost("a reset of ours", 8)


def test_a_reset_when_nothing_is_missing_is_no_news(either: Make) -> None:
    side = either(next_in=7, next_out=9)
    side.told(f"35=B|34=8|{NEWS}", RESET)
    begin_again(side)
    side.told(RESET)
    assert alerts(side) == []


# --- at a Logon ----------------------------------------------------------------------------------


def test_a_caller_that_resets_after_a_connection_that_ended_in_a_gap(acceptor: Make) -> None:
    side = in_a_gap(acceptor(next_in=7, next_out=9))
    side.lose()
    side.connect()
    side.told(RESET)
    assert alerts(side) == lost("the numbers begin again", 8)
    side.lose()
    side.connect()
    side.told(RESET)
    assert alerts(side) == [], "once"


def test_a_gap_is_remembered_over_calls_that_come_to_nothing(acceptor: Make) -> None:
    side = in_a_gap(acceptor(next_in=7, next_out=9))
    for _ in range(2):
        side.lose()
        side.connect()
    side.told(RESET)
    assert alerts(side) == lost("the numbers begin again", 8)


def test_so_is_where_our_reset_has_cut_the_peer_off(acceptor: Make) -> None:
    side = acceptor(next_in=7, next_out=9)
    begin_again(side)
    for _ in range(2):
        side.lose()
        side.connect()
    side.told(LOGON.format(12))
    assert alerts(side) == lost("the numbers begin again", 8)


def test_numbers_that_begin_again_while_nobody_is_there(acceptor: Make) -> None:
    side = in_a_gap(acceptor(next_in=7, next_out=9))
    side.lose()
    begin_again(side)
    side.connect()
    side.told(LOGON.format(1))
    assert alerts(side) == lost("the numbers begin again", 8)


def test_a_gap_that_the_next_logon_shows_is_not_lost(acceptor: Make) -> None:
    side = in_a_gap(acceptor(next_in=7, next_out=9))
    side.lose()
    side.connect()
    side.told(LOGON.format(13))
    assert alerts(side) == []
    assert side.says()[-1:] == side.expected("35=2|34=12|7=8|16=0|")


@pytest.mark.parametrize(("seq", "missing"), [(8, False), (12, True), (2, True)])
@pytest.mark.parametrize("end", ["line", "process"])
def test_a_caller_whose_number_shows_what_it_has_said_since_our_reset(
    acceptor: Make, seq: int, missing: bool, end: str
) -> None:
    side = acceptor(next_in=7, next_out=9)
    begin_again(side)
    if end == "line":
        side.lose()
    else:
        side.restart()
    side.reports()
    side.connect()
    side.told(LOGON.format(seq))
    assert alerts(side) == (lost("the numbers begin again", 8) if missing else [])


def test_a_caller_that_resets_at_each_logon_is_no_news(acceptor: Make) -> None:
    side = acceptor(next_in=7, next_out=9)
    for _ in range(3):
        side.lose()
        side.connect()
        side.told(RESET)
    assert alerts(side) == []


def test_of_a_venue_nothing_is_said_at_the_logon(initiator: Make) -> None:
    """It is asked for all that was missed whenever it is logged on."""
    side = in_a_gap(initiator(next_in=7, next_out=9))
    begin_again(side)
    side.lose()
    side.connect()
    side.told(RESET)
    assert alerts(side) == []
    assert side.session.logged_on
