"""Bytes in, whole frames out: BeginString(8), BodyLength(9), CheckSum(10), and every bound on them.

A frame is `8=...|9=n|` + n bytes + `10=ddd|`. It is cut by BodyLength, nothing looks for `10=`.
Garbled bytes are skipped and counted; a hostile peer costs one `FramingError`. Knows no field but
these and, for `peek_logon`, the CompIDs.
"""

from __future__ import annotations

import re
from zlib import adler32

SOH = b"\x01"
START = b"8=FIX"
FRAME_MAX = 65_536
"""Bytes of one frame."""
BEGIN_STRING_MAX = 16
"""Bytes from the start of a frame to the first SOH."""
BODY_LENGTH_DIGITS_MAX = 12
BODY_LENGTH_MAX = len(b"9=") + BODY_LENGTH_DIGITS_MAX + 1
"""Bytes of the BodyLength(9) field with its SOH."""
BODY_MIN = len(b"35=\x01")
"""BodyLength(9) of the shortest body that holds a MsgType(35), if an empty one."""
HEAD_MAX = BEGIN_STRING_MAX + BODY_LENGTH_MAX
_HEAD = re.compile(
    rb"8=FIX[^\x01]{0,%d}\x019=(?=[0-9]{1,%d}\x01)0*([%d-9]|[1-9][0-9])"
    % (BEGIN_STRING_MAX - len(START + SOH), BODY_LENGTH_DIGITS_MAX, BODY_MIN)
)
"""What noise is searched for: a false start must not cost more than other bytes."""
TRAILERS = tuple(b"10=%03d\x01" % total for total in range(256))
"""CheckSum(10) as it stands at the end of a frame, by byte sum modulo 256."""
TRAILER_LENGTH = len(TRAILERS[0])
_ENDS = tuple(SOH + trailer for trailer in TRAILERS)
"""The same behind the field before it: else `5` and `10=072` would make a field 510."""
CHECKSUM_CHUNK = 256
"""The longest run of any bytes whose adler32 low half is exact: 1 + 256 * 255 < 65521."""
CHECKSUM_CHUNK_ASCII = 515
"""The same for ASCII: 1 + 515 * 127 < 65521."""


class FramingError(Exception):
    """A hostile or broken peer: the connection must end. `frames` were whole before the fault."""

    def __init__(self, text: str, frames: list[bytes] | None = None) -> None:
        super().__init__(text)
        self.frames: list[bytes] = frames or []


def checksum(data: bytes) -> int:
    """Byte sum modulo 256.

    The low half of adler32 is (1 + sum of bytes) mod 65521, which cannot wrap in 256 bytes; this is
    five times faster than `sum`.
    """
    size = len(data)
    if size <= CHECKSUM_CHUNK or (size <= CHECKSUM_CHUNK_ASCII and data.isascii()):
        return (adler32(data) - 1) & 0xFF
    view = memoryview(data)
    total = 0
    for start in range(0, size, CHECKSUM_CHUNK):
        total += (adler32(view[start : start + CHECKSUM_CHUNK]) & 0xFFFF) - 1
    return total & 0xFF


class Framer:
    """Cuts a byte stream into frames. Whatever the chunks, the same frames come out.

    Holds at most one frame and one head; work is linear in the bytes fed.
    """

    def __init__(self, *, frame_max: int = FRAME_MAX) -> None:
        self.garbled = 0
        """Faults skipped so far."""
        self.garbled_at_first = False
        """True if the first fault came before the first frame."""
        self._begun = False
        self._head = b""
        """How the last sound frame began, up to the digits of BodyLength(9): the next does too."""
        self._frame_max = frame_max
        self._buffer = bytearray()
        self._need = 0
        self._skipping = False
        self._skipped = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that these bytes complete, with right BodyLength and CheckSum.

        Raises:
            FramingError: too large, a BodyLength that is an attack, or no frame in sight. Frames
                whole before the fault are in its `frames`. The framer is of no use afterwards.
        """
        if self._buffer:
            self._buffer += data
            if len(self._buffer) < self._need:
                return []
            data = bytes(self._buffer)
        frames: list[bytes] = []
        try:
            rest = self._cut(data, frames)
        except FramingError as error:
            raise FramingError(str(error), frames) from None
        self._buffer = bytearray(data[rest:]) if rest < len(data) else bytearray()
        return frames

    @property
    def buffered(self) -> int:
        """Bytes held for a frame that is not whole."""
        return len(self._buffer)

    def _cut(self, text: bytes, frames: list[bytes]) -> int:
        """Append every whole frame; return where the unfinished rest begins."""
        start = 0
        size = len(text)
        self._need = 0
        while start < size:
            if self._head and not self._skipping:
                start = self._plain(text, start, frames)
                if start == size:
                    break
            if self._skipping:
                head = _HEAD.search(text, start)
                after = head.start() if head else self._tail(text, start)
                self._skip(after - start)
                start = after
                if not head:
                    break
            elif not text.startswith(START, start):
                if START.startswith(text[start : start + len(START)]):
                    break
                self._garble()
                continue
            after = self._frame(text, start, frames)
            if after == start:
                break
            start = after
        return start

    def _plain(self, text: bytes, start: int, frames: list[bytes]) -> int:
        """Take the frames from `start` on that begin like the last one and have no fault.

        As nearly all do. This only spares them the long way: of the others `_frame` says what is
        wrong, if anything.
        """
        head, frame_max = self._head, self._frame_max
        head_size, size = len(head), len(text)
        while text.startswith(head, start):
            first = start + head_size
            second = text.find(SOH, first, first + BODY_LENGTH_DIGITS_MAX + 1)
            digits = text[first:second]
            if second < 0 or not digits.isdigit():
                break
            body_end = second + 1 + int(digits)
            end = body_end + TRAILER_LENGTH
            if end > size or end - start > frame_max:
                break
            body = text[start:body_end]
            short = body_end - start <= CHECKSUM_CHUNK
            total = (adler32(body) - 1) & 0xFF if short else checksum(body)
            if text[body_end - 1 : end] != _ENDS[total] or not text.startswith(b"35=", second + 1):
                break
            frames.append(text[start:end])
            start = end
        return start

    def _frame(self, text: bytes, start: int, frames: list[bytes]) -> int:
        """Take the frame at `start`; return where to go on, which is `start` if more must come."""
        # Both SOH of the head are looked for in a bounded prefix only.
        first = text.find(SOH, start, start + BEGIN_STRING_MAX)
        if first < 0:
            if len(text) - start < BEGIN_STRING_MAX:
                return start
            raise FramingError(f"no SOH in {BEGIN_STRING_MAX} bytes")
        first += 1
        second = text.find(SOH, first, first + BODY_LENGTH_MAX)
        digits = text[first + 2 : second]
        if second < 0 or not text.startswith(b"9=", first) or not digits.isdigit():
            return self._bad_length(text, start, first, second)
        body_end = second + 1 + int(digits)
        end = body_end + TRAILER_LENGTH
        if end - start > self._frame_max:
            raise FramingError(f"a frame of {end - start} bytes, {self._frame_max} are allowed")
        if end > len(text):
            self._need = end - start
            return start
        total = checksum(text[start:body_end])
        if text.startswith(_ENDS[total], body_end - 1) and text.startswith(b"35=", second + 1):
            frames.append(text[start:end])
            self._head = text[start : first + len(b"9=")]
            self._begun = True
            self._skipping = False
            self._skipped = 0
            return end
        # The declared end, not the start: a BodyLength too long swallows the following message.
        self._garble()
        self._skip(body_end - start)
        return body_end

    def _tail(self, text: bytes, start: int) -> int:
        """Where a head may have begun of which the rest is still to come."""
        found = text.find(START[:1], max(start, len(text) - HEAD_MAX + 1))
        return found if found >= 0 else len(text)

    def _bad_length(self, text: bytes, start: int, first: int, second: int) -> int:
        """Judge a second field that is no BodyLength(9), or not yet one."""
        field = text[first : second if second >= 0 else first + BODY_LENGTH_MAX]
        if second < 0 and field.startswith(b"9=") and len(field) == BODY_LENGTH_MAX:
            raise FramingError(f"BodyLength(9) has more than {BODY_LENGTH_DIGITS_MAX} digits")
        if second < 0 and (field.startswith(b"9=") or b"9=".startswith(field)):
            return start
        self._garble()
        self._skip(first - start)
        return first

    def _garble(self) -> None:
        self.garbled += 1
        self.garbled_at_first |= not self._begun
        self._skipping = True

    def _skip(self, count: int) -> None:
        self._skipped += count
        if self._skipped > self._frame_max:
            raise FramingError(f"no sound frame in {self._frame_max} bytes")


def peek_logon(frame: bytes) -> tuple[str, str, str] | None:
    """BeginString(8), SenderCompID(49), TargetCompID(56) as on the wire; None if it is no Logon(A).

    For an acceptor that has to find out whose connection it is; nothing else is judged.
    """
    fields: dict[bytes, bytes] = {}
    for field in frame.split(SOH):
        tag, _, value = field.partition(b"=")
        fields.setdefault(tag, value)
    if fields.get(b"35") != b"A" or b"49" not in fields or b"56" not in fields:
        return None
    begin_string, sender, target = (fields[tag].decode("latin-1") for tag in (b"8", b"49", b"56"))
    return begin_string, sender, target
