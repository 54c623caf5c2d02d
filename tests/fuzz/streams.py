"""What holds for framer, codec and dictionaries on any bytes; raises AssertionError if not.

The judge is `law`, which shares nothing with them, and simplefix.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import simplefix
from simplefix.errors import ParsingError

from router.fix import from_oms, from_venue
from router.fix.codec import CodecError, Message, decode
from router.fix.dialects import dialect
from router.fix.dictionary import REASONS, REQUIRED_MISSING
from router.fix.framing import Framer, FramingError
from router.fix.versions import VERSIONS
from tests.fuzz import law
from tests.fuzz.cost import allowed
from tests.fuzz.phrases import DICTIONARIES, LENIENT

Outcome = tuple[list[bytes], int, bool]
"""Frames, how many faults were skipped, and whether the peer was found hostile."""
Timed = Callable[[int, int, int], None]
"""Is told nanoseconds of CPU time, the bytes that they were spent on, and how many were allowed."""
NOW = 1_767_623_400_000_000_000
"""2026-01-05 14:30:00 UTC, nanoseconds."""
DIALECTS = [dialect(version) for version in VERSIONS]
NS_PER_CUT = 2_500
"""What a frame, or a fault, costs where a stream holds too many of them for the bound on bytes."""
STREAM_MAX = 2 * law.FRAME_MAX
"""Bytes of one stream, repetitions included."""
TIMED_MIN = 61
"""Below this size of chunks the calls are what costs."""
CHUNKS = (0, 0, 0, 1, 2, 3, 7, 16, 61, 100, 1_024, 4_096)
"""Sizes of what is fed at a time; 0 is all at once."""
LONG = 512
"""One in so many streams is repeated to its full length. Chance decides, by the bytes, and not the
fuzzer: it would find long streams more interesting than they are."""


def stream(data: bytes) -> tuple[bytes, int]:
    """The stream that a fuzzer's input stands for, and the size of its chunks."""
    size, text = CHUNKS[data[0] % len(CHUNKS)] if data else 0, data[1:]
    match zlib.crc32(data) % LONG:
        case 0:
            # Bytes one at a time only where that does not take for ever.
            text, size = text * (STREAM_MAX // max(1, len(text))), size if size > 60 else 61
        case 1 | 2 | 3:
            text *= 20
    return text[:STREAM_MAX], size


def chunks(text: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(text), size or max(1, len(text))):
        yield text[start : start + (size or len(text))]


def outcome(parts: Iterable[bytes]) -> Outcome:
    """What a new framer makes of chunks."""
    framer = Framer()
    frames: list[bytes] = []
    for part in parts:
        try:
            frames += framer.feed(part)
        except FramingError as error:
            return frames + error.frames, framer.garbled, True
        assert framer.buffered <= law.FRAME_MAX, f"{framer.buffered} bytes are held"
    return frames, framer.garbled, False


def measured(text: bytes, size: int, timed: Timed) -> Outcome:
    """What comes of a stream in chunks of a size, and what it cost."""
    parts = list(chunks(text, size))
    start = time.thread_time_ns()
    came = outcome(parts)
    spent = time.thread_time_ns() - start
    if not size or size >= TIMED_MIN:
        timed(spent, len(text), allowed(len(text), len(came[0]) + came[1], NS_PER_CUT))
    return came


def check_framer(data: bytes, timed: Timed) -> int:
    """Whatever the chunks, the same sound frames, in the order of the stream. One input."""
    text, size = stream(data)
    frames, garbled, hostile = measured(text, 0, timed)
    if size:
        assert measured(text, size, timed) == (frames, garbled, hostile)
    at = 0
    for frame in frames:
        at = text.index(frame, at) + len(frame)
        wrong = law.cut_wrongly(frame)
        assert not wrong, f"{wrong}: {frame!r}"
    rest = text[at:]
    quiet = not garbled and not hostile
    assert not (quiet and frames and len(rest) > law.FRAME_MAX), "no frame, and no complaint"
    return 1


def check_message(data: bytes, timed: Timed) -> int:
    """One frame or none through framer, codec and dictionaries. One input."""
    start = time.thread_time_ns()
    for frame in outcome([data])[0]:
        read(frame)
    timed(time.thread_time_ns() - start, len(data), allowed(len(data)))
    message = check_frame(data)
    if message:
        check_dictionaries(message, timed)
        check_fast_reading(data, message, timed)
        check_reading(message, timed)
    return 1


def read(frame: bytes) -> Message | None:
    """What the codec makes of an accepted frame; None if it is refused."""
    try:
        return decode(frame)
    except CodecError as error:
        return error.message


def check_frame(text: bytes) -> Message | None:
    """A text is taken as one frame exactly if nothing is wrong with it; return its message."""
    frames, _, _ = outcome([text])
    before = law.frame(text.partition(b"\x01")[0].removeprefix(b"8="), b"35=0\x01")
    if not law.cut_wrongly(before):
        # Behind a frame that begins alike there is a shorter way through the framer.
        assert outcome([before + text])[0] == [before, *frames]
    wrong = law.faults(text)
    whole = frames == [text]
    message: Message | None = None
    refused = not whole
    if whole:
        try:
            message = decode(text)
        except CodecError as error:
            refused, message = True, error.message
            answerable = bool(error.ref_tag) and not error.hostile
        else:
            answerable = True
        assert answerable or message is None, "a message that nobody may answer"
    assert refused == bool(wrong), f"refused: {refused}, wrong with it: {wrong or 'nothing'}"
    if message:
        check_fields(message, text)
    return message


def check_fields(message: Message, text: bytes) -> None:
    """The codec's fields are those of the wire, in its order."""
    parts = law.fields(text)
    assert parts is not None
    assert [(t.encode("latin-1"), v.encode("latin-1")) for t, v in message.pairs] == parts
    assert message.msg_type.encode("latin-1") == parts[2][1]
    first = {tag.decode("latin-1"): value.decode("latin-1") for tag, value in reversed(parts)}
    assert message.fields == first
    for tag, value in first.items():
        if value.isdigit() and len(value) < 4:
            message.group(tag)
    if comparable(parts):
        theirs = simplefix_reads(text)
        assert theirs == parts


def comparable(parts: law.Fields) -> bool:
    """True if every length measures the data that follow it, for both, and every tag is one.

    simplefix lets a length stand until some data field comes, and takes `095` for 95.
    """
    for (tag, value), (after, _) in zip(parts, [*parts[1:], (b"", b"")], strict=True):
        if tag in law.DATA_OF:
            both = law.DATA_OF[tag] == law.SIMPLEFIX.get(tag) == after
            if not both or not value.isdigit() or not int(value):
                return False
    return not any(tag[:1] in b"0-" for tag, _ in parts)


def simplefix_reads(text: bytes) -> law.Fields | None:
    """The fields as simplefix has them; None if it has no message."""
    parser = simplefix.FixParser(allow_empty_values=True)
    parser.append_buffer(text)
    try:
        message = parser.get_message()
    except ParsingError:
        return None
    return list(message.pairs) if message else None


def check_dictionaries(message: Message, timed: Timed) -> None:
    """Every dictionary has an opinion: no fault, or one with a reason and a tag."""
    size = sum(map(len, message.values))
    for dictionary in (*DICTIONARIES.values(), *LENIENT.values()):
        start = time.thread_time_ns()
        fault = dictionary.validate(message)
        dictionary.conditional(message)
        timed(time.thread_time_ns() - start, size, allowed(size))
        if fault:
            assert fault.reason in REASONS, fault
            assert fault.text, fault
            known = fault.ref_tag in message.fields or fault.reason == REQUIRED_MISSING
            assert known, f"{fault} in {message}"


def check_fast_reading(text: bytes, message: Message, timed: Timed) -> None:
    """A form that a dictionary knows by heart is read and judged as any other message is."""
    for dictionary in DICTIONARIES.values():
        start = time.thread_time_ns()
        try:
            again = dictionary.decode(text)
        except CodecError as error:
            again = error.message or again_not_read(text)
        fault = dictionary.validate(again)
        timed(time.thread_time_ns() - start, len(text), allowed(len(text)))
        assert (again.msg_type, again.pairs) == (message.msg_type, message.pairs)
        assert again.fields == message.fields
        assert fault == dictionary.validate(message)


def check_reading(message: Message, timed: Timed) -> None:
    """An OMS's message is an event or a refusal, a venue's an event, nothing or unreadable."""
    size = sum(map(len, message.values))
    for each in DIALECTS:
        start = time.thread_time_ns()
        assert from_oms.read("OMS", message, 2, each) is not None
        with suppress(ValueError):
            from_venue.read("XNYS", message, NOW, "C1", each)
        timed(time.thread_time_ns() - start, size, allowed(size))


def again_not_read(text: bytes) -> Message:
    """Fails."""
    raise AssertionError(f"read once and not again: {text!r}")
