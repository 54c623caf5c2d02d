"""What the tests of ResetSeqNumFlag(141) in mid-session share: the messages, and our own wish."""

from __future__ import annotations

from tests.fix.wire import OneSide

NEWS = "148=x|33=1|58=y|"
DUP = "43=Y|122=20260105-14:29:00.000|"
RESET = "35=A|34=1|98=0|108=30|141=Y|"
LOGON = "35=A|34={}|98=0|108=30|"


def begin_again(side: OneSide) -> None:
    """Its own numbers, by its own wish."""
    side.session.reset(side.now)
    side.settle()


def numbers(side: OneSide) -> tuple[int, int]:
    """What it expects next, and what it sends next."""
    return side.session.next_in, side.session.next_out
