"""The data files of the versions, and their reader."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest

from router.fix.codec import DATA_LENGTHS
from router.fix.dictionary.formats import RAW
from router.fix.specification import (
    Condition,
    Field,
    Member,
    Specification,
    every_member,
    group_members,
    specification,
)
from router.fix.specification.reader import read_tables
from router.fix.versions import FIX42, FIX44, FIX50SP2, VERSIONS, Version

EACH = pytest.mark.parametrize("version", VERSIONS, ids=lambda each: each.name)

SERVED = "A 5 0 1 2 4 3 j D F G H 8 9 J P R S Z b E K M N L e f g h Q 6 V W X Y c d"
SERVED_SINCE_44 = "AF q r AS AJ AG AI x y AE"
SERVED_SINCE_50 = "CA BZ BN"

REQUIRED: dict[str, tuple[str, str, str]] = {
    "A": ("98 108", "98 108", "98 108 1137"),
    "D": ("11 21 54 55 60 40", "11 54 55 60 40", "11 54 60 40"),
    "F": ("11 41 54 60 55", "11 41 54 60 55", "11 54 60"),
    "G": ("11 21 41 54 55 60 40", "11 41 54 55 60 40", "11 54 60 40"),
    "H": ("11 55 54", "11 55 54", "54"),
    "AF": ("", "584 585", "584 585"),
    "q": ("", "11 530 60", "11 530 60"),
    "r": ("", "37 530 531", "37 530 531 1369"),
    "E": ("66 394 68 73",) * 3,
    "K": ("66 60",) * 3,
    "M": ("66",) * 3,
    "J": ("70 71 54 55 53 6 75", "70 71 626 857 54 55 53 6 75", "70 71 626 54 53 75"),
    "P": ("70 75 87", "70 60 87", "70 87"),
    "R": ("131 146",) * 3,
    "AJ": ("", "693 694 55", "693 694"),
    "V": ("262 263 264 267 146",) * 3,
    "W": ("55 268", "55 268", "268"),
    "X": ("268",) * 3,
    "8": (
        "37 17 20 150 39 55 54 151 14 6",
        "37 17 150 39 55 54 151 14 6",
        "37 17 150 39 54 151 14",
    ),
    "9": ("37 11 41 39 434", "37 11 41 39 434", "37 11 39 434"),
    "j": ("372 380",) * 3,
    "3": ("45",) * 3,
}
"""What fix.md, sections 2.1 to 2.5, says that a message's body must hold, by version."""


def bodies(spec: Specification) -> Iterator[tuple[Member, ...]]:
    """Header, trailer, every message and every group, each with its members in order."""

    def inside(members: tuple[Member, ...]) -> Iterator[tuple[Member, ...]]:
        yield members
        for each in members:
            if each.members:
                yield from inside(each.members)

    for members in (spec.header, spec.trailer, *(each.members for each in spec.messages.values())):
        yield from inside(members)


@EACH
def test_every_message_of_the_table_is_served(version: Version) -> None:
    served = SERVED.split()
    served += SERVED_SINCE_44.split() if version is not FIX42 else []
    served += SERVED_SINCE_50.split() if version is FIX50SP2 else []
    spec = specification(version)
    assert {each.msg_type for each in spec.messages.values() if each.served} == set(served)
    for msg_type in "A501243":
        assert spec.messages[msg_type].admin
    assert not spec.messages["D"].admin
    assert not spec.messages["B"].served


@pytest.mark.parametrize(
    ("version", "msg_type", "tags"),
    [
        (version, msg_type, each[index])
        for msg_type, each in REQUIRED.items()
        for index, version in enumerate(VERSIONS)
    ],
)
def test_what_a_message_must_hold(version: Version, msg_type: str, tags: str) -> None:
    message = specification(version).messages.get(msg_type)
    if not tags:
        assert message is None
        return
    assert message is not None
    assert {each.tag for each in message.members if each.required} == set(tags.split())


@EACH
def test_a_place_names_a_tag_once_and_every_tag_has_its_field(version: Version) -> None:
    spec = specification(version)
    for members in bodies(spec):
        tags = [each.tag for each in members]
        assert len(set(tags)) == len(tags)
        assert spec.fields.keys() >= set(tags)
    names = [each.name for each in spec.fields.values()]
    assert len(set(names)) == len(names)
    assert all(tag == each.tag and tag.isdigit() for tag, each in spec.fields.items())


@EACH
def test_no_tag_stands_both_in_a_group_and_beside_it(version: Version) -> None:
    """Else the group's end could not be told, nor whether what is required is there."""
    for kind in specification(version).messages.values():
        outside = {each.tag for each in kind.members}
        assert all(
            outside.isdisjoint(inner.tag for inner in every_member(each.members))
            for each in kind.members
        )


@EACH
def test_the_codec_knows_every_data_field(version: Version) -> None:
    spec = specification(version)
    for members in bodies(spec):
        for length, data in pairwise(members):
            if spec.fields[data.tag].type in RAW:
                assert DATA_LENGTHS[length.tag] == data.tag
    raw = {each.tag for each in spec.fields.values() if each.type in RAW}
    lengths = {each.tag for each in spec.fields.values() if each.type == "LENGTH"} - {"9", "383"}
    assert raw <= set(DATA_LENGTHS.values())
    assert lengths <= DATA_LENGTHS.keys()


def test_the_codec_knows_no_data_field_that_is_none() -> None:
    fields = [specification(version).fields for version in VERSIONS]
    for length, data in DATA_LENGTHS.items():
        assert any(each[data].type in RAW for each in fields if data in each)
        assert {each[length].type for each in fields if length in each} == {"LENGTH"}


@EACH
def test_conditions_speak_of_what_is_there(version: Version) -> None:
    spec = specification(version)
    for condition in spec.conditions:
        members = every_member(spec.messages[condition.msg_type].members)
        tags = {each.tag for each in members}
        assert tags >= {*condition.required, condition.when} - {""}
        values = spec.fields[condition.when].values if condition.when else {}
        assert condition.values <= values.keys()


def test_fields_know_their_names_and_values() -> None:
    spec = specification(FIX44)
    assert spec.named("38") == "OrderQty"
    assert spec.named("5000") == ""
    assert spec.fields["54"].values["5"] == "SELL_SHORT"
    assert spec.fields["18"].multiple
    assert not spec.fields["54"].multiple
    for version in VERSIONS:
        target_strategy = specification(version).fields.get("847")
        assert version is FIX42 or target_strategy == Field("847", "TargetStrategy", "STRING", {})


def test_fixt_brings_header_trailer_and_session() -> None:
    spec = specification(FIX50SP2)
    header = [each.tag for each in spec.header]
    assert header[:6] == ["8", "9", "35", "1128", "1156", "1129"]
    required = [each.tag for each in spec.header if each.required]
    assert " ".join(required) == "8 9 35 49 56 34 52"
    assert [each.tag for each in spec.trailer] == ["93", "89", "10"]
    assert spec.messages["A"].admin
    assert spec.fields["1409"].values["10"]


def test_the_data_files_are_installed_with_the_package() -> None:
    root = Path(__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    listed = project["tool"]["setuptools"]["package-data"]["router.fix.specification"]
    assert listed == ["data/*.dict"]
    found = {each.name for each in (files("router.fix.specification") / "data").iterdir()}
    assert found == {"FIX.4.2.dict", "FIX.4.4.dict", "FIX.5.0SP2.dict", "FIXT.1.1.dict"}


@EACH
def test_lines_of_the_data_files_can_be_read(version: Version) -> None:
    text = (files("router.fix.specification") / "data" / f"{version.name}.dict").read_text("utf-8")
    assert max(map(len, text.splitlines())) <= 100


# -- groups of a message ---------------------------------------------------------------------------


def test_a_groups_members_are_those_of_its_message_and_version() -> None:
    inside, outside = group_members("FIX.4.4", "D", "453")
    assert inside == {"448", "447", "452", "802", "523", "803"}
    assert {"11", "58", "78", "79", "627", "10"} <= outside
    assert group_members("FIX.4.2", "D", "453") == (frozenset(), frozenset())
    assert "957" not in group_members("FIX.4.4", "D", "78")[1]
    assert group_members("FIXT.1.1", "D", "957")[0] == {"958", "959", "960"}
    assert group_members("FIX.9.9", "D", "78") == (frozenset(), frozenset())
    assert group_members("FIX.4.4", "ZZ", "627")[0] == {"628", "629", "630"}


# -- the reader ------------------------------------------------------------------------------------

SMALL = """\
# A note.
[fields]
8 BeginString STRING
10 CheckSum STRING
18 ExecInst MULTIPLEVALUESTRING 1=NOT_HELD
  2=WORK
55 Symbol STRING
70 AllocID STRING
71 NoThings NUMINGROUP
72 NoMore NUMINGROUP
73 Last STRING A=ALPHA |100+

[components]
StandardHeader: 8!
StandardTrailer: 10!
Pair: 55! 73
Things: 71!(70! &Pair! 72(73))

[messages]
D app Order: 55! &Things!
E app Other: &Things &Pair
0 admin Heartbeat:
F app NameOnly

[conditions]
D E: 55|70 if 18=1,2
D: 73
"""


def test_the_reader_unfolds_components() -> None:
    tables = read_tables(SMALL)
    assert tables.fields["18"].values == {"1": "NOT_HELD", "2": "WORK"}
    assert tables.fields["73"].others == "100+"
    entry = (Member("70", True), Member("55", True), Member("73"), Member("72", False, _inner()))
    assert tables.messages["D"].members == (Member("55", True), Member("71", True, entry))
    # Where a component is not required, nor is what it requires.
    assert tables.messages["E"].members == (
        Member("71", False, entry),
        Member("55", False),
        Member("73"),
    )
    assert (tables.messages["0"].served, tables.messages["0"].admin) == (True, True)
    assert not tables.messages["F"].served
    assert tables.header == (Member("8", True),)
    assert tables.conditions == [
        Condition("D", ("55", "70"), "18", frozenset({"1", "2"})),
        Condition("E", ("55", "70"), "18", frozenset({"1", "2"})),
        Condition("D", ("73",)),
    ]


def _inner() -> tuple[Member, ...]:
    return (Member("73"),)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("55 Symbol STRING", "55 Symbol", "55 Symbol"),
        ("2=WORK", "2=", "18 ExecInst"),
        ("70 AllocID", "55 AllocID", "55 AllocID"),
        ("&Pair!", "&Pear!", "D app Order"),
        ("D app", "D other", "neither admin nor app"),
        ("72(73))", "72(73)", "not closed"),
        ("E app Other: &Things", "E app Other: Things", "is no tag"),
        ("[messages]", "[mess]", "[mess]"),
    ],
)
def test_a_line_that_cannot_be_read_is_quoted(old: str, new: str, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        read_tables(SMALL.replace(old, new))
