"""`late_execution`: executions are told after the end of their order, or so much later.

Without `delay_ms` an execution waits for its order's cancel, end, or refused cancel, and at the
longest for the end of the time. A replace is never told before an execution that it counts.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pydantic import Field

from venues.messages import (
    Busted,
    Canceled,
    CancelRefused,
    Corrected,
    Executed,
    Expired,
    OrderMessage,
    Repeated,
    Replaced,
    VenueMessage,
)
from venues.misbehaviour import MS, Fault, Misbehaviour, Scene


class LateExecution(Misbehaviour):
    """The keys of `detail`."""

    delay_ms: int | None = Field(default=None, gt=0)
    """From the execution to its report; without it, until the order's end was told."""
    prob: float = Field(default=1.0, gt=0, le=1)
    """Of an execution."""

    def fault(self, scene: Scene) -> Fault:
        """It at work."""
        return _Late(self, scene)

    def lingers_ns(self) -> int:
        """What is said of an execution that is still held back waits with it."""
        return (self.delay_ms or 0) * MS


class _Late(Fault):
    def __init__(self, spec: LateExecution, scene: Scene) -> None:
        super().__init__(scene)
        self._spec = spec
        self._held: dict[str, dict[str, list[OrderMessage]]] = {}
        """By order and ExecID: an execution, and whatever was said of it since."""
        self._over = False

    def told(self, message: VenueMessage) -> None:
        match message:
            case Executed() if not self._over and self.scene.chosen(self._spec.prob):
                self._hold(message)
            case Repeated(exec_id=known) | Busted(exec_ref_id=known) | Corrected(exec_ref_id=known):
                waiting = self._held.get(message.order_ref, {}).get(known)
                if waiting is None:
                    self.scene.say(message)
                else:
                    waiting.append(message)
            case Replaced():
                self._release(message.orig_order_ref)
                self.scene.say(message)
            case Canceled() | Expired() | CancelRefused():
                self.scene.say(message)
                if self._spec.delay_ms is None:
                    self._release(message.order_ref)
            case _:
                self.scene.say(message)

    def over(self) -> None:
        self._over = True
        if self._spec.delay_ms is None:
            for order_ref in list(self._held):
                self._release(order_ref)

    def _hold(self, execution: Executed) -> None:
        order_ref, exec_id = execution.order_ref, execution.exec_id
        late = replace(execution, out_of_turn=True)
        self._held.setdefault(order_ref, {})[exec_id] = [late]
        if self._spec.delay_ms is not None:
            due = self.scene.now + self._spec.delay_ms * MS
            self.scene.later(due, partial(self._release_one, order_ref, exec_id))

    def _release_one(self, order_ref: str, exec_id: str) -> None:
        for message in self._held.get(order_ref, {}).pop(exec_id, ()):
            self.scene.say(message)

    def _release(self, order_ref: str) -> None:
        for waiting in self._held.pop(order_ref, {}).values():
            for message in waiting:
                self.scene.say(message)
