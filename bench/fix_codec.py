"""Codec against simplefix: decode and encode of two ordinary messages; what judging them adds.

Run as `python -m bench.fix_codec [rounds]`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial

import simplefix

from bench.measure import Result, Subject, at_most, interleave, untargeted
from router.fix.codec import decode, encode, time_text
from router.fix.dictionary import FIX44
from router.fix.framing import TRAILERS, Framer, checksum

ROUNDS = 25
LOOPS = 500
NOW = 1_767_623_400_123_456_789
Pairs = list[tuple[str, str]]

HEADER: Pairs = [
    ("34", "1234"),
    ("49", "OMS"),
    ("52", "20260105-14:30:00.123"),
    ("56", "SLUICE"),
]
ORDER: Pairs = [
    ("11", "20260105-000123"),
    ("1", "ACC-17"),
    ("21", "1"),
    ("18", "M"),
    ("110", "100"),
    ("55", "BAC"),
    ("207", "XNYS"),
    ("54", "1"),
    ("60", "20260105-14:30:00.122"),
    ("38", "5000"),
    ("40", "2"),
    ("44", "13.905"),
    ("15", "USD"),
    ("59", "0"),
    ("528", "A"),
    ("58", "care"),
    ("847", "pov"),
]
"""With 8, 9, 35, HEADER and 10 it has 25 fields."""
REPORT: Pairs = [
    ("37", "P-000123"),
    ("11", "20260105-000123"),
    ("41", "20260105-000122"),
    ("17", "E-XNYS-20260105-778812"),
    ("150", "F"),
    ("39", "1"),
    ("1", "ACC-17"),
    ("55", "BAC"),
    ("207", "XNYS"),
    ("54", "1"),
    ("38", "5000"),
    ("40", "2"),
    ("44", "13.905"),
    ("15", "USD"),
    ("59", "0"),
    ("18", "M"),
    ("32", "300"),
    ("31", "13.90"),
    ("30", "XNYS"),
    ("151", "4700"),
    ("14", "300"),
    ("6", "13.90"),
    ("75", "20260105"),
    ("60", "20260105-14:30:00.122"),
    ("851", "2"),
    ("528", "A"),
    ("58", "worked"),
]
"""With 8, 9, 35, HEADER and 10 it has 35 fields."""


def simplefix_encode(msg_type: str, body: Pairs) -> bytes:
    """The message that simplefix builds from text values."""
    message = simplefix.FixMessage()
    message.append_pair(8, "FIX.4.4", header=True)
    message.append_pair(35, msg_type, header=True)
    for tag, value in (*HEADER, *body):
        message.append_pair(tag, value)
    data: bytes = message.encode()
    return data


def simplefix_decode(frame: bytes) -> object:
    """What simplefix parses; it verifies neither CheckSum nor BodyLength."""
    parser = simplefix.FixParser()
    parser.append_buffer(frame)
    return parser.get_message()


def template(pairs: Pairs) -> str:
    """A message type's body as a %-template, as the application keeps one per type."""
    return "".join(f"{tag}=%s\x01" for tag, _ in pairs)


def our_encode(msg_type: str, body: Pairs) -> Callable[[], bytes]:
    """Header and body filled into templates, then framed."""
    head, form = template(HEADER), template(body)
    values = tuple(value for _, value in body)

    def run() -> bytes:
        header = head % (1234, "OMS", time_text(NOW), "SLUICE")
        return encode("FIX.4.4", msg_type, header, form % values)

    return run


def our_decode(frame: bytes) -> Subject:
    """CheckSum verified and decoded: what simplefix's parser does, and the check it leaves out."""
    body = frame[:-7]

    def run() -> object:
        assert TRAILERS[checksum(body)] == frame[-7:]
        return decode(frame)

    return run


def our_judged(frame: bytes) -> Subject:
    """As `our_decode`, and found sound by the dictionary: of a form that is known, as most are."""
    body = frame[:-7]

    def run() -> object:
        assert TRAILERS[checksum(body)] == frame[-7:]
        return FIX44.validate(FIX44.decode(frame))

    return run


def our_judged_anew(frame: bytes) -> Subject:
    """The same for a form that is not known."""
    body = frame[:-7]

    def run() -> object:
        assert TRAILERS[checksum(body)] == frame[-7:]
        return FIX44.validate(decode(frame))

    return run


def our_way_in(frame: bytes) -> Subject:
    """The whole way in: framed with all caps, verified, decoded, and ten fields read."""
    framer = Framer()
    wanted = ("1", "11", "15", "38", "40", "44", "54", "55", "59", "60")

    def run() -> object:
        for whole in framer.feed(frame):
            fields = decode(whole).fields
            for tag in wanted:
                fields[tag]
        return None

    return run


def main(rounds: int = ROUNDS) -> Result:
    subjects: dict[str, Subject] = {}
    sizes = {}
    for name, msg_type, body in (("order", "D", ORDER), ("report", "8", REPORT)):
        ours = our_encode(msg_type, body)
        frame = ours()
        assert frame == simplefix_encode(msg_type, body), name
        sizes[name] = {"bytes": len(frame), "fields": frame.count(b"\x01")}
        subjects[f"decode_{name}"] = our_decode(frame)
        subjects[f"judged_{name}"] = our_judged(frame)
        subjects[f"judged_anew_{name}"] = our_judged_anew(frame)
        subjects[f"way_in_{name}"] = our_way_in(frame)
        subjects[f"decode_{name}_simplefix"] = partial(simplefix_decode, frame)
        subjects[f"encode_{name}"] = ours
        subjects[f"encode_{name}_simplefix"] = partial(simplefix_encode, msg_type, body)
    figures = interleave(subjects, rounds=rounds, loops=LOOPS)
    ratios: Result = {}
    for name in sizes:
        decoded, encoded = f"decode_{name}", f"encode_{name}"
        ratios |= {
            f"{decoded}_to_simplefix": at_most(
                figures.cpu_ratio(decoded, f"{decoded}_simplefix"), 1 / 15
            ),
            f"judged_{name}_to_decode": at_most(figures.cpu_ratio(f"judged_{name}", decoded), 1.5),
            f"judged_anew_{name}_to_decode": untargeted(
                figures.cpu_ratio(f"judged_anew_{name}", decoded)
            ),
            f"way_in_{name}_to_simplefix": untargeted(
                figures.cpu_ratio(f"way_in_{name}", f"{decoded}_simplefix")
            ),
            f"{encoded}_to_simplefix": at_most(
                figures.cpu_ratio(encoded, f"{encoded}_simplefix"), 1 / 13
            ),
        }
    return {
        "bench": "fix_codec",
        "rounds": rounds,
        "messages": sizes,
        **figures.medians(),
        "ratios": ratios,
    }


if __name__ == "__main__":
    print(json.dumps(main(*map(int, sys.argv[1:2])), indent=2))
