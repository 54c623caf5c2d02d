"""The language of the acceptance scripts: a `.def` file read into steps. docs/fix.md describes it.

Knows lines and names, no FIX beyond the names of versions and roles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from router.fix.versions import VERSIONS, Version

FOLDER = Path(__file__).parent
BY_NAME: Mapping[str, Version] = {each.name: each for each in VERSIONS}
ROLES = ("acceptor", "initiator")
PLACES = ("memory", "socket")
VERBS = frozenset(("connect", "disconnect", "restart", "wait", "logon", "alive", "other", *"IREGA"))
HEADER = re.compile(r"(versions|roles|places|with|each)(?:\[([^\]]*)\])?:\s*(.*)")
REASON = re.compile(r"(.*?)\s+\((.*)\)")
STEP = re.compile(r"(?:\[([^\]]*)\]\s*)?(\w+)(?:\s+(.*))?")


class ScriptError(Exception):
    """A script that is none: file, line, what is wrong."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a script."""

    verb: str
    text: str
    line: int
    only: frozenset[str] = frozenset()
    """Versions and roles that it is for; none named means all."""

    def applies(self, version: Version, role: str) -> bool:
        """True if the line is for this version and this role."""
        return applies(self.only, version, role)


def applies(only: frozenset[str], version: Version, role: str) -> bool:
    """True if a restriction names this version, or none, and this role, or none."""
    versions, roles = only & BY_NAME.keys(), only & set(ROLES)
    return (not versions or version.name in versions) and (not roles or role in roles)


@dataclass(frozen=True, slots=True)
class Variant:
    """Values for the names in braces; a script is run once with each of its variants."""

    values: Mapping[str, str]
    only: frozenset[str] = frozenset()


@dataclass(slots=True)
class Script:
    """One scenario."""

    name: str
    case: str
    """The public test case, or the rule, that it stands for."""
    title: str
    versions: tuple[str, ...] = tuple(BY_NAME)
    roles: tuple[str, ...] = ROLES
    places: tuple[str, ...] = PLACES
    reasons: dict[str, str] = field(default_factory=dict)
    """Why it is restricted, by `versions`, `roles` and `places`."""
    settings: dict[str, str] = field(default_factory=dict)
    variants: list[Variant] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def runs(self, place: str) -> Iterator[Run]:
        """Every way to run it in memory, or over a socket."""
        if place not in self.places:
            return
        for version in self.versions:
            for role in self.roles:
                for variant in self.variants or [Variant({})]:
                    if applies(variant.only, BY_NAME[version], role):
                        yield Run(self, BY_NAME[version], role, variant.values)


@dataclass(frozen=True, slots=True)
class Run:
    """A script for one version, one role and one variant."""

    script: Script
    version: Version
    role: str
    values: Mapping[str, str]

    @property
    def name(self) -> str:
        """For reports."""
        told = "-".join(self.values.values())
        return f"{self.script.name}-{self.version.name}-{self.role}{'-' if told else ''}{told}"

    @property
    def settings(self) -> dict[str, str]:
        """Session settings that differ from the defaults, as text."""
        return {key: self.fill(value) for key, value in self.script.settings.items()}

    def fill(self, text: str) -> str:
        """Text with the variant's values in place of their names."""
        for name, value in self.values.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def steps(self) -> list[Step]:
        """The lines that are for this version and role."""
        return [
            Step(each.verb, self.fill(each.text), each.line)
            for each in self.script.steps
            if each.applies(self.version, self.role)
        ]


def one_variant_each(script: Script, place: str) -> list[Run]:
    """One run of each version and role; the next has the next variant."""
    found: dict[tuple[str, str], list[Run]] = {}
    for run in script.runs(place):
        found.setdefault((run.version.name, run.role), []).append(run)
    return [runs[number % len(runs)] for number, runs in enumerate(found.values())]


def scripts(folder: Path = FOLDER) -> list[Script]:
    """Every script, by name.

    Raises:
        ScriptError: one of them cannot be read.
    """
    return [read(path) for path in sorted(folder.glob("*.def"))]


def read(path: Path) -> Script:
    """One script.

    Raises:
        ScriptError: says in which line, and what is allowed there.
    """
    return parse(path.stem, path.read_text(encoding="utf-8"))


def parse(name: str, text: str) -> Script:
    """A script from its text: a line `case: title`, restrictions and settings, then its steps."""
    lines = text.split("\n")
    case, colon, title = lines[0].partition(": ")
    if not colon or not title:
        raise ScriptError(f"{name}:1: the first line is `case: title`")
    script = Script(name, case, title)
    for number, line in enumerate(lines[1:], 2):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        try:
            _take(script, bare, number)
        except ScriptError as error:
            raise ScriptError(f"{name}:{number}: {error}") from None
    if not script.steps:
        raise ScriptError(f"{name}: nothing happens")
    return script


def _take(script: Script, line: str, number: int) -> None:
    header = HEADER.fullmatch(line)
    if header and not script.steps:
        _header(script, header[1], _only(header[2]), header[3])
        return
    step = STEP.fullmatch(line)
    if not step or step[2] not in VERBS:
        raise ScriptError(f"{line!r} begins with none of {' '.join(sorted(VERBS))}")
    script.steps.append(Step(step[2], (step[3] or "").strip(), number, _only(step[1])))


def _only(text: str | None) -> frozenset[str]:
    only = frozenset((text or "").split())
    if only - BY_NAME.keys() - set(ROLES):
        raise ScriptError(f"[{text}]: allowed: {' '.join((*BY_NAME, *ROLES))}")
    return only


def _header(script: Script, key: str, only: frozenset[str], text: str) -> None:
    match key:
        case "each":
            pairs = [pair.partition(":=") for pair in text.split(" ; ")]
            if not all(sign for _, sign, _ in pairs):
                raise ScriptError("each: is `name := value ; name := value`")
            values = {name.strip(): value.strip() for name, _, value in pairs}
            script.variants.append(Variant(values, only))
        case "with":
            for pair in text.split():
                name, _, value = pair.partition("=")
                script.settings[name] = value
        case _:
            reasoned = REASON.fullmatch(text)
            if not reasoned:
                raise ScriptError(f"{key}: names, then the reason in parentheses")
            allowed = {"versions": tuple(BY_NAME), "roles": ROLES, "places": PLACES}[key]
            names = tuple(reasoned[1].split())
            if not set(names) <= set(allowed):
                raise ScriptError(f"{key}: allowed: {' '.join(allowed)}")
            setattr(script, key, names)
            script.reasons[key] = reasoned[2]
