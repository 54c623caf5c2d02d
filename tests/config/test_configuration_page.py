"""docs/configuration.md says of every key what the code says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from config.instruments import InstrumentTable
from config.sections import LearnerChoice, SessionKeys
from config.settings import Settings
from config.shapes import Shape

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
ROW = re.compile(r"^\| `([a-z_.]+)` \| (.+?) \|", re.MULTILINE)
WHOLE = ("market_data.connect",)
"""Sections that the page describes in one row."""


def schema(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every key with its default as the page writes it; list items without a position."""
    for name, info in model.model_fields.items():
        key = f"{prefix}{name}"
        shape = Shape(info.annotation)
        inner = shape.item.model if shape.is_list else shape.model
        inherited = model is not SessionKeys and name in SessionKeys.model_fields
        if inherited:
            continue
        if inner is LearnerChoice:
            yield key, f"`{LearnerChoice().name}`"
        elif inner is not None and not key.endswith(WHOLE):
            yield from schema(inner, f"{key}.")
        else:
            yield key, written(info.default)


def written(default: object) -> str:
    if default is PydanticUndefined:
        return "required"
    words = {None: "null", True: "true", False: "false"}
    text = words[default] if default is None or isinstance(default, bool) else str(default)
    return f"`{text}`"


def test_the_page_describes_every_key_with_its_default_and_no_other() -> None:
    described = dict(ROW.findall(PAGE.read_text(encoding="utf-8")))
    assert described == dict([*schema(Settings), *schema(InstrumentTable)])
