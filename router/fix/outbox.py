"""The outbound side of a session: numbers, headers, frames, and resends that nothing interleaves.

Keeps no sent frame: what is asked for again comes back from the caller's store. Frames issued while
a resend (or a Logon) is under way wait here, and leave right behind it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from router.fix.codec import encode, time_text
from router.fix.states import (
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
    "49=[^\x01]*\x0152=([^\x01]*)\x0156=[^\x01]*\x01(.*)10=[0-9]{3}\x01",
    re.DOTALL,
)
"""A frame as `Outbox` writes it: MsgType, SendingTime, and all that follows the standard header."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A range of numbers that the store is asked for; the `final` one ends a request."""

    begin: int
    end: int
    final: bool = False


class Outbox:
    """Next MsgSeqNum(34) to send, and the frames to journal and to write."""

    def __init__(self, config: SessionConfig, next_out: int) -> None:
        self.next_out = next_out
        self.overflowed = False
        """True if more waits, or more is asked for again, than may."""
        self._config = config
        self._frames: list[OutFrame] = []
        self._waiting: list[OutFrame] = []
        self._holding = False
        self._pieces: deque[Piece] = deque()
        """What is to be resent, in the order it was asked for."""
        self._gap_from = 0
        """First number of a run to be gap-filled, 0 if there is none."""

    def take(self) -> list[OutFrame]:
        """The frames made since the last call, in sending order."""
        frames, self._frames = self._frames, []
        return frames

    def reset(self) -> None:
        """Begin again at 1. What waits is void."""
        self.next_out = 1
        self.forget()

    def forget(self) -> None:
        """The connection is gone: no resend is under way, nothing waits."""
        self._waiting.clear()
        self._holding = self.overflowed = False
        self._pieces.clear()
        self._gap_from = 0

    def hold(self) -> None:
        """Let what is issued from here on wait for `release`."""
        self._holding = True

    def release(self) -> None:
        """Send what waits, in order, unless a resend is under way."""
        if self._pieces:
            return
        self._holding = False
        self._frames += (OutFrame(w.seq, w.data, fresh=False, live=True) for w in self._waiting)
        self._waiting.clear()

    def abandon(self) -> None:
        """Give up a resend: the connection is about to end and the last words must leave."""
        self._pieces.clear()
        self._gap_from = 0
        self.release()

    def issue(self, msg_type: str, body: str, now: int, *, live: bool, routing: str = "") -> int:
        """Number and frame a new message; return its MsgSeqNum."""
        seq = self.next_out
        self.next_out += 1
        config = self._config
        header = (
            f"34={seq}\x0149={config.sender_comp_id}\x01"
            f"52={time_text(now, config.timestamp_precision)}\x01"
            f"56={config.target_comp_id}\x01{routing}"
        )
        data = encode(config.begin_string, msg_type, header, body)
        frame = OutFrame(seq, data, fresh=True, live=live and not self._holding)
        self._frames.append(frame)
        if live and self._holding:
            self._waiting.append(frame)
            self.overflowed |= len(self._waiting) > OUT_HELD_MAX
        return seq

    def start_resend(self, begin: int, end: int) -> list[tuple[int, int]]:
        """Take a request up; return the ranges to answer with `resend`, in this order.

        What waits is not resent: it leaves right behind.
        """
        end = min(end, self._waiting[0].seq - 1 if self._waiting else self.next_out - 1)
        pieces = [
            Piece(first, min(end, first + RESEND_RANGE_MAX - 1))
            for first in range(begin, end + 1, RESEND_RANGE_MAX)
        ]
        if not pieces:
            return []
        if sum(piece.final for piece in self._pieces) == RESENDS_MAX:
            self.overflowed = True
            return []
        pieces[-1] = replace(pieces[-1], final=True)
        self._pieces += pieces
        self._holding = True
        return [(piece.begin, piece.end) for piece in pieces]

    def resend(self, stored: Sequence[tuple[int, bytes]], now: int) -> None:
        """Answer the first range with its stored frames, ascending; gaps are gap-filled.

        A run of what is not resent goes on from one range of a request to the next.
        """
        if not self._pieces:
            return
        piece = self._pieces.popleft()
        expected = piece.begin
        for seq, data in stored:
            assert expected <= seq <= piece.end, "stored frames ascend within the range"
            if seq > expected:
                self._gap_from = self._gap_from or expected
            self._resend_one(seq, data, now)
            expected = seq + 1
        if expected <= piece.end:
            self._gap_from = self._gap_from or expected
        if piece.final:
            self._fill(piece.end + 1, now)
            self.release()

    def _resend_one(self, seq: int, data: bytes, now: int) -> None:
        ours = _OURS.fullmatch(data.decode("latin-1"))
        assert ours, "a stored frame is one that was issued"
        msg_type, sending_time, rest = ours.groups()
        if msg_type in ADMIN:
            self._gap_from = self._gap_from or seq
            return
        self._fill(seq, now)
        self._again(msg_type, seq, sending_time, rest, now)

    def _fill(self, new_seq_no: int, now: int) -> None:
        """One SequenceReset-GapFill(4) for the run that ends before `new_seq_no`."""
        if self._gap_from:
            body = f"36={new_seq_no}\x01123=Y\x01"
            time = time_text(now, self._config.timestamp_precision)
            self._again("4", self._gap_from, time, body, now)
            self._gap_from = 0

    def _again(self, msg_type: str, seq: int, orig_time: str, rest: str, now: int) -> None:
        """A frame with PossDupFlag(43) and OrigSendingTime(122), under its old number."""
        config = self._config
        header = (
            f"34={seq}\x0143=Y\x0149={config.sender_comp_id}\x01"
            f"52={time_text(now, config.timestamp_precision)}\x01"
            f"56={config.target_comp_id}\x01122={orig_time}\x01"
        )
        data = encode(config.begin_string, msg_type, header, rest)
        self._frames.append(OutFrame(seq, data, fresh=False, live=True))
