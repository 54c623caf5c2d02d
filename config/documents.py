"""The strict YAML reader that every configured file goes through, and errors with file and line.

Owns what may be written in a document at all: YAML 1.2 core scalars, no aliases, anchors, tags,
directives or duplicate keys, bounded size and depth, no NaN or infinity. Knows nothing of what a
document means: models are passed in.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, get_args

import msgspec
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

SIZE_MAX = 1 << 20
"""Bytes in a document."""
LINE_MAX = 16_384
"""Bytes in a line: the scanner takes quadratic time over some endless ones."""
DEPTH_MAX = 32
"""Collections inside one another."""
NODES_MAX = 100_000
"""Keys, values and collections in a document: bounds the time that reading takes."""
INT_MAX = 2**63 - 1
"""Largest magnitude of an integer: what fits a signed 64-bit field."""
SUGGESTION_CUTOFF = 0.6

Where = tuple[str | int, ...]
"""The way from the document's root to a value: keys and list positions."""

ModelT = TypeVar("ModelT", bound=BaseModel)

# YAML 1.2.2, section 10.3.2 "Tag Resolution" of the core schema.
_NULL = re.compile(r"(null|Null|NULL|~|)")
_TRUE = re.compile(r"(true|True|TRUE)")
_FALSE = re.compile(r"(false|False|FALSE)")
_INT = re.compile(r"[-+]?[0-9]+")
_INT_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class DocumentError(ValueError):
    """What is wrong with one or more documents: one line for each problem, fit to be shown."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data (dict, list, str, int, float, bool, None) and the line of every key and item."""

    data: dict[str, object]
    path: str
    lines: Mapping[Where, int]
    """Lines count from 1. The root is `()`."""
    files: Mapping[Where, str] = field(default_factory=dict)
    """Where a value was read from, if not from `path`: a document may be put together from several
    files. Keys are those of `lines`."""

    def line(self, where: Sequence[str | int]) -> int:
        """The line of a value, or of the nearest enclosing value that the document holds."""
        return self.lines.get(self._nearest(where), 1)

    def file(self, where: Sequence[str | int]) -> str:
        """The file in which `line` counts."""
        return self.files.get(self._nearest(where), self.path)

    def problem(self, where: Sequence[str | int], text: str) -> str:
        """`file:line: path: text`, the form of every error about a document."""
        return _problem(self.file(where), self.line(where), where, text)

    def _nearest(self, where: Sequence[str | int]) -> Where:
        found = tuple(where)
        while found and found not in self.lines:
            found = found[:-1]
        return found


def load(path: str | Path) -> Document:
    """Read a YAML file.

    Raises:
        DocumentError: the file cannot be read or is not a strict document.
    """
    return loads(content(path), str(path))


def content(path: str | Path) -> bytes:
    """The bytes of a file, of one that is too large one more than is allowed.

    Raises:
        DocumentError: the file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return file.read(SIZE_MAX + 1)
    except OSError as error:
        raise DocumentError([f"{path}: cannot be read: {error.strerror}"]) from None


def loads(text: str | bytes, name: str) -> Document:
    """Read YAML text; `name` stands for the file in errors.

    Raises:
        DocumentError: as for `load`.
    """
    decoded = _decode(text, name)
    builder = _Builder(name)
    try:
        for event in YAML(typ="safe", pure=True).parse(decoded):
            builder.take(event)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else builder.line
        raise DocumentError([f"{name}:{line}: not YAML: {error.problem}"]) from None
    except YAMLError as error:
        summary = str(error).splitlines()[0]
        raise DocumentError([f"{name}:{builder.line}: not YAML: {summary}"]) from None
    except (ValueError, OverflowError) as error:
        if isinstance(error, DocumentError):
            raise
        # An escape such as "\UFFFFFFFF" names no character: the scanner's chr() says so.
        raise DocumentError([f"{name}:{builder.line}: not YAML: {error}"]) from None
    if not isinstance(builder.root, dict):
        raise DocumentError([f"{name}:1: the document must be a mapping of keys to values"])
    return Document(builder.root, name, builder.lines)


def _decode(text: str | bytes, name: str) -> str:
    content = text.encode("utf-8", errors="surrogatepass") if isinstance(text, str) else text
    if len(content) > SIZE_MAX:
        raise DocumentError([f"{name}:1: larger than allowed; allowed: {SIZE_MAX} bytes"])
    for number, line in enumerate(content.split(b"\n"), start=1):
        if len(line) > LINE_MAX:
            raise DocumentError([f"{name}:{number}: line too long; allowed: {LINE_MAX} bytes"])
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise DocumentError([f"{name}:{number}: not UTF-8; allowed: UTF-8 text"]) from None


def validate(document: Document, model: type[ModelT], where: Where = ()) -> ModelT:
    """The model that the document (or the part of it at `where`) describes, strictly typed.

    Raises:
        DocumentError: one line for each thing that the model refuses.
    """
    value: object = document.data
    for part in where:
        value = value[part]  # type: ignore[index]
    try:
        return model.model_validate_json(msgspec.json.encode(value))
    except ValidationError as error:
        raise DocumentError(problems(error, document, model, where)) from None


def problems(
    error: ValidationError, document: Document, model: type[BaseModel], where: Where = ()
) -> tuple[str, ...]:
    """One line for each error of a model that was built from the document's part at `where`."""
    return tuple(
        document.problem((*where, *item["loc"]), _explain(item["type"], item, model))
        for item in error.errors(include_url=False, include_input=False)
    )


def unknown(name: str, allowed: Iterable[str], what: str = "key") -> str:
    """`unknown key 'x', did you mean 'y'?; allowed: ...`, in the order of names."""
    names = sorted(allowed)
    near = difflib.get_close_matches(name, names, n=1, cutoff=SUGGESTION_CUTOFF)
    hint = f", did you mean {near[0]!r}?" if near else ""
    return f"unknown {what} {name!r}{hint}; allowed: {', '.join(names) or 'none'}"


def dotted(where: Sequence[str | int]) -> str:
    """`rules[0].match.symbol`."""
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _problem(path: str, line: int, where: Sequence[str | int], text: str) -> str:
    place = f"{path}:{line}: "
    return f"{place}{dotted(where)}: {text}" if where else place + text


# --- from events to data -------------------------------------------------------------------------


class _Builder:
    """Builds data from parse events, so that nothing is constructed before it is checked."""

    def __init__(self, path: str) -> None:
        self.root: object = None
        self.lines: dict[Where, int] = {(): 1}
        self.line = 1
        self._path = path
        self._documents = 0
        self._nodes = 0
        self._open: list[dict[str, object] | list[object]] = []
        self._where: list[str | int] = []
        self._key: str | None = None

    def take(self, event: Event) -> None:
        """One event of the parser."""
        if event.start_mark is not None:
            self.line = event.start_mark.line + 1
        match event:
            case DocumentStartEvent():
                self._start_document(event)
            case AliasEvent():
                self._refuse("aliases are not allowed; write the value out")
            case CollectionStartEvent():
                self._check_plain(event)
                self._start_collection({} if isinstance(event, MappingStartEvent) else [])
            case MappingEndEvent() | SequenceEndEvent():
                self._open.pop()
                if self._where:
                    self._where.pop()
            case ScalarEvent():
                self._check_plain(event)
                self._take_scalar(event)
            case _:
                pass

    def _start_document(self, event: DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            self._refuse("a second document; allowed: one document in a file")
        if event.version is not None or event.tags:
            self._refuse("directives are not allowed; the language is YAML 1.2")

    def _check_plain(self, event: CollectionStartEvent | ScalarEvent) -> None:
        self._nodes += 1
        if self._nodes > NODES_MAX:
            self._refuse(f"too many keys and values; allowed: {NODES_MAX}")
        if event.anchor is not None:
            self._refuse("anchors are not allowed; write the value out")
        if event.ctag is not None and str(event.ctag):
            self._refuse("tags are not allowed")

    def _start_collection(self, value: dict[str, object] | list[object]) -> None:
        if len(self._open) >= DEPTH_MAX:
            self._refuse(f"nested too deeply; allowed: {DEPTH_MAX} levels")
        if self._awaits_key():
            self._refuse("a key must be text")
        self._place(value)
        self._open.append(value)

    def _take_scalar(self, event: ScalarEvent) -> None:
        text = str(event.value)
        if any("\ud800" <= char <= "\udfff" for char in text):
            self._refuse("not Unicode text: a lone surrogate")
        value = self._resolve(text) if event.implicit[0] else text
        if not self._awaits_key():
            self._place(value)
            if self._where:
                self._where.pop()
            return
        if not isinstance(value, str):
            self._refuse(f"a key must be text: quote {text!r}")
        mapping = self._open[-1]
        assert isinstance(mapping, dict)
        if text in mapping:
            first = self.lines[(*self._where, text)]
            self._refuse(f"duplicate key {text!r}, first on line {first}")
        self._key = text
        self.lines[(*self._where, text)] = self.line

    def _awaits_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1], dict) and self._key is None

    def _place(self, value: object) -> None:
        """Put a value where it belongs and step into its place."""
        if not self._open:
            self.root = value
            return
        parent = self._open[-1]
        if isinstance(parent, dict):
            assert self._key is not None
            parent[self._key] = value
            self._where.append(self._key)
            self._key = None
        else:
            self._where.append(len(parent))
            parent.append(value)
            self.lines[tuple(self._where)] = self.line

    def _resolve(self, text: str) -> object:
        if _NULL.fullmatch(text):
            return None
        if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
            return text[0] in "tT"
        if _NOT_FINITE.fullmatch(text):
            self._refuse(f"{text} is not a number; allowed: finite numbers")
        if _INT.fullmatch(text) or _INT_BASED.fullmatch(text):
            return self._integer(text)
        if _FLOAT.fullmatch(text):
            number = float(text)
            if not math.isfinite(number):
                self._refuse(f"{text[:32]} is too large; allowed: finite numbers")
            return number
        return text

    def _integer(self, text: str) -> int:
        # int() of many digits costs quadratic time: 64 is far beyond what can be in range.
        number = INT_MAX + 1
        if len(text) <= 64:
            number = int(text, 0) if _INT_BASED.fullmatch(text) else int(text)
        if abs(number) > INT_MAX:
            self._refuse(f"{text[:32]} is too large; allowed: up to {INT_MAX}")
        return number

    def _refuse(self, text: str) -> None:
        where = list(self._where)
        if self._key is not None:
            where.append(self._key)
        elif self._open and isinstance(self._open[-1], list):
            where.append(len(self._open[-1]))
        raise DocumentError([_problem(self._path, self.line, where, text)])


# --- from a model's errors to lines --------------------------------------------------------------


def _explain(kind: str, item: Mapping[str, object], model: type[BaseModel]) -> str:
    where = item["loc"]
    assert isinstance(where, tuple)
    if kind == "extra_forbidden":
        return unknown(str(where[-1]), _keys_at(model, where[:-1]))
    if kind == "missing":
        return f"required, but not given; allowed: {', '.join(_keys_at(model, where[:-1]))}"
    message = str(item["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _keys_at(model: type[BaseModel], where: Sequence[str | int]) -> list[str]:
    """The keys that the model (or models, for a union) at a place takes."""
    models = [model]
    for part in where:
        # A part that is no field is a list position, a mapping's key or a union's tag.
        inner = [
            found
            for each in models
            for key, field in _fields(each)
            if key == part
            for found in _models(field.annotation)
        ]
        models = inner or models
    return sorted({key for each in models for key, _ in _fields(each)})


def _fields(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    """A model's fields under the names that a document gives them."""
    return [(field.alias or name, field) for name, field in model.model_fields.items()]


def _models(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models(part)]
