"""The outbound side of a session: numbers, headers, frames, and resends that nothing interleaves.

Keeps no sent frame: what is asked for again comes back from the caller's store, a bounded piece at
a time. Frames issued while a resend (or a Logon) is under way wait here, and leave right behind it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from router.fix.codec import encode, time_text
from router.fix.states import (
    HELD_BYTES_MAX,
    OUT_HELD_MAX,
    RESEND_RANGE_MAX,
    RESENDS_MAX,
    OutFrame,
    SessionConfig,
)

ADMIN = frozenset("01245A")
"""MsgTypes that are gap-filled, never resent. Reject(3) is resent: it may be an order's answer."""

_OURS = re.compile(
    "8=[^\x01]*\x019=[0-9]*\x0135=([^\x01]*)\x0134=[0-9]*\x01"
    "49=[^\x01]*\x0152=([^\x01]*)\x0156=[^\x01]*\x01(?:369=[0-9]*\x01)?(.*)10=[0-9]{3}\x01",
    re.DOTALL,
)
"""A frame as `Outbox` writes it: MsgType, SendingTime, and all that is sent again as it was."""
_POSS_RESEND = "97=Y\x01"


@dataclass(slots=True)
class Request:
    """A range that the peer wants again; `at` is the first number that was not answered yet."""

    begin: int
    end: int
    at: int

    @property
    def piece(self) -> tuple[int, int]:
        """The range that the store is to be asked for next."""
        return self.at, min(self.end, self.at + RESEND_RANGE_MAX - 1)

    def covers(self, begin: int, end: int) -> bool:
        """True if a range lies within this one."""
        return self.begin <= begin and end <= self.end

    @property
    def long(self) -> bool:
        """True if it takes more than one piece."""
        return self.end - self.begin >= RESEND_RANGE_MAX


class Outbox:
    """Next MsgSeqNum(34) to send, and the frames to journal and to write."""

    def __init__(self, config: SessionConfig, next_out: int) -> None:
        self.next_out = next_out
        self.resets = 0
        """How often the numbers have begun again."""
        self.overflowed = False
        """True if more waits for a Logon, or more is asked for again, than may."""
        self.message_max = 0
        """Bytes of a message that the peer takes, session messages apart; 0: any."""
        self.too_large = 0
        """Bytes of a message that was not written, being larger than that."""
        self._config = config
        self._before_time = f"49={config.sender_comp_id}\x0152="
        self._after_time = f"\x0156={config.target_comp_id}\x01"
        self._origin = _origin(config)
        self._time_at, self._time = -1, ""
        self._frames: list[OutFrame] = []
        self._waiting: list[OutFrame] = []
        self._waiting_bytes = 0
        self._holding = False
        self._requests: deque[Request] = deque()
        """What is to be resent, in the order it was asked for."""
        self._open: tuple[int, int] | None = None
        """The piece that the store is to answer."""
        self._gap_from = 0
        """First number of a run to be gap-filled, 0 if there is none."""

    @property
    def resending(self) -> bool:
        """True from a ResendRequest(2) to the end of its answer."""
        return bool(self._requests)

    @property
    def waiting(self) -> int:
        """Frames that wait behind a resend or a Logon."""
        return len(self._waiting)

    @property
    def fresh(self) -> bool:
        """True if a frame with a number of its own was made since the last `take`."""
        return any(frame.fresh for frame in self._frames)

    def take(self) -> list[OutFrame]:
        """The frames made since the last call, in sending order."""
        frames, self._frames = self._frames, []
        return frames

    def reset(self) -> None:
        """Begin again at 1. What waits is void."""
        self.next_out = 1
        self.resets += 1
        self.forget()

    def forget(self) -> None:
        """The connection is gone: no resend is under way, nothing waits."""
        self._stop_waiting()
        self._holding = self.overflowed = False
        self._stop_resending()

    def _stop_resending(self) -> None:
        self._requests.clear()
        self._open = None
        self._gap_from = 0

    def _stop_waiting(self) -> None:
        self._waiting.clear()
        self._waiting_bytes = 0

    def hold(self) -> None:
        """Let what is issued from here on wait for `release`."""
        self._holding = True

    def release(self) -> None:
        """Send what waits, in order, unless a resend is under way."""
        if self._requests:
            return
        self._holding = False
        self._frames += (OutFrame(w.seq, w.data, fresh=False, live=True) for w in self._waiting)
        self._stop_waiting()

    def abandon(self) -> None:
        """Give up a resend: the connection is about to end and the last words must leave."""
        self._stop_resending()
        self.release()

    def issue(self, msg_type: str, body: str, now: int, *, live: bool, extra: str = "") -> int:
        """Number and frame a new message; return its MsgSeqNum. `extra` are more header fields."""
        return self._issue(msg_type, f"{extra}{self._origin}{body}", now, live=live)

    def issue_again(self, stored: bytes, now: int, *, live: bool, extra: str = "") -> int:
        """Number a message anew that was issued under a number of before a reset: its peer may have
        it, and is told so by PossResend(97).
        """
        msg_type, _, rest = _read_ours(stored)
        rest = rest.removeprefix(_POSS_RESEND)
        return self._issue(msg_type, f"{extra}{_POSS_RESEND}{rest}", now, live=live)

    def _issue(self, msg_type: str, rest: str, now: int, *, live: bool) -> int:
        seq = self.next_out
        self.next_out = seq + 1
        header = f"34={seq}\x01{self._before_time}{self._sending_time(now)}{self._after_time}"
        data = encode(self._config.begin_string, msg_type, header, rest)
        if self.message_max and live and self._too_large(msg_type, data):
            live = False
        frame = OutFrame(seq, data, True, live and not self._holding)
        self._frames.append(frame)
        if self._holding and live:
            self._wait(frame, msg_type)
        return seq

    def _wait(self, frame: OutFrame, msg_type: str) -> None:
        """Keep a frame for later. Of too many the store has a copy: they join the resend."""
        waiting = self._waiting
        waiting.append(frame)
        self._waiting_bytes += len(frame.data)
        if len(waiting) <= OUT_HELD_MAX and self._waiting_bytes <= HELD_BYTES_MAX:
            return
        if not self._requests:
            self.overflowed = True
        elif msg_type != "5":
            first, last = waiting[0].seq, frame.seq
            if self._requests[-1].end == first - 1:
                self._requests[-1].end = last
            else:
                self._requests.append(Request(first, last, first))
            self._stop_waiting()

    def _sending_time(self, now: int) -> str:
        """SendingTime(52): the messages of one call have the same."""
        if now != self._time_at:
            self._time_at = now
            self._time = time_text(now, self._config.timestamp_precision)
        return self._time

    def _too_large(self, msg_type: str, data: bytes) -> bool:
        if self.message_max and len(data) > self.message_max and msg_type not in ADMIN:
            self.too_large = len(data)
            return True
        return False

    def skip_unsent(self, begin: int, now: int, *, extra: str = "") -> None:
        """Nothing is stored any more: what has not left never will, and `begin` is the first of it.

        One GapFill says so, for a peer holds back what stands behind a gap until it is closed.
        """
        numbers = [begin, self._gap_from or begin]
        numbers += (frame.seq for frame in (*self.take(), *self._waiting))
        numbers += (request.at for request in self._requests)
        self.forget()
        if min(numbers) < self.next_out:
            self._gap_from = min(numbers)
            self._fill(self.next_out, now, extra)

    # --- Resends -------------------------------------------------------------------------------

    def start_resend(self, begin: int, end: int) -> None:
        """Take a request up. What waits is not resent: it leaves right behind.

        A request that lies within one that is long, or when many are open, adds nothing: the same
        numbers are on their way.
        """
        end = min(end, self._waiting[0].seq - 1 if self._waiting else self.next_out - 1)
        if end < begin:
            return
        full = len(self._requests) >= RESENDS_MAX
        if any((full or each.long) and each.covers(begin, end) for each in self._requests):
            return
        if full:
            self.overflowed = True
            return
        self._requests.append(Request(begin, end, begin))
        self._holding = True

    def announce(self) -> tuple[int, int] | None:
        """The piece to ask the store for, once; the next when this one is answered."""
        if self._open or not self._requests:
            return None
        self._open = self._requests[0].piece
        return self._open

    def resend(self, stored: Sequence[tuple[int, bytes]], now: int, *, extra: str = "") -> None:
        """Answer the open piece with its stored frames, ascending; gaps are gap-filled.

        A run of what is not resent goes on from one piece of a request to the next.
        """
        if not self._open:
            return
        request = self._requests[0]
        begin, end = self._open
        self._open = None
        expected = begin
        for seq, data in stored:
            assert expected <= seq <= end, "stored frames ascend within the range"
            if seq > expected:
                self._gap_from = self._gap_from or expected
            self._resend_one(seq, data, now, extra)
            expected = seq + 1
        if expected <= end:
            self._gap_from = self._gap_from or expected
        request.at = end + 1
        if end == request.end:
            self._fill(end + 1, now, extra)
            self._requests.popleft()
            self.release()

    def _resend_one(self, seq: int, data: bytes, now: int, extra: str) -> None:
        msg_type, sending_time, rest = _read_ours(data)
        if msg_type in ADMIN:
            self._gap_from = self._gap_from or seq
            return
        self._fill(seq, now, extra)
        self._again(msg_type, seq, sending_time, now, extra + rest)

    def _fill(self, new_seq_no: int, now: int, extra: str) -> None:
        """One SequenceReset-GapFill(4) for the run that ends before `new_seq_no`."""
        if self._gap_from:
            body = f"{extra}{self._origin}36={new_seq_no}\x01123=Y\x01"
            self._again("4", self._gap_from, self._sending_time(now), now, body)
            self._gap_from = 0

    def _again(self, msg_type: str, seq: int, orig_time: str, now: int, rest: str) -> None:
        """A frame with PossDupFlag(43) and OrigSendingTime(122), under its old number.

        It is not sent before it was first sent, whatever a clock that went back meanwhile says: the
        peer would reject it, and its content would be lost (SendingTime accuracy problem).
        """
        header = (
            f"34={seq}\x0143=Y\x01{self._before_time}{max(self._sending_time(now), orig_time)}"
            f"{self._after_time}122={orig_time}\x01"
        )
        data = encode(self._config.begin_string, msg_type, header, rest)
        if not self.too_large and not self._too_large(msg_type, data):
            self._frames.append(OutFrame(seq, data, fresh=False, live=True))


def _read_ours(stored: bytes) -> tuple[str, str, str]:
    """MsgType, SendingTime and the rest of a frame that was issued."""
    ours = _OURS.fullmatch(stored.decode("latin-1"))
    assert ours, "a stored frame is one that was issued"
    msg_type, sending_time, rest = ours.groups()
    return msg_type, sending_time, rest


def _origin(config: SessionConfig) -> str:
    """Sub IDs and locations of both ends, as far as there are any."""
    named = (
        (50, config.sender_sub_id),
        (142, config.sender_location_id),
        (57, config.target_sub_id),
        (143, config.target_location_id),
    )
    return "".join(f"{tag}={value}\x01" for tag, value in named if value)
