"""A market file: one market in the shared vocabulary, read strictly.

Owns the top level of a market file and the order in which its parts are checked. The keys of each
block stand elsewhere: `market_keys` (stock, session, flow, impact), each kind of venue, `parents`.
A key that is not known, or that this simulator cannot honour, is an error with file and line: a
silently ignored key turns one market into another.
"""

from __future__ import annotations

import hashlib
import importlib
import itertools
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError

import venues
from config.documents import Document, DocumentError, Where, problems, unknown, validate
from router.plugin import Plugin
from venues.adversary import AdversarySpec
from venues.lit import LitSpec
from venues.market_changes import Blame, Change, PathError, chain, digest, layers, put
from venues.market_keys import FlowSpec, ImpactSpec, SessionHours, Stock
from venues.parents import Evaluate, ParentPlan, Parents, ParentsError, shares
from venues.schedule import Entry, Filled, read_schedule
from venues.venue import VenueSpec

CHANGEABLE = ("stock", "flow", "impact", "venues")
"""Blocks of which a schedule may change something."""

BlockT = TypeVar("BlockT", Stock, FlowSpec, ImpactSpec, VenueSpec)


class Sheet(Plugin):
    """The top level of a market file. Venues are read by their own kinds."""

    id: str
    vocabulary: Literal[1]
    source: str = ""
    stock: Stock
    session: SessionHours
    flow: FlowSpec
    impact: ImpactSpec
    venues: tuple[dict[str, Any], ...] = Field(min_length=1)
    inaccessible_volume_share: float = Field(default=0.0, ge=0, le=1)
    parents: Parents | None = None
    evaluate: Evaluate = Evaluate()
    schedule: tuple[dict[str, Any], ...] = ()
    adversary: AdversarySpec | None = None


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


def read_market(path: str | Path) -> MarketSpec:
    """The market that a file describes.

    Raises:
        DocumentError: every problem of the first file that has any, with its line.
    """
    documents = chain(Path(path))
    spec: MarketSpec | None = None
    for document in layers(documents):
        # Each is checked, so that what is wrong further up is the fault of the file further up.
        spec = _market(document, tuple(Path(each.path).name for each in documents))
    assert spec is not None
    return spec


def kinds() -> dict[str, type[VenueSpec]]:
    """The kinds of venues by their `type` in a market file."""
    found: dict[str, type[VenueSpec]] = {}
    for info in sorted(pkgutil.iter_modules(venues.__path__), key=lambda item: item.name):
        # `discover` would import the program's entry point, too.
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{venues.__name__}.{info.name}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, VenueSpec) and value.kind:
                found[value.kind] = value
    return found


def _market(document: Document, files: tuple[str, ...]) -> MarketSpec:
    sheet = validate(document, Sheet)
    specs = [spec for spec in _venues(document) if not spec.disabled]
    spec = MarketSpec(
        id=sheet.id,
        source=sheet.source,
        stock=sheet.stock,
        session=sheet.session,
        flow=sheet.flow,
        impact=sheet.impact,
        venues=tuple(specs),
        inaccessible_volume_share=sheet.inaccessible_volume_share,
        parents=sheet.parents,
        evaluate=sheet.evaluate,
        folder=Path(document.path).parent,
        files=files,
        schedule=read_schedule(document, sheet.session, [spec.id for spec in specs]),
        adversary=sheet.adversary,
        hash=digest({**document.data, "recordings": _recordings(document, specs)}),
    )
    if sheet.adversary is not None and sheet.adversary.enabled and not _simulated(spec.venues):
        text = "every lit venue plays a recording: there is no flow in which it could trade"
        raise DocumentError([document.problem(("adversary",), text)])
    _check_changes(spec)
    return spec


def _recordings(document: Document, specs: Sequence[VenueSpec]) -> dict[str, object]:
    """What each recording of the market holds, as a hash: it is part of the market.

    Raises:
        DocumentError: a file that cannot be read.
    """
    found: dict[str, object] = {}
    order = [entry.get("id") for entry in document.data["venues"]]  # type: ignore[attr-defined]
    for spec in specs:
        if not isinstance(spec, LitSpec) or spec.recording is None:
            continue
        path = Path(document.path).parent / spec.recording.file
        try:
            with path.open("rb") as file:
                found[spec.id] = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            where = ("venues", order.index(spec.id), "recording", "file")
            text = f"{path} cannot be read: {error.strerror}"
            raise DocumentError([document.problem(where, text)]) from None
    return found


def _venues(document: Document) -> list[VenueSpec]:
    known = kinds()
    specs: list[VenueSpec] = []
    wrong: list[str] = []
    entries = document.data["venues"]
    assert isinstance(entries, list)
    for index, entry in enumerate(entries):
        where = ("venues", index)
        kind = known.get(str(entry.get("type")))
        if kind is None:
            text = unknown(str(entry.get("type", "")), known, "venue type")
            wrong.append(document.problem((*where, "type"), text))
            continue
        try:
            specs.append(kind.from_document(entry))
        except ValidationError as error:
            wrong += problems(error, document, kind, where)
    ids = [spec.id for spec in specs]
    wrong += [
        document.problem(("venues",), f"two venues have the id {mic!r}")
        for mic in sorted({mic for mic in ids if ids.count(mic) > 1})
    ]
    if not wrong and not any(spec.kind == "lit" and not spec.disabled for spec in specs):
        wrong.append(document.problem(("venues",), "at least one lit venue is needed"))
    if wrong:
        raise DocumentError(wrong)
    return specs


# --- changes during a run ------------------------------------------------------------------------


def _check_changes(spec: MarketSpec) -> None:
    """See that each entry of the schedule makes a valid market, alone and with another in force.

    Two changes can only spoil one another through a rule over several keys of one block.
    """
    wrong: list[str] = []
    entries = [each for each in spec.schedule if each.changes]
    for entry in entries:
        wrong += _wrong(spec, entry.changes)
    if not wrong:
        for one, other in itertools.permutations(entries, 2):
            if _blocks(one) & _blocks(other):
                found = _wrong(spec, one.changes + other.changes)
                wrong += [f"{problem} (while {one.place} is in force)" for problem in found]
    if wrong:
        raise DocumentError(wrong)


def _wrong(spec: MarketSpec, changes: Sequence[Change]) -> Sequence[str]:
    try:
        spec.changed(changes)
    except DocumentError as error:
        return error.problems
    return ()


def _blocks(entry: Entry) -> set[str]:
    """What an entry changes: blocks of the file, and single venues."""
    ways = [change.path.split(".") for change in entry.changes]
    return {way[1] if way[0] == "venues" and len(way) > 1 else way[0] for way in ways}


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
        venues = tuple(
            self._again(("venues", index), venue) for index, venue in enumerate(old.venues)
        )
        new = replace(old, stock=stock, flow=flow, impact=impact, venues=venues)
        if not _simulated(old.venues):
            self._check_replayed(new)
        elif not _simulated(new.venues):
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
        for path, reason in old.fixed.items():
            key: list[str] = path.split(".")
            if reduce(getattr, key, new) != reduce(getattr, key, old):
                self._blame((*where, *key), f"cannot change during a run: {reason}")
        return new

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


def _simulated(venues: Sequence[VenueSpec]) -> list[LitSpec]:
    """The lit venues whose flow is simulated."""
    lit = [each for each in venues if isinstance(each, LitSpec)]
    return [each for each in lit if each.volume_share and not each.recording]


def _plain(model: Plugin) -> dict[str, Any]:
    return model.model_dump(mode="json", by_alias=True)
