"""The little language of `sluice fix tail --grep`."""

from __future__ import annotations

import pytest

from router.analysis.tag_filter import parse
from router.fix.codec import Message


def message(text: str) -> Message:
    parts = [part for pair in text.split("|") for part in pair.split("=", 1)]
    tags, values = parts[::2], parts[1::2]
    fields = dict(zip(tags[::-1], values[::-1], strict=True))
    return Message(fields["35"], fields, tags, values)


FILL = message("35=8|11=A1-7|150=F|39=1|32=1200|31=10.50|448=X|448=Y|58=price COLLAR|60=20260105")


@pytest.mark.parametrize(
    "text",
    [
        "35=8",
        " 35 = 8 & 150=F&32>1000 ",
        "32>=1200 & 32<=1200.0",
        "31=10.5",
        "448=Y",
        "58~collar",
        "35=D | 150=F & 39=1",
        "(35=D | 35=8) & !43=Y",
        "!(39=2)",
        "39!=2",
        "11",
        "!43",
        '58="price COLLAR"',
        "60>20260104",
        "11>A1-6",
    ],
)
def test_it_takes_a_fill(text: str) -> None:
    assert parse(text)(FILL)


@pytest.mark.parametrize(
    "text",
    [
        "35=D",
        "35=8 & 32>1200",
        "32<1200",
        "9999!=1",
        "9999>1",
        "448!=X",
        "(35=8 | 35=D) & 39=2",
        "35=8 & 39=2 | 35=D",
        "!35=8",
        "58=COLLAR",
        "31=10.51",
    ],
)
def test_it_does_not_take_a_fill(text: str) -> None:
    assert not parse(text)(FILL)


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("", 1, "a tag's number is missing"),
        ("35=8 & ", 7, "a tag's number is missing"),
        ("OrdStatus=1", 1, "a tag's number is missing"),
        ("(35=8", 6, "')' is missing"),
        ("35=8) & 39=1", 5, "'&' or '|' is missing"),
        ("(" * 60 + "35=8" + ")" * 60, 52, "too many brackets"),
    ],
)
def test_what_means_nothing_is_said_with_its_place(text: str, where: int, what: str) -> None:
    with pytest.raises(ValueError, match="at character") as caught:
        parse(text)
    assert str(caught.value).startswith(f"at character {where} of {text!r}: {what}; as in 35=8")
