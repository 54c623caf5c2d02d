"""`correct`: executions of the time are corrected a while after they were told (ExecType G).

Shares that a correction takes off do not come back into the book: what is left of the order is
cancelled with it. One that adds shares ends its order first, and adds no more than was left then.
"""

from __future__ import annotations

from functools import partial
from typing import Self

from pydantic import Field, model_validator

from venues.amending import cancel_rest
from venues.messages import Corrected, Executed, OrderState, VenueMessage
from venues.misbehaviour import MS, Fault, Misbehaviour, Scene


class Correct(Misbehaviour):
    """The keys of `detail`."""

    ticks: int = 0
    """Added to the price."""
    shares_off: int = Field(default=0, ge=0)
    """Taken off the quantity, of which one share stays."""
    shares_more: int = Field(default=0, ge=0)
    """Added to the quantity."""
    delay_ms: int = Field(default=1_000, ge=0)
    """From the execution to the correction."""
    prob: float = Field(default=1.0, gt=0, le=1)
    """Of an execution."""

    @model_validator(mode="after")
    def _corrects(self) -> Self:
        if not (self.ticks or self.shares_off or self.shares_more):
            raise ValueError("needs ticks, shares_off or shares_more: else it corrects nothing")
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
        if state is None or exec_id in scene.amended:
            return
        qty = max(1, execution.qty - self._spec.shares_off) + self._more(state)
        px = execution.px + self._spec.ticks * scene.tick
        if (qty, px) == (execution.qty, execution.px) or px <= 0:
            return
        scene.amended.add(exec_id)
        state.cum_qty += qty - execution.qty
        state.notional += qty * px - execution.qty * execution.px
        ref = state.order.order_ref
        scene.say(Corrected(scene.mic, scene.now, ref, f"{exec_id}-correct", exec_id, qty, px))
        if qty < execution.qty:
            cancel_rest(scene, state)

    def _more(self, state: OrderState) -> int:
        """Shares to add: of an order that its venue can end, as many as were left of it."""
        if self._spec.shares_more and state.is_open:
            self.scene.venue.cancel(state.order.order_ref, self.scene.now)
        left = 0 if state.is_open else max(0, state.order.qty - state.cum_qty)
        return min(self._spec.shares_more, left)
