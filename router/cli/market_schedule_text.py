"""A market's schedule in words: what `sluice market check` says of it. Not a command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from router.cli.output import columns
from router.model import NS
from venues.schedule import At, Entry, Filled


def schedule_text(entries: Sequence[Entry]) -> list[str]:
    """A line for each change and event, with its time and how long it lasts."""
    rows = []
    for entry in entries:
        when, span = _when(entry.when), _span(entry.duration)
        for what in _whats(entry):
            rows.append([when, span, what])
            when = span = ""
    return columns(("when", "for", "what"), rows)


def _when(when: At | Filled) -> str:
    if isinstance(when, Filled):
        return f"{when.order_frac:.0%} of the parent filled"
    if when.low == when.high:
        return _clock(when.low)
    return f"{_clock(when.low)} to {_clock(when.high)}, at random"


def _span(duration: int | None) -> str:
    return "the rest" if duration is None else f"{duration / NS:g} s"


def _whats(entry: Entry) -> Iterator[str]:
    for change in entry.changes:
        yield f"{change.path} becomes {_value(change.value)}"
    if entry.happening is not None:
        mic, event = entry.happening.mic, entry.happening.event
        detail = [f"{key} {_value(value)}" for key, value in entry.happening.detail]
        yield f"{mic or 'the market'}: {event}, {', '.join(detail)}"


def _value(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case dict():
            return ", ".join(f"{key} {_value(inner)}" for key, inner in value.items())
        case list():
            return ", ".join(_value(inner) for inner in value)
        case _:
            return str(value)


def _clock(ns: int) -> str:
    """A time of day from nanoseconds after midnight."""
    seconds = ns // NS
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
