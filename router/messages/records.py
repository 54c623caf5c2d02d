"""The journal's record: what came in, what was decided, what left. Its only encoder."""

from __future__ import annotations

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


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Step)


def encode_step(step: Step) -> bytes:
    """A step as msgpack."""
    return _encoder.encode(step)


def decode_step(data: bytes | memoryview) -> Step:
    """The step that `encode_step` wrote.

    Raises:
        msgspec.ValidationError, msgspec.DecodeError: if the bytes are not a step.
    """
    return _decoder.decode(data)
