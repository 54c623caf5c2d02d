"""`session_drop`: the order-entry connection is gone, and every Logon before the end is refused.

Orders live on unless `cancel_on_disconnect`; what happens to them takes its numbers meanwhile and
is resent when it is asked for. With `gap_fills` the numbers of some reports are gap-filled instead:
those of executions are told late, under new numbers, and the others must be asked for. Market data
goes on: that it stops is `md_stale`.
"""

from __future__ import annotations

from pydantic import Field

from venues.messages import SessionDropped
from venues.misbehaviour import MS, Fault, Misbehaviour, Scene

SEEDS = 1 << 53


class SessionDrop(Misbehaviour):
    """The keys of `detail`."""

    cancel_on_disconnect: bool = False
    """For this drop; what the venue does at others is its profile."""
    resend_on_logon: bool = True
    """False: nothing of the outage is resent, every number of it is gap-filled."""
    gap_fills: bool = False
    """Some numbers of the outage are gap-filled."""
    gap_prob: float = Field(default=0.5, gt=0, le=1)
    """With `gap_fills`: of a report."""
    late_ms: int = Field(default=2_000, ge=0)
    """How long after the Logon a gap-filled execution is told under a new number."""

    def fault(self, scene: Scene) -> Fault:
        """It at work."""
        return _Dropped(self, scene)


class _Dropped(Fault):
    def __init__(self, spec: SessionDrop, scene: Scene) -> None:
        super().__init__(scene)
        self._spec = spec

    def begin(self) -> None:
        spec, scene = self._spec, self.scene
        some = spec.gap_prob if spec.gap_fills else 0.0
        scene.say(
            SessionDropped(
                scene.mic,
                scene.now,
                until=scene.until,
                cancel_on_disconnect=spec.cancel_on_disconnect,
                gap_prob=some if spec.resend_on_logon else 1.0,
                late_ns=spec.late_ms * MS,
                seed=int(scene.stream.uniform() * SEEDS),
            )
        )
