"""Shapes: messages of one form, read and judged by one regular expression.

A peer sends the same few forms again and again: the same tags in the same order. When a form has
been found sound often enough it gets a pattern; a frame that matches is sound, and its values are
the pattern's groups. Whatever matches none goes the long way, so a pattern may be narrower than
the dictionary, never wider. Read so, an order costs a third (docs/performance.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set

from router.fix.codec import DATA_LENGTHS, SOH, Message
from router.fix.dictionary.formats import ANY_TEXT, value_pattern
from router.fix.specification import Field

SEEN_MIN = 64
"""So often a form must come before it gets its pattern, which costs a millisecond to make."""
SHAPES_MAX = 8
"""Forms of one MsgType(35); beyond that the one that is matched least gives way."""
FORMS_MAX = 256
"""Forms that are counted at a time."""
FIELDS_MAX = 128
"""Fields of a form; a longer message goes the long way."""
PATTERN_MAX = 4_000
"""Characters of a pattern, for the same reason: one of 8,000 took 7 ms to make, and no message may
cost more than 5."""
MSG_TYPES_MAX = 64

FIXED = frozenset({"35", "1128"})
"""Fields whose value decides how others are judged: it is part of the form, as a group's count."""
_DATA = DATA_LENGTHS.keys() | set(DATA_LENGTHS.values())
"""Fields whose value may hold SOH, or says where it ends: no pattern can read them."""

Match = Callable[[str], "re.Match[str] | None"]


class Shapes:
    """The forms of the messages of one dictionary."""

    def __init__(self, fields: Mapping[str, Field]) -> None:
        self._fields = fields
        self._seen: dict[tuple[str, ...], int] = {}
        """Sound messages by MsgType(35) and tags."""
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

    def learn(self, message: Message, counts: Set[str]) -> None:
        """A message was found sound by the long way: after a while its form is known.

        `counts` are the tags that count a group in it.
        """
        if len(message.tags) > FIELDS_MAX:
            return
        form = (message.msg_type, *message.tags)
        seen = self._seen.get(form, 0) + 1
        if seen == 1 and len(self._seen) >= FORMS_MAX:
            self._seen.clear()
        self._seen[form] = seen
        if seen == SEEN_MIN:
            self._remember(message, counts | FIXED)

    def _remember(self, message: Message, fixed: Set[str]) -> None:
        tags = tuple(message.tags)
        full = len(self._shapes) >= MSG_TYPES_MAX and message.msg_type not in self._shapes
        if full or not _DATA.isdisjoint(tags):
            return
        text = self._pattern(message, fixed)
        if len(text) > PATTERN_MAX:
            return
        shapes = self._shapes.setdefault(message.msg_type, [])
        del shapes[SHAPES_MAX - 1 :]
        pattern = re.compile(text, re.ASCII)
        shapes.append((pattern.fullmatch, tags, len(set(tags)) < len(tags)))

    def _pattern(self, message: Message, fixed: Set[str]) -> str:
        """The form as a regular expression."""
        pairs = zip(message.tags, message.values, strict=True)
        return "".join(
            f"{tag}=({re.escape(value) if tag in fixed else self._syntax(tag)}){SOH}"
            for tag, value in pairs
        )

    def _syntax(self, tag: str) -> str:
        """What a field's value may be; any text if the rules tolerate a field that is unknown."""
        field = self._fields.get(tag)
        return value_pattern(field) if field else ANY_TEXT
