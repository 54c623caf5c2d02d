"""FIX messages in bytes of any kind: a capture of the wire, a log, what somebody pasted.

Owns where a message begins and ends in text, and which separator it has. Whether it is sound is
`message_view`'s business: what looks like a message is handed on, with its faults.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from router.fix.framing import FRAME_MAX, SOH, START

_HEAD = re.compile(rb"8=FIX[^\x01|^\s]{0,12}(\x01|\||\^A)")
_NEXT_HEAD = re.compile(rb"(?<![0-9])8=FIX[^\x01|^\s]{0,12}(?:\x01|\||\^A)")
_BODY_LENGTH = re.compile(rb"9=(\d{1,12})[\x01|]")
_TRAILER = re.compile(rb"10=[0-9]*")
_FIELD = re.compile(rb"-?[0-9][0-9A-Za-z]*=")
_LOOKS_LIKE_FIX = re.compile(rb"\x01|(?:^|[|\s])[0-9]{1,5}=[^|\s]*(?:\||\^A)")
_COLOUR = re.compile(rb"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Found:
    """One message, or bytes that should have been one."""

    line: int
    """Where it begins, from 1."""
    prefix: str
    """What stands before it on its line: a log's time and level."""
    frame: bytes
    """With SOH between fields, whatever stood there; empty if there is none."""
    junk: bytes = b""
    """Bytes that are no message and no log's words either."""


@dataclass(slots=True)
class Unread:
    """Lines that hold words and no message."""

    lines: int = 0


def find(chunks: Iterable[bytes], unread: Unread | None = None) -> Iterator[Found]:
    """The messages of a text that comes in pieces, in order, as soon as they are whole.

    A field's separator is SOH, `|` or `^A`. With SOH a message may hold line ends in its data:
    BodyLength(9) says how far it goes.
    """
    rest, number = b"", 1
    for chunk in chunks:
        rest += chunk
        cut = _judgeable(rest)
        if cut:
            yield from _messages(rest[:cut], number, unread)
            number += rest.count(b"\n", 0, cut)
            rest = rest[cut:]
    yield from _messages(rest, number, unread)


def _judgeable(text: bytes) -> int:
    """How much of a text does not depend on what comes next."""
    start = text.rfind(START)
    head = _HEAD.match(text, start) if start >= 0 else None
    if head is None or head[1] != SOH:
        line = text.rfind(b"\n") + 1
        if len(text) - line < FRAME_MAX:
            return line
        return (_after_the_last(text, start) if start > 0 else 0) or len(text)
    declared = _declared_end(text, start)
    if declared is not None and len(text) > declared + len(b"10=000"):
        return _end(text, start)
    return _after_the_last(text, start) if len(text) - start < FRAME_MAX else len(text)


def _after_the_last(text: bytes, start: int) -> int:
    """The start of a message with the words before it on its line."""
    line = text.rfind(b"\n", 0, start) + 1
    before = text.rfind(START, line, start)
    return _end(text, before) if before >= 0 and _HEAD.match(text, before) else line


def _messages(text: bytes, number: int, unread: Unread | None) -> Iterator[Found]:
    at = 0
    while True:
        head = _NEXT_HEAD.search(text, at)
        start = len(text) if head is None else head.start()
        *others, prefix = text[at:start].split(b"\n")
        if head is None:
            others.append(prefix)
        for index, line in enumerate(others):
            behind_a_message = at > 0 and index == 0
            yield from _no_message(line.strip(), number, None if behind_a_message else unread)
            number += 1
        if head is None:
            return
        prefix = prefix.strip()
        if _is_junk(prefix):
            yield Found(number, "", b"", prefix)
            prefix = b""
        end = _end(text, start)
        yield Found(number, prefix.decode("utf-8", "replace"), _frame(text[start:end]))
        number += text.count(b"\n", start, end)
        at = end


def _no_message(line: bytes, number: int, unread: Unread | None) -> Iterator[Found]:
    """A line, or the end of one, without a message."""
    if _is_junk(line):
        yield Found(number, "", b"", line)
    elif line and unread is not None:
        unread.lines += 1


def _is_junk(text: bytes) -> bool:
    """True for what is neither a log's words nor blank: fields without a start, binary."""
    if START in text or _LOOKS_LIKE_FIX.search(text):
        return True
    try:
        words = _COLOUR.sub(b"", text).decode("utf-8")
    except UnicodeDecodeError:
        return True
    return not words.replace("\t", " ").isprintable()


def _declared_end(text: bytes, start: int) -> int | None:
    """Where CheckSum(10) stands, if BodyLength(9) says so and it does."""
    head = _HEAD.match(text, start)
    length = _BODY_LENGTH.match(text, head.end()) if head is not None else None
    if length is None:
        return None
    end = length.end() + int(length[1])
    return end if re.compile(rb"10=[0-9]{3}").match(text, end) else None


def _end(text: bytes, start: int) -> int:
    """Where a message ends: by BodyLength, else by CheckSum, else at the line's end or the next."""
    head = _HEAD.match(text, start)
    assert head is not None, "it has been looked for"
    declared = _declared_end(text, start)
    if declared is not None:
        return _after_trailer(text, declared, head[1])
    following = _NEXT_HEAD.search(text, head.end())
    limit = len(text) if following is None else following.start()
    line_end = text.find(b"\n", start, limit)
    if head[1] != SOH and line_end >= 0:
        limit = line_end
    mark = re.escape(head[1])
    trailer = re.compile(mark + rb"(10=[0-9]{3})(?=" + mark + rb"|\s|$)").search(text, start, limit)
    if trailer is not None:
        return _after_trailer(text, trailer.start(1), head[1])
    return line_end if line_end >= 0 else limit


def _after_trailer(text: bytes, at: int, separator: bytes) -> int:
    """The end of `10=...` and the separator behind it, if there is one."""
    found = _TRAILER.match(text, at)
    assert found is not None
    return found.end() + len(separator) * text.startswith(separator, found.end())


def _frame(text: bytes) -> bytes:
    """A message with SOH. Without SOH a piece that is no field belongs to the value before it."""
    head = _HEAD.match(text)
    assert head is not None
    separator = head[1]
    if separator == SOH:
        return text if text.endswith(SOH) else text + SOH
    text = text.rstrip(b"\r\n ")
    pieces: list[bytes] = []
    for piece in text.removesuffix(separator).split(separator):
        if pieces and not _FIELD.match(piece):
            pieces[-1] += separator + piece
        else:
            pieces.append(piece)
    return SOH.join(pieces) + SOH
