"""Recovery: what the journal holds becomes the state and the sessions' numbers again.

Owns what a step means for a session: numbers, frames that may be asked for again, an operator's
hand. Order state is the core's fold. Nothing is decided here, and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from router.core import fold
from router.core.state import State
from router.fix.session import Session
from router.journal.records import Position
from router.messages import SessionCommanded, Step
from router.runtime import operating
from router.runtime.links import Link

Numbers = tuple[int, int, int]
"""Next in, next out, and when the journal told them, UTC nanoseconds."""


class Recovery:
    """Folds steps into a state and into links. `finish` when there are no more."""

    def __init__(self, state: State, links: Mapping[str, Link]) -> None:
        self.seq = 0
        """Of the last step."""
        self.count = 0
        """Steps folded."""
        self.numbers: dict[str, Numbers] = {}
        self._state = state
        self._links = links

    def fold(self, steps: Iterable[tuple[Position, Step]]) -> None:
        """Take steps in, in their order."""
        state, apply = self._state, fold.apply
        for position, step in steps:
            self.count += 1
            self.seq = step.seq
            event, now = step.event, step.now
            if event is not None:
                apply(state, now, event)
                if isinstance(event, SessionCommanded):
                    operating.recovered(self._links.get(event.session), event)
            for command in step.commands:
                apply(state, now, command)
            if step.sent or step.numbers:
                self._sessions(position, step)

    def finish(self) -> None:
        """Give each session the numbers that it goes on with."""
        for name, (next_in, next_out, at) in self.numbers.items():
            link = self._links.get(name)
            if link is not None:
                link.session = Session(link.config, next_in=next_in, next_out=next_out)
                link.told = (next_in, next_out)
                link.period = link.schedule.period(at)

    def _sessions(self, position: Position, step: Step) -> None:
        links = self._links
        for sent in step.sent:
            if sent.session in links:
                links[sent.session].stored(sent.msg_seq_num, position)
        for each in step.numbers:
            link = links.get(each.session)
            if link is not None:
                link.skip_to(each.next_out)
                link.reserved = each.reserved or link.reserved
            self.numbers[each.session] = (each.next_in, each.next_out, step.now)
