"""Whether a message is what its FIX version says it must be, and if not, how the fault is called.

A `Dictionary` is built from tables (`fix44`); another version is another set of tables. It judges
single messages; what needs a session's memory (numbers, CompIDs, times) is the session's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType

from router.fix import fix44
from router.fix.codec import Message, time_value

TAG_INVALID = 0
REQUIRED_MISSING = 1
TAG_NOT_IN_MESSAGE = 2
NO_VALUE = 4
VALUE_INCORRECT = 5
FORMAT_INCORRECT = 6
MSG_TYPE_INVALID = 11
TAG_REPEATED = 13
OUT_OF_ORDER = 14
GROUP_ORDER = 15
GROUP_COUNT = 16

REASONS = {
    TAG_INVALID: "Invalid tag number",
    REQUIRED_MISSING: "Required tag missing",
    TAG_NOT_IN_MESSAGE: "Tag not defined for this message type",
    NO_VALUE: "Tag specified without a value",
    VALUE_INCORRECT: "Value is incorrect (out of range) for this tag",
    FORMAT_INCORRECT: "Incorrect data format for value",
    9: "CompID problem",
    10: "SendingTime accuracy problem",
    MSG_TYPE_INVALID: "Invalid MsgType",
    TAG_REPEATED: "Tag appears more than once",
    OUT_OF_ORDER: "Tag specified out of required order",
    GROUP_ORDER: "Repeating group fields out of order",
    GROUP_COUNT: "Incorrect NumInGroup count for repeating group",
}
"""SessionRejectReason(373) that we send, with its Text(58)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a message is refused: SessionRejectReason(373), RefTagID(371), Text(58)."""

    reason: int
    ref_tag: str

    @property
    def text(self) -> str:
        """The standard's words for the reason."""
        return REASONS[self.reason]


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """A repeating group: its members by rank in an entry, the delimiter first."""

    delimiter: str
    ranks: Mapping[str, int]
    required: tuple[str, ...]
    groups: Mapping[str, GroupSpec]


@dataclass(frozen=True, slots=True)
class MessageSpec:
    """A message's body: what it must hold and may hold."""

    required: tuple[str, ...]
    allowed: frozenset[str]
    groups: Mapping[str, GroupSpec]


def _matcher(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern, re.ASCII | re.DOTALL).fullmatch


def _is_timestamp(text: str) -> bool:
    try:
        time_value(text)
    except ValueError:
        return False
    return True


def _is_date(text: str) -> bool:
    return len(text) == 8 and _is_timestamp(f"{text}-00:00:00")


def _is_time(text: str) -> bool:
    return _is_timestamp(f"20000101-{text}")


_FLOAT = _matcher(r"-?(\d{1,24}(\.\d{0,24})?|\.\d{1,24})")
_DIGITS = _matcher(r"\d{1,18}")
FORMATS: dict[str, Callable[[str], object]] = {
    "AMT": _FLOAT,
    "BOOLEAN": _matcher(r"[YN]"),
    "CHAR": _matcher(r"[^\x01]"),
    "FLOAT": _FLOAT,
    "INT": _matcher(r"-?\d{1,18}"),
    "LENGTH": _DIGITS,
    "LOCALMKTDATE": _is_date,
    "MONTHYEAR": _matcher(r"\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01]|w[1-5])?"),
    "NUMINGROUP": _DIGITS,
    "PERCENTAGE": _FLOAT,
    "PRICE": _FLOAT,
    "PRICEOFFSET": _FLOAT,
    "QTY": _FLOAT,
    "SEQNUM": _DIGITS,
    "UTCDATEONLY": _is_date,
    "UTCTIMEONLY": _is_time,
    "UTCTIMESTAMP": _is_timestamp,
}
"""Data types with a syntax of their own; the others take any text."""


@dataclass(slots=True)
class Dictionary:
    """One version's messages. `validate` says what is wrong with one, if anything."""

    begin_string: str
    header: tuple[str, ...]
    header_required: tuple[str, ...]
    trailer: tuple[str, ...]
    messages: Mapping[str, MessageSpec]
    others: frozenset[str]
    """MsgTypes that exist and are not spoken: only their structure and header are judged."""
    formats: Mapping[str, Callable[[str], object] | None]
    """Every tag there is, with its syntax."""
    values: Mapping[str, frozenset[str]]
    multiple: frozenset[str]
    """Tags whose value is several values with a space between them."""
    header_groups: Mapping[str, GroupSpec]
    _header: frozenset[str] = field(init=False)
    _trailer: frozenset[str] = field(init=False)
    _plain: Mapping[str, frozenset[str]] = field(init=False)
    """By MsgType, every tag that may stand in it and begins no group."""
    _checks: Mapping[str, Callable[[str], object]] = field(init=False)
    """True for a value that is surely sound: an enumerated one, or one of the right syntax."""

    def __post_init__(self) -> None:
        self._header = frozenset(self.header) | {
            tag for group in self.header_groups.values() for tag in group.ranks
        }
        self._trailer = frozenset(self.trailer)
        frame = self._header | self._trailer
        self._plain = {
            msg_type: (spec.allowed | frame) - spec.groups.keys() - self.header_groups.keys()
            for msg_type, spec in self.messages.items()
        }
        self._checks = {
            tag: self.values[tag].__contains__ if tag in self.values else check or bool
            for tag, check in self.formats.items()
        }

    @classmethod
    def load(cls, begin_string: str, tables: ModuleType) -> Dictionary:
        """Build from a module of tables shaped like `fix44`."""
        return _Loader(tables).dictionary(begin_string)

    def knows(self, msg_type: str) -> bool:
        """True if the version has the message, spoken or not."""
        return msg_type in self.messages or msg_type in self.others

    def validate(self, message: Message) -> Fault | None:
        """The first fault in the standard's order of judgement, or None.

        Structure, MsgType, required fields, then each field in the order of the wire: number,
        value, place, repetition, format, enumeration, groups.
        """
        tags = message.tags
        fault = self._structure(tags)
        if fault:
            return fault
        spec = self.messages.get(message.msg_type)
        if spec is None:
            known = message.msg_type in self.others
            return self._required((), message) if known else Fault(MSG_TYPE_INVALID, "35")
        fault = self._required(spec.required, message)
        if fault or self._sound(message, tags):
            return fault
        return self._fields(spec, tags, message.values)

    def _structure(self, tags: Sequence[str]) -> Fault | None:
        """Header, body, trailer, in this order."""
        section = 0
        for tag in tags:
            here = 0 if tag in self._header else 2 if tag in self._trailer else 1
            if here < section:
                return Fault(OUT_OF_ORDER, tag)
            section = here
        return None

    def _required(self, body: Sequence[str], message: Message) -> Fault | None:
        fields = message.fields
        for tag in (*self.header_required, *body):
            if tag not in fields:
                return Fault(REQUIRED_MISSING, tag)
        return None

    def _sound(self, message: Message, tags: Sequence[str]) -> bool:
        """True for a message without groups and faults, as nearly every one is.

        This only spares it the long way: of the others `_fields` says what is wrong, if anything.
        """
        fields, checks = message.fields, self._checks
        if len(fields) != len(tags) or not self._plain[message.msg_type].issuperset(fields):
            return False
        return all(value and checks[tag](value) for tag, value in fields.items())

    def _fields(
        self, spec: MessageSpec, tags: Sequence[str], values: Sequence[str]
    ) -> Fault | None:
        seen: set[str] = set()
        index, size = 0, len(tags)
        while index < size:
            tag, value = tags[index], values[index]
            fault = self._field(tag, value)
            if fault and fault.reason in (TAG_INVALID, NO_VALUE):
                return fault
            if not (tag in spec.allowed or tag in self._header or tag in self._trailer):
                return Fault(TAG_NOT_IN_MESSAGE, tag)
            if tag in seen:
                return Fault(TAG_REPEATED, tag)
            if fault:
                return fault
            seen.add(tag)
            index += 1
            group = spec.groups.get(tag) or self.header_groups.get(tag)
            if group:
                end = self._group(group, tag, int(value), tags, values, index)
                if isinstance(end, Fault):
                    return end
                index = end
        return None

    def _field(self, tag: str, value: str) -> Fault | None:
        """What is wrong with a field by itself."""
        if tag not in self.formats:
            return Fault(TAG_INVALID, tag)
        if not value:
            return Fault(NO_VALUE, tag)
        check = self.formats[tag]
        if check and not check(value):
            return Fault(FORMAT_INCORRECT, tag)
        allowed = self.values.get(tag)
        if allowed and value not in allowed:
            several = value.split(" ") if tag in self.multiple else ()
            if not several or not allowed.issuperset(several):
                return Fault(VALUE_INCORRECT, tag)
        return None

    def _group(
        self,
        spec: GroupSpec,
        count_tag: str,
        count: int,
        tags: Sequence[str],
        values: Sequence[str],
        index: int,
    ) -> int | Fault:
        """Judge a group's entries from `index`; return where the fields after them begin."""
        entries = 0
        rank = -1
        seen: set[str] = set()
        while index < len(tags):
            tag = tags[index]
            here = spec.ranks.get(tag)
            if here is None:
                break
            fault = self._field(tag, values[index])
            if fault:
                return fault
            if here == 0:
                missing = self._missing(spec, seen) if entries else None
                if missing:
                    return missing
                entries += 1
                seen = set()
            elif here <= rank or not entries:
                return Fault(TAG_REPEATED if tag in seen else GROUP_ORDER, tag)
            rank = here
            seen.add(tag)
            index += 1
            inner = spec.groups.get(tag)
            if inner:
                end = self._group(inner, tag, int(values[index - 1]), tags, values, index)
                if isinstance(end, Fault):
                    return end
                index = end
        if entries != count:
            return Fault(GROUP_COUNT, count_tag)
        return (self._missing(spec, seen) if entries else None) or index

    def _missing(self, spec: GroupSpec, seen: set[str]) -> Fault | None:
        for tag in spec.required:
            if tag not in seen:
                return Fault(REQUIRED_MISSING, tag)
        return None


class _Loader:
    """Reads the tables of one version."""

    def __init__(self, tables: ModuleType) -> None:
        self._tables = tables
        self._blocks = fix44.block_table(tables.BLOCKS)
        self._groups = fix44.block_table(tables.GROUPS)

    def dictionary(self, begin_string: str) -> Dictionary:
        """The dictionary that the tables describe."""
        tables = self._tables
        types = fix44.block_table(tables.TYPES)
        header = self._flat(tables.HEADER.split(), required=True)
        return Dictionary(
            begin_string=begin_string,
            header=tuple(tag for tag, _ in header),
            header_required=tuple(tag for tag, required in header if required),
            trailer=tuple(tag for tag, _ in self._flat(tables.TRAILER.split(), required=True)),
            messages={
                msg_type: self._message(msg_type, words)
                for msg_type, words in fix44.block_table(tables.MESSAGES).items()
            },
            others=frozenset(tables.OTHERS.split()),
            formats={tag: FORMATS.get(kind) for kind, tags in types.items() for tag in tags},
            values={tag: frozenset(v) for tag, v in fix44.block_table(tables.VALUES).items()},
            multiple=frozenset(types["MULTIPLEVALUESTRING"]),
            header_groups=self._inner(header, ""),
        )

    def _message(self, msg_type: str, words: Sequence[str]) -> MessageSpec:
        flat = self._flat(words, required=True)
        return MessageSpec(
            required=tuple(tag for tag, required in flat if required),
            allowed=frozenset(tag for tag, _ in flat),
            groups=self._inner(flat, msg_type),
        )

    def _flat(self, words: Sequence[str], *, required: bool) -> list[tuple[str, bool]]:
        """Tags in order, blocks unfolded; a field of a block is required only if its block is."""
        flat: list[tuple[str, bool]] = []
        for word in words:
            name = word.rstrip("!")
            must = required and word.endswith("!")
            if name.startswith("&"):
                flat += self._flat(self._blocks[name[1:]], required=must)
            else:
                flat.append((name, must))
        return flat

    def _inner(self, flat: Sequence[tuple[str, bool]], msg_type: str) -> dict[str, GroupSpec]:
        return {tag: self._group(tag, msg_type) for tag, _ in flat if tag in self._groups}

    def _group(self, count_tag: str, msg_type: str) -> GroupSpec:
        words = self._groups.get(f"{count_tag}@{msg_type}", self._groups[count_tag])
        flat = self._flat(words, required=True)
        return GroupSpec(
            delimiter=flat[0][0],
            ranks={tag: rank for rank, (tag, _) in enumerate(flat)},
            required=tuple(tag for tag, required in flat if required),
            groups=self._inner(flat, msg_type),
        )


FIX44 = Dictionary.load("FIX.4.4", fix44)
"""FIX.4.4, the messages of `fix44`."""
