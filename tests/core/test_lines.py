"""What has arrived by a rule of minutes; every time is worked out by hand."""

from __future__ import annotations

from router.core.lines import Line, restarted

S = 1_000_000_000


def line(opened_at: int) -> Line:
    made = Line()
    made.opened(opened_at * S)
    return made


def test_what_was_sent_a_minute_ago_on_a_line_that_was_up_all_the_time_has_arrived() -> None:
    assert line(100).arrived_by(400 * S) == 340 * S


def test_a_line_shows_nothing_in_its_first_minute() -> None:
    up = line(100)
    assert up.arrived_by(160 * S - 1) == 0
    assert up.arrived_by(160 * S) == 100 * S


def test_what_it_has_shown_counts_when_it_is_down_and_in_the_next_first_minute() -> None:
    up = line(100)
    up.closed(400 * S)
    assert up.arrived_by(900 * S) == 340 * S
    up.opened(900 * S)
    assert up.arrived_by(959 * S) == 340 * S
    up.closed(959 * S)
    assert (up.is_open, up.arrived) == (False, 340 * S)


def test_a_process_that_dies_was_alive_when_it_spoke_last() -> None:
    first, second, closed = line(100), line(100), line(100)
    first.spoke_at, second.spoke_at = 300 * S, 250 * S
    closed.closed(200 * S)
    restarted({"A": first, "B": second, "C": closed}, 9_000 * S)
    assert [each.arrived for each in (first, second, closed)] == [240 * S, 240 * S, 140 * S]
    assert not any(each.is_open for each in (first, second, closed))


def test_by_a_clock_that_is_behind_nothing_has_arrived_that_is_sent_from_now_on() -> None:
    up = line(100)
    up.spoke_at = 300 * S
    restarted({"A": up}, 150 * S)
    assert up.arrived == 150 * S - 1_000_000
