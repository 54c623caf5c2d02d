"""What a FIX version says, as data: fields, messages, groups, conditions. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from router.fix.versions import Version

MULTIPLE_TYPES = frozenset({"MULTIPLEVALUESTRING", "MULTIPLESTRINGVALUE", "MULTIPLECHARVALUE"})


@dataclass(frozen=True, slots=True)
class Field:
    """A field: its tag, name, data type and enumeration."""

    tag: str
    name: str
    type: str
    """The data type's name, in capitals, as `UTCTIMESTAMP`."""
    values: Mapping[str, str]
    """The enumeration: a name for each value that is allowed; empty if any value is."""
    others: str = ""
    """What is allowed beside the enumeration: `100+` for whole numbers from 100 on, which are left
    to the users, or the name of a data type."""

    @property
    def multiple(self) -> bool:
        """True if the value may be several values with a space between them."""
        return self.type in MULTIPLE_TYPES


@dataclass(frozen=True, slots=True)
class Member:
    """A field's place in a message, a group, the header or the trailer."""

    tag: str
    required: bool = False
    members: tuple[Member, ...] = ()
    """Of a repeating group, whose count is `tag`, the entries' fields in order; the first of them
    begins each entry."""


@dataclass(frozen=True, slots=True)
class MessageType:
    """A message: its MsgType(35), name and body. One without members is known and not judged."""

    msg_type: str
    name: str
    admin: bool
    members: tuple[Member, ...] = ()
    served: bool = True
    """False if only its name is known: its structure and header are judged, its body is not."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A field that a message must hold in some cases, though its version does not require it."""

    msg_type: str
    required: tuple[str, ...]
    """Tags of which one must be there."""
    when: str = ""
    """The tag whose value makes it so; empty if it always is."""
    values: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Specification:
    """One version's dictionary."""

    version: Version
    fields: Mapping[str, Field]
    """By tag."""
    messages: Mapping[str, MessageType]
    """By MsgType(35)."""
    header: tuple[Member, ...]
    trailer: tuple[Member, ...]
    conditions: tuple[Condition, ...] = ()

    def named(self, tag: str) -> str:
        """The field's name, or nothing."""
        field = self.fields.get(tag)
        return field.name if field else ""

    def condition_text(self, condition: Condition) -> str:
        """Such as `ExpireDate(432) or ExpireTime(126) when TimeInForce(59)=6`."""
        needed = " or ".join(f"{self.named(tag)}({tag})" for tag in condition.required)
        if not condition.when:
            return needed
        values = " or ".join(sorted(condition.values))
        return f"{needed} when {self.named(condition.when)}({condition.when})={values}"


def every_member(members: Sequence[Member]) -> Iterator[Member]:
    """The members and those of their groups, however deep."""
    for member in members:
        yield member
        yield from every_member(member.members)
