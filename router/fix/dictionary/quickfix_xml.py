"""QuickFIX's data dictionary XML, read as a dictionary of its own or beside ours.

A file comes from a counterparty: document types and entities are refused, and what a file may hold
is bounded. A data field that the standard does not have is read up to the next SOH.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from xml.parsers import expat

from router.fix.dictionary.formats import TYPES
from router.fix.dictionary.quickfix_writing import write_quickfix_xml
from router.fix.specification import Field, Member, MessageType, Specification

__all__ = ["QuickFixDictionary", "read_quickfix_xml", "write_quickfix_xml"]

BYTES_MAX = 16 * 1024 * 1024
DEPTH_MAX = 24
"""Of elements, and of groups and components in one another."""
ELEMENTS_MAX = 500_000
MEMBERS_MAX = 50_000
"""Of one message, its groups unfolded; FIX.5.0SP2 needs a tenth of that."""

_YES = frozenset({"Y", "y", "true"})
_ALIASES = {"QUANTITY": "QTY", "DATE": "UTCDATE", "TIME": "UTCTIMESTAMP"}
"""Names of data types in dictionaries of FIX 4.0 and 4.1."""


@dataclass(frozen=True, slots=True)
class QuickFixDictionary:
    """What a file says. As an extension it takes our specification's place, or stands beside it."""

    version: str
    """Such as `FIX.4.4`, `FIX.5.0SP2` or `FIXT.1.1`."""
    fields: Mapping[str, Field]
    messages: Mapping[str, MessageType]
    header: tuple[Member, ...]
    trailer: tuple[Member, ...]
    merge: bool = False

    def apply(self, spec: Specification) -> Specification:
        """The specification with the file's messages in the place of its own; merged, beside them.

        A FIXT file brings header, trailer and session messages, a FIX.5.0 file the others.

        Raises:
            ValueError: the file is another version's.
        """
        names = {"FIXT.1.1", spec.version.name} if spec.version.fixt else {spec.version.name}
        if self.version not in names:
            allowed = " or ".join(sorted(names))
            raise ValueError(f"the dictionary is of {self.version}, allowed: {allowed}")
        kept = spec.messages if self.merge else self._of_the_other_layer(spec)
        messages = {**kept, **self.messages}
        fields = {**spec.fields, **self.fields}
        if not (self.merge or spec.version.fixt):
            fields = dict(self.fields)
        header, trailer = self.header or spec.header, self.trailer or spec.trailer
        conditions = (
            each
            for each in spec.conditions
            if each.msg_type in messages and fields.keys() >= {*each.required, each.when} - {""}
        )
        return replace(
            spec,
            fields=fields,
            messages=messages,
            header=header,
            trailer=trailer,
            conditions=tuple(conditions),
        )

    def _of_the_other_layer(self, spec: Specification) -> dict[str, MessageType]:
        """Of FIXT and FIX.5.0, the messages of which this file is not."""
        if not spec.version.fixt:
            return {}
        session = self.version == "FIXT.1.1"
        return {
            msg_type: each for msg_type, each in spec.messages.items() if each.admin is not session
        }


def read_quickfix_xml(data: bytes, *, merge: bool = False) -> QuickFixDictionary:
    """The dictionary of a file; `merge` it into ours, or take ours away.

    Raises:
        ValueError: no QuickFIX data dictionary; says the line, what is wrong, what is allowed.
    """
    return _Reading(_parse(data)).dictionary(merge=merge)


@dataclass(slots=True)
class _Element:
    tag: str
    attributes: dict[str, str]
    line: int
    children: list[_Element] = field(default_factory=list)

    def get(self, name: str) -> str:
        """An attribute that must be there.

        Raises:
            ValueError: it is missing or empty.
        """
        value = self.attributes.get(name)
        if not value:
            raise self.wrong(f"<{self.tag}> has no {name}")
        return value

    def wrong(self, text: str) -> ValueError:
        """The error of this element."""
        return ValueError(f"line {self.line}: {text}")

    @property
    def required(self) -> bool:
        return self.attributes.get("required", "N") in _YES


class _Parser:
    """Elements of a file, in bounds."""

    def __init__(self) -> None:
        self._expat = expat.ParserCreate()
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.StartDoctypeDeclHandler = self._refuse
        self._expat.EntityDeclHandler = self._refuse
        self._open: list[_Element] = []
        self._count = 0
        self.root: _Element | None = None

    def parse(self, data: bytes) -> _Element:
        """The root.

        Raises:
            ValueError: no XML, or more than is allowed.
        """
        if len(data) > BYTES_MAX:
            raise ValueError(f"{len(data)} bytes, allowed: {BYTES_MAX}")
        try:
            self._expat.Parse(data, True)
        except expat.ExpatError as error:
            raise ValueError(f"line {error.lineno}: no XML: {error}") from None
        assert self.root is not None
        return self.root

    def _refuse(self, *_: object) -> None:
        raise ValueError(f"line {self._expat.CurrentLineNumber}: a document type: not allowed")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        element = _Element(tag, attributes, self._expat.CurrentLineNumber)
        self._count += 1
        if self._count > ELEMENTS_MAX or len(self._open) == DEPTH_MAX:
            raise element.wrong(
                f"more than {ELEMENTS_MAX} elements, or more than {DEPTH_MAX} in one another"
            )
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def _end(self, _: str) -> None:
        self._open.pop()


def _parse(data: bytes) -> _Element:
    return _Parser().parse(data)


_SECTIONS = ("header", "messages", "trailer", "components", "fields")


class _Reading:
    def __init__(self, root: _Element) -> None:
        if root.tag != "fix":
            raise root.wrong(f"<{root.tag}>, allowed: <fix>")
        self._root = root
        self._sections = {name: _Element(name, {}, root.line) for name in _SECTIONS}
        for section in root.children:
            if section.tag not in self._sections:
                raise section.wrong(f"<{section.tag}>, allowed: {' '.join(_SECTIONS)}")
            self._sections[section.tag] = section
        self._fields = self._all_fields()
        self._tags = {each.name: tag for tag, each in self._fields.items()}
        self._components = {
            each.get("name"): each for each in self._sections["components"].children
        }
        self._blocks: dict[str, tuple[Member, ...]] = {}
        """Components whose members were made, as where they are required."""
        self._sizes: dict[int, int] = {}
        """By the identity of a group's members, their number unfolded."""

    def dictionary(self, *, merge: bool) -> QuickFixDictionary:
        """What the file says."""
        messages = {}
        for element in self._sections["messages"].children:
            kind = self._message(element)
            if kind.msg_type in messages:
                raise element.wrong(f"the message {kind.msg_type} again")
            messages[kind.msg_type] = kind
        return QuickFixDictionary(
            version=self._version(),
            fields=self._fields,
            messages=messages,
            header=self._members(self._sections["header"], ()),
            trailer=self._members(self._sections["trailer"], ()),
            merge=merge,
        )

    def _version(self) -> str:
        get = self._root.attributes.get
        pack = get("servicepack", "0")
        name = f"{get('type', 'FIX')}.{self._root.get('major')}.{self._root.get('minor')}"
        return name if pack in ("", "0") else f"{name}SP{pack}"

    def _all_fields(self) -> dict[str, Field]:
        fields: dict[str, Field] = {}
        names: set[str] = set()
        for element in self._sections["fields"].children:
            tag, name = element.get("number"), element.get("name")
            if not (tag.isascii() and tag.isdigit() and tag[0] != "0" and len(tag) <= 9):
                raise element.wrong(f"number={tag!r}, allowed: 1 to 999999999")
            if tag in fields or name in names:
                raise element.wrong(f"the field {name}({tag}) again")
            kind = element.get("type").upper()
            kind = _ALIASES.get(kind, kind)
            if kind not in TYPES:
                raise element.wrong(f"type={kind!r}, allowed: {' '.join(sorted(TYPES))}")
            values = {
                each.get("enum"): each.attributes.get("description") or each.get("enum")
                for each in element.children
            }
            if tag == "35":
                values = {}
            open_ended = element.attributes.get("allowOtherValues", "N") in _YES
            others = kind if open_ended and values else ""
            fields[tag] = Field(tag, name, kind, values, others)
            names.add(name)
        return fields

    def _message(self, element: _Element) -> MessageType:
        category = element.get("msgcat")
        if category not in ("admin", "app"):
            raise element.wrong(f"msgcat={category!r}, allowed: admin app")
        return MessageType(
            msg_type=element.get("msgtype"),
            name=element.get("name"),
            admin=category == "admin",
            members=self._members(element, ()),
        )

    def _members(self, parent: _Element, path: tuple[str, ...]) -> tuple[Member, ...]:
        """What stands in an element, its components unfolded. `path` is the components around."""
        found: list[Member] = []
        for element in parent.children:
            name = element.get("name")
            if element.tag == "component":
                block = self._block(element, name, path)
                found += block if element.required else map(_optional, block)
            elif element.tag in ("field", "group"):
                tag = self._tags.get(name)
                if tag is None:
                    raise element.wrong(f"{name!r} is not among the fields")
                inner = self._members(element, path) if element.tag == "group" else ()
                if element.tag == "group" and not inner:
                    raise element.wrong(f"the group {name} is empty")
                found.append(Member(tag, element.required, inner))
            else:
                raise element.wrong(f"<{element.tag}>, allowed: field group component")
        tags = [each.tag for each in found]
        if len(set(tags)) < len(tags):
            twice = next(tag for tag in tags if tags.count(tag) > 1)
            raise parent.wrong(f"{self._fields[twice].name}({twice}) twice in one place")
        members = tuple(found)
        size = sum(1 + self._sizes.get(id(each.members), 0) for each in members)
        if size > MEMBERS_MAX:
            raise parent.wrong(f"more than {MEMBERS_MAX} members")
        self._sizes[id(members)] = size
        return members

    def _block(self, element: _Element, name: str, path: tuple[str, ...]) -> tuple[Member, ...]:
        if name not in self._blocks:
            if name not in self._components:
                raise element.wrong(f"{name!r} is not among the components")
            if name in path or len(path) == DEPTH_MAX:
                raise element.wrong(
                    f"the component {name} holds itself, or too many in one another"
                )
            self._blocks[name] = self._members(self._components[name], (*path, name))
        return self._blocks[name]


def _optional(member: Member) -> Member:
    return Member(member.tag, False, member.members) if member.required else member
