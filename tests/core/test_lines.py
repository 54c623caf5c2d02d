"""What has arrived, by how long a dead line lives; every time is worked out by hand."""

from __future__ import annotations

from router.core.lines import Line, restarted

S = 1_000_000_000
SURE = 100 * S


def line(opened_at: int, sure_ns: int = SURE) -> Line:
    made = Line()
    made.opened(opened_at * S, sure_ns)
    return made


def test_what_was_sent_long_before_the_peer_was_heard_has_arrived() -> None:
    assert line(100).arrived_by(400 * S) == 300 * S


def test_a_line_shows_nothing_until_it_had_been_ended_if_it_were_dead() -> None:
    up = line(100)
    assert up.arrived_by(200 * S - 1) == 0
    assert up.arrived_by(200 * S) == 100 * S


def test_a_line_without_heartbeats_shows_nothing() -> None:
    assert line(100, sure_ns=0).arrived_by(9_000 * S) == 0


def test_what_it_has_shown_counts_when_it_is_down_and_when_it_is_new() -> None:
    up = line(100)
    up.closed(400 * S)
    assert up.arrived_by(900 * S) == 300 * S
    up.opened(900 * S, SURE)
    assert up.arrived_by(999 * S) == 300 * S
    up.closed(999 * S)
    assert (up.is_open, up.arrived) == (False, 300 * S)


def test_a_process_that_dies_was_alive_when_it_spoke_last() -> None:
    first, second, closed = line(100), line(100), line(100)
    first.spoke_at, second.spoke_at = 300 * S, 250 * S
    closed.closed(200 * S)
    restarted({"A": first, "B": second, "C": closed}, 9_000 * S)
    assert [each.arrived for each in (first, second, closed)] == [200 * S, 200 * S, 100 * S]
    assert not any(each.is_open for each in (first, second, closed))


def test_by_a_clock_that_is_behind_nothing_has_arrived_that_is_sent_from_now_on() -> None:
    up = line(100)
    up.spoke_at = 300 * S
    restarted({"A": up}, 150 * S)
    assert up.arrived == 150 * S - 1_000_000
