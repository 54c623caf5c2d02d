"""The shorthand of the acceptance scripts: names and times filled in, and the peer's frames made.

What a line does not state is as it should be. Knows no session: numbers and time are given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.fix.definitions import Run
from tests.fix.protocol import HEADER_TAGS, SOH, framed, joined, pairs, stamp

US = "SLUICE"
THEM = {"acceptor": "OMS", "initiator": "VENUE"}
ORDER = "21=1|55=ACME|54=1|60=<0>|38=100|40=2|44=10|59=0"
REPORT = "37=o|17=e|150=0|39=0|55=ACME|54=1|38=100|40=2|44=10|151=100|14=0|6=0|60=<0>"
LONG = "x" * 400
EARLY_HEADER = ("35", "34", "43", "97")
"""Header fields that a peer writes before the CompIDs."""
TIME = re.compile(r"<([+-]?\d+(?:\.\d+)?)(?:/(\d+))?>")
NAME = re.compile(r"\{(\w+)\}")

Fields = list[tuple[str, str]]


class Shorthand:
    """One run's words."""

    def __init__(self, run: Run) -> None:
        version = run.version
        self._begin_string = version.begin_string
        self._them = THEM[run.role]
        self.names = {
            "begin": version.begin_string,
            "us": US,
            "them": self._them,
            "order": ORDER,
            "report": REPORT + ("|20=0" if version.name == "FIX.4.2" else ""),
            "long": LONG,
        }
        """What stands for what; an expectation adds the names that it keeps."""
        self.terms = [("98", "0"), ("108", run.settings.get("heart_bt_int", "30"))]
        """What a Logon holds unless something else is stated."""
        if version.fixt:
            self.terms.append(("1137", version.appl_ver_id))

    def fill(self, text: str, now: int) -> str:
        """Names in braces and times in angle brackets, replaced.

        `<-60>` is a minute ago; `<0/6>` is now with six decimals of a second.
        """
        for name, value in self.names.items():
            text = text.replace(f"{{{name}}}", value)

        def time(match: re.Match[str]) -> str:
            return stamp(now + round(float(match[1]) * 1e9), int(match[2] or 3))

        return TIME.sub(time, text)

    def unknown(self, text: str) -> set[str]:
        """Names that are not known yet."""
        return set(NAME.findall(text)) - self.names.keys()

    def kept(self, value: str) -> str:
        """The name that a value is to be kept under, if it is a new one."""
        name = NAME.fullmatch(value)
        return name[1] if name and name[1] not in self.names else ""

    def message(self, text: str, number: int, now: int) -> tuple[bytes, Mapping[str, str]]:
        """A frame, and the fields that its sender counts by."""
        fields, absent = _stated(pairs(self.fill(text, now)))
        stated = dict(reversed(fields))
        if stated["35"] == "A":
            fields += [each for each in self.terms if each[0] not in {*stated, *absent}]
        defaults = {"34": str(number), "49": self._them, "52": stamp(now), "56": US}
        early = [each for each in fields if each[0] in EARLY_HEADER]
        if "34" not in stated:
            early.insert(1, ("34", defaults["34"]))
        header = early + [(tag, stated.get(tag, defaults[tag])) for tag in ("49", "52", "56")]
        placed = {tag for tag, _ in header} | {"8", "9", "10"}
        header += [each for each in fields if each[0] in HEADER_TAGS - placed]
        body = [each for each in fields if each[0] not in HEADER_TAGS and each[0] != "10"]
        wire = joined([each for each in header + body if each[0] not in absent])
        frame = framed(stated.get("8", self._begin_string), wire)
        counted = {"34": str(number), **stated}
        return _misframed(frame, stated), {t: v for t, v in counted.items() if t not in absent}

    def exactly(self, text: str, now: int) -> bytes:
        """These fields as they stand; `*` is the right BodyLength or CheckSum."""
        wire = self.wire(f"{text}|", now)
        if "9=*" in wire:
            head, _, rest = wire.partition(f"9=*{SOH}")
            size = len(rest.rpartition("10=")[0])
            wire = f"{head}9={size}{SOH}{rest}"
        data = wire.encode("latin-1")
        if data.endswith(b"10=*\x01"):
            body = data[: -len(b"10=*\x01")]
            data = body + b"10=%03d\x01" % (sum(body) % 256)
        return data

    def wire(self, text: str, now: int) -> str:
        """Text with its separators as they are sent."""
        return self.fill(text, now).replace("|", SOH)


def _stated(fields: Fields) -> tuple[Fields, set[str]]:
    """`-54` takes a field away, `!54=2` gives the one that stands before it another value."""
    found: Fields = []
    absent = set()
    for tag, value in fields:
        bare = tag[1:]
        at = [index for index, each in enumerate(found) if each[0] == bare]
        if tag.startswith("-") and not value:
            absent.add(bare)
        elif tag.startswith("!") and at:
            found[at[0]] = (bare, value)
        else:
            found.append((tag.lstrip("!"), value))
    return [each for each in found if each[0] not in absent], absent


def _misframed(frame: bytes, stated: Mapping[str, str]) -> bytes:
    """The frame with another BodyLength(9) or CheckSum(10): `9=+5` is five too many."""
    head, _, rest = frame.partition(b"\x019=")
    length, _, body = rest.partition(SOH.encode())
    trailer = body[-7:]
    if "9" in stated:
        wanted = stated["9"]
        size = int(length) + int(wanted) if wanted[:1] in ("+", "-") else wanted
        frame = head + f"{SOH}9={size}{SOH}".encode() + body[:-7]
        trailer = b"10=%03d\x01" % (sum(frame) % 256)
        frame += trailer
    if "10" in stated:
        wanted = stated["10"]
        if wanted[:1] == "+":
            wanted = f"{(int(trailer[3:6]) + int(wanted)) % 256:03d}"
        frame = frame[:-7] + f"10={wanted}{SOH}".encode()
    return frame
