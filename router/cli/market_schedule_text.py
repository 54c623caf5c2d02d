"""A market's schedule and its adversary in words, for `sluice market check`. Not a command.

Owns the words of what happens in a market by itself. The figures are those of the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from router.cli.output import columns
from router.model import NS
from venues.adversary import AdversarySpec
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


def adversary_text(spec: AdversarySpec) -> list[str]:
    """What it watches, when it believes in a pattern, and what it does then."""
    if not spec.enabled or spec.detects is None or spec.action is None:
        return ["there is one in the file, and it is not enabled"]
    seen, done, late = spec.detects, spec.action, spec.latency
    return [
        f"watches     {', '.join(each.replace('_', ' ') for each in spec.watches)}; "
        f"{late.p50_ms:g} / {late.p99_ms:g} ms away, median / p99",
        f"believes    {seen.min_events} orders of one side in {seen.window_s:g} s, sizes varying "
        f"by at most {seen.size_cv_max:g}, waits by {seen.spacing_cv_max:g}",
        f"acts        in {seen.prob:.0%} of cases: {done.trade_ahead_fraction_of_child:.0%} of a "
        f"child, {done.lead_ms:g} ms ahead of the next, given back after "
        f"{done.unwinds_after_s:g} s",
    ]


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
