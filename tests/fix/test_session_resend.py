"""Scenarios 2b, 8, 10, 11 and 20: gaps on either side, and sequence resets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from router.fix import inbox, outbox, states
from router.fix.session import LoggedOut, ResendNeeded, SessionState
from tests.fix.wire import OneSide, said

Make = Callable[..., OneSide]
NEWS = "148=x|33=1|58=y|"
DUP = "43=Y|122=20260105-14:29:00.000|"


def news(seq: int, *, again: bool = False) -> str:
    return f"35=B|34={seq}|{DUP if again else ''}{NEWS}"


# --- our gap -------------------------------------------------------------------------------------


def test_2b_messages_too_high_wait_and_are_taken_in_order(acceptor: Make) -> None:
    side = acceptor()
    side.told(news(5), news(4), news(6))
    assert side.says() == side.expected("35=2|34=2|7=2|16=0|")
    assert side.received() == []
    side.told(news(2, again=True), news(3, again=True))
    assert side.received() == [
        ("B", 2, True),
        ("B", 3, True),
        ("B", 4, False),
        ("B", 5, False),
        ("B", 6, False),
    ]
    # The peer's resend goes on over what was held.
    side.told(news(4, again=True), news(5, again=True), news(6, again=True), news(7))
    assert side.received() == [("B", 7, False)]
    assert side.says() == []


def test_a_test_request_in_a_gap_is_answered_in_its_turn(acceptor: Make) -> None:
    side = acceptor()
    side.told("35=1|34=3|112=T|")
    assert side.says() == side.expected("35=2|34=2|7=2|16=0|")
    side.told(news(2, again=True))
    assert side.says() == side.expected("35=0|34=3|112=T|")
    assert side.received() == [("B", 2, True)]


def test_a_faulty_message_in_a_gap_is_rejected_in_its_turn_and_the_held_ones_follow(
    acceptor: Make,
) -> None:
    side = acceptor()
    side.told("35=D|34=3|55=BAC|54=1|60=20260105-14:30:00|40=1|", news(4))
    assert side.says() == side.expected("35=2|34=2|7=2|16=0|")
    side.told(news(2, again=True))
    assert side.says() == side.expected(
        "35=3|34=3|45=3|58=Required tag missing|371=11|372=D|373=1|"
    )
    assert side.received() == [("B", 2, True), ("B", 4, False)]


def test_a_large_gap_is_asked_for_in_closed_pieces(acceptor: Make) -> None:
    side = acceptor(resend_request_chunk_size=3)
    side.told(news(9))
    assert side.says() == side.expected("35=2|34=2|7=2|16=4|")
    side.told(news(2, again=True), news(3, again=True))
    assert side.says() == []
    side.told(news(4, again=True))
    assert side.says() == side.expected("35=2|34=3|7=5|16=7|")
    side.told(f"35=4|34=5|{DUP}36=8|123=Y|")
    assert side.says() == side.expected("35=2|34=4|7=8|16=0|")
    side.told(news(8, again=True))
    assert side.session.next_in == 10
    assert side.says() == []


@pytest.mark.parametrize(("chunk", "end"), [(0, 0), (8, 0), (7, 8)])
def test_a_gap_up_to_the_chunk_size_is_asked_for_whole(
    acceptor: Make, chunk: int, end: int
) -> None:
    side = acceptor(resend_request_chunk_size=chunk)
    side.told(news(10))
    assert side.says() == side.expected(f"35=2|34=2|7=2|16={end}|")


def test_a_hole_behind_the_gap_is_asked_for_next(acceptor: Make) -> None:
    side = acceptor()
    side.told(news(4), news(6))
    assert side.says() == side.expected("35=2|34=2|7=2|16=0|")
    side.told(news(2, again=True), news(3, again=True))
    assert side.says() == side.expected("35=2|34=3|7=5|16=0|")
    side.told(news(5, again=True))
    assert side.session.next_in == 7


def test_held_messages_are_bounded_and_what_was_let_go_is_asked_for_again(
    initiator: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "HELD_MESSAGES_MAX", 2)
    side = initiator()
    side.told(news(3), news(4), news(5), news(6))
    assert side.says() == side.expected("35=2|34=2|7=2|16=0|")
    side.told(news(2, again=True))
    assert side.received() == [("B", 2, True), ("B", 3, False), ("B", 4, False)]
    assert side.says() == side.expected("35=2|34=3|7=5|16=0|")
    side.told(news(5, again=True), news(6, again=True))
    assert side.session.next_in == 7


def test_the_bounds_are_those_of_the_reference() -> None:
    assert states.HELD_MESSAGES_MAX == 10_000
    assert states.HELD_BYTES_MAX == 16 * 1024 * 1024


def test_held_bytes_are_bounded(initiator: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "HELD_BYTES_MAX", len(said(news(3))) * 2)
    side = initiator()
    side.told(news(3), news(4), news(5))
    side.told(news(2, again=True))
    assert side.session.next_in == 5


def test_an_unanswered_request_is_repeated_once_and_then_the_session_ends(acceptor: Make) -> None:
    side = acceptor(heart_bt_int_max=3600)
    side.told(news(4))
    side.says()
    side.wait(10)
    assert side.says() == side.expected("35=2|34=3|7=2|16=0|")
    side.wait(10)
    assert side.says() == side.expected("35=5|34=4|58=ResendRequest was not answered|")
    assert side.session.state is SessionState.EXPELLED


def test_an_answer_that_has_begun_earns_another_repetition(acceptor: Make) -> None:
    side = acceptor()
    side.told(news(9))
    side.wait(10)
    side.told(news(2, again=True))
    side.says()
    side.wait(10)
    assert side.says() == side.expected("35=2|34=4|7=3|16=0|")
    assert side.session.logged_on


def test_nothing_follows_the_logout_of_a_tick(acceptor: Make) -> None:
    side = acceptor(logon=False)
    side.told("35=A|34=1|98=0|108=10|", news(4))
    side.wait(9)
    side.told("35=0|34=5|")
    side.wait(10)
    side.says()
    # The request's end and a heartbeat are due in the same instant.
    side.wait(1)
    assert side.says() == side.expected("35=5|34=5|58=ResendRequest was not answered|")


def test_held_messages_do_not_follow_one_that_ends_the_session(acceptor: Make) -> None:
    side = acceptor()
    side.told(f"35=B|34=3|43=Y|122=20260105-14:30:01.000|{NEWS}", news(4))
    side.told(news(2, again=True))
    assert side.session.state is SessionState.EXPELLED
    assert side.received() == [("B", 2, True)]
    assert side.session.next_in == 4


def test_a_request_that_is_being_answered_is_not_repeated(acceptor: Make) -> None:
    side = acceptor()
    side.told(news(20))
    side.says()
    for seq in range(2, 6):
        side.wait(9)
        side.told(news(seq, again=True))
    assert not any("|35=2|" in each for each in side.says())
    side.wait(10)
    assert any("|35=2|" in each and "|7=6|16=0|" in each for each in side.says())


def test_a_rejected_request_is_not_repeated_until_the_gap_shows_again(acceptor: Make) -> None:
    side = acceptor()
    side.told(news(4))
    side.says()
    side.told("35=3|34=5|45=2|371=7|372=2|373=5|58=no|")
    assert side.says() == []
    side.wait(20)
    assert not any("|35=2|" in each or "|35=5|" in each for each in side.says())
    side.told("35=0|34=6|")
    assert any("|35=2|" in each and "|7=2|16=0|" in each for each in side.says())


def test_what_was_asked_is_forgotten_with_the_connection(acceptor: Make) -> None:
    side = acceptor()
    side.told(news(4))
    side.lose()
    side.connect()
    side.says()
    side.told("35=A|34=5|98=0|108=30|")
    assert side.says() == side.expected("35=A|34=3|98=0|108=30|", "35=2|34=4|7=2|16=0|")


def test_what_was_held_is_forgotten_with_the_connection(acceptor: Make) -> None:
    side = acceptor()
    side.told(news(4))
    side.lose()
    side.connect()
    side.told("35=A|34=2|98=0|108=30|", news(3))
    assert side.received() == [("B", 3, False)]
    side.told(news(4))
    assert side.received() == [("B", 4, False)]
    assert side.session.logged_on


def test_held_bytes_are_given_back(initiator: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "HELD_BYTES_MAX", len(said(news(3))) * 2)
    side = initiator()
    for first in (2, 5):
        side.told(news(first + 1), news(first + 2), news(first, again=True))
    assert side.session.next_in == 8


# --- their gap -----------------------------------------------------------------------------------


def speaking(acceptor: Make, **changes: object) -> OneSide:
    """An acceptor that has said: Logon 1, news 2 and 3, heartbeats 4 and 5, news 6, Reject 7."""
    side = acceptor(**changes)
    side.send("B", NEWS)
    side.send("B", NEWS.replace("y", "z=1"))
    side.told("35=1|34=2|112=A|", "35=1|34=3|112=B|")
    side.send("B", NEWS)
    side.told("35=D|34=4|")
    side.wait(60 - 30 - 1)
    side.says()
    side.reports()
    return side


def test_8_a_resend_keeps_numbers_bodies_and_original_times(acceptor: Make) -> None:
    side = speaking(acceptor)
    side.told("35=2|34=5|7=1|16=0|")
    time = "122=20260105-14:30:00.000|"
    now = "122=20260105-14:30:29.000|"
    dup = [
        f"35=4|34=1|43=Y|{now}36=2|123=Y|",
        f"35=B|34=2|43=Y|{time}{NEWS}",
        f"35=B|34=3|43=Y|{time}148=x|33=1|58=z=1|",
        f"35=4|34=4|43=Y|{now}36=6|123=Y|",
        f"35=B|34=6|43=Y|{time}{NEWS}",
        f"35=3|34=7|43=Y|{time}45=4|58=Required tag missing|371=11|372=D|373=1|",
    ]
    assert side.says() == side.expected(*dup)
    assert side.reports() == [ResendNeeded(1, 7)]
    assert side.session.next_out == 8


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        (2, 2, ["B|34=2"]),
        (4, 4, ["4|34=4"]),
        (4, 5, ["4|34=4"]),
        (5, 6, ["4|34=5", "B|34=6"]),
        (6, 999999, ["B|34=6", "3|34=7"]),
        (7, 0, ["3|34=7"]),
    ],
)
def test_8_a_range_is_clipped_to_what_was_sent(
    acceptor: Make, begin: int, end: int, expected: list[str]
) -> None:
    side = speaking(acceptor)
    side.told(f"35=2|34=5|7={begin}|16={end}|")
    said_now = side.says()
    assert len(said_now) == len(expected)
    for line, start in zip(said_now, expected, strict=True):
        assert f"|35={start}|43=Y|" in line


def test_8_a_trailing_run_of_admin_ends_with_the_next_number(acceptor: Make) -> None:
    side = acceptor()
    side.told("35=1|34=2|112=A|", "35=2|34=3|7=1|16=0|")
    assert side.says()[1:] == side.expected("35=4|34=1|43=Y|122=20260105-14:30:00.000|36=3|123=Y|")


def test_8_frames_that_the_store_leaves_out_are_gap_filled(acceptor: Make) -> None:
    side = speaking(acceptor)
    del side.stored[3]
    side.told("35=2|34=5|7=2|16=6|")
    assert [line.split("|43=Y")[0].split("|35=")[1] for line in side.says()] == [
        "B|34=2",
        "4|34=3",
        "B|34=6",
    ]
    side.stored.clear()
    side.told("35=2|34=6|7=2|16=6|")
    now = "122=20260105-14:30:29.000|"
    assert side.says() == side.expected(f"35=4|34=2|43=Y|{now}36=7|123=Y|")


@pytest.mark.parametrize(
    ("begin", "end", "tag"),
    [("9", "0", 7), ("0", "0", 7), ("5", "4", 16), ("8", "0", 7)],
)
def test_8_a_range_that_is_none_is_rejected_not_looped(
    acceptor: Make, begin: str, end: str, tag: int
) -> None:
    side = speaking(acceptor)
    side.told(f"35=2|34=5|7={begin}|16={end}|")
    text = "Value is incorrect (out of range) for this tag"
    assert side.says() == side.expected(f"35=3|34=8|45=5|58={text}|371={tag}|372=2|373=5|")
    assert side.session.next_in == 6


def test_a_range_that_cannot_be_read_is_rejected_without_a_dictionary_too(
    initiator: Make,
) -> None:
    side = initiator()
    side.told("35=2|34=2|7=x|16=0|", "35=2|34=3|7=1|")
    assert [line.split("|371=")[1].split("|10=")[0] for line in side.says()] == [
        "7|372=2|373=5",
        "16|372=2|373=5",
    ]


def test_live_messages_wait_behind_a_resend(acceptor: Make) -> None:
    side = speaking(acceptor)
    side.answers = False
    side.told("35=2|34=5|7=2|16=3|")
    side.send("B", NEWS)
    side.told("35=1|34=6|112=T|")
    assert side.says() == []
    assert side.reports() == [ResendNeeded(2, 3)]
    side.answer()
    assert [line.split("|49=")[0].split("|35=")[1] for line in side.says()] == [
        "B|34=2|43=Y",
        "B|34=3|43=Y",
        "B|34=8",
        "0|34=9",
    ]
    side.send("B", NEWS)
    assert [line.split("|49=")[0].split("|35=")[1] for line in side.says()] == ["B|34=10"]


def test_requests_that_come_together_are_answered_one_after_the_other(acceptor: Make) -> None:
    side = speaking(acceptor)
    side.answers = False
    side.told("35=2|34=5|7=2|16=0|")
    side.send("B", NEWS)
    side.told("35=2|34=6|7=3|16=0|", "35=2|34=7|7=8|16=0|")
    assert side.reports() == [ResendNeeded(2, 7)]
    side.answer()
    # What waits is live and leaves behind: it is not resent.
    assert side.reports() == [ResendNeeded(3, 7)]
    numbers = [int(line.split("|34=")[1].split("|")[0]) for line in side.says()]
    assert numbers == [2, 3, 4, 6, 7, 3, 4, 6, 7, 8]


def test_too_many_requests_at_once_end_the_connection(acceptor: Make) -> None:
    side = speaking(acceptor)
    side.answers = False
    side.told(*(f"35=2|34={seq}|7=2|16=3|" for seq in range(5, 13)))
    assert not side.session.wants_close
    side.told("35=2|34=13|7=4|16=5|")
    assert side.session.wants_close


def test_a_request_asked_over_and_over_is_answered_eight_times_at_most(acceptor: Make) -> None:
    side = speaking(acceptor)
    side.answers = False
    side.told(*(f"35=2|34={seq}|7=2|16=3|" for seq in range(5, 200)))
    assert side.session.logged_on
    side.answer()
    assert side.reports() == [ResendNeeded(2, 3)] * 8
    assert len(side.says()) == 16


def test_a_long_request_that_comes_again_adds_nothing(
    acceptor: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "RESEND_RANGE_MAX", 2)
    side = speaking(acceptor)
    side.answers = False
    side.told("35=2|34=5|7=2|16=0|")
    side.resend(side.open.pop())
    side.listen()
    side.told("35=2|34=6|7=2|16=0|", "35=2|34=7|7=3|16=6|")
    side.answer()
    assert side.reports() == [ResendNeeded(2, 3), ResendNeeded(4, 5), ResendNeeded(6, 7)]
    side.answers = True
    side.told("35=2|34=8|7=2|16=0|")
    assert side.reports() == [ResendNeeded(2, 3), ResendNeeded(4, 5), ResendNeeded(6, 7)]


def test_the_store_is_asked_for_one_piece_at_a_time(acceptor: Make) -> None:
    side = acceptor(next_out=10_000_000)
    side.answers = False
    side.told("35=2|34=2|7=1|16=0|")
    side.send("B", NEWS)
    begin, pieces = 1, 0
    while begin <= 10_000_000:
        [piece] = side.reports()
        assert piece == ResendNeeded(begin, min(begin + 499, 10_000_000))
        # Nothing else is asked until this is answered.
        side.listen()
        assert side.reports() == []
        side.open.clear()
        # Of all these the store has none: one gap fill goes over all pieces.
        assert side.says() == []
        side.session.resend([], side.now)
        side.settle()
        begin, pieces = begin + 500, pieces + 1
    assert pieces == 20_000
    time = "122=20260105-14:30:00.000|"
    assert side.says() == side.expected(
        f"35=4|34=1|43=Y|{time}36=10000001|123=Y|", f"35=B|34=10000001|{NEWS}"
    )


def test_9_what_cannot_be_sent_again_is_skipped_by_an_operators_word(acceptor: Make) -> None:
    side = speaking(acceptor)
    side.answers = False
    side.told("35=2|34=5|7=2|16=0|")
    side.send("B", NEWS)
    side.session.skip_to(20, side.now)
    side.settle()
    # The resend is given up; what waited behind it leaves first.
    assert side.says() == side.expected(f"35=B|34=8|{NEWS}", "35=4|34=9|36=20|123=N|")
    side.send("B", NEWS)
    assert side.says() == side.expected(f"35=B|34=20|{NEWS}")
    side.answers = True
    side.told("35=2|34=6|7=8|16=0|")
    time = "122=20260105-14:30:29.000|"
    assert side.says() == side.expected(
        f"35=B|34=8|43=Y|{time}{NEWS}",
        f"35=4|34=9|43=Y|{time}36=20|123=Y|",
        f"35=B|34=20|43=Y|{time}{NEWS}",
    )


def test_9_only_a_session_that_is_logged_on_skips_and_only_forward(acceptor: Make) -> None:
    side = acceptor()
    with pytest.raises(ValueError, match="allowed: from 4 on"):
        side.session.skip_to(3, side.now)
    side.lose()
    with pytest.raises(ValueError, match="not logged on"):
        side.session.skip_to(9, side.now)


def test_a_resend_ends_with_the_connection(acceptor: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "RESEND_RANGE_MAX", 2)
    side = speaking(acceptor)
    side.answers = False
    side.told("35=2|34=5|7=2|16=0|")
    side.reports()
    side.lose()
    side.session.resend([(2, side.stored[2])], side.now)
    side.listen()
    assert side.reports() == [LoggedOut("connection lost")]
    assert side.says() == []


@pytest.mark.parametrize("bound", ["OUT_HELD_MAX", "HELD_BYTES_MAX"])
def test_what_waits_too_long_behind_a_resend_becomes_part_of_it(
    acceptor: Make, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    side = speaking(acceptor)
    size = len(side.stored[2])
    monkeypatch.setattr(outbox, bound, 2 if bound == "OUT_HELD_MAX" else 2 * size + 2)
    monkeypatch.setattr(outbox, "RESEND_RANGE_MAX", 4)
    side.answers = False
    side.told("35=2|34=5|7=2|16=3|")
    for _ in range(7):
        side.send("B", NEWS)
    assert side.session.logged_on
    assert side.reports() == [ResendNeeded(2, 3)]
    side.answer()
    # 8 to 13 went to the store and come from there, the last waited: each once, in order.
    assert side.reports() == [ResendNeeded(8, 11), ResendNeeded(12, 13)]
    assert [line.split("|49=")[0].split("|34=")[1] for line in side.says()] == [
        *(f"{seq}|43=Y" for seq in (2, 3, 8, 9, 10, 11, 12, 13)),
        "14",
    ]


def test_what_joins_a_resend_joins_behind_the_open_piece(
    acceptor: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "OUT_HELD_MAX", 0)
    side = speaking(acceptor)
    side.answers = False
    side.told("35=2|34=5|7=6|16=0|")
    side.send("B", NEWS)
    assert side.reports() == [ResendNeeded(6, 7)]
    side.answer()
    assert side.reports() == [ResendNeeded(8, 8)]
    assert [line.split("|34=")[1].split("|")[0] for line in side.says()] == ["6", "7", "8"]


def test_too_much_that_waits_for_a_logon_ends_the_connection(
    initiator: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "OUT_HELD_MAX", 2)
    side = initiator(logon=False)
    for _ in range(2):
        side.send("B", NEWS)
    assert not side.session.wants_close
    side.send("B", NEWS)
    assert side.session.wants_close
    assert side.session.closed_reason == "too much waits behind a Logon"


def test_a_large_range_is_asked_of_the_store_in_pieces_that_join(
    acceptor: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "RESEND_RANGE_MAX", 2)
    side = speaking(acceptor)
    side.told("35=2|34=5|7=2|16=0|")
    assert side.reports() == [ResendNeeded(2, 3), ResendNeeded(4, 5), ResendNeeded(6, 7)]
    starts = [line.split("|43=Y")[0].split("|35=")[1] for line in side.says()]
    assert starts == ["B|34=2", "B|34=3", "4|34=4", "B|34=6", "3|34=7"]
    # A run of admin messages over the edge of a piece is one gap fill.
    side.told("35=2|34=6|7=1|16=5|")
    del side.stored[2], side.stored[3]
    side.says()
    side.told("35=2|34=7|7=1|16=6|")
    starts = [line.split("|43=Y")[0].split("|35=")[1] for line in side.says()]
    assert starts == ["4|34=1", "B|34=6"]


def test_20_a_request_too_high_is_answered_before_our_own_is_sent(acceptor: Make) -> None:
    side = speaking(acceptor)
    side.told("35=2|34=8|7=6|16=0|")
    first, second, own = side.says()
    assert "|35=B|34=6|43=Y|" in first
    assert "|35=3|34=7|43=Y|" in second
    assert [own] == side.expected("35=2|34=8|7=5|16=0|")
    side.told(f"35=4|34=5|{DUP}36=8|123=Y|")
    # The request's own number counts, and it is not answered twice.
    assert side.session.next_in == 9
    assert side.says() == []


def test_messages_sent_while_disconnected_are_numbered_and_come_by_resend(acceptor: Make) -> None:
    side = acceptor()
    side.lose()
    assert side.send("B", NEWS) == 2
    assert side.send("B", NEWS) == 3
    assert side.says() == []
    side.connect()
    side.told("35=A|34=2|98=0|108=30|", "35=2|34=3|7=2|16=0|")
    logon, *resent = side.says()
    assert [logon] == side.expected("35=A|34=4|98=0|108=30|")
    assert [line.split("|43=Y")[0].split("|35=")[1] for line in resent] == [
        "B|34=2",
        "B|34=3",
        "4|34=4",
    ]


def test_an_initiators_messages_wait_for_the_logon(initiator: Make) -> None:
    side = initiator(logon=False)
    assert side.send("B", NEWS) == 2
    assert side.says() == []
    side.told("35=A|34=1|98=0|108=30|")
    assert side.says() == side.expected(f"35=B|34=2|{NEWS}")


def test_an_initiators_messages_do_not_go_to_who_refuses_the_logon(initiator: Make) -> None:
    side = initiator(logon=False, next_in=5)
    side.send("B", NEWS)
    side.told("35=A|34=1|98=0|108=30|")
    assert side.says() == side.expected(
        "35=5|34=3|58=MsgSeqNum too low, expecting 5 but received 1|"
    )
    assert side.session.wants_close


def test_a_fault_during_a_resend_still_gets_its_logout(acceptor: Make) -> None:
    side = speaking(acceptor)
    side.answers = False
    side.told("35=2|34=5|7=2|16=3|")
    side.send("B", NEWS)
    side.told("35=0|34=1|")
    text = "MsgSeqNum too low, expecting 6 but received 1"
    assert side.says() == side.expected(f"35=B|34=8|{NEWS}", f"35=5|34=9|58={text}|")
    # The store's late answer is for nobody.
    side.answer()
    assert side.says() == []
