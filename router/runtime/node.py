"""The node: sessions, the core and the journal as one machine without I/O.

Bytes, closed connections and ticks go in; journal records and bytes come out, in that order: the
driver makes the records durable before it writes the bytes. Owns the way of a frame through
session, application, core and back, and what stands in one record. Knows no socket and no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from router.core import fold
from router.core.engine import Engine
from router.core.requests import cancel_child
from router.fix import from_oms, from_venue
from router.fix.application import market_data_request, outgoing
from router.fix.codec import Message, decode, time_value
from router.fix.session import LoggedOn, LoggedOut, Received, ResendNeeded, Session
from router.journal.market import MarketFile
from router.journal.records import Position
from router.journal.segments import Journal
from router.messages import (
    MARKET_EVENTS,
    Command,
    Event,
    MarketDataLost,
    RefuseMessage,
    Restarted,
    Sent,
    SessionClosed,
    SessionNumbers,
    SessionOpened,
    Step,
    TimerFired,
    decode_step,
    encode_step,
)
from router.runtime.links import Link, LinkKind

STALE_TYPES = frozenset({"D"})
"""Messages to a venue that are never resent when they are old: gap-filled instead."""


@dataclass(slots=True)
class Batch:
    """What may leave once the records of it are durable."""

    writes: list[tuple[int, bytes]] = field(default_factory=list)
    closes: list[int] = field(default_factory=list)


class Node:
    """One shard."""

    def __init__(
        self,
        engine: Engine,
        links: Sequence[Link],
        journal: Journal,
        market_file: MarketFile,
        *,
        monotonic: Callable[[], int],
        on_step: Callable[[Step], None] | None = None,
    ) -> None:
        self.engine = engine
        self.links = {link.name: link for link in links}
        self.seq = 0
        self.faults: list[str] = []
        """What a venue sent that could not be read, newest last."""
        self._journal = journal
        self._market_file = market_file
        self._monotonic = monotonic
        self._on_step = on_step
        self._by_conn: dict[int, Link] = {}
        self._batch = Batch()

    # -- recovery --------------------------------------------------------------------------------

    def recover(self, steps: Iterable[tuple[Position, Step]], last_market_seq: int) -> int:
        """Fold what the journal holds. Returns how many steps there were."""
        count = 0
        numbers: dict[str, tuple[int, int]] = {}
        for position, step in steps:
            count += 1
            self.seq = step.seq
            if step.event is not None:
                fold.apply(self.engine.state, step.now, step.event)
            for command in step.commands:
                fold.apply(self.engine.state, step.now, command)
            for sent in step.sent:
                if sent.session in self.links:
                    self.links[sent.session].stored(sent.msg_seq_num, position)
            for each in step.numbers:
                numbers[each.session] = (each.next_in, each.next_out)
        self.seq = max(self.seq, last_market_seq)
        for name, (next_in, next_out) in numbers.items():
            link = self.links.get(name)
            if link is not None:
                link.session = Session(link.config, next_in=next_in, next_out=next_out)
                link.told = (next_in, next_out)
        return count

    def start(self, config_hash: str, now: int) -> None:
        """Begin a new epoch: the first event of this life."""
        self._step(now, Restarted(self.engine.state.epoch + 1, config_hash))

    # -- inputs ----------------------------------------------------------------------------------

    def connected(self, name: str, conn: int, now: int) -> None:
        """A connection that we dialled is up."""
        link = self.links[name]
        link.conn = conn
        self._by_conn[conn] = link
        link.session.connect(now)
        self._settle(link, now)

    def accepted(self, name: str, conn: int, data: bytes, now: int) -> None:
        """A connection whose Logon names an OMS session; `data` is all that it has sent."""
        link = self.links[name]
        if link.conn is not None:
            self._batch.closes.append(conn)  # a live identity: dropped without a message
            return
        self.connected(name, conn, now)
        self.received(conn, data, now)

    def received(self, conn: int, data: bytes, now: int) -> None:
        """Bytes of a connection."""
        link = self._by_conn.get(conn)
        if link is not None:
            link.session.receive(data, now)
            self._settle(link, now)

    def closed(self, conn: int, now: int) -> None:
        """A connection is gone."""
        link = self._by_conn.pop(conn, None)
        if link is not None:
            link.conn = None
            link.session.lost(now)
            self._settle(link, now)

    def control(self, event: Event, now: int) -> tuple[Command, ...]:
        """An operator's event, such as a kill. Returns what was decided."""
        return self._step(now, event)

    def deadline(self) -> int | None:
        """When `tick` is wanted, UTC nanoseconds."""
        times = [link.session.deadline() for link in self.links.values()]
        times.append(self.engine.deadline())
        return min((at for at in times if at is not None), default=None)

    def tick(self, now: int) -> None:
        """Let timers fire that are due."""
        for link in self.links.values():
            at = link.session.deadline()
            if at is not None and at <= now:
                link.session.tick(now)
                self._settle(link, now)
        at = self.engine.deadline()
        if at is not None and at <= now:
            self._step(now, TimerFired())

    def logout(self, text: str, now: int) -> None:
        """Log every session out: the daemon is going."""
        for link in self.links.values():
            if link.session.logged_on:
                link.session.logout(text, now)
                self._settle(link, now)

    def last_cancels(self, now: int) -> Batch:
        """Cancels of everything alive, from memory, when the journal takes no more records.

        A cancel adds no risk. The numbers that it spends are on no disk: see docs/reliability.md.
        """
        self._batch = Batch()
        state = self.engine.state
        for child in state.live_children():
            link = self.links[child.mic]
            if link.session.logged_on:
                out = outgoing(cancel_child(self.engine.env, state, child, "journal failed"), now)
                assert out is not None
                state.ids += 1
                link.session.send(out.msg_type, out.body, now)
                self._take_frames(link)
        return self.take()

    def take(self) -> Batch:
        """What may be written once everything appended so far is durable."""
        batch, self._batch = self._batch, Batch()
        return batch

    # -- questions -------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """True when every venue takes new risk, and every instrument has a price to judge by."""
        state = self.engine.state
        told = any(link.kind is LinkKind.DATA for link in self.links.values())
        priced = all(state.market.mid2(symbol) for symbol in self.engine.env.instruments)
        return len(state.open_mics()) == len(state.venue) and (priced or not told)

    def callers(self) -> dict[tuple[str, str, str], str]:
        """Who may log on: BeginString, SenderCompID, TargetCompID as the peer sends them."""
        return {
            (each.config.begin_string, each.config.target_comp_id, each.config.sender_comp_id): name
            for name, each in self.links.items()
            if each.kind is LinkKind.OMS
        }

    # -- the way of a frame ----------------------------------------------------------------------

    def _settle(self, link: Link, now: int) -> None:
        """Carry out what a session has to say, then record what the session did by itself."""
        for event in link.session.take_events():
            match event:
                case Received():
                    self._message(link, event, now)
                case LoggedOn():
                    self._logged_on(link, now)
                case LoggedOut():
                    self._logged_out(link, event.reason, now)
                case ResendNeeded():
                    frames = self._stored_frames(link, event.begin, event.end, now)
                    link.session.resend(frames, now)
        if link.durable:
            self._record(now, None, (), link)
        else:
            self._send_frames(link)
        if link.session.wants_close and link.conn is not None:
            self._batch.closes.append(link.conn)
            self.closed(link.conn, now)

    def _logged_on(self, link: Link, now: int) -> None:
        if link.kind is LinkKind.DATA:
            for number, symbol in enumerate(self.engine.env.instruments, 1):
                out = market_data_request(link.name, symbol, f"{link.mic}-{number}")
                link.session.send(out.msg_type, out.body, now)
        else:
            self._step(now, SessionOpened(link.name, link.mic), link)

    def _logged_out(self, link: Link, reason: str, now: int) -> None:
        if link.kind is LinkKind.DATA:
            self._step(now, MarketDataLost(link.mic))
        else:
            self._step(now, SessionClosed(link.name, link.mic, reason), link)

    def _message(self, link: Link, received: Received, now: int) -> None:
        """One application message: to an event, through the core, into one record."""
        message, seq = received.message, received.seq
        if link.kind is LinkKind.OMS:
            read = self._read_oms(link, message, seq)
            if isinstance(read, RefuseMessage):
                self._record(now, None, (read,), link, received)
            else:
                self._step(now, read, link, received)
            return
        try:
            event = from_venue.read(link.mic, message, now, self._refused_id(link, message))
        except (ValueError, KeyError) as error:
            self._fault(f"{link.name}: 35={message.msg_type} 34={seq}: {error}")
            event = None
        if event is not None:
            self._step(now, event, link, received)
        elif link.durable:
            self._record(now, None, (), link, received)

    def _read_oms(self, link: Link, message: Message, seq: int) -> Event | RefuseMessage:
        if link.account_required and message.msg_type in ("D", "G") and not message.get("1"):
            text = f"FIELD_MISSING: 35={message.msg_type} requires Account(1)"
            ref_id = message.get("11")
            return RefuseMessage(link.name, seq, message.msg_type, "5", ref_id, text)
        return from_oms.read(link.name, message, seq)

    def _fault(self, text: str) -> None:
        self.faults.append(text)
        del self.faults[:-100]

    def _refused_id(self, link: Link, message: Message) -> str:
        """The ClOrdID of our message that a Reject(3) or j means by RefSeqNum(45)."""
        text = message.get("45")
        if message.msg_type not in ("3", "j") or not text.isdigit() or not link.durable:
            return ""
        frames = self._frames(link, int(text), int(text))
        return decode(frames[0][1]).get("11") if frames else ""

    # -- steps and records -----------------------------------------------------------------------

    def _step(
        self, now: int, event: Event, link: Link | None = None, received: Received | None = None
    ) -> tuple[Command, ...]:
        """One event through the core."""
        self.seq += 1
        commands = self.engine.handle(self.seq, now, event)
        if isinstance(event, MARKET_EVENTS) and (link is None or not link.durable):
            step = Step(self.seq, now, event)
            self._market_file.append(self.seq, now, encode_step(step))
            if not commands:
                return commands
            event_kept: Event | None = None
        else:
            event_kept = event
        self._append(self.seq, now, event_kept, commands, link, received)
        return commands

    def _record(
        self,
        now: int,
        event: Event | None,
        commands: tuple[Command, ...],
        link: Link,
        received: Received | None = None,
    ) -> None:
        """A record of a session alone, if there is anything to record."""
        numbers = (link.session.next_in, link.session.next_out)
        if commands or received is not None or numbers != link.told:
            self.seq += 1
            self._append(self.seq, now, event, commands, link, received)
        else:
            self._send_frames(link)

    def _append(
        self,
        seq: int,
        now: int,
        event: Event | None,
        commands: tuple[Command, ...],
        link: Link | None,
        received: Received | None,
    ) -> None:
        """Frame what was decided, and put it all into one record: event, decision, frames."""
        touched = {link.name: link} if link is not None and link.durable else {}
        for command in commands:
            out = outgoing(command, now)
            if out is not None:
                to = self.links[out.session]
                to.session.send(out.msg_type, out.body, now)
                touched[to.name] = to
        sent: list[Sent] = []
        numbers: list[SessionNumbers] = []
        for each in touched.values():
            sent.extend(self._take_frames(each))
            next_in = each.session.next_in
            if each is link and received is not None:
                next_in = received.seq + 1  # what was read with it has its own records
            if (next_in, each.session.next_out) != each.told:
                each.told = (next_in, each.session.next_out)
                numbers.append(SessionNumbers(each.name, *each.told))
        step = Step(
            seq=seq,
            now=now,
            event=event,
            commands=commands,
            frame=received.frame if received is not None else b"",
            session=link.name if link is not None else "",
            sent=tuple(sent),
            numbers=tuple(numbers),
        )
        position = self._journal.append(seq, self._monotonic(), now, encode_step(step))
        for each_sent in sent:
            self.links[each_sent.session].stored(each_sent.msg_seq_num, position)
        if self._on_step is not None:
            self._on_step(step)

    def _take_frames(self, link: Link) -> list[Sent]:
        """Frames that the session made: all to the wire if it is live, the fresh to the record."""
        sent = []
        for frame in link.session.take_frames():
            if frame.fresh:
                sent.append(Sent(link.name, frame.seq, frame.data))
            if frame.live and link.conn is not None:
                self._batch.writes.append((link.conn, frame.data))
        return sent

    def _send_frames(self, link: Link) -> None:
        """Frames that take no number: resends and gap fills, and all of a session of data."""
        fresh = self._take_frames(link)
        assert not (fresh and link.durable), f"{link.name}: a fresh frame without a record"

    # -- resends ---------------------------------------------------------------------------------

    def _stored_frames(self, link: Link, begin: int, end: int, now: int) -> list[tuple[int, bytes]]:
        """What may be resent of a range: no NewOrderSingle that has grown old on its way."""
        if link.venue is None:
            return self._frames(link, begin, end)
        oldest = now - link.venue.max_resend_age_ns
        return [
            (seq, frame)
            for seq, frame in self._frames(link, begin, end)
            if not _stale(frame, oldest)
        ]

    def _frames(self, link: Link, begin: int, end: int) -> list[tuple[int, bytes]]:
        found: list[tuple[int, bytes]] = []
        for seq in range(max(1, begin), min(end, len(link.positions)) + 1):
            step = decode_step(self._journal.read(link.positions[seq - 1]))
            found.extend(
                (each.msg_seq_num, each.frame)
                for each in step.sent
                if each.session == link.name and each.msg_seq_num == seq
            )
        return found


def _stale(frame: bytes, oldest: int) -> bool:
    message = decode(frame)
    return message.msg_type in STALE_TYPES and time_value(message.get("52")) < oldest


@dataclass(slots=True)
class Built:
    """A node that has recovered, with what it writes to."""

    node: Node
    journal: Journal
    market_file: MarketFile
    recovered: int
    """Steps folded from the journal."""
