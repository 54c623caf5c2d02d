"""The tables of a rules-of-engagement document: messages, fields, values, refusals, algos.

Owns how the dictionary and what we read and write become rows. Knows no configuration.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from router.cli.engagement.codes import CODES
from router.cli.engagement.fields import EXAMPLES, HEADER, Spoken
from router.fix import characteristics
from router.fix.codec import CodecError, decode
from router.fix.dialects import Dialect
from router.fix.dictionary import REASONS, Specification
from router.fix.from_oms import ORD_TYPES, SIDES, TIFS
from router.fix.specification import Member, every_member
from router.model import ExecType, OrdStatus
from router.plugin import Plugin

VALUES_MAX = 12
"""Values of an enumeration that a table lists; above it the dictionary has them."""
TAKEN: Mapping[str, tuple[str, ...]] = {
    **characteristics.TAKEN,
    "114": ("N",),
    "54": tuple(SIDES),
    "40": tuple(ORD_TYPES),
    "59": tuple(TIFS),
    "585": ("1", "7"),
    "530": ("1", "7"),
    "98": ("0",),
    "434": ("1", "2"),
    "531": ("0", "1", "7"),
    "532": ("0", "1"),
}
"""Of these fields we take or send only some values."""
SENT: Mapping[str, tuple[str, ...]] = {"378": ("4",)}
"""Of these we send only some values, and take all."""
TOLD_EXEC_TYPES = tuple(
    each for each in ExecType if each not in (ExecType.STOPPED, ExecType.PENDING_NEW)
)
TOLD_ORD_STATUSES = tuple(
    each for each in OrdStatus if each not in (OrdStatus.STOPPED, OrdStatus.PENDING_NEW)
)

Rows = list[list[str]]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A Markdown table."""
    yield f"| {' | '.join(header)} |"
    yield f"|{'|'.join('---' for _ in header)}|"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


@dataclass(frozen=True, slots=True)
class Fields:
    """Makes the field table of each message of one session."""

    spec: Specification
    dialect: Dialect
    notes: Mapping[str, str]
    frames: Sequence[bytes]
    """Real messages of the session: where examples come from."""
    ours: bool
    """True on the OMS's side, where we judge values and write reports."""

    def rows(self, spoken: Spoken) -> Rows:
        """The body: tag, name, required, values, meaning, example."""
        message = self.spec.messages[spoken.msg_type]
        every = {each.tag: each for each in every_member(message.members)}
        groups = _inside(message.members)
        required = [each.tag for each in message.members if each.required and not each.members]
        tags = [tag for tag in dict.fromkeys((*spoken.tags, *required)) if tag in every]
        return [
            [
                tag,
                ("in its group: " if tag in groups else "") + self.spec.named(tag),
                self._required(spoken.msg_type, every[tag]),
                self._values(tag, inbound=spoken.inbound),
                self.notes.get(tag, ""),
                self._example(spoken.msg_type, tag),
            ]
            for tag in tags
        ]

    def header(self) -> Rows:
        """The header: tag, name, required, meaning, example."""
        members = {each.tag: each for each in self.spec.header}
        return [
            [
                tag,
                self.spec.named(tag),
                "yes" if members[tag].required else "",
                self.notes.get(tag, ""),
                self._example("", tag),
            ]
            for tag in HEADER
            if tag in members
        ]

    def _required(self, msg_type: str, member: Member) -> str:
        """By the dictionary, or by us in a case."""
        if member.required:
            return "yes"
        for each in self.spec.conditions:
            if each.msg_type == msg_type and member.tag in each.required and self.ours:
                others = [tag for tag in each.required if tag != member.tag]
                if any(self._plainly(msg_type, tag) for tag in others):
                    return ""
                when = f"if {each.when}={' or '.join(sorted(each.values))}" if each.when else ""
                if not others:
                    return when or "yes"
                return f"one of {', '.join(sorted(each.required, key=int))} {when}".rstrip()
        return ""

    def _plainly(self, msg_type: str, tag: str) -> bool:
        """True if the dictionary requires it, whatever the case."""
        members = self.spec.messages[msg_type].members
        return any(each.tag == tag and each.required for each in members)

    def _values(self, tag: str, *, inbound: bool) -> str:
        known = self.spec.fields[tag]
        taken = self._taken(tag, inbound=inbound)
        if taken is not None:
            spoken = [value for value in taken if value in known.values or not known.values]
            return ", ".join(_named(value, known.values) for value in spoken)
        if known.values and len(known.values) <= VALUES_MAX:
            return ", ".join(_named(value, known.values) for value in known.values)
        return known.type

    def _taken(self, tag: str, *, inbound: bool) -> Sequence[str] | None:
        """The values that we take or send, where they are fewer than the dictionary's."""
        dialect = self.dialect
        if not self.ours:
            return None
        if tag in TAKEN:
            return TAKEN[tag]
        if inbound:
            return None
        if tag in SENT:
            return SENT[tag]
        if tag in ("150", "39", "20"):
            return _kinds(dialect, tag)
        if tag == "103":
            return _reasons(dialect.ord_rej_reasons.told(each.ord_rej_reason) for each in CODES)
        if tag == "102":
            return _reasons(dialect.cxl_rej_reasons.told(each.cxl_rej_reason) for each in CODES)
        if tag == "380":
            told = dialect.business_reject_reasons.told
            return _reasons(told(each.business_reject_reason) for each in CODES)
        return None

    def _example(self, msg_type: str, tag: str) -> str:
        for frame in self.frames:
            message = _decoded(frame)
            if message is None or msg_type not in ("", message[0]):
                continue
            value = message[1].get(tag)
            if value:
                return f"`{value}`"
        return f"`{EXAMPLES[tag]}`" if tag in EXAMPLES else ""


_Message = tuple[str, Mapping[str, str]]


def _decoded(frame: bytes) -> _Message | None:
    try:
        message = decode(frame)
    except CodecError:
        return None
    return message.msg_type, message.fields


def _inside(members: Sequence[Member]) -> frozenset[str]:
    """Tags that stand in groups only."""
    outside = {each.tag for each in members}
    return frozenset(each.tag for each in every_member(members)) - outside


def _named(value: str, names: Mapping[str, str]) -> str:
    name = names.get(value, "").replace("_", " ").lower()
    return f"`{value}` {name}".rstrip()


def _reasons(codes: Iterable[str]) -> list[str]:
    return sorted({code for code in codes if code}, key=int)


def _kinds(dialect: Dialect, tag: str) -> list[str]:
    """The values of ExecType(150), OrdStatus(39) or ExecTransType(20) that our reports have."""
    found: dict[str, None] = {}
    for exec_type in TOLD_EXEC_TYPES:
        for status in TOLD_ORD_STATUSES:
            for complete in (False, True):
                text = dialect.kinds[exec_type, status, complete]
                fields = dict(each.split("=") for each in text.split("\x01") if each)
                if tag in fields:
                    found[fields[tag]] = None
    return sorted(found)


# -- refusals ------------------------------------------------------------------------------------


def code_rows(dialect: Dialect) -> Rows:
    """Every code that begins a Text(58), with the reasons of a version."""
    return [
        [
            f"`{each.name}`",
            each.when,
            dialect.ord_rej_reasons.told(each.ord_rej_reason),
            dialect.cxl_rej_reasons.told(each.cxl_rej_reason),
            dialect.business_reject_reasons.told(each.business_reject_reason),
            each.told,
        ]
        for each in CODES
    ]


def reason_rows(spec: Specification) -> Rows:
    """SessionRejectReason(373) that we send, with its Text(58)."""
    known = spec.fields["373"].values
    return [
        [str(reason) if str(reason) in known else "left out", text]
        for reason, text in REASONS.items()
    ]


# -- algos ---------------------------------------------------------------------------------------


def algo_sections(algos: Mapping[str, type[Plugin]]) -> Iterator[str]:
    """Each algo with its parameters, from its schema."""
    for name, kind in algos.items():
        yield f"### {name}"
        yield ""
        yield _sentence(kind.__doc__ or "")
        yield ""
        rows = list(_parameters(kind))
        if rows:
            yield from table(("parameter", "type", "allowed", "default", "meaning"), rows)
        else:
            yield "It has no parameters."
        yield ""


def _parameters(kind: type[Plugin]) -> Iterator[list[str]]:
    documents = _attribute_docs(kind)
    properties = kind.model_json_schema()["properties"] if kind.model_fields else {}
    for name, found in properties.items():
        low, high = found.get("minimum"), found.get("maximum")
        bounds = "" if low is None and high is None else f"{low} to {high}"
        allowed = ", ".join(map(str, found.get("enum", ()))) or bounds
        default = found.get("default")
        shown = str(default).lower() if isinstance(default, bool) else str(default)
        kind_name = str(found.get("type", "text"))
        yield [f"`{name}`", kind_name, allowed, shown, documents.get(name, "")]


def _attribute_docs(kind: type) -> dict[str, str]:
    """The docstring below each attribute of a class, one line."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    body = tree.body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for before, after in zip(body.body, body.body[1:], strict=False):
        is_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name) and is_text:
            assert isinstance(after, ast.Expr)
            assert isinstance(after.value, ast.Constant)
            found[before.target.id] = _sentence(str(after.value.value))
    return found


def _sentence(text: str) -> str:
    return " ".join(text.split())
