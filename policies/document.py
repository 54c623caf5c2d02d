"""One policy document: its shape, its clauses with file and line, and its identity.

Owns the reading of a single file and every check that needs no other. Knows neither other
documents nor orders.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal, Protocol, runtime_checkable

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.documents import Document, DocumentError, Where, loads, problems, unknown, validate
from policies import exploration
from policies.kinds import OneOrMore
from policies.match import Match
from router.plugin import Plugin
from router.ports import Algo, Learner, Rule, Urgency

LAYERS = ("firm", "desk", "client")
"""Upper to lower: a lower layer narrows what an upper one leaves, and its settings win."""

EXCLUSIVE = ("algo", "learner", "urgency")
"""Settings of which one clause's value holds alone; of others those of several layers add up."""
SETTINGS = (*EXCLUSIVE, "exploration")
"""What has exactly one value for an order."""

OPTIONAL = ("urgency", "exploration")
"""Those without which an order is worked all the same."""

CLAUSE_KEYS = ("id", "why", "match", "settings", "algos")
"""A clause's own keys; every other key is the name of a rule."""

CLAUSES_MAX = 1_000

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


@runtime_checkable
class NamesVenues(Protocol):
    """A rule that names MICs says which, so that they can be checked."""

    def mics(self) -> tuple[str, ...]:
        """The MICs."""


FindTable = Callable[[str, str], str]
"""The SHA-256 of the urgency table that a document names: name or path, and the document's path.
Raises a ValueError that says what is wrong with it, or what is allowed."""


@dataclass(frozen=True, slots=True)
class Known:
    """What documents may name, as the caller found it."""

    rule_types: Mapping[str, type[Rule]]
    algos: Mapping[str, type[Algo]]
    learners: Mapping[str, type[Learner]]
    mics: tuple[str, ...]
    symbols: tuple[str, ...]
    find_table: FindTable | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """A plug-in by name, with the parameters that the document gives it."""

    name: str
    params: Mapping[str, object]
    sha256: str = ""
    """Of a file that it names: what is meant by the name."""

    def text(self) -> str:
        """The setting in one line."""
        params = ", ".join(f"{key}={value}" for key, value in self.params.items())
        return f"{self.name} ({params})" if params else self.name


@dataclass(frozen=True, slots=True)
class Clause:
    """What is said of the orders that match."""

    clause_id: str
    """`document/id`."""
    why: str
    match: Match
    layer: int
    """Index in LAYERS."""
    place: str
    """`file:line`."""
    rules: tuple[Rule, ...] = ()
    algos: tuple[str, ...] | None = None
    """The algos that may be run; None if the clause does not say."""
    settings: Mapping[str, Setting] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """One document, read and checked."""

    name: str
    version: int
    layer: int
    path: str
    text: str
    """As it was read."""
    canonical: bytes
    """Sorted keys, clauses sorted by id: what means the same is the same."""
    clauses: tuple[Clause, ...]

    @property
    def hash(self) -> str:
        """The document's identity: sha256 of its canonical form, in hex."""
        return hashlib.sha256(self.canonical).hexdigest()


class _Head(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    policy: Name
    version: Annotated[int, Field(ge=1)]
    layer: Literal["firm", "desk", "client"] = "firm"
    settings: dict[str, object] = {}
    rules: Annotated[tuple[dict[str, object], ...], Field(max_length=CLAUSES_MAX)] = ()


class _ClauseHead(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    id: Name
    why: Annotated[str, Field(min_length=1, max_length=500)]
    match: Match = Match()
    settings: dict[str, object] = {}
    algos: OneOrMore[str] | None = None


def read(content: bytes, path: str, known: Known) -> Policy:
    """The policy that a document describes; `path` is where it stands.

    Raises:
        DocumentError: one line for everything that is wrong with it.
    """
    document = loads(content, path)
    head = validate(document, _Head)
    reader = _Reader(document, known, head.policy, LAYERS.index(head.layer))
    clauses = tuple(reader.clauses(head))
    if reader.errors:
        raise DocumentError(reader.errors)
    return Policy(
        name=head.policy,
        version=head.version,
        layer=reader.layer,
        path=document.path,
        text=content.decode("utf-8"),
        canonical=_canonical(document.data) + _files(clauses),
        clauses=clauses,
    )


def _canonical(data: Mapping[str, object]) -> bytes:
    rules = data.get("rules")
    ordered = dict(data)
    if isinstance(rules, list):
        # File order means nothing, so it may not change the identity either.
        ordered["rules"] = sorted(rules, key=lambda rule: str(rule["id"]))
    return msgspec.json.encode(ordered, order="deterministic")


def _files(clauses: Iterable[Clause]) -> bytes:
    """What the named files say is part of what the document says."""
    named = (setting for clause in clauses for setting in clause.settings.values())
    return "".join(sorted({f"\n{each.sha256}" for each in named if each.sha256})).encode()


class _Reader:
    """Walks a document and collects every error on the way."""

    def __init__(self, document: Document, known: Known, name: str, layer: int) -> None:
        self.errors: list[str] = []
        self.layer = layer
        self._document = document
        self._known = known
        self._name = name

    def clauses(self, head: _Head) -> Iterator[Clause]:
        """The document's own settings as a clause that matches any order, then its rules."""
        if head.settings:
            yield Clause(
                clause_id=f"{self._name}/settings",
                why="the document's settings",
                match=Match(),
                layer=self.layer,
                place=self._place(("settings",)),
                settings=self._settings(head.settings, ("settings",), Match()),
            )
        seen = {"settings": 1}
        for i, raw in enumerate(head.rules):
            clause = self._clause(raw, ("rules", i))
            if clause is None:
                continue
            short = clause.clause_id.partition("/")[2]
            line = self._document.line(("rules", i, "id"))
            if short in seen:
                text = f"id {short!r} is taken on line {seen[short]}"
                self._wrong(("rules", i, "id"), text)
            seen[short] = line
            yield clause

    def _clause(self, raw: Mapping[str, object], where: Where) -> Clause | None:
        own = {key: value for key, value in raw.items() if key in CLAUSE_KEYS}
        try:
            head = _ClauseHead.model_validate_json(msgspec.json.encode(own))
        except ValidationError as error:
            self.errors += problems(error, self._document, _ClauseHead, where)
            return None
        statements = [key for key in raw if key not in ("id", "why", "match")]
        if not statements:
            allowed = ", ".join(sorted({*self._known.rule_types, "settings", "algos"}))
            self._wrong(where, f"the clause says nothing; allowed: {allowed}")
        self._check_names(head, where)
        return Clause(
            clause_id=f"{self._name}/{head.id}",
            why=head.why,
            match=head.match,
            layer=self.layer,
            place=self._place((*where, "id")),
            rules=tuple(self._rules(raw, where)),
            algos=head.algos,
            settings=self._settings(head.settings, (*where, "settings"), head.match),
        )

    def _check_names(self, head: _ClauseHead, where: Where) -> None:
        match = (*where, "match")
        self._check_all(head.match.symbol or (), self._known.symbols, "symbol", (*match, "symbol"))
        self._check_all(head.match.algo or (), self._known.algos, "algo", (*match, "algo"))
        self._check_all(head.algos or (), self._known.algos, "algo", (*where, "algos"))

    def _check_all(
        self, names: Iterable[str], allowed: Iterable[str], what: str, where: Where
    ) -> None:
        allowed = list(allowed)
        for name in names:
            if name not in allowed:
                self._wrong(where, unknown(name, allowed, what))

    def _rules(self, raw: Mapping[str, object], where: Where) -> Iterator[Rule]:
        for key, value in raw.items():
            if key in CLAUSE_KEYS:
                continue
            kind = self._known.rule_types.get(key)
            if kind is None:
                allowed = [*self._known.rule_types, *CLAUSE_KEYS]
                self._wrong((*where, key), unknown(key, allowed))
                continue
            if value == {}:
                # A rule's defaults narrow nothing: whoever wrote this meant something else.
                allowed = sorted(kind.model_fields)
                self._wrong((*where, key), f"says nothing; allowed: {', '.join(allowed)}")
                continue
            try:
                rule = validate(self._document, kind, (*where, key))
            except DocumentError as error:
                self.errors += error.problems
                continue
            if isinstance(rule, NamesVenues):
                self._check_all(rule.mics(), self._known.mics, "MIC", (*where, key))
            yield rule

    def _settings(
        self, raw: Mapping[str, object], where: Where, match: Match
    ) -> dict[str, Setting]:
        found: dict[str, Setting] = {}
        for key, value in raw.items():
            if key not in SETTINGS:
                self._wrong((*where, key), unknown(key, SETTINGS))
                continue
            if key == "algo" and match.algo is not None:
                self._wrong((*where, key), "what depends on the algo cannot choose the algo")
            if key == "urgency":
                setting = self._urgency((*where, key))
            elif key == "exploration":
                setting = self._exploration(value, (*where, key))
            else:
                kinds = self._known.algos if key == "algo" else self._known.learners
                setting = self._setting(key, value, (*where, key), kinds)
            if setting is not None:
                found[key] = setting
        return found

    def _exploration(self, value: object, where: Where) -> Setting | None:
        """Its parameters are what the document gives; none of who is opted out."""
        if value == exploration.NONE:
            return Setting(exploration.NONE, {})
        if not isinstance(value, dict) or not value:
            allowed = ", ".join(exploration.Bounds.model_fields)
            self._wrong(where, f"says nothing; allowed: {exploration.NONE}, or {allowed}")
            return None
        try:
            validate(self._document, exploration.Bounds, where)
        except DocumentError as error:
            self.errors += error.problems
            return None
        if "champion" in value:
            at = (*where, "champion")
            if self._setting("learner", value["champion"], at, self._known.learners) is None:
                return None
        return Setting("bounded", value)

    def _setting(
        self, key: str, value: object, where: Where, kinds: Mapping[str, type[Plugin]]
    ) -> Setting | None:
        params = dict(value) if isinstance(value, dict) else {"name": value}
        name = params.pop("name", None)
        if not isinstance(name, str):
            self._wrong(where, f"needs a name; allowed: {', '.join(sorted(kinds))}")
            return None
        if name not in kinds:
            self._wrong(where, unknown(name, kinds, key))
            return None
        try:
            kinds[name].from_document(params)
        except ValidationError as error:
            self.errors += problems(error, self._document, kinds[name], where)
            return None
        return Setting(name, params)

    def _urgency(self, where: Where) -> Setting | None:
        """A table of u(x) with its band; the table must be there and must be sound."""
        try:
            band = validate(self._document, Urgency, where)
        except DocumentError as error:
            self.errors += error.problems
            return None
        if self._known.find_table is None:
            self._wrong((*where, "table"), "no urgency tables are known here")
            return None
        try:
            sha256 = self._known.find_table(band.table, self._document.path)
        except ValueError as error:
            self._wrong((*where, "table"), str(error))
            return None
        return Setting(band.table, band.model_dump(exclude={"table"}), sha256)

    def _place(self, where: Where) -> str:
        return f"{self._document.path}:{self._document.line(where)}"

    def _wrong(self, where: Where, text: str) -> None:
        self.errors.append(self._document.problem(where, text))
