"""`late_cancel_reject`: that a cancel or replace cannot be is told long after it was known.

The executions that made it impossible are told in time.
"""

from __future__ import annotations

from functools import partial

from pydantic import Field

from venues.messages import CancelRefused, VenueMessage
from venues.misbehaviour import MS, Fault, Misbehaviour, Scene


class LateCancelReject(Misbehaviour):
    """The keys of `detail`."""

    delay_ms: int = Field(default=10_000, gt=0)
    """From the refusal to its report."""
    prob: float = Field(default=1.0, gt=0, le=1)
    """Of a refusal."""

    def fault(self, scene: Scene) -> Fault:
        """It at work."""
        return _Hesitating(self, scene)


class _Hesitating(Fault):
    def __init__(self, spec: LateCancelReject, scene: Scene) -> None:
        super().__init__(scene)
        self._spec = spec

    def told(self, message: VenueMessage) -> None:
        scene = self.scene
        if isinstance(message, CancelRefused) and scene.chosen(self._spec.prob):
            scene.later(scene.now + self._spec.delay_ms * MS, partial(scene.say, message))
        else:
            scene.say(message)
