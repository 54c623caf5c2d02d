"""`no_ack`: orders that come in meanwhile are taken in silence, or swallowed.

An order that is still live is never acknowledged: the venue has it and trades it, and answers a
status request. Other reports of it, of its cancels too, come when the time is over; its executions
come then or at once. A swallowed order was never there: the venue does not know it when asked.
"""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from venues.messages import Accepted, Executed, Lost, OrderMessage, Replaced, VenueMessage
from venues.misbehaviour import Fault, Misbehaviour, Request, Scene


class NoAck(Misbehaviour):
    """The keys of `detail`."""

    orders_still_live: bool = True
    """False: orders are swallowed."""
    fills_reported_late: bool = True
    """False: executions are told when they happen, without an acknowledgement before them."""
    prob: float = Field(default=1.0, gt=0, le=1)
    """Of an order."""

    def fault(self, scene: Scene) -> Fault:
        """It at work."""
        return _Silent(self, scene)


class _Silent(Fault):
    def __init__(self, spec: NoAck, scene: Scene) -> None:
        super().__init__(scene)
        self._spec = spec
        self._orders: dict[str, str] = {}
        """By each reference that a silent order has had: the first one."""
        self._held: dict[str, None] = {}
        """Orders, by their first reference, of which a report is held: all later ones follow it."""
        self._queue: list[OrderMessage] = []

    def asked(self, request: Request) -> None:
        scene, order = self.scene, request.order
        if order is None or not scene.chosen(self._spec.prob):
            scene.pass_on(request)
        elif self._spec.orders_still_live:
            self._orders[order.order_ref] = order.order_ref
            scene.pass_on(request)
        else:
            scene.say(Lost(scene.mic, scene.now, order.order_ref))

    def told(self, message: VenueMessage) -> None:
        if isinstance(message, Replaced) and message.orig_order_ref in self._orders:
            self._orders[message.order_ref] = self._orders[message.orig_order_ref]
        order = self._orders.get(message.order_ref) if isinstance(message, OrderMessage) else None
        if order is None:
            self.scene.say(message)
        elif isinstance(message, Accepted):
            self.scene.say(replace(message, told=False))
        elif isinstance(message, Executed) and self._passes(order):
            self.scene.say(message)
        else:
            assert isinstance(message, OrderMessage)
            self._held[order] = None
            self._queue.append(message)

    def _passes(self, order: str) -> bool:
        return not self._spec.fills_reported_late and order not in self._held

    def over(self) -> None:
        for message in self._queue:
            self.scene.say(message)
        self._queue.clear()
        self._orders.clear()
