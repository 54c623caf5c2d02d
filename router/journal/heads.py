"""Heads of the journal that were published elsewhere, and whether the journal still agrees.

Owns the line of a published head and the comparison. A chain alone shows neither a cut tail nor a
rewrite of all of it: a head that somebody else keeps does. Must not know where lines are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from router.journal.records import Record, digest


class Head(NamedTuple):
    """The sha256 of a record, with its seq."""

    seq: int
    digest: bytes


class Published(msgspec.Struct, frozen=True, omit_defaults=True):
    """A head as a line has it."""

    time: str
    """When it was published, UTC, as `2026-01-05T14:30:00Z`."""
    seq: int
    head: str
    """Hexadecimal."""
    signature: str = ""
    """Base64 (`journal.signing`); empty: it bears none."""


class BadHeads(Exception):  # noqa: N818 - says what is
    """A line that is no published head."""


@dataclass(frozen=True, slots=True)
class HeadsReport:
    """What holding a journal against published heads came to."""

    published: int
    confirmed: int
    pruned: int
    """Of records before the first one that is kept: they are in the archive."""
    disagreement: str = ""
    """The first head that the journal does not have, and what it has instead."""


def head_line(head: Head, time: str, sign: Callable[[Published], str] | None = None) -> str:
    """One line of JSON, signed if somebody signs."""
    told = Published(time, head.seq, head.digest.hex())
    if sign is not None:
        told = msgspec.structs.replace(told, signature=sign(told))
    return msgspec.json.encode(told).decode()


def read_heads(
    lines: Iterable[str], where: str, stumps: list[str] | None = None
) -> list[Published]:
    """Published heads. What a logger has put before the JSON is skipped, and so is the stump of a
    line that a full disk or a power cut left unfinished: `stumps` is told of each.

    Raises:
        BadHeads: another line is no head; it says which, and what a head looks like.
    """
    found = []
    for number, line in enumerate(lines, start=1):
        before, text = _split(line)
        try:
            found.append(msgspec.json.decode(text, type=Published))
        except msgspec.DecodeError as error:
            if line.endswith("\n") and not _unfinished(text):
                example = '{"time":"2026-01-05T14:30:00Z","seq":1,"head":"64 hexadecimal digits"}'
                told = f"{where}, line {number}: {error}; a line is {example}"
                raise BadHeads(told) from None
            before = text
        if stumps is not None and _unfinished(before):
            stumps.append(f"{where}, line {number}: {before.strip()!r} was not finished")
    return found


def _split(line: str) -> tuple[str, str]:
    """A stump that the next head was written behind, and the head. A head is one flat object."""
    text = line[max(line.find("{"), 0) :]
    before, brace, rest = text.rpartition("{")
    return (before, brace + rest) if _unfinished(before) else ("", text)


def _unfinished(text: str) -> bool:
    """True for the beginning of a head."""
    return text.startswith("{") and "}" not in text


def compare(records: Iterable[Record], published: Iterable[Published]) -> HeadsReport:
    """Hold the records of a journal, from its first to its last, against what was published.

    Raises:
        JournalBroken: from `records`.
    """
    heads = list(published)
    wanted = frozenset(each.seq for each in heads)
    kept: dict[int, str] = {}
    first = last = -1
    for record in records:
        first = record.seq if first < 0 else first
        last = record.seq
        if last in wanted:
            kept[last] = digest(record.encoded()).hex()
    return _judged(heads, kept, first, last)


def _judged(heads: list[Published], kept: Mapping[int, str], first: int, last: int) -> HeadsReport:
    confirmed = pruned = 0
    for each in heads:
        if each.head == kept.get(each.seq):
            confirmed += 1
        elif each.seq < first:
            pruned += 1
        else:
            text = _disagreement(each, kept.get(each.seq), last)
            return HeadsReport(len(heads), confirmed, pruned, text)
    return HeadsReport(len(heads), confirmed, pruned)


def _disagreement(published: Published, found: str | None, last: int) -> str:
    told = f"seq {published.seq} was published at {published.time} with head {published.head}"
    if found is not None:
        return f"{told}; the journal has {found}: it was written anew"
    if published.seq > last:
        return f"{told}; the journal ends at seq {last}: its tail was cut"
    return f"{told}; the journal has no such record: it was written anew"
