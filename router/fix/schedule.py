"""When a session is open: daily, weekly or always, in a time zone, with holidays.

Pure arithmetic on UTC nanoseconds. Owns what a wall time means where clocks are put forward or
back; knows no session, and nothing of what is done when one opens or closes.

A wall time is the first moment at which the clocks there show it or later. So a time that does not
exist (clocks go forward) is the moment of the jump, and a time that comes twice (clocks go back)
is the first of the two. Times that follow one another on the wall never change their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

NS = 1_000_000_000
DAY_S = 86_400
LOOK_DAYS = 400
"""How far the last and the next opening are looked for."""
EVERY_DAY = frozenset(range(7))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days on which a session is closed, or closes early. Times are seconds of the local day."""

    holidays: frozenset[date] = frozenset()
    early_closes: Mapping[date, int] = field(default_factory=dict)


NO_HOLIDAYS = Calendar()


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` until just before `until` nothing changes. UTC nanoseconds."""

    since: int
    until: int | None
    is_open: bool
    period: int


_Windows = list[tuple[int, int]]


class Schedule:
    """When a session is open, and which period a moment belongs to.

    - `start_time` and `end_time`, seconds of the local day: open each day in `weekdays` (0 is
      Monday; the day of the start), until the next day if the end is not after the start.
    - `start_day` and `end_day` besides: open from one to the other, once a week.
    - neither: always open. `reset_time` then begins a new period each day.

    A daily period belongs to the date of its last moment: there is none if that is a holiday, and
    an early close of that date ends it. A weekly period is closed on the holidays in it, from
    midnight to midnight, and from an early close until midnight; it stays one period.
    """

    def __init__(
        self,
        *,
        time_zone: str = "UTC",
        start_time: int | None = None,
        end_time: int | None = None,
        start_day: int | None = None,
        end_day: int | None = None,
        weekdays: frozenset[int] = EVERY_DAY,
        reset_time: int | None = None,
        calendar: Calendar = NO_HOLIDAYS,
    ) -> None:
        """Raises ZoneInfoNotFoundError for a time zone that the database does not have."""
        assert (start_time is None) == (end_time is None)
        assert (start_day is None) == (end_day is None)
        assert start_day is None or start_time is not None
        assert reset_time is None or start_time is None
        self._zone = ZoneInfo(time_zone)
        self._start = start_time
        self._end = end_time
        self._start_day = start_day
        self._end_day = end_day
        self._weekdays = weekdays if start_day is None else frozenset({start_day})
        self._reset = reset_time
        self._calendar = calendar
        self._span: Span | None = None

    def is_open(self, now: int) -> bool:
        """True if the session may be connected."""
        return self._at(now).is_open

    def period(self, now: int) -> int:
        """When the period that holds `now` began, or the last one before; 0 if there is none."""
        return self._at(now).period

    def next_change(self, now: int) -> int | None:
        """When, after `now`, the session opens or closes or a period begins; None if never."""
        return self._at(now).until

    def __repr__(self) -> str:
        days = "" if self._start_day is None else f", {self._start_day}-{self._end_day}"
        return f"Schedule({self._zone.key}, {self._start}-{self._end}{days}, reset {self._reset})"

    # --- spans ---------------------------------------------------------------------------------

    def _at(self, now: int) -> Span:
        span = self._span
        if span is None or now < span.since or (span.until is not None and now >= span.until):
            span = self._find(now)
            # What lies beyond the search may come into its reach: only certainty is kept.
            self._span = span if span.until is not None or span.is_open else None
        return span

    def _find(self, now: int) -> Span:
        if self._start is None and self._reset is None:
            return Span(now, None, is_open=True, period=0)
        local = datetime.fromtimestamp(now // NS, self._zone).date()
        windows = self._last(local, now)
        until = next((at for at in self._edges(local) if at > now), None)
        if not windows:
            return Span(now, until, is_open=False, period=0)
        opens, closes = next(each for each in reversed(windows) if each[0] <= now)
        is_open = now < closes
        return Span(opens if is_open else closes, until, is_open, period=windows[0][0])

    def _last(self, local: date, now: int) -> _Windows:
        """The period that began last, at `now` or before; empty if there is none."""
        for back in range(-2, LOOK_DAYS):
            windows = self._windows(local - back * _ONE_DAY)
            if windows and windows[0][0] <= now:
                return windows
        return []

    def _edges(self, local: date) -> Iterator[int]:
        """Every opening and closing, in their order, from the period that holds a local date on."""
        for ahead in range(-9, LOOK_DAYS):
            for window in self._windows(local + ahead * _ONE_DAY):
                yield from window

    def _windows(self, day: date) -> _Windows:
        """When the period that starts on a local date is open; empty if none starts."""
        if self._start is None or self._end is None:
            assert self._reset is not None
            begin = self._moment(day, self._reset)
            return [(begin, self._moment(day + _ONE_DAY, self._reset))]
        if day.weekday() not in self._weekdays:
            return []
        if self._end_day is None:
            return self._daily(day, self._start, self._end)
        return self._weekly(day, self._start, self._end, self._end_day)

    def _daily(self, day: date, start: int, end: int) -> _Windows:
        last = day if end > start else day + _ONE_DAY
        trade_date = last if end else last - _ONE_DAY
        if trade_date in self._calendar.holidays:
            return []
        closes = self._moment(last, end)
        early = self._calendar.early_closes.get(trade_date)
        if early is not None:
            closes = min(closes, self._moment(trade_date, early))
        return _not_empty([(self._moment(day, start), closes)])

    def _weekly(self, day: date, start: int, end: int, end_day: int) -> _Windows:
        days = (end_day - day.weekday()) % 7
        if not days and end <= start:
            days = 7
        opens, closes = self._moment(day, start), self._moment(day + days * _ONE_DAY, end)
        windows = []
        for each in (day + ahead * _ONE_DAY for ahead in range(days + 1)):
            shut = 0 if each in self._calendar.holidays else self._calendar.early_closes.get(each)
            if shut is not None:
                windows.append((opens, min(closes, self._moment(each, shut))))
                opens = max(opens, self._moment(each + _ONE_DAY, 0))
        return _not_empty([*windows, (opens, closes)])

    def _moment(self, day: date, second: int) -> int:
        return wall_time(self._zone, day, second)


ALWAYS = Schedule()
"""Open without end, one period."""


def _not_empty(windows: _Windows) -> _Windows:
    return [(opens, closes) for opens, closes in windows if opens < closes]


@lru_cache(maxsize=4_096)
def wall_time(zone: ZoneInfo, day: date, second: int) -> int:
    """The first moment at which clocks in `zone` show `second` of `day` or later, UTC ns."""
    wall = datetime(day.year, day.month, day.day) + timedelta(seconds=second)
    early, late = (_utc_s(wall.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    if early <= late:
        return early * NS
    # The time does not exist: `late` lies before the jump and `early` after it.
    before, after = late, early
    while after - before > 1:
        middle = (before + after) // 2
        shown = datetime.fromtimestamp(middle, zone).replace(tzinfo=None)
        before, after = (before, middle) if shown >= wall else (middle, after)
    return after * NS


def _utc_s(moment: datetime) -> int:
    since = moment - _EPOCH
    return since.days * DAY_S + since.seconds
