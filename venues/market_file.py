"""A market file: one market in the shared vocabulary, read strictly.

Owns the schema of everything but the venues' own keys (those stand in each kind's file), and
`extends` / `set`. A key that is not known, or that this simulator cannot honour, is an error with
file and line: a silently ignored key turns one market into another.
"""

from __future__ import annotations

import copy
import importlib
import pkgutil
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

import venues
from config.documents import Document, DocumentError, load, problems, unknown, validate
from router.model import NS
from router.plugin import Plugin
from venues.venue import VenueSpec, price_units

LATER = {
    "schedule": "changes during the run",
    "adversary": "a participant that hunts patterns",
}
"""Keys of the vocabulary that this simulator cannot honour yet: refused, never ignored."""

SUM_TOLERANCE = 1e-6


class Stock(Plugin):
    """The `stock` keys."""

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

    start: str = Field(pattern=r"^\d\d:\d\d:\d\d$")
    end: str = Field(pattern=r"^\d\d:\d\d:\d\d$")
    u_shape: tuple[float, ...] = Field(min_length=1)
    from_: str | None = Field(default=None, alias="from", pattern=r"^\d\d:\d\d:\d\d$")

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

    kernel: Kernel
    level_resilience_halflife_s: float = Field(gt=0)
    level_no_refill_prob: float = Field(ge=0, le=1)
    applies_to: tuple[Literal["lit_take", "lit_make", "dark_fill", "sdp_fill", "leak"], ...]


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
    parents: dict[str, Any] = Field(default_factory=dict)
    evaluate: dict[str, Any] = Field(default_factory=dict)


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
    folder: Path
    """What paths in the file are relative to."""
    parents: dict[str, Any]
    """Carried for the runner of experiments."""
    evaluate: dict[str, Any]


def time_of_day(text: str) -> int:
    """HH:MM:SS as nanoseconds after midnight."""
    hours, minutes, secs = (int(part) for part in text.split(":"))
    return (hours * 3600 + minutes * 60 + secs) * NS


def read_market(path: str | Path) -> MarketSpec:
    """The market that a file describes.

    Raises:
        DocumentError: every problem with its file and line.
    """
    document = _resolved(load(path), Path(path))
    late = [
        document.problem((key,), f"{key} ({what}) is not honoured by this simulator")
        for key, what in LATER.items()
        if document.data.get(key)
    ]
    if late:
        raise DocumentError(late)
    data = {key: value for key, value in document.data.items() if key not in LATER}
    sheet = validate(Document(data, document.path, document.lines), _Sheet)
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
        folder=Path(path).parent,
        parents=sheet.parents,
        evaluate=sheet.evaluate,
    )


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


# --- extends and set -----------------------------------------------------------------------------


def _resolved(document: Document, path: Path) -> Document:
    """The document with what it extends put underneath."""
    if "extends" not in document.data:
        return document
    allowed = {"id", "vocabulary", "source", "extends", "set", *LATER, "parents", "evaluate"}
    wrong = [
        document.problem((key,), unknown(key, allowed))
        for key in document.data
        if key not in allowed
    ]
    changes = document.data.get("set", {})
    if not isinstance(changes, dict):
        wrong.append(document.problem(("set",), "must be a mapping of dotted paths to values"))
    name = document.data["extends"]
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        wrong.append(document.problem(("extends",), "must be the name of a market file"))
    if wrong:
        raise DocumentError(wrong)
    base = load(path.parent / f"{name}.yaml")
    if "extends" in base.data:
        raise DocumentError([document.problem(("extends",), f"{name} itself extends a market")])
    data = copy.deepcopy(base.data)
    lines: dict[tuple[str | int, ...], int] = {(): document.line(("extends",))}
    for key in document.data:
        if key not in ("extends", "set"):
            data[key] = document.data[key]
            lines[(key,)] = document.line((key,))
    assert isinstance(changes, dict)
    for dotted, value in changes.items():
        where = _place(data, dotted, value)
        if where is None:
            text = "names nothing in the extended market"
            wrong.append(document.problem(("set", dotted), text))
            continue
        lines[where] = document.line(("set", dotted))
    if wrong:
        raise DocumentError(wrong)
    return Document(data, document.path, lines)


def _place(data: dict[str, object], dotted: str, value: object) -> tuple[str | int, ...] | None:
    """Set the value at a dotted path, lists addressed by `id`. None if the way is not there."""
    here: object = data
    where: list[str | int] = []
    *way, last = dotted.split(".")
    for part in way:
        if isinstance(here, dict) and part in here:
            where.append(part)
            here = here[part]
        elif isinstance(here, list):
            found = [i for i, item in enumerate(here) if item.get("id") == part]
            if not found:
                return None
            where.append(found[0])
            here = here[found[0]]
        else:
            return None
    if not isinstance(here, dict):
        return None
    here[last] = value
    return (*where, last)
