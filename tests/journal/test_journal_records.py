"""The bytes of a record, against struct, zlib and hashlib used by hand."""

from __future__ import annotations

import hashlib
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.journal.records import (
    GENESIS,
    HEADER_SIZE,
    PAYLOAD_MAX,
    BrokenRecord,
    Flaw,
    Position,
    Record,
    check_follows,
    digest,
    encode,
    encode_batch,
    parse,
    record_size,
)

AT = Position(3, 77)


def by_hand(payload: bytes, previous: bytes, seq: int, mono: int, wall: int, flag: int) -> bytes:
    length = len(payload) + flag * 2**31
    rest = previous + struct.pack("<Qqq", seq, mono, wall) + payload
    return struct.pack("<II", length, zlib.crc32(rest, length)) + rest


def test_the_layout_is_the_documented_one() -> None:
    previous = bytes(range(32))
    data = encode((7, 8, 9, b"hello"), previous, after_sync=True)
    assert data == by_hand(b"hello", previous, 7, 8, 9, 1)
    assert len(data) == 64 + 5
    assert HEADER_SIZE == 64
    assert data[40:48] == b"\x07\0\0\0\0\0\0\0"


def test_a_batch_is_a_chain_whose_first_record_alone_tells_of_the_sync() -> None:
    data, last = encode_batch([(1, 2, 3, b"a"), (4, 5, 6, b"b")], GENESIS, after_sync=True)
    first = by_hand(b"a", GENESIS, 1, 2, 3, 1)
    second = by_hand(b"b", hashlib.sha256(first).digest(), 4, 5, 6, 0)
    assert data == first + second
    assert last == hashlib.sha256(second).digest()


records = st.tuples(
    st.binary(max_size=400),
    st.binary(min_size=32, max_size=32),
    st.integers(0, 2**48 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
)


@given(records, st.binary(max_size=50), st.binary(max_size=50))
def test_what_is_encoded_is_parsed_wherever_it_stands(
    fields: tuple[bytes, bytes, int, int, int, bool], before: bytes, after: bytes
) -> None:
    payload, previous, seq, mono, wall, flag = fields
    data = encode((seq, mono, wall, payload), previous, after_sync=flag)
    assert data == by_hand(payload, previous, seq, mono, wall, flag)
    record = parse(before + data + after, len(before), AT)
    assert record == Record(AT, seq, mono, wall, payload, previous, flag)
    assert record.encoded() == data
    assert record.size == len(data) == record_size(before + data + after, len(before))


@given(records, st.data())
def test_a_changed_byte_is_noticed(
    fields: tuple[bytes, bytes, int, int, int, bool], chance: st.DataObject
) -> None:
    payload, previous, seq, mono, wall, flag = fields
    data = bytearray(encode((seq, mono, wall, payload), previous, after_sync=flag))
    data[chance.draw(st.integers(0, len(data) - 1))] ^= chance.draw(st.integers(1, 255))
    with pytest.raises(BrokenRecord):
        parse(bytes(data), 0, AT)


SOUND = encode((5, 1, 2, b"payload"), GENESIS)


@pytest.mark.parametrize(
    ("data", "flaw"),
    [
        (b"", Flaw.EMPTY),
        (bytes(30), Flaw.EMPTY),
        (bytes(500), Flaw.EMPTY),
        (SOUND[:63], Flaw.SHORT),
        (SOUND[:-1], Flaw.SHORT),
        (struct.pack("<I", PAYLOAD_MAX + 1) + SOUND[4:], Flaw.LENGTH),
        (SOUND[:-1] + b"!", Flaw.CHECKSUM),
        (bytes(8) + SOUND[8:], Flaw.CHECKSUM),
    ],
)
def test_what_is_wrong_is_named(data: bytes, flaw: Flaw) -> None:
    with pytest.raises(BrokenRecord) as caught:
        parse(data, 0, AT)
    assert caught.value.flaw is flaw


def test_the_chain_is_sha256_over_the_whole_record() -> None:
    following = encode((6, 0, 0, b""), hashlib.sha256(SOUND).digest())
    check_follows(parse(following, 0, AT), digest(SOUND), last_seq=5)


def test_a_record_out_of_place_is_named() -> None:
    record = parse(SOUND, 0, AT)
    with pytest.raises(BrokenRecord, match="does not follow"):
        check_follows(record, bytes([1]) * 32, last_seq=4)
    with pytest.raises(BrokenRecord, match="seq does not rise"):
        check_follows(record, GENESIS, last_seq=5)
