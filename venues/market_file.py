"""A market file: one market in the shared vocabulary, read strictly.

Owns the top level of a market file and the order in which its parts are checked. The keys of each
block stand elsewhere: `market_keys` (stock, session, flow, impact), each kind of venue, `parents`.
A key that is not known, or that this simulator cannot honour, is an error with file and line: a
silently ignored key turns one market into another.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

import venues
from config.documents import Document, DocumentError, problems, unknown, validate
from router.plugin import Plugin
from venues.market_changes import chain, digest, layers
from venues.market_keys import FlowSpec, ImpactSpec, SessionHours, Stock
from venues.parents import Evaluate, ParentPlan, Parents, ParentsError
from venues.venue import VenueSpec

LATER = {
    "schedule": "changes during the run",
    "adversary": "a participant that hunts patterns",
}
"""Keys of the vocabulary that this simulator cannot honour yet: refused, never ignored."""


class _Sheet(Plugin):
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
    hash: str
    """Of everything that the files say, in hexadecimal; how it is written makes no difference."""

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
    late = [
        document.problem((key,), f"{key} ({what}) is not honoured by this simulator")
        for key, what in LATER.items()
        if document.data.get(key)
    ]
    if late:
        raise DocumentError(late)
    data = {key: value for key, value in document.data.items() if key not in LATER}
    sheet = validate(Document(data, document.path, document.lines, document.files), _Sheet)
    specs = _venues(document)
    return MarketSpec(
        id=sheet.id,
        source=sheet.source,
        stock=sheet.stock,
        session=sheet.session,
        flow=sheet.flow,
        impact=sheet.impact,
        venues=tuple(spec for spec in specs if not spec.disabled),
        inaccessible_volume_share=sheet.inaccessible_volume_share,
        parents=sheet.parents,
        evaluate=sheet.evaluate,
        folder=Path(document.path).parent,
        files=files,
        hash=digest(document.data),
    )


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
