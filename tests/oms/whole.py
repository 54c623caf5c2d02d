"""All orders that a state knows, whether they are put away or not, for tests to look at."""

from __future__ import annotations

from router.core.orders import Child, Fill, Parent
from router.core.state import State


def parents(state: State) -> dict[str, Parent]:
    """By OrderID."""
    away = {order.parent.parent_id: order.parent for order in state.closed.newest()}
    return {**away, **state.parents}


def children(state: State) -> dict[str, Child]:
    """By ClOrdID."""
    away = {each.cl_ord_id: each for order in state.closed.newest() for each in order.children}
    return {**away, **state.children}


def fills(state: State) -> dict[str, Fill]:
    """By key."""
    away = {key: fill for order in state.closed.newest() for key, fill in order.fills.items()}
    return {**away, **state.fills}
