"""When sessions are open: days worked out by hand, and properties over dates and zones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.fix.schedule import ALWAYS, Calendar, Schedule, wall_time

S = 1_000_000_000
HOUR = 3_600
MINUTE = 60
MON, TUE, WED, THU, FRI, SAT, SUN = range(7)
NEW_YORK = "America/New_York"
LONDON = "Europe/London"


def utc(text: str) -> int:
    """UTC nanoseconds of `2026-03-08 07:00`."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return int(moment.timestamp()) * S


def changes(schedule: Schedule, begin: str, end: str) -> list[tuple[str, bool]]:
    """Every change after `begin` up to `end`, and whether the session is open from then on."""
    found = []
    now = utc(begin)
    while (after := schedule.next_change(now)) is not None and after <= utc(end):
        text = datetime.fromtimestamp(after // S, UTC).strftime("%m-%d %H:%M")
        found.append((text, schedule.is_open(after)))
        now = after
    return found


# --- daily ---------------------------------------------------------------------------------------


def test_a_daily_session_opens_and_closes_at_the_second() -> None:
    schedule = Schedule(start_time=8 * HOUR, end_time=17 * HOUR)
    opens, closes = utc("2026-01-05 08:00"), utc("2026-01-05 17:00")
    assert not schedule.is_open(opens - 1)
    assert schedule.is_open(opens)
    assert schedule.is_open(closes - 1)
    assert not schedule.is_open(closes)
    assert schedule.next_change(opens - 1) == opens
    assert schedule.next_change(opens) == closes
    assert schedule.next_change(closes) == utc("2026-01-06 08:00")


def test_a_closed_session_belongs_to_the_period_before() -> None:
    schedule = Schedule(start_time=8 * HOUR, end_time=17 * HOUR)
    assert schedule.period(utc("2026-01-05 12:00")) == utc("2026-01-05 08:00")
    assert schedule.period(utc("2026-01-05 20:00")) == utc("2026-01-05 08:00")
    assert schedule.period(utc("2026-01-06 07:59")) == utc("2026-01-05 08:00")
    assert schedule.period(utc("2026-01-06 08:00")) == utc("2026-01-06 08:00")


def test_a_session_across_midnight_is_one_period() -> None:
    schedule = Schedule(start_time=22 * HOUR, end_time=4 * HOUR)
    assert schedule.is_open(utc("2026-01-06 00:00"))
    assert schedule.period(utc("2026-01-06 03:59")) == utc("2026-01-05 22:00")
    assert changes(schedule, "2026-01-05 12:00", "2026-01-06 22:00") == [
        ("01-05 22:00", True),
        ("01-06 04:00", False),
        ("01-06 22:00", True),
    ]


def test_a_session_that_starts_when_it_ends_is_always_open_and_changes_its_period() -> None:
    schedule = Schedule(start_time=17 * HOUR, end_time=17 * HOUR, time_zone=NEW_YORK)
    at = utc("2026-01-05 22:00")
    assert schedule.is_open(at - 1)
    assert schedule.is_open(at)
    assert schedule.period(at - 1) == utc("2026-01-04 22:00")
    assert schedule.period(at) == at
    assert schedule.next_change(at) == utc("2026-01-06 22:00")


def test_weekdays_are_those_of_the_start() -> None:
    schedule = Schedule(
        start_time=22 * HOUR, end_time=4 * HOUR, weekdays=frozenset({SUN, TUE})
    )  # 2026-01-04 is a Sunday
    assert changes(schedule, "2026-01-03 00:00", "2026-01-11 00:00") == [
        ("01-04 22:00", True),
        ("01-05 04:00", False),
        ("01-06 22:00", True),
        ("01-07 04:00", False),
    ]


# --- weekly --------------------------------------------------------------------------------------


def test_a_weekly_session_from_sunday_to_friday_keeps_wall_time_when_clocks_go_forward() -> None:
    schedule = Schedule(
        time_zone=NEW_YORK, start_day=SUN, end_day=FRI, start_time=17 * HOUR, end_time=17 * HOUR
    )
    # 2026-03-08 02:00 EST becomes 03:00 EDT: 17:00 is 22:00 UTC before, 21:00 UTC after.
    assert changes(schedule, "2026-03-01 00:00", "2026-03-14 00:00") == [
        ("03-01 22:00", True),
        ("03-06 22:00", False),
        ("03-08 21:00", True),
        ("03-13 21:00", False),
    ]
    assert schedule.period(utc("2026-03-11 12:00")) == utc("2026-03-08 21:00")
    assert schedule.period(utc("2026-03-07 12:00")) == utc("2026-03-01 22:00")


def test_a_weekly_session_of_one_day_and_of_a_whole_week() -> None:
    day = Schedule(start_day=WED, end_day=WED, start_time=9 * HOUR, end_time=10 * HOUR)
    assert changes(day, "2026-01-01 00:00", "2026-01-08 00:00") == [
        ("01-07 09:00", True),
        ("01-07 10:00", False),
    ]
    week = Schedule(start_day=WED, end_day=WED, start_time=9 * HOUR, end_time=9 * HOUR)
    assert week.is_open(utc("2026-01-07 08:59"))
    assert week.period(utc("2026-01-07 08:59")) == utc("2025-12-31 09:00")
    assert week.period(utc("2026-01-07 09:00")) == utc("2026-01-07 09:00")


# --- clocks that are put forward and back --------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "day", "wall", "expected"),
    [
        # New York, 2026-03-08: 01:59:59 EST is followed by 03:00 EDT, at 07:00 UTC.
        (NEW_YORK, "2026-03-08", "01:59", "2026-03-08 06:59"),
        (NEW_YORK, "2026-03-08", "02:00", "2026-03-08 07:00"),
        (NEW_YORK, "2026-03-08", "02:30", "2026-03-08 07:00"),
        (NEW_YORK, "2026-03-08", "03:00", "2026-03-08 07:00"),
        (NEW_YORK, "2026-03-08", "03:01", "2026-03-08 07:01"),
        # New York, 2026-11-01: 01:59:59 EDT is followed by 01:00 EST, at 06:00 UTC.
        (NEW_YORK, "2026-11-01", "00:59", "2026-11-01 04:59"),
        (NEW_YORK, "2026-11-01", "01:30", "2026-11-01 05:30"),
        (NEW_YORK, "2026-11-01", "02:00", "2026-11-01 07:00"),
        # London, 2026-03-29: 00:59:59 GMT is followed by 02:00 BST, at 01:00 UTC.
        (LONDON, "2026-03-29", "00:30", "2026-03-29 00:30"),
        (LONDON, "2026-03-29", "01:30", "2026-03-29 01:00"),
        (LONDON, "2026-03-29", "02:30", "2026-03-29 01:30"),
        # London, 2026-10-25: 01:59:59 BST is followed by 01:00 GMT, at 01:00 UTC.
        (LONDON, "2026-10-25", "01:30", "2026-10-25 00:30"),
        (LONDON, "2026-10-25", "02:00", "2026-10-25 02:00"),
        # Half an hour on Lord Howe, 2026-10-04: 02:00 becomes 02:30, at 15:30 UTC the day before.
        ("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03 15:30"),
    ],
)
def test_a_wall_time_is_the_first_moment_that_shows_it_or_later(
    zone: str, day: str, wall: str, expected: str
) -> None:
    hours, minutes = map(int, wall.split(":"))
    second = hours * HOUR + minutes * MINUTE
    assert wall_time(ZoneInfo(zone), date.fromisoformat(day), second) == utc(expected)


def test_a_session_that_lies_in_the_hour_that_is_skipped_does_not_take_place() -> None:
    schedule = Schedule(
        time_zone=NEW_YORK, start_time=2 * HOUR + 10 * MINUTE, end_time=2 * HOUR + 50 * MINUTE
    )
    assert changes(schedule, "2026-03-07 00:00", "2026-03-10 00:00") == [
        ("03-07 07:10", True),
        ("03-07 07:50", False),
        ("03-09 06:10", True),
        ("03-09 06:50", False),
    ]


def test_the_hour_that_comes_twice_is_within_a_session_that_spans_it() -> None:
    schedule = Schedule(time_zone=LONDON, start_time=HOUR, end_time=2 * HOUR)
    assert changes(schedule, "2026-10-24 12:00", "2026-10-26 12:00") == [
        ("10-25 00:00", True),
        ("10-25 02:00", False),  # 01:00 BST until 02:00 GMT: two hours
        ("10-26 01:00", True),
        ("10-26 02:00", False),
    ]


# --- holidays ------------------------------------------------------------------------------------

# 2026: Good Friday is April 3, Easter Sunday April 5; Thanksgiving is November 26.
CALENDAR = Calendar(
    holidays=frozenset({date(2026, 4, 3), date(2026, 11, 26)}),
    early_closes={date(2026, 11, 27): 13 * HOUR},
)


def test_there_is_no_session_on_a_holiday_and_a_short_one_before_an_early_close() -> None:
    schedule = Schedule(
        time_zone=NEW_YORK,
        start_time=9 * HOUR + 30 * MINUTE,
        end_time=16 * HOUR,
        weekdays=frozenset({MON, TUE, WED, THU, FRI}),
        calendar=CALENDAR,
    )
    assert changes(schedule, "2026-11-25 00:00", "2026-12-01 00:00") == [
        ("11-25 14:30", True),
        ("11-25 21:00", False),
        ("11-27 14:30", True),
        ("11-27 18:00", False),
        ("11-30 14:30", True),
        ("11-30 21:00", False),
    ]
    assert schedule.period(utc("2026-11-26 15:00")) == utc("2026-11-25 14:30")


@pytest.mark.parametrize(
    ("end_time", "closed_from", "closed_until"),
    [
        # Until 17:00 of the next day: the session that ends on Good Friday is left out.
        (17 * HOUR, "2026-04-02 21:00", "2026-04-03 21:00"),
        # Until midnight: its last moment is on the day of the start.
        (0, "2026-04-03 04:00", "2026-04-03 21:00"),
    ],
)
def test_a_session_across_midnight_belongs_to_the_date_on_which_it_ends(
    end_time: int, closed_from: str, closed_until: str
) -> None:
    schedule = Schedule(
        time_zone=NEW_YORK, start_time=17 * HOUR, end_time=end_time, calendar=CALENDAR
    )
    if not end_time:
        closed_until = "2026-04-04 21:00"
    assert schedule.is_open(utc(closed_from) - 1)
    assert not schedule.is_open(utc(closed_from))
    assert schedule.next_change(utc(closed_from)) == utc(closed_until)


def test_a_weekly_session_is_closed_on_a_holiday_and_stays_one_period() -> None:
    schedule = Schedule(
        time_zone=NEW_YORK,
        start_day=SUN,
        end_day=FRI,
        start_time=17 * HOUR,
        end_time=17 * HOUR,
        calendar=CALENDAR,
    )
    assert changes(schedule, "2026-11-22 00:00", "2026-11-29 00:00") == [
        ("11-22 22:00", True),
        ("11-26 05:00", False),
        ("11-27 05:00", True),
        ("11-27 18:00", False),
    ]
    assert schedule.period(utc("2026-11-26 12:00")) == utc("2026-11-22 22:00")
    assert schedule.period(utc("2026-11-27 12:00")) == utc("2026-11-22 22:00")


# --- sessions without an end ---------------------------------------------------------------------


def test_without_times_a_session_is_always_open_in_one_period() -> None:
    now = utc("2026-01-05 12:00")
    assert ALWAYS.is_open(now)
    assert ALWAYS.period(now) == 0
    assert ALWAYS.next_change(now) is None


def test_a_session_that_never_closes_can_begin_a_new_period_each_day() -> None:
    schedule = Schedule(time_zone=NEW_YORK, reset_time=17 * HOUR)
    assert changes(schedule, "2026-03-07 00:00", "2026-03-10 00:00") == [
        ("03-07 22:00", True),
        ("03-08 21:00", True),
        ("03-09 21:00", True),
    ]
    assert schedule.is_open(utc("2026-03-08 07:00"))
    assert schedule.period(utc("2026-03-08 20:59")) == utc("2026-03-07 22:00")


def test_a_calendar_without_a_day_left_is_closed_and_says_that_nothing_will_change() -> None:
    every = frozenset(date(2020, 1, 1) + timedelta(days=each) for each in range(5_000))
    schedule = Schedule(start_time=0, end_time=HOUR, calendar=Calendar(every))
    now = utc("2026-01-05 12:00")
    assert not schedule.is_open(now)
    assert schedule.period(now) == 0
    assert schedule.next_change(now) is None
    # Years later the holidays are over.
    assert schedule.is_open(utc("2035-01-05 00:30"))


# --- properties ----------------------------------------------------------------------------------

ZONES = (NEW_YORK, LONDON, "UTC", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia")
times = st.integers(0, 24 * 60 - 1).map(lambda minute: minute * MINUTE)
# Half of the dates lie next to a change of the clocks in New York, London or Lord Howe.
dates = st.dates(date(2010, 1, 1), date(2035, 12, 31)) | st.sampled_from(
    [
        date(2026, month, day) + timedelta(days=offset)
        for month, day in ((3, 8), (11, 1), (3, 29), (10, 25), (4, 5), (10, 4))
        for offset in (-1, 0, 1)
    ]
)
moments = st.tuples(dates, st.integers(0, 86_400 * S - 1)).map(
    lambda given: utc(str(given[0])) + given[1]
)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    zone = draw(st.sampled_from(ZONES))
    around = draw(dates)
    holidays = frozenset(
        around + timedelta(days=each) for each in draw(st.sets(st.integers(-5, 5), max_size=4))
    )
    early = {around + timedelta(days=draw(st.integers(-5, 5))): draw(times)}
    calendar = Calendar(holidays, early)
    match draw(st.sampled_from(["daily", "weekly", "reset"])):
        case "daily":
            days = draw(st.frozensets(st.integers(0, 6), min_size=1))
            return Schedule(
                time_zone=zone,
                start_time=draw(times),
                end_time=draw(times),
                weekdays=days,
                calendar=calendar,
            )
        case "weekly":
            return Schedule(
                time_zone=zone,
                start_day=draw(st.integers(0, 6)),
                end_day=draw(st.integers(0, 6)),
                start_time=draw(times),
                end_time=draw(times),
                calendar=calendar,
            )
        case _:
            return Schedule(time_zone=zone, reset_time=draw(times))


def shown(zone: str, now: int) -> datetime:
    return datetime.fromtimestamp(now // S, ZoneInfo(zone)).replace(tzinfo=None)


@given(st.sampled_from(ZONES), dates, times)
def test_a_wall_time_is_shown_first_then_and_never_before(zone: str, day: date, at: int) -> None:
    found = wall_time(ZoneInfo(zone), day, at)
    wall = datetime(day.year, day.month, day.day) + timedelta(seconds=at)
    assert shown(zone, found) >= wall
    # A second before, and through the hours before, the clocks have not shown it.
    assert all(
        shown(zone, found - back * S) < wall for back in (1, 60, 1_800, 3_600, 7_200, 90_000)
    )


@given(schedules(), moments, st.floats(0, 1))
def test_nothing_changes_before_the_next_change_and_something_does_then(
    schedule: Schedule, now: int, part: float
) -> None:
    until = schedule.next_change(now)
    here = (schedule.is_open(now), schedule.period(now))
    assert here[1] <= now
    if until is None:
        return
    assert until > now
    between = now + int((until - 1 - now) * part)
    for each in (between, until - 1):
        assert (schedule.is_open(each), schedule.period(each)) == here
    assert (schedule.is_open(until), schedule.period(until)) != here


@given(schedules(), st.lists(moments, min_size=1, max_size=6))
def test_the_answer_does_not_depend_on_what_was_asked_before(
    schedule: Schedule, asked: list[int]
) -> None:
    there = [(schedule.is_open(now), schedule.period(now)) for now in asked]
    back = [(schedule.is_open(now), schedule.period(now)) for now in reversed(asked)]
    assert there == back[::-1]


@settings(max_examples=40)
@given(st.sampled_from(ZONES), dates, times, times, st.frozensets(st.integers(0, 6), min_size=1))
def test_a_daily_session_is_open_when_a_walk_through_the_minutes_says_so(
    zone: str, day: date, start: int, end: int, weekdays: frozenset[int]
) -> None:
    schedule = Schedule(time_zone=zone, start_time=start, end_time=end, weekdays=weekdays)
    first, count = utc(str(day - timedelta(days=2))), 4 * 24 * 60
    local = [shown(zone, first + each * MINUTE * S) for each in range(count)]
    is_open = [False] * count
    for each in (day + timedelta(days=offset) for offset in range(-4, 4)):
        if each.weekday() not in weekdays:
            continue
        midnight = datetime(each.year, each.month, each.day)
        opens = midnight + timedelta(seconds=start)
        closes = midnight + timedelta(seconds=end, days=end <= start)
        begin = next((at for at, wall in enumerate(local) if wall >= opens), count)
        stop = next((at for at, wall in enumerate(local) if wall >= closes), count)
        is_open[begin:stop] = [True] * max(0, stop - begin)
    for at in range(0, count, 7):
        assert schedule.is_open(first + at * MINUTE * S) == is_open[at], local[at]
