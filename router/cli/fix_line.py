"""A FIX message in one line: what a person looks for first, with names. Not a command."""

from __future__ import annotations

from router.analysis.message_view import Reader, View, meaning
from router.analysis.wire import Hop, WireFrame
from router.cli.paint import Span

_IDS = ("11", "41", "37", "131", "117", "584", "911", "912", "790")
_TERMS = ("54", "38", "55", "40", "44", "99", "18", "59", "110", "847", "848")
_REPORT = ("150", "39", "20", "32", "31", "30", "151", "14", "6", "19", "378")
_REFUSAL = ("434", "102", "103", "45", "371", "372", "373", "380")
_SESSION = ("7", "16", "36", "123", "112", "141", "108", "789", "1137", "58")
SHOWN = (*_IDS, *_TERMS, *_REPORT, *_REFUSAL, *_SESSION)
"""Fields of the line, in this order; those of the header stand before, the rest is left out."""
SHOWN_OF_A_REPORT = (*_IDS, *_REPORT, *_REFUSAL, *_SESSION)
"""The terms of an order stand in the order."""


def compact_line(reader: Reader, frame: WireFrame, hop: Hop | None) -> list[Span]:
    """Session, direction, number, type, marks, fields; with a hop the times between."""
    view = reader.read(frame.data)
    style = "out" if frame.outbound else "in"
    spans: list[Span] = []
    if hop is not None:
        spans.append((f"{_ms(hop.since_last_ns):>12}  ", "quiet"))
    direction = ">" if frame.outbound else "<"
    number = view.fields.get("34", "?")
    kind = view.msg_name or f"35={view.msg_type}"
    spans.append((f"{frame.session:<10} {direction} {number:>6}  ", style))
    spans.append((f"{kind:<20} ", "heading"))
    if hop is not None and hop.answer_ns is not None:
        spans.append((f"after {_ms(hop.answer_ns).lstrip('+')}  ", "meaning"))
    if frame.marks:
        spans.append((f"[{', '.join(frame.marks)}]  ", "wrong"))
    if view.garbled:
        spans.append((f"wrong: {view.problems[0]}  ", "wrong"))
    return [*spans, (_fields(view), "")]


def _ms(ns: int) -> str:
    """Nanoseconds as milliseconds, in whole microseconds."""
    return f"+{ns / 1e6:,.3f} ms"


def _fields(view: View) -> str:
    spec, parts = view.spec, []
    for tag in SHOWN_OF_A_REPORT if view.msg_type == "8" else SHOWN:
        value = view.fields.get(tag)
        if value is None:
            continue
        named = meaning(spec, tag, value)
        text = f"{named}({value})" if named else value
        parts.append(f"{spec.named(tag) or tag}={text}")
    return " ".join(parts)
