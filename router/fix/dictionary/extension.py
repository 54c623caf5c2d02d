"""What a session has beyond its FIX version, from the plain data of a YAML file.

    fields:
      "9730": {name: LiquidityFlag, type: CHAR, values: {A: ADDED, R: REMOVED}}
      "103": {values: {"100": CREDIT}}        # one more value of a field that is there
    messages:
      "8": {add: [9730], require: [60], optional: [6]}
      D: {groups: {"9800": {members: [9801, 9802], require: [9801]}}}
      U1: {name: StrategyUpdate, add: [11, 9730], require: [11]}
    header: {add: [9700]}

Knows nothing of files: whoever read one says its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import is_

from router.fix.codec import SOH
from router.fix.dictionary.formats import RAW, TYPES
from router.fix.specification import Condition, Field, Member, MessageType, Specification
from router.fix.specification.model import MULTIPLE_TYPES

TAG_DIGITS_MAX = 9
MEMBERS_MAX = 1_000
"""Tags in one list."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A new field, or what is new about one that is there."""

    tag: str
    name: str
    type: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class GroupChange:
    """A new group, or more members of one that is there."""

    members: tuple[str, ...]
    require: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlaceChange:
    """What is new about a message, the header or the trailer."""

    name: str = ""
    """Of a message that the version does not have."""
    add: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    groups: Mapping[str, GroupChange] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Additions:
    """Fields and places for them."""

    fields: Mapping[str, FieldChange]
    messages: Mapping[str, PlaceChange]
    header: PlaceChange
    trailer: PlaceChange

    def apply(self, spec: Specification) -> Specification:
        """The specification with what is new.

        Raises:
            ValueError: something that it does not fit; says where, and what is allowed.
        """
        fields = dict(spec.fields)
        for change in self.fields.values():
            fields[change.tag] = _field(fields.get(change.tag), change)
        _names_once(fields)
        messages = dict(spec.messages)
        conditions = spec.conditions
        for msg_type, place in self.messages.items():
            where = f"messages.{msg_type}"
            kind = messages.get(msg_type)
            if kind is None and not place.name:
                raise ValueError(f"{where}: {spec.version.name} has no such message: give its name")
            if kind is not None and not kind.served:
                raise ValueError(f"{where}: of {kind.name} only the name is known here")
            kind = kind or MessageType(msg_type, place.name, admin=False)
            members = _placed(kind.members, place, fields, where)
            messages[msg_type] = replace(kind, members=members)
            conditions = _without(conditions, msg_type, place.optional)
        return replace(
            spec,
            fields=fields,
            messages=messages,
            header=_placed(spec.header, self.header, fields, "header"),
            trailer=_placed(spec.trailer, self.trailer, fields, "trailer"),
            conditions=conditions,
        )


def _field(known: Field | None, change: FieldChange) -> Field:
    where = f"fields.{change.tag}"
    if known is None:
        if not (change.name and change.type):
            raise ValueError(f"{where}: a new field needs name and type")
        return Field(change.tag, change.name, change.type, change.values)
    if change.name and change.name != known.name:
        raise ValueError(f"{where}.name: {change.name!r}, but it is {known.name}")
    if change.type and change.type != known.type:
        return Field(known.tag, known.name, change.type, change.values)
    if change.values and not known.values:
        raise ValueError(f"{where}.values: any value is allowed already; give another type too")
    return replace(known, values={**known.values, **change.values})


def _names_once(fields: Mapping[str, Field]) -> None:
    names: dict[str, str] = {}
    for tag, each in fields.items():
        other = names.setdefault(each.name, tag)
        if other != tag:
            raise ValueError(f"fields.{tag}.name: {each.name!r} is the name of {other}")


def _without(
    conditions: Sequence[Condition], msg_type: str, optional: Sequence[str]
) -> tuple[Condition, ...]:
    """The conditions but those of a message that require what is optional now."""
    return tuple(
        each
        for each in conditions
        if each.msg_type != msg_type or set(optional).isdisjoint(each.required)
    )


def _placed(
    members: tuple[Member, ...], place: PlaceChange, fields: Mapping[str, Field], where: str
) -> tuple[Member, ...]:
    """The members of a place after a change."""
    for tag in (*place.add, *place.require, *place.optional):
        if tag not in fields:
            raise ValueError(f"{where}: no field {tag}: describe it under fields")
    found = {each.tag: each for each in members}
    found |= {tag: Member(tag) for tag in (*place.add, *place.require) if tag not in found}
    groups = _Groups(place.groups, fields, f"{where}.groups")
    found = {each.tag: groups.extended(each) for each in found.values()}
    for tag in groups.unplaced():
        found[tag] = groups.extended(Member(tag))
    groups.check()
    for tag in place.require:
        found[tag] = replace(found[tag], required=True)
    for tag in place.optional:
        if tag not in found:
            raise ValueError(f"{where}.optional: {tag} is not in it")
        found[tag] = replace(found[tag], required=False)
    return tuple(found.values())


class _Groups:
    """The groups of one place that get members: some are there, some are new."""

    def __init__(
        self, changes: Mapping[str, GroupChange], fields: Mapping[str, Field], where: str
    ) -> None:
        self._changes = changes
        self._where = where
        self._seen: set[str] = set()
        for count_tag, change in changes.items():
            for tag in (count_tag, *change.members):
                if tag not in fields:
                    raise ValueError(
                        f"{where}.{count_tag}: no field {tag}: describe it under fields"
                    )
            if fields[count_tag].type not in ("NUMINGROUP", "INT"):
                kind = fields[count_tag].type
                raise ValueError(f"{where}.{count_tag}: its type is {kind}, allowed: NUMINGROUP")

    def extended(self, member: Member, path: tuple[str, ...] = ()) -> Member:
        """A member, with what is new in its groups, however deep."""
        change = self._changes.get(member.tag)
        if member.tag in path:
            raise ValueError(f"{self._where}.{member.tag}: the group holds itself")
        if change is None and not member.members:
            return member
        self._seen.add(member.tag)
        inner = {each.tag: each for each in member.members}
        if change:
            inner |= {tag: Member(tag) for tag in change.members if tag not in inner}
            inner |= {tag: replace(inner[tag], required=True) for tag in change.require}
        within = (*path, member.tag)
        members = tuple(self.extended(each, within) for each in inner.values())
        same = len(members) == len(member.members) and all(map(is_, members, member.members))
        return member if same else replace(member, members=members)

    def unplaced(self) -> list[str]:
        """Counts of new groups that stand in no other group."""
        inner = {tag for change in self._changes.values() for tag in change.members}
        return [tag for tag in self._changes if tag not in self._seen and tag not in inner]

    def check(self) -> None:
        """Every group has found its place.

        Raises:
            ValueError: one has not, since groups hold each other in a circle.
        """
        for tag in self._changes.keys() - self._seen:
            raise ValueError(f"{self._where}.{tag}: the group holds itself")


# -- reading ---------------------------------------------------------------------------------------


def read_extension(data: object) -> Additions:
    """The extension of plain data, as a YAML file holds it.

    Raises:
        ValueError: says where, what is wrong, and what is allowed.
    """
    whole = _mapping(data, "", ("fields", "messages", "header", "trailer"))
    fields = _mapping(whole.get("fields"), "fields")
    messages = _mapping(whole.get("messages"), "messages")
    return Additions(
        fields={tag: _field_change(tag, each) for tag, each in fields.items()},
        messages={
            msg_type: _place(each, f"messages.{msg_type}", named=True)
            for msg_type, each in messages.items()
        },
        header=_place(whole.get("header"), "header", named=False),
        trailer=_place(whole.get("trailer"), "trailer", named=False),
    )


def _field_change(tag: str, data: object) -> FieldChange:
    where = f"fields.{tag}"
    _tag(tag, where)
    found = _mapping(data, where, ("name", "type", "values"))
    kind = _text(found.get("type", ""), f"{where}.type")
    if kind and kind not in TYPES - RAW:
        allowed = " ".join(sorted(TYPES - RAW))
        raise ValueError(f"{where}.type: {kind!r}, allowed: {allowed}")
    values = {
        value: _text(name, f"{where}.values.{value}")
        for value, name in _mapping(found.get("values"), f"{where}.values").items()
    }
    for value in values:
        if not value or SOH in value or (kind in MULTIPLE_TYPES and " " in value):
            raise ValueError(f"{where}.values: {value!r} cannot be a value")
    return FieldChange(tag, _text(found.get("name", ""), f"{where}.name"), kind, values)


def _place(data: object, where: str, *, named: bool) -> PlaceChange:
    keys = ("add", "require", "optional", "groups")
    found = _mapping(data, where, ("name", *keys) if named else keys)
    groups = {}
    for count_tag, each in _mapping(found.get("groups"), f"{where}.groups").items():
        at = f"{where}.groups.{count_tag}"
        _tag(count_tag, at)
        group = _mapping(each, at, ("members", "require"))
        members = _tags(group.get("members"), f"{at}.members")
        require = _tags(group.get("require"), f"{at}.require")
        if not members and not require:
            raise ValueError(f"{at}: no members")
        added = tuple(tag for tag in require if tag not in members)
        groups[count_tag] = GroupChange((*members, *added), require)
    return PlaceChange(
        name=_text(found.get("name", ""), f"{where}.name"),
        add=_tags(found.get("add"), f"{where}.add"),
        require=_tags(found.get("require"), f"{where}.require"),
        optional=_tags(found.get("optional"), f"{where}.optional"),
        groups=groups,
    )


def _mapping(data: object, where: str, allowed: Sequence[str] = ()) -> dict[str, object]:
    """A mapping, its keys as text; nothing is an empty one."""
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise ValueError(f"{where or 'the file'}: {data!r} is no mapping")
    found: dict[str, object] = {}
    for key, value in data.items():
        name = _text(key, where)
        if allowed and name not in allowed:
            raise ValueError(f"{where + '.' if where else ''}{name}: allowed: {' '.join(allowed)}")
        found[name] = value
    return found


def _tags(data: object, where: str) -> tuple[str, ...]:
    if data is None:
        return ()
    if not isinstance(data, list) or len(data) > MEMBERS_MAX:
        raise ValueError(f"{where}: {data!r} is no list of at most {MEMBERS_MAX} tags")
    tags = tuple(_tag(_text(each, where), where) for each in data)
    if len(set(tags)) < len(tags):
        raise ValueError(f"{where}: a tag comes twice")
    return tags


def _tag(text: str, where: str) -> str:
    plain = text.isascii() and text.isdigit() and text[0] != "0"
    if not plain or len(text) > TAG_DIGITS_MAX:
        raise ValueError(f"{where}: {text!r} is no tag, allowed: 1 to {10**TAG_DIGITS_MAX - 1}")
    return text


def _text(data: object, where: str) -> str:
    if isinstance(data, str) or (isinstance(data, int) and not isinstance(data, bool)):
        return str(data)
    raise ValueError(f"{where}: {data!r} is no text")
