"""`reject_all`: every new order is rejected before it reaches the venue's book.

Cancels and replaces of orders that are there already go on as ever.
"""

from __future__ import annotations

from pydantic import Field

from venues.messages import Rejected
from venues.misbehaviour import Fault, Misbehaviour, Request, Scene


class RejectAll(Misbehaviour):
    """The keys of `detail`."""

    reason: str = Field(default="no new orders are taken", min_length=1)
    """Text(58)."""
    ord_rej_code: int = Field(default=0, ge=0, le=99)
    """OrdRejReason(103); 0 is the exchange's own choice."""

    def fault(self, scene: Scene) -> Fault:
        """It at work."""
        return _Rejecting(self, scene)


class _Rejecting(Fault):
    def __init__(self, spec: RejectAll, scene: Scene) -> None:
        super().__init__(scene)
        self._spec = spec

    def asked(self, request: Request) -> None:
        scene, order = self.scene, request.order
        if order is None:
            scene.pass_on(request)
            return
        code, reason = str(self._spec.ord_rej_code), self._spec.reason
        scene.say(Rejected(scene.mic, scene.now, order.order_ref, code, reason))
