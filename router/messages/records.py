"""The journal's record: what came in, what was decided, what left. Its only encoder."""

from __future__ import annotations

import zlib

import msgspec

from router.messages.commands import Command
from router.messages.events import Event


class Sent(msgspec.Struct, frozen=True, array_like=True):
    """One frame given to a session: it is resent from here, the same but for 43, 122 and 52."""

    session: str
    msg_seq_num: int
    frame: bytes


class SessionNumbers(msgspec.Struct, frozen=True, array_like=True):
    """A session's next numbers after the step."""

    session: str
    next_in: int
    next_out: int
    reserved: int = 0
    """Numbers below it may leave without a record, should the journal fail; 0: as told before."""


class Step(msgspec.Struct, frozen=True):
    """One record: what came in, what was decided, what left, and where the sessions stand."""

    seq: int
    now: int
    event: Event | None = None
    """None for a step of a session alone, such as a heartbeat."""
    commands: tuple[Command, ...] = ()
    frame: bytes = b""
    """The inbound frame that became the event."""
    session: str = ""
    """The session that it came in on."""
    sent: tuple[Sent, ...] = ()
    numbers: tuple[SessionNumbers, ...] = ()
    begins_again: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    """Of the sessions in `numbers` those whose numbers are to begin again, and whose peer has not
    said that it knows: the next Logon asks for it. Left out where there are none."""


PACKED_ABOVE = 256 * 1024
"""Bytes. A step that is larger is packed: a kill of ten thousand children is one step, and a record
has a bound. Its frames are all alike, so that little is left of them."""
_UNPACKED_MAX = 1 << 30
_LEVEL = 1
_PACKED = b"\x78"
"""The first byte of what zlib packs with its window of 32 KiB (RFC 1950); a step begins with a
map's, 0x80 or above."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Step)


def encode_step(step: Step) -> bytes:
    """A step as msgpack, packed if it is large."""
    data = _encoder.encode(step)
    return data if len(data) <= PACKED_ABOVE else zlib.compress(data, _LEVEL)


def is_packed(data: bytes | memoryview) -> bool:
    """True of a step whose text cannot be looked for in its bytes."""
    return data[:1] == _PACKED


def decode_step(data: bytes | memoryview) -> Step:
    """The step that `encode_step` wrote.

    Raises:
        msgspec.ValidationError, msgspec.DecodeError: if the bytes are not a step.
    """
    return _decoder.decode(_unpacked(data) if is_packed(data) else data)


def _unpacked(data: bytes | memoryview) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        step = unpacking.decompress(data, _UNPACKED_MAX)
    except zlib.error as error:
        raise msgspec.DecodeError(str(error)) from error
    if not unpacking.eof:
        raise msgspec.DecodeError("it is packed, and its end is missing")
    return step
