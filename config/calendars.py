"""Trading calendars: the schema and the reader of `calendars/*.yaml`.

Owns the keys of a calendar: on which local dates a market is closed or closes early. Knows nothing
of sessions; `router.build_sessions` makes a session's calendar of it.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from config.fix import IsoDate, TimeZone, WallTime, wall_seconds
from config.layers import items, read_alone
from config.sections import Name, Section, distinct


class Holiday(Section):
    """A date on which there is no trading."""

    date: IsoDate
    name: str = Field(default="", max_length=80)


class EarlyClose(Holiday):
    """A date on which trading ends early."""

    time: WallTime


class CalendarSettings(Section):
    """The whole document."""

    name: Name
    time_zone: TimeZone
    """Of the dates and times below; a session with this calendar has the same."""
    holidays: Annotated[tuple[Holiday, ...], BeforeValidator(items)] = ()
    early_closes: Annotated[tuple[EarlyClose, ...], BeforeValidator(items)] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        days = [each.date for each in (*self.holidays, *self.early_closes)]
        distinct("holidays, early_closes", "date", days)
        return self

    @property
    def closed(self) -> frozenset[date]:
        """The holidays."""
        return frozenset(date.fromisoformat(each.date) for each in self.holidays)

    @property
    def early(self) -> dict[date, int]:
        """When a date's trading ends, seconds of the local day."""
        return {date.fromisoformat(e.date): wall_seconds(e.time) for e in self.early_closes}

    @property
    def last(self) -> date | None:
        """The last date that it speaks of; after it, it knows nothing."""
        days = [*self.closed, *self.early]
        return max(days, default=None)


def load_calendar(path: Path) -> CalendarSettings:
    """The calendar of a document.

    Raises:
        SettingsError: every problem that was found, one line each, with file and line.
    """
    return read_alone(path, CalendarSettings)
