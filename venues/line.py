"""One FIX session of a venue and the application behind it.

Owns the frames kept for resends and the order of things: a message is answered before the next
one is read. Knows nothing of connections but that there is one or none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from router.fix.codec import Message
from router.fix.session import LoggedOut, Received, ResendNeeded, Session, SessionConfig
from venues.messages import SessionDropped
from venues.order_outbox import Answer, Reply
from venues.outage import Outage, waits

SENT_FRAMES_MAX = 50_000
"""Frames kept for resends by a durable session; what is older is gap-filled."""


class Application(Protocol):
    """What stands behind a session."""

    def receive(self, message: Message, *, seq: int, poss_dup: bool, now: int) -> None:
        """Act on one application message."""

    def resent(self, now: int) -> None:
        """The peer has asked for frames again: those that were not kept are lost to it."""

    def lost(self, now: int) -> None:
        """The session is not logged on any more."""

    def take(self) -> list[Reply]:
        """What is to be sent, in order."""


class Line:
    """A session, its application, and the bytes that are to be written."""

    def __init__(
        self,
        config: SessionConfig,
        application: Application,
        *,
        numbers: tuple[int, int] = (1, 1),
        settle: Callable[[int], None],
    ) -> None:
        """`settle` lets the market answer; it is called after each message of the client."""
        self.durable = config.durable
        self.conn: int | None = None
        self.out: list[bytes] = []
        self._config = config
        self._application = application
        self._settle = settle
        self._session = Session(config, next_in=numbers[0], next_out=numbers[1])
        self._sent: dict[int, bytes] = {}
        self._outage: Outage | None = None
        """While it lasts."""
        self._again: list[tuple[int, Answer]] = []
        """Executions that an outage has lost, and when they are told; later ones wait for them."""
        self._pumping = False

    @property
    def numbers(self) -> tuple[int, int]:
        """The next MsgSeqNum in and out."""
        return self._session.next_in, self._session.next_out

    @property
    def wants_close(self) -> bool:
        """True if the connection is to be closed once `out` is written."""
        return self._session.wants_close

    def connect(self, conn: int, now: int) -> None:
        """A connection has logged on, or is about to."""
        assert self.conn is None, (self.conn, conn)
        self.conn = conn
        if self._outage is not None:
            at = self._outage.told_at(now)
            self._again += [(at, answer) for answer in self._outage.again]
            self._outage = None
        self._session.connect(now)
        self.pump(now)

    def drop(self, drop: SessionDropped) -> None:
        """The connection is about to be lost, and what is said until the next one is not safe."""
        self._outage = Outage(drop)

    def receive(self, data: bytes, now: int) -> None:
        """Bytes from the connection."""
        self._session.receive(data, now)
        self.pump(now)

    def lost(self, now: int) -> None:
        """The connection is gone."""
        self.conn = None
        self._session.lost(now)
        self.pump(now)
        self.out.clear()

    def deadline(self) -> int | None:
        """When `tick` is wanted."""
        due = self._session.deadline()
        if self._again and (due is None or self._again[0][0] < due):
            due = self._again[0][0]
        return due

    def tick(self, now: int) -> None:
        """Time has passed."""
        self._session.tick(now)
        while self._again and self._again[0][0] <= now:
            answer = self._again.pop(0)[1]
            self._session.send(answer.msg_type, answer.body, now)
        self.pump(now)

    def pump(self, now: int) -> None:
        """Carry events to the application and its replies to the session until both are still."""
        if self._pumping:
            return  # The market answers a message of this very session: its pump goes on below.
        self._pumping = True
        self._say(now)
        while events := self._session.take_events():
            for event in events:
                match event:
                    case Received():
                        self._application.receive(
                            event.message, seq=event.seq, poss_dup=event.poss_dup, now=now
                        )
                        self._settle(now)
                    case ResendNeeded():
                        self._resend(event.begin, event.end, now)
                    case LoggedOut():
                        self._application.lost(now)
                        self._settle(now)
                self._say(now)
        self._pumping = False
        self._collect()

    def _say(self, now: int) -> None:
        for reply in self._application.take():
            if isinstance(reply, Answer) and waits(reply, (late for _, late in self._again)):
                self._again.append((self._again[-1][0], reply))
            elif isinstance(reply, Answer):
                seq = self._session.send(reply.msg_type, reply.body, now)
                if self._outage is not None and self._outage.loses(reply):
                    self._collect()
                    self._sent.pop(seq, None)
            else:
                self._session.refuse(
                    reply.ref_seq_num,
                    reply.ref_msg_type,
                    reply.reason,
                    reply.ref_tag,
                    reply.text,
                    now,
                )

    def _resend(self, begin: int, end: int, now: int) -> None:
        self._collect()
        wanted = range(begin, end + 1)
        self._session.resend([(seq, self._sent[seq]) for seq in wanted if seq in self._sent], now)
        if not self._session.resending:
            self._application.resent(now)

    def _collect(self) -> None:
        for frame in self._session.take_frames():
            if frame.fresh and self.durable:
                if frame.seq in self._sent:
                    self._sent.clear()  # The numbers were reset: old frames answer nothing now.
                self._sent[frame.seq] = frame.data
                self._sent.pop(frame.seq - SENT_FRAMES_MAX, None)
            if frame.live and self.conn is not None:
                self.out.append(frame.data)
