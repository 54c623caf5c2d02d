"""Market files that extend one another, dotted paths, and the hash of what comes out.

Owns `extends` and `set`: which file a value of the resulting document was written in, and how a
dotted path finds its place. Knows no key's meaning: whoever reads the document checks it.
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from config.documents import Document, DocumentError, Where, dotted, load, unknown

EXTENDING = frozenset({"id", "vocabulary", "source", "extends", "set"})
BLOCKS = frozenset({"schedule", "adversary", "parents", "evaluate"})
"""Blocks that an extending file may give whole: they take the place of the extended market's."""

CHAIN_MAX = 16
"""Files that extend one another."""

EXACT_MAX = 2**53
"""Up to here a float and an integer of the same value are the same number in every language."""


class PathError(ValueError):
    """A dotted path that leads nowhere; the text says where it ends and what is there."""


@dataclass(frozen=True, slots=True)
class Change:
    """One dotted path and its new value, with the place where somebody wrote it."""

    path: str
    value: object
    file: str
    line: int


class Blame:
    """Which change is to blame for what is wrong at a place of the changed data."""

    def __init__(self) -> None:
        self._lines: dict[Where, int] = {}
        self._files: dict[Where, str] = {}

    def put(self, where: Where, change: Change) -> None:
        """The change has set the value at `where`, and so changed all that holds it."""
        for length in range(1, len(where) + 1):
            self._lines[where[:length]] = change.line
            self._files[where[:length]] = change.file

    def document(self) -> Document:
        """For `problem`: a document in which only changed places have lines."""
        return Document({}, "", self._lines, self._files)


# --- extends --------------------------------------------------------------------------------------


def chain(path: Path) -> list[Document]:
    """The documents of a file and of all that it extends, the extended ones first.

    Raises:
        DocumentError: a file that cannot be read, or that extends itself, directly or not.
    """
    found = [load(path)]
    while "extends" in found[-1].data:
        document = found[-1]
        base = _base(document)
        if any(base.resolve() == Path(each.path).resolve() for each in found):
            names = " extends ".join(Path(each.path).stem for each in found)
            text = f"{names} extends {base.stem}: a market cannot extend itself"
            raise DocumentError([document.problem(("extends",), text)])
        if len(found) == CHAIN_MAX:
            text = f"too many files extend one another; allowed: {CHAIN_MAX}"
            raise DocumentError([document.problem(("extends",), text)])
        if not base.is_file():
            text = f"there is no {base.name} beside this file"
            raise DocumentError([document.problem(("extends",), text)])
        found.append(load(base))
    return found[::-1]


def layers(documents: list[Document]) -> Iterator[Document]:
    """For a chain: the first document, then each with what it extends put underneath.

    A document may be checked before the next one is asked for. What is wrong in a later one is then
    the fault of that file, so it is told at the line of its `set`.

    Raises:
        DocumentError: an extending file with other keys than it may have, or a path of its `set`
            that leads nowhere.
    """
    below: Document | None = None
    for document in documents:
        below = document if below is None else _over(below, document)
        yield below


def _base(document: Document) -> Path:
    name = document.data["extends"]
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        text = "must be the name of a market file beside this one, without .yaml"
        raise DocumentError([document.problem(("extends",), text)])
    return Path(document.path).parent / f"{name}.yaml"


def _over(below: Document, document: Document) -> Document:
    wrong = [
        document.problem((key,), _not_here(key, below))
        for key in document.data
        if key not in EXTENDING | BLOCKS
    ]
    changes = document.data.get("set", {})
    if not isinstance(changes, dict):
        wrong.append(document.problem(("set",), "must be a mapping of dotted paths to values"))
    if wrong or not isinstance(changes, dict):
        raise DocumentError(wrong)
    data = copy.deepcopy(below.data)
    places = _Places(below, document)
    for key, value in document.data.items():
        if key not in ("extends", "set"):
            data[key] = value
            places.adopt((key,), (key,))
    for path, value in changes.items():
        try:
            places.adopt(put(data, path, value), ("set", path))
        except PathError as error:
            wrong.append(document.problem(("set", path), str(error)))
    if wrong:
        raise DocumentError(wrong)
    return Document(data, document.path, places.lines, places.files)


def _not_here(key: str, below: Document) -> str:
    if key in below.data:
        return "this file extends a market: change it by a dotted path under `set`"
    return unknown(key, EXTENDING | BLOCKS)


class _Places:
    """The file and line of every value, while one document is laid over another."""

    def __init__(self, below: Document, document: Document) -> None:
        self._document = document
        self.lines = dict(below.lines)
        self.files = {where: below.files.get(where, below.path) for where in below.lines}
        self._put((), document.line(("extends",)))

    def adopt(self, where: Where, origin: Where) -> None:
        """The value at `where` is now the one that the document has at `origin`.

        What holds the value takes the place, too: it was right before, so a rule over several of
        its keys that it breaks now is broken by this one.
        """
        depth = len(where)
        for old in [each for each in self.lines if each[:depth] == where]:
            del self.lines[old], self.files[old]
        for length in range(1, depth):
            self._put(where[:length], self._document.line(origin))
        for inner, line in self._document.lines.items():
            if inner[: len(origin)] == origin:
                self._put(where + inner[len(origin) :], line)

    def _put(self, where: Where, line: int) -> None:
        self.lines[where] = line
        self.files[where] = self._document.path


# --- set ------------------------------------------------------------------------------------------


def put(data: dict[str, object], path: str, value: object) -> Where:
    """Set the value at a dotted path, and say where that is. Lists are addressed by `id`.

    What is not there yet is made; whether it may be there is for the reader of the data to say.

    Raises:
        PathError: the path goes through a value, or names no member of a list.
    """
    here: object = data
    where: list[str | int] = []
    *way, last = path.split(".")
    for part in way:
        if isinstance(here, dict):
            if here.get(part) is None:
                here[part] = {}
            here = here[part]
            where.append(part)
        else:
            items = _members(here, where)
            index = _index(items, part, where)
            here = items[index]
            where.append(index)
    if isinstance(here, dict):
        here[last] = copy.deepcopy(value)
        return (*where, last)
    items = _members(here, where)
    if not isinstance(value, dict) or value.get("id") != last:
        raise PathError(
            f"a member of {dotted(where)} is set whole with its id: {{id: {last}, ...}}"
        )
    known = [item["id"] for item in items]
    if last in known:
        items[known.index(last)] = copy.deepcopy(value)
        return (*where, known.index(last))
    items.append(copy.deepcopy(value))
    return (*where, len(items) - 1)


def _members(here: object, where: list[str | int]) -> list[dict[str, object]]:
    if not isinstance(here, list):
        raise PathError(f"{dotted(where)} is a value: there is nothing inside it to set")
    if not here or not all(isinstance(item, dict) and "id" in item for item in here):
        raise PathError(f"{dotted(where)} is a list without ids: set it whole")
    return here


def _index(items: list[dict[str, object]], name: str, where: list[str | int]) -> int:
    known = [str(item["id"]) for item in items]
    if name not in known:
        raise PathError(unknown(name, known, f"id in {dotted(where)}"))
    return known.index(name)


# --- hash -----------------------------------------------------------------------------------------


def digest(data: Mapping[str, object]) -> str:
    """The sha256 of what a document says: any value counts, how it is written does not.

    The order of keys, comments, and whether a number has a decimal point make no difference.
    """
    return hashlib.sha256(msgspec.json.encode(_canonical(data), order="sorted")).hexdigest()


def _canonical(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _canonical(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_canonical(each) for each in value]
    if isinstance(value, float) and value.is_integer() and abs(value) <= EXACT_MAX:
        return int(value)
    return value
