"""The blocks of a market file that are not a venue's: their keys, units and bounds.

Owns the schemas of `stock`, `session`, `flow` and `impact`. Venues have theirs in each kind's file,
as have the parents, the schedule and the adversary. Knows no file and no line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from router.model import NS
from router.plugin import Plugin
from venues.venue import price_units

TIME_OF_DAY = r"^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$"
"""HH:MM:SS."""

SUM_TOLERANCE = 1e-6


class Stock(Plugin):
    """The `stock` keys."""

    fixed: ClassVar[Mapping[str, str]] = {
        "symbol": "one symbol is traded for the whole run",
        "price": "it is where the price starts; after that the price moves by itself",
        "tick": "resting orders are on the tick",
    }
    """Keys that no schedule may change, with the reason."""

    symbol: str = Field(default="ACME", min_length=1)
    price: float = Field(gt=0)
    tick: float = Field(gt=0)
    adv: int = Field(gt=0)
    sigma_day_bp: float = Field(gt=0)
    spread_ticks: float = Field(ge=1)
    touch_depth_over_mo: float = Field(gt=0)

    @model_validator(mode="after")
    def _on_tick(self) -> Self:
        if price_units(self.price) % price_units(self.tick):
            raise ValueError("price must be on the tick")
        return self


class SessionHours(Plugin):
    """The `session` keys, exchange time. `from` is when a run begins, by default at `start`."""

    start: str = Field(pattern=TIME_OF_DAY)
    end: str = Field(pattern=TIME_OF_DAY)
    u_shape: tuple[float, ...] = Field(min_length=1)
    from_: str | None = Field(default=None, alias="from", pattern=TIME_OF_DAY)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.start_ns <= self.from_ns < self.end_ns:
            raise ValueError("start, from and end must follow one another")
        if abs(sum(self.u_shape) - 1.0) > SUM_TOLERANCE or min(self.u_shape) <= 0.0:
            raise ValueError("u_shape must be positive shares that sum to 1")
        return self

    @property
    def start_ns(self) -> int:
        """Nanoseconds after midnight, exchange time."""
        return time_of_day(self.start)

    @property
    def end_ns(self) -> int:
        """Nanoseconds after midnight, exchange time."""
        return time_of_day(self.end)

    @property
    def from_ns(self) -> int:
        """When a run begins, nanoseconds after midnight, exchange time."""
        return time_of_day(self.from_ or self.start)


class OrderSize(Plugin):
    """The `flow.mo_size` keys."""

    lot: int = Field(gt=0)
    p_lot: float = Field(ge=0, lt=1)
    mean: float = Field(gt=0)
    tail_alpha: float = Field(gt=1)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if (self.mean / self.lot - self.p_lot) / (1.0 - self.p_lot) < 2.0:
            raise ValueError("mean is too small: orders that are not one lot have at least two")
        return self


class SignMemory(Plugin):
    """The `flow.sign_memory` keys."""

    acf1: float = Field(ge=0, lt=0.9)
    gamma: float = Field(ge=0)


class FlowSpec(Plugin):
    """The `flow` keys."""

    fixed: ClassVar[Mapping[str, str]] = {
        "imbalance_halflife_s": "it is a fact of the books to be measured, and sets nothing"
    }

    market_orders_per_s: float = Field(gt=0)
    mo_size: OrderSize
    sign_memory: SignMemory
    clustering_cv: float = Field(ge=1)
    updates_per_mo: float = Field(gt=0)
    imbalance_logit: float = Field(ge=0)
    imbalance_halflife_s: float = Field(gt=0)
    """A fact to be measured on the books, not a parameter of them: carried, not read."""


class Kernel(Plugin):
    """The `impact.kernel` keys. The law is the square root in rate and time, without remainder."""

    Y: float = Field(ge=0)
    delta: float = Field(ge=0.5, le=0.5)
    decay: float = Field(ge=0.5, le=0.5)
    permanent_frac: float = Field(default=0.0, ge=0, le=0)


class ImpactSpec(Plugin):
    """The `impact` keys."""

    fixed: ClassVar[Mapping[str, str]] = {}

    kernel: Kernel
    level_resilience_halflife_s: float = Field(gt=0)
    level_no_refill_prob: float = Field(ge=0, le=1)
    applies_to: tuple[Literal["lit_take", "lit_make", "dark_fill", "sdp_fill", "leak"], ...]


def time_of_day(text: str) -> int:
    """HH:MM:SS as nanoseconds after midnight."""
    hours, minutes, secs = (int(part) for part in text.split(":"))
    return (hours * 3600 + minutes * 60 + secs) * NS
