"""Writes a specification as a data dictionary that a counterparty's QuickFIX loads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from router.fix.specification import Field, Member, MessageType, Specification, every_member


def write_quickfix_xml(spec: Specification, msg_types: Sequence[str]) -> str:
    """A data dictionary of these messages for a peer's QuickFIX.

    In FIX.4.x the session's own messages are added, since QuickFIX needs them. FIXT.1.1 and
    FIX.5.0SP2 are two files: session messages give the one, application messages the other.

    Raises:
        ValueError: a message that is not served, or both kinds where they are two files.
    """
    for msg_type in msg_types:
        kind = spec.messages.get(msg_type)
        if kind is None or not kind.served:
            served = " ".join(each.msg_type for each in spec.messages.values() if each.served)
            raise ValueError(f"MsgType(35) {msg_type}: not served, allowed: {served}")
    admin = [each for each in spec.messages.values() if each.admin and each.served]
    chosen = [spec.messages[each] for each in dict.fromkeys(msg_types)]
    transport = all(each.admin for each in chosen)
    if spec.version.fixt:
        if not transport and any(each.admin for each in chosen):
            raise ValueError("session and application messages are two files in FIXT.1.1")
        name = spec.version.begin_string if transport else spec.version.name
    else:
        chosen = list(dict.fromkeys([*admin, *chosen]))
        name, transport = spec.version.name, True
    return "\n".join(_Writing(spec, chosen, framed=transport).lines(name)) + "\n"


class _Writing:
    def __init__(
        self, spec: Specification, messages: Sequence[MessageType], *, framed: bool
    ) -> None:
        self._spec = spec
        self._messages = messages
        self._header = spec.header if framed else ()
        self._trailer = spec.trailer if framed else ()
        self._groups: dict[tuple[str, tuple[Member, ...]], str] = {}
        """By count and members, the name of the component that a group is written as."""
        self._names: set[str] = set()

    def lines(self, version: str) -> Iterator[str]:
        """The file."""
        kind, major, rest = version.split(".")
        minor, _, pack = rest.partition("SP")
        yield f'<fix type="{kind}" major="{major}" minor="{minor}" servicepack="{pack or 0}">'
        yield from self._section("header", self._header)
        yield " <messages>"
        for each in self._messages:
            category = "admin" if each.admin else "app"
            attributes = _attributes(name=each.name, msgtype=each.msg_type, msgcat=category)
            yield from self._element("message", attributes, each.members, 2)
        yield " </messages>"
        yield from self._section("trailer", self._trailer)
        # A group may hold groups, which become components while this one is written.
        yield " <components>"
        written = 0
        while written < len(self._groups):
            (count_tag, members), name = list(self._groups.items())[written]
            written += 1
            yield f"  <component {_attributes(name=name)}>"
            attributes = _attributes(name=self._spec.named(count_tag), required="Y")
            yield from self._element("group", attributes, members, 3)
            yield "  </component>"
        yield " </components>"
        yield " <fields>"
        for tag in self._used():
            yield from self._field(self._spec.fields[tag])
        yield " </fields>"
        yield "</fix>"

    def _section(self, name: str, members: Iterable[Member]) -> Iterator[str]:
        yield f" <{name}>"
        yield from self._members(members, 2)
        yield f" </{name}>"

    def _element(
        self, tag: str, attributes: str, members: Iterable[Member], depth: int
    ) -> Iterator[str]:
        yield f"{' ' * depth}<{tag} {attributes}>"
        yield from self._members(members, depth + 1)
        yield f"{' ' * depth}</{tag}>"

    def _members(self, members: Iterable[Member], depth: int) -> Iterator[str]:
        for each in members:
            tag, name = "field", self._spec.named(each.tag)
            if each.members:
                tag, name = "component", self._component(each)
            required = "Y" if each.required else "N"
            yield f"{' ' * depth}<{tag} {_attributes(name=name, required=required)}/>"

    def _component(self, group: Member) -> str:
        """The name of the component that holds just this group."""
        key = (group.tag, group.members)
        name = self._groups.get(key)
        if name is None:
            plain = f"{self._spec.named(group.tag)}Grp"
            name, number = plain, 1
            while name in self._names:
                number += 1
                name = f"{plain}{number}"
            self._names.add(name)
            self._groups[key] = name
        return name

    def _used(self) -> list[str]:
        """The tags of every field that is written, by number."""
        bodies = (self._header, *(each.members for each in self._messages), self._trailer)
        tags = {each.tag for body in bodies for each in every_member(body)}
        return sorted(tags, key=int)

    def _field(self, each: Field) -> Iterator[str]:
        attributes = _attributes(number=each.tag, name=each.name, type=each.type)
        if not each.values or each.others:  # QuickFIX's enumerations leave no room for others
            yield f"  <field {attributes}/>"
            return
        yield f"  <field {attributes}>"
        for value, name in each.values.items():
            yield f"   <value {_attributes(enum=value, description=name)}/>"
        yield "  </field>"


def _attributes(**values: str) -> str:
    return " ".join(f'{name}="{escape(value)}"' for name, value in values.items())
