"""Watches one session from outside: what it is fed, what it says, what it tells its application.

Knows the wire (`law`) and the plain data that a session hands out, and none of its code. Raises
AssertionError at the first thing that a FIX session must not do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from router.fix.states import (
    LoggedOn,
    LoggedOut,
    OutFrame,
    Received,
    ResendNeeded,
    SessionConfig,
    SessionEvent,
    SessionState,
)
from tests.fuzz import law

NOT_DELIVERED = law.ADMIN - {b"3"}
"""A Reject(3) may be the answer to an order: the application hears it."""
RESENDING = frozenset(
    {
        SessionState.ACTIVE,
        SessionState.RESETTING,
        SessionState.LOGOUT_SENT,
        SessionState.LOGOUT_ANSWERED,
    }
)
ANSWERS_MAX = 3
"""Fresh frames that one message may cause: a Reject, a Logout, a ResendRequest."""


def whole(text: bytes) -> int | None:
    """A number as FIX writes it, None if it is none."""
    return int(text) if text.isdigit() and len(text) < 19 else None


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame that the session was fed."""

    text: bytes
    seq: int | None
    msg_type: bytes
    new_seq_no: int
    """NewSeqNo(36) of a SequenceReset(4), else 0."""


@dataclass(frozen=True, slots=True)
class Before:
    """What a session showed before it was touched."""

    state: SessionState
    next_in: int
    closed: bool
    open: int
    """Resends that were asked of the store and not answered."""


class Watch:
    """The other end's and the journal's memory of one session."""

    def __init__(self, config: SessionConfig, next_out: int = 1) -> None:
        self.stored: dict[int, bytes] = {}
        """What a journal would have kept: the first sending of each number."""
        self.open: deque[ResendNeeded] = deque()
        """What the store was asked for and has not answered."""
        self.told: list[bytes] = []
        """What went out on this connection."""
        self.received: list[bytes] = []
        """What the application was given, from the first connection on."""
        self._config = config
        self._begin_string = config.begin_string.encode()
        self._may_reset = (
            config.reset_on_logon or config.reset_on_logout or config.reset_on_disconnect
        )
        self._next_out = next_out
        self._on = False
        self._reset_asked = False
        self._skips_to = 0
        self.withheld: set[int] = set()
        self._begin()

    def _begin(self) -> None:
        self.open.clear()
        self.told.clear()
        self._heard: dict[int, list[Heard]] = {}
        self._texts: set[bytes] = set()
        self._count = 0
        self._new = 0
        self._jump = 0
        self._blind = False
        self._reset_fed = False
        self._late: dict[int, bytes] = {}
        self._promised: set[int] = set()
        self._last_live = 0
        self._pieces: deque[tuple[int, int]] = deque()
        self._cursor = 0

    # --- What is done to the session -----------------------------------------------------------

    def connected(self) -> None:
        """A new connection."""
        self._begin()

    def hears(self, frames: Iterable[bytes]) -> None:
        """The session is about to be fed these frames, which are sound."""
        for text in frames:
            said = dict(reversed(law.fields(text) or []))
            seq = whole(said.get(b"34", b""))
            msg_type = said.get(b"35", b"")
            new = (whole(said.get(b"36", b"")) or 0) if msg_type == b"4" else 0
            heard = Heard(text, seq, msg_type, new)
            if seq is not None:
                self._heard.setdefault(seq, []).append(heard)
            self._texts.add(text)
            self._new += 1
            self._jump = max(self._jump, new)
            self._reset_fed |= said.get(b"141") == b"Y"

    def hears_anything(self, data: bytes) -> None:
        """The session is about to be fed bytes that may be anything: less can be said then."""
        self._blind = True
        self._new += data.count(b"8=FIX") + 1
        self._reset_fed |= b"141=Y" in data

    def reset(self) -> None:
        """The numbers are to begin again, by the operator's wish, some time."""
        self._reset_asked = True

    def skips(self, new_seq_no: int) -> None:
        """The session is about to be told to go on at a number, and to give up its resends."""
        self._skips_to = new_seq_no
        self.open.clear()
        self._pieces.clear()
        self._promised.clear()

    @property
    def _may_begin_again(self) -> bool:
        return self._may_reset or self._reset_fed or self._reset_asked

    def answers(self, piece: ResendNeeded) -> None:
        """The store is about to answer."""
        if not self._pieces:
            self._cursor = piece.begin
        self._pieces.append((piece.begin, piece.end))

    @property
    def quiet(self) -> bool:
        """True if nothing is owed by the session, so that a call without effect needs no judge."""
        return not (self._pieces or self._promised or self.open)

    def weight(self, begin: int, end: int) -> tuple[int, int]:
        """Bytes and messages of what was heard on this connection under such numbers."""
        let_go = [seq for seq in self._heard if begin <= seq < end] if end - begin > 1 else []
        return sum(len(self._heard[seq][0].text) for seq in let_go), len(let_go)

    # --- What the session did ------------------------------------------------------------------

    def step(
        self,
        before: Before,
        frames: Sequence[OutFrame],
        events: Sequence[SessionEvent],
        *,
        state: SessionState,
        next_in: int,
        next_out: int,
    ) -> None:
        """Judge what came of one call."""
        fresh = [frame for frame in frames if frame.fresh]
        if before.closed:
            assert not events, f"told after the end: {events}"
            assert not any(frame.live for frame in frames), f"said after the end: {frames}"
        self._inbound(before, events, frames, next_in)
        for frame in frames:
            self._frame(frame, before, state)
        if next_out == 1 and self._may_begin_again:
            self._next_out = 1
        if self._skips_to and next_out == self._skips_to:
            self._next_out = next_out
        self._skips_to = 0
        assert next_out == self._next_out, "a number was skipped or lost"
        released = min(abs(next_in - before.next_in), self._count)
        most = ANSWERS_MAX * (self._new + released + 2)
        assert len(fresh) <= most, f"{len(fresh)} answers to {self._new} messages"
        self._count += self._new
        self._new = 0
        self._ends(events, state)
        ranges = [event for event in events if isinstance(event, ResendNeeded)]
        for piece in ranges:
            assert 0 < piece.begin <= piece.end < next_out, f"{piece} of {next_out - 1}"
        self.open += ranges
        if state not in RESENDING:
            self._pieces.clear()
        elif state is SessionState.ACTIVE and not self.open:
            assert not self._pieces, f"an answer ends before {self._pieces}"
            left = self._promised & self._late.keys()
            assert not left, f"left behind: {left}"

    def _ends(self, events: Sequence[SessionEvent], state: SessionState) -> None:
        for event in events:
            if isinstance(event, LoggedOn):
                assert not self._on, "logged on twice"
                self._on = True
            elif isinstance(event, LoggedOut):
                assert self._on, "logged out twice"
                self._on = False
        if state is SessionState.ACTIVE:
            assert self._on, "active, and nobody was told"
        elif state is SessionState.DISCONNECTED:
            assert not self._on, "gone, and nobody was told"

    # --- Frames --------------------------------------------------------------------------------

    def _frame(self, frame: OutFrame, before: Before, after: SessionState) -> None:
        said = law.said(frame.data, self._begin_string)
        assert whole(said[b"34"]) == frame.seq, frame
        assert said[b"49"] == self._config.sender_comp_id.encode(), frame
        assert said[b"56"] == self._config.target_comp_id.encode(), frame
        if frame.fresh:
            self._fresh(frame, said, before, after)
        elif said.get(b"43") == b"Y":
            assert frame.live, frame
            self._again(frame, said)
        else:
            assert frame.live, frame
            assert self._late.pop(frame.seq, None) == frame.data, f"not the first: {frame}"
            self._promised.discard(frame.seq)
            self._goes_out(frame)

    def _fresh(
        self, frame: OutFrame, said: dict[bytes, bytes], before: Before, after: SessionState
    ) -> None:
        assert said.get(b"43") != b"Y", frame
        if frame.seq != self._next_out or (frame.seq == 1 and self.stored):
            assert frame.seq == 1, f"{frame.seq} after {self._next_out - 1}"
            assert self._may_begin_again, "a reset that nobody asked for"
            self.stored.clear()
            self.withheld.clear()
            self._late.clear()
            self._promised.clear()
            self._pieces.clear()
            self.open.clear()
            self._last_live = 0
        assert frame.seq not in self.stored, f"{frame.seq} was given out before"
        self._next_out = frame.seq + 1
        self.stored[frame.seq] = frame.data
        if frame.live:
            inside = before.open and self.open and after is SessionState.ACTIVE
            assert not inside, f"a live message inside a resend: {frame}"
            self._goes_out(frame)
        else:
            self._late[frame.seq] = frame.data
            if before.state in (SessionState.ACTIVE, SessionState.LOGON_SENT):
                self._promised.add(frame.seq)

    def _goes_out(self, frame: OutFrame) -> None:
        assert frame.seq > self._last_live, f"{frame.seq} follows {self._last_live}"
        self._last_live = frame.seq
        self.told.append(frame.data)

    def _again(self, frame: OutFrame, said: dict[bytes, bytes]) -> None:
        """A message under an old number: the one that it was, or a gap fill over none."""
        self.told.append(frame.data)
        assert self._pieces, f"nobody asked for {frame}"
        assert frame.seq == self._cursor, f"{frame.seq}, expected {self._cursor}"
        assert said.get(b"122", b"") <= said[b"52"], frame
        end = frame.seq + 1
        if said[b"35"] == b"4":
            assert said.get(b"123") == b"Y", frame
            end = int(said[b"36"])
            assert end > frame.seq, frame
            for seq in range(frame.seq, end):
                self._filled(seq)
        else:
            first = self.stored[frame.seq]
            assert said[b"122"] == dict(law.fields(first) or [])[b"52"], frame
            assert law.body(first) == law.body(frame.data), f"{first!r} became {frame.data!r}"
            self._came_late(frame.seq)
        self._reach(end)

    def _came_late(self, seq: int) -> None:
        """What waits too long for its first sending becomes part of a resend."""
        self._late.pop(seq, None)
        self._promised.discard(seq)

    def _filled(self, seq: int) -> None:
        self._came_late(seq)
        if seq in self.stored and seq not in self.withheld:
            msg_type = dict(reversed(law.fields(self.stored[seq]) or []))[b"35"]
            assert msg_type in law.ADMIN, f"{seq}, MsgType {msg_type!r}, was gap-filled"

    def _reach(self, cursor: int) -> None:
        """The answer has come to a number: go on to the range that holds it."""
        while self._pieces and cursor > self._pieces[0][1]:
            _, last = self._pieces.popleft()
            if self._pieces and cursor == last + 1:
                cursor = self._pieces[0][0]
            elif cursor > last + 1:
                assert self._pieces, f"filled up to {cursor}, asked for up to {last}"
                assert self._pieces[0][0] == last + 1, "a gap fill over two requests"
        self._cursor = cursor

    # --- What came in --------------------------------------------------------------------------

    def _inbound(
        self,
        before: Before,
        events: Sequence[SessionEvent],
        frames: Sequence[OutFrame],
        next_in: int,
    ) -> None:
        given = [event for event in events if isinstance(event, Received)]
        for event in given:
            self._received(event)
        back = next_in < before.next_in
        assert not back or self._may_begin_again, "the inbound number went back"
        if self._may_begin_again:
            return
        last = before.next_in - 1
        for event in given:
            assert last < event.seq < next_in, f"{event.seq} after {last}, next is {next_in}"
            last = event.seq
        if self._blind:
            return
        answered = {event.seq for event in given} | _refused(frames)
        for seq in range(max(before.next_in, self._jump), next_in):
            heard = self._heard.get(seq)
            assert heard, f"{seq} was counted and never said"
            if not any(each.msg_type in law.ADMIN for each in heard):
                assert seq in answered, f"{seq} is lost: {heard}"

    def _received(self, event: Received) -> None:
        said = law.fields(event.frame) or []
        first = dict(reversed(said))
        pairs = [(t.encode("latin-1"), v.encode("latin-1")) for t, v in event.message.pairs]
        assert pairs == said, event
        assert whole(first[b"34"]) == event.seq, event
        assert first[b"35"] not in NOT_DELIVERED, event
        assert event.poss_dup == (first.get(b"43") == b"Y"), event
        if not self._blind:
            assert event.frame in self._texts, f"never said: {event}"
        self.received.append(event.frame)


def _refused(frames: Sequence[OutFrame]) -> set[int]:
    """RefSeqNum(45) of every Reject(3) and BusinessMessageReject(j)."""
    found: set[int] = set()
    for frame in frames:
        said = dict(law.fields(frame.data) or [])
        if frame.fresh and said.get(b"35") in (b"3", b"j"):
            found.add(whole(said.get(b"45", b"")) or 0)
    return found
