"""`ack_after_fill`: the acknowledgement of an order comes right after its first execution.

It says how the order stood before. An order that does not trade is acknowledged when `delay_ms`
have passed, or before anything else is said of it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pydantic import Field

from venues.messages import Accepted, Executed, OrderMessage, Replaced, VenueMessage
from venues.misbehaviour import MS, Fault, Misbehaviour, Scene


class AckAfterFill(Misbehaviour):
    """The keys of `detail`."""

    delay_ms: int = Field(default=1_000, gt=0)
    """How long an acknowledgement waits for an execution."""
    prob: float = Field(default=1.0, gt=0, le=1)
    """Of an order."""

    def fault(self, scene: Scene) -> Fault:
        """It at work."""
        return _Overtaken(self, scene)


class _Overtaken(Fault):
    def __init__(self, spec: AckAfterFill, scene: Scene) -> None:
        super().__init__(scene)
        self._spec = spec
        self._held: dict[str, Accepted] = {}
        """By order."""

    def told(self, message: VenueMessage) -> None:
        scene = self.scene
        if isinstance(message, Accepted) and scene.chosen(self._spec.prob):
            self._held[message.order_ref] = message
            due = scene.now + self._spec.delay_ms * MS
            scene.later(due, partial(self._release, message.order_ref))
            return
        if isinstance(message, Executed) and message.order_ref in self._held:
            scene.say(replace(message, out_of_turn=True))
            scene.say(replace(self._held.pop(message.order_ref), out_of_turn=True))
            return
        if isinstance(message, OrderMessage):
            self._release(message.order_ref)
        if isinstance(message, Replaced):
            self._release(message.orig_order_ref)
        scene.say(message)

    def over(self) -> None:
        for order_ref in list(self._held):
            self._release(order_ref)

    def _release(self, order_ref: str) -> None:
        held = self._held.pop(order_ref, None)
        if held is not None:
            self.scene.say(held)
