"""The token bucket: how much passes at once and over time, exactly, and what is never held up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.fix.throttle import Throttle, reject_reason

S = 1_000_000_000
T0 = 1_767_623_400 * S


def test_as_many_as_are_allowed_pass_at_once_and_then_one_by_one() -> None:
    throttle = Throttle(messages=3, window_ns=S)
    assert [throttle.take(T0) for _ in range(4)] == [True, True, True, False]
    third = S // 3  # a third of a second, rounded down: one nanosecond short of a message
    assert not throttle.take(T0 + third)
    assert throttle.take(T0 + third + 1)
    assert not throttle.take(T0 + third + 1)


def test_a_pause_saves_up_no_more_than_a_full_bucket() -> None:
    throttle = Throttle(messages=2, window_ns=S)
    assert throttle.take(T0)
    assert [throttle.take(T0 + 3_600 * S) for _ in range(3)] == [True, True, False]


def test_a_clock_that_goes_back_fills_nothing() -> None:
    throttle = Throttle(messages=1, window_ns=S)
    assert throttle.take(T0)
    assert not throttle.take(T0 - 10 * S)
    assert throttle.take(T0 - 9 * S)


@pytest.mark.parametrize("msg_type", [*"A012345", "F", "q"])
def test_session_messages_and_cancels_pass_uncounted(msg_type: str) -> None:
    throttle = Throttle(messages=1, window_ns=S)
    assert throttle.admits("D", T0)
    assert all(throttle.admits(msg_type, T0) for _ in range(100))
    assert not throttle.admits("D", T0)


@pytest.mark.parametrize("msg_type", ["D", "G", "H", "AF", "R"])
def test_everything_else_is_counted(msg_type: str) -> None:
    throttle = Throttle(messages=1, window_ns=S)
    assert throttle.admits(msg_type, T0)
    assert not throttle.admits(msg_type, T0)


def test_the_reason_is_the_standards_own_where_a_version_has_it() -> None:
    assert reject_reason({"0", "5", "8"}) == "8"
    assert reject_reason({"0", "5"}) == "0"


@given(
    st.integers(1, 5),
    st.integers(1, 10_000),
    st.lists(st.just(0) | st.integers(0, 3_000), min_size=1, max_size=200),
)
def test_in_no_stretch_of_time_does_more_pass_than_a_bucket_and_its_filling(
    messages: int, window: int, gaps: list[int]
) -> None:
    throttle = Throttle(messages=messages, window_ns=window)
    now, passed = 0, []
    for gap in gaps:
        now += gap
        if throttle.take(now):
            passed.append(now)
    for first, begin in enumerate(passed):
        for last in range(first, len(passed)):
            allowed = messages + (passed[last] - begin) * messages // window
            assert last - first + 1 <= allowed


@given(st.integers(1, 20), st.integers(1, 10_000), st.integers(2, 50))
def test_who_keeps_to_the_rate_is_never_held_up(messages: int, window: int, count: int) -> None:
    throttle = Throttle(messages=messages, window_ns=window)
    apart = -(-window // messages)
    assert all(throttle.take(each * apart) for each in range(count))
