"""How a configured value comes about: document < environment < command line, with its origin.

Owns the layers and the origins: which values stand above which, and who set what. Knows no
particular settings: any pydantic model is a schema (config.shapes), and what the values must be is
the model's to say.

Lists of models are addressed by position or by name (`venues.0`, `venues.LIT_A`), so a list stands
in a layer as a mapping of positions; `items` turns it back when the model is built.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel, SecretStr, ValidationError

from config.documents import Document, DocumentError, ModelT, Where, dotted, load, unknown
from config.shapes import Shape, name_key, one_line, shape_at

DEFAULT = "default"
"""The origin of a value that nobody set."""
MASK = "**********"
"""What stands for a secret wherever a value is shown."""
SHOWN_MAX = 60
"""Characters of a value that an error repeats."""


class SettingsError(ValueError):
    """What is wrong with the configuration: one line for each problem, with its origin."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True)
class Assignment:
    """One value given as text: `origin` is how the user knows it, without the value."""

    keys: tuple[str, ...]
    text: str
    origin: str


@dataclass(slots=True)
class Layers:
    """The layers of one model's values, lowest first, who set what, and what is wrong with them."""

    model: type[BaseModel]
    values: list[dict[str, object]] = field(default_factory=list)
    origins: dict[Where, str] = field(default_factory=dict)
    assigned: set[Where] = field(default_factory=set)
    """Places that text has set, as a whole."""
    problems: list[str] = field(default_factory=list)

    def add_document(self, document: Document) -> None:
        """The layer of a document; its paths start at the document's folder."""
        for where, line in document.lines.items():
            self.origins[where] = f"{document.path}:{line}"
        folder = Path(document.path).resolve().parent
        tree = self._tree(document.data, Shape(self.model), (), folder)
        assert isinstance(tree, dict)
        self.values.append(tree)

    def add_assignments(self, assignments: Iterable[Assignment]) -> None:
        """A layer of single values; their paths start at the working folder."""
        layer: dict[str, object] = {}
        self.values.append(layer)
        seen: dict[Where, str] = {}
        for each in assignments:
            try:
                where, shape = self._find(each.keys)
                if where in seen:
                    raise ValueError(f"set twice, first by {seen[where]}")
                value = shape.read(each.text)
            except ValueError as error:
                self.problems.append(f"{each.origin}: {one_line(error)}")
                continue
            seen[where] = each.origin
            self.assigned.add(where)
            self.origins[where] = each.origin
            _put(layer, where, value)

    def origin(self, where: Where) -> str:
        """Who set a value: `file:line`, an environment variable, `--set key`, or `default`."""
        if where in self.origins:
            return self.origins[where]
        inside = [self.origins[each] for each in self.assigned if each[: len(where)] == where]
        if inside:
            return ", ".join(sorted(inside))
        for length in range(len(where) - 1, 0, -1):
            if where[:length] in self.assigned:
                return self.origins[where[:length]]
        return DEFAULT

    def refuse(self, error: ValidationError) -> None:
        """Keep what a model says of the values, each line with the value's origin."""
        for item in error.errors(include_url=False):
            where: Where = item["loc"]
            if item["type"] == "missing":
                allowed = ", ".join(_keys(self.model, where[:-1]))
                text = f"required, but not given; allowed: {allowed}"
            else:
                text = item["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
                text = text[:1].lower() + text[1:] + self._given(where, item["input"])
            self.problems.append(self.problem(where, text))

    def problem(self, where: Where, text: str) -> str:
        """`origin: key: text`; the origin of what encloses the place, if nobody set the place."""
        return f"{self._nearest(where)}: {_at(where)}{text}"

    def check(self) -> None:
        """Stop here if anything is wrong.

        Raises:
            SettingsError: with every problem found so far.
        """
        if self.problems:
            raise SettingsError(self.problems)

    def _given(self, where: Where, value: object) -> str:
        """`, got 7` for a single value that is no secret."""
        secret = shape_at(self.model, where).core is SecretStr
        if secret or not isinstance(value, str | int | float | Decimal | None):
            return ""
        return f", got {_shown(value)}"

    def _nearest(self, where: Where) -> str:
        """Who set a place, or else what encloses it; and who, by text, set something inside it."""
        own = self.origin(where)
        if where and own != DEFAULT and where not in self.origins:
            return own
        enclosing = (where[:length] for length in range(len(where), -1, -1))
        own = next((self.origins[each] for each in enclosing if each in self.origins), DEFAULT)
        inside = sorted(
            self.origins[each]
            for each in self.assigned
            if len(each) > len(where) and each[: len(where)] == where
        )
        return f"{own} with {', '.join(inside)}" if inside and where else own

    def _tree(self, value: object, shape: Shape, where: Where, folder: Path) -> object:
        """A document's value as a layer holds it, without the keys that its model does not know."""
        if shape.model is not None and isinstance(value, dict):
            tree = {}
            for key, inner in value.items():
                try:
                    found = shape.child(key)
                except ValueError as error:
                    self.problems.append(f"{self._nearest((*where, key))}: {_at(where)}{error}")
                    continue
                tree[key] = self._tree(inner, found, (*where, key), folder)
            return tree
        if isinstance(value, dict) and shape.is_mapping:
            return {
                key: self._tree(inner, shape.child(key), (*where, key), folder)
                for key, inner in value.items()
            }
        if isinstance(value, dict) and shape.is_one_or_many:
            value = [value]
            self._step_in(where)
        if isinstance(value, list):
            inner_shape = shape.item
            trees = [
                self._tree(inner, inner_shape, (*where, index), folder)
                for index, inner in enumerate(value)
            ]
            if inner_shape.model is not None:
                return {str(index): tree for index, tree in enumerate(trees)}
            return tuple(trees) if shape.is_list else trees
        if shape.is_path and isinstance(value, str):
            return Path(value) if shape.in_working_folder else folder / value
        return value

    def _step_in(self, where: Where) -> None:
        """One item stands for its list: its origins are those of the first item."""
        inner = {
            place: origin
            for place, origin in self.origins.items()
            if len(place) > len(where) and place[: len(where)] == where
        }
        for place, origin in inner.items():
            self.origins[(*where, 0, *place[len(where) :])] = origin

    def _find(self, keys: Sequence[str]) -> tuple[Where, Shape]:
        """The place and shape that keys mean.

        Raises:
            ValueError: no such key; the text names what was meant and what is allowed.
        """
        shape = Shape(self.model)
        where: Where = ()
        for key in keys:
            part: str | int = key
            if shape.is_list and shape.item.model is not None:
                if shape.is_one_or_many and key in shape.item.model.model_fields:
                    where, shape = (*where, 0), shape.item.child(key)
                else:
                    part, shape = self._position(where, key, shape.item), shape.item
            else:
                try:
                    shape = shape.child(key)
                except ValueError as error:
                    raise ValueError(f"{_at(where)}{error}") from None
            where = (*where, part)
        return where, shape

    def _position(self, where: Where, key: str, item: Shape) -> int:
        """The position of a list's item, given as a number or as the item's name."""
        assert item.model is not None
        if key.isdecimal():
            return int(key)
        names: list[str] = []
        for tree in (_get(layer, where) for layer in self.values):
            for position, entry in tree.items() if isinstance(tree, dict) else ():
                name = str(entry.get(name_key(item.model))) if isinstance(entry, dict) else ""
                names.append(name)
                if name.lower() == key.lower():
                    return int(position)
        raise ValueError(_at(where) + unknown(key, names, "item"))


def assignments(overrides: Iterable[str]) -> tuple[list[Assignment], list[str]]:
    """`a.b=c` of the command line, and the problems of those that are none."""
    found, problems = [], []
    for each in overrides:
        path, equals, text = each.partition("=")
        keys = tuple(path.strip().replace("[", ".").replace("]", "").split("."))
        if not equals or not all(keys):
            problems.append(f"--set {path}: not an assignment; allowed: key.key=value")
            continue
        found.append(Assignment(keys, text.strip(), f"--set {path.strip()}"))
    return found, problems


def environment(
    environ: Mapping[str, str], prefix: str, reserved: Iterable[str]
) -> list[Assignment]:
    """The variables that start with `prefix`, in the order of names; `__` parts the keys."""
    return [
        Assignment(tuple(name[len(prefix) :].lower().split("__")), environ[name], name)
        for name in sorted(environ)
        if name.startswith(prefix) and name not in set(reserved)
    ]


def items(value: object) -> object:
    """A layer's mapping of positions as the list it stands for; anything else as it is.

    Raises:
        ValueError: a position is left out.
    """
    if not isinstance(value, dict):
        return value
    for index in range(len(value)):
        if str(index) not in value:
            raise ValueError(f"item {index} is missing: positions count from 0 without a gap")
    return tuple(value[str(index)] for index in range(len(value)))


def leaves(value: object, where: Where = ()) -> list[tuple[Where, object]]:
    """Every single value of a model with its place, secrets masked, in the model's order."""
    if isinstance(value, BaseModel):
        fields = {name: getattr(value, name) for name in type(value).model_fields}
        inner: Iterable[tuple[str | int, object]] = (fields | (value.model_extra or {})).items()
    elif isinstance(value, dict) and value:
        inner = value.items()
    elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
        inner = enumerate(value)
    else:
        return [(where, MASK if isinstance(value, SecretStr) else value)]
    return [leaf for key, each in inner for leaf in leaves(each, (*where, key))]


def read_alone(path: Path, model: type[ModelT]) -> ModelT:
    """The model of a document that stands alone: no layer above it.

    Raises:
        SettingsError: every problem that was found, one line each, with file and line.
    """
    layers = Layers(model)
    try:
        layers.add_document(load(near(path)))
        found = model.model_validate(layers.values[0])
    except DocumentError as error:
        raise SettingsError(error.problems) from None
    except ValidationError as error:
        layers.refuse(error)
        raise SettingsError(layers.problems) from None
    layers.check()
    return found


def near(path: Path) -> Path:
    """The path as it is seen from the working folder, if it lies below it: shorter to read."""
    full = path.absolute()
    return full.relative_to(Path.cwd()) if full.is_relative_to(Path.cwd()) else path


def label(root: BaseModel, where: Where) -> str:
    """A value's key as `--set` takes it: items by their names, as in `venues.LIT_A.fees.take`."""
    parts: list[str] = []
    value: object = root
    shape = Shape(type(root))
    for part in where:
        if isinstance(value, tuple) and isinstance(part, int):
            alone = shape.is_one_or_many and len(value) == 1
            value, shape = value[part], shape.item
            name = name_key(type(value)) if isinstance(value, BaseModel) else ""
            parts += [] if alone else [str(getattr(value, name, part))]
            continue
        shape = shape_at(shape.model, (part,)) if shape.model is not None else Shape(object)
        value = value.get(part) if isinstance(value, dict) else getattr(value, str(part), None)
        parts.append(str(part))
    return ".".join(parts)


def _keys(model: type[BaseModel], where: Where) -> list[str]:
    found = shape_at(model, where).model
    return sorted(found.model_fields) if found is not None else []


def _shown(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "..."


def _get(tree: object, where: Where) -> object:
    for part in where:
        tree = tree.get(str(part)) if isinstance(tree, dict) else None
    return tree


def _put(tree: dict[str, object], where: Where, value: object) -> None:
    for part in where[:-1]:
        inner = tree.setdefault(str(part), {})
        if not isinstance(inner, dict):
            inner = tree[str(part)] = {}
        tree = inner
    tree[str(where[-1])] = value


def _at(where: Where) -> str:
    return f"{dotted(where)}: " if where else ""
