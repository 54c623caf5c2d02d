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
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

import venues
from config.documents import Document, DocumentError, problems, unknown, validate
from router.plugin import Plugin
from venues.adversary import AdversarySpec
from venues.lit import LitSpec
from venues.market_changes import Change, chain, digest, layers
from venues.market_keys import FlowSpec, ImpactSpec, SessionHours, Stock
from venues.market_spec import MarketSpec, simulated
from venues.parents import Evaluate, Parents
from venues.schedule import Entry, read_schedule
from venues.venue import VenueSpec

__all__ = ["MarketSpec", "Sheet", "kinds", "read_market"]


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
    if sheet.adversary is not None and sheet.adversary.enabled and not simulated(spec.venues):
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
