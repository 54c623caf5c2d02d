"""An operator asks venues by telephone about orders in doubt, and enters what their desks say.

Owns when their word is entered, and what of it. A desk knows what its venue has noted; the operator
sees what the router has booked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from router.fix.codec import px_text
from router.runtime.node import Node
from router.simulation.oracle import Oracle
from router.simulation.reading import hold
from router.simulation.seen import AtVenue

Ask = Callable[[dict[str, object]], dict[str, Any]]
"""The operator's socket."""


def settle_unknown(node: Node, oracle: Oracle, day: str, ask: Ask) -> int:
    """Enter what desks say of every UNKNOWN child that their venues know; how many that were.

    Raises:
        Broken: the node refuses what adds up.
    """
    oracle.heed()
    settled = 0
    for row in ask({"command": "status"})["unknown"]:
        for order in oracle.known_as(row["cl_ord_id"]):
            settled += _settle(node, order, row["cum_qty"], day, ask)
    return settled


def _settle(node: Node, order: AtVenue, cum_qty: int, day: str, ask: Ask) -> bool:
    """Enter what is not booked, if it makes up the whole: else a bust is on its way here. What was
    corrected is left to the venue: it may tell of it as it was first (seed 171487).
    """
    state = node.engine.state
    child = state.children[order.cl_ord_id]
    missing = {
        exec_id: told
        for exec_id, told in order.executions.items()
        if not state.knows_fill(child.fill_key(day, exec_id))
    }
    total = cum_qty + sum(qty for qty, _ in missing.values())
    whole = total == order.cum_qty <= order.qty and not order.amended
    if not whole or not (missing or order.ended):
        return False
    answer = ask(
        {
            "command": "settle",
            "cl_ord_id": order.cl_ord_id,
            "executions": [
                {"exec_id": exec_id, "qty": qty, "px": px_text(px), "trade_date": day}
                for exec_id, (qty, px) in missing.items()
            ],
            "cum_qty": total,
            "over": order.ended,
            "who": "an operator",
            "reason": "their desk, by telephone",
        }
    )
    hold("error" not in answer, "settle", f"{order}: {answer}")
    return True
