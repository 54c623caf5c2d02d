"""The reference of market files names every key, and its examples are markets."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from config.documents import loads
from tests.venues.simulated import MARKETS
from venues.market_file import Sheet, kinds, read_market
from venues.misbehaviour import kinds as misbehaviours
from venues.schedule import HALT, EntryKeys, Halt

REFERENCE = Path(__file__).parents[2] / "docs" / "market-file.md"
TEXT = REFERENCE.read_text()


def models(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in models(part)]


def keys(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """The dotted paths of a schema's values."""
    for name, field in model.model_fields.items():
        path = above + (field.alias or name)
        inner = models(field.annotation)
        if not inner:
            yield path
        for each in inner:
            yield from keys(each, f"{path}.")


def named(part: str) -> set[str]:
    """What stands between backticks."""
    return set(re.findall(r"`([^`\n]+)`", part))


SCHEMAS: dict[str, type[BaseModel]] = {"": Sheet, **kinds(), "schedule": EntryKeys}


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_key_is_in_the_reference(name: str) -> None:
    assert [key for key in keys(SCHEMAS[name]) if key not in named(TEXT)] == []


def test_every_event_is_in_the_reference_with_the_keys_of_its_detail() -> None:
    rows = {line.split("`")[1]: named(line) for line in TEXT.splitlines() if line.startswith("| `")}
    events: dict[str, type[BaseModel]] = {HALT: Halt, **misbehaviours()}
    for event, detail in events.items():
        assert set(keys(detail)) <= rows[event], event


def test_the_reference_names_no_key_that_there_is_not() -> None:
    known = {key for model in SCHEMAS.values() for key in keys(model)}
    blocks = {key[: match.start()] for key in known for match in re.finditer(r"\.", key)}
    tables = [line.split("|")[1] for line in TEXT.splitlines() if line.startswith("| `")]
    dotted = {name for cell in tables for name in named(cell) if "." in name}
    assert dotted - known - blocks == set()


def test_the_examples_of_the_reference_are_markets(tmp_path: Path) -> None:
    shutil.copy(MARKETS / "baseline.yaml", tmp_path)
    examples = re.findall(r"```yaml\n(.*?)```", TEXT, flags=re.DOTALL)
    assert len(examples) == 3
    path = tmp_path / "example.yaml"
    for example in examples:
        whole = "extends" in loads(example, "example").data
        head = "" if whole else "id: example\nvocabulary: 1\nextends: baseline\n"
        path.write_text(head + example)
        spec = read_market(path)
        assert len(spec.schedule) == (4 if "schedule:" in example else 0)
        assert (spec.adversary is not None) == ("adversary:" in example)
