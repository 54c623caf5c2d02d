"""A market as it was read: all of it in one value, and what it becomes under changes.

Owns the value that everybody else works with, and which of its parameters may change while it runs.
Knows no file: a change brings the place at which it was written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from config.documents import DocumentError, Where, problems
from router.plugin import Plugin
from venues.adversary import AdversarySpec
from venues.flow_facts import SPARSE_TICKS
from venues.lit import LitSpec
from venues.market_changes import Blame, Change, PathError, put
from venues.market_keys import FlowSpec, ImpactSpec, SessionHours, Stock
from venues.parents import Evaluate, ParentPlan, Parents, ParentsError, shares
from venues.schedule import Entry, Filled
from venues.venue import VenueSpec

CHANGEABLE = ("stock", "flow", "impact", "venues")
"""Blocks of which a schedule may change something."""

BlockT = TypeVar("BlockT", Stock, FlowSpec, ImpactSpec, VenueSpec)


@dataclass(frozen=True, slots=True)
class MarketSpec:
    """A market, read and checked."""

    id: str
    source: str
    """Where its figures come from, in words."""
    stock: Stock
    session: SessionHours
    flow: FlowSpec
    impact: ImpactSpec
    venues: tuple[VenueSpec, ...]
    """Those that are not disabled, in the file's order."""
    inaccessible_volume_share: float
    """Of the day's volume, what prints where no router can reach."""
    parents: Parents | None
    """The parent orders that a test in this market is made with, if the file says."""
    evaluate: Evaluate
    folder: Path
    """What paths in the file are relative to."""
    files: tuple[str, ...]
    """Names of the files that it was read from: what was extended first, the file itself last."""
    schedule: tuple[Entry, ...]
    """What changes and what happens during a run."""
    adversary: AdversarySpec | None
    hash: str
    """Of everything that the files say, in hexadecimal; how it is written makes no difference."""

    @property
    def order_qty(self) -> int | None:
        """Shares of every parent order, if the file says that they are all of one size."""
        if self.parents is None or len(self.parents.qty_adv) != 1:
            return None
        return shares(self.parents.qty_adv[0], adv=self.stock.adv, lot=self.flow.mo_size.lot)

    @property
    def awaits_parent(self) -> str:
        """The place (`file:line`) of an entry that needs to know how large a parent is, if the file
        does not say; otherwise empty. Whoever works no parent of his own cannot run such a market.
        """
        waiting = [each.place for each in self.schedule if isinstance(each.when, Filled)]
        return waiting[0] if waiting and self.order_qty is None else ""

    def changed(self, changes: Sequence[Change]) -> MarketSpec:
        """The market with these changes, as it could be during a run; it is checked anew.

        Raises:
            DocumentError: a change leads nowhere, is of something that stays for a whole run, or
                makes a market that would not be read; at the line of the change.
        """
        return _Changed(self, changes).spec()

    def parent(self, seed: int, n: int = 0) -> ParentPlan:
        """The `n`-th parent order of a seed.

        Raises:
            ParentsError: the file has no `parents`, or they do not fit into its session.
        """
        if self.parents is None:
            raise ParentsError(f"{self.files[-1]} has no parents")
        lot = self.flow.mo_size.lot
        return self.parents.plan(seed, n, adv=self.stock.adv, lot=lot, hours=self.session)


class _Changed:
    """A market's changeable blocks as plain data, changed, and read again."""

    def __init__(self, old: MarketSpec, changes: Sequence[Change]) -> None:
        self._old = old
        self._touched: set[Where] = set()
        self._wrong: list[str] = []
        self._data: dict[str, Any] = {name: _plain(getattr(old, name)) for name in CHANGEABLE[:-1]}
        self._data["venues"] = [_plain(venue) for venue in old.venues]
        blame = Blame()
        for change in changes:
            top = change.path.partition(".")[0]
            try:
                if top not in CHANGEABLE:
                    raise PathError(
                        f"cannot change during a run; what can: {', '.join(CHANGEABLE)}"
                    )
                where = put(self._data, change.path, change.value)
            except PathError as error:
                text = f"{change.file}:{change.line}: {change.path}: {error}"
                self._wrong.append(text)
                continue
            self._touched.add(where[: 2 if top == "venues" else 1])
            blame.put(where, change)
        self._document = blame.document()

    def spec(self) -> MarketSpec:
        """The market that comes out."""
        old = self._old
        stock = self._again(("stock",), old.stock)
        flow = self._again(("flow",), old.flow)
        impact = self._again(("impact",), old.impact)
        if ("venues",) in self._touched or len(self._data["venues"]) > len(old.venues):
            self._blame(("venues",), "a venue is there for the whole run: change its keys")
        if (stock.spread_ticks < SPARSE_TICKS) != (old.stock.spread_ticks < SPARSE_TICKS):
            text = f"cannot pass {SPARSE_TICKS:g} during a run: books with queues are other books"
            self._blame(("stock", "spread_ticks"), text)
        venues = tuple(
            self._again(("venues", index), venue) for index, venue in enumerate(old.venues)
        )
        new = replace(old, stock=stock, flow=flow, impact=impact, venues=venues)
        if not simulated(old.venues):
            self._check_replayed(new)
        elif not simulated(new.venues):
            self._blame(("venues",), "some lit venue must keep a volume_share")
        if self._wrong:
            raise DocumentError(self._wrong)
        return new

    def _again(self, where: Where, old: BlockT) -> BlockT:
        """The block at a place, read again if it was touched."""
        if where not in self._touched:
            return old
        value: Any = self._data
        for part in where:
            value = value[part]
        try:
            new = type(old).from_document(value)
        except ValidationError as error:
            self._wrong += problems(error, self._document, type(old), where)
            return old
        self._check_fixed(where, old, new, old.fixed)
        return new

    def _check_fixed(
        self, where: Where, old: Plugin, new: Plugin, fixed: Mapping[str, str]
    ) -> None:
        for path, reason in fixed.items():
            if _value(new, path) != _value(old, path):
                self._blame((*where, *path.split(".")), f"cannot change during a run: {reason}")

    def _check_replayed(self, new: MarketSpec) -> None:
        """Where every lit venue plays a recording, there is no flow that could change."""
        old, text = self._old, "has no effect: every lit venue plays a recording"
        if new.flow != old.flow:
            self._blame(("flow",), text)
        if new.stock.touch_depth_over_mo != old.stock.touch_depth_over_mo:
            self._blame(("stock", "touch_depth_over_mo"), text)
        for key in ("level_resilience_halflife_s", "level_no_refill_prob"):
            if getattr(new.impact, key) != getattr(old.impact, key):
                self._blame(("impact", key), text)

    def _blame(self, where: Where, text: str) -> None:
        self._wrong.append(self._document.problem(where, text))


def simulated(venues: Sequence[VenueSpec]) -> list[LitSpec]:
    """The lit venues whose flow is simulated."""
    lit = [each for each in venues if isinstance(each, LitSpec)]
    return [each for each in lit if each.volume_share and not each.recording]


def _value(model: Plugin, path: str) -> object:
    """What a dotted path of a model holds; None where an optional block is not there."""
    here: object = model
    for key in path.split("."):
        here = getattr(here, key, None)
    return here


def _plain(model: Plugin) -> dict[str, Any]:
    return model.model_dump(mode="json", by_alias=True)
