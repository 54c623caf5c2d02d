"""A session under test between its peer, its application and its store, all of them the test's.

Every call to the session goes through `Play`, which has it judged by a `Watch`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from router.fix.session import Session, SessionConfig, SessionState
from router.fix.states import ResendNeeded
from tests.fuzz import law
from tests.fuzz.cost import allowed
from tests.fuzz.phrases import NEWS
from tests.fuzz.watch import Before, Watch

T0 = 1_767_623_400_000_000_000
"""2026-01-05 14:30:00 UTC, nanoseconds."""
S = 1_000_000_000
NS_PER_MESSAGE = 50_000
"""CPU time of a message, on average, where a read holds, or lets go, many of them."""
FED_MAX = 1 << 20
"""Bytes fed to one session in one script."""
WHOLE = 0
CHUNKS = (0, 1, 7, 64, 0)
"""Bytes of a read: the first means message by message, 0 else all that there is."""
BYTES_MAX = 500
TICKS_MAX = 2_000
SILENCE = 9_000
"""Seconds after which the longest HeartBtInt(108) that is taken has shown a peer to be dead."""
LAST_NUMBER = 10**17
"""A peer that has reset its numbers beyond this has talked itself into a corner."""
STANDSTILL_MAX = 100
"""Ticks in a row after which a session may still say that its time is now."""


def clock(now: int) -> bytes:
    """UTCTimestamp in milliseconds."""
    second, rest = divmod(now, S)
    text = time.strftime("%Y%m%d-%H:%M:%S", time.gmtime(second))
    return f"{text}.{rest // 1_000_000:03d}".encode()


class Play:
    """One session under test, its peer, its application and its store."""

    def __init__(self, config: SessionConfig, timed: Callable[[int, int, int], None]) -> None:
        self.config = config
        self.session = Session(config)
        self.watch = Watch(config)
        self.now = T0
        self.inputs = 0
        """Messages, and pieces of noise, that the peer has said."""
        self.message_max = 0
        """What the peer states as MaxMessageSize(383), 0 for nothing."""
        self.lacks = 0
        """How many of the session's last messages the peer says that it lacks, where it can."""
        self._timed = timed
        self.begin = config.begin_string.encode()
        self.names = (config.sender_comp_id.encode(), config.target_comp_id.encode())
        """The session's own CompID, and its peer's."""
        self.chunk = WHOLE
        """Which of CHUNKS is fed at a time."""
        self.lazy = 0
        """How the store answers: 0 at once, 1 when told to, 2 at once and not everything."""
        self._fed = 0
        self._size = 0
        self.said: list[bytes] = []
        """The last sound frames that the peer said."""

    # --- The session is touched ----------------------------------------------------------------

    def _touch(self, act: Callable[[], object], *, messages: int = 0) -> None:
        """Do one thing to the session, let the store answer, and judge all that came of it."""
        self._one(act, messages)
        while self.lazy != 1 and self.watch.open:
            self._answer()

    def _one(self, act: Callable[[], object], messages: int = 0) -> None:
        session, watch = self.session, self.watch
        before = Before(session.state, session.next_in, session.wants_close, len(watch.open))
        held = session.next_in
        start = time.thread_time_ns()
        act()
        spent = time.thread_time_ns() - start
        size, released = watch.weight(held, session.next_in)
        most = allowed(self._size + size, messages + released, NS_PER_MESSAGE)
        self._timed(spent, self._size, most)
        self._size = 0
        frames, events = session.take_frames(), session.take_events()
        quiet = not frames and not events and session.next_in == held
        if quiet and session.state is before.state is SessionState.ACTIVE and watch.quiet:
            return
        watch.step(
            before,
            frames,
            events,
            state=session.state,
            next_in=session.next_in,
            next_out=session.next_out,
        )
        assert session.wants_close == (session.state is SessionState.CLOSING)

    def _answer(self) -> None:
        piece = self.watch.open.popleft()
        self.watch.answers(piece)
        self._one(lambda: self.session.resend(self._stored(piece), self.now))

    def _stored(self, piece: ResendNeeded) -> list[tuple[int, bytes]]:
        stored = self.watch.stored
        rows = [(n, stored[n]) for n in range(piece.begin, piece.end + 1) if n in stored]
        if self.lazy == 2:
            self.watch.withheld |= {n for n, _ in rows if n % 3}
            rows = [row for row in rows if row[0] % 3 == 0]
        return rows

    def connect(self) -> None:
        self.watch.connected()
        self._touch(lambda: self.session.connect(self.now))

    def lose(self) -> None:
        self.watch.open.clear()
        self._touch(lambda: self.session.lost(self.now))
        assert self.session.state is SessionState.DISCONNECTED
        assert self.session.deadline() is None

    def tick(self) -> None:
        self._touch(lambda: self.session.tick(self.now))

    def send(self, msg_type: bytes, body: bytes) -> None:
        """The application says something."""
        kind, text = msg_type.decode(), body.decode("latin-1")
        self._touch(lambda: self.session.send(kind, text, self.now))

    def command(self, which: int, extra: int) -> None:
        """What an operator or an application may ask for."""
        session = self.session
        match which:
            case 0:
                self._touch(lambda: session.logout("as asked" if extra & 1 else "", self.now))
            case 1 if session.next_in > 1 and session.state is not SessionState.LOGON_SENT:
                seq, tag = session.next_in - 1, 55 if extra & 1 else None
                self._touch(lambda: session.refuse(seq, "D", extra % 20, tag, "no\x01", self.now))
            case 2:
                self.watch.reset()
                self._touch(lambda: session.reset(self.now))
            case 3 if session.state is SessionState.ACTIVE:
                new_seq_no = session.next_out + 2 + extra
                self.watch.skips(new_seq_no)
                self._touch(lambda: session.skip_to(new_seq_no, self.now))
            case 3 if session.state is SessionState.LOGON_AWAITED:
                text = "go away" if extra & 1 else ""
                self._touch(lambda: session.refuse_logon(text, self.now, "5"))

    def answer(self, most: int) -> None:
        """The store answers some of what it owes."""
        for _ in range(most):
            if self.watch.open:
                self._answer()

    def feed(self, frames: Sequence[bytes], noise: bytes = b"") -> None:
        """Sound frames, or anything, in chunks of the size that was chosen."""
        data = b"".join(frames) + noise
        self._fed += len(data)
        if self._fed > FED_MAX:
            return
        self.inputs += len(frames) + bool(noise)
        self.said = [*self.said[-30:], *frames]
        if self.chunk == WHOLE and not noise:
            for text in frames:
                self._feed(text, [text])
            return
        # Bytes one at a time only where that does not take for ever.
        size = CHUNKS[self.chunk] if len(data) < BYTES_MAX else 0
        self.watch.hears(frames)
        if noise:
            self.watch.hears_anything(noise)
        for start in range(0, len(data), size or len(data) or 1):
            self._feed(data[start : start + (size or len(data))], [])

    def _feed(self, data: bytes, frames: Sequence[bytes]) -> None:
        self.watch.hears(frames)
        self._size = len(data)
        self._touch(lambda: self.session.receive(data, self.now), messages=data.count(b"8=FIX"))
        if self.session.wants_close:
            self._is_over()

    def _is_over(self) -> None:
        """After the end nothing is heard, nothing is said, and nothing is due."""
        assert self.session.deadline() is None
        late = self.message(b"1", b"112=X\x01")
        self._touch(lambda: self.session.receive(late, self.now))
        self._touch(lambda: self.session.tick(self.now + 10**6 * S))
        assert self.session.wants_close

    # --- What the peer says --------------------------------------------------------------------

    def message(self, msg_type: bytes, body: bytes, seq: bytes = b"", dup: bytes = b"") -> bytes:
        """A message of the peer, sent now, in its turn if nothing else is said."""
        return law.frame(self.begin, self._text(msg_type, body, seq, dup))

    def _text(self, msg_type: bytes, body: bytes, seq: bytes, dup: bytes) -> bytes:
        us, them = self.names
        number = seq or b"%d" % self.session.next_in
        return b"35=%s\x0134=%s\x01%s49=%s\x0152=%s\x0156=%s\x01%s" % (
            *(msg_type, number, dup, them, clock(self.now), us),
            body,
        )

    def logon(self, seconds: int = 30, more: bytes = b"") -> bytes:
        """A Logon that nothing is wrong with."""
        return self.message(b"A", self.terms(seconds, more))

    def terms(self, seconds: int, more: bytes) -> bytes:
        """The body of such a Logon."""
        fixt = b"1137=9\x01" if self.config.begin_string == "FIXT.1.1" else b""
        if self.message_max:
            fixt = b"383=%d\x01" % self.message_max + fixt
        if self.config.enable_next_expected_msg_seq_num:
            begins = self.config.reset_on_logon and self.session.next_in == 1
            expected = max(1, self.session.next_out - self.lacks)
            fixt = b"789=%d\x01" % (1 if begins else expected) + fixt
        if self.config.test_mode:
            fixt += b"464=Y\x01"
        return b"98=0\x01108=%d\x01" % seconds + more + fixt

    def up(self) -> None:
        """Connected and, unless the session will not, logged on."""
        if self.session.wants_close:
            self.lose()
        if self.session.state is SessionState.DISCONNECTED:
            self.connect()
        if self.session.state in (SessionState.LOGON_AWAITED, SessionState.LOGON_SENT):
            asked = self.config.role == "initiator" and b"\x01141=Y\x01" in self.watch.told[0]
            self.feed([self.logon(more=b"141=Y\x01" if asked else b"")])
        if self.session.state is SessionState.RESETTING:
            # It has asked for a reset that was not answered before.
            self.feed([self.message(b"A", self.terms(30, b"141=Y\x01"), b"1")])

    def wait(self, seconds: float) -> None:
        """Time passes; what is due on the way is done in its time."""
        end = self.now + round(seconds * S)
        still = 0
        for _ in range(TICKS_MAX):
            due = self.session.deadline()
            if due is None or due > end:
                break
            still = still + 1 if due <= self.now else 0
            assert still < STANDSTILL_MAX, "time stands still"
            self.now = max(self.now, due)
            self._touch(lambda: self.session.tick(self.now))
        self.now = max(self.now, end)

    # --- The end -------------------------------------------------------------------------------

    def finish(self) -> None:
        """A dead peer is noticed; then an honest one finds a session in order."""
        session = self.session
        self.chunk = WHOLE
        self.lazy = self.lacks = self.message_max = self._fed = 0
        self.answer(len(self.watch.open))
        self.wait(SILENCE)
        logons = [each for each in self.watch.told if b"\x0135=A\x01" in each]
        heartbeats = logons and b"\x01108=0\x01" not in logons[-1]
        ended = session.state in (SessionState.CLOSING, SessionState.DISCONNECTED)
        assert ended or not heartbeats, f"{session.state} after {SILENCE} s of silence"
        self.lose()
        if session.next_in > LAST_NUMBER:
            return
        self.up()
        assert session.state is SessionState.ACTIVE, session.closed_reason
        hello = self.message(b"B", NEWS)
        self.feed([hello])
        assert self.watch.received[-1:] == [hello], "an honest message was not delivered"
        self.feed([self.message(b"1", b"112=END\x01")])
        assert b"\x01112=END\x01" in self.watch.told[-1], "an honest question was not answered"
        self.feed([self.message(b"5", b"")])
        assert b"\x0135=5\x01" in self.watch.told[-1], "an honest Logout was not answered"
        self.lose()
