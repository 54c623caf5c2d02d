"""A FIX message as a person reads it: names, meanings, groups as a tree, and what is wrong with it.

Owns reading bytes that may be broken. Knows nothing of screens; secrets are masked before anything
is handed out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from router.fix.codec import DATA_LENGTHS, CodecError, decode, time_value
from router.fix.dictionary import Dictionary, Member, Specification, dictionary
from router.fix.framing import checksum
from router.fix.redaction import RAW_DATA, SECRETS, redact
from router.fix.versions import FIX44, FIX50SP2, VERSIONS, Version, version

Pairs = Sequence[tuple[str, str]]

_FIRST = ("8", "9", "35")
_MSG_TYPE_TAGS = ("35", "372")
_TAG_TAGS = ("371",)
MASK = "***"
SECRET_TAGS = frozenset(tag.decode() for tag in (*SECRETS, RAW_DATA))


@dataclass(frozen=True, slots=True)
class Node:
    """One field; a group's entries stand below its NumInGroup."""

    tag: str
    name: str
    value: str
    meaning: str
    entries: tuple[tuple[Node, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A run of fields of the header, the body or the trailer, in the order of the wire."""

    name: str
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class View:
    """One message. Values and bytes are masked."""

    version: Version
    spec: Specification
    """What gave the names."""
    msg_type: str
    msg_name: str
    fields: Mapping[str, str]
    """The first value of each tag."""
    sections: tuple[Section, ...]
    problems: tuple[str, ...]
    garbled: bool
    """True if a session would ignore it: its bytes cannot be trusted."""
    frame: bytes


@dataclass(slots=True)
class Reader:
    """Reads messages one after the other, and keeps which version a pair of CompIDs speaks."""

    forced: Version | None = None
    """The version to read by, whatever BeginString(8) says."""
    dictionaries: Mapping[tuple[str, str], Dictionary] = field(default_factory=dict)
    """By SenderCompID(49) and TargetCompID(56): the dictionary of a configured session."""
    _spoken: dict[frozenset[str], Version] = field(default_factory=dict)
    _judges: dict[Version, Dictionary] = field(default_factory=dict)

    def read(self, frame: bytes) -> View:
        """A message of any soundness."""
        pairs, faults = split(frame)
        first = dict(reversed(pairs))
        spoken, unknown = self._version(first)
        judge = self._judge(spoken, first)
        spec = judge.spec
        faults += _structure_faults(pairs)
        garbled = [*faults, *([] if faults else _sum_faults(frame, pairs))]
        problems = [*garbled, *unknown]
        if not faults:
            problems += _faults(judge, frame)
        hidden = redact(frame)
        shown = pairs if hidden == frame else _shown(split(hidden)[0], pairs)
        msg_type = first.get("35", "")
        return View(
            version=spoken,
            spec=spec,
            msg_type=msg_type,
            msg_name=spec.messages[msg_type].name if msg_type in spec.messages else "",
            fields=dict(reversed(shown)),
            sections=tuple(_sections(spec, msg_type, shown)),
            problems=tuple(problems),
            garbled=bool(garbled),
            frame=hidden,
        )

    def _judge(self, spoken: Version, first: Mapping[str, str]) -> Dictionary:
        sender, target = first.get("49", ""), first.get("56", "")
        if self.forced is None and (sender, target) in self.dictionaries:
            return self.dictionaries[sender, target]
        if spoken not in self._judges:
            self._judges[spoken] = dictionary(spoken)
        return self._judges[spoken]

    def _version(self, first: Mapping[str, str]) -> tuple[Version, list[str]]:
        """By BeginString(8), for FIXT.1.1 by 1128, else by the Logon's 1137."""
        if self.forced is not None:
            return self.forced, []
        begin = first.get("8", "")
        pair = frozenset((first.get("49", ""), first.get("56", "")))
        stated = first.get("1128") or first.get("1137", "")
        try:
            found = version(begin, stated)
        except ValueError:
            if begin == FIX50SP2.begin_string and not stated:
                return self._spoken.get(pair, FIX50SP2), []
            nearest = FIX50SP2 if begin == FIX50SP2.begin_string else FIX44
            what = f"{begin} with ApplVerID {stated}" if stated else begin or "no BeginString(8)"
            allowed = ", ".join(each.name for each in VERSIONS)
            return nearest, [f"{what}: read as {nearest.name}; there are: {allowed}"]
        if first.get("35") == "A":
            self._spoken[pair] = found
        return found, []


# -- bytes ---------------------------------------------------------------------------------------


def split(frame: bytes) -> tuple[list[tuple[str, str]], list[str]]:
    """Tags and values as far as they can be read, and what could not be."""
    text = frame.decode("latin-1")
    pairs: list[tuple[str, str]] = []
    faults: list[str] = []
    at = 0
    while at < len(text):
        end = text.find("\x01", at)
        end = len(text) if end < 0 else end
        tag, equals, value = text[at:end].partition("=")
        if not equals:
            faults.append(f"a field without '=': {tag[:40]!r}")
        elif not tag.removeprefix("-").isdecimal():
            faults.append(f"a tag that is not a number: {tag[:40]!r}")
        length = pairs[-1][1] if pairs and DATA_LENGTHS.get(pairs[-1][0]) == tag else ""
        if length.isdecimal() and len(length) < 10:
            data_end = at + len(tag) + 1 + int(length)
            if text[data_end : data_end + 1] == "\x01":
                end, value = data_end, text[at + len(tag) + 1 : data_end]
            else:
                faults.append(f"{pairs[-1][0]}={length}: {tag} is not so long")
        pairs.append((tag, value))
        at = end + 1
    return pairs, faults


def _structure_faults(pairs: Pairs) -> Iterator[str]:
    """BeginString(8), BodyLength(9), MsgType(35) first, CheckSum(10) last."""
    first = tuple(tag for tag, _ in pairs[:3])
    if first != _FIRST:
        yield f"begins with {' '.join(first)}, not with 8 9 35"
    if not pairs or pairs[-1][0] != "10":
        yield "does not end with CheckSum(10): cut short?"


def _sum_faults(frame: bytes, pairs: Pairs) -> Iterator[str]:
    """BodyLength(9) and CheckSum(10) of a message that has both in their places."""
    trailer = frame.rfind(b"\x0110=") + 1
    length = trailer - frame.find(b"\x0135=") - 1
    if pairs[1][1] != str(length):
        yield f"BodyLength(9) is {pairs[1][1]}, counted {length}"
    total = f"{checksum(frame[:trailer]):03d}"
    if pairs[-1][1] != total:
        yield f"CheckSum(10) is {pairs[-1][1]}, counted {total}"


def _shown(hidden: Pairs, pairs: Pairs) -> list[tuple[str, str]]:
    """Redacted fields: nothing tells how long a secret is, and CheckSum(10) is as it was."""
    shown = [
        (tag, MASK if value and set(value) == {"*"} and tag in SECRET_TAGS else value)
        for tag, value in hidden
    ]
    return [*shown[:-1], pairs[-1]] if pairs[-1][0] == "10" else shown


def _faults(judge: Dictionary, frame: bytes) -> Iterator[str]:
    """What the dictionary says: its first fault, what is required here, unknown tags."""
    try:
        message = decode(frame)
    except CodecError as error:
        if error.message is None:
            yield str(error)
            return
        message = error.message
    spec = judge.spec
    fault = judge.validate(message)
    if fault is not None:
        yield (
            f"SessionRejectReason(373) {fault.reason}: {fault.text}: {_called(spec, fault.ref_tag)}"
        )
    else:
        condition = judge.conditional(message)
        if condition is not None:
            yield (
                "BusinessRejectReason(380) 5: Conditionally required field missing: "
                f"{spec.condition_text(condition)}"
            )
    for tag in dict.fromkeys(message.tags):
        if not spec.named(tag) and not (fault is not None and fault.ref_tag == tag):
            yield f"tag {tag} is not in {spec.version.name}"


def _called(spec: Specification, tag: str) -> str:
    name = spec.named(tag)
    return f"{name}({tag})" if name else f"tag {tag}"


# -- the tree ------------------------------------------------------------------------------------


def _sections(spec: Specification, msg_type: str, pairs: Pairs) -> Iterator[Section]:
    """The fields in the order of the wire; a new section wherever the kind of field changes."""
    kind = spec.messages.get(msg_type)
    members = {
        "header": {each.tag: each for each in spec.header},
        "body": {each.tag: each for each in kind.members} if kind is not None else {},
        "trailer": {each.tag: each for each in spec.trailer},
    }
    at, name = 0, ""
    nodes: list[Node] = []
    while at < len(pairs):
        tag = pairs[at][0]
        here = next((part for part in ("header", "trailer") if tag in members[part]), "body")
        if here != name and nodes:
            yield Section(name, tuple(nodes))
            nodes = []
        name = here
        node, at = _node(spec, members[here].get(tag), pairs, at)
        nodes.append(node)
    if nodes:
        yield Section(name, tuple(nodes))


def _node(spec: Specification, member: Member | None, pairs: Pairs, at: int) -> tuple[Node, int]:
    """The field at `at` with the entries below it; and where the next one stands."""
    tag, value = pairs[at]
    at += 1
    entries: list[tuple[Node, ...]] = []
    if member is not None and member.members and at < len(pairs):
        inner = {each.tag: each for each in member.members}
        delimiter = pairs[at][0]
        entry: list[Node] = []
        while at < len(pairs) and pairs[at][0] in inner:
            if pairs[at][0] == delimiter and entry:
                entries.append(tuple(entry))
                entry = []
            node, at = _node(spec, inner[pairs[at][0]], pairs, at)
            entry.append(node)
        if entry:
            entries.append(tuple(entry))
    return Node(tag, spec.named(tag), value, meaning(spec, tag, value), tuple(entries)), at


def meaning(spec: Specification, tag: str, value: str) -> str:
    """What a value says: an enumeration's name, a message's, a tag's, a time as it is read."""
    if tag in _MSG_TYPE_TAGS:
        return spec.messages[value].name if value in spec.messages else ""
    if tag in _TAG_TAGS:
        return spec.named(value)
    known = spec.fields.get(tag)
    if known is None:
        return ""
    if known.type == "UTCTIMESTAMP":
        return time_words(value)
    if value in known.values:
        return known.values[value]
    if known.multiple and known.values:
        return ", ".join(known.values.get(each, "?") for each in value.split(" "))
    return ""


def time_words(text: str) -> str:
    """A UTCTimestamp with a date that is read at a glance; empty if it is none."""
    try:
        time_value(text)
    except ValueError:
        return ""
    return f"{text[:4]}-{text[4:6]}-{text[6:8]} {text[9:]} UTC"
