"""Messages made from a specification, sound in every field.

Generates from the plain data of a `Specification`; knows nothing of how a `Dictionary` judges.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from router.fix.specification import Member, Specification, every_member
from tests.fuzz import law

Rng = random.Random
DEPTH_MAX = 3
"""Groups within groups."""
FIELDS_MAX = 300


@dataclass(frozen=True, slots=True)
class Placed:
    """A field and where it stands."""

    tag: str
    value: str
    where: str
    """head, body, trailer, group (a field of an entry), first (of an entry), count, data."""
    required: bool = False
    entry: int = 0
    """Which entry of which group it belongs to, 0 for none."""


Rows = list[Placed]
DATES = ("20260105", "20240229", "19991231")
TIMES = ("00:00:00", "14:30:00", "23:59:60")
FRACTIONS = ("", ".000", ".123456", ".123456789")
FLOATS = ("1", "0", "-1.5", "100.25", "00023.2300", "23.", ".5", "-0")
WORDS = ("x", "A B", "a=b", "é", "8=FIX.4.4", "10=000", " ")
NUMBERS = ("AMT", "FLOAT", "PERCENTAGE", "PRICE", "PRICEOFFSET", "QTY")
BY_TYPE: dict[str, Callable[[Rng], str]] = {
    **dict.fromkeys(
        ("AMT", "FLOAT", "PERCENTAGE", "PRICE", "PRICEOFFSET", "QTY"),
        lambda rng: rng.choice(FLOATS),
    ),
    **dict.fromkeys(("LENGTH", "SEQNUM"), lambda rng: rng.choice(("0", "1", "7", "00012", "4096"))),
    **dict.fromkeys(("LOCALMKTDATE", "UTCDATE", "UTCDATEONLY"), lambda rng: rng.choice(DATES)),
    **dict.fromkeys(
        ("MULTIPLESTRINGVALUE", "MULTIPLEVALUESTRING"), lambda rng: rng.choice(("A", "A 1 bc"))
    ),
    "BOOLEAN": lambda rng: rng.choice("YN"),
    "CHAR": lambda rng: rng.choice("aZ0 ="),
    "COUNTRY": lambda rng: rng.choice(("US", "CH")),
    "CURRENCY": lambda rng: rng.choice(("USD", "CHF")),
    "DAYOFMONTH": lambda rng: rng.choice(("1", "31")),
    "EXCHANGE": lambda rng: rng.choice(("XNYS", "N")),
    "INT": lambda rng: rng.choice(("0", "1", "-1", "00023", "999999")),
    "LANGUAGE": lambda rng: rng.choice(("en", "de")),
    "LOCALMKTTIME": lambda rng: rng.choice(("00:00:00", "23:59:59")),
    "MONTHYEAR": lambda rng: rng.choice(("202601", "20260105", "202601w2")),
    "MULTIPLECHARVALUE": lambda rng: rng.choice(("A", "A 1 b")),
    "TAGNUM": lambda rng: rng.choice(("11", "55")),
    "TENOR": lambda rng: rng.choice(("D5", "M3", "Y1")),
    "TZTIMEONLY": lambda rng: rng.choice(("07:39Z", "02:39-05", "13:09:00+05:30")),
    "TZTIMESTAMP": lambda rng: rng.choice(("20060901-07:39Z", "20060901-13:09:00+05:30")),
    "UTCTIMEONLY": lambda rng: rng.choice(TIMES) + rng.choice(FRACTIONS),
    "UTCTIMESTAMP": lambda rng: rng.choice(DATES) + "-" + rng.choice(TIMES) + rng.choice(FRACTIONS),
}
"""A value of each data type, as the standard describes it; of the others any text will do."""
RAW = ("x", "a\x01b=c", "=", "\x01\x01", "\xff\x00")


class Maker:
    """Makes messages of one version."""

    def __init__(self, spec: Specification) -> None:
        self.spec = spec
        self.begin_string = spec.version.begin_string
        self._appl_ver_id = spec.version.appl_ver_id
        self._entries = 0

    def rows(self, msg_type: str, rng: Rng, *, fill: float) -> Rows:
        """A sound message from MsgType(35) on; an optional field is there with a chance `fill`."""
        spec = self.spec
        header = tuple(each for each in spec.header if each.tag not in ("8", "9", "35"))
        trailer = tuple(each for each in spec.trailer if each.tag != "10")
        rows = [Placed("35", msg_type, "head", required=True)]
        rows += self._fields(header, rng, fill / 4, "head")
        rows += self._fields(spec.messages[msg_type].members, rng, fill, "body")
        if rng.random() < fill / 4:
            rows += self._fields(trailer, rng, 1, "trailer")
        return rows if len(rows) <= FIELDS_MAX else self.rows(msg_type, rng, fill=fill / 2)

    def _fields(
        self, members: tuple[Member, ...], rng: Rng, fill: float, where: str, depth: int = 0
    ) -> Rows:
        rows: Rows = []
        taken: set[str] = set()
        open_tags: frozenset[str] = frozenset()
        self._entries += 1
        index, entry = 0, self._entries
        while index < len(members):
            member = members[index]
            kind = self._kind(member)
            after = members[index + 1] if index + 1 < len(members) else None
            measures = bool(after and self._kind(after) in ("DATA", "XMLDATA"))
            index += 2 if measures else 1
            first = where == "group" and not rows
            wanted = member.required or first or rng.random() < fill
            # What a group before it also holds would be taken for that group's.
            wanted &= member.tag not in taken and (member.required or member.tag not in open_tags)
            if not wanted or kind in ("DATA", "XMLDATA") or depth > DEPTH_MAX:
                continue
            if member.members:
                entries = self._group(member, rng, fill / 2, depth)
                rows += entries
                open_tags |= {each.tag for each in every_member(member.members)}
                taken.add(member.tag)
            elif measures and after:
                data = rng.choice(RAW)
                spot = "trailer" if where == "trailer" else "data"
                rows += [Placed(member.tag, str(len(data)), spot), Placed(after.tag, data, spot)]
                taken |= {member.tag, after.tag}
            else:
                spot = "first" if first else where
                value = self.value(member.tag, rng)
                rows.append(Placed(member.tag, value, spot, member.required, entry))
                taken.add(member.tag)
        return rows

    def _group(self, member: Member, rng: Rng, fill: float, depth: int) -> Rows:
        allowed = [int(value) for value in self.spec.fields[member.tag].values] or [1, 1, 2, 3]
        count = rng.choice(allowed) if depth < DEPTH_MAX else 0
        rows = [Placed(member.tag, str(count), "count", member.required)]
        for _ in range(count):
            rows += self._fields(member.members, rng, fill, "group", depth + 1)
        return rows

    def _kind(self, member: Member) -> str:
        return self.spec.fields[member.tag].type

    def value(self, tag: str, rng: Rng) -> str:
        """A sound value of a field."""
        if tag == "1128":
            return self._appl_ver_id
        field = self.spec.fields[tag]
        if field.others.endswith("+") and rng.random() < 0.1:
            return field.others[:-1]
        if field.values:
            several = rng.randrange(1, 4) if field.multiple else 1
            return " ".join(rng.choice(list(field.values)) for _ in range(several))
        of_type = BY_TYPE.get(field.type)
        return of_type(rng) if of_type else rng.choice(WORDS)

    def frame(self, rows: Rows) -> bytes:
        """On the wire."""
        body = "".join(f"{each.tag}={each.value}\x01" for each in rows)
        return law.frame(self.begin_string.encode(), body.encode("latin-1"))
