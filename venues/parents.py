"""What a market file says of the test that is made in it: the parent orders, and what is reported.

Owns the `parents` and `evaluate` keys, and how a seed becomes one parent order. Knows no router: a
plan is a side, a size and a time.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from router.model import NS, Side
from router.plugin import Plugin
from venues.chance import Stream
from venues.market_keys import TIME_OF_DAY, SessionHours, time_of_day

UNIFORM = "uniform"
SIDES = {"buy": (Side.BUY,), "sell": (Side.SELL,), "both": (Side.BUY, Side.SELL)}

ItemT = TypeVar("ItemT")


def _listed(value: object) -> object:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _some(value: tuple[ItemT, ...]) -> tuple[ItemT, ...]:
    if not value:
        raise ValueError("the list is empty")
    return value


def _form(value: object) -> str:
    return "words" if isinstance(value, str) else "range"


Some = Annotated[tuple[ItemT, ...], BeforeValidator(_listed), AfterValidator(_some)]
"""One or several: written as a value or as a list of them."""

Share = Annotated[float, Field(gt=0, le=1)]
Horizon = Annotated[float, Field(gt=0, le=86_400)]


class ParentsError(ValueError):
    """A market in which no parent can be planned; the text says why."""


@dataclass(frozen=True, slots=True)
class ParentPlan:
    """One parent order of a test."""

    side: Side
    qty: int
    """Shares, whole lots."""
    start_ns: int
    """Nanoseconds after midnight, exchange time."""
    horizon_s: float
    """Seconds in which it is to be done."""
    limit_bp: float | None
    """How far beyond the arrival mid it may trade, bp of it; None for a market order."""


class Parents(Plugin):
    """The `parents` keys: a set of orders, from which a seed picks one."""

    side: Literal["buy", "sell", "both"] = "both"
    qty_adv: Some[Share]
    """Shares of ADV, one or several."""
    horizon_s: Some[Horizon]
    """Seconds, one or several."""
    start: str = Field(default=UNIFORM, pattern=rf"^{UNIFORM}$|{TIME_OF_DAY}")
    """`uniform` over the times that leave the horizon inside the session, or a time of day."""
    limit_bp: float | None = Field(default=None, ge=0)

    def check(self, hours: SessionHours) -> None:
        """See that every order of the set fits into the session.

        A market may extend another for its venues and have a shorter session: then its parents are
        only wrong when somebody asks for one.

        Raises:
            ParentsError: naming the key.
        """
        begins = hours.from_ns if self.start == UNIFORM else time_of_day(self.start)
        if not hours.from_ns <= begins < hours.end_ns:
            raise ParentsError(f"parents.start: {self.start} is not in the session of this market")
        most, longest = (hours.end_ns - begins) / NS, max(self.horizon_s)
        if longest > most:
            text = f"{longest:g} s do not fit into the {most:g} s of this market's session"
            raise ParentsError(f"parents.horizon_s: {text}")

    def plan(self, seed: int, n: int = 0, *, adv: int, lot: int, hours: SessionHours) -> ParentPlan:
        """The `n`-th parent of a seed.

        Seeds go through the combinations of side, size and horizon in turn: in any as many
        successive seeds as there are combinations, each occurs once, whatever `n` is.

        Raises:
            ParentsError: as `check`.
        """
        self.check(hours)
        combinations = list(itertools.product(self.horizon_s, self.qty_adv, SIDES[self.side]))
        horizon_s, qty_adv, side = combinations[(seed + n) % len(combinations)]
        qty = shares(qty_adv, adv=adv, lot=lot)
        start_ns = self._start(seed, n, hours, round(horizon_s * NS))
        return ParentPlan(side, qty, start_ns, horizon_s, self.limit_bp)

    def _start(self, seed: int, n: int, hours: SessionHours, horizon: int) -> int:
        if self.start != UNIFORM:
            return time_of_day(self.start)
        room = hours.end_ns - horizon - hours.from_ns
        return hours.from_ns + round(Stream(seed, f"parents/{n}/start").uniform() * room)


def shares(qty_adv: float, *, adv: int, lot: int) -> int:
    """A share of ADV in whole lots, at least one."""
    return max(1, round(qty_adv * adv / lot)) * lot


class SeedRange(Plugin):
    """Seeds `base` to `base + n - 1`."""

    base: int = Field(ge=0)
    n: int = Field(gt=0)


class Evaluate(Plugin):
    """The `evaluate` keys: what a runner does and tells. Nothing here changes the market."""

    seeds: (
        Annotated[
            Annotated[SeedRange, Tag("range")] | Annotated[str, Tag("words")],
            Discriminator(_form),
        ]
        | None
    ) = None
    metrics: tuple[str, ...] = ()
    report: Some[str] = ()
    must: Some[str] = ()
    """Expectations in words."""

    @model_validator(mode="after")
    def _once(self) -> Self:
        if len(set(self.metrics)) != len(self.metrics):
            raise ValueError("a metric is named twice")
        return self
