"""Mutations that know FIX: most of what they make gets past the framer.

A fuzzer's own mutation of bytes (`Raw`) is one of them; the others drop, double, move and change
fields, frames, and the rows of a script.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.fuzz import law
from tests.fuzz.phrases import FIELDS, TAGS, TYPES, VALUES
from tests.fuzz.script import ROW

Raw = Callable[[bytes, int], bytes]
"""Changes bytes into at most so many."""
Mutation = Callable[[bytes, int, random.Random, Raw], bytes]
MENDED = 0.85
"""How often BodyLength(9) and CheckSum(10) are made right again."""


def _row(parts: list[bytes], rng: random.Random) -> None:
    """Drop, double or move one of a row of things."""
    at = rng.randrange(len(parts))
    match rng.randrange(4):
        case 0 if len(parts) > 1:
            del parts[at]
        case 1:
            parts.insert(rng.randrange(len(parts) + 1), parts[at])
        case 2:
            parts.insert(rng.randrange(len(parts)), parts.pop(at))
        case _:
            other = rng.randrange(len(parts))
            parts[at:other] = parts[at:other] * 2


def frame(text: bytes, most: int, rng: random.Random, raw: Raw) -> bytes:
    """One frame: its fields."""
    if rng.random() < 0.05:
        return raw(text, most)
    parts = text.split(b"\x01")
    for _ in range(1 + rng.randrange(3)):
        at = rng.randrange(len(parts))
        tag, _, value = parts[at].partition(b"=")
        match rng.randrange(7):
            case 0:
                _row(parts, rng)
            case 1:
                parts[at] = tag + b"=" + rng.choice(VALUES)
            case 2:
                parts[at] = rng.choice(TAGS) + b"=" + value
            case 3:
                parts.insert(at, rng.choice(FIELDS)[:-1])
            case 4:
                parts[at] = tag + b"=" + raw(value, len(value) + 16)
            case 5 if tag == b"35" or rng.random() < 0.2:
                parts[at] = b"35=" + rng.choice(TYPES)
            case _:
                parts[at] = raw(parts[at], len(parts[at]) + 16)
    changed = b"\x01".join(parts)
    return (law.mended(changed) if rng.random() < MENDED else changed)[:most]


def stream(data: bytes, most: int, rng: random.Random, raw: Raw) -> bytes:
    """A byte of control, then frames and noise between them."""
    control, text = data[:1] or b"\0", data[1:]
    if rng.random() < 0.2:
        control = bytes([rng.randrange(256)])
    starts = [0]
    while (found := text.find(b"8=FIX", starts[-1] + 1)) >= 0:
        starts.append(found)
    pieces = [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
    match rng.randrange(6):
        case 0:
            _row(pieces, rng)
        case 1:
            pieces.insert(rng.randrange(len(pieces) + 1), rng.choice(VALUES))
        case 2:
            return (control + raw(text, max(1, most - 1)))[:most]
        case _:
            at = rng.randrange(len(pieces))
            pieces[at] = frame(pieces[at], most, rng, raw)
    return (control + b"".join(pieces))[:most]


def script(data: bytes, most: int, rng: random.Random, raw: Raw) -> bytes:
    """Rows of eight bytes: rows, or bytes in their places."""
    rows = [data[at : at + ROW].ljust(ROW, b"\0") for at in range(0, len(data), ROW)] or [b"\0" * 8]
    for _ in range(1 + rng.randrange(4)):
        at = rng.randrange(len(rows))
        match rng.randrange(6):
            case 0:
                _row(rows, rng)
            case 1:
                rows.insert(rng.randrange(1, len(rows) + 1), rng.randbytes(ROW))
            case 2:
                rows[at] = raw(rows[at], ROW).ljust(ROW, b"\0")[:ROW]
            case _:
                place = rng.randrange(ROW)
                row = bytearray(rows[at])
                row[place] = rng.choice((0, 1, 255, rng.randrange(256), row[place] ^ 1))
                rows[at] = bytes(row)
    return b"".join(rows)[: most // ROW * ROW]


def crossed(one: bytes, other: bytes, most: int, rng: random.Random) -> bytes:
    """The beginning of one input and the end of another, cut at rows of eight."""
    a, b = (rng.randrange(0, len(each) + 1, ROW) for each in (one, other))
    return (one[:a] + other[b:])[:most] or one[:most]


def scrambler(rng: random.Random) -> Raw:
    """A mutation of bytes for where no fuzzer lends its own."""

    def raw(data: bytes, most: int) -> bytes:
        changed = bytearray(data or b"\0")
        for _ in range(1 + rng.randrange(3)):
            at = rng.randrange(len(changed) + 1)
            match rng.randrange(3):
                case 0:
                    changed[at : at + 1] = b""
                case 1:
                    changed[at:at] = rng.randbytes(1 + rng.randrange(4))
                case _:
                    changed[at : at + 1] = rng.choice(VALUES)
        return bytes(changed[:most])

    return raw


def mutated(mutation: Mutation, data: bytes, seed: int, *, rounds: int, most: int) -> bytes:
    """The same mutation several times over, by one seed."""
    rng = random.Random(seed)
    for _ in range(rounds):
        data = mutation(data, most, rng, scrambler(rng))
    return data
