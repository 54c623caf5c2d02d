"""The law of the wire, written from the specification alone: it shares no code with `router.fix`.

Builds frames, takes them apart, and says what is wrong with one.
"""

from __future__ import annotations

import re

from simplefix.data import RAW_DATA_TAGS, RAW_LEN_TAGS

FRAME_MAX = 65_536
FIELDS_MAX = 1_000
HEAD_MAX = 16
"""Bytes of the BeginString(8) field with its SOH."""
SIMPLEFIX = {b"%d" % n: b"%d" % d for n, d in zip(RAW_LEN_TAGS, RAW_DATA_TAGS, strict=True)}
"""A length field and the data field that it measures, as another implementation has them."""
_MISSED = (
    b"1184 1185 1871 1872 1874 1875 2715 2716 2718 2719 2721 2722 2797 2798 2802 2801 2809 2808 "
    b"2815 2814 41101 41102 42451 42452 42652 42653 42947 42948 43109 42684 43110 42486 43111 42982"
).split()
DATA_OF = SIMPLEFIX | dict(zip(_MISSED[::2], _MISSED[1::2], strict=True))
"""The same with what it has not, or has mistyped, by the field names of FIX Latest."""
HEADER = frozenset(
    b"8 9 35 49 56 115 128 90 91 34 50 142 57 143 116 144 129 145 43 97 52 122 212 213 347 369 370 "
    b"627 628 629 630 1128 1129 1156".split()
)
ADMIN = frozenset([b"0", b"1", b"2", b"3", b"4", b"5", b"A"])
LENGTH_DIGITS_MAX = 12
_HEAD = re.compile(rb"(8=FIX[^\x01]*\x01)9=([^\x01]*)\x0135=")
_TAG = re.compile(rb"[1-9][0-9]{0,8}")
_DIGITS = re.compile(rb"[0-9]+")
_TIME = re.compile(rb"[0-9]{8}-[0-9]{2}:[0-9]{2}:[0-9]{2}(\.([0-9]{3}|[0-9]{6}|[0-9]{9}))?")

Fields = list[tuple[bytes, bytes]]


def frame(begin_string: bytes, body: bytes) -> bytes:
    """The fields from MsgType(35) on, between 8, 9 and 10."""
    head = b"8=%s\x019=%d\x01%s" % (begin_string, len(body), body)
    return head + b"10=%03d\x01" % (sum(head) % 256)


def mended(text: bytes) -> bytes:
    """The same frame with the BodyLength(9) and CheckSum(10) that belong to it.

    Whatever stands before the first SOH is the BeginString; a head or a trailer that is there is
    replaced.
    """
    begin, _, rest = text.partition(b"\x01")
    if rest.startswith(b"9="):
        rest = rest.partition(b"\x01")[2]
    trailer = rest.rfind(b"\x0110=")
    body = rest[: trailer + 1] if trailer >= 0 else rest
    if not body.endswith(b"\x01"):
        body += b"\x01"
    return frame(begin.removeprefix(b"8="), body)


def fields(text: bytes) -> Fields | None:
    """Every tag and value in the order of the wire; None if the text is no row of fields."""
    found: Fields = []
    at = 0
    while at < len(text):
        equals = text.find(b"=", at)
        end = text.find(b"\x01", at)
        if equals < 0 or 0 <= end < equals:
            return None
        tag = text[at:equals]
        if found and DATA_OF.get(found[-1][0]) == tag:
            size = found[-1][1]
            end = equals + 1 + int(size) if _DIGITS.fullmatch(size) and len(size) < 10 else -1
        if end < 0 or text[end : end + 1] != b"\x01":
            return None
        found.append((tag, text[equals + 1 : end]))
        at = end + 1
    return found


def cut_wrongly(text: bytes) -> set[str]:
    """What is wrong with how a text is cut: some of cap, first three, length, checksum."""
    wrong: set[str] = set()
    head = _HEAD.match(text)
    if not head:
        wrong.add("first three")
    elif not _DIGITS.fullmatch(head[2]):
        wrong.add("length")
    elif len(head[1]) > HEAD_MAX or len(head[2]) > LENGTH_DIGITS_MAX:
        wrong.add("cap")
    elif int(head[2]) != len(text) - (head.end() - len(b"35=")) - len(b"10=000|"):
        wrong.add("length")
    if len(text) > FRAME_MAX:
        wrong.add("cap")
    if text[-8:] != b"\x0110=%03d\x01" % (sum(text[:-7]) % 256):
        wrong.add("checksum")
    return wrong


def faults(text: bytes) -> set[str]:
    """What is wrong with a text as one frame: some of cap, first three, length, checksum, tag."""
    wrong = cut_wrongly(text)
    parts = fields(text)
    if parts is None:
        wrong.add("tag")
        return wrong
    if len(parts) > FIELDS_MAX:
        wrong.add("cap")
    if any(not _TAG.fullmatch(tag) for tag, _ in parts):
        wrong.add("tag")
    if any((tag == b"10") != (at == len(parts)) for at, (tag, _) in enumerate(parts, 1)):
        wrong.add("checksum")
    return wrong


def said(text: bytes, begin_string: bytes) -> dict[bytes, bytes]:
    """The first value of each field of a message of ours; fails if it is not what FIX demands."""
    assert not faults(text), f"{faults(text)}: {text!r}"
    parts = fields(text) or []
    tags = [tag for tag, _ in parts]
    first = dict(reversed(parts))
    assert first[b"8"] == begin_string, text
    for tag in (b"34", b"49", b"52", b"56"):
        assert tags.count(tag) == 1, f"{tag!r} in {text!r}"
    assert all(value for _, value in parts), f"a field without a value: {text!r}"
    head = [tag in HEADER for tag in tags]
    assert head == sorted(head, reverse=True), f"header and body are mixed: {text!r}"
    assert _TIME.fullmatch(first[b"52"]), text
    if first[b"35"] in ADMIN:
        assert len(set(tags)) == len(tags), f"a field twice: {text!r}"
    return first


def body(text: bytes) -> Fields:
    """The fields of a message that stay the same when it is sent again."""
    changed = (b"9", b"10", b"43", b"52", b"122", b"369")
    return [(tag, value) for tag, value in fields(text) or [] if tag not in changed]
