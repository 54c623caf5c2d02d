"""Calendars: the file that comes with Sluice against the exchange's rules, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from config.calendars import load_calendar
from config.layers import SettingsError
from config.settings import DEFAULT_CONFIG

XNYS = DEFAULT_CONFIG.parent / "calendars" / "xnys.yaml"
MON, THU = 0, 3


def nth(year: int, month: int, weekday: int, number: int) -> date:
    """The so-many-th weekday of a month; -1 is the last."""
    days = [date(year, month, 1) + timedelta(days=each) for each in range(31)]
    return [d for d in days if d.month == month and d.weekday() == weekday][
        number - 1 if number > 0 else number
    ]


def observed(day: date) -> date:
    """A holiday on Saturday is kept on Friday, one on Sunday on Monday."""
    return day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))


@pytest.mark.parametrize(("year", "easter"), [(2026, date(2026, 4, 5)), (2027, date(2027, 3, 28))])
def test_the_holidays_are_those_of_the_exchanges_rules(year: int, easter: date) -> None:
    thanksgiving = nth(year, 11, THU, 4)
    expected = {
        observed(date(year, 1, 1)),
        nth(year, 1, MON, 3),
        nth(year, 2, MON, 3),
        easter - timedelta(days=2),
        nth(year, 5, MON, -1),
        observed(date(year, 6, 19)),
        observed(date(year, 7, 4)),
        nth(year, 9, MON, 1),
        thanksgiving,
        observed(date(year, 12, 25)),
    }
    calendar = load_calendar(XNYS)
    assert {each for each in calendar.closed if each.year == year} == expected
    early = {each for each in calendar.early if each.year == year}
    eve = date(year, 12, 24)
    assert early == {thanksgiving + timedelta(days=1)} | ({eve} - expected)


def test_times_are_seconds_and_the_last_date_is_known() -> None:
    calendar = load_calendar(XNYS)
    assert set(calendar.early.values()) == {13 * 3_600}
    assert calendar.last == date(2027, 12, 24)
    assert (calendar.name, calendar.time_zone) == ("XNYS", "America/New_York")


HEAD = "name: X\ntime_zone: UTC\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: X\n", "c.yaml:1: time_zone: required"),
        (HEAD + "holidays: [{date: 2026-02-30}]\n", "c.yaml:3: holidays[0].date: not a date"),
        (
            HEAD + "holidays: [{date: 26-02-03}]\n",
            "c.yaml:3: holidays[0].date: string should match",
        ),
        (HEAD + "early_closes: [{date: 2026-02-03}]\n", "early_closes[0].time: required"),
        (
            HEAD + "early_closes: [{date: 2026-02-03, time: 13:70}]\n",
            "c.yaml:3: early_closes[0].time: string should match",
        ),
        (
            HEAD + "holidays: [{date: 2026-02-03}]\n"
            "early_closes: [{date: 2026-02-03, time: 13:00}]\n",
            "two with date 2026-02-03",
        ),
        (HEAD + "hollidays: []\n", "unknown key 'hollidays', did you mean 'holidays'?"),
    ],
)
def test_a_calendar_that_is_wrong_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_calendar(path)
    assert any(told in line for line in caught.value.problems), caught.value.problems


def test_a_calendar_that_is_not_there_is_a_problem_like_any_other(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        load_calendar(tmp_path / "none.yaml")
