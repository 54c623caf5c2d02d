"""QuickFIX session files read, and written as ours: `fix` and `venues` of a sluice.yaml.

Owns the form of such a file and where each key goes: what [DEFAULT] says becomes `fix.defaults`, a
[SESSION] of an acceptor an OMS session, one of an initiator a venue. What comes out is judged as
any configuration is, and blamed on the line that it came from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BeforeValidator, ValidationError

from config.combinations import wrong_together
from config.documents import Document, Where
from config.fix import Acceptor, SessionKeys, merged
from config.layers import Layers, items
from config.quickfix_keys import CONNECT, DROPPED, ITEM, SESSION, Convert, UnfitError, judge
from config.sections import Section
from config.venues import VenueSettings

LINES_MAX = 100_000
SHARED = ("host", "port", "sender_comp_id", "tls")
"""What an acceptor has once for all its sessions."""
RECONNECT_MAX = 30
Tree = dict[str, object]


@dataclass(frozen=True, slots=True)
class Line:
    """One `Key=Value`."""

    number: int
    key: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SessionFile:
    """A QuickFIX file: its defaults, its sessions, each with the lines of its keys."""

    defaults: Mapping[str, Line]
    sessions: tuple[Mapping[str, Line], ...]


def parse(text: str, name: str) -> tuple[SessionFile, list[str]]:
    """A QuickFIX file's sections, and what is wrong with its lines; `name` stands for the file."""
    defaults: dict[str, Line] = {}
    sessions: list[dict[str, Line]] = []
    problems: list[str] = []
    section: dict[str, Line] | None = None
    for number, raw in enumerate(text.splitlines()[:LINES_MAX], 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.upper() in ("[DEFAULT]", "[SESSION]"):
            section = defaults if line.upper() == "[DEFAULT]" else {}
            if section is not defaults:
                sessions.append(section)
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not key or section is None:
            allowed = "[DEFAULT], [SESSION], or Key=Value below one of them"
            problems.append(f"{name}:{number}: neither a section nor a key; allowed: {allowed}")
        elif key in section:
            first = section[key].number
            problems.append(f"{name}:{number}: duplicate key {key!r}, first on line {first}")
        else:
            section[key] = Line(number, key, value)
    if not sessions:
        problems.append(f"{name}:1: no [SESSION]")
    return SessionFile(defaults, tuple(sessions)), problems


class ImportedFix(Section):
    """The `fix` that comes out."""

    defaults: SessionKeys = SessionKeys()
    acceptor: Acceptor | None = None


class Imported(Section):
    """The part of a sluice.yaml that comes out."""

    fix: ImportedFix = ImportedFix()
    venues: Annotated[tuple[VenueSettings, ...], BeforeValidator(items)] = ()


@dataclass(frozen=True, slots=True)
class Converted:
    """What a file becomes. With problems, `data` is not to be used."""

    data: Tree
    problems: list[str]
    notes: list[str]
    """What was left out, and what is still to be set."""


def convert(text: str, name: str, *, skip_unknown: bool = False) -> Converted:
    """Everything of a QuickFIX file under our names; `name` stands for the file in messages.

    With `skip_unknown` a key that nobody knows is a note; otherwise it is a problem, as is every
    value that we cannot take.
    """
    file, problems = parse(text, name)
    work = _Conversion(name, problems, skip_unknown)
    for section in (file.defaults, *file.sessions):
        work.look(section)
    work.convert(file)
    if not problems:
        problems.extend(work.judged())
    return Converted(work.data, problems, work.notes)


class _Conversion:
    """One file on its way. `lines` knows where each place came from."""

    def __init__(self, name: str, problems: list[str], skip_unknown: bool) -> None:
        self.notes: list[str] = []
        self.lines: dict[Where, Line] = {}
        self._name = name
        self._problems = problems
        self._skip_unknown = skip_unknown
        self._defaults: Tree = {}
        self._acceptor: Tree = {}
        self._sessions: list[Tree] = []
        self._venues: list[Tree] = []

    @property
    def data(self) -> Tree:
        """The document."""
        fix: Tree = {"defaults": self._defaults} if self._defaults else {}
        if self._sessions:
            fix["acceptor"] = {**self._acceptor, "sessions": self._sessions}
        found: Tree = {"fix": fix} if fix else {}
        return {**found, "venues": self._venues} if self._venues else found

    def look(self, section: Mapping[str, Line]) -> None:
        """Judge every key of a section by itself."""
        for line in section.values():
            wrong = judge(line.key, line.value)
            if wrong.startswith("unknown") and self._skip_unknown:
                self._note(line, f"{wrong}; left out")
            elif wrong:
                self._problems.append(self._at(line, wrong))
            elif DROPPED.fullmatch(line.key):
                why = "the journal keeps what passes, and sockets are set as they must be"
                self._note(line, f"{line.key}: left out; {why}")

    def convert(self, file: SessionFile) -> None:
        """Every section."""
        self._defaults = self._read(file.defaults, SESSION, ("fix", "defaults"))
        for section in file.sessions:
            everything = {**file.defaults, **section}
            kind = everything.get("ConnectionType")
            match kind.value.lower() if kind is not None else "":
                case "acceptor":
                    self._oms(section, everything)
                case "initiator":
                    self._venue(section, everything)
                case _:
                    line = kind or next(iter(section.values()), Line(1, "", ""))
                    text = "ConnectionType: required; allowed: acceptor, initiator"
                    self._problems.append(self._at(line, text))

    def judged(self) -> Iterator[str]:
        """What our own schema says, and which keys are wrong together."""
        lines = {where: line.number for where, line in self.lines.items()} | {(): 1}
        layers = Layers(Imported)
        layers.add_document(Document(self.data, self._name, lines))
        try:
            made = Imported.model_validate(layers.values[0])
        except ValidationError as error:
            layers.refuse(error)
        if layers.problems:
            yield from layers.problems
            return
        acceptor = made.fix.acceptor
        for index, oms in enumerate(acceptor.sessions if acceptor is not None else ()):
            where: Where = ("fix", "acceptor", "sessions", index)
            yield from self._together(merged(made.fix.defaults, oms), where, acceptor=True)
        for index, venue in enumerate(made.venues):
            keys = merged(made.fix.defaults, venue)
            yield from self._together(keys, ("venues", index), acceptor=False)

    def _together(self, keys: SessionKeys, where: Where, *, acceptor: bool) -> Iterator[str]:
        for involved, text in wrong_together(keys, acceptor=acceptor):
            places = [(*start, key) for key in involved for start in (where, ("fix", "defaults"))]
            found = next((self.lines[each] for each in places if each in self.lines), None)
            yield self._at(found or self._line(where), f"{involved[0]}: {text}")

    # --- sessions ------------------------------------------------------------------------------

    def _oms(self, section: Mapping[str, Line], everything: Mapping[str, Line]) -> None:
        where: Where = ("fix", "acceptor", "sessions", len(self._sessions))
        line = self._begins(section, where)
        rest = self._read(everything, ITEM, where)
        for key in SHARED:
            if key in rest and self._acceptor.setdefault(key, rest[key]) != rest[key]:
                text = f"{key}: not the one of the sessions above; an acceptor has one for all"
                self._problems.append(self._at(self.lines.get((*where, key), line), text))
            if key in rest:
                self.lines[("fix", "acceptor", key)] = self.lines.get((*where, key), line)
        own = {key: each for key, each in rest.items() if key not in (*SHARED, "host_selection")}
        if not own.setdefault("allowed_remote_addresses", []):
            self._note(
                line, "allowed_remote_addresses is empty: nobody can log on before it is set"
            )
        self._sessions.append({**own, **self._read(section, SESSION, where)})

    def _venue(self, section: Mapping[str, Line], everything: Mapping[str, Line]) -> None:
        where: Where = ("venues", len(self._venues))
        line = self._begins(section, where)
        rest = self._read(everything, ITEM, where)
        kept = {
            key: each
            for key, each in rest.items()
            if key not in ("host", "port", "allowed_remote_addresses")
        }
        name = str(rest.get("target_comp_id", "VENUE"))
        self._note(line, f"{name}: mic, type, tactics and fees are not known here: set them")
        self._venues.append(
            {
                "mic": name,
                "type": "lit",
                "tactics": ["lit_take", "lit_make"],
                "connect": self._hosts(everything, where),
                **kept,
                **self._read(section, SESSION, where),
            }
        )

    def _hosts(self, section: Mapping[str, Line], where: Where) -> list[Tree]:
        """SocketConnectHost, SocketConnectHost1 and so on with their ports, by their numbers."""
        found: dict[int, Tree] = {}
        for line in section.values():
            match = CONNECT.fullmatch(line.key)
            if match is None:
                continue
            address = found.setdefault(int(match[2] or 0), {})
            is_port = match[1] == "SocketConnectPort"
            decimal = line.value.isascii() and line.value.isdigit() and len(line.value) < 6
            address["port" if is_port else "host"] = int(line.value) if decimal else line.value
            self.lines[(*where, "connect", sorted(found).index(int(match[2] or 0)))] = line
        return [found[number] for number in sorted(found)]

    def _read(
        self, section: Mapping[str, Line], table: Mapping[str, tuple[str, Convert]], where: Where
    ) -> Tree:
        """A section's keys that a table has, under our names."""
        found: Tree = {}
        for line in section.values():
            if line.key not in table or judge(line.key, line.value):
                continue
            name, read = table[line.key]
            try:
                value = read(line.value)
            except UnfitError as error:
                problem = self._at(line, f"{line.key}: {error}")
                if problem not in self._problems:
                    self._problems.append(problem)
                continue
            outer, _, inner = name.rpartition(".")
            tree = found if not outer else found.setdefault(outer, {})
            assert isinstance(tree, dict)
            tree[inner] = value
            self.lines[(*where, *name.split("."))] = line
            if name == "reconnect_interval" and isinstance(value, int) and value > RECONNECT_MAX:
                found["reconnect_interval_max"] = value
        return found

    # --- words ---------------------------------------------------------------------------------

    def _begins(self, section: Mapping[str, Line], where: Where) -> Line:
        """The first line of a section, which answers for what is missing."""
        line = next(iter(section.values()), Line(1, "", ""))
        self.lines[where] = line
        return line

    def _line(self, where: Where) -> Line:
        """Where a place came from, or what encloses it."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, Line(1, "", ""))

    def _at(self, line: Line, text: str) -> str:
        return f"{self._name}:{line.number}: {text}"

    def _note(self, line: Line, text: str) -> None:
        self.notes.append(self._at(line, text))
