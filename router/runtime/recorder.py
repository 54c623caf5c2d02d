"""The recorder: what a step came from, what it decided and what it sends become one record.

Owns the order "record, then bytes": frames reach the batch only with the record that holds them.
Knows sessions and the journal; what a command means is the application's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from msgspec import UNSET

from router.fix.alarms import Alarms
from router.fix.application import TELLING, Outgoing, addressee, drop_copy, outgoing
from router.fix.redaction import redact
from router.fix.session import Received
from router.journal.market import MarketFile
from router.journal.segments import Journal
from router.messages import (
    Command,
    Event,
    Report,
    SendChild,
    Sent,
    SessionNumbers,
    Step,
    encode_step,
)
from router.runtime.links import Link, LinkKind


@dataclass(slots=True)
class Batch:
    """What may leave once the records of it are durable."""

    writes: list[tuple[int, bytes]] = field(default_factory=list)
    closes: list[int] = field(default_factory=list)
    first: dict[str, int] = field(default_factory=dict)
    """By session the lowest MsgSeqNum(34) in it: where a gap begins if all this never leaves."""
    children: list[str] = field(default_factory=list)
    """ClOrdIDs of orders in it: no venue has them yet."""


class Recorder:
    """Writes steps to the journal, and their frames to the batch."""

    def __init__(
        self,
        links: Mapping[str, Link],
        journal: Journal,
        market_file: MarketFile,
        *,
        monotonic: Callable[[], int],
        on_step: Callable[[Step], None] | None = None,
    ) -> None:
        self.seq = 0
        """Of the last step."""
        self.batch = Batch()
        self.alarms: Alarms[Link] = Alarms()
        for link in links.values():
            self.alarms.touch(link)
        self._links = links
        self._drops = [link for link in links.values() if link.kind is LinkKind.DROP]
        self._dialects = {name: link.dialect for name, link in links.items()}
        self._journal = journal
        self._market_file = market_file
        self._monotonic = monotonic
        self.watchers = [on_step] if on_step is not None else []
        """Who is called with each step."""

    def take(self) -> Batch:
        """What may be written once everything appended so far is durable."""
        batch, self.batch = self.batch, Batch()
        return batch

    def keep_market_data(self, seq: int, now: int, event: Event) -> None:
        """An event for the unsynced market file."""
        self._market_file.append(seq, now, encode_step(Step(seq, now, event)))

    def session_alone(
        self,
        now: int,
        link: Link,
        commands: tuple[Command, ...] = (),
        received: Received | None = None,
    ) -> None:
        """What a session did by itself, or with a message that is no event, if it did anything."""
        session = link.session
        numbers = (session.next_in, session.next_out)
        if not link.durable:
            self._send(link)
        elif (
            commands
            or received is not None
            or session.spoke
            or numbers != link.told
            or session.begins_again != link.begins_again
        ):
            # A reset says something and may leave both numbers as they were.
            self.seq += 1
            self.step(self.seq, now, None, commands, link, received)
        else:
            fresh = self._send(link)
            assert not fresh, f"{link.name}: a fresh frame without a record"

    def write_unrecorded(self, link: Link) -> None:
        """Frames that leave although no record holds them: the journal has failed."""
        self._send(link)

    def step(
        self,
        seq: int,
        now: int,
        event: Event | None,
        commands: tuple[Command, ...],
        link: Link | None,
        received: Received | None,
    ) -> None:
        """Frame what was decided, and put it all into one record: event, decision, frames."""
        touched = [link] if link is not None and link.durable else []
        for command in commands:
            if type(command) not in TELLING:
                continue
            for out in self._messages(command, now):
                if isinstance(command, SendChild):
                    self.batch.children.append(command.cl_ord_id)
                to = self._links[out.session]
                to.session.send(out.msg_type, out.body, now)
                if to not in touched:
                    touched.append(to)
        sent: list[Sent] = []
        numbers: list[SessionNumbers] = []
        begins_again: list[str] = []
        for each in touched:
            sent += self._send(each)
            session = each.session
            # What was read together with it has records of its own: the next number, and that a
            # reset was answered.
            read = received if each is link else None
            next_in = read.seq + 1 if read is not None else each.unread or session.next_in
            told = (next_in, session.next_out)
            again = session.begins_again or (read is not None and each.begins_again)
            if (told, again) != (each.told, each.begins_again):
                each.told, each.begins_again = told, again
                numbers.append(SessionNumbers(each.name, *told, each.reserve(told[1])))
                begins_again += [each.name] if again else []
        step = Step(
            seq,
            now,
            event,
            commands,
            _kept(received) if received is not None else b"",
            link.name if link is not None else "",
            tuple(sent),
            tuple(numbers),
            tuple(begins_again) or UNSET,
        )
        position = self._journal.append(seq, self._monotonic(), now, encode_step(step))
        for frame in sent:
            self._links[frame.session].stored(frame.msg_seq_num, position)
        for reached in numbers:
            self._links[reached.session].skip_to(reached.next_out)
        for watcher in self.watchers:
            watcher(step)

    def _messages(self, command: Command, now: int) -> list[Outgoing]:
        """What a command says, and to whom besides: who is given copies of what OMSs are told.

        To a session that is configured no more nothing can be said: the record has what it was.
        """
        if addressee(command) not in self._links:
            return []
        out = outgoing(command, now, self._dialects)
        if out is None:
            return []
        copies = [
            drop_copy(command, link.name, now, self._dialects)
            for link in self._drops
            if isinstance(command, Report) and link.copies_what(command.session)
        ]
        return [out, *copies]

    def _send(self, link: Link) -> list[Sent]:
        """Frames that a session made: the live ones to the batch; the fresh ones are returned.

        What is kept of a Logon holds no secret: it is never sent again.
        """
        self.alarms.touch(link)  # whatever happens to a session, its frames are taken after it
        fresh = []
        conn, writes, first = link.conn, self.batch.writes, self.batch.first
        secret = link.config.logon_fields is not None
        for frame in link.session.take_frames():
            if frame.seq < first.setdefault(link.name, frame.seq):
                first[link.name] = frame.seq
            if frame.fresh:
                kept = redact(frame.data) if secret else frame.data
                fresh.append(Sent(link.name, frame.seq, kept))
            if frame.live and conn is not None:
                writes.append((conn, frame.data))
        return fresh


def _kept(received: Received) -> bytes:
    """What is kept of an inbound frame: a UserRequest(BE) is refused, and its passwords go."""
    return redact(received.frame) if received.message.msg_type == "BE" else received.frame
