"""`over_fill`: an order that is done executes once more, beyond its OrderQty.

Nobody stood on the other side: the book and the price know nothing of it.
"""

from __future__ import annotations

from pydantic import Field

from venues.messages import Executed, VenueMessage
from venues.misbehaviour import Fault, Misbehaviour, Scene


class OverFill(Misbehaviour):
    """The keys of `detail`."""

    qty: int = Field(default=100, gt=0)
    """Shares too many."""
    prob: float = Field(default=1.0, gt=0, le=1)
    """Of an order that is filled."""

    def fault(self, scene: Scene) -> Fault:
        """It at work."""
        return _OverFilling(self, scene)


class _OverFilling(Fault):
    def __init__(self, spec: OverFill, scene: Scene) -> None:
        super().__init__(scene)
        self._spec = spec

    def told(self, message: VenueMessage) -> None:
        scene = self.scene
        scene.say(message)
        if isinstance(message, Executed) and not message.leaves and scene.chosen(self._spec.prob):
            self._again(message)

    def _again(self, last: Executed) -> None:
        scene, qty = self.scene, self._spec.qty
        state = scene.venue.order_state(last.order_ref)
        if state is None:
            return
        state.cum_qty += qty
        state.notional += qty * last.px
        scene.say(
            Executed(
                scene.mic,
                scene.now,
                last.order_ref,
                f"{last.exec_id}-over",
                qty,
                last.px,
                last.liquidity,
                leaves=0,
                out_of_turn=True,
            )
        )
