"""The limits that a venue itself sets (RTS 7, 2017/584, Art. 20): price, size, value, messages.

Owns the `controls` keys of a venue and the words of a breach. Knows nothing of how orders trade;
reference prices and the time are told.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Self

from pydantic import Field, model_validator

from router.fix.codec import px_text
from router.model import BP, NS, PX_SCALE
from router.plugin import Plugin

Breach = tuple[str, str]
"""OrdRejReason(103), values of FIX.5.0SP2 and later included, and the text."""

PRICE_BAND = "16"
"""Price exceeds current price band."""
QTY_LIMIT = "3"
"""Order exceeds limit."""
VALUE_LIMIT = "27"
"""Notional value exceeds limit (FIX Latest)."""
MESSAGE_LIMIT = "99"


class Band(Plugin):
    """A distance from a reference price: `bp` of the price, or `ticks`."""

    bp: float | None = Field(default=None, gt=0)
    ticks: int | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.bp is None) == (self.ticks is None):
            raise ValueError("give bp or ticks")
        return self

    def edges(self, reference: int, tick: int) -> tuple[int, int]:
        """The lowest and the highest price within, price units, inwards on the tick."""
        distance = self.ticks * tick if self.ticks is not None else 0
        if self.bp is not None:
            distance = int(reference * self.bp / BP)
        low, high = reference - distance, reference + distance
        return -(-low // tick) * tick, high // tick * tick


class Controls(Plugin):
    """The `controls` keys that every kind of venue has. All are optional."""

    static_collar: Band | None = None
    """A limit price must be so near to the price of the venue's last auction; if nothing traded
    there, to the midpoint with which the market opened, or opened again after an auction."""
    max_order_qty: int | None = Field(default=None, gt=0)
    """Shares."""
    max_order_value: float | None = Field(default=None, gt=0)
    """Currency: OrderQty times the limit, or times the far side of the best quotes without one."""
    messages_per_s: int | None = Field(default=None, gt=0)
    """New orders, replaces and quote requests of one session in any second; those that are refused
    count, cancels do not."""

    def size_breach(self, *, qty: int, px: int) -> Breach | None:
        """Which limit of size or value such an order is above; `px` 0 for an unknown price."""
        if self.max_order_qty is not None and qty > self.max_order_qty:
            return QTY_LIMIT, f"OrderQty {qty} is above the maximum of {self.max_order_qty}"
        if self.max_order_value is not None and qty * px > self.max_order_value * PX_SCALE:
            value, most = px_text(qty * px), f"{self.max_order_value:.8f}".rstrip("0").rstrip(".")
            return VALUE_LIMIT, f"order value {value} is above the maximum of {most}"
        return None

    def price_breach(self, *, px: int, reference: int, tick: int) -> Breach | None:
        """The static collar, if the limit price is outside; `reference` 0 if there is none yet."""
        if self.static_collar is None or not reference:
            return None
        low, high = self.static_collar.edges(reference, tick)
        if low <= px <= high:
            return None
        return PRICE_BAND, f"Price {px_text(px)} is outside the static collar of {span(low, high)}"


class LitControls(Controls):
    """The `controls` keys of a lit venue."""

    dynamic_collar: Band | None = None
    """Nothing trades farther from the venue's last trade; before the first, and after an auction
    without trades, from the midpoint of the market."""
    interruption_s: float | None = Field(default=None, gt=0)
    """An order that would trade outside the dynamic collar halts the market for so long, with a
    reopening auction. Without it, what would trade outside is canceled."""

    @model_validator(mode="after")
    def _has_a_collar(self) -> Self:
        if self.interruption_s is not None and self.dynamic_collar is None:
            raise ValueError("interruption_s needs a dynamic_collar")
        return self


@dataclass(slots=True)
class MessageCount:
    """The messages of each session in the last second."""

    most: int
    _times: dict[str, deque[int]] = field(default_factory=dict)

    def breach(self, owner: str, now: int) -> Breach | None:
        """Count one message of the owner; the limit, if it is one too many."""
        times = self._times.setdefault(owner, deque(maxlen=self.most))
        too_many = len(times) == self.most and now - times[0] < NS
        times.append(now)
        if too_many:
            return MESSAGE_LIMIT, f"above the message limit of {self.most} a second"
        return None


def span(low: int, high: int) -> str:
    """A range of prices as text."""
    return f"{px_text(low)} to {px_text(high)}"
