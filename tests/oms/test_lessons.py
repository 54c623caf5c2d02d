"""What the core tells the learner of a child: its lesson at its end, its markouts as they come."""

from __future__ import annotations

import math

import msgspec
import pytest

from router.messages import (
    Decide,
    Learn,
    LearnMarkout,
    MarkChild,
    Step,
    decode_step,
    encode_step,
)
from tests.oms.desk import Desk


def told(desk: Desk, kind: type) -> list[object]:
    return [each for _, commands in desk.history for each in commands if type(each) is kind]


def markouts(desk: Desk) -> list[tuple[int, object, object]]:
    """Horizon, markout and the one before."""
    found = [each for each in told(desk, LearnMarkout) if isinstance(each, LearnMarkout)]
    return [(each.horizon, each.markout_bp, each.before_bp) for each in found]


def lessons(desk: Desk) -> list[Learn]:
    return [each for each in told(desk, Learn) if isinstance(each, Learn)]


def filled(desk: Desk) -> None:
    """A child is filled at once, around a midpoint of 10."""
    desk.oms.order("X")
    desk.a.child().fill(1000, "11", "B")


def test_a_ticket_opens_at_the_fill_and_closes_with_its_last_horizon(desk: Desk) -> None:
    filled(desk)
    (lesson,) = lessons(desk)  # at once: what it cost comes later
    assert (lesson.sent_lots, lesson.filled_lots, lesson.markout_bp) == (10, 10, None)
    desk.wait(0.05)
    assert markouts(desk) == []
    desk.data_a.book("9.02", "11")  # mid 10.01
    desk.wait(0.05)
    assert markouts(desk) == [(0, pytest.approx(-10.0), 0.0)]
    desk.data_a.book("9", "10.94")  # mid 9.97
    desk.wait(0.9)
    assert markouts(desk)[1:] == [(1, pytest.approx(30.0), pytest.approx(-10.0))]
    desk.wait(4)
    assert markouts(desk)[2:] == [(2, pytest.approx(30.0), pytest.approx(30.0))]
    desk.data_a.book("9", "11")
    desk.wait(55)
    assert markouts(desk)[3:] == [(3, pytest.approx(0.0), pytest.approx(30.0))]
    desk.wait(60)
    assert len(markouts(desk)) == 4
    assert len(lessons(desk)) == 1


def test_a_stale_feed_closes_the_ticket_and_imputes_nothing(desk: Desk) -> None:
    filled(desk)
    desk.wait(0.5)
    desk.data_a.drop()
    desk.wait(100)
    assert markouts(desk) == [(0, pytest.approx(0.0), 0.0), (1, None, pytest.approx(0.0))]


def test_a_fill_that_was_taken_back_closes_the_ticket(desk: Desk) -> None:
    filled(desk)
    desk.wait(0.5)
    desk.a.child().bust("B", 1000, "H1")
    desk.wait(100)
    assert markouts(desk)[:2] == [(0, pytest.approx(0.0), 0.0), (1, None, pytest.approx(0.0))]


def test_after_a_restart_a_horizon_that_was_missed_is_not_measured_late(desk: Desk) -> None:
    filled(desk)
    desk.wait(0.5)
    desk.kill()
    desk.now += 10 * 10**9
    desk.boot()
    desk.open()
    desk.wait(100)
    seen = [each for each in markouts(desk) if each[0] > 0]
    assert seen == [(1, None, pytest.approx(0.0))]


def test_a_child_without_a_fill_has_a_lesson_and_no_ticket(desk: Desk) -> None:
    desk.oms.order("X", tif="3")
    desk.a.child().ack()
    desk.a.child().cancel()
    desk.wait(100)
    (lesson,) = lessons(desk)
    assert (lesson.sent_lots, lesson.filled_lots, lesson.outcome) == (10, 0, "observed")
    assert told(desk, MarkChild) == markouts(desk) == []


# -- orders that rest ----------------------------------------------------------------------------


@pytest.fixture
def resting() -> Desk:
    """A desk whose LIT_A only makes."""
    found = Desk("venues.LIT_A.tactics=[lit_make]", "routing.slice_s=10")
    found.open()
    found.oms.order("X")
    found.a.child().ack()
    return found


def test_a_rest_without_a_fill_is_so_many_empty_seconds(resting: Desk) -> None:
    resting.wait(10)
    resting.a.child().cancel()
    (lesson,) = lessons(resting)
    assert (lesson.arm, lesson.outcome) == ("LIT_A/lit_make", "observed")
    assert (lesson.filled_lots, lesson.intervals) == (0, 10)


def test_a_rest_that_we_cut_short_still_tells_of_the_seconds_it_had(resting: Desk) -> None:
    resting.wait(3.5)
    resting.oms.cancel("Y", "X")
    resting.a.child().cancel()
    (lesson,) = lessons(resting)
    assert (lesson.outcome, lesson.filled_lots, lesson.intervals) == ("observed", 0, 3)


def test_a_rest_of_less_than_a_second_is_missing_and_not_zero(resting: Desk) -> None:
    resting.wait(0.9)
    resting.oms.cancel("Y", "X")
    resting.a.child().cancel()
    (lesson,) = lessons(resting)
    assert (lesson.outcome, lesson.intervals) == ("canceled_early", 1)


def test_a_fill_of_a_resting_child_ends_the_wait_and_opens_the_ticket(resting: Desk) -> None:
    resting.wait(4.2)
    resting.a.child().fill(300, "9", "F1")
    resting.wait(2)
    resting.a.child().fill(700, "9", "F2")
    (lesson,) = lessons(resting)
    assert (lesson.sent_lots, lesson.filled_lots, lesson.intervals) == (10, 10, 5)
    resting.wait(100)
    assert [horizon for horizon, _, _ in markouts(resting)] == [0, 1, 2, 3]


# -- the journal ---------------------------------------------------------------------------------


def test_lessons_carry_the_scale_of_their_instrument(desk: Desk) -> None:
    filled(desk)
    assert [lesson.child_lots for lesson in lessons(desk)] == [256]


def test_a_journal_from_before_reads_as_what_it_meant(desk: Desk) -> None:
    """A Learn without the fields that came later, as msgpack of the older version has it."""
    filled(desk)
    step = Step(1, 2, None, (lessons(desk)[0],))
    older = msgspec.msgpack.decode(encode_step(step))
    for later in ("child_lots", "intervals"):
        del older["commands"][0][later]
    older["commands"][0]["markout_bp"] = 1.5
    (read,) = decode_step(msgspec.msgpack.encode(older)).commands
    assert isinstance(read, Learn)
    assert (read.child_lots, read.intervals, read.markout_bp) == (256, 1, 1.5)


def test_a_candidate_is_scored_for_the_time_that_its_child_would_rest() -> None:
    """Before any lesson nothing comes in a second with probability 1 / (1 + e^-3) = 0.9526."""
    expected = {"lit_make": 1 - (1 / (1 + math.exp(-3))) ** 10, "lit_take": 1 / (1 + math.exp(-3))}
    for tactic, chance in expected.items():
        desk = Desk(f"venues.LIT_A.tactics=[{tactic}]", "routing.slice_s=10", "learner.name=hazard")
        desk.open()
        desk.oms.order("X")
        (decide,) = (each for each in told(desk, Decide) if isinstance(each, Decide))
        (candidate,) = decide.candidates
        assert candidate.tail_mean[0] == pytest.approx(chance), tactic
