"""Messages that are sound but for one thing, and what that thing is called (fix.md, scenario 14).

What goes wrong with a message of `sound` is written here from the standard, not from a dictionary.
"""

from __future__ import annotations

from collections.abc import Callable

from router.fix.specification import every_member
from tests.fuzz.sound import Maker, Placed, Rng, Rows

NO_TAGS = ("4999", "9999", "99999", "123456789")
FIXED = ("35", "1128")
"""Fields whose other values are other faults."""
OTHER = {
    "CHAR": ("Z", "~"),
    "INT": ("-7",),
    "NUMINGROUP": ("99999",),
    "STRING": ("ZZZZZZ",),
    "MULTIPLECHARVALUE": ("~",),
    "MULTIPLEVALUESTRING": ("~", "ZZZZZZ"),
    "MULTIPLESTRINGVALUE": ("ZZZZZZ",),
}
MALFORMED = {
    **dict.fromkeys(
        ("AMT", "FLOAT", "PERCENTAGE", "PRICE", "PRICEOFFSET", "QTY"),
        ("+1", "1e5", "1,5", ".", "x"),
    ),
    **dict.fromkeys(("LENGTH", "SEQNUM", "NUMINGROUP"), ("-1", "+1", "1.0", "x", "\xb2")),
    **dict.fromkeys(("LOCALMKTDATE", "UTCDATE", "UTCDATEONLY"), ("2026010", "20261305", "x")),
    "BOOLEAN": ("y", "YES", "1"),
    "CHAR": ("xx",),
    "INT": ("+1", "1.0", "x", "--1"),
    "MONTHYEAR": ("202613", "2026", "202601w6"),
    "UTCTIMEONLY": ("24:00:00", "14:30", "14:30:00.1"),
    "UTCTIMESTAMP": ("20260105", "20260105-24:00:00", "20260105 14:30:00", "20260105-14:30:00."),
}

Faulty = tuple[Rows, int, str]
"""A message with one thing wrong, its SessionRejectReason(373) and RefTagID(371)."""
Fault = Callable[[Maker, Rows, Rng], Faulty | None]
"""Makes one thing wrong with a sound message; None if it has nothing of the kind."""


def _one(rows: Rows, rng: Rng, *where: str) -> int | None:
    places = [i for i, each in enumerate(rows) if each.where in where and each.tag != "35"]
    return rng.choice(places) if places else None


def _end(rows: Rows) -> int:
    """Where the body ends."""
    return next((i for i, each in enumerate(rows) if each.where == "trailer"), len(rows))


def _with(rows: Rows, at: int, value: str) -> Rows:
    changed = rows[at]
    new = Placed(changed.tag, value, changed.where, changed.required)
    return [*rows[:at], new, *rows[at + 1 :]]


def missing(maker: Maker, rows: Rows, rng: Rng) -> Faulty | None:
    """A required field is not there: 1."""
    places = [
        i
        for i, each in enumerate(rows)
        if each.required and each.where in ("head", "body") and each.tag != "35"
    ]
    if not places:
        return None
    at = rng.choice(places)
    return [*rows[:at], *rows[at + 1 :]], 1, rows[at].tag


def unknown_tag(maker: Maker, rows: Rows, rng: Rng) -> Faulty | None:
    """A tag that the version has not: 0."""
    tag = rng.choice(
        [t for t in ("4999", "9999", "99999", "123456789") if t not in maker.spec.fields]
    )
    at = _end(rows)
    return [*rows[:at], Placed(tag, "HI", "body"), *rows[at:]], 0, tag


def foreign(maker: Maker, rows: Rows, rng: Rng) -> Faulty | None:
    """A field of other messages: 2."""
    spec = maker.spec
    members = (*spec.header, *spec.messages[rows[0].value].members, *spec.trailer)
    here = {each.tag for each in every_member(members)}
    tag = rng.choice([tag for tag in spec.fields if tag not in here])
    at = _end(rows)
    return [*rows[:at], Placed(tag, maker.value(tag, rng), "body"), *rows[at:]], 2, tag


def empty(maker: Maker, rows: Rows, rng: Rng) -> Faulty | None:
    """A field without a value: 4."""
    at = _one(rows, rng, "head", "body", "group", "first", "count")
    return (_with(rows, at, ""), 4, rows[at].tag) if at is not None else None


def other_value(maker: Maker, rows: Rows, rng: Rng) -> Faulty | None:
    """A value of the right syntax that the enumeration has not: 5."""
    fields = maker.spec.fields
    places = [
        i
        for i, each in enumerate(rows)
        if fields[each.tag].values and not fields[each.tag].others and each.tag not in FIXED
    ]
    if not places:
        return None
    at = rng.choice(places)
    field = fields[rows[at].tag]
    for value in ("Z", "99999", "-7", "ZZZZZZ", "~"):
        syntax = OTHER.get(field.type, ())
        if value in syntax and value not in field.values:
            return _with(rows, at, value), 5, field.tag
    return None


def malformed(maker: Maker, rows: Rows, rng: Rng) -> Faulty | None:
    """A value of the wrong syntax: 6."""
    fields = maker.spec.fields
    places = [
        i
        for i, each in enumerate(rows)
        if fields[each.tag].type in MALFORMED
        and not fields[each.tag].values
        and each.where not in ("data", "trailer")
    ]
    if not places:
        return None
    at = rng.choice(places)
    return _with(rows, at, rng.choice(MALFORMED[fields[rows[at].tag].type])), 6, rows[at].tag


def other_type(maker: Maker, rows: Rows, rng: Rng) -> Faulty | None:
    """A MsgType(35) that the version has not: 11."""
    return [Placed("35", rng.choice(("*", "ZZ", "\xff")), "head"), *rows[1:]], 11, "35"


def repeated(maker: Maker, rows: Rows, rng: Rng) -> Faulty | None:
    """A field of no group twice: 13."""
    at = _one(rows, rng, "body")
    if at is None or any(each.where == "group" and each.tag == rows[at].tag for each in rows):
        return None
    end = _end(rows)
    return [*rows[:end], rows[at], *rows[end:]], 13, rows[at].tag


def misplaced(maker: Maker, rows: Rows, rng: Rng) -> Faulty | None:
    """A field of the body before the header's end: 14, and the first field out of place."""
    at = _one(rows, rng, "body")
    heads = [i for i, each in enumerate(rows) if each.where in ("head", "count", "first")][1:]
    if at is None or not heads or rows[1].where != "head":
        return None
    return [rows[0], rows[at], *rows[1:at], *rows[at + 1 :]], 14, rows[1].tag


def disordered(maker: Maker, rows: Rows, rng: Rng) -> Faulty | None:
    """Two fields of an entry in each other's place: 15, and the one that comes too late."""
    plain = [
        i
        for i in range(len(rows) - 1)
        if rows[i].where == rows[i + 1].where == "group" and rows[i].entry == rows[i + 1].entry
    ]
    if not plain:
        return None
    at = rng.choice(plain)
    return [*rows[:at], rows[at + 1], rows[at], *rows[at + 2 :]], 15, rows[at].tag


def miscounted(maker: Maker, rows: Rows, rng: Rng) -> Faulty | None:
    """A NumInGroup that is not the number of entries: 16."""
    fields = maker.spec.fields
    places = [
        i for i, each in enumerate(rows) if each.where == "count" and not fields[each.tag].values
    ]
    if not places:
        return None
    at = rng.choice(places)
    return _with(rows, at, str(int(rows[at].value) + rng.choice((1, 7, -1)))), 16, rows[at].tag


FAULTS: dict[str, Fault] = {
    each.__name__: each
    for each in (
        missing,
        unknown_tag,
        foreign,
        empty,
        other_value,
        malformed,
        other_type,
        repeated,
        misplaced,
        disordered,
        miscounted,
    )
}
