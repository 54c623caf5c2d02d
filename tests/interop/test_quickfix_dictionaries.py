"""Our dictionaries against QuickFIX's: their facts, and what QuickFIX makes of those we write.

Their XML is read here by a few lines that know nothing of our reader. Where ours differ, it is on
purpose, and the reason is written.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

pytest.importorskip("quickfix", reason="quickfix is not installed: make interop builds and runs it")

import quickfix as fix

from router.fix.dictionary.quickfix_xml import read_quickfix_xml, write_quickfix_xml
from router.fix.specification import Member, specification
from router.fix.versions import FIX42, FIX44, FIX50SP2, VERSIONS, Version
from tests.fix.dictionaries import ORDER
from tests.fix.test_dictionary import FAULTS, SOUND
from tests.fix.wire import said
from tests.interop.versions import shipped

pytestmark = pytest.mark.interop

FILES = {"FIX.4.2": "FIX42", "FIX.4.4": "FIX44", "FIX.5.0SP2": "FIX50SP2", "FIXT.1.1": "FIXT11"}
EACH = pytest.mark.parametrize("version", VERSIONS, ids=lambda each: each.name)

Tree = tuple[tuple[str, bool, "Tree"], ...]
"""Tag, required, and of a group its members."""


def path(name: str) -> Path:
    return shipped(f"{FILES[name]}.xml")


class Theirs:
    """One of QuickFIX's files."""

    def __init__(self, name: str) -> None:
        root = ElementTree.parse(path(name)).getroot()
        self._components = {
            each.get("name"): each for each in root.iterfind("components/component")
        }
        fields = root.findall("fields/field")
        self._tags = {each.get("name"): each.get("number", "") for each in fields}
        self.fields = {
            each.get("number", ""): (
                each.get("name"),
                each.get("type"),
                {value.get("enum"): value.get("description") for value in each},
            )
            for each in fields
        }
        self.messages = {
            each.get("msgtype", ""): (each.get("name"), each.get("msgcat"), self._tree(each, True))
            for each in root.iterfind("messages/message")
        }
        self.header, self.trailer = (
            self._tree(root.find(part), True) for part in ("header", "trailer")
        )

    def _tree(self, parent: ElementTree.Element | None, must: bool) -> Tree:
        found: Tree = ()
        for each in parent if parent is not None else ():
            required = must and each.get("required") == "Y"
            if each.tag == "component":
                found += self._tree(self._components[each.get("name")], required)
            else:
                found += ((self._tags[each.get("name")], required, self._tree(each, True)),)
        return found


def ours(members: tuple[Member, ...]) -> Tree:
    return tuple((each.tag, each.required, ours(each.members)) for each in members)


@cache
def theirs(name: str) -> Theirs:
    return Theirs(name)


def optional(tree: Tree, tags: frozenset[str]) -> Tree:
    """A tree in which these tags are not required, so that two can be compared without them."""
    return tuple(
        (tag, must and tag not in tags, optional(inner, tags)) for tag, must, inner in tree
    )


def without_required_groups(tree: Tree) -> Tree:
    return tuple(
        (tag, must and not inner, without_required_groups(inner)) for tag, must, inner in tree
    )


Change = Callable[[Tree], Tree]
STRUCTURE: dict[tuple[str, str], tuple[Change, str]] = {
    ("FIX.4.4", "*"): (
        lambda tree: optional(tree, frozenset({"55"})),
        "Symbol(55) is required in Instrument by FIX 4.4",
    ),
    ("FIX.5.0SP2", "*"): (
        without_required_groups,
        "a required component that is one group requires the group's count",
    ),
    ("FIX.5.0SP2", "W"): (
        lambda tree: optional(without_required_groups(tree), frozenset({"779"})),
        "an extension pack cannot require LastUpdateTime(779) of those that were there before",
    ),
    ("FIXT.1.1", "A"): (
        lambda tree: tuple(each for each in tree if each[0] != "384"),
        "their MsgTypeGrp is empty",
    ),
}
"""By version and MsgType(35), `*` for all others: what is not compared, and why."""

FIELDS: dict[tuple[str, str], str] = {
    ("FIX.4.2", "166"): "any ISO country code is a SettlLocation",
    ("FIX.4.4", "103"): "12 is a surveillance option",
    ("FIX.4.4", "847"): "an algo is called by its name",
    ("FIX.5.0SP2", "847"): "an algo is called by its name",
}
"""Fields that differ, and why."""
EXTRA_FIELDS = {"FIXT.1.1": {"384", "385", "1410"}}
"""Of MsgTypeGrp."""


@pytest.mark.parametrize("name", FILES)
def test_messages_and_groups_are_those_of_quickfix(name: str) -> None:
    version = next(each for each in VERSIONS if name in (each.name, each.begin_string))
    spec, file = specification(version), theirs(name)
    for msg_type, (called, category, tree) in file.messages.items():
        mine = spec.messages[msg_type]
        assert (mine.name, mine.admin) == (called, category == "admin")
        if mine.served:
            plain: tuple[Change, str] = (lambda same: same, "")
            change, _ = STRUCTURE.get((name, msg_type), STRUCTURE.get((name, "*"), plain))
            assert change(ours(mine.members)) == change(tree), msg_type
    if name != "FIX.5.0SP2":
        assert ours(spec.header) == file.header
        assert ours(spec.trailer) == file.trailer
    session = set(theirs("FIXT.1.1").messages) if version.fixt else set()
    assert set(spec.messages) == set(file.messages) | (session | set(theirs(version.name).messages))


def test_the_deviations_are_needed() -> None:
    for (name, msg_type), (change, reason) in STRUCTURE.items():
        version = next(each for each in VERSIONS if name in (each.name, each.begin_string))
        spec, file = specification(version), theirs(name)
        served = [t for t in file.messages if spec.messages[t].served]
        checked = [msg_type] if msg_type != "*" else served
        assert any(
            ours(spec.messages[each].members) != file.messages[each][2] for each in checked
        ), reason
        assert change(()) == ()


@pytest.mark.parametrize("name", FILES)
def test_fields_are_those_of_quickfix(name: str) -> None:
    version = next(each for each in VERSIONS if name in (each.name, each.begin_string))
    spec, file = specification(version), theirs(name)
    differs = set()
    for tag, (called, kind, values) in file.fields.items():
        mine = spec.fields[tag]
        assert mine.name == called
        if tag == "35":
            assert mine.values == {}
        elif name == "FIXT.1.1":
            # FIX.5.0SP2 has most of them again, with more values.
            assert mine.values.keys() >= values.keys()
        elif (mine.type, dict(mine.values)) != (kind, values):
            differs.add((name, tag))
    assert differs == {each for each in FIELDS if each[0] == name}
    extra = spec.fields.keys() - file.fields.keys() - theirs(version.name).fields.keys()
    assert extra <= EXTRA_FIELDS["FIXT.1.1"] | theirs("FIXT.1.1").fields.keys()


@pytest.mark.parametrize("name", FILES)
def test_our_reader_reads_their_file_as_they_do(name: str) -> None:
    found, file = read_quickfix_xml(path(name).read_bytes()), theirs(name)
    assert found.version == name
    assert (ours(found.header), ours(found.trailer)) == (file.header, file.trailer)
    for msg_type, (called, category, tree) in file.messages.items():
        mine = found.messages[msg_type]
        assert (mine.name, mine.admin, ours(mine.members)) == (called, category == "admin", tree)
    for tag, (called, kind, values) in file.fields.items():
        mine_field = found.fields[tag]
        assert (mine_field.name, mine_field.type) == (called, kind)
        assert tag == "35" or mine_field.values == values


# -- what QuickFIX makes of what we write ----------------------------------------------------------


REASONS = {
    "InvalidTagNumber": 0,
    "RequiredTagMissing": 1,
    "TagNotDefinedForMessage": 2,
    "NoTagValue": 4,
    "IncorrectTagValue": 5,
    "IncorrectDataFormat": 6,
    "InvalidMessageType": 11,
    "RepeatedTag": 13,
    "TagOutOfOrder": 14,
    "RepeatingGroupCountMismatch": 16,
}
"""SessionRejectReason(373) of what QuickFIX raises."""


class Judge:
    """QuickFIX, with the dictionaries that we write for a peer."""

    def __init__(self, version: Version, folder: Path) -> None:
        self.version = version
        spec = specification(version)
        served = [each for each in spec.messages.values() if each.served]
        app = self._load(folder, version.name, [e.msg_type for e in served if not e.admin])
        self._app = self._session = app
        if version.fixt:
            admin = [each.msg_type for each in served if each.admin]
            self._session = self._load(folder, version.begin_string, admin)

    def _load(self, folder: Path, name: str, msg_types: list[str]) -> Any:
        file = folder / f"{name}.xml"
        text = write_quickfix_xml(specification(self.version), msg_types)
        file.write_text(text, encoding="utf-8")
        return fix.DataDictionary(str(file))

    def fault(self, text: str) -> int | None:
        """SessionRejectReason(373) of shorthand, None if it is sound."""
        frame = said(text, begin_string=self.version.begin_string).decode("latin-1")
        kind = specification(self.version).messages.get(text[3:].partition("|")[0])
        app = self._session if kind and kind.admin else self._app
        try:
            if self.version.fixt:
                fix.DataDictionary.validate(
                    fix.Message(frame, self._session, app, True), self._session, app
                )
            else:
                app.validate(fix.Message(frame, app, True))
        except Exception as error:  # noqa: BLE001 (theirs have no base of their own)
            return REASONS[type(error).__name__]
        return None


@pytest.fixture(scope="module")
def judges(tmp_path_factory: pytest.TempPathFactory) -> dict[Version, Judge]:
    folder = tmp_path_factory.mktemp("dictionaries")
    return {version: Judge(version, folder) for version in VERSIONS}


@pytest.mark.parametrize(
    ("text", "version"), [(text, version) for text, versions in SOUND for version in versions]
)
def test_quickfix_finds_sound_what_we_do(
    judges: dict[Version, Judge], text: str, version: Version
) -> None:
    # Of a message that we do not serve a peer need know nothing.
    served = not text.startswith("35=B|")
    assert judges[version].fault(text) == (None if served else 11)


UNJUDGED_GROUPS = "QuickFIX looks into a group for its count and for what is required only"
OTHERWISE: dict[str, str] = {
    ORDER + "22=99|": "what we write leaves enumerations out that have room for other values",
    ORDER + "432=20040431|": "QuickFIX takes the 31st of any month",
    ORDER + "15=DOLLAR|": "QuickFIX takes any text for a currency",
    ORDER + "386=999999999999999999|336=1|": "QuickFIX calls a count beyond 32 bits a bad format",
    ORDER + "78=1|79=|": UNJUDGED_GROUPS,
    ORDER + "453=1|448=A|447=?|": UNJUDGED_GROUPS,
    ORDER + "78=1|79=A|80=1|80=2|": UNJUDGED_GROUPS,
    "35=X|34=2|262=R|268=2|279=0|278=1|278=2|": UNJUDGED_GROUPS,
    "35=R|34=2|131=Q|146=2|55=BAC|54=1|54=2|": UNJUDGED_GROUPS,
    ORDER + "78=2|80=1|79=A|80=2|79=B|": UNJUDGED_GROUPS,
    ORDER + "453=1|448=A|452=3|447=D|": UNJUDGED_GROUPS,
    ORDER + "453=1|448=A|802=1|803=2|523=x|": UNJUDGED_GROUPS,
    "35=V|34=2|262=R|263=1|264=0|267=1|269=0|146=1|48=x|": UNJUDGED_GROUPS,
    ORDER + "453=1|448=A|802=2|523=x|": UNJUDGED_GROUPS,
    "35=D|1128=7|34=4|": "QuickFIX's sessions judge ApplVerID(1128), not its dictionaries",
    "35=ZZ|1128=42|34=4|": "QuickFIX's sessions judge ApplVerID(1128), not its dictionaries",
}
"""Faults that QuickFIX calls otherwise, or none, and why."""
NO_SYMBOL = (FIX50SP2, "35=0|34=2|55=BAC|")
"""FIXT's session dictionary has no Symbol(55), which is then no tag at all."""


@pytest.mark.parametrize(
    ("text", "reason", "version"),
    [(text, reason, each) for text, (reason, _), versions in FAULTS for each in versions],
)
def test_quickfix_finds_the_faults_that_we_do(
    judges: dict[Version, Judge], text: str, reason: int, version: Version
) -> None:
    told = judges[version].fault(text)
    agreed = text not in OTHERWISE and (version, text) != NO_SYMBOL
    assert (told == reason) is agreed, f"QuickFIX says {told}"


def test_a_peer_gets_the_versions_of_its_files(judges: dict[Version, Judge]) -> None:
    assert judges[FIX42]._app.getVersion() == "FIX.4.2"
    assert judges[FIX44]._app.getVersion() == "FIX.4.4"
    assert judges[FIX50SP2]._session.getVersion() == "FIXT.1.1"
