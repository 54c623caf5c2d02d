"""What any FIX peer may check of a frame, worked out here from the bytes alone.

Owns framing, the order of fields, times and duplicates, and writes the peer's own frames. Uses no
code of the router: a fault of the codec cannot hide itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

SOH = "\x01"
HEADER = """
8 9 35 34 43 49 50 52 56 57 90 91 97 115 116 122 128 129 142 143 144 145 212 213 347 369 370 627 628
629 630 1128 1129 1156
"""
HEADER_TAGS = frozenset(HEADER.split())
TRAILER_TAGS = frozenset(("93", "89", "10"))
ADMIN_TYPES = frozenset("012345A")
RESENT_MAY_DIFFER = frozenset(("9", "10", "43", "52", "122", "369"))
"""Fields in which a resent message may differ from its first sending."""
CLOCK_TOLERANCE = timedelta(seconds=1)
TIMESTAMP = re.compile(
    r"(\d{8})-([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.(\d{3}|\d{6}|\d{9}))?", re.ASCII
)
NUMBER = re.compile(r"[1-9]\d*", re.ASCII)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Breach(AssertionError):
    """Something was said that the protocol forbids, or not said that it demands."""


def require(condition: object, text: str) -> None:
    """Raise a Breach with this text unless the condition holds."""
    if not condition:
        raise Breach(text)


def shown(frame: bytes) -> str:
    """A frame on one line."""
    return frame.decode("latin-1").replace(SOH, "|")


def instant(text: str) -> datetime:
    """A UTCTimestamp, to the microsecond.

    Raises:
        Breach: it is none.
    """
    match = TIMESTAMP.fullmatch(text)
    if not match:
        raise Breach(f"{text!r} is not a UTCTimestamp")
    day, hour, minute, second, fraction = match.groups()
    whole = datetime.strptime(f"{day}-{hour}:{minute}", "%Y%m%d-%H:%M").replace(tzinfo=UTC)
    micros = int((fraction or "0").ljust(9, "0")[:6])
    return whole + timedelta(seconds=int(second), microseconds=micros)


def stamp(ns: int, decimals: int = 3) -> str:
    """UTC nanoseconds as a UTCTimestamp with up to 12 decimals."""
    second, rest = divmod(ns, 1_000_000_000)
    text = (EPOCH + timedelta(seconds=second)).strftime("%Y%m%d-%H:%M:%S")
    return f"{text}.{f'{rest:09d}000'[:decimals]}" if decimals else text


def framed(begin_string: str, fields: str) -> bytes:
    """A frame of fields from MsgType(35) on, each ended by SOH."""
    head = f"8={begin_string}{SOH}9={len(fields.encode('latin-1'))}{SOH}{fields}".encode("latin-1")
    return head + f"10={sum(head) % 256:03d}{SOH}".encode()


@dataclass(frozen=True, slots=True)
class Said:
    """One message, as it stood on the wire."""

    fields: tuple[tuple[str, str], ...]
    frame: bytes

    @property
    def msg_type(self) -> str:
        return self.get("35")

    @property
    def seq(self) -> int:
        return int(self.get("34"))

    @property
    def possible_duplicate(self) -> bool:
        return self.get("43") == "Y"

    def get(self, tag: str) -> str:
        """The first value of a tag, or nothing."""
        return next((value for name, value in self.fields if name == tag), "")

    def body(self) -> Iterable[tuple[str, str]]:
        """The fields that are neither header nor trailer."""
        return (
            each
            for each in self.fields
            if each[0] not in HEADER_TAGS and each[0] not in TRAILER_TAGS
        )

    def header(self) -> set[str]:
        """The tags of the header."""
        return {tag for tag, _ in self.fields if tag in HEADER_TAGS}


def cut(data: bytes, begin_string: str) -> tuple[list[Said], bytes]:
    """Whole messages and the rest of a stream; BodyLength and CheckSum are worked out again.

    Raises:
        Breach: bytes that are no frame.
    """
    found = []
    start = f"8={begin_string}\x019=".encode()
    while len(data) > len(start):
        require(data.startswith(start), f"no frame begins here: {shown(data)!r}")
        digits, soh, _ = data[len(start) :].partition(b"\x01")
        if not soh:
            break
        require(re.fullmatch(rb"[1-9]\d*", digits), f"BodyLength {digits!r}")
        body = len(start) + len(digits) + 1
        end = body + int(digits)
        if len(data) < end + 7:
            break
        frame, data = data[: end + 7], data[end + 7 :]
        trailer = f"10={sum(frame[:end]) % 256:03d}\x01".encode()
        require(frame[end:] == trailer, f"BodyLength or CheckSum is wrong: {shown(frame)}")
        require(frame[body:].startswith(b"35="), f"35 is not the third field: {shown(frame)}")
        found.append(Said(_fields(frame), frame))
    return found, data


def _fields(frame: bytes) -> tuple[tuple[str, str], ...]:
    fields = []
    for text in frame.decode("latin-1").split(SOH)[:-1]:
        tag, equals, value = text.partition("=")
        require(equals and NUMBER.fullmatch(tag) and value, f"{text!r} in {shown(frame)}")
        fields.append((tag, value))
    return tuple(fields)


@dataclass(slots=True)
class Listener:
    """Judges every message of one peer by what holds for all of them, and remembers the numbers."""

    begin_string: str
    sender: str
    target: str
    firsts: dict[int, Said] = field(default_factory=dict)
    """First sending by MsgSeqNum(34), since the numbers were last reset."""

    def judge(self, said: Said, now: int) -> None:
        """Raise a Breach if the message breaks a rule that needs no script to know it."""
        try:
            self._order(said)
            require(said.get("49") == self.sender, f"SenderCompID(49) {said.get('49')!r}")
            require(said.get("56") == self.target, f"TargetCompID(56) {said.get('56')!r}")
            require(NUMBER.fullmatch(said.get("34")), f"MsgSeqNum(34) {said.get('34')!r}")
            self._times(said, now)
            self._copy(said)
        except Breach as breach:
            raise Breach(f"{breach} in {shown(said.frame)}") from None

    def _order(self, said: Said) -> None:
        places = [
            0 if tag in HEADER_TAGS else 2 if tag in TRAILER_TAGS else 1 for tag, _ in said.fields
        ]
        require(places == sorted(places), "header, body and trailer are mixed")
        header = Counter(tag for tag, _ in said.fields if tag in HEADER_TAGS)
        require(max(header.values()) == 1, "a header field stands twice")

    def _times(self, said: Said, now: int) -> None:
        sent = instant(said.get("52"))
        away = sent - (EPOCH + timedelta(microseconds=now // 1000))
        require(abs(away) <= CLOCK_TOLERANCE, f"SendingTime(52) is {away} from now")
        require(said.get("43") in ("", "Y", "N"), f"PossDupFlag(43) {said.get('43')!r}")
        if said.possible_duplicate:
            require(said.get("122"), "OrigSendingTime(122) is missing")
            require(instant(said.get("122")) <= sent, "OrigSendingTime(122) is after 52")

    def _copy(self, said: Said) -> None:
        if not said.possible_duplicate:
            if said.seq == 1:
                self.firsts.clear()
            require(said.seq not in self.firsts, f"MsgSeqNum {said.seq} is used again")
            self.firsts[said.seq] = said
            return
        first = self.firsts.get(said.seq)
        if first is None or said.msg_type == "4":
            return
        original = instant(first.get("52"))
        again = instant(said.get("122"))
        require(again <= original, "OrigSendingTime(122) is after the first 52")
        require(original - again < timedelta(milliseconds=1), "122 is not the first 52")
        require(kept(said) == kept(first), f"not a copy of {shown(first.frame)}")


def kept(said: Said) -> list[tuple[str, str]]:
    """What a resent message must have in common with its first sending, in any order."""
    return sorted(each for each in said.fields if each[0] not in RESENT_MAY_DIFFER)


def pairs(text: str) -> list[tuple[str, str]]:
    """Fields from `35=A|34=1`; a tag with a minus before it (`-34`) stands for its absence."""
    found = []
    for part in text.split("|"):
        if not part:
            continue
        tag, _, value = part.partition("=")
        found.append((tag, value))
    return found


def joined(fields: Sequence[tuple[str, str]]) -> str:
    """Fields as they stand on the wire."""
    return "".join(f"{tag}={value}{SOH}" for tag, value in fields)
