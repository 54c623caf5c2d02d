"""The gate: every limit on one order, in a fixed order. Knows no limit by name."""

from __future__ import annotations

from collections.abc import Sequence

from router.ports import Limit, LimitContext, LimitedOrder, Refusal


def evaluate(
    limits: Sequence[Limit], order: LimitedOrder, context: LimitContext
) -> tuple[tuple[str, Refusal], ...]:
    """Every refusal with the name of its limit; empty if the order may pass.

    All limits are asked, so that every breach can be told; the reply carries the first.
    """
    return tuple(
        (limit.plugin_name(), refusal)
        for limit in limits
        if (refusal := limit.check(order, context)) is not None
    )
