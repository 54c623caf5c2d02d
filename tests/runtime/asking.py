"""What the daemon answers to a line on its socket, carried out."""

from __future__ import annotations

from router.runtime import control
from router.runtime.reloading import ReloadAsked
from tests.oms.desk import Desk


def answered(desk: Desk, line: bytes) -> control.Answer:
    """The answer; a reload is asked for elsewhere."""
    asked = control.parse(line)
    assert not isinstance(asked, ReloadAsked)
    answer = asked(desk.node, desk.now) if callable(asked) else asked
    desk.run()
    return answer
