"""Frames to messages and back, and the text of FIX prices, quantities and times.

Owns the syntax of tags and of data fields. What a tag means is the dictionary's business, whether a
message is in turn is the session's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from router.fix.framing import TRAILERS, checksum
from router.fix.specification import group_members
from router.model import PX_MAX, PX_SCALE, QTY_MAX

SOH = "\x01"
FIELDS_MAX = 1_000
TAG_DIGITS_MAX = 9
TRAILER_TAGS = frozenset({"93", "89", "10"})

_DATA_FIELDS = """
90:91 93:89 95:96 212:213 348:349 350:351 352:353 354:355 356:357 358:359 360:361 362:363
364:365 445:446 618:619 621:622 1184:1185 1277:1278 1280:1281 1282:1283 1397:1398 1401:1402
1403:1404 1468:1469 1525:1527 1578:1579 1620:1621 1664:1665 1678:1697 1733:1734 1871:1872
1874:1875 2072:2073 2074:2075 2111:2112 2179:2180 2287:2288 2351:2352 2372:2371 2481:2482
2494:2493 2522:2521 2637:2638 2651:2652 2665:2666 2715:2716 2718:2719 2721:2722 2797:2798
2802:2801 2809:2808 2815:2814 40004:40005 40008:40009 40978:40979 40980:40981 40982:40983
40984:40985 40986:40987 40988:40989 41083:41084 41101:41102 41107:41108 41256:41257
41320:41321 41324:41325 41458:41459 41476:41477 41482:41483 41653:41654 41710:41711
41806:41807 41811:41812 41873:41874 41969:41970 42025:42026 42171:42172 42451:42452
42652:42653 42947:42948 43109:42684 43110:42486 43111:42982
"""
DATA_LENGTHS = dict(pair.split(":") for pair in _DATA_FIELDS.split())
"""A length field and the data field that follows it, whose value may hold SOH and `=`: those of
every version, as `90:91` for SecureDataLen and SecureData."""

_PX_DIGITS = 8
_NUMBER_MAX = 24
"""Characters of a number that is read: fifteen significant digits and room for padding."""
_SHORT = len(str(QTY_MAX)) - 1
"""Digits of a quantity that cannot be too large."""
_SECOND_MAX = 2**63 // 1_000_000_000 - 1
"""The last second whose nanoseconds a record can hold, in the year 2262."""


class CodecError(Exception):
    """A frame that is no message.

    If only a tag's number is wrong (`-1`, `0`, `034`), `message` is what was read and a Reject with
    SessionRejectReason(373) 0 can answer it. Without one it is garbled: its number cannot be
    trusted and it is ignored. `hostile` means the connection must end.
    """

    def __init__(
        self,
        text: str,
        ref_tag: str = "",
        *,
        message: Message | None = None,
        hostile: bool = False,
    ) -> None:
        super().__init__(text)
        self.ref_tag = ref_tag
        self.message = message
        self.hostile = hostile


class Message:
    """One decoded message. Tags are strings, values are text until somebody reads them."""

    __slots__ = ("fields", "msg_type", "sound_for", "tags", "values")

    def __init__(
        self, msg_type: str, fields: dict[str, str], tags: Sequence[str], values: Sequence[str]
    ) -> None:
        self.msg_type = msg_type
        self.fields = fields
        """The first occurrence of each tag, header and trailer included, in no order."""
        self.tags = tags
        """All tags in the order of the wire."""
        self.values = values
        """The value of each of `tags`."""
        self.sound_for: object = None
        """The dictionary that is known to find nothing wrong with it, if any."""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """All fields in the order of the wire."""
        return list(zip(self.tags, self.values, strict=True))

    def get(self, tag: str, default: str = "") -> str:
        """The first value of a tag."""
        return self.fields.get(tag, default)

    def group(self, count_tag: str) -> list[dict[str, str]]:
        """A repeating group's entries; the delimiter is the first tag after the count.

        Of a tag that repeats inside an entry (a nested group) the first value is kept. The last
        entry ends at the first tag that the message's version has outside of the group; of a group
        that it does not know, at the trailer.
        """
        if count_tag not in self.fields:
            return []
        tags, values = self.tags, self.values
        start = tags.index(count_tag) + 1
        count = _count(self.fields[count_tag])
        if not count or start == len(tags):
            return []
        _, others = group_members(self.get("8"), self.msg_type, count_tag)
        entries: list[dict[str, str]] = []
        delimiter = tags[start]
        for index in range(start, len(tags)):
            tag = tags[index]
            if tag == delimiter:
                if len(entries) == count:
                    break
                entries.append({})
            elif tag in others or tag in TRAILER_TAGS:
                break
            entries[-1].setdefault(tag, values[index])
        return entries

    def __repr__(self) -> str:
        return "|".join(f"{tag}={value}" for tag, value in self.pairs)


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= TAG_DIGITS_MAX else 0


_PLAIN_TAGS = frozenset(
    {str(tag) for tag in range(1, 10_000)} - DATA_LENGTHS.keys() - set(DATA_LENGTHS.values())
)
"""Tags that need no second look: well formed, and their values end at the next SOH."""
_NOT_SEPARATORS = bytes(set(range(256)) - set(b"=\x01"))
_SEPARATORS = tuple(b"=\x01" * count for count in range(FIELDS_MAX + 1))


def decode(frame: bytes) -> Message:
    """The message of a frame that the framer accepted.

    Raises:
        CodecError: bad tag syntax, a field without `=`, a data length that lies, too many fields.
    """
    separators = frame.translate(None, _NOT_SEPARATORS)
    count = len(separators) >> 1
    # Only if `=` and SOH alternate may both be split at once.
    if count > FIELDS_MAX or separators != _SEPARATORS[count]:
        return _decode_slowly(frame)
    parts = frame.decode("latin-1").replace(SOH, "=").split("=")
    each = iter(parts)
    fields = dict(zip(each, each))  # noqa: B905 (the empty end of the split has no partner)
    if not _PLAIN_TAGS.issuperset(fields) or parts[4:5] != ["35"]:
        return _decode_slowly(frame)
    tags, values = parts[0:-1:2], parts[1::2]
    if len(fields) != count:
        _check_sum_once(tags)
        fields = _first_values(tags, values)
    return Message(parts[5], fields, tags, values)


def _first_values(tags: list[str], values: list[str]) -> dict[str, str]:
    return dict(zip(tags[::-1], values[::-1], strict=True))


def _check_sum_once(tags: list[str]) -> None:
    """The framer has seen one CheckSum(10), at the end: another one stands where it must not."""
    if tags.count("10") > 1:
        raise CodecError("CheckSum(10) is not the last field", "10")


def _decode_slowly(frame: bytes) -> Message:
    """Field by field: values may hold `=`, data values SOH; says what is wrong if something is."""
    text = frame.decode("latin-1")
    parts: list[str] = []
    fault = ref_tag = length_tag = ""
    start = 0
    while start < len(text):
        if len(parts) == 2 * FIELDS_MAX:
            raise CodecError(f"more than {FIELDS_MAX} fields", hostile=True)
        equals = text.find("=", start)
        end = text.find(SOH, start)
        if equals < 0 or end < equals:
            raise CodecError("a field without '='")
        tag = text[start:equals]
        wrong = _tag_fault(tag)
        if wrong and not _is_number(tag):
            raise CodecError(wrong, tag)
        if wrong and not fault:
            fault, ref_tag = wrong, tag
        if DATA_LENGTHS.get(length_tag) == tag:
            size = parts[-1]
            end = equals + 1 + _count(size)
            if not _is_number(size) or size[0] == "-" or text[end : end + 1] != SOH:
                raise CodecError(f"the length {length_tag} does not fit", length_tag, hostile=True)
        parts += (tag, text[equals + 1 : end])
        length_tag = tag
        start = end + 1
    if parts[4:5] != ["35"] or parts[-2] != "10":
        raise CodecError("the first three fields or the last are not in their place", "35")
    tags, values = parts[0::2], parts[1::2]
    _check_sum_once(tags)
    message = Message(values[2], _first_values(tags, values), tags, values)
    if fault:
        raise CodecError(fault, ref_tag, message=message)
    return message


def _is_number(tag: str) -> bool:
    """True for digits, perhaps after a minus, that are few enough for RefTagID(371)."""
    digits = tag[1:] if tag.startswith("-") else tag
    return digits.isascii() and digits.isdigit() and len(digits) <= TAG_DIGITS_MAX


def _tag_fault(tag: str) -> str:
    """Why a text is no tag, or nothing."""
    if not tag:
        return "an empty tag"
    if not _is_number(tag):
        return f"a tag that is not a number of at most {TAG_DIGITS_MAX} digits"
    if tag[0] in "0-":
        return "a tag that is not positive or begins with 0"
    return ""


def encode(begin_string: str, msg_type: str, header: str, body: str) -> bytes:
    """A frame: BeginString, BodyLength, MsgType, `header`, `body`, CheckSum.

    `header` is the text of fields 34, 49, 52, 56 and so on, `body` that of the others; every field
    ends in SOH. Characters outside latin-1 become `?`.
    """
    size = len("35=|") + len(msg_type) + len(header) + len(body)
    text = f"8={begin_string}\x019={size}\x0135={msg_type}\x01{header}{body}"
    data = text.encode("latin-1", "replace")
    return data + TRAILERS[checksum(data)]


def safe_text(text: str) -> str:
    """Free text for a field: control characters, SOH above all, become spaces."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def field_text(pairs: Sequence[tuple[str, str]]) -> str:
    """Fields as the text that `encode` takes; values must hold no SOH."""
    return "".join(f"{tag}={value}\x01" for tag, value in pairs)


def px_text(px: int) -> str:
    """A price in 1e-8 of the currency as decimal text, exact and without trailing zeros."""
    whole, fraction = divmod(abs(px), PX_SCALE)
    sign = "-" if px < 0 else ""
    if not fraction:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{fraction:08d}".rstrip("0")


def px_value(text: str) -> int:
    """Decimal text as a price in 1e-8 of the currency, exact.

    Raises:
        ValueError: not a FIX float (no exponent, no plus), more than eight decimals, or beyond
            what a record can hold.
    """
    sign, whole, fraction = _decimal(text)
    kept = fraction.rstrip("0")
    if len(kept) > _PX_DIGITS:
        raise ValueError(f"{text!r} has more than {_PX_DIGITS} decimals")
    px = int(whole or "0") * PX_SCALE + int(kept.ljust(_PX_DIGITS, "0"))
    if px > PX_MAX:
        raise ValueError(f"{text!r} is beyond {px_text(PX_MAX)}")
    return sign * px


def qty_value(text: str) -> int:
    """A Qty that must be a whole number of shares, not negative.

    Raises:
        ValueError: not a FIX float, negative, a fraction of a share, or beyond what a record can
            hold.
    """
    if text.isdigit() and text.isascii() and len(text) <= _SHORT:
        return int(text)
    sign, whole, fraction = _decimal(text)
    if fraction.strip("0"):
        raise ValueError(f"{text!r} is not a whole number of shares")
    qty = sign * int(whole or "0")
    if qty < 0:
        raise ValueError(f"{text!r} is negative")
    if qty > QTY_MAX:
        raise ValueError(f"{text!r} is beyond {QTY_MAX}")
    return qty


def _decimal(text: str) -> tuple[int, str, str]:
    """Sign, digits before and after the point."""
    digits = text[1:] if text.startswith("-") else text
    whole, _, fraction = digits.partition(".")
    both = whole + fraction
    if not (both.isascii() and both.isdigit() and len(both) <= _NUMBER_MAX):
        raise ValueError(f"{text[:_NUMBER_MAX]!r} is not a decimal number")
    return (-1 if text.startswith("-") else 1), whole, fraction


_MILLIS = tuple(f".{millis:03d}" for millis in range(1_000))


@lru_cache(maxsize=64)
def _second_text(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y%m%d-%H:%M:%S")


def time_text(ns: int, precision: int = 3) -> str:
    """UTCTimestamp of UTC nanoseconds, cut to 0, 3, 6 or 9 decimals of a second."""
    if precision == 3:
        return _second_text(ns // 1_000_000_000) + _MILLIS[ns // 1_000_000 % 1_000]
    second, rest = divmod(ns, 1_000_000_000)
    if precision == 0:
        return _second_text(second)
    return f"{_second_text(second)}.{rest // 10 ** (9 - precision):0{precision}d}"


@lru_cache(maxsize=256)
def _second_value(text: str) -> int:
    """UTC seconds of `YYYYMMDD-HH:MM:SS`; a leap second counts as the following one."""
    digits = text[:8] + text[9:11] + text[12:14] + text[15:]
    shape = text[8:9] + text[11:12] + text[14:15]
    if len(digits) != 14 or shape != "-::" or not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"{text!r} is not a UTCTimestamp")
    second = int(digits[12:])
    if second > 60:
        raise ValueError(f"{text!r} is not a UTCTimestamp")
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
    minute = datetime(year, month, day, int(digits[8:10]), int(digits[10:12]), tzinfo=UTC)
    at = int(minute.timestamp()) + second
    if abs(at) > _SECOND_MAX:
        raise ValueError(f"UTCTimestamp {text!r} is out of range: allowed from 1678 to 2261")
    return at


def time_value(text: str) -> int:
    """UTC nanoseconds of a UTCTimestamp with up to twelve decimals; picoseconds are cut.

    Raises:
        ValueError: not a UTCTimestamp, or of a year that nanoseconds in 64 bits do not reach.
    """
    second = _second_value(text[:17])
    fraction = text[17:]
    if not fraction:
        return second * 1_000_000_000
    digits = fraction[1:]
    if fraction[0] != "." or len(digits) > 12 or not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"{text[:32]!r} is not a UTCTimestamp")
    return second * 1_000_000_000 + int(digits[:9].ljust(9, "0"))
