"""The node: sessions, the core and the journal as one machine without I/O.

Bytes, closed connections and ticks go in; journal records and bytes come out, in that order: the
driver makes the records durable before it writes the bytes. Owns the way of a frame through
session, application, core and back, and what stands in one record. Knows no socket and no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from router.core.engine import Engine
from router.fix.alarms import earliest
from router.fix.application import market_data_request
from router.fix.credentials import LogonRefusal
from router.fix.from_venue import NotServedError
from router.fix.line import SENDING
from router.fix.session import (
    Alert,
    LoggedOn,
    LoggedOut,
    LoggingOut,
    Received,
    ResendNeeded,
    SessionEvent,
)
from router.journal.market import MarketFile
from router.journal.records import Position
from router.journal.segments import Journal
from router.messages import (
    MARKET_EVENTS,
    Command,
    Event,
    MarketDataLost,
    ModelLoaded,
    ModelRefused,
    RefuseMessage,
    Restarted,
    SessionCommanded,
    Step,
    StorageChanged,
    TimerFired,
)
from router.runtime import disk, faults, inbound, last_words, operating
from router.runtime.links import CLIENTS, Door, Link, LinkKind, doors
from router.runtime.recorder import Batch, Recorder
from router.runtime.recovering import Recovery
from router.runtime.resends import stored_frames, tell_again

__all__ = ["Batch", "Built", "Node"]

NOT_NOW = "7"  # SessionStatus(1409): logons are not allowed at this time
DUE_MAX = 32
"""Timers of one step: after a pause those of thousands of orders are due."""
REFUSALS = ("3", "j")
"""Messages that are never refused: two peers that did so would answer each other for ever."""


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
        models: Sequence[ModelLoaded | ModelRefused] = (),
    ) -> None:
        """`models` are what was found of the learners' files: `start` journals what is new."""
        self.engine = engine
        self.links = {link.name: link for link in links}
        self.faults: list[str] = []
        """What a peer did that an operator should know, newest last."""
        self._journal = journal
        self._recorder = Recorder(
            self.links, journal, market_file, monotonic=monotonic, on_step=on_step
        )
        self.watchers = self._recorder.watchers
        """Who is called with each step."""
        self._by_conn: dict[int, Link] = {}
        self._models = models

    @property
    def seq(self) -> int:
        """Of the last step."""
        return self._recorder.seq

    # -- recovery --------------------------------------------------------------------------------

    def recover(
        self,
        steps: Iterable[tuple[Position, Step]],
        last_market_seq: int,
        recovery: Recovery | None = None,
    ) -> int:
        """Fold what the journal holds. Returns how many steps there were.

        `recovery` may have begun from a snapshot; it is of this node's state and links.
        """
        recovery = recovery or Recovery(self.engine.state, self.links)
        recovery.fold(steps)
        recovery.finish()
        self._recorder.seq = max(recovery.seq, last_market_seq)
        return recovery.count

    def start(self, config_hash: str, now: int, facts: dict[str, str] | None = None) -> None:
        """Begin a new epoch: the first event of this life, with policies that are new, then models
        that are.
        """
        state, policies = self.engine.state, self.engine.unrecorded
        self._step(now, Restarted(state.epoch + 1, config_hash, facts or {}, policies))
        for model in self._models:
            if isinstance(model, ModelRefused) or not self.engine.state.shelf.has(model):
                self._step(now, model)
        if self._journal.failed_before:
            self._go_on_after_failure(now)
        for link in self.links.values():
            if link.cancel_after_ns:
                self._logged_out(link, "restarted", now)
            self._keep_hours(link, now)

    def _go_on_after_failure(self, now: int) -> None:
        """Cancels have left without a record: their sessions go on above them, once it is told."""
        for link in self.links.values():
            self._go_on_at_the_mark(link)
            self._recorder.session_alone(now, link)
        self._journal.write()
        self._journal.sync()
        self._journal.forget_failure()

    def _go_on_at_the_mark(self, link: Link) -> None:
        if last_words.go_on_at_the_mark(link):
            text = f"{link.name}: numbers were spent without a record"
            self._fault(f"{text}; goes on at {link.session.next_out}")

    # -- inputs ----------------------------------------------------------------------------------

    def connected(self, name: str, conn: int, now: int) -> None:
        """A connection that we dialled is up."""
        link = self.links[name]
        if link.config.role == "initiator" and link.closed(now):
            self._recorder.batch.closes.append(conn)  # it was under way when its time was up
            return
        self._mind_hours(link, now)  # it may be the first of a period whose timer is yet to ring
        link.conn = conn
        self._by_conn[conn] = link
        link.session.connect(now)
        self._settle(link, now)

    def accepted(
        self, name: str, conn: int, data: bytes, now: int, refusal: LogonRefusal | None = None
    ) -> None:
        """A connection whose Logon names an OMS session; `data` is all that it has sent.

        `refusal` is what its credentials are worth, if they are worth nothing.
        """
        link = self.links[name]
        if link.conn is not None:
            self._fault(f"{name}: a second connection was dropped")
            self._recorder.batch.closes.append(conn)  # a live identity: dropped without a message
            return
        if refusal is None and (closed := link.closed(now)):
            refusal = LogonRefusal(closed, NOT_NOW)
        if refusal is None:
            self.connected(name, conn, now)
            self.received(conn, data, now)
            return
        self._fault(f"{name}: Logon refused: {refusal.text}")
        if link.door.logon_refusal == "silent" and refusal.session_status != NOT_NOW:
            self._recorder.batch.closes.append(conn)
            return
        self.connected(name, conn, now)
        link.session.refuse_logon(refusal.text, now, refusal.session_status)
        self._settle(link, now)

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
            link.conn = link.resend = None
            link.slow = False
            link.session.lost(now)
            if link.answered != conn and last_words.was_too_low(link):
                self._go_on_at_the_mark(link)
            self._settle(link, now)
            self._keep_hours(link, now)

    def control(self, event: Event, now: int) -> tuple[Command, ...]:
        """An operator's event, such as a kill. Returns what was decided."""
        return self._step(now, event)

    def operate(self, event: SessionCommanded, now: int) -> None:
        """An operator's hand on a session that `operating.refusal` has nothing against."""
        link = self.links[event.session]
        operating.carry_out(link, event, now)
        tell_again(self._journal, link, self.engine.state.lines, now)
        self._step(now, event, link)
        self._settle(link, now)

    def congested(self, conn: int, slow: bool) -> None:
        """The peer of a connection reads too slowly, or does so no more: resends wait for it."""
        link = self._by_conn.get(conn)
        if link is not None:
            link.slow = slow
            self._recorder.alarms.touch(link)

    def mind_disk(self, now: int, slow_s: float = 0.0) -> None:
        """Look how the disk is, before a batch: it is an event, for decisions follow from it."""
        trouble = disk.trouble(self._journal, slow_s)
        if trouble != self.engine.state.trouble:
            self._fault(f"journal: {trouble or 'the disk is well again'}")
            self._step(now, StorageChanged(trouble))

    def deadline(self) -> int | None:
        """When `tick` is wanted, UTC nanoseconds; 0 if there is work left."""
        return earliest(self.engine.deadline(), self._recorder.alarms.first())

    def tick(self, now: int) -> None:
        """Let timers fire that are due, and resends go on."""
        for link in self.links.values():
            if self._recorder.alarms.may_ring(link, now):
                self._ring(link, now)
        at = self.engine.deadline()
        if at is not None and at <= now:
            self._step(now, TimerFired(DUE_MAX))

    def _ring(self, link: Link, now: int) -> None:
        """What is due at a link: a timer of its session, a piece of a resend, the hours."""
        at = link.session.deadline()
        if at is not None and at <= now:
            link.session.tick(now)
            self._settle(link, now)
        if link.resend is not None and not link.slow:
            self._resend_piece(link, link.resend, now)
            self._settle(link, now)
        self._mind_hours(link, now)

    def logout(self, text: str, now: int) -> None:
        """Log every session out: the daemon is going."""
        for link in self.links.values():
            if link.session.logged_on:
                link.session.logout(text, now)
                self._settle(link, now)

    def last_cancels(self, lost: Batch, now: int) -> Batch:
        """Cancels of everything alive, from memory, when the journal takes no more records.

        `lost` is what waited for the disk: it never leaves.
        """
        return last_words.last_cancels(self.engine, self.links, self._recorder, lost, now)

    def take(self) -> Batch:
        """What may be written once everything appended so far is durable."""
        return self._recorder.take()

    # -- questions -------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """True when mandatory venues take new risk, and instruments have prices to judge by."""
        state = self.engine.state
        told = any(link.kind is LinkKind.DATA for link in self.links.values())
        priced = all(state.market.mid2(symbol) for symbol in self.engine.env.instruments)
        return not state.shut_mics() and (priced or not told)

    def doors(self) -> dict[tuple[str, str, str], Door]:
        """Where one may log on: BeginString, SenderCompID, TargetCompID as the peer sends them."""
        return doors(self.links)

    def callers(self) -> dict[tuple[str, str, str], str]:
        """The sessions behind the doors, by their names."""
        return {names: door.name for names, door in self.doors().items()}

    def may_dial(self, name: str, now: int) -> bool:
        """True while a session that we open has its hours, and no operator keeps it out."""
        return not self.links[name].closed(now)

    # -- hours -----------------------------------------------------------------------------------

    def _mind_hours(self, link: Link, now: int) -> None:
        if link.hours_at is not None and link.hours_at <= now:
            self._keep_hours(link, now)

    def _keep_hours(self, link: Link, now: int) -> None:
        """Close a session whose hours are over; a new period begins with the numbers at 1.

        A clock that has gone back begins no period anew: it had begun, and it is not begun twice.
        """
        schedule, session = link.schedule, link.session
        link.hours_at = schedule.next_change(now)
        period = schedule.period(now)
        if link.period is None:
            link.period = period
        if link.conn is not None and not schedule.is_open(now):
            session.logout("the session's hours are over", now)
        elif period > link.period:
            link.period = period
            session.reset(now)
        self._settle(link, now)

    # -- the way of a frame ----------------------------------------------------------------------

    def _settle(self, link: Link, now: int) -> None:
        """Carry out what a session has to say, then record what the session did by itself."""
        session = link.session
        if session.resets != link.resets:
            tell_again(self._journal, link, self.engine.state.lines, now)
        while events := session.take_events():
            for place, event in enumerate(events):
                if type(event) is Received:
                    self._message(link, event, now)
                else:
                    behind = (each.seq for each in events[place:] if type(each) is Received)
                    link.unread = next(behind, 0)
                    self._session_event(link, event, now)
                    link.unread = 0
        self._recorder.session_alone(now, link)
        if session.wants_close and link.conn is not None:
            self._recorder.batch.closes.append(link.conn)
            self.closed(link.conn, now)

    def _session_event(self, link: Link, event: SessionEvent, now: int) -> None:
        match event:
            case LoggedOn():
                link.answered = link.conn
                self._logged_on(link, now)
            case LoggingOut() if link.kind is LinkKind.ORDERS:
                # An order would have a number, and stay.
                self._logged_out(link, event.reason, now, connected=True)
            case LoggedOut():
                self._logged_out(link, event.reason, now)
            case ResendNeeded():
                link.resend = event  # its turn comes with the next tick
            case Alert():
                self._fault(f"{link.name}: {event.code}: {event.text}")
                asks = link.kind is LinkKind.ORDERS and link.session.state in SENDING
                if event.code == "SEQUENCE_RESET" and asks:  # if not, its next Logon does
                    self._reconcile(link, event.text, now)

    def _reconcile(self, link: Link, reason: str, now: int) -> None:
        """What a venue has skipped may have been executions: as after a disconnection, its
        children are in doubt, and it takes no new risk, until it has answered."""
        self._logged_out(link, reason, now, connected=True)
        self._logged_on(link, now)

    def _resend_piece(self, link: Link, wanted: ResendNeeded, now: int) -> None:
        link.resend = None
        frames = stored_frames(self._journal, link, wanted.begin, wanted.end, now)
        link.session.resend(frames, now)

    def _logged_on(self, link: Link, now: int) -> None:
        if link.kind is LinkKind.DATA:
            for number, symbol in enumerate(self.engine.env.instruments, 1):
                out = market_data_request(link.name, symbol, f"{link.mic}-{number}")
                link.session.send(out.msg_type, out.body, now)
        else:
            self._step(now, link.opened(), link)

    def _logged_out(self, link: Link, reason: str, now: int, *, connected: bool = False) -> None:
        if link.kind is LinkKind.DATA:
            self._step(now, MarketDataLost(link.mic))
            return
        self._step(now, link.lost(reason, connected=connected), link)

    def _message(self, link: Link, received: Received, now: int) -> None:
        """One application message: to an event, through the core, into one record."""
        message, seq = received.message, received.seq
        if link.kind in CLIENTS and message.msg_type in REFUSALS:
            told = f"35={message.msg_type} 45={message.get('45')} 58={message.get('58')}"
            self._fault(f"{link.name}: refused one of our messages: {told}")
            self._recorder.session_alone(now, link, (), received)
            return
        if link.kind in CLIENTS:
            read = inbound.read_client(link, message, seq, now, self.engine.env.instruments)
            if isinstance(read, RefuseMessage):
                self._recorder.session_alone(now, link, (read,), received)
            else:
                self._step(now, read, link, received)
            return
        event: Event | tuple[Event, ...] | None = None
        try:
            event = inbound.read(link, message, now, self._journal, self.engine.state)
        except NotServedError as error:
            faults.keep_once(self.faults, f"{link.name}: {error}")
        except (ValueError, KeyError) as error:
            self._fault(f"{link.name}: 35={message.msg_type} 34={seq}: {error}")
        if isinstance(event, tuple):
            *others, event = event
            for each in others:
                self._step(now, each)  # the last one's record says that the message was read
        if event is not None:
            self._step(now, event, link, received)
        elif link.durable:
            self._recorder.session_alone(now, link, (), received)

    def _fault(self, text: str) -> None:
        faults.keep(self.faults, text)

    # -- steps -----------------------------------------------------------------------------------

    def _step(
        self, now: int, event: Event, link: Link | None = None, received: Received | None = None
    ) -> tuple[Command, ...]:
        """One event through the core, and into a record."""
        recorder = self._recorder
        recorder.seq += 1
        seq = recorder.seq
        commands = self.engine.handle(seq, now, event)
        faults.broken_promises(self.faults, commands, self.engine.state.venues)
        kept: Event | None = event
        if isinstance(event, MARKET_EVENTS) and (link is None or not link.durable):
            recorder.keep_market_data(seq, now, event)
            if not commands:
                return commands
            kept = None
        recorder.step(seq, now, kept, commands, link, received)
        return commands


@dataclass(slots=True)
class Built:
    """A node that has recovered, with what it writes to."""

    node: Node
    journal: Journal
    market_file: MarketFile
    recovered: int
    """Steps folded from the journal."""
    snapshot_seq: int = -1
    """Of the snapshot that the fold began from; -1: it folded everything."""
    refused: Sequence[str] = ()
    """Snapshots that were passed over, and why."""
