"""`duplicate_execution`: executions are told twice, the second time as a new message.

The ExecID(17) and all that was said are the same.
"""

from __future__ import annotations

from functools import partial

from pydantic import Field

from venues.messages import Executed, Repeated, VenueMessage
from venues.misbehaviour import MS, Fault, Misbehaviour, Scene


class DuplicateExecution(Misbehaviour):
    """The keys of `detail`."""

    delay_ms: int = Field(default=0, ge=0)
    """From the execution to its second report."""
    prob: float = Field(default=1.0, gt=0, le=1)
    """Of an execution."""

    def fault(self, scene: Scene) -> Fault:
        """It at work."""
        return _Duplicating(self, scene)


class _Duplicating(Fault):
    def __init__(self, spec: DuplicateExecution, scene: Scene) -> None:
        super().__init__(scene)
        self._spec = spec

    def told(self, message: VenueMessage) -> None:
        scene = self.scene
        scene.say(message)
        if isinstance(message, Executed) and scene.chosen(self._spec.prob):
            again = partial(self._repeat, message.order_ref, message.exec_id)
            scene.later(scene.now + self._spec.delay_ms * MS, again)

    def _repeat(self, order_ref: str, exec_id: str) -> None:
        scene = self.scene
        state = scene.venue.order_state(order_ref)
        if state is not None:  # by the name that it has now
            scene.say(Repeated(scene.mic, scene.now, state.order.order_ref, exec_id))
