"""What a session has beyond its version: what is added counts, what cannot be is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from router.fix import from_oms
from router.fix.dialects import dialect
from router.fix.dictionary import Dictionary, dictionary
from router.fix.dictionary.extension import read_extension
from router.fix.specification import Field, Member, specification
from router.fix.versions import FIX44, VERSIONS, Version
from router.messages import OrderReceived, RefuseMessage
from tests.fix.dictionaries import HEARTBEAT, ORDER, STRICT, fault, message

LIQUIDITY = {"name": "LiquidityFlag", "type": "CHAR", "values": {"A": "ADDED", "R": "REMOVED"}}
OWN = {
    9730: LIQUIDITY,
    9800: {"name": "NoOwn", "type": "NUMINGROUP"},
    9801: {"name": "OwnID", "type": "STRING"},
    9802: {"name": "OwnQty", "type": "QTY"},
    9803: {"name": "NoOwnSubs", "type": "NUMINGROUP"},
    9804: {"name": "OwnSub", "type": "INT"},
}


def extended(data: object, version: Version = FIX44) -> Dictionary:
    return dictionary(version, extend=[read_extension(data)])


@pytest.mark.parametrize("version", VERSIONS, ids=lambda each: each.name)
def test_a_field_of_their_own(version: Version) -> None:
    judge = extended({"fields": OWN, "messages": {"D": {"add": [9730]}, "8": {}}}, version)
    assert fault(STRICT[version], ORDER + "9730=A|") == (0, "9730")
    assert fault(judge, ORDER + "9730=A|") is None
    assert fault(judge, ORDER + "9730=X|") == (5, "9730")
    assert fault(judge, ORDER + "9730=AA|") == (6, "9730")
    assert fault(judge, ORDER + "9730=|") == (4, "9730")
    assert fault(judge, ORDER + "9730=A|9730=A|") == (13, "9730")
    assert fault(judge, HEARTBEAT + "9730=A|") == (2, "9730")
    assert fault(judge, ORDER + "9731=A|") == (0, "9731")
    assert judge.spec.named("9730") == "LiquidityFlag"
    assert judge.spec.fields["9730"] == Field(
        "9730", "LiquidityFlag", "CHAR", {"A": "ADDED", "R": "REMOVED"}
    )


def test_the_version_itself_is_not_changed() -> None:
    extended({"fields": OWN, "messages": {"D": {"add": [9730], "require": [1]}}})
    assert "9730" not in specification(FIX44).fields
    assert fault(STRICT[FIX44], ORDER) is None


def test_what_is_required_and_what_is_no_longer() -> None:
    judge = extended({"messages": {"D": {"require": [1, 21], "optional": [60, 114, "44"]}}})
    assert fault(judge, ORDER) == (1, "1")
    assert fault(judge, ORDER + "1=ACC|") is None
    without = ORDER.replace("60=20260105-14:30:00|", "").replace("54=1", "54=5")
    assert fault(judge, without + "1=ACC|") is None
    # A field that is optional is not asked for in some cases either.
    rules = {each.required for each in judge.spec.conditions if each.msg_type == "D"}
    assert rules == {("38",), ("99",), ("432", "126")}
    assert ("114",) in {each.required for each in judge.spec.conditions if each.msg_type == "G"}


def test_more_values_of_a_field_that_is_there() -> None:
    judge = extended({"fields": {"59": {"values": {"8": "GFA", 9: "GFX"}}, 847: {}}})
    assert fault(STRICT[FIX44], ORDER + "59=8|") == (5, "59")
    for value in ("0", "8", "9"):
        assert fault(judge, ORDER + f"59={value}|") is None
    assert fault(judge, ORDER + "59=X|") == (5, "59")


def test_another_type_of_a_field_that_is_there() -> None:
    judge = extended({"fields": {"847": {"type": "INT", "values": {1001: "VWAP"}}}})
    assert fault(judge, ORDER + "847=1001|") is None
    assert fault(judge, ORDER + "847=pov|") == (6, "847")
    assert fault(judge, ORDER + "847=1|") == (5, "847")


def test_a_group_of_their_own_and_one_in_it() -> None:
    groups = {
        9803: {"members": [9804]},
        "9800": {"members": [9801, 9802, 9803], "require": [9802]},
    }
    judge = extended({"fields": OWN, "messages": {"D": {"groups": groups}}})
    own = "9800=2|9801=x|9802=1|9801=y|9802=2|"
    for text, expected in (
        (own, None),
        (own + "58=x|", None),
        (own.replace("9800=2", "9800=3"), (16, "9800")),
        ("9800=1|9802=1|9801=x|", (15, "9802")),
        ("9800=1|9801=x|", (1, "9802")),
        ("9800=1|9801=x|9802=1|9803=2|9804=5|9804=6|", None),
        ("9800=1|9801=x|9802=1|9803=2|9804=5|", (16, "9803")),
        ("9804=5|", (2, "9804")),
    ):
        assert fault(judge, ORDER + text) == expected, text


def test_more_members_of_a_group_that_is_there() -> None:
    change = {"groups": {453: {"members": [9801]}, 802: {"require": [9804]}}}
    judge = extended({"fields": OWN, "messages": {"D": change}})
    party = "453=1|448=A|447=D|452=3|"
    assert fault(judge, ORDER + party + "9801=x|") is None
    assert fault(judge, ORDER + party + "802=1|523=x|803=1|9804=1|9801=x|") is None
    assert fault(judge, ORDER + party + "802=1|523=x|803=1|9801=x|") == (1, "9804")
    assert fault(judge, ORDER + "9801=x|" + party) == (2, "9801")
    assert fault(judge, ORDER.replace("35=D", "35=G") + "41=O|" + party + "9801=x|") == (2, "9801")


def test_a_message_of_their_own_and_the_frame() -> None:
    judge = extended(
        {
            "fields": {**OWN, 9700: {"name": "Route", "type": "INT"}},
            "messages": {"U1": {"name": "Strategy", "add": [11, 9730], "require": [9730]}},
            "header": {"add": [9700]},
            "trailer": {"optional": [93]},
        }
    )
    assert judge.knows("U1")
    assert fault(judge, "35=U1|34=2|11=A|9730=A|") is None
    assert fault(judge, "35=U1|34=2|11=A|") == (1, "9730")
    assert fault(judge, "35=U1|34=2|9700=1|9730=A|") is None
    assert fault(judge, "35=U1|34=2|9730=A|9700=1|") == (14, "9700")
    assert fault(judge, "35=0|34=2|9700=x|") == (6, "9700")


def test_the_documents_example() -> None:
    text = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    block = text.partition("## A dictionary extension")[2].split("```yaml\n")[1].split("```")[0]
    judge = extended(YAML(typ="safe").load(block))
    assert fault(judge, ORDER + "1=A|59=8|847=1001|9800=1|9801=X|") is None
    assert fault(judge, ORDER + "1=A|847=1002|") == (5, "847")
    assert fault(judge, "35=U1|34=2|9700=1|9801=X|") is None


def test_extensions_follow_one_another() -> None:
    first = read_extension({"fields": {9730: LIQUIDITY}})
    second = read_extension({"messages": {"D": {"add": [9730]}}})
    assert fault(dictionary(FIX44, extend=[first, second]), ORDER + "9730=A|") is None
    with pytest.raises(ValueError, match="no field 9730"):
        dictionary(FIX44, extend=[second, first])


def test_nothing_is_no_extension() -> None:
    nothing: list[object] = [None, {}, {"fields": None, "messages": {}}]
    for data in nothing:
        assert extended(data).spec == specification(FIX44)


def test_what_is_not_touched_is_shared() -> None:
    """A specification has thousands of members."""
    judge = extended({"messages": {"D": {"require": [1]}}})
    before = {each.tag: each for each in specification(FIX44).messages["D"].members}
    after = {each.tag: each for each in judge.spec.messages["D"].members}
    assert after["453"] is before["453"]
    assert after["1"] == Member("1", True)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ([], "the file: [] is no mapping"),
        ({"field": {}}, "field: allowed: fields messages header trailer"),
        ({"fields": {"x": LIQUIDITY}}, "fields.x: 'x' is no tag, allowed: 1 to 999999999"),
        ({"fields": {0: LIQUIDITY}}, "fields.0: '0' is no tag"),
        ({"fields": {10**9: LIQUIDITY}}, "is no tag"),
        ({"fields": {True: LIQUIDITY}}, "True is no text"),
        ({"fields": {9730: 5}}, "fields.9730: 5 is no mapping"),
        ({"fields": {9730: {"nam": "X"}}}, "fields.9730.nam: allowed: name type values"),
        ({"fields": {9730: {"name": ["X"]}}}, "fields.9730.name: ['X'] is no text"),
        ({"fields": {9730: {"type": "CHARR"}}}, "fields.9730.type: 'CHARR', allowed: AMT BOOLEAN"),
        ({"fields": {9730: {"type": "DATA"}}}, "fields.9730.type: 'DATA', allowed: AMT BOOLEAN"),
        ({"fields": {9730: {"values": ["A"]}}}, "fields.9730.values: ['A'] is no mapping"),
        ({"fields": {9730: {"values": {"": "A"}}}}, "'' cannot be a value"),
        ({"fields": {9730: {"values": {"a\x01": "A"}}}}, "cannot be a value"),
        (
            {"fields": {9730: {"type": "MULTIPLECHARVALUE", "values": {"A B": "X"}}}},
            "'A B' cannot be a value",
        ),
        (
            {"messages": {"D": {"ad": []}}},
            "messages.D.ad: allowed: name add require optional groups",
        ),
        ({"messages": {"D": {"add": 5}}}, "messages.D.add: 5 is no list"),
        ({"messages": {"D": {"add": ["x"]}}}, "messages.D.add: 'x' is no tag"),
        ({"messages": {"D": {"add": [1, "1"]}}}, "messages.D.add: a tag comes twice"),
        ({"messages": {"D": {"groups": {9800: {}}}}}, "messages.D.groups.9800: no members"),
        ({"header": {"name": "X"}}, "header.name: allowed: add require optional groups"),
    ],
)
def test_plain_data_that_is_no_extension(data: object, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        read_extension(data)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"fields": {9730: {"name": "X"}}}, "fields.9730: a new field needs name and type"),
        ({"fields": {1: {"name": "X"}}}, "fields.1.name: 'X', but it is Account"),
        ({"fields": {1: {"values": {"A": "B"}}}}, "fields.1.values: any value is allowed already"),
        (
            {"fields": {9730: {"name": "Account", "type": "INT"}}},
            "fields.9730.name: 'Account' is the name of 1",
        ),
        ({"messages": {"D": {"add": [9730]}}}, "messages.D: no field 9730: describe it"),
        ({"messages": {"U1": {"add": [1]}}}, "messages.U1: FIX.4.4 has no such message"),
        ({"messages": {"B": {"add": [1]}}}, "messages.B: of News only the name is known here"),
        ({"messages": {"D": {"optional": [150]}}}, "messages.D.optional: 150 is not in it"),
        ({"header": {"require": [9730]}}, "header: no field 9730"),
        (
            {"messages": {"D": {"groups": {9800: {"members": [1]}}}}},
            "messages.D.groups.9800: no field 9800",
        ),
        (
            {"fields": OWN, "messages": {"D": {"groups": {9801: {"members": [9802]}}}}},
            "messages.D.groups.9801: its type is STRING, allowed: NUMINGROUP",
        ),
        (
            {"fields": OWN, "messages": {"D": {"groups": {9800: {"members": [9800]}}}}},
            "messages.D.groups.9800: the group holds itself",
        ),
        (
            {
                "fields": OWN,
                "messages": {
                    "D": {"groups": {9800: {"members": [9803]}, 9803: {"members": [9800]}}}
                },
            },
            "the group holds itself",
        ),
    ],
)
def test_an_extension_that_does_not_fit(data: object, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        extended(data)


def test_what_is_optional_in_a_session_is_not_asked_for_by_the_application() -> None:
    short = ORDER.replace("54=1", "54=5")
    judge = extended({"messages": {"D": {"optional": [114]}}})
    asked = from_oms.read("OMS", message(short), 4, dialect(FIX44))
    assert isinstance(asked, RefuseMessage)
    assert asked.text == "FIELD_MISSING: 35=D requires LocateReqd(114) when Side(54)=5"
    read = from_oms.read("OMS", message(short), 4, dialect(FIX44), judge)
    assert isinstance(read, OrderReceived)
