"""What inputs cost, counted instead of timed: the same on every machine, however busy it is."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from types import FrameType

from router.fix.framing import Framer
from tests.fuzz.streams import Outcome, outcome

CUT = Framer._cut.__code__


@dataclass
class Work:
    """What a framer did."""

    calls: int = 0
    """Of functions, its own and those of the interpreter."""
    looked_at: int = 0
    """Bytes that were given to be cut, those that were held from before included."""

    def noted(self, frame: FrameType, event: str, _: object) -> None:
        """One event of the interpreter's profiler."""
        if event in ("call", "c_call"):
            self.calls += 1
        if event == "call" and frame.f_code is CUT:
            self.looked_at += len(frame.f_locals["text"])


def counted(parts: Iterable[bytes]) -> tuple[Outcome, Work]:
    """What a new framer makes of chunks, and the work that it had."""
    work = Work()
    before = sys.getprofile()
    sys.setprofile(work.noted)
    try:
        found = outcome(parts)
    finally:
        sys.setprofile(before)
    return found, work
