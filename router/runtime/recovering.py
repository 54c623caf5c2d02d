"""Recovery: what the journal holds becomes the state and the sessions' numbers again.

Owns what a step means for a session: numbers, frames that may be asked for again, an operator's
hand; and the whole of it as bytes, for a snapshot. Order state is the core's fold. Nothing is
decided here, and nothing is sent.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from router.core import fold
from router.core.image import UnfitImage, image_of, take_up
from router.core.state import State
from router.fix.session import Session
from router.journal.records import Position
from router.messages import Restarted, SessionCommanded, Step
from router.runtime import operating
from router.runtime.links import NOWHERE, OFFSETS, Kept, Link

assert sys.byteorder == "little", "positions are kept as they are in memory"

Numbers = tuple[int, int, int]
"""Next in, next out, and when the journal told them, UTC nanoseconds."""


class SessionImage(msgspec.Struct, array_like=True):
    """One session as a snapshot has it."""

    name: str
    numbers: Numbers | None
    positions: bytes
    reserved: int
    barred: bool
    begins_again: bool = False


class NodeImage(msgspec.Struct, array_like=True):
    """All that recovery folds."""

    state: bytes
    sessions: list[SessionImage]


_decoder = msgspec.msgpack.Decoder(NodeImage)


class Recovery:
    """Folds steps into a state and into links. `finish` when there are no more."""

    def __init__(self, state: State, links: Mapping[str, Link]) -> None:
        self.seq = 0
        """Of the last step."""
        self.count = 0
        """Steps folded."""
        self.position = Position(0, 0)
        """Of the last step."""
        self._state = state
        self._links = links
        self._others: dict[str, Kept] = {}
        """Sessions that are not configured, now: they may be again."""
        self._numbers: dict[str, Numbers] = {}

    def fold(self, steps: Iterable[tuple[Position, Step]]) -> None:
        """Take steps in, in their order."""
        state, apply = self._state, fold.apply
        for position, step in steps:
            self.count += 1
            self.seq, self.position = step.seq, position
            event, now = step.event, step.now
            if isinstance(event, Restarted):
                state.retire(event.facts)
            if event is not None:
                apply(state, now, event)
                if isinstance(event, SessionCommanded):
                    operating.remember(self._kept(event.session), event)
            for command in step.commands:
                apply(state, now, command)
            if step.sent or step.numbers:
                self._sessions(position, step)

    def finish(self) -> None:
        """Give each session the numbers that it goes on with."""
        for name, (next_in, next_out, at) in self._numbers.items():
            link = self._links.get(name)
            if link is not None:
                link.session = Session(link.config, next_in=next_in, next_out=next_out)
                link.told = (next_in, next_out)
                link.period = link.schedule.period(at)
                link.former = link.last_stored
                link.session.reset_owed = link.begins_again

    def oldest_frame(self) -> dict[str, int]:
        """By session the first segment that it may be asked for frames of."""
        found = {}
        for name, kept in self._all():
            used = [each for each in kept.positions if each != NOWHERE]
            if used:
                found[name] = min(used) // OFFSETS
        return found

    # -- as bytes --------------------------------------------------------------------------------

    def image(self) -> bytes:
        """What was folded so far. Equal histories have equal images."""
        sessions = [
            SessionImage(
                name,
                self._numbers.get(name),
                kept.positions.tobytes(),
                kept.reserved,
                kept.barred,
                kept.begins_again,
            )
            for name, kept in sorted(self._all())
        ]
        return msgspec.msgpack.encode(NodeImage(image_of(self._state), sessions))

    def take_up(self, data: bytes, *, seq: int) -> None:
        """Go on from an image instead of from nothing.

        Raises:
            UnfitImage: it cannot be used here; then neither can this recovery.
        """
        try:
            image = _decoder.decode(data)
        except msgspec.DecodeError as error:
            raise UnfitImage(f"it is of another version: {error}") from None
        take_up(self._state, image.state)
        self.seq = seq
        for each in image.sessions:
            kept = self._kept(each.name)
            kept.positions = array("q", each.positions)
            kept.reserved, kept.barred = each.reserved, each.barred
            kept.begins_again = each.begins_again
            if each.numbers is not None:
                self._numbers[each.name] = each.numbers

    # -- sessions --------------------------------------------------------------------------------

    def _kept(self, name: str) -> Kept:
        return self._links.get(name) or self._others.setdefault(name, Kept())

    def _all(self) -> Iterator[tuple[str, Kept]]:
        yield from self._links.items()
        yield from self._others.items()

    def _sessions(self, position: Position, step: Step) -> None:
        for sent in step.sent:
            self._kept(sent.session).stored(sent.msg_seq_num, position)
        for each in step.numbers:
            kept = self._kept(each.session)
            kept.skip_to(each.next_out)
            kept.reserved = each.reserved or kept.reserved
            kept.begins_again = each.session in (step.begins_again or ())
            self._numbers[each.session] = (each.next_in, each.next_out, step.now)
