"""The FIX frames of a journal, in order, with what is to be said about each, and one order's way.

What a journal has: application messages that came in, and every fresh frame that left. What it has
not: admin messages that came in, resent copies, market data sessions. Knows nothing of screens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from router.fix.codec import CodecError, Message, decode
from router.messages import (
    CancelChild,
    CancelReceived,
    ChildRefused,
    OpenParent,
    OrderReceived,
    RefuseCancel,
    ReplaceReceived,
    Report,
    RequestQuote,
    SendChild,
    Step,
)

_ID_TAGS = ("11", "41", "37", "131", "379")
"""Where a message carries an id by which we know whose it is."""
_ADMIN = frozenset("012345A")


@dataclass(frozen=True, slots=True)
class WireFrame:
    """One frame as it passed. Times are UTC nanoseconds."""

    seq: int
    """Of the step in the journal."""
    now: int
    """When the step began: what it sent left after its record was safe."""
    session: str
    outbound: bool
    data: bytes
    message: Message | None
    """None if it cannot be read."""
    marks: tuple[str, ...] = ()

    @property
    def admin(self) -> bool:
        """True for a message of the session layer."""
        return self.message is not None and self.message.msg_type in _ADMIN


@dataclass(slots=True)
class Numbers:
    """What each session's last number was, so that a jump is seen.

    A gap in what came in shows as our ResendRequest(2): of admin messages the journal has none.
    """

    _last_out: dict[str, int] = field(default_factory=dict)

    def frames(self, step: Step) -> Iterator[WireFrame]:
        """The frames of a step: what came in, then what left. Call for every step, in order."""
        if step.frame:
            message = _message(step.frame)
            marks = tuple(_inbound(message))
            yield WireFrame(step.seq, step.now, step.session, False, step.frame, message, marks)
        for each in step.sent:
            message = _message(each.frame)
            marks = tuple(self._outbound(each.session, each.msg_seq_num, message))
            yield WireFrame(step.seq, step.now, each.session, True, each.frame, message, marks)

    def _outbound(self, session: str, number: int, message: Message | None) -> Iterator[str]:
        last = self._last_out.get(session, 0)
        self._last_out[session] = number
        if number <= last:
            yield "RESET"
        elif number > last + 1:
            yield f"SKIPPED {last + 1}..{number - 1}"
        if message is None:
            yield "UNREADABLE"
            return
        if message.msg_type == "2":
            end = message.get("16")
            yield f"GAP {message.get('7')}..{'' if end == '0' else end}"
        yield from _refusals(message)


def _message(frame: bytes) -> Message | None:
    try:
        return decode(frame)
    except CodecError as error:
        return error.message


def _inbound(message: Message | None) -> Iterator[str]:
    if message is None:
        yield "UNREADABLE"
        return
    if message.get("43") == "Y":
        yield "POSSDUP"
    if message.get("97") == "Y":
        yield "POSSRESEND"
    yield from _refusals(message)


def _refusals(message: Message) -> Iterator[str]:
    """Reject(3), j, 9, and an ExecutionReport(8) that refuses."""
    refused = message.msg_type in ("3", "j", "9")
    if refused or (message.msg_type == "8" and message.get("150") == "8"):
        yield "REJECT"


# -- one order -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hop:
    """A frame on an order's way."""

    frame: WireFrame
    since_last_ns: int
    """Since the frame of the order before it."""
    answer_ns: int | None
    """Since what it answers, with the same ClOrdID(11) or QuoteReqID(131), left or came."""


class Journey:
    """Everything that passed for one order: the client's messages and those of its children."""

    def __init__(self, *, parent_id: str = "", cl_ord_id: str = "") -> None:
        """A parent by its OrderID(37), or a client's order that never became one."""
        self.parent_id = parent_id
        self._refused = cl_ord_id
        self._names: set[tuple[str, str]] = set()
        """Session and id."""
        self._asked: dict[tuple[str, str, bool], int] = {}
        self._last: int | None = None

    def takes(self, step: Step, frames: Iterable[WireFrame]) -> Iterator[Hop]:
        """Those of a step's frames that are part of it. Call for every step, in order."""
        self._learn(step)
        refused = step.event if isinstance(step.event, ChildRefused) else None
        for frame in frames:
            by_event = refused is not None and not frame.outbound
            named = (frame.session, refused.cl_ord_id if refused is not None else "")
            if (by_event and named in self._names) or self._own(frame):
                yield self._hop(frame)

    def _learn(self, step: Step) -> None:
        """New ids: the order's own, its children's, and those of requests about them."""
        event, names = step.event, self._names
        match event:
            case OrderReceived() if event.cl_ord_id == self._refused:
                names.add((event.session, event.cl_ord_id))
            case CancelReceived() | ReplaceReceived():
                order = (event.session, event.orig_cl_ord_id or event.order_id)
                if order in names:
                    names.add((event.session, event.cl_ord_id))
        for command in step.commands:
            match command:
                case SendChild() if command.parent_id == self.parent_id:
                    names.add((command.mic, command.cl_ord_id))
                case CancelChild() if (command.mic, command.orig_cl_ord_id) in names:
                    names.add((command.mic, command.cl_ord_id))
                case RequestQuote() if command.parent_id == self.parent_id:
                    names.add((command.mic, command.quote_req_id))
                case OpenParent() | Report() | RefuseCancel() if (
                    self.parent_id and command.parent_id == self.parent_id
                ):
                    names.add((command.session, command.cl_ord_id))
                    names.add((command.session, self.parent_id))

    def _own(self, frame: WireFrame) -> bool:
        message = frame.message
        return message is not None and any(
            (frame.session, message.fields[tag]) in self._names
            for tag in _ID_TAGS
            if tag in message.fields
        )

    def _hop(self, frame: WireFrame) -> Hop:
        since = frame.now - self._last if self._last is not None else 0
        self._last = frame.now
        fields = frame.message.fields if frame.message is not None else {}
        name = fields.get("11") or fields.get("131") or fields.get("379", "")
        asked = self._asked.pop((frame.session, name, not frame.outbound), None)
        self._asked[frame.session, name, frame.outbound] = frame.now
        return Hop(frame, since, None if asked is None else frame.now - asked)
