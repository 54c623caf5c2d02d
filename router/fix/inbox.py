"""The inbound side of a session: the next number, held messages, and what to ask for again.

Knows numbers only; what a message says is the session's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush

from router.fix.states import DRAIN_BYTES_MAX, DRAIN_MAX, HELD_BYTES_MAX, HELD_MESSAGES_MAX


@dataclass(frozen=True, slots=True)
class Held:
    """A frame that came before its turn; empty if it was dealt with and only its number counts."""

    seq: int
    frame: bytes


class Inbox:
    """Next MsgSeqNum(34) expected, and the gap before what is held."""

    def __init__(self, next_in: int, *, chunk_size: int) -> None:
        self.next_in = next_in
        self.retried = False
        """True if the open request was repeated."""
        self._chunk_size = chunk_size
        self._held: dict[int, Held] = {}
        self._lowest: list[int] = []
        """The numbers in `_held`, as a heap."""
        self._held_bytes = 0
        self._highest = 0
        self._gap_end = 0
        """Last number of the gap that is open, 0 if none is."""
        self._asked_to = 0
        """Last number asked for; 0 means all."""
        self._taken = self._taken_bytes = 0
        """Held messages that were taken in this call."""

    @property
    def undisturbed(self) -> bool:
        """True if nothing is missing and nothing is held."""
        return not (self._gap_end or self._lowest)

    @property
    def gap_open(self) -> bool:
        """True from a ResendRequest until its range has come."""
        return self._gap_end > 0

    @property
    def gap(self) -> tuple[int, int] | None:
        """First and last number that are missing, as far as it is known."""
        return (self.next_in, self._gap_end) if self._gap_end else None

    @property
    def held(self) -> int:
        """Messages that wait for their turn."""
        return len(self._held)

    def consume(self, seq: int) -> None:
        """Count a number if it is the next."""
        if seq == self.next_in:
            self.next_in += 1

    def jump(self, new_seq_no: int) -> None:
        """Go on at a number: gap fill or reset. What is held below it is let go."""
        self.next_in = new_seq_no
        while self._lowest and self._lowest[0] < new_seq_no:
            self._release()

    def forget(self) -> None:
        """The connection is gone or the numbers are reset: nothing is held, nothing is asked."""
        self._held.clear()
        self._lowest.clear()
        self._held_bytes = self._highest = 0
        self.close_gap()

    def close_gap(self) -> None:
        """No request is open."""
        self._gap_end = 0
        self.retried = False

    def refused(self) -> None:
        """The open request was refused: nothing is asked for until the gap shows again."""
        self.close_gap()
        self._highest = 0

    def hold(self, held: Held) -> None:
        """Keep a message until its turn. Beyond the bounds it is let go, and asked for again."""
        self._highest = max(self._highest, held.seq)
        full = len(self._held) >= HELD_MESSAGES_MAX
        if full or held.seq in self._held or self._held_bytes + len(held.frame) > HELD_BYTES_MAX:
            return
        self._held[held.seq] = held
        heappush(self._lowest, held.seq)
        self._held_bytes += len(held.frame)

    def open_portion(self) -> None:
        """Another call begins: so many held messages may be taken in it."""
        self._taken = self._taken_bytes = 0

    @property
    def due(self) -> bool:
        """True if a held message has its turn."""
        return bool(self._lowest) and self._lowest[0] == self.next_in

    def take(self) -> Held | None:
        """The held message whose turn it is, if the call may cost another one."""
        spent = self._taken >= DRAIN_MAX or self._taken_bytes >= DRAIN_BYTES_MAX
        if spent or not self.due:
            return None
        held = self._release()
        self._taken += 1
        self._taken_bytes += len(held.frame)
        return held

    def _release(self) -> Held:
        held = self._held.pop(heappop(self._lowest))
        self._held_bytes -= len(held.frame)
        return held

    def request(self) -> tuple[int, int] | None:
        """BeginSeqNo(7) and EndSeqNo(16) of the ResendRequest that is to be sent now, if any.

        One request is open at a time. A gap beyond the chunk size is asked for in closed pieces,
        the next when the last has come.
        """
        if self._gap_end and self.next_in <= self._gap_end:
            if not self._asked_to or self.next_in <= self._asked_to:
                return None
            return self.ask()
        self.close_gap()
        if self.next_in > self._highest:
            return None
        self._gap_end = self._lowest[0] - 1 if self._lowest else self._highest
        return self.ask()

    def ask(self) -> tuple[int, int]:
        """The range to ask for in the open gap, from the next number on."""
        size = self._gap_end - self.next_in + 1
        whole = not self._chunk_size or size <= self._chunk_size
        self._asked_to = 0 if whole else self.next_in + self._chunk_size - 1
        return self.next_in, self._asked_to

    def promised(self) -> None:
        """The open gap comes without being asked for: the peer's Logon showed what we expect."""
        self._asked_to = 0
