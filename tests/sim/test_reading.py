"""How the oracle finds frames in bytes: whole ones only, wherever they begin."""

from __future__ import annotations

import pytest

from router.simulation.reading import Stream


def frame(seq: int) -> bytes:
    body = f"35=0|34={seq}|49=SLUICE|56=OMS|52=20260105-14:30:00.000|".replace("|", "\x01").encode()
    head = b"8=FIX.4.4\x019=%d\x01" % len(body)
    return head + body + b"10=%03d\x01" % (sum(head + body) % 256)


def seqs(stream: Stream, data: bytes) -> list[int]:
    return [each.seq for each in stream.feed(data)]


def test_frames_come_out_however_they_are_cut() -> None:
    data = b"".join(map(frame, range(1, 4)))
    for cut in range(len(data)):
        stream = Stream()
        assert seqs(stream, data[:cut]) + seqs(stream, data[cut:]) == [1, 2, 3]


@pytest.mark.parametrize("bit", range(8))
def test_a_frame_with_a_turned_bit_is_passed_over_and_no_other(bit: int) -> None:
    first, rest = frame(1), frame(2) + frame(3)
    for at in range(len(first)):
        turned = bytearray(first)
        turned[at] ^= 1 << bit
        # Behind it comes enough to show that a longer BodyLength is a lie.
        assert seqs(Stream(), bytes(turned) + rest + frame(4) * 200)[:2] == [2, 3], (at, bit)
