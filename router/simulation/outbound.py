"""I2, I3, I6: the numbers of what leaves the node, and that whatever leaves is on its disk.

Owns what was seen of each session's outbound numbers. Knows no orders.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from router.simulation.reading import Read, hold
from router.simulation.seen import Numbers

ADMIN = frozenset("01245A")


class Outbound:
    """Every session's outbound numbers."""

    def __init__(self, clock: Callable[[], int]) -> None:
        """`clock` is the world's."""
        self.resets: set[str] = set()
        """Sessions that may begin again at 1: one of their sides asks for it."""
        self._clock = clock
        self._sessions: dict[str, Numbers] = defaultdict(Numbers)
        self._unremembered: set[str] = set()
        """Sessions that may not know which numbers a failed life has spent."""

    def durable(self, frame: Read) -> bool:
        """A frame is safe on the disk. False if it is there already: recovery writes what it has
        read once more.
        """
        name = frame.target
        if frame.seq == 1 and frame.get("141") == "Y" and name in self.resets:
            self._sessions[name] = self._sessions[name].begun_again()
        numbers = self._sessions[name]
        if frame.seq in numbers.stored:
            known = numbers.stored[frame.seq]
            hold(known == frame.content, "I6", f"{name} {frame.seq}: {known}, {frame}")
            return False
        numbers.keep(frame.seq, frame.content, self._clock())
        return True

    def told_before(self, frame: Read) -> bool:
        """True if its content has left under numbers that are no more."""
        return frame.content in self._sessions[frame.target].before

    def left(self, name: str, conn: int, frame: Read) -> bool:
        """A frame leaves under the next number; True if it is the first of a connection, which has
        a higher one.
        """
        numbers = self._sessions[name]
        first = not frame.poss_dup and conn != numbers.conn
        if frame.poss_dup:
            hold(frame.seq <= numbers.high, "I6", f"{name}: {frame.seq} again, {numbers.high} sent")
        elif not first:
            hold(frame.seq == numbers.high + 1, "I6", f"{name}: {frame.seq} after {numbers.high}")
        else:
            above = frame.seq > numbers.high
            tries = frame.msg_type == "A" and name in self._unremembered
            hold(above or tries, "I6", f"{name}: {frame.seq} used before")
            if above:
                self._unremembered.discard(name)
        numbers.conn, numbers.high = conn, max(numbers.high, frame.seq)
        return first

    def on_disk(self, name: str, frame: Read) -> None:
        """What leaves is what the disk has under its number."""
        stored = self._sessions[name].stored.get(frame.seq)
        hold(stored == frame.content, "I3", f"{name} {frame.seq} is not on the disk: {frame}")

    def gap_filled(self, name: str, frame: Read, *, is_venue: bool) -> None:
        """No report is passed over, and of what a venue was sent only orders that are old.

        A venue's number may be on no disk: reserved, and jumped over after the disk has failed.
        """
        for seq in range(frame.seq, int(frame.get("36"))):
            content = self._sessions[name].stored.get(seq)
            if content is None:
                hold(is_venue, "I2", f"{name}: {seq} is passed over, and nothing was stored there")
                continue
            kind = content[3:].partition("|")[0]
            may_pass = kind in ADMIN or (is_venue and kind == "D")
            hold(may_pass, "I2", f"{name}: {seq} is passed over: 35={kind}")

    def last_word(self, name: str, conn: int, frame: Read) -> None:
        """A frame leaves though the disk has failed: cancels of what has left, behind one GapFill.

        No record holds it, so the numbers that it spends are remembered here alone.
        """
        numbers = self._sessions[name]
        hold(conn == numbers.conn, "I3", f"{frame} leaves {name} before its Logon")
        hold(frame.msg_type in ("4", "F"), "I3", f"{frame} leaves {name} and is on no disk")
        if frame.msg_type == "4":
            closes = frame.seq <= numbers.high + 1 <= int(frame.get("36"))
            hold(closes, "I6", f"{name}: {frame} after {numbers.high}")
            numbers.high = int(frame.get("36")) - 1
            return
        hold(frame.seq == numbers.high + 1, "I6", f"{name}: {frame.seq} after {numbers.high}")
        numbers.high = frame.seq

    def forgotten(self) -> None:
        """The power has taken the word of that failure: no disk knows which numbers were spent. A
        Logon may try one; its venue turns it away, and the next goes on above them all.
        """
        self._unremembered |= {
            name
            for name, numbers in self._sessions.items()
            if numbers.high > max(numbers.stored, default=0)
        }

    def age(self, name: str, frame: Read) -> int:
        """How long the disk has had it, nanoseconds."""
        return self._clock() - self._sessions[name].stored_at[frame.seq]

    def place(self, name: str, frame: Read) -> int:
        """Of a frame among all that a session has sent, whatever number it has."""
        return self._sessions[name].place(frame)
