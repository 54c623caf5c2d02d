"""What follows at a venue when an execution is taken back, whole or in part.

Owns the rule that such shares are not put to work again. Knows nothing of when that happens.
"""

from __future__ import annotations

from router.model import OrdStatus
from venues.messages import Canceled, OrderState
from venues.misbehaviour import Scene

TEXT = "shares taken back are not put back into the book"


def cancel_rest(scene: Scene, state: OrderState) -> None:
    """End the order: its LeavesQty(151), which is 38 - 14 again, would wait for nobody.

    One that had ended unfilled stays as it ended. A venue that cannot let go of an order now (a
    dealer's last look) ends it by itself soon.
    """
    ref = state.order.order_ref
    if state.is_open:
        scene.venue.cancel(ref, scene.now)
        return
    left = state.order.qty - state.cum_qty
    if state.ord_status is OrdStatus.FILLED and left > 0:
        state.ord_status = OrdStatus.CANCELED
        scene.say(Canceled(scene.mic, scene.now, ref, left, unsolicited=True, text=TEXT))
