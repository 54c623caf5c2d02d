"""The YAML reader: what YAML 1.2 says, what is refused, and where the error says it is."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from config.documents import (
    DEPTH_MAX,
    INT_MAX,
    LINE_MAX,
    NODES_MAX,
    SIZE_MAX,
    Document,
    DocumentError,
    load,
    loads,
    unknown,
    validate,
)


def refused(text: str | bytes) -> tuple[str, ...]:
    with pytest.raises(DocumentError) as caught:
        loads(text, "f.yaml")
    return caught.value.problems


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12:30", "12:30"),  # YAML 1.1 reads 750
        ("NO", "NO"),  # YAML 1.1 reads False
        ("on", "on"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("010", 10),  # YAML 1.1 reads 8
        ("0o10", 8),
        ("0x1F", 31),
        ("-7", -7),
        ("1_000", "1_000"),  # YAML 1.1 reads 1000
        ("1e3", 1000.0),
        (".5", 0.5),
        ("2026-11-23", "2026-11-23"),  # YAML 1.1 reads a date
        ("'.nan'", ".nan"),
        ("'1'", "1"),
        ("nan", "nan"),
        ("=", "="),
        ("[1, b, 2.5]", [1, "b", 2.5]),
        ("{b: c, d: [e]}", {"b": "c", "d": ["e"]}),
        ("|\n  one\n  two\n", "one\ntwo\n"),
        (str(INT_MAX), INT_MAX),
    ],
)
def test_scalars_are_those_of_the_core_schema(text: str, value: object) -> None:
    read = loads(f"a: {text}", "f").data["a"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("a: .nan", 1, "a: .nan is not a number"),
        ("a:\n  - 1\n  - -.INF", 3, "a[1]: -.INF is not a number"),
        ("a: 1e999", 1, "a: 1e999 is too large"),
        ("a: 9223372036854775808", 1, "too large; allowed: up to 9223372036854775807"),
        ("a: -9223372036854775809", 1, "too large"),
        ("a: " + "9" * 10_000, 1, "too large"),
        ("a: 1\nb: 2\na: 3", 3, "duplicate key 'a', first on line 1"),
        ("x:\n  a: 1\n  a: 1", 3, "x: duplicate key 'a', first on line 2"),
        ("a: &x 1\nb: *x", 1, "a: anchors are not allowed"),
        ("a: *x", 1, "a: aliases are not allowed"),
        ("a: !!int 3", 1, "a: tags are not allowed"),
        ("a: !!python/object/apply:os.system [echo]", 1, "tags are not allowed"),
        ("%YAML 1.1\n---\na: 1", 2, "directives are not allowed"),
        ("a: 1\n---\na: 2", 2, "a second document"),
        ("1: a", 1, "a key must be text: quote '1'"),
        ("~: a", 1, "a key must be text"),
        ("[a, b]: c", 1, "a key must be text"),
        ("- a", 1, "the document must be a mapping"),
        ("a", 1, "the document must be a mapping"),
        ("", 1, "the document must be a mapping"),
        ("a: [1", 1, "not YAML"),
        ("a: 1\nb: }", 2, "not YAML"),
        ("a: 'x", 1, "not YAML"),
        ('a: "\\UFFFFFFFF"', 1, "not YAML"),
        ('a: "\\ud800"', 1, "a lone surrogate"),
        ("a: \x00", 1, "not YAML"),
    ],
)
def test_what_is_not_strict_is_refused_with_its_line(text: str, line: int, told: str) -> None:
    (problem,) = refused(text)
    assert problem.startswith(f"f.yaml:{line}: ")
    assert told in problem


def test_an_alias_bomb_is_refused_at_its_first_anchor() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
        for before, name in zip("abcdefg", "bcdefgh", strict=True)
    )
    assert refused(bomb) == ("f.yaml:1: a: anchors are not allowed; write the value out",)


def test_depth_is_bounded() -> None:
    deepest = "a: " + "[" * (DEPTH_MAX - 1) + "]" * (DEPTH_MAX - 1)
    loads(deepest, "f")
    deeper = "a: " + "[" * DEPTH_MAX + "]" * DEPTH_MAX
    assert "nested too deeply; allowed: 32 levels" in refused(deeper)[0]
    assert "nested too deeply" in refused("a: " + "[" * 10_000)[0]
    assert "nested too deeply" in refused("a:\n  " + "- " * 2_000 + "x")[0]


def test_size_line_and_number_of_values_are_bounded() -> None:
    filler = "#" * 99 + "\n"
    whole = filler * (SIZE_MAX // 100)
    fits = whole + "a: 1".ljust(SIZE_MAX - len(whole))
    assert len(fits) == SIZE_MAX
    assert loads(fits, "f").data == {"a": 1}
    assert refused(fits + " ") == (f"f.yaml:1: larger than allowed; allowed: {SIZE_MAX} bytes",)
    assert "line too long" in refused("a: 1\n" + "!" * (LINE_MAX + 1))[0]
    assert refused("a: 1\n" + "!" * (LINE_MAX + 1))[0].startswith("f.yaml:2: ")
    many = "a:\n" + "- x\n" * NODES_MAX
    assert "too many keys and values" in refused(many)[0]


def test_only_utf_8_is_text() -> None:
    assert refused(b"a: 1\nb: \xff") == ("f.yaml:2: not UTF-8; allowed: UTF-8 text",)
    assert refused("a: 1".encode("utf-16"))[0].endswith("not UTF-8; allowed: UTF-8 text")


def test_every_key_and_item_knows_its_line() -> None:
    document = loads("a: 1\nb:\n  - c: 2\n    d: 3\n  - 4\n", "f")
    assert dict(document.lines) == {
        (): 1,
        ("a",): 1,
        ("b",): 2,
        ("b", 0): 3,
        ("b", 0, "c"): 3,
        ("b", 0, "d"): 4,
        ("b", 1): 5,
    }
    assert document.line(("b", 0, "d", "none", 7)) == 4
    assert document.line(("none",)) == 1


def test_a_file_is_read_and_a_missing_one_is_named(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("a: [1]\n")
    assert load(file) == Document({"a": [1]}, str(file), {(): 1, ("a",): 1, ("a", 0): 1})
    with pytest.raises(DocumentError) as caught:
        load(tmp_path / "none.yaml")
    assert caught.value.problems == (
        f"{tmp_path / 'none.yaml'}: cannot be read: No such file or directory",
    )
    with pytest.raises(DocumentError, match="cannot be read"):
        load(tmp_path)


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    bound: float = Field(1.0, le=2)
    kind: Literal["lit", "dark"] = "lit"


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    name: str
    start: int = Field(0, alias="from")
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    named: dict[str, Inner] = {}


def test_a_model_takes_what_the_document_says() -> None:
    document = loads("name: n\nfrom: 3\nmany:\n  - {bound: 2, kind: dark}\n", "f")
    assert validate(document, Outer) == Outer.model_validate(
        {"name": "n", "from": 3, "many": (Inner(bound=2, kind="dark"),)}
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nam: 1", "f:1: name: required, but not given; allowed: from, inner, many, name, named"),
        (
            "name: n\nform: 1",
            "f:2: form: unknown key 'form', did you mean 'from'?;"
            " allowed: from, inner, many, name, named",
        ),
        (
            "name: n\nmany:\n  - bound: 1\n  - bond: 1",
            "f:4: many[1].bond: unknown key 'bond', did you mean 'bound'?; allowed: bound, kind",
        ),
        (
            "name: n\nnamed:\n  x:\n    zz: 1",
            "f:4: named.x.zz: unknown key 'zz'; allowed: bound, kind",
        ),
        ("name: n\ninner: {bound: 3}", "f:2: inner.bound: input should be less than or equal to 2"),
        ("name: n\ninner:\n  kind: lid", "f:3: inner.kind: input should be 'lit' or 'dark'"),
        ("name: 1", "f:1: name: input should be a valid string"),
        ("name: n\nfrom: true", "f:2: from: input should be a valid integer"),
        ("name: n\nfrom: '1'", "f:2: from: input should be a valid integer"),
        ("name: n\ninner: {bound: nan}", "f:2: inner.bound: input should be a valid number"),
    ],
)
def test_a_models_errors_name_file_line_key_and_what_is_allowed(text: str, problem: str) -> None:
    with pytest.raises(DocumentError) as caught:
        validate(loads(text, "f"), Outer)
    assert problem in caught.value.problems


def test_every_error_has_its_line_and_a_part_can_be_validated_alone() -> None:
    document = loads("parts:\n  - bound: x\n    kind: 1\n", "f")
    with pytest.raises(DocumentError) as caught:
        validate(document, Inner, ("parts", 0))
    assert caught.value.problems == (
        "f:2: parts[0].bound: input should be a valid number",
        "f:3: parts[0].kind: input should be 'lit' or 'dark'",
    )
    assert str(caught.value).splitlines() == list(caught.value.problems)


def test_the_nearest_name_is_suggested_only_when_it_is_near() -> None:
    told = unknown("hazrd", ["pro_rata", "hazard"], "learner")
    assert told == "unknown learner 'hazrd', did you mean 'hazard'?; allowed: hazard, pro_rata"
    assert unknown("zzz", []) == "unknown key 'zzz'; allowed: none"


MARKUP = [*"a: [1,{}\"'|>-?&*!%#\n~.\\\t@`0xu", "é", "\x85", "\u2028", "\ufeff"]


def outcome(content: str | bytes) -> Document | tuple[str, ...]:
    try:
        return loads(content, "f")
    except DocumentError as error:
        return error.problems


def is_answer(found: Document | tuple[str, ...]) -> bool:
    if isinstance(found, Document):
        return isinstance(found.data, dict)
    return len(found) == 1 and found[0].startswith("f:")


@settings(max_examples=500)
@given(text=st.text(alphabet=st.sampled_from(MARKUP), max_size=60))
def test_any_text_is_a_document_or_a_document_error(text: str) -> None:
    assert is_answer(outcome(text))
    assert is_answer(outcome(text.encode()))


@settings(max_examples=200)
@given(content=st.binary(max_size=80))
def test_any_bytes_are_a_document_or_a_document_error(content: bytes) -> None:
    assert is_answer(outcome(content))
