"""The numbers of an OMS's session begin again while it may not have got all that it was told: that
is told again under new numbers, with PossResend(97), and under its own ExecIDs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from router.fix.session import Session
from router.messages import SessionCommanded, Step
from router.runtime import resends
from tests.oms import notation
from tests.oms.desk import Desk
from tests.oms.peers import Child, Peer

AT = "fix.acceptor.sessions.0.reset_seq_time=14:40"
"""It is 14:30."""
TO_THE_RESET = 600
SURE = 102
"""Seconds: 2.4 times HeartBtInt until silence ends a line, and one heartbeat more."""
LONG = SURE + 30
"""What was sent so long ago has arrived: within the last 30 s the peer was heard."""
ACK, FILL = "8 X 0/0 1000/0/1000", "8 X F/1 1000/400/600 +400@10 ~10"


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk(AT, "fix.defaults.check_latency=false")
    made.open()
    yield made
    made.close()


def working(desk: Desk) -> Child:
    """X has a child that rests."""
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    return child


def told(peer: Peer) -> list[tuple[bool, str]]:
    """What a client was told since the last look: whether it may have had it, and what."""
    return [(each.get("97") == "Y", notation.to_oms(each)) for each in peer.read()]


def begin_again(desk: Desk) -> None:
    """The OMS keeps the same hours."""
    desk.oms.session.reset(desk.now)
    desk.oms.connect()


def test_a_fill_that_comes_while_it_is_away_is_told_in_the_next_period(desk: Desk) -> None:
    child = working(desk)
    desk.wait(LONG)
    assert told(desk.oms) == [(False, ACK)]
    desk.oms.drop()
    child.fill(400, "10", "A1")
    desk.wait(TO_THE_RESET - LONG)
    begin_again(desk)
    assert told(desk.oms) == [(True, FILL)]
    child.fill(600, "10", "A2")
    assert told(desk.oms) == [(False, "8 X F/2 1000/1000/0 +600@10 ~10")]
    assert any("POSS_RESEND: 1 messages" in each for each in desk.node.faults)


def test_what_was_sent_shortly_before_it_was_lost_may_not_have_arrived(desk: Desk) -> None:
    child = working(desk)
    desk.wait(2 * SURE)
    child.fill(400, "10", "A1")
    desk.wait(SURE - 1)
    assert told(desk.oms) == [(False, ACK), (False, FILL)]
    desk.oms.drop()
    desk.wait(TO_THE_RESET)
    begin_again(desk)
    assert told(desk.oms) == [(True, FILL)]


def test_what_was_sent_long_before_has_arrived(desk: Desk) -> None:
    child = working(desk)
    desk.wait(120)
    child.fill(400, "10", "A1")
    desk.wait(LONG)
    desk.oms.drop()
    desk.wait(TO_THE_RESET)
    told(desk.oms)
    begin_again(desk)
    assert told(desk.oms) == []


def test_a_line_that_was_up_for_a_short_time_shows_nothing(desk: Desk) -> None:
    child = working(desk)
    desk.wait(LONG)
    desk.oms.drop()
    child.fill(400, "10", "A1")
    desk.oms.connect()
    desk.wait(SURE - 1)
    desk.oms.drop()
    desk.wait(TO_THE_RESET)
    told(desk.oms)
    begin_again(desk)
    assert told(desk.oms) == [(True, FILL)]


def test_on_a_line_that_is_up_the_newest_is_told_again(desk: Desk) -> None:
    """It may break before the answer, and then nobody knows how far the other side has read."""
    child = working(desk)
    desk.wait(TO_THE_RESET - 1)
    child.fill(400, "10", "A1")
    desk.wait(2)
    assert desk.oms.session.next_in == 3, "a Logon, and the fill again"
    assert told(desk.oms) == [(False, ACK), (False, FILL), (True, FILL)]


def test_a_reset_of_ours_that_is_not_answered_loses_nothing(desk: Desk) -> None:
    child = working(desk)
    desk.wait(TO_THE_RESET - 1)
    child.fill(400, "10", "A1", now=False)
    desk.a.settle()
    told(desk.oms)
    desk.node.received(desk.a.conn, desk.a.frames(), desk.now)
    desk.now += 2_000_000_000
    desk.node.tick(desk.now)
    desk.oms.drop()
    assert told(desk.oms) == [], "it was on its way, and so was the Logon behind it"
    begin_again(desk)
    assert told(desk.oms) == [(True, FILL)]


def test_it_may_ask_for_what_was_told_again_and_that_still_says_so(desk: Desk) -> None:
    """The first of the new numbers are taken before anybody calls: they come by resend."""
    child = working(desk)
    desk.oms.drop()
    child.fill(400, "10", "A1")
    desk.wait(TO_THE_RESET)
    told(desk.oms)
    begin_again(desk)
    messages = desk.oms.read()
    assert [each.get("17") for each in messages] == ["RA1-0", "LIT_A.20260105.A1"]
    assert all(each.get("43") == each.get("97") == "Y" for each in messages)


def test_an_answer_to_a_message_that_makes_no_sense_is_not_told_again(desk: Desk) -> None:
    """Its RefSeqNum(45) is a number of before."""
    desk.wait(90)
    desk.oms.say("B", "148=x|33=1|58=y")
    assert [each.msg_type for each in desk.oms.read()] == ["j"]
    desk.oms.drop()
    desk.wait(TO_THE_RESET)
    begin_again(desk)
    assert desk.oms.read() == []


def test_an_oms_that_begins_again_at_its_logon(desk: Desk) -> None:
    child = working(desk)
    desk.wait(LONG)
    desk.oms.drop()
    child.fill(400, "10", "A1")
    told(desk.oms)
    desk.oms.session = Session(replace(desk.oms.session.config, reset_on_logon=True))
    for _ in range(2):
        desk.oms.connect()
        assert told(desk.oms) == [(True, FILL)], "once more after a second reset, and once"
        desk.oms.drop()


def test_a_reset_by_an_operator(desk: Desk) -> None:
    child = working(desk)
    desk.wait(LONG)
    desk.oms.drop()
    child.fill(400, "10", "A1")
    told(desk.oms)
    steps = list[Step]()
    desk.on_step = steps.append
    desk.node.operate(SessionCommanded("OMS", "reset", who="ops", reason="test"), desk.now)
    (step,) = steps
    assert (len(step.sent), step.numbers[0].next_out) == (1, 2), "one record: a crash finds both"
    desk.run()
    begin_again(desk)
    assert told(desk.oms) == [(True, FILL)]


def test_numbers_that_an_operator_sets_are_no_reset(desk: Desk) -> None:
    """Not even after one: the session is another, and has begun again not once."""
    working(desk)
    desk.oms.drop()
    desk.node.operate(SessionCommanded("OMS", "reset", who="ops", reason="test"), desk.now)
    asked = SessionCommanded("OMS", "set_numbers", "ops", "test", next_in=1, next_out=1)
    desk.node.operate(asked, desk.now)
    desk.run()
    assert desk.node.links["OMS"].session.next_out == 1


@pytest.mark.parametrize("when", ["before the reset", "after the reset"])
def test_a_crash_loses_nothing_of_it(desk: Desk, when: str) -> None:
    child = working(desk)
    desk.wait(LONG)
    desk.oms.drop()
    child.fill(400, "10", "A1")
    told(desk.oms)
    if when == "after the reset":
        desk.wait(TO_THE_RESET)
    desk.kill()
    desk.now += TO_THE_RESET * 1_000_000_000
    desk.boot()
    begin_again(desk)
    assert told(desk.oms) == [(True, FILL)]


def test_a_process_that_dies_knows_what_has_arrived_by_what_it_said_last(desk: Desk) -> None:
    child = working(desk)
    desk.wait(120)
    child.fill(400, "10", "A1")
    told(desk.oms)
    desk.kill()
    desk.now += TO_THE_RESET * 1_000_000_000
    desk.boot()
    begin_again(desk)
    assert told(desk.oms) == [(True, FILL)], "and not the acknowledgement, of 120 s before"


def test_a_process_that_stood_still_has_heard_nobody_meanwhile(desk: Desk) -> None:
    """Its peer may have been gone for as long; when it goes on it finds the line closed."""
    child = working(desk)
    desk.wait(LONG)
    child.fill(400, "10", "A1")
    told(desk.oms)
    desk.now += LONG * 1_000_000_000
    desk.oms.drop()
    desk.wait(TO_THE_RESET)
    begin_again(desk)
    assert told(desk.oms) == [(True, FILL)]


def test_a_clock_that_is_behind_makes_nothing_arrive(desk: Desk) -> None:
    child = working(desk)
    desk.wait(240)
    desk.oms.drop()
    desk.kill()
    desk.now -= 200 * 1_000_000_000
    desk.boot()
    desk.a.connect()
    child.tell_status(extra="584=Q|912=Y|")
    child.fill(400, "10", "A1")
    told(desk.oms)
    desk.wait(TO_THE_RESET)
    begin_again(desk)
    assert (True, FILL) in told(desk.oms)


def test_of_too_much_the_newest_is_told_and_an_operator(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resends, "AGAIN_MAX", 2)
    monkeypatch.setattr(resends, "_AT_ONCE", 2)
    child = working(desk)
    desk.oms.drop()
    for number in range(3):
        child.fill(100, "10", f"A{number}")
    told(desk.oms)
    desk.wait(TO_THE_RESET)
    (fault,) = [each for each in desk.node.faults if "POSS_RESEND" in each]
    assert fault.endswith("it must ask for the state of its orders")
    desk.oms.session.reset(desk.now)


def test_a_venue_is_told_nothing_again() -> None:
    """It is asked: an order is sent once."""
    desk = Desk("venues.LIT_A.reset_seq_time=14:40", "fix.defaults.check_latency=false")
    desk.open()
    desk.oms.order("X")
    desk.a.drop()
    desk.wait(TO_THE_RESET)
    desk.a.session.reset(desk.now)
    desk.a.connect()
    assert not [each for each in desk.a.read() if each.get("97") == "Y"]
    assert not any("POSS_RESEND" in each for each in desk.node.faults)
