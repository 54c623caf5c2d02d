"""FIX as the oracle reads it: its own few lines, shared with nobody; and how it complains."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

FRAME = re.compile(rb"8=FIX[T.0-9]+\x019=\d+\x01.*?\x0110=\d{3}\x01", re.DOTALL)
HEADER = frozenset({"8", "9", "35", "34", "43", "49", "52", "56", "97", "122", "10"})
"""Fields that may differ when the same message is sent again."""
PX = 100_000_000
"""The oracle's prices are integers too: 1e-8 of the currency."""


FINAL = frozenset("234C8")
"""OrdStatus(39) after which nothing more is to be expected."""
MS = 1_000_000
DAY_MS = 1_767_571_200_000
"""2026-01-05, the day on which every run takes place."""


class Broken(AssertionError):  # noqa: N818 - says what is
    """An invariant does not hold."""

    def __init__(self, rule: str, text: str) -> None:
        self.rule = rule
        self.text = text
        super().__init__(f"{rule}: {text}")


def hold(what: object, rule: str, text: object) -> None:
    """Raise `Broken` unless `what` holds."""
    if not what:
        raise Broken(rule, str(text))


def milliseconds(text: str) -> int:
    """Since 1970 of a time with milliseconds, on the day of the run."""
    _, _, time = text.partition("-")
    hours, minutes, seconds = time.split(":")
    return DAY_MS + round((int(hours) * 3600 + int(minutes) * 60) * 1000 + float(seconds) * 1000)


@dataclass(frozen=True, slots=True)
class Read:
    """One frame."""

    msg_type: str
    seq: int
    sender: str
    target: str
    poss_dup: bool
    fields: dict[str, str]
    """First occurrence of each tag; of a report, kind and status as FIX.4.4 would tell them."""
    content: str
    """Type and body: what must be the same when the message is sent again."""

    def get(self, tag: str, default: str = "") -> str:
        """A field's text."""
        return self.fields.get(tag, default)

    def qty(self, tag: str) -> int:
        """A field as shares; 0 if it is absent."""
        return int(Decimal(self.fields.get(tag, "0")))

    def px(self, tag: str) -> int:
        """A field as a price in 1e-8; 0 if it is absent."""
        return int(Decimal(self.fields.get(tag, "0")) * PX)


def read(frame: bytes) -> Read:
    """A whole frame."""
    pairs = [part.split("=", 1) for part in frame.decode("latin-1").split("\x01")[:-1]]
    fields: dict[str, str] = {}
    for tag, value in pairs:
        fields.setdefault(tag, value)
    if "20" in fields:
        _later(fields)
    body = "|".join(f"{tag}={value}" for tag, value in pairs if tag not in HEADER)
    return Read(
        msg_type=fields["35"],
        seq=int(fields["34"]),
        sender=fields["49"],
        target=fields["56"],
        poss_dup=fields.get("43") == "Y",
        fields=fields,
        content=f"35={fields['35']}|{body}",
    )


def _later(fields: dict[str, str]) -> None:
    """ExecTransType(20) of FIX.4.2, and its kinds of fill and of replaced order."""
    kind = {"1": "H", "2": "G", "3": "I"}.get(fields["20"], fields["150"])
    if kind == "5" and fields["39"] == "5":
        fields["39"] = "0"
    fields["150"] = "F" if kind in ("1", "2") else kind


class Stream:
    """Frames out of a connection's bytes."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Read]:
        """Bytes in, frames out."""
        self._rest += data
        end = 0
        for found in FRAME.finditer(self._rest):
            end = found.end()
            yield read(found[0])
        self._rest = self._rest[end:]
