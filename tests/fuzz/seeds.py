"""Where fuzzing begins: our own messages in every version, and the usual lives of a session."""

from __future__ import annotations

import random

from router.fix.specification import specification
from router.fix.versions import VERSIONS
from tests.fuzz import law
from tests.fuzz.phrases import BODIES, FIELDS, TYPES
from tests.fuzz.script import ACTS, ROW, Script
from tests.fuzz.sound import Maker

_HEAD = b"35=%s\x0134=%d\x0149=OMS\x0152=20260105-14:30:00.000\x0156=SLUICE\x01%s"
ADMIN = {
    b"A": b"98=0\x01108=30\x01141=Y\x01",
    b"0": b"112=T\x01",
    b"1": b"112=T\x01",
    b"2": b"7=1\x0116=0\x01",
    b"3": b"45=2\x0158=no\x01371=55\x01372=D\x01373=5\x01",
    b"4": b"43=Y\x01122=20260105-14:29:00.000\x0136=5\x01123=Y\x01",
    b"5": b"58=bye\x01",
}


def frames() -> list[bytes]:
    """One frame of every kind in every version; then the same with what is odd put into it."""
    plain = [
        law.frame(version.begin_string.encode(), _HEAD % (msg_type, 2, body.replace(b"%d", b"1")))
        for version in VERSIONS
        for msg_type, body in {**ADMIN, **BODIES}.items()
    ]
    odd = [law.frame(b"FIX.4.4", _HEAD % (b"B", 2, BODIES[b"B"] + field)) for field in FIELDS]
    many = [law.frame(b"FIX.4.4", _HEAD % (b"D", 2, b"58=x\x01" * count)) for count in (990, 993)]
    long = [law.frame(b"FIX.4.4", _HEAD % (b"B", 2, b"58=%s\x01" % (b"x" * 60_000)))]
    groups = b"33=900\x01" + b"58=x\x01" * 900
    return [*plain, *sound(), *odd, *many, *long, law.frame(b"FIX.4.4", _HEAD % (b"B", 2, groups))]


def sound() -> list[bytes]:
    """A message of every type that we serve, in every version, made from its specification."""
    return [
        maker.frame(maker.rows(msg_type, random.Random(msg_type), fill=0.1))
        for maker in (Maker(specification(version)) for version in VERSIONS)
        for msg_type, kind in maker.spec.messages.items()
        if kind.served
    ]


def streams() -> list[bytes]:
    """Frames one after the other, whole and cut, with noise between them."""
    all_frames = [each for each in frames() if len(each) < 300]
    texts = [each + each for each in all_frames]
    texts += [
        all_frames[0] + b"GET / HTTP/1.1\r\n\r\n" + all_frames[1],
        all_frames[0] + b"8=FIX.4.4\x019=999999999999\x01",
        b"8=FIX.4.4\x019=5\x0135=0\x0110=163\x01",
        b"8=FIX" * 20,
        b"9=5\x01" * 20,
        all_frames[2][:-3],
    ]
    return [bytes([i % 12]) + text for i, text in enumerate(texts)]


def _row(act: object, *how: int) -> bytes:
    return bytes([[id(a) for a in ACTS].index(id(act)), *how]).ljust(ROW, b"\0")


def scripts() -> list[bytes]:
    """The usual lives, in both roles and all versions, with every option off and then on."""
    lives = [
        [_row(Script.say, at, 0, 0, 0, 5, 6) for at in range(len(TYPES))],
        [_row(Script.say, 12, 151, 0, 0, 3), _row(Script.fill, 2), _row(Script.say, 12)],
        [_row(Script.send, 0, 2), _row(Script.say, 2, 0, 0, 0, 0, 23), _row(Script.wait, 11)],
        [
            _row(Script.store, 1),
            *[_row(Script.send, 1, 2), _row(Script.say, 2, 0, 0, 0, 0, 23)] * 3,
        ],
        [_row(Script.burst, 2, 0, 0, 0, 0, 0, 30), _row(Script.say, 6, 0, 0, 0, 30, 2)],
        [_row(Script.wait, at) for at in range(16)],
        [_row(Script.say, 0, 0, 0, 224 + at, 1, at) for at in range(8)],
        [_row(Script.say_wrong, 12, 0, 0, 0, at, at * 7, at) for at in range(16)],
        [_row(Script.garble, 12, 0, 0, at, 0, at * 9, at) for at in range(8)],
        [_row(Script.say, 9), _row(Script.say, 0), _row(Script.cut, 1), _row(Script.say, 12)],
        [_row(Script.say, 10, 0, 0, 0, 0, 24), _row(Script.send), _row(Script.reflect, 0, 3)],
        [_row(Script.chunking, 1), _row(Script.verbatim, 1, 1, 12), b"58=abc=d", b"\x01" * 8],
        [_row(Script.send, 0, 40, 255), _row(Script.ask, 1, 9, 3, 1, 1), _row(Script.store, 0, 3)],
        [_row(Script.train, 5), *[_row(Script.say, at, 0, 0, 0, at, 5) for at in range(12, 19)]],
        [_row(Script.send, 0, 9), _row(Script.greet, 10, 0, 0, 0, 0, 0, 1), _row(Script.say, 12)],
        [_row(Script.send, 0, 9), _row(Script.cut, 1), _row(Script.command), _row(Script.wait, 7)],
    ]
    return [
        bytes([who, *options]).ljust(ROW, b"\0") + b"".join(life)
        for who in range(6)
        for options in ((), (0, 255, 0, 1), (0, 0, 255, 5), (0, 3, 0, 0, 0, 15, 1))
        for life in lives
    ]
