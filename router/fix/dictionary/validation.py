"""The judge of single messages: a specification under a session's rules.

The order of judgement is the standard's, and the first fault wins: structure, ApplVerID, MsgType,
required fields, then each field in the order of the wire: number, value, place, repetition,
format, enumeration, groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, repeat

from router.fix.codec import Message, decode
from router.fix.dictionary.faults import (
    APPL_VER_ID_INVALID,
    FORMAT_INCORRECT,
    GROUP_COUNT,
    GROUP_ORDER,
    MSG_TYPE_INVALID,
    NO_VALUE,
    OUT_OF_ORDER,
    REQUIRED_MISSING,
    TAG_INVALID,
    TAG_NOT_IN_MESSAGE,
    TAG_REPEATED,
    VALUE_INCORRECT,
    Fault,
)
from router.fix.dictionary.formats import FORMATS, Check, other_values
from router.fix.dictionary.shapes import Shapes
from router.fix.specification import Condition, Member, MessageType, Specification, every_member

USER_DEFINED_MIN = 5_000
"""The first tag that the standard leaves to its users."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a session's inbound messages are judged for, under QuickFIX's names."""

    validate_fields_out_of_order: bool = True
    """Header, body and trailer in this order."""
    validate_fields_have_values: bool = True
    """No tag without a value."""
    validate_user_defined_fields: bool = True
    """Tags from 5000 on are in the dictionary, and in its message."""
    allow_unknown_msg_fields: bool = False
    """Tags below 5000 need be neither."""
    check_group_order: bool = True
    """A group's fields stand in the order of the dictionary."""


DEFAULT = Rules()


_IN_HEADER, _IN_BODY, _IN_TRAILER = range(3)
_Case = tuple[str, frozenset[str], tuple[str, ...], Condition]


@dataclass(frozen=True, slots=True)
class _Group:
    """A repeating group: its members by rank in an entry."""

    delimiter: str
    ranks: Mapping[str, int]
    required: tuple[str, ...]
    groups: Mapping[str, _Group]


@dataclass(frozen=True, slots=True)
class _Body:
    """A message with header and trailer: what it must hold and may hold."""

    required: tuple[str, ...]
    plain: Mapping[str, Check]
    """Every tag that may stand in it and counts no group; true for a value that is surely sound."""
    groups: Mapping[str, _Group]
    everywhere: frozenset[str]
    """Every tag that may stand in it, in a group or not."""
    counts: frozenset[str]
    """Those that count a group."""
    served: bool
    """False: only header and trailer are judged."""


class Dictionary:
    """One version's messages. `validate` says what is wrong with one, if anything."""

    def __init__(self, spec: Specification, rules: Rules = DEFAULT) -> None:
        self.spec = spec
        self.rules = rules
        self._sections = {each.tag: _IN_TRAILER for each in every_member(spec.trailer)}
        self._sections |= {each.tag: _IN_HEADER for each in every_member(spec.header)}
        self._bodies: dict[str, _Body] = {}
        self._groups: dict[int, _Group] = {}
        """Made groups, by the identity of their members: components share them."""
        self._shapes = Shapes(spec.fields)
        self._conditions: dict[str, list[_Case]] = {}
        """By MsgType(35), taken apart: they are gone through for every order."""
        for each in spec.conditions:
            case = (each.when, each.values, each.required, each)
            self._conditions.setdefault(each.msg_type, []).append(case)

    def knows(self, msg_type: str) -> bool:
        """True if the version has the message, spoken or not."""
        return msg_type in self.spec.messages

    def conditional(self, message: Message) -> Condition | None:
        """The first field that the message lacks in its case: BusinessRejectReason(380) 5."""
        get = message.fields.get
        for when, values, required, condition in self._conditions.get(message.msg_type, ()):
            if when and get(when) not in values:
                continue
            for tag in required:
                if get(tag):
                    break
            else:
                return condition
        return None

    def decode(self, frame: bytes) -> Message:
        """What `codec.decode` makes of a frame; quicker if it is of a form that was found sound.

        Raises:
            CodecError: as `codec.decode` does.
        """
        message = self._shapes.read(frame)
        if message is None:
            return decode(frame)
        message.sound_for = self
        return message

    def validate(self, message: Message) -> Fault | None:
        """The first fault in the standard's order of judgement, or None."""
        return None if message.sound_for is self else self._judge(message)

    def _judge(self, message: Message) -> Fault | None:
        tags, values = message.tags, message.values
        fault = self._structure(tags) or self._version(message)
        if fault:
            return fault
        kind = self.spec.messages.get(message.msg_type)
        if kind is None:
            return Fault(MSG_TYPE_INVALID, "35")
        body = self._bodies.get(message.msg_type) or self._made_body(kind)
        for tag in body.required:
            if tag not in message.fields:
                return Fault(REQUIRED_MISSING, tag)
        if body.served and self._sound(body, message):
            fault = None
        else:
            fault = self._fields(body, tags, values)
        if fault is None and body.served:
            self._shapes.learn(message, body.counts)
        return fault

    def _structure(self, tags: Sequence[str]) -> Fault | None:
        """Header, body, trailer, in this order."""
        if not self.rules.validate_fields_out_of_order:
            return None
        sections = list(map(self._sections.get, tags, repeat(_IN_BODY)))
        if sections == sorted(sections):
            return None
        at = next(at for at, (one, next_) in enumerate(pairwise(sections)) if next_ < one)
        return Fault(OUT_OF_ORDER, tags[at + 1])

    def _version(self, message: Message) -> Fault | None:
        """An ApplVerID(1128) that this is not the dictionary of; what follows could not be said."""
        told = message.fields.get("1128") if self.spec.version.fixt else None
        if not told or told == self.spec.version.appl_ver_id:
            return None
        kind = self.spec.messages.get(message.msg_type)
        return None if kind and kind.admin else Fault(APPL_VER_ID_INVALID, "1128")

    def _sound(self, body: _Body, message: Message) -> bool:
        """True for a message without groups and faults, as most are.

        This only spares it the long way: of the others `_fields` says what is wrong, if anything.
        """
        fields, plain = message.fields, body.plain
        if len(fields) != len(message.tags) or not plain.keys() >= fields.keys():
            return False
        return all(value and plain[tag](value) for tag, value in fields.items())

    def _fields(self, body: _Body, tags: Sequence[str], values: Sequence[str]) -> Fault | None:
        seen: set[str] = set()
        index, size = 0, len(tags)
        while index < size:
            tag, value = tags[index], values[index]
            sound = body.plain.get(tag)
            if not (sound and value and tag not in seen and sound(value)):
                fault = self._field(body, tag, value, seen)
                if fault:
                    return fault
            seen.add(tag)
            index += 1
            group = body.groups.get(tag)
            if group:
                end = self._group(body, group, tags, values, index)
                if isinstance(end, Fault):
                    return end
                index = end
        return None

    def _field(self, body: _Body, tag: str, value: str, seen: set[str]) -> Fault | None:
        """What is wrong with a field where it stands, if anything."""
        placed = tag in body.plain or tag in body.groups
        if not placed and not body.served:
            return None
        tolerated = not placed and self._tolerated(tag)
        if not tolerated and tag not in self.spec.fields:
            return Fault(TAG_INVALID, tag)
        if not value and self.rules.validate_fields_have_values:
            return Fault(NO_VALUE, tag)
        if tolerated:
            return None
        if not placed:
            return Fault(TAG_NOT_IN_MESSAGE, tag)
        if tag in seen:
            return Fault(TAG_REPEATED, tag)
        return self._value(tag, value)

    def _tolerated(self, tag: str) -> bool:
        """True for a tag that may be unknown or out of its place."""
        if not tag.isdecimal() or tag[0] == "0":
            return False
        if int(tag) >= USER_DEFINED_MIN:
            return not self.rules.validate_user_defined_fields
        return self.rules.allow_unknown_msg_fields

    def _value(self, tag: str, value: str) -> Fault | None:
        """What is wrong with a value by itself."""
        if not value:
            return Fault(NO_VALUE, tag) if self.rules.validate_fields_have_values else None
        field = self.spec.fields[tag]
        check = FORMATS.get(field.type)
        if check and not check(value):
            return Fault(FORMAT_INCORRECT, tag)
        if not field.values or value in field.values:
            return None
        for each in value.split(" ") if field.multiple else (value,):
            if each not in field.values and not (field.others and other_values(field.others)(each)):
                return Fault(VALUE_INCORRECT, tag)
        return None

    def _group(
        self,
        body: _Body,
        group: _Group,
        tags: Sequence[str],
        values: Sequence[str],
        index: int,
    ) -> int | Fault:
        """Judge a group whose entries begin at `index`; return where the fields after it begin."""
        count_tag, count = tags[index - 1], _count(values[index - 1])
        ordered = self.rules.check_group_order
        delimiter = group.delimiter if ordered or index == len(tags) else tags[index]
        entries, rank = 0, -1
        seen: set[str] = set()
        while index < len(tags):
            tag = tags[index]
            here = group.ranks.get(tag)
            if here is None:
                if tag in body.everywhere or not self._tolerated(tag):
                    break
                index += 1
                continue
            fault = self._value(tag, values[index])
            if fault:
                return fault
            if tag == delimiter:
                missing = self._missing(group, seen) if entries else None
                if missing:
                    return missing
                entries += 1
                seen.clear()
            elif tag in seen:
                return Fault(TAG_REPEATED, tag)
            elif not entries or (ordered and here <= rank):
                return Fault(GROUP_ORDER, tag)
            rank = here
            seen.add(tag)
            index += 1
            inner = group.groups.get(tag)
            if inner:
                end = self._group(body, inner, tags, values, index)
                if isinstance(end, Fault):
                    return end
                index = end
        if entries != count:
            return Fault(GROUP_COUNT, count_tag)
        return (self._missing(group, seen) if entries else None) or index

    def _missing(self, group: _Group, seen: set[str]) -> Fault | None:
        for tag in group.required:
            if tag not in seen:
                return Fault(REQUIRED_MISSING, tag)
        return None

    # -- made when first needed ------------------------------------------------------------------

    def _made_body(self, kind: MessageType) -> _Body:
        spec = self.spec
        members = (*spec.header, *kind.members, *spec.trailer)
        body = self._bodies[kind.msg_type] = _Body(
            required=tuple(each.tag for each in (*spec.header, *kind.members) if each.required),
            plain={each.tag: self._check(each.tag) for each in members if not each.members},
            groups={each.tag: self._made_group(each) for each in members if each.members},
            everywhere=frozenset(each.tag for each in every_member(members)),
            counts=frozenset(each.tag for each in every_member(members) if each.members),
            served=kind.served,
        )
        return body

    def _check(self, tag: str) -> Check:
        field = self.spec.fields[tag]
        return field.values.__contains__ if field.values else FORMATS.get(field.type, bool)

    def _made_group(self, member: Member) -> _Group:
        group = self._groups.get(id(member.members))
        if group is None:
            group = self._groups[id(member.members)] = _Group(
                delimiter=member.members[0].tag,
                ranks={each.tag: rank for rank, each in enumerate(member.members)},
                required=tuple(each.tag for each in member.members if each.required),
                groups={
                    each.tag: self._made_group(each) for each in member.members if each.members
                },
            )
        return group


def _count(text: str) -> int:
    """A NumInGroup whose syntax is sound; an empty one counts nothing."""
    return int(text) if text else 0
