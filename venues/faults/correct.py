"""`correct`: executions of the time are corrected a while after they were told (ExecType G).

Shares that a correction takes off do not come back into the book: what is left of the order is
cancelled with it.
"""

from __future__ import annotations

from functools import partial
from typing import Self

from pydantic import Field, model_validator

from venues.amending import cancel_rest
from venues.messages import Corrected, Executed, VenueMessage
from venues.misbehaviour import MS, Fault, Misbehaviour, Scene


class Correct(Misbehaviour):
    """The keys of `detail`."""

    ticks: int = 0
    """Added to the price."""
    shares_off: int = Field(default=0, ge=0)
    """Taken off the quantity, of which one share stays."""
    delay_ms: int = Field(default=1_000, ge=0)
    """From the execution to the correction."""
    prob: float = Field(default=1.0, gt=0, le=1)
    """Of an execution."""

    @model_validator(mode="after")
    def _corrects(self) -> Self:
        if not self.ticks and not self.shares_off:
            raise ValueError("needs ticks or shares_off: else it corrects nothing")
        return self

    def fault(self, scene: Scene) -> Fault:
        """It at work."""
        return _Correcting(self, scene)


class _Correcting(Fault):
    def __init__(self, spec: Correct, scene: Scene) -> None:
        super().__init__(scene)
        self._spec = spec

    def told(self, message: VenueMessage) -> None:
        scene = self.scene
        scene.say(message)
        if isinstance(message, Executed) and scene.chosen(self._spec.prob):
            scene.later(scene.now + self._spec.delay_ms * MS, partial(self._correct, message))

    def _correct(self, execution: Executed) -> None:
        scene, exec_id = self.scene, execution.exec_id
        state = scene.venue.order_state(execution.order_ref)
        qty = max(1, execution.qty - self._spec.shares_off)
        px = execution.px + self._spec.ticks * scene.tick
        same = (qty, px) == (execution.qty, execution.px)
        if state is None or exec_id in scene.amended or same or px <= 0:
            return
        scene.amended.add(exec_id)
        state.cum_qty += qty - execution.qty
        state.notional += qty * px - execution.qty * execution.px
        ref = state.order.order_ref
        scene.say(Corrected(scene.mic, scene.now, ref, f"{exec_id}-correct", exec_id, qty, px))
        if qty != execution.qty:
            cancel_rest(scene, state)
