"""What the schema wants at a place: the field that a key means, and text read as its type.

Owns the way down a pydantic model by keys. Knows nothing of files or layers, and of no particular
settings.
"""

from __future__ import annotations

import types
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Union, cast, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from config.documents import DocumentError, Where, loads, unknown

NAMES = ("mic", "name", "target_comp_id", "symbol")
"""What names an item of a list, the first that its model has."""


class WorkingFolder:
    """Marks a path that starts at the working folder, not at the file that names it."""


class OneOrMany:
    """Marks a list of models that may be written as one of them, and is then addressed like one."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the schema wants at a place."""

    annotation: object
    metadata: tuple[object, ...] = ()

    @property
    def marks(self) -> tuple[object, ...]:
        """What the field is annotated with, inside `None` or out."""
        inner = [each for each in get_args(self.annotation) if get_origin(each) is Annotated]
        return (*self.metadata, *(mark for each in inner for mark in get_args(each)[1:]))

    @property
    def core(self) -> object:
        """The annotation without `None` and `Annotated`."""
        kind = self.annotation
        if get_origin(kind) in (Union, types.UnionType):
            rest = [each for each in get_args(kind) if each is not type(None)]
            kind = rest[0] if len(rest) == 1 else kind
        return get_args(kind)[0] if get_origin(kind) is Annotated else kind

    @property
    def model(self) -> type[BaseModel] | None:
        """The model that is wanted here, or None for anything else."""
        core = self.core
        return core if isinstance(core, type) and issubclass(core, BaseModel) else None

    @property
    def is_list(self) -> bool:
        """A list; what of, `item` says."""
        return get_origin(self.core) is tuple

    @property
    def is_mapping(self) -> bool:
        """Keys that nobody knows beforehand; what each has, `child` says."""
        return get_origin(self.core) is dict

    @property
    def is_path(self) -> bool:
        """A file or folder."""
        return self.core is Path

    @property
    def in_working_folder(self) -> bool:
        """A path that does not start at the file that names it."""
        return any(isinstance(each, WorkingFolder) for each in self.marks)

    @property
    def is_one_or_many(self) -> bool:
        """A list that one item may stand for."""
        return any(isinstance(each, OneOrMany) for each in self.marks)

    @property
    def item(self) -> Shape:
        """The shape of a list's items."""
        return Shape(get_args(self.core)[0]) if self.is_list else Shape(object)

    def child(self, key: str) -> Shape:
        """The shape of a key's value.

        Raises:
            ValueError: the model has no such key, or there are no keys here.
        """
        model = self.model
        if model is not None:
            if key in model.model_fields:
                info: FieldInfo = model.model_fields[key]
                return Shape(info.annotation, tuple(info.metadata))
            if model.model_config.get("extra") == "allow":
                return Shape(object)
            raise ValueError(unknown(key, model.model_fields))
        if self.is_mapping:
            return Shape(get_args(self.core)[1])
        if self.core is object:
            return Shape(object)
        raise ValueError(f"{key!r} cannot stand here: the value has no keys")

    def read(self, text: str) -> object:
        """The value that text means here.

        Raises:
            ValueError: the text is not one; it never repeats the text, which may be a secret.
        """
        if self.annotation is not self.core and text in ("null", "~"):
            return None
        if self.model is not None:
            keys = ", ".join(sorted(self.model.model_fields))
            raise ValueError(f"name the key inside it that is meant; allowed: {keys}")
        if self.is_list:
            return self._read_list(text)
        if self.core is Decimal:
            return text  # the model makes the number, and an error can repeat what was written
        if self.is_path:
            return Path(text) if self.in_working_folder else Path(text).absolute()
        if self.core is object or self.is_mapping:
            return _yaml(text)
        try:
            adapter: TypeAdapter[object] = TypeAdapter(cast(type[object], self.core))
            return adapter.validate_strings(text)
        except ValidationError as error:
            raise ValueError(one_line(error.errors()[0]["msg"])) from None

    def _read_list(self, text: str) -> tuple[object, ...]:
        if self.item.model is not None:
            raise ValueError("name the item that is meant, by position or name")
        value = _yaml(text)
        items = value if isinstance(value, list) else [value]
        return tuple(self.item.read(each) if isinstance(each, str) else each for each in items)


def shape_at(model: type[BaseModel], where: Where) -> Shape:
    """The shape at the place of a model's error; its last part may be a key that does not exist."""
    shape = Shape(model)
    for part in where:
        try:
            shape = shape.item if isinstance(part, int) else shape.child(part)
        except ValueError:
            return Shape(object)
    return shape


def name_key(model: type[BaseModel]) -> str:
    """The key that names an item of this model; empty if none does."""
    return next((name for name in NAMES if name in model.model_fields), "")


def one_line(error: object) -> str:
    """The first line of an error."""
    return str(error).splitlines()[0]


def _yaml(text: str) -> object:
    try:
        return loads(f"value: {text}", "text").data["value"]
    except DocumentError as error:
        raise ValueError(one_line(error)) from None
