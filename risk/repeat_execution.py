"""An algo that trades the same thing again and again is stopped."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from risk.card import Card
from risk.reference import BROKER_OPTION, MS, refuse
from router.ports import WINDOW_MAX, Limit, LimitContext, LimitedOrder, LimitUsers, Refusal


class RepeatExecution(Limit):
    """Fewer than `executions_max` executed children of algo, symbol and side in `window_ms`."""

    executions_max: Annotated[int, Field(gt=0, lt=WINDOW_MAX)] = 2_000
    window_ms: Annotated[int, Field(gt=0, le=86_400_000)] = 10_000

    card: ClassVar[Card] = Card(
        control="REPEAT-EXEC",
        article="RTS 6 Art. 15(3)",
        unit="executed children in a window",
        rank=120,
        scope="parent and child; algo, symbol and side",
    )

    def check(self, order: LimitedOrder, context: LimitContext) -> Refusal | None:
        """Refuses once the count is reached. A replace that adds nothing passes."""
        if order.is_replace and order.added_qty <= 0:
            return None
        count = context.execution_count(order.algo, order.symbol, order.side, self.window_ms * MS)
        if not (count < self.executions_max):
            return refuse(
                "REPEAT_COUNT_REACHED",
                BROKER_OPTION,
                algo=order.algo,
                executions=count,
                max=self.executions_max,
                window_ms=self.window_ms,
            )
        return None

    def utilisation(self, users: LimitUsers) -> float:
        """Of the algo, symbol and side that execute most."""
        window = self.window_ms * MS
        used = max((users.execution_count(*each, window) for each in users.traders()), default=0)
        return used / self.executions_max
