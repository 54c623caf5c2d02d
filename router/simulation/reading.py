"""FIX as the oracle reads it: its own few lines, shared with nobody; and how it complains."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

FRAME = re.compile(rb"8=FIX[T.0-9]+\x019=\d+\x01.*?\x0110=\d{3}\x01", re.DOTALL)
HEAD = re.compile(rb"8=FIX[T.0-9]+\x019=(\d{1,6})\x01")
HEAD_MAX = 24
"""Bytes of a BeginString(8) and a BodyLength(9)."""
TRAILER = 7
"""Bytes of a CheckSum(10)."""
BODY_MAX = 8_192
"""Longer than anything that is said here."""
HEADER = frozenset({"8", "9", "35", "34", "43", "49", "52", "56", "97", "122", "10"})
"""Fields that may differ when the same message is sent again."""
PX = 100_000_000
"""The oracle's prices are integers too: 1e-8 of the currency."""


FINAL = frozenset("234C8")
"""OrdStatus(39) after which nothing more is to be expected."""
MS = 1_000_000


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
    """Since 1970 of a UTCTimestamp with milliseconds."""
    at = datetime.strptime(text, "%Y%m%d-%H:%M:%S.%f").replace(tzinfo=UTC)
    return round(at.timestamp() * 1000)


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

    def __str__(self) -> str:
        """In one line, cheaply: it is written out for every rule that a frame is held to."""
        return f"{self.sender}>{self.target} 34={self.seq} {self.content}"

    def get(self, tag: str, default: str = "") -> str:
        """A field's text."""
        return self.fields.get(tag, default)

    def qty(self, tag: str) -> int:
        """A field as shares; 0 if it is absent."""
        return int(Decimal(self.fields.get(tag, "0")))

    def px(self, tag: str) -> int:
        """A field as a price in 1e-8; 0 if it is absent."""
        return int(Decimal(self.fields.get(tag, "0")) * PX)


@lru_cache(maxsize=1024)
def read(frame: bytes) -> Read:
    """A whole frame: read once, though it is written, leaves and arrives."""
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
    """Whole frames out of a connection's bytes; what is not as its numbers say is passed over."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Read]:
        """Bytes in, frames out."""
        self._rest += data
        at = 0
        while (start := self._rest.find(b"8=FIX", at)) >= 0:
            head = HEAD.match(self._rest, start)
            if head is None:
                if len(self._rest) - start < HEAD_MAX:
                    break  # it may be one yet
                at = start + 1
                continue
            end = head.end() + int(head[1]) + TRAILER
            if end > len(self._rest) and int(head[1]) <= BODY_MAX:
                break
            frame = self._rest[start:end]
            if frame[-TRAILER:] == b"10=%03d\x01" % (sum(frame[:-TRAILER]) % 256):
                yield read(frame)
                at = end
            else:
                at = start + 1
        self._rest = self._rest[at:] if start < 0 else self._rest[start:]
