"""Shapes: messages of one form, read and judged by one regular expression.

A peer sends the same few forms again and again: the same tags in the same order. When a form has
been found sound often enough it gets a pattern; a frame that matches is sound, and its values are
the pattern's groups. Whatever matches none goes the long way, so a pattern may be narrower than the
dictionary, never wider. Read so, an order costs a third (docs/performance.md).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping

from router.fix.codec import DATA_LENGTHS, SOH, Message
from router.fix.specification import Field

SEEN_MIN = 64
"""So often a form must come before it gets its pattern, which costs a millisecond to make."""
SHAPES_MAX = 8
"""Forms of one MsgType(35); beyond that the one that is matched least gives way."""
FORMS_MAX = 256
"""Forms that are counted at a time."""
FIELDS_MAX = 128
"""Fields of a form; a longer message goes the long way."""
MSG_TYPES_MAX = 64

_ANY = f"[^{SOH}]+"
_DATE = (
    "[1-9][0-9]{3}(?:(?:0[13578]|1[02])(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)(?:0[1-9]|[12][0-9]|30)|02(?:0[1-9]|1[0-9]|2[0-8]))"
)
"""Every day but the leap day."""
_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_FRACTION = r"(?:\.(?:[0-9]{3}){1,4})?"
_DIGITS = "[0-9]{1,18}"
_FLOAT = r"-?[0-9]{1,24}(?:\.[0-9]{0,24})?"
SYNTAX = {
    "AMT": _FLOAT,
    "BOOLEAN": "[YN]",
    "CHAR": f"[^{SOH}]",
    "COUNTRY": "[A-Z]{2}",
    "CURRENCY": "[A-Za-z]{3}",
    "EXCHANGE": "[!-~]+",
    "FLOAT": _FLOAT,
    "INT": f"-?{_DIGITS}",
    "LENGTH": _DIGITS,
    "LOCALMKTDATE": _DATE,
    "PERCENTAGE": _FLOAT,
    "PRICE": _FLOAT,
    "PRICEOFFSET": _FLOAT,
    "QTY": _FLOAT,
    "SEQNUM": _DIGITS,
    "STRING": _ANY,
    "UTCDATEONLY": _DATE,
    "UTCTIMEONLY": _TIME + _FRACTION,
    "UTCTIMESTAMP": f"{_DATE}-{_TIME}{_FRACTION}",
}
"""A type's values, or most of them. A form with a field of another type is not learned."""
FIXED = frozenset({"35", "1128"})
"""Fields whose value decides how others are judged: it is part of the form, as a group's count."""
_DATA = DATA_LENGTHS.keys() | set(DATA_LENGTHS.values())

Match = Callable[[str], "re.Match[str] | None"]


class Shapes:
    """The forms of the messages of one dictionary."""

    def __init__(self, fields: Mapping[str, Field]) -> None:
        self._fields = fields
        self._seen: Counter[tuple[str, ...]] = Counter()
        self._shapes: dict[str, list[tuple[Match, tuple[str, ...], bool]]] = {}
        """By MsgType(35): the pattern, its tags, and whether one of them comes twice."""

    def read(self, frame: bytes) -> Message | None:
        """The message of a frame that the framer accepted, if it is of a form that is known."""
        text = frame.decode("latin-1")
        start = text.find("\x0135=") + 4
        msg_type = text[start : text.find(SOH, start)]
        shapes = self._shapes.get(msg_type, ())
        for index, (match, tags, repeats) in enumerate(shapes):
            found = match(text)
            if found is None:
                continue
            if index:
                shapes[index - 1], shapes[index] = shapes[index], shapes[index - 1]  # type: ignore[index]
            values = found.groups()
            if repeats:
                fields = dict(zip(tags[::-1], values[::-1], strict=True))
            else:
                fields = dict(zip(tags, values))  # noqa: B905 (one of each: the hot path)
            return Message(msg_type, fields, tags, values)
        return None

    def learn(self, message: Message) -> None:
        """A message was found sound by the long way: after a while its form is known."""
        form = (*message.tags, *self._literals(message))
        if len(self._seen) >= FORMS_MAX and form not in self._seen:
            self._seen.clear()
        self._seen[form] += 1
        if self._seen[form] == SEEN_MIN:
            self._remember(message)

    def _literals(self, message: Message) -> list[str]:
        return [
            f"{tag}={value}"
            for tag, value in zip(message.tags, message.values, strict=True)
            if self._fixed(tag)
        ]

    def _fixed(self, tag: str) -> bool:
        field = self._fields.get(tag)
        return tag in FIXED or (field is not None and field.type == "NUMINGROUP")

    def _remember(self, message: Message) -> None:
        tags = tuple(message.tags)
        full = len(self._shapes) >= MSG_TYPES_MAX and message.msg_type not in self._shapes
        pattern = "" if full or len(tags) > FIELDS_MAX else self._pattern(message)
        if not pattern:
            return
        shapes = self._shapes.setdefault(message.msg_type, [])
        del shapes[SHAPES_MAX - 1 :]
        shapes.append((re.compile(pattern).fullmatch, tags, len(set(tags)) < len(tags)))

    def _pattern(self, message: Message) -> str:
        """The form as a regular expression; empty if it cannot be one."""
        parts: list[str] = []
        for tag, value in zip(message.tags, message.values, strict=True):
            syntax = re.escape(value) if self._fixed(tag) else self._syntax(tag)
            if not syntax or tag in _DATA:
                return ""
            parts.append(f"{tag}=({syntax}){SOH}")
        return "".join(parts)

    def _syntax(self, tag: str) -> str:
        """What a field's value may be; empty if no pattern says it."""
        field = self._fields.get(tag)
        if field is None:
            return _ANY  # a field that the rules tolerate
        if not field.values:
            return SYNTAX.get(field.type, "")
        one = "|".join(re.escape(each) for each in sorted(field.values, key=len, reverse=True))
        return f"(?:{one})(?: (?:{one}))*" if field.multiple else one
