"""`bust`: executions of the time are taken back a while after they were told (ExecType H).

A busted execution counts for nothing any more, and its shares do not come back into the book: what
is left of the order is cancelled with it. What the trade did to prices stays; it happened.
"""

from __future__ import annotations

from functools import partial

from pydantic import Field

from venues.amending import cancel_rest
from venues.messages import Busted, Executed, VenueMessage
from venues.misbehaviour import MS, Fault, Misbehaviour, Scene


class Bust(Misbehaviour):
    """The keys of `detail`."""

    delay_ms: int = Field(default=1_000, ge=0)
    """From the execution to the bust."""
    prob: float = Field(default=1.0, gt=0, le=1)
    """Of an execution."""

    def fault(self, scene: Scene) -> Fault:
        """It at work."""
        return _Busting(self, scene)


class _Busting(Fault):
    def __init__(self, spec: Bust, scene: Scene) -> None:
        super().__init__(scene)
        self._spec = spec

    def told(self, message: VenueMessage) -> None:
        scene = self.scene
        scene.say(message)
        if isinstance(message, Executed) and scene.chosen(self._spec.prob):
            scene.later(scene.now + self._spec.delay_ms * MS, partial(self._bust, message))

    def _bust(self, execution: Executed) -> None:
        scene, exec_id = self.scene, execution.exec_id
        state = scene.venue.order_state(execution.order_ref)
        if state is None or exec_id in scene.amended:
            return
        scene.amended.add(exec_id)
        state.cum_qty -= execution.qty
        state.notional -= execution.qty * execution.px
        ref = state.order.order_ref
        scene.say(Busted(scene.mic, scene.now, ref, f"{exec_id}-bust", exec_id))
        cancel_rest(scene, state)
