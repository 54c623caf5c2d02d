"""Steps out of the journal, and the journal and the market file as one history."""

from __future__ import annotations

import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.journal.market import MarketFile, MarketRecord, read_market
from router.journal.memory import MemoryStorage
from router.journal.records import Position
from router.journal.recovery import merge_market, read_steps, steps
from router.journal.scan import JournalBroken
from router.messages import (
    MarketDataEntry,
    MarketDataReceived,
    Restarted,
    Sent,
    SessionNumbers,
    Step,
    TimerFired,
    encode_step,
)
from router.messages.records import PACKED_ABOVE
from tests.journal.faulty_storage import open_journal


def full_step(seq: int) -> Step:
    return Step(
        seq=seq,
        now=seq * 1000,
        event=Restarted(epoch=seq, config_hash="abc"),
        frame=b"8=FIX.4.4\x01",
        session="OMS",
        sent=(Sent("OMS", 3, b"8=FIX.4.4\x019=5\x01"),),
        numbers=(SessionNumbers("OMS", 4, 5),),
    )


def quote(seq: int) -> Step:
    entries = (MarketDataEntry("0", "0", 100 + seq, 10),)
    return Step(seq=seq, now=seq, event=MarketDataReceived("XLON", "VOD", True, entries))


def as_record(step: Step) -> MarketRecord:
    return MarketRecord(step.seq, step.now, encode_step(step))


def test_steps_come_back_with_their_positions() -> None:
    storage = MemoryStorage()
    journal, _ = open_journal(storage)
    written = [full_step(seq) for seq in range(1, 40)]
    places = [journal.append(step.seq, 0, step.now, encode_step(step)) for step in written]
    journal.close()
    assert places[-1].segment > 1
    assert list(read_steps(storage)) == list(zip(places, written, strict=True))
    assert [step for _, step in read_steps(storage, places[20])] == written[20:]
    reopened, _ = open_journal(MemoryStorage())
    assert list(steps(reopened.scan())) == []


ROOM = 64 * 1024
"""Bytes of a segment, and so of a record at most."""


def large_step(seq: int) -> Step:
    """As of a kill of twenty thousand children: their cancels are all alike."""
    step = full_step(seq)
    return msgspec.structs.replace(step, sent=step.sent * 20_000)


def test_a_large_step_is_packed_and_read_as_it_was() -> None:
    storage = MemoryStorage()
    journal, _ = open_journal(storage, segment_bytes=ROOM)
    step = large_step(1)
    assert len(msgspec.msgpack.encode(step)) > PACKED_ABOVE
    payload = encode_step(step)
    assert len(payload) < 100_000
    journal.append(1, 0, 0, payload)
    journal.close()
    assert [found for _, found in read_steps(storage)] == [step]


def test_a_step_that_is_not_large_stays_as_it_is() -> None:
    assert encode_step(full_step(1)) == msgspec.msgpack.encode(full_step(1))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\xc1", "not a step"),
        (b"", "not a step"),
        (encode_step(full_step(2))[:-1], "not a step"),
        (msgspec.msgpack.encode({"seq": 2, "now": "noon"}), "not a step: Expected `int`"),
        (encode_step(full_step(3)), "the step's seq is 3, the record's 2"),
        (encode_step(large_step(2))[:-1], "not a step: it is packed, and its end is missing"),
        (encode_step(large_step(2))[:9] + b"?" * 90, "not a step: Error -3 while decompressing"),
        (zlib.compress(b"no step"), "not a step"),
        (encode_step(large_step(3)), "the step's seq is 3, the record's 2"),
    ],
)
def test_a_payload_that_is_no_step_refuses(payload: bytes, reason: str) -> None:
    storage = MemoryStorage()
    journal, _ = open_journal(storage, segment_bytes=ROOM)
    journal.append(1, 0, 0, encode_step(full_step(1)))
    place = journal.append(2, 0, 0, payload)
    journal.close()
    found = read_steps(storage)
    assert next(found)[1] == full_step(1)
    with pytest.raises(JournalBroken, match=reason) as caught:
        next(found)
    assert caught.value.position == place


@given(st.lists(st.booleans(), max_size=60))
def test_both_logs_merge_into_the_order_of_seq(is_market: list[bool]) -> None:
    history = [quote(seq) if market else full_step(seq) for seq, market in enumerate(is_market)]
    journal = [
        (Position(1, step.seq), step)
        for step, market in zip(history, is_market, strict=True)
        if not market
    ]
    market = [as_record(step) for step, market in zip(history, is_market, strict=True) if market]
    assert list(merge_market(journal, market)) == history


def test_a_seq_in_both_logs_is_one_step_with_the_market_event() -> None:
    """A quote made us decide: the event is in the market file, what followed in the journal."""
    bare = Step(seq=2, now=2, sent=(Sent("XLON", 1, b"x"),))
    merged = list(
        merge_market([(Position(1, 0), bare)], [as_record(quote(1)), as_record(quote(2))])
    )
    assert merged == [quote(1), msgspec.structs.replace(bare, event=quote(2).event)]


def test_a_step_with_its_own_event_keeps_it() -> None:
    own = Step(seq=1, now=1, event=TimerFired())
    assert list(merge_market([(Position(1, 0), own)], [as_record(quote(1))])) == [own]


def test_a_whole_folder_is_one_history() -> None:
    storage = MemoryStorage()
    journal, _ = open_journal(storage)
    market = MarketFile(storage)
    market.open()
    history = [full_step(seq) if seq % 3 == 0 else quote(seq) for seq in range(1, 50)]
    for step in history:
        if step.seq % 3 == 0:
            journal.append(step.seq, 0, step.now, encode_step(step))
        else:
            market.append(step.seq, step.now, encode_step(step))
    market.close()
    journal.close()
    assert list(merge_market(read_steps(storage), read_market(storage))) == history
