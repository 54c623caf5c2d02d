"""docs/configuration.md says of every key what the code says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from annotated_types import Ge, Gt, Le, Lt, MaxLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from config.calendars import CalendarSettings
from config.fix import SessionKeys
from config.instruments import InstrumentTable
from config.sections import LearnerChoice
from config.settings import Settings
from config.shapes import Shape

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
ROW = re.compile(r"^\| `([a-z_.]+)` \| (.+?) \| (.*)\|$", re.MULTILINE)
WHOLE = ("market_data.connect", "market_data.credentials")
"""Sections that the page describes in one row."""


def fields(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key with its field; list items without a position."""
    for name, info in model.model_fields.items():
        key = f"{prefix}{name}"
        shape = Shape(info.annotation)
        inner = shape.item.model if shape.is_list else shape.model
        is_session = issubclass(model, SessionKeys) and model is not SessionKeys
        inherited = is_session and name in SessionKeys.model_fields
        if inherited:
            continue
        if inner is None or inner is LearnerChoice or key.endswith(WHOLE):
            yield key, info
        else:
            yield from fields(inner, f"{key}.")


def schema() -> dict[str, FieldInfo]:
    """Every key that the page has to describe."""
    return dict(
        [*fields(Settings), *fields(InstrumentTable), *fields(CalendarSettings, "calendar.")]
    )


def default_text(default: object) -> str:
    """A default as the page writes it."""
    match default:
        case _ if default is PydanticUndefined:
            return "required"
        case LearnerChoice():
            return f"`{default.name}`"
        case None | bool():
            return {None: "`null`", True: "`true`", False: "`false`"}[default]
        case ():
            return "`[]`"
        case "":
            return '`""`'
        case _:
            return f"`{default}`"


def bounds(info: FieldInfo) -> Iterator[str]:
    """The bounds of a number or of a text's length as the page writes them, but for 0."""
    for mark in Shape(info.annotation, tuple(info.metadata)).marks:
        match mark:
            case Ge(limit) | Gt(limit) | Le(limit) | MaxLen(limit) if limit:
                yield f"{limit:,}"
            case Lt(limit):
                assert isinstance(limit, int)
                yield f"{limit - 1:,}"
            case _:
                pass


ROWS = {
    key: (default, text) for key, default, text in ROW.findall(PAGE.read_text(encoding="utf-8"))
}


def test_the_page_describes_every_key_with_its_default_and_no_other() -> None:
    expected = {key: default_text(info.default) for key, info in schema().items()}
    assert {key: default for key, (default, _) in ROWS.items()} == expected


@pytest.mark.parametrize("key", sorted(schema()))
def test_the_page_gives_the_bounds_of_every_key(key: str) -> None:
    text = ROWS[key][1]
    missing = [
        each
        for each in bounds(schema()[key])
        if not re.search(rf"(?<![0-9,.]){each}(?![0-9]|,[0-9])", text)
    ]
    assert missing == [], text
