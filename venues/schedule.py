"""What changes in a market while it runs: the `schedule` of a market file.

Owns when an entry begins and ends, and which changes are in force at a time. Knows neither what a
parameter means (the market is given the changes in force) nor what an event does (the market is
told to let it happen).

An entry begins at a time of day, at a time drawn uniformly between two, or when a share of the
parent order is filled. One stream an entry: a draw for one moves no other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, ValidationError

from config.documents import Document, DocumentError, Where, problems, unknown
from router.model import NS
from router.plugin import Plugin
from venues.floor import Floor
from venues.market_changes import Change
from venues.market_keys import TIME_OF_DAY, SessionHours, time_of_day
from venues.misbehaviour import Misbehaviour
from venues.misbehaviour import kinds as misbehaviours

ENTRIES_MAX = 256

ROUNDING = 1e-6
"""Shares: 0.1 of 30 shares is 3, whatever floating point says."""

WHEN = ("at", "order_frac", "random_in")

TimeText = Annotated[str, Field(pattern=TIME_OF_DAY)]


HALT = "halt"
"""The one event that has no venue."""


class Halt(Plugin):
    """The keys of a halt's `detail`: trading stops at every venue."""

    type: str = Field(default="regulatory", min_length=1)
    """Why, in words: told to those who follow market data."""
    reopening_auction: bool = True


class EntryKeys(Plugin):
    """The keys of one entry."""

    at: TimeText | None = None
    order_frac: float | None = Field(default=None, gt=0, le=1)
    random_in: tuple[TimeText, TimeText] | None = None
    set_: dict[str, Any] = Field(default={}, alias="set")
    event: str | None = None
    venue: str | None = None
    duration_s: float | None = Field(default=None, gt=0)
    detail: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class At:
    """Between two times of day, nanoseconds after midnight, exchange time; at one if they agree."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Filled:
    """When so much of the parent is filled."""

    order_frac: float


@dataclass(frozen=True, slots=True)
class Happening:
    """An event, and what it is to be like."""

    event: str
    mic: str
    """Empty for the whole market."""
    detail: Misbehaviour | Halt


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a schedule."""

    number: int
    """Its place in the file, from 0."""
    place: str
    """`file:line`, for whoever must say where it stands."""
    when: At | Filled
    duration: int | None
    """Nanoseconds; None for as long as the session lasts."""
    changes: tuple[Change, ...]
    happening: Happening | None


class UnknownParentError(RuntimeError):
    """Something waits for a share of the parent, and nobody has said how large that is."""


# --- reading --------------------------------------------------------------------------------------


def read_schedule(
    document: Document, hours: SessionHours, mics: Sequence[str]
) -> tuple[Entry, ...]:
    """The entries of a document's `schedule`. Whether their changes are valid is not looked at.

    Raises:
        DocumentError: every problem with its line.
    """
    blocks = document.data.get("schedule") or []
    where: Where = ("schedule",)
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise DocumentError([document.problem(where, "must be a list of entries")])
    if len(blocks) > ENTRIES_MAX:
        raise DocumentError([document.problem(where, f"too many entries; allowed: {ENTRIES_MAX}")])
    entries: list[Entry] = []
    wrong: list[str] = []
    for number, block in enumerate(blocks):
        try:
            entries.append(_entry(document, number, block, hours, mics))
        except DocumentError as error:
            wrong += error.problems
    if wrong:
        raise DocumentError(wrong)
    return tuple(entries)


def _entry(
    document: Document, number: int, block: dict[str, Any], hours: SessionHours, mics: Sequence[str]
) -> Entry:
    where: Where = ("schedule", number)
    try:
        keys = EntryKeys.from_document(_flat(block))
    except ValidationError as error:
        raise DocumentError(problems(error, document, EntryKeys, where)) from None
    when, wrong = _when(keys, hours)
    wrong += _misuse(keys, mics)
    if wrong or when is None:
        raise DocumentError([document.problem((*where, *key), text) for key, text in wrong])
    changes = tuple(
        Change(path, value, document.file(here), document.line(here))
        for path, value in keys.set_.items()
        for here in ((*where, "set", path),)
    )
    place = f"{document.file(where)}:{document.line(where)}"
    happening = _happening(document, (*where, "detail"), keys)
    duration = None if keys.duration_s is None else max(1, round(keys.duration_s * NS))
    return Entry(number, place, when, duration, changes, happening)


def _happening(document: Document, where: Where, keys: EntryKeys) -> Happening | None:
    if keys.event is None:
        return None
    detail = keys.detail or {}
    if keys.event == HALT:
        kind: type[Misbehaviour | Halt] = Halt
    else:
        kind = misbehaviours()[keys.event]
    try:
        return Happening(keys.event, keys.venue or "", kind.from_document(detail))
    except ValidationError as error:
        raise DocumentError(problems(error, document, kind, where)) from None


def _flat(block: dict[str, Any]) -> dict[str, Any]:
    """`at: {order_frac: x}` means the same as `order_frac: x`; so for `random_in`."""
    inner = block.get("at")
    if not isinstance(inner, dict) or "order_frac" in block or "random_in" in block:
        return block
    return {**{key: value for key, value in block.items() if key != "at"}, **inner}


Wrong = list[tuple[Where, str]]


def _when(keys: EntryKeys, hours: SessionHours) -> tuple[At | Filled | None, Wrong]:
    given = [name for name in WHEN if getattr(keys, name) is not None]
    if len(given) != 1:
        return None, [((), f"needs one of {', '.join(WHEN)}, and only one")]
    if keys.order_frac is not None:
        return Filled(keys.order_frac), []
    texts = keys.random_in or (keys.at or "",) * 2
    low, high = (time_of_day(text) for text in texts)
    if not hours.start_ns <= low <= high < hours.end_ns:
        text = f"must lie in the session, {hours.start} to {hours.end}, the earlier time first"
        return None, [((given[0],), text)]
    return At(low, high), []


def _misuse(keys: EntryKeys, mics: Sequence[str]) -> Wrong:
    wrong: Wrong = []
    if not keys.set_ and keys.event is None:
        wrong.append(((), "needs set, event or both"))
    if keys.event is None:
        wrong += [
            ((name,), "belongs to an event, and there is none")
            for name in ("venue", "detail")
            if getattr(keys, name) is not None
        ]
    elif keys.event != HALT and keys.event not in misbehaviours():
        text = unknown(keys.event, [HALT, *misbehaviours()], "event")
        wrong.append((("event",), text))
    elif keys.event == HALT:
        if keys.venue is not None:
            wrong.append((("venue",), "a halt is of the whole market"))
        if keys.duration_s is None:
            wrong.append(((), "a halt needs duration_s"))
    elif keys.venue is None:
        wrong.append(((), f"the event {keys.event} needs a venue"))
    elif keys.venue not in mics:
        wrong.append((("venue",), unknown(keys.venue, mics, "venue")))
    return wrong


# --- running --------------------------------------------------------------------------------------


class Schedule:
    """The entries of one market at work."""

    def __init__(
        self,
        entries: Sequence[Entry],
        floor: Floor,
        *,
        midnight: int,
        change: Callable[[Sequence[Change], int], None],
        happen: Callable[[Happening, int, int], None],
    ) -> None:
        """`midnight` is the UTC nanosecond of exchange midnight.

        `change` is given all changes in force, the latest last, whenever they are others than
        before. `happen` is given an event, now and its end.
        """
        self._entries = entries
        self._floor = floor
        self._midnight = midnight
        self._change = change
        self._happen = happen
        self._in_force: list[Entry] = []
        self._waiting = [each for each in entries if isinstance(each.when, Filled)]
        self._order_qty: int | None = None
        self._filled = 0
        if self._waiting:
            floor.on_executed.append(self._executed)

    def check(self) -> None:
        """See that a parent is known if an entry waits for one.

        Raises:
            UnknownParentError: none is, so that entry could never begin.
        """
        if self._waiting and self._order_qty is None:
            text = "waits for a share of a parent order, and nobody said how large it is"
            raise UnknownParentError(f"{self._waiting[0].place}: {text}")

    def start(self, now: int) -> None:
        """Set the clock for everything that has a time. What has begun before now begins now."""
        for entry in self._entries:
            if not isinstance(entry.when, At):
                continue
            low, high = entry.when.low, entry.when.high
            u = self._floor.stream(f"schedule/{entry.number}").uniform() if low < high else 0.0
            self._set_clock(entry, self._midnight + low + round(u * (high - low)), now)

    def expect(self, order_qty: int) -> None:
        """A parent of so many shares is worked from here on: fills count towards it."""
        assert order_qty > 0
        self._order_qty = order_qty
        self._filled = 0

    def _set_clock(self, entry: Entry, at: int, now: int) -> None:
        close = self._floor.facts.close_at
        until = close if entry.duration is None else min(close, at + entry.duration)
        if until > now:
            self._floor.schedule(at, lambda when: self._begin(entry, when, until))

    def _executed(self, qty: int, now: int) -> None:
        if not self._waiting:
            return
        self.check()
        assert self._order_qty is not None
        self._filled += qty
        for entry in list(self._waiting):
            assert isinstance(entry.when, Filled)
            if self._filled >= entry.when.order_frac * self._order_qty - ROUNDING:
                self._waiting.remove(entry)
                # Not at once: the venue that has just executed is in the middle of a match.
                self._set_clock(entry, now, now)

    def _begin(self, entry: Entry, now: int, until: int) -> None:
        if entry.changes:
            self._in_force.append(entry)
            self._tell(now)
            if entry.duration is not None:
                self._floor.schedule(until, lambda at: self._end(entry, at))
        if entry.happening is not None:
            self._happen(entry.happening, now, until)

    def _end(self, entry: Entry, now: int) -> None:
        self._in_force.remove(entry)
        self._tell(now)

    def _tell(self, now: int) -> None:
        changes = [change for entry in self._in_force for change in entry.changes]
        self._change(changes, now)
