"""Reads the data files of the versions: one line an entry, an indented line goes on with it.

    [fields]      tag name type value=NAME... [|what else is allowed]
    [components]  name: members
    [messages]    MsgType admin|app name: members    (without members: the name only)
    [conditions]  MsgType...: tag[|tag] [if tag=value,value]

A member is a tag, `tag(members)` for a repeating group, or `&Component`; `!` behind it, before a
group's parenthesis, makes it required. A required field of a component is required where the
component is. Lines that begin with `#` are notes: sources, and why the data differs from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from router.fix.specification.model import Condition, Field, Member, MessageType

HEADER, TRAILER = "StandardHeader", "StandardTrailer"


@dataclass(slots=True)
class Tables:
    """What one data file holds."""

    fields: dict[str, Field] = field(default_factory=dict)
    messages: dict[str, MessageType] = field(default_factory=dict)
    header: tuple[Member, ...] = ()
    trailer: tuple[Member, ...] = ()
    conditions: list[Condition] = field(default_factory=list)


def read_tables(text: str) -> Tables:
    """The tables of a data file.

    Raises:
        ValueError: a line that cannot be read; it is quoted.
    """
    return _Reader(text).tables


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """Section and entry, continuation lines joined."""
    section = entry = ""
    for line in text.splitlines():
        if line.startswith(" "):
            entry += line[1:]
            continue
        if entry:
            yield section, entry
        entry = ""
        if line.startswith("["):
            section = line
        elif not line.startswith("#"):
            entry = line
    if entry:
        yield section, entry


class _Reader:
    def __init__(self, text: str) -> None:
        self.tables = Tables()
        self._components: dict[str, list[str]] = {}
        self._blocks: dict[str, tuple[tuple[Member, ...], tuple[Member, ...]]] = {}
        """By component, its members where it is required and where it is not."""
        take = {
            "[fields]": self._field,
            "[components]": self._component,
            "[messages]": self._message,
            "[conditions]": self._condition,
        }
        for section, entry in _entries(text):
            try:
                take[section](entry)
            except (KeyError, ValueError, IndexError) as error:
                raise ValueError(f"{section or 'no section'}: {error!r} in {entry!r}") from None
        if HEADER in self._components:
            self.tables.header = self._block(HEADER, required=True)
            self.tables.trailer = self._block(TRAILER, required=True)

    def _field(self, entry: str) -> None:
        tag, name, kind, *pairs = entry.split()
        others = pairs.pop()[1:] if pairs and pairs[-1].startswith("|") else ""
        values = {value: label for value, _, label in (each.partition("=") for each in pairs)}
        if "" in values or "" in values.values() or tag in self.tables.fields:
            raise ValueError("a value without a name, or a tag that comes twice")
        self.tables.fields[tag] = Field(tag, name, kind, values, others)

    def _component(self, entry: str) -> None:
        name, _, members = entry.partition(":")
        self._components[name] = _words(members)

    def _message(self, entry: str) -> None:
        head, colon, members = entry.partition(":")
        msg_type, category, name = head.split()
        if category not in ("admin", "app"):
            raise ValueError(f"{category!r} is neither admin nor app")
        self.tables.messages[msg_type] = MessageType(
            msg_type=msg_type,
            name=name,
            admin=category == "admin",
            members=self._members(_words(members), required=True),
            served=bool(colon),
        )

    def _condition(self, entry: str) -> None:
        msg_types, _, rule = entry.partition(":")
        needed, _, case = rule.partition(" if ")
        when, _, values = case.strip().partition("=")
        for msg_type in msg_types.split():
            self.tables.conditions.append(
                Condition(
                    msg_type=msg_type,
                    required=tuple(needed.strip().split("|")),
                    when=when,
                    values=frozenset(values.split(",")) if when else frozenset(),
                )
            )

    def _block(self, name: str, *, required: bool) -> tuple[Member, ...]:
        """A component's members; where it is not required, neither is any of them."""
        if name not in self._blocks:
            whole = self._members(self._components[name], required=True)
            relaxed = tuple(
                Member(member.tag, False, member.members) if member.required else member
                for member in whole
            )
            self._blocks[name] = (whole, relaxed)
        return self._blocks[name][0 if required else 1]

    def _members(self, words: Sequence[str], *, required: bool) -> tuple[Member, ...]:
        """The members of words; of those in brackets, the entries of a group."""
        found: list[Member] = []
        index = 0
        while index < len(words):
            word = words[index]
            index += 1
            must = required and word.endswith("!")
            name = word.rstrip("!")
            if name.startswith("&"):
                found += self._block(name[1:], required=must)
            elif words[index : index + 1] == ["("]:
                end = _closing(words, index)
                inner = self._members(words[index + 1 : end], required=True)
                found.append(Member(name, must, inner))
                index = end + 1
            else:
                found.append(self._plain(name, must))
        return tuple(found)

    def _plain(self, tag: str, required: bool) -> Member:
        if not tag.isdigit():
            raise ValueError(f"{tag!r} is no tag")
        return _PLAIN.setdefault((tag, required), Member(tag, required))


_PLAIN: dict[tuple[str, bool], Member] = {}
"""Members that are no groups are the same everywhere."""


def _words(text: str) -> list[str]:
    return text.replace("(", " ( ").replace(")", " ) ").split()


def _closing(words: Sequence[str], index: int) -> int:
    """Where the bracket that opens at `index` is closed."""
    depth = 0
    for at in range(index, len(words)):
        depth += (words[at] == "(") - (words[at] == ")")
        if not depth:
            return at
    raise ValueError("a group that is not closed")
