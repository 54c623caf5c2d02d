"""Sluice with something wrong with it, to show that the acceptance scripts see it.

Owns the broken variants, and what happens to a frame on its way out. What is caught by which script
is `test_acceptance_catches`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from router.fix.session import Session
from tests.fix.definitions import Run
from tests.fix.in_memory import Memory, cached, session_config
from tests.fix.protocol import HEADER_TAGS, SOH, framed, joined

Fields = list[tuple[str, str]]
Change = Callable[[Fields], Fields]
Make = Callable[[Run], Memory]


# --- Variants --------------------------------------------------------------------------------


def setting(name: str, value: object) -> Make:
    """A rule of the session switched off."""
    return lambda run: Memory(run, **{name: value})


def rule(name: str) -> Make:
    """A rule of the dictionary switched off, where the script leaves it on."""

    def make(run: Run) -> Memory:
        known = session_config(run).validate
        if known is None or name in run.settings:
            return Memory(run)
        return Memory(run, validate=cached(run.version, replace(known.rules, **{name: False})))

    return make


class Forgetful(Memory):
    """Nothing is persisted: numbers and messages are gone with the connection."""

    def lose(self) -> None:
        super().lose()
        self._forget()

    def restart(self) -> None:
        super().restart()
        self._forget()

    def _forget(self) -> None:
        self.session = Session(self.config)
        self.stored.clear()


class StoreLost(Memory):
    """Numbers are kept, messages are not: everything is gap-filled."""

    def _range(self, begin: int, end: int) -> list[tuple[int, bytes]]:
        return []


class Uncounting(Memory):
    """MsgSeqNum(34) of the peer is not looked at: whatever comes is the next."""

    def hear(self, data: bytes) -> None:
        super().hear(rewritten(data, partial(put, tag="34", value=str(self.session.next_in))))


class Resending(Memory):
    """PossResend(97) is ignored: an order that was sent again is a new order."""

    def settle(self) -> None:
        self.application.orders.clear()
        super().settle()


class Changed(Memory):
    """Every frame is changed on its way out."""

    def __init__(self, run: Run, *, change: Change) -> None:
        super().__init__(run)
        self._change = change

    def speak(self, frame: bytes) -> bytes:
        return rewritten(frame, self._change)


class Misframed(Memory):
    """The bytes of every frame are changed on their way out."""

    def __init__(self, run: Run, *, change: Callable[[bytes], bytes]) -> None:
        super().__init__(run)
        self._change = change

    def speak(self, frame: bytes) -> bytes:
        return self._change(frame)


class Renaming(Memory):
    """Our TestReqID(112) is another text, and the peer's echo of it is understood."""

    def speak(self, frame: bytes) -> bytes:
        return rewritten(frame, renamed) if b"\x0135=1\x01" in frame else frame

    def hear(self, data: bytes) -> None:
        super().hear(rewritten(data, original) if b"\x01112=test-" in data else data)


def renamed(fields: Fields) -> Fields:
    return [(tag, f"test-{value}" if tag == "112" else value) for tag, value in fields]


def original(fields: Fields) -> Fields:
    return [(tag, value.removeprefix("test-") if tag == "112" else value) for tag, value in fields]


# --- Changes of a frame ----------------------------------------------------------------------


def rewritten(frame: bytes, change: Change) -> bytes:
    """A frame with its fields from MsgType(35) on changed, framed anew."""
    parts = frame.decode("latin-1").split(SOH)[:-1]
    fields = [(tag, value) for tag, _, value in (part.partition("=") for part in parts)]
    if [tag for tag, _ in fields[:3]] != ["8", "9", "35"] or fields[-1][0] != "10":
        return frame
    return framed(fields[0][1], joined(change(fields[2:-1])))


def put(fields: Fields, *, tag: str, value: str) -> Fields:
    """Another value, where the tag is."""
    return [(each, value if each == tag else old) for each, old in fields]


def altered(fields: Fields, *, tag: str, alter: Callable[[str], str]) -> Fields:
    """Another value, made of the old one."""
    return [(each, alter(old) if each == tag else old) for each, old in fields]


def without(fields: Fields, *, tag: str) -> Fields:
    """The tag left out."""
    return [each for each in fields if each[0] != tag]


def body_reversed(fields: Fields) -> Fields:
    """Another order of the body."""
    header = [each for each in fields if each[0] in HEADER_TAGS]
    body = [each for each in fields if each[0] not in HEADER_TAGS]
    return header + body[::-1]


def body_first(fields: Fields) -> Fields:
    """The body before the rest of the header."""
    body = [each for each in fields if each[0] not in HEADER_TAGS]
    header = [each for each in fields if each[0] in HEADER_TAGS]
    return header[:1] + body + header[1:]


def header_reversed(fields: Fields) -> Fields:
    """Another order of the header behind MsgType(35)."""
    header = [each for each in fields if each[0] in HEADER_TAGS]
    body = [each for each in fields if each[0] not in HEADER_TAGS]
    return header[:1] + header[:0:-1] + body


def resent_otherwise(fields: Fields) -> Fields:
    """A resent report says something else than the first."""
    if ("43", "Y") not in fields:
        return fields
    return altered(fields, tag="38", alter=lambda qty: qty + "0")


def next_number(text: str) -> str:
    return str(int(text) + 1)


def hour_before(text: str) -> str:
    return f"{text[:9]}{int(text[9:11]) - 1:02d}{text[11:]}"


def flipped(text: str) -> str:
    return "N" if text == "Y" else "Y"


def micros(text: str) -> str:
    """Microseconds where there are milliseconds."""
    return f"{text}000" if text[-4:-3] == "." else text


def chain(changes: Sequence[Change]) -> Change:
    """One change after the other."""

    def change(fields: Fields) -> Fields:
        for each in changes:
            fields = each(fields)
        return fields

    return change


ALTERATIONS: Mapping[str, Callable[[str], str]] = {
    "7": next_number,
    "16": next_number,
    "34": next_number,
    "36": next_number,
    "43": flipped,
    "45": next_number,
    "52": hour_before,
    "112": lambda text: f"{text}x",
    "122": lambda text: f"{text[:9]}23{text[11:]}",
    "123": flipped,
    "141": flipped,
    "371": next_number,
    "372": lambda _: "8",
    "373": next_number,
    "380": next_number,
}
"""How each field that matters is made wrong."""


def bad_check_sum(frame: bytes) -> bytes:
    return frame[:-4] + b"%03d\x01" % ((int(frame[-4:-1]) + 1) % 256)


def bad_body_length(frame: bytes) -> bytes:
    head, _, rest = frame.partition(b"\x019=")
    length, _, body = rest.partition(b"\x01")
    changed = head + b"\x019=%d\x01" % (int(length) + 1) + body[:-7]
    return changed + b"10=%03d\x01" % (sum(changed) % 256)


def twice(frame: bytes) -> bytes:
    return frame + frame


def nothing(frame: bytes) -> bytes:
    return b""


def unbroken(frame: bytes) -> bytes:
    return frame
