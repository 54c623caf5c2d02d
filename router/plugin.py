"""One plug-in, one file: the base that makes a class its own YAML schema, and its discovery.

A plug-in is a frozen pydantic model in a module of its family's package. The module's name is the
plug-in's name. Nothing is registered: a file that exists is found.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from types import ModuleType
from typing import Self, TypeVar

import msgspec
from pydantic import BaseModel, ConfigDict


class Plugin(BaseModel):
    """A plug-in's parameters: its fields are the keys that YAML and FIX may set."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @classmethod
    def from_document(cls, values: Mapping[str, object]) -> Self:
        """The plug-in that a YAML mapping describes: strict types, no coercion but list to tuple.

        Raises:
            pydantic.ValidationError: unknown key, wrong type, NaN, or out of bounds.
        """
        return cls.model_validate_json(msgspec.json.encode(values))

    @classmethod
    def plugin_name(cls) -> str:
        """The name that configuration uses: the last part of the module's name."""
        return cls.__module__.rpartition(".")[2]


PluginT = TypeVar("PluginT", bound=Plugin)


def discover(package: ModuleType, family: type[PluginT]) -> dict[str, type[PluginT]]:
    """Every plug-in of `family` in the modules of `package`, by name, in the order of names.

    Raises:
        TypeError: if a module defines more than one plug-in of the family.
    """
    found: dict[str, type[PluginT]] = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda item: item.name):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for value in vars(module).values():
            if not (isinstance(value, type) and issubclass(value, family)):
                continue
            if value.__module__ != module.__name__:
                continue
            if info.name in found:
                raise TypeError(f"{module.__name__} defines two plug-ins of {family.__name__}")
            found[info.name] = value
    return found
