"""What a clause of a policy may be matched on: conjunctions of finite lists and half-open ranges.

Owns the keys, their order of specificity, and whether two matches can hold for one order. Knows
nothing of what a clause says once it matches.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Literal, Protocol

import msgspec
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from policies.kinds import DAY_NS, OneOrMore, clock_ns
from router.model import PX_SCALE, OrdType, Side

Value = str | float | int | None
"""A fact as a match sees it; None when it is not known."""


class Facts(Protocol):
    """What is known of an order when its policy is chosen."""

    @property
    def session(self) -> str:
        """The OMS session."""

    @property
    def account(self) -> str:
        """Account(1)."""

    @property
    def symbol(self) -> str:
        """Symbol(55)."""

    @property
    def side(self) -> Side:
        """Side(54)."""

    @property
    def ord_type(self) -> OrdType:
        """OrdType(40)."""

    @property
    def qty(self) -> int:
        """OrderQty(38), shares."""

    @property
    def algo(self) -> str:
        """TargetStrategy(847), or empty."""

    @property
    def adv(self) -> int:
        """Median daily volume, shares; 0 if it is not known."""

    @property
    def notional(self) -> int | None:
        """Value in money units; None if there is no price to value it at."""

    @property
    def now(self) -> int:
        """When the order is accepted, UTC nanoseconds."""


class OrderFacts(msgspec.Struct, frozen=True):
    """The facts of one order, as a value."""

    session: str
    account: str
    symbol: str
    side: Side
    ord_type: OrdType
    qty: int
    algo: str = ""
    adv: int = 0
    notional: int | None = None
    now: int = 0


def values_of(facts: Facts, algo: str | None = None) -> dict[str, Value]:
    """The value of every match key; `algo` is the one that was settled on, None before that."""
    return {
        "account": facts.account,
        "session": facts.session,
        "symbol": facts.symbol,
        "algo": algo,
        "side": facts.side.name.lower(),
        "ord_type": facts.ord_type.name.lower(),
        "qty_adv": facts.qty / facts.adv if facts.adv > 0 else None,
        "notional": None if facts.notional is None else facts.notional / PX_SCALE,
        "qty": facts.qty,
        "adv": facts.adv if facts.adv > 0 else None,
        "time": facts.now % DAY_NS,
    }


_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

SideName = Literal["buy", "sell", "sell_short", "sell_short_exempt"]
OrdTypeName = Literal["market", "limit"]


class Range(BaseModel):
    """A half-open range of numbers: `from` belongs to it, `below` does not."""

    model_config = _STRICT

    from_: float | None = Field(None, alias="from", ge=0)
    below: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _holds_something(self) -> Range:
        _check_range(self.bounds(), given=self.from_ is not None or self.below is not None)
        return self

    def bounds(self) -> tuple[float, float]:
        """Lowest value, and the first one beyond."""
        low = 0.0 if self.from_ is None else self.from_
        return low, math.inf if self.below is None else self.below


class TimeRange(BaseModel):
    """A half-open range of the time of day, UTC, as `HH:MM` or `HH:MM:SS`."""

    model_config = _STRICT

    from_: str | None = Field(None, alias="from")
    below: str | None = None

    @field_validator("from_", "below")
    @classmethod
    def _is_clock(cls, value: str | None) -> str | None:
        if value is not None:
            clock_ns(value)
        return value

    @model_validator(mode="after")
    def _holds_something(self) -> TimeRange:
        _check_range(self.bounds(), given=self.from_ is not None or self.below is not None)
        return self

    def bounds(self) -> tuple[float, float]:
        """Nanoseconds after midnight: first, and the first one beyond."""
        low = 0 if self.from_ is None else clock_ns(self.from_)
        return low, DAY_NS if self.below is None else clock_ns(self.below)


def _check_range(bounds: tuple[float, float], *, given: bool) -> None:
    if not given:
        raise ValueError("a range needs `from`, `below` or both")
    if not bounds[0] < bounds[1]:
        raise ValueError("no value lies in this range: `from` must be less than `below`")


class Match(BaseModel):
    """All keys must hold; a key that is absent holds for any order. Keys rank as they are listed.

    `qty_adv` is a fraction of the median daily volume, `notional` counts units of the currency,
    `qty` and `adv` count shares. `algo` is the algo that the order will run.
    """

    model_config = _STRICT

    account: OneOrMore[str] | None = None
    session: OneOrMore[str] | None = None
    symbol: OneOrMore[str] | None = None
    algo: OneOrMore[str] | None = None
    side: OneOrMore[SideName] | None = None
    ord_type: OneOrMore[OrdTypeName] | None = None
    qty_adv: Range | None = None
    notional: Range | None = None
    qty: Range | None = None
    adv: Range | None = None
    time: TimeRange | None = None

    def given(self) -> Iterator[tuple[str, tuple[str, ...] | Range | TimeRange]]:
        """The keys that are present, most specific first, with what they ask for."""
        for key in KEY_ORDER:
            value = getattr(self, key)
            if value is not None:
                yield key, value

    def specificity(self) -> tuple[bool, ...]:
        """Compares like words in a dictionary: the first key that only one has decides."""
        return tuple(getattr(self, key) is not None for key in KEY_ORDER)

    def conditions(self) -> Conditions:
        """The keys that are present, most specific first, ready to be held against an order."""
        return tuple(
            (key, wanted, (0.0, 0.0)) if isinstance(wanted, tuple) else (key, None, wanted.bounds())
            for key, wanted in self.given()
        )

    def misses(self, values: Mapping[str, Value], *, unknown_holds: bool) -> str:
        """The first key that does not hold, or empty; `missed` says of what is not known."""
        return missed(self.conditions(), values, unknown_holds=unknown_holds)

    def overlaps(self, other: Match) -> bool:
        """True if one order can satisfy both. Keys are taken as independent of one another."""
        theirs = dict(other.given())
        return all(_meet(wanted, theirs[key]) for key, wanted in self.given() if key in theirs)

    def text(self) -> str:
        """The match in one line."""
        parts = []
        for key, wanted in self.given():
            if isinstance(wanted, tuple):
                parts.append(f"{key}={'|'.join(wanted)}")
            else:
                parts.append(f"{key}={_edge(wanted.from_)}..{_edge(wanted.below)}")
        return " ".join(parts) or "any order"


KEY_ORDER = tuple(Match.model_fields)
"""Match keys, most specific first."""

Conditions = tuple[tuple[str, tuple[str, ...] | None, tuple[float, float]], ...]
"""Key, and the names of which any will do, or the bounds of a range."""


def missed(conditions: Conditions, values: Mapping[str, Value], *, unknown_holds: bool) -> str:
    """The first key that does not hold, or empty.

    A fact that is not known counts as `unknown_holds`: narrowing statements pass True, so
    that a missing fact never widens; settings pass False.
    """
    for key, names, (low, high) in conditions:
        value = values[key]
        if value is None:
            if not unknown_holds:
                return key
        elif names is not None:
            if value not in names:
                return key
        elif isinstance(value, str) or not low <= value < high:
            return key
    return ""


def _edge(value: float | str | None) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _meet(
    one: tuple[str, ...] | Range | TimeRange, other: tuple[str, ...] | Range | TimeRange
) -> bool:
    if isinstance(one, tuple) or isinstance(other, tuple):
        assert isinstance(one, tuple)
        assert isinstance(other, tuple)
        return any(name in other for name in one)
    (low, high), (other_low, other_high) = one.bounds(), other.bounds()
    return max(low, other_low) < min(high, other_high)
