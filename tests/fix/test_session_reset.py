"""Scenarios 10 and 11: SequenceReset, gap fill and reset."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.fix.wire import OneSide, S

Make = Callable[..., OneSide]
NEWS = "148=x|33=1|58=y|"
DUP = "43=Y|122=20260105-14:29:00.000|"


def news(seq: int, *, again: bool = False) -> str:
    return f"35=B|34={seq}|{DUP if again else ''}{NEWS}"


def test_10a_a_gap_fill_too_high_waits(acceptor: Make) -> None:
    side = acceptor()
    side.told(f"35=4|34=4|{DUP}36=9|123=Y|")
    assert side.says() == side.expected("35=2|34=2|7=2|16=0|")
    side.told(news(2, again=True), news(3, again=True))
    assert side.session.next_in == 9


def test_10b_a_gap_fill_moves_on_and_the_held_follow(acceptor: Make) -> None:
    side = acceptor()
    side.told(news(5))
    side.told(f"35=4|34=2|{DUP}36=5|123=Y|")
    assert side.received() == [("B", 5, False)]
    assert side.session.next_in == 6


def test_10b_a_gap_fill_over_held_messages_lets_them_go(acceptor: Make) -> None:
    side = acceptor()
    side.told(news(5))
    side.told(f"35=4|34=2|{DUP}36=8|123=Y|")
    assert side.received() == []
    assert side.session.next_in == 8
    side.told(news(8))
    assert side.received() == [("B", 8, False)]
    side.says()
    # What was let go does not disturb the next gap.
    side.told(news(11), news(12))
    assert side.says() == side.expected("35=2|34=3|7=9|16=0|")


def test_a_gap_fill_needs_no_original_time(acceptor: Make) -> None:
    side = acceptor()
    side.told("35=4|34=2|43=Y|36=5|123=Y|")
    assert side.says() == []
    assert side.session.next_in == 5


def test_10c_an_old_gap_fill_is_ignored(acceptor: Make) -> None:
    side = acceptor()
    side.told(f"35=4|34=1|{DUP}36=9|123=Y|")
    assert side.says() == []
    assert side.session.next_in == 2


def test_10d_an_old_gap_fill_that_is_no_duplicate_ends_the_session(acceptor: Make) -> None:
    side = acceptor()
    side.told("35=4|34=1|36=9|123=Y|")
    assert side.says() == side.expected(
        "35=5|34=2|58=MsgSeqNum too low, expecting 2 but received 1|"
    )


@pytest.mark.parametrize("new", [1, 2])
def test_10e_a_gap_fill_that_does_not_go_forward_is_rejected(acceptor: Make, new: int) -> None:
    side = acceptor()
    side.told(f"35=4|34=2|36={new}|123=Y|")
    text = "Value is incorrect (out of range) for this tag"
    assert side.says() == side.expected(f"35=3|34=2|45=2|58={text}|371=36|372=4|373=5|")
    assert side.session.next_in == 2


@pytest.mark.parametrize("flag", ["", "123=N|"])
@pytest.mark.parametrize("seq", [1, 2, 50])
def test_11a_a_reset_goes_forward_whatever_its_number(acceptor: Make, flag: str, seq: int) -> None:
    side = acceptor()
    side.told(f"35=4|34={seq}|{flag}36=7|")
    assert side.says() == []
    assert side.session.next_in == 7


def test_11a_a_reset_closes_the_gap(acceptor: Make) -> None:
    side = acceptor()
    side.told(news(5), news(8))
    side.says()
    side.told("35=4|34=9|36=8|")
    assert side.received() == [("B", 8, False)]
    assert side.says() == []
    assert side.session.deadline() == side.now + 30 * S


def test_11b_a_reset_to_where_we_are_changes_nothing(acceptor: Make) -> None:
    side = acceptor()
    side.told("35=4|34=9|36=2|")
    assert side.says() == []
    assert side.session.next_in == 2


def test_11c_a_reset_backwards_is_rejected(acceptor: Make) -> None:
    side = acceptor(next_in=5)
    side.told("35=4|34=17|36=5|")
    text = "Value is incorrect (out of range) for this tag"
    assert side.says() == side.expected(f"35=3|34=2|45=17|58={text}|371=36|372=4|373=5|")
    assert side.session.next_in == 6


@pytest.mark.parametrize(("field", "reason"), [("", 1), ("36=|", 1), ("36=x|", 6)])
def test_a_reset_to_nowhere_is_rejected(initiator: Make, field: str, reason: int) -> None:
    side = initiator()
    side.told(f"35=4|34=2|{field}123=Y|")
    assert [line.split("|371=")[1].split("|10=")[0] for line in side.says()] == [
        f"36|372=4|373={reason}"
    ]
