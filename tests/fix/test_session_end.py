"""Scenarios 12 and 13: Logout, ours and theirs, also in a gap."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from router.fix import outbox
from router.fix.session import LoggedOn, LoggedOut, LoggingOut, SessionState
from router.fix.states import TRANSITIONS, Move
from tests.fix.wire import OneSide, S

Make = Callable[..., OneSide]
NEWS = "148=x|33=1|58=y|"


def logout(side: OneSide, text: str = "") -> None:
    side.session.logout(text, side.now)
    side.settle()


def outlines(side: OneSide) -> list[str]:
    """What was said: MsgType, MsgSeqNum, PossDupFlag."""
    return [line.split("|49=")[0].split("|35=")[1] for line in side.says()]


def test_12_our_logout_waits_for_the_answer(acceptor: Make) -> None:
    side = acceptor()
    logout(side, "end of day")
    assert side.says() == side.expected("35=5|34=2|58=end of day|")
    assert side.session.deadline() == side.now + 2 * S
    side.told(f"35=B|34=2|{NEWS}", "35=5|34=3|")
    assert side.says() == []
    assert side.session.wants_close
    assert side.session.next_in == 4
    events = side.reports()
    assert events[0] == LoggingOut("end of day")
    assert [getattr(event, "seq", None) for event in events[1:]] == [2, None]
    assert events[-1] == LoggedOut("Logout")


def test_12_resend_requests_are_answered_behind_our_logout(acceptor: Make) -> None:
    side = acceptor()
    side.send("B", NEWS)
    logout(side)
    side.says()
    side.told("35=2|34=2|7=2|16=0|")
    assert outlines(side) == ["B|34=2|43=Y", "4|34=3|43=Y"]


def test_12_without_an_answer_we_close(acceptor: Make) -> None:
    side = acceptor(logout_timeout=5)
    logout(side)
    side.says()
    side.wait(4.999)
    assert not side.session.wants_close
    side.wait(0.001)
    assert side.session.wants_close
    assert side.says() == []
    assert side.reports() == [LoggingOut(""), LoggedOut("no answer in time")]


def test_messages_after_our_logout_are_kept_for_later(acceptor: Make) -> None:
    side = acceptor()
    logout(side)
    side.says()
    assert side.send("B", NEWS) == 3
    assert side.says() == []


def test_nothing_overtakes_what_is_kept_for_later(acceptor: Make) -> None:
    """Seed 6689 of the simulation: an answer with 7 after 5, as 6 was kept (I6)."""
    side = acceptor()
    logout(side)
    side.says()
    side.send("B", NEWS)
    side.session.refuse(2, "D", 5, None, "no", side.now)
    side.told("35=1|34=2|112=HELLO|", "35=2|34=3|7=1|16=0|")
    assert outlines(side) == ["4|34=1|43=Y"]  # 3, 4 and 5 have not left, so they are not asked for
    side.told("35=5|34=4|")
    side.lose()
    side.connect()
    side.told("35=A|34=5|98=0|108=30|", "35=2|34=6|7=3|16=0|")
    assert outlines(side) == ["A|34=6", "B|34=3|43=Y", "3|34=4|43=Y", "4|34=5|43=Y"]


def test_a_reject_behind_our_logout_still_leaves(acceptor: Make) -> None:
    side = acceptor()
    logout(side)
    side.session.refuse(2, "D", 5, None, "no", side.now)
    side.settle()
    assert side.says()[1:] == side.expected("35=3|34=3|45=2|58=no|372=D|373=5|")


def test_13_their_logout_is_answered_and_they_may_close(acceptor: Make) -> None:
    side = acceptor()
    side.told("35=5|34=2|58=bye|")
    assert side.says() == side.expected("35=5|34=2|")
    assert side.reports() == [LoggedOut("bye")]
    assert side.session.state is SessionState.LOGOUT_ANSWERED
    assert not side.session.wants_close
    assert side.session.next_in == 3
    side.told("35=5|34=3|", f"35=B|34=4|{NEWS}")
    assert side.says() == []
    side.lose()
    assert side.reports() == []
    assert side.session.deadline() is None


def test_13_if_they_do_not_close_we_do(acceptor: Make) -> None:
    side = acceptor()
    side.told("35=5|34=2|")
    side.wait(2)
    assert side.session.wants_close
    assert side.reports() == [LoggedOut("Logout")]


def test_a_logout_in_a_gap_is_answered_and_spends_no_number(acceptor: Make) -> None:
    side = acceptor()
    side.told("35=5|34=9|")
    assert side.says() == side.expected("35=5|34=2|")
    assert side.session.next_in == 2
    side.lose()
    side.connect()
    side.reports()
    side.told("35=A|34=10|98=0|108=30|")
    assert side.says() == side.expected("35=A|34=3|98=0|108=30|", "35=2|34=4|7=2|16=0|")
    assert side.reports() == [LoggedOn()]


def test_a_resend_request_for_our_logout_is_answered(acceptor: Make) -> None:
    side = acceptor()
    side.send("B", NEWS)
    side.told("35=5|34=2|")
    side.says()
    side.told("35=2|34=3|7=2|16=0|")
    assert outlines(side) == ["B|34=2|43=Y", "4|34=3|43=Y"]


@pytest.mark.parametrize("ours", [True, False])
def test_resend_requests_do_not_put_the_end_off_for_ever(acceptor: Make, *, ours: bool) -> None:
    side = acceptor()
    side.send("B", NEWS)
    side.told(f"35={0 if ours else 5}|34=2|")
    if ours:
        logout(side)
    for seq in range(3, 8):
        side.says()
        side.told(f"35=2|34={seq}|7=2|16=2|")
        assert outlines(side) == ["B|34=2|43=Y"]
        side.wait(1.9)
    assert not side.session.wants_close
    side.told("35=2|34=8|7=2|16=2|")
    side.wait(0.499)
    assert not side.session.wants_close
    side.wait(0.001)
    assert side.session.wants_close
    assert LoggedOut("no answer in time" if ours else "Logout") in side.reports()


def test_each_connection_has_its_own_time_to_end(acceptor: Make) -> None:
    side = acceptor()
    logout(side)
    side.wait(2)
    side.lose()
    side.wait(60)
    side.connect()
    side.told("35=A|34=2|98=0|108=30|")
    logout(side)
    side.wait(1.5)
    side.told("35=2|34=3|7=1|16=1|")
    side.wait(1.999)
    assert not side.session.wants_close
    side.wait(0.001)
    assert side.session.wants_close


def test_a_session_without_a_logon_is_just_dropped(acceptor: Make, initiator: Make) -> None:
    for make in (acceptor, initiator):
        side = make(logon=False)
        logout(side, "shutdown")
        assert side.says() == []
        assert side.session.wants_close
        assert side.session.closed_reason == "shutdown"


def test_a_disconnected_session_has_nothing_to_end(acceptor: Make) -> None:
    side = acceptor()
    side.lose()
    logout(side)
    assert side.says() == []
    assert not side.session.wants_close
    side.hears(b"late bytes")
    assert side.session.state is SessionState.DISCONNECTED


def test_a_fault_after_our_logout_is_the_end_without_a_second_one(acceptor: Make) -> None:
    side = acceptor()
    logout(side)
    side.says()
    side.told("35=0|34=1|")
    assert side.says() == []
    assert side.session.wants_close


@pytest.mark.parametrize("state", list(SessionState))
def test_every_state_can_be_lost_and_every_connected_one_dropped(state: SessionState) -> None:
    assert TRANSITIONS[state, Move.LOST] is SessionState.DISCONNECTED
    assert ((state, Move.DROP) in TRANSITIONS) is (state is not SessionState.DISCONNECTED)


def test_a_session_connects_once_at_a_time(acceptor: Make) -> None:
    side = acceptor()
    with pytest.raises(KeyError):
        side.session.connect(side.now)


# --- in the middle of a resend -------------------------------------------------------------------


def resending(acceptor: Make, monkeypatch: pytest.MonkeyPatch) -> OneSide:
    """An acceptor that has said Logon 1 and news 2 to 5, and is asked for all of it, in pieces."""
    monkeypatch.setattr(outbox, "RESEND_RANGE_MAX", 2)
    side = acceptor()
    for _ in range(4):
        side.send("B", NEWS)
    side.answers = False
    side.told("35=2|34=2|7=2|16=0|")
    side.says()
    side.reports()
    return side


def starts(side: OneSide) -> list[str]:
    return [line.split("|49=")[0].split("|35=")[1] for line in side.says()]


def test_their_logout_is_answered_behind_the_resend(
    acceptor: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = resending(acceptor, monkeypatch)
    side.told("35=5|34=3|58=bye|")
    assert side.says() == []
    assert side.reports() == [LoggedOut("bye")]
    # They are given their time from each piece on, not from their Logout on.
    side.wait(1.5)
    side.resend(side.open.pop())
    side.listen()
    side.collect()
    assert starts(side) == ["B|34=2|43=Y", "B|34=3|43=Y"]
    side.wait(1.5)
    side.answer()
    assert starts(side) == ["B|34=4|43=Y", "B|34=5|43=Y", "5|34=6"]
    side.wait(1.999)
    assert not side.session.wants_close
    side.wait(0.001)
    assert side.session.wants_close


def test_our_logout_leaves_behind_the_resend(
    acceptor: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = resending(acceptor, monkeypatch)
    logout(side, "bye")
    assert side.says() == []
    side.answer()
    assert starts(side)[-1:] == ["5|34=6"]
    side.told("35=5|34=3|")
    assert side.session.wants_close
    assert side.says() == []


def test_a_logout_never_becomes_part_of_a_resend(
    acceptor: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = resending(acceptor, monkeypatch)
    monkeypatch.setattr(outbox, "OUT_HELD_MAX", 1)
    side.send("B", NEWS)
    logout(side)
    side.answer()
    assert starts(side)[-2:] == ["B|34=6", "5|34=7"]


def test_a_resend_that_does_not_go_on_ends_with_the_logout(
    acceptor: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = resending(acceptor, monkeypatch)
    side.told("35=5|34=3|")
    side.wait(2)
    assert side.session.wants_close
    # Nothing is said after the end.
    side.answer()
    assert side.says() == []


def test_logouts_that_cross_before_ours_has_left_end_it_all_the_same(
    acceptor: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = resending(acceptor, monkeypatch)
    logout(side, "bye")
    side.told("35=5|34=3|")
    assert starts(side) == ["5|34=6"]
    assert side.session.wants_close


def test_a_fault_in_the_middle_of_a_resend_is_told_at_once(
    acceptor: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = resending(acceptor, monkeypatch)
    side.send("B", NEWS)
    side.told("35=0|34=1|")
    assert starts(side) == ["B|34=6", "5|34=7"]
    side.answer()
    assert side.says() == []


@pytest.mark.parametrize("seq", [1, 2, 5])
@pytest.mark.parametrize("flag", ["", "43=Y|122=20260105-14:29:00.000|"])
def test_a_logout_is_answered_whatever_its_number(acceptor: Make, seq: int, flag: str) -> None:
    side = acceptor()
    side.told(f"35=5|34={seq}|{flag}")
    assert side.says() == side.expected("35=5|34=2|")
    assert side.session.next_in == (3 if seq == 2 else 2)


def test_a_resend_request_behind_an_answered_logout_is_answered_once_more(
    acceptor: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = resending(acceptor, monkeypatch)
    side.answer()
    side.told("35=5|34=9|")
    side.says()
    side.answers = True
    side.told("35=2|34=10|7=5|16=0|")
    assert starts(side) == ["B|34=5|43=Y", "4|34=6|43=Y"]
    assert side.session.next_in == 3
