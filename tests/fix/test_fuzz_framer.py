"""The framer on mutated streams: the same sound frames in any chunks, bounded work, no surprise."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.fix.framing import FRAME_MAX, HEAD_MAX, Framer, FramingError
from tests.fuzz import law, seeds
from tests.fuzz.cost import Meter
from tests.fuzz.mutate import mutated, stream
from tests.fuzz.streams import check_framer, chunks, outcome
from tests.fuzz.work import counted

STREAMS = seeds.streams()
SOUND = law.frame(b"FIX.4.4", b"35=0\x01")
CALLS_PER_CUT = 30
CALLS_PER_CHUNK = 30
CALLS_PER_KIB = 10  # a checksum goes by chunks


@settings(max_examples=400)
@given(st.sampled_from(STREAMS), st.integers(0, 2**32), st.integers(0, 6))
def test_any_stream_in_any_chunks_gives_the_same_sound_frames(
    seed: bytes, choice: int, rounds: int
) -> None:
    check_framer(mutated(stream, seed, choice, rounds=rounds, most=4_096), Meter().timed)


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_any_bytes_do(data: bytes) -> None:
    check_framer(data, Meter().timed)


@given(st.integers(0, 10**13), st.integers(0, 3 * FRAME_MAX), st.sampled_from([100, 4_096]))
def test_a_length_is_believed_up_to_the_largest_frame(length: int, size: int, chunk: int) -> None:
    text = b"8=FIX.4.4\x019=%d\x0135=0\x0158=" % length + b"x" * size
    frames, _, hostile = outcome([text[at : at + chunk] for at in range(0, len(text), chunk)])
    assert not frames
    assert hostile or len(text) < law.FRAME_MAX + law.HEAD_MAX


NOISE = st.lists(st.sampled_from([b"8", b"8=", b"8=FI", b"\x01", b"9=5\x01", b"10=000\x01"]))


@given(st.lists(st.tuples(NOISE, st.sampled_from(seeds.frames()[:40])), max_size=6))
def test_noise_costs_no_sound_frame(parts: list[tuple[list[bytes], bytes]]) -> None:
    text = b"".join(b"".join(noise) + frame for noise, frame in parts)
    assert outcome([text])[0] == [frame for _, frame in parts]


@pytest.mark.parametrize(
    "unit",
    [
        b"8=FIX\x01",
        b"8=FIX8=FIX\x01",
        b"8=FIX\x019=\x01",
        b"8=FIX\x019=0\x01",
        b"8=FIX\x019=000000000000\x01",
        b"8=FIX.4.4\x0135=0\x01",
    ],
)
def test_endless_false_starts_end_the_connection(unit: bytes) -> None:
    framer = Framer()
    noise = unit * (FRAME_MAX // len(unit) + len(unit))
    with pytest.raises(FramingError, match="no sound frame"):
        framer.feed(noise)


@pytest.mark.parametrize("size", [0, 61, 1_024])
@pytest.mark.parametrize(
    "unit",
    [
        b"8=FIX\x01",
        b"8=FIX8=FIX\x01",
        b"8=FIX\x019=0\x01",
        b"8=FIX.41=Y\x01" + SOUND,
        b"8=FIX\x019=4\x0135=\x01",
        b"8=FIX\x019=4\x0135=\x0110=000\x01" * 3 + SOUND,
        SOUND,
        law.frame(b"FIX.4.4", b"35=0\x0158=" + b"x" * 30_000 + b"\x01"),
        b"x",
        b"=\x01",
    ],
)
def test_work_is_bounded_by_bytes_frames_and_faults(unit: bytes, size: int) -> None:
    text = (unit * (FRAME_MAX // len(unit) + 1))[:FRAME_MAX]
    parts = list(chunks(text, size))
    (frames, garbled, _), work = counted(parts)
    cuts = len(frames) + garbled
    most = CALLS_PER_CUT * cuts + CALLS_PER_CHUNK * len(parts) + CALLS_PER_KIB * len(text) // 1_024
    assert work.calls <= most
    # A chunk is looked at with what was held before it: less than a head, or a frame once.
    assert work.looked_at <= 2 * len(text) + HEAD_MAX * len(parts)
