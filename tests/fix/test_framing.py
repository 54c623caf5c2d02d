"""The framer: the same frames whatever the chunks, bounded, and nothing but FramingError."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from router.fix.framing import FRAME_MAX, Framer, FramingError, checksum, peek_logon
from tests.fix.wire import framed, raw, said

HEARTBEAT = raw(
    "8=FIX.4.4|9=61|35=2|34=2|49=SLUICE|52=20260105-14:30:00.000|56=OMS|7=1|16=0|10=237|"
)
SPECIMENS = (
    HEARTBEAT,
    raw(
        "8=FIX.4.4|9=94|35=4|34=2|43=Y|49=SLUICE|52=20260105-14:30:00.000|56=OMS|"
        "122=20260105-14:29:00.000|36=5|123=Y|10=115|"
    ),
    raw(
        "8=FIX.4.4|9=100|35=3|34=2|49=SLUICE|52=20260105-14:30:00.000|56=OMS|45=2|"
        "58=Required tag missing|371=11|372=D|373=1|10=061|"
    ),
    raw(
        "8=FIXT.1.1|9=71|35=A|34=1|49=SLUICE|52=20260105-14:30:00.000|56=OMS|98=0|108=30|1137=9|"
        "10=043|"
    ),
)
"""Frames of known CheckSum: two from the reference, computed elsewhere."""
GOOD = said("35=0|34=7|")


def outcome(chunks: list[bytes]) -> tuple[list[bytes], int, bool]:
    """Frames, garbled count, and whether the peer was found hostile."""
    framer = Framer()
    frames: list[bytes] = []
    for chunk in chunks:
        try:
            frames += framer.feed(chunk)
        except FramingError as error:
            return frames + error.frames, framer.garbled, True
    return frames, framer.garbled, False


def one_by_one(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def test_frames_of_known_checksum_are_accepted() -> None:
    assert outcome([b"".join(SPECIMENS)]) == (list(SPECIMENS), 0, False)
    assert outcome(one_by_one(b"".join(SPECIMENS))) == (list(SPECIMENS), 0, False)


@given(st.binary(max_size=2000))
@example(b"\xff" * 257)
@example(b"\xff" * 515)
@example(b"\x7f" * 515)
@example(b"\x7f" * 516)
def test_the_checksum_is_the_byte_sum(data: bytes) -> None:
    assert checksum(data) == sum(data) % 256


@pytest.mark.parametrize(
    "bad",
    [
        raw("8=FIX.4.4|9=61|35=2|34=2|49=SLUICE|52=20260105-14:30:00.000|56=OMS|7=1|16=0|10=238|"),
        raw("8=FIX.4.4|9=61|35=2|34=2|49=SLUICE|52=20260105-14:30:00.000|56=OMS|7=1|16=0|10=37|"),
        raw("8=FIX.4.4|9=11|35=0|58=a|510=017|"),
        raw("8=FIX.4.4|9=60|35=2|34=2|49=SLUICE|52=20260105-14:30:00.000|56=OMS|7=1|16=0|10=237|"),
        raw("8=FIX.4.4|9=x1|35=2|34=2|10=237|"),
        raw("8=FIX.4.4|9=+5|35=2|10=162|"),
        raw("8=FIX.4.4|9=-5|35=2|10=162|"),
        raw("8=FIX.4.4|9=|35=2|10=162|"),
        raw("8=FIX.4.4|35=2|9=5|10=162|"),
        raw("8=FIX.4.4|9=5|34=2|10=162|"),
        framed("34=2|35=0|"),
        raw("9=5|8=FIX.4.4|35=0|10=163|"),
        raw("8=FOX.4.4|9=5|35=0|10=163|"),
        raw("GET / HTTP/1.1") + b"\r\n\r\n",
    ],
)
@pytest.mark.parametrize("split", [False, True])
def test_garbled_messages_cost_only_themselves(bad: bytes, split: bool) -> None:
    data = GOOD + bad + GOOD
    assert outcome(one_by_one(data) if split else [data]) == ([GOOD, GOOD], 1, False)


def test_a_body_length_too_long_swallows_the_following_message() -> None:
    # Scenario 2m: both are lost, the third is read.
    bad = said("35=0|34=8|").replace(b"9=52\x01", b"9=90\x01")
    assert b"9=90\x01" in bad
    assert outcome([bad + GOOD + GOOD + SPECIMENS[0]])[:2] == ([GOOD, SPECIMENS[0]], 1)


def test_a_declared_end_inside_the_next_message_is_not_searched_before() -> None:
    bad = raw("8=FIX.4.4|9=12|35=0|x=8=FIX.4.4|9=5|35=0|10=000|")
    frames, garbled, hostile = outcome([bad + GOOD])
    assert frames == [GOOD]
    assert garbled >= 1
    assert not hostile


@pytest.mark.parametrize(
    ("attack", "why"),
    [
        (raw("8=FIX.4.4|9=99999999|35=A|"), "a frame of"),
        (raw("8=FIX.4.4|9=65536|35=A|"), "a frame of"),
        (raw("8=FIX.4.4|9=1234567890123|35=A|"), "12 digits"),
        (raw("8=FIX.4.4|9=" + "0" * 5000), "12 digits"),
        (raw("8=FIX" + "4" * 60), "no SOH"),
        (raw("8=FIX" + "4" * 30 + "|9=5|35=0|10=000|"), "no SOH"),
        (b"\x00" * (FRAME_MAX + 10), "no sound frame"),
        (b"8=FIX" * (FRAME_MAX // 4), "no SOH"),
        (b"x" + b"8=FIX" * (FRAME_MAX // 4), "no sound frame"),
    ],
)
def test_attacks_end_the_connection(attack: bytes, why: str) -> None:
    framer = Framer()
    with pytest.raises(FramingError, match=why):
        framer.feed(attack)
    assert outcome(one_by_one(attack)) == outcome([attack])
    assert outcome([GOOD + attack])[0] == [GOOD]


def test_the_largest_frame_is_taken_and_one_byte_more_is_not() -> None:
    empty = framed("35=0|58=|")
    # Four more digits of BodyLength than the empty one has.
    largest = framed("35=0|58=" + "x" * (FRAME_MAX - len(empty) - 4) + "|")
    assert len(largest) == FRAME_MAX
    assert outcome([largest]) == ([largest], 0, False)
    assert outcome([framed("35=0|58=" + "x" * (FRAME_MAX - len(empty) - 3) + "|")])[2]


NOISE = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([GOOD, *SPECIMENS, GOOD[:-3], GOOD[5:], b"8=FIX", b"8=FIX.4.4\x019=", b"10="]),
    st.builds(
        lambda n, body: b"8=FIX.4.4\x019=%d\x01%s10=000\x01" % (n, body),
        st.integers(0, 200),
        st.binary(max_size=60),
    ),
)


@given(st.lists(NOISE, max_size=8), st.lists(st.integers(0, 400), max_size=12))
def test_any_chunking_gives_the_same_frames(parts: list[bytes], cuts: list[int]) -> None:
    data = b"".join(parts)
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    chunks = [data[a:b] for a, b in pairwise(edges)]
    expected = outcome([data])
    assert outcome(chunks) == expected
    assert outcome(one_by_one(data)) == expected


@given(st.lists(NOISE, max_size=8))
def test_accepted_frames_are_sound_and_stand_in_the_stream(parts: list[bytes]) -> None:
    data = b"".join(parts)
    at = 0
    for frame in outcome([data])[0]:
        at = data.index(frame, at) + len(frame)
        head, _, rest = frame.partition(b"\x0135=")
        assert head.startswith(b"8=FIX")
        assert int(head.rpartition(b"9=")[2]) == len(b"35=" + rest) - 7
        assert frame[-7:] == b"10=%03d\x01" % (sum(frame[:-7]) % 256)


def test_memory_is_bounded_and_linear_in_a_frame() -> None:
    framer = Framer()
    frame = framed("35=0|58=" + "x" * 60_000 + "|")
    tracemalloc.start()
    for _ in range(3):
        for start in range(0, len(frame), 100):
            framer.feed(frame[start : start + 100])
            assert framer.buffered < FRAME_MAX
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * FRAME_MAX
    junk = Framer()
    for _ in range(600):
        junk.feed(b"y" * 100)
        assert junk.buffered < 5


def test_noise_between_sound_frames_does_not_add_up() -> None:
    assert outcome([b"x" * 1000 + GOOD] * 100) == ([GOOD] * 100, 100, False)


class Counted(bytes):
    """Bytes that count how much of them is searched."""

    searched = 0

    def find(self, sub: bytes, start: int = 0, end: int = 1 << 60) -> int:  # type: ignore[override]
        found = super().find(sub, start, end)
        Counted.searched += (found if found >= 0 else min(end, len(self))) - start
        return found


def test_a_frame_is_cut_by_its_length_without_a_scan() -> None:
    frame = framed("35=0|58=" + "x" * 30_000 + "|")
    Counted.searched = 0
    assert Framer().feed(Counted(frame)) == [frame]
    assert 0 < Counted.searched < 40


def test_the_caller_of_a_logon_is_seen_and_nobody_else_is() -> None:
    assert peek_logon(said("35=A|34=1|98=0|108=30|")) == ("FIX.4.4", "OMS", "SLUICE")
    assert peek_logon(SPECIMENS[3]) == ("FIXT.1.1", "SLUICE", "OMS")
    assert peek_logon(GOOD) is None
    assert peek_logon(raw("8=FIX.4.4|9=15|35=A|49=OMS|10=000|")) is None
