"""Which parents a seed is given: the market file's, one a seed, or all of a file of parents.

Owns the file of parents: YAML or JSON, a list under `parents`, each with `side`, `qty` in shares or
`qty_adv`, `start`, `horizon_s` and, if it has a limit, `limit_bp`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from config.documents import DocumentError, load, validate
from router.model import NS, Side
from router.plugin import Plugin
from venues.market_file import MarketSpec
from venues.market_keys import time_of_day
from venues.parents import ParentPlan, ParentsError

Plans = Callable[[int], Sequence[ParentPlan]]
"""The parents of a seed."""


class WrittenParent(Plugin):
    """One entry of a file of parents."""

    side: Literal["buy", "sell"]
    qty: int | None = Field(default=None, gt=0)
    """Shares."""
    qty_adv: float | None = Field(default=None, gt=0, le=1)
    """Share of ADV."""
    start: str = Field(pattern=r"^\d\d:\d\d:\d\d$")
    horizon_s: float = Field(gt=0, le=86_400)
    limit_bp: float | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _one_quantity(self) -> Self:
        if (self.qty is None) == (self.qty_adv is None):
            raise ValueError("one of qty and qty_adv must be given")
        return self

    def plan(self, spec: MarketSpec) -> ParentPlan:
        """The parent in a market."""
        lot = spec.flow.mo_size.lot
        share = self.qty_adv or 0.0
        qty = self.qty or max(1, round(share * spec.stock.adv / lot)) * lot
        side = Side.BUY if self.side == "buy" else Side.SELL
        return ParentPlan(side, qty, time_of_day(self.start), self.horizon_s, self.limit_bp)


class WrittenParents(Plugin):
    """A file of parents."""

    parents: tuple[WrittenParent, ...]

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.parents:
            raise ValueError("names no parents")
        return self


def plans_of(spec: MarketSpec, file: Path | None, *, alone: bool = False) -> Plans:
    """The parents of each seed.

    Raises:
        DocumentError: the file is wrong, or there is none and the market names no parents, or such
            as do not fit into its session.
    """
    if alone:
        return lambda seed: ()
    if file is not None:
        plans = _read(spec, file)
        return lambda seed: plans
    if spec.parents is None:
        text = f"market {spec.id} names no parents: give --parents FILE, or --no-parents"
        raise DocumentError([text])
    try:
        spec.parents.check(spec.session)
    except ParentsError as error:
        raise DocumentError([f"market {spec.id}: {error}; or give --parents FILE"]) from None
    return lambda seed: (spec.parent(seed),)


def _read(spec: MarketSpec, file: Path) -> tuple[ParentPlan, ...]:
    document = load(file)
    plans = tuple(each.plan(spec) for each in validate(document, WrittenParents).parents)
    hours = spec.session
    wrong = [
        document.problem(("parents", number), f"does not fit into {hours.start} to {hours.end}")
        for number, plan in enumerate(plans)
        if plan.start_ns < hours.from_ns or plan.start_ns + plan.horizon_s * NS > hours.end_ns
    ]
    if wrong:
        raise DocumentError(wrong)
    return plans
