"""Recovery: cuts, rot, power cuts. It finds what was durable or refuses; it is never wrong.

Where recovery must stop is computed by hand from the places of the records and the batches they
were written in: a bad record may be cut only if no later batch exists, for the next batch was
written when everything before it was on the disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.random import Generator

from router.journal.memory import MemoryStorage
from router.journal.records import HEADER_SIZE, Position, digest, encode
from router.journal.scan import JournalBroken, scan, segment_name, used, verify
from router.journal.segments import Durability
from tests.journal.faulty_storage import (
    WALL,
    CleanPages,
    FaultyStorage,
    PowerCut,
    append_batch,
    end_of,
    filled,
    open_journal,
    payload,
)

BATCHES = [
    [1],
    [2, 3],
    [4, 5, 6, 7],
    [8],
    *([n, n + 1, n + 2] for n in range(9, 54, 3)),
    [54],
    [55, 56, 57],
]
SEQS = [seq for batch in BATCHES for seq in batch]


def rng(seed: int, counter: int = 0) -> Generator:
    return Generator(np.random.Philox(key=seed, counter=counter))


def expected(seqs: list[int] | range) -> list[tuple[int, bytes]]:
    return [(seq, payload(seq)) for seq in seqs]


def assert_goes_on(storage: MemoryStorage, found: list[tuple[int, bytes]]) -> None:
    """A recovered journal takes records, and the next recovery finds old and new."""
    storage.kill()
    journal, again = open_journal(storage)
    assert again == found
    assert journal.cut_bytes == 0, "the first recovery has cut already"
    append_batch(journal, [1000, 1001])
    journal.close()
    report = verify(storage)
    assert report.ok
    assert report.torn_bytes == 0
    journal, again = open_journal(storage)
    assert again == found + expected([1000, 1001])
    journal.close()


def overwrite(storage: MemoryStorage, place: Position, data: bytes) -> None:
    name = segment_name(place.segment)
    storage.write(name, place.offset, data)
    storage.sync(name)


# --- cuts ---


def cuts() -> Iterator[tuple[MemoryStorage, dict[int, Position], int]]:
    """Every length of the last segment within its last three records."""
    storage, places = filled(BATCHES)
    for cut in range(places[55].offset, end_of(57, places) + 1):
        yield storage.copy(), places, cut


def survivors(cut: int, places: dict[int, Position]) -> list[int]:
    last = places[57].segment
    return [s for s in SEQS if places[s].segment < last or end_of(s, places) <= cut]


@pytest.mark.parametrize("how", ["shorter file", "zeros", "garbage"])
def test_every_cut_of_the_last_three_records_leaves_the_whole_ones(how: str) -> None:
    tried = 0
    for storage, places, cut in cuts():
        name = segment_name(places[57].segment)
        size = storage.size(name)
        if how == "shorter file":
            storage.truncate(name, cut)
        else:
            tail = bytes(size - cut)
            if how == "garbage":
                tail = rng(cut).bytes(size - cut)
            storage.write(name, cut, tail)
        storage.sync(name)
        wanted = expected(survivors(cut, places))
        report = verify(storage)
        assert report.ok
        assert report.records == len(wanted)
        journal, found = open_journal(storage)
        assert found == wanted, f"cut at {cut}"
        assert journal.cut_bytes == report.torn_bytes
        assert_goes_on(storage, found)
        tried += 1
    assert tried > 3 * HEADER_SIZE


def test_what_was_cut_is_counted() -> None:
    storage, places = filled([[1, 2, 3]])
    storage.truncate(segment_name(1), end_of(3, places) - 1)
    assert verify(storage).torn_bytes == HEADER_SIZE + len(payload(3)) - 1
    journal, _ = open_journal(storage)
    assert journal.cut_bytes == HEADER_SIZE + len(payload(3)) - 1
    append_batch(journal, [4])
    assert storage.size(segment_name(1)) == places[3].offset, "nothing is written there again"
    assert storage.size(segment_name(2)) == 2048


# --- rot ---


def judge(segment: int, offset: int, places: dict[int, Position]) -> Position | list[int]:
    """What a flipped bit must come to: where recovery refuses, or the seqs it keeps."""
    last = places[57].segment
    hit = [
        s
        for s in SEQS
        if places[s].segment == segment and places[s].offset <= offset < end_of(s, places)
    ]
    if not hit:
        assert segment == last, "a sealed segment is nothing but records"
        return SEQS
    batch = next(batch for batch in BATCHES if hit[0] in batch)
    if segment < last or batch is not BATCHES[-1]:
        return places[hit[0]]
    return [s for s in SEQS if s < hit[0]]


def flip_bits(count: int, seed: int) -> None:
    original, places = filled(BATCHES)
    assert places[57].segment >= 3
    segments = [n for n in original.names() if n.startswith("journal-")]
    chance = rng(seed)
    outcomes = {"refused": 0, "cut": 0, "harmless": 0}
    for _ in range(count):
        storage = original.copy()
        number = int(chance.integers(1, len(segments) + 1))
        name = segment_name(number)
        offset = int(chance.integers(storage.size(name)))
        old = storage.read(name, offset, 1)[0]
        overwrite(storage, Position(number, offset), bytes([old ^ 1 << int(chance.integers(8))]))
        verdict = judge(number, offset, places)
        report = verify(storage)
        if isinstance(verdict, Position):
            with pytest.raises(JournalBroken) as caught:
                open_journal(storage)
            assert caught.value.position == verdict
            assert report.broken is not None
            assert report.broken.position == verdict
            outcomes["refused"] += 1
        else:
            assert report.ok
            assert open_journal(storage)[1] == expected(verdict), f"{name} byte {offset}"
            outcomes["harmless" if verdict == SEQS else "cut"] += 1
    assert min(outcomes.values()) > 0, outcomes


def test_a_flipped_bit_is_never_believed() -> None:
    flip_bits(3000, seed=1)


@pytest.mark.soak
def test_ten_thousand_flipped_bits() -> None:
    flip_bits(10_000, seed=2)


def test_a_broken_record_in_an_old_segment_names_segment_and_byte() -> None:
    storage, places = filled(BATCHES)
    assert places[10].segment < places[57].segment
    overwrite(storage, places[10], bytes([255]))
    place = places[10]
    text = rf"journal-0000000{place.segment}\.seg at byte {place.offset}: the"
    with pytest.raises(JournalBroken, match=text):
        open_journal(storage)


def test_lost_sectors_of_a_durable_record_are_rot_not_a_torn_tail() -> None:
    """Zeros look like the end of the journal, but a later batch proves that they are not."""
    storage, places = filled(BATCHES)
    assert places[54].segment == places[57].segment
    overwrite(storage, places[54], bytes(HEADER_SIZE + len(payload(54))))
    with pytest.raises(JournalBroken, match="only zeros, yet what stands at byte") as caught:
        open_journal(storage)
    assert caught.value.position == places[54]


def test_a_later_sector_of_the_torn_batch_is_no_proof() -> None:
    """55, 56 and 57 went out in one write: any of them may be there without the ones before."""
    storage, places = filled(BATCHES)
    overwrite(storage, places[55], bytes(end_of(56, places) - places[55].offset))
    journal, found = open_journal(storage)
    assert found == expected(SEQS[:-3])
    assert journal.cut_bytes == end_of(57, places) - places[55].offset


def test_with_page_cache_nothing_proves_durability() -> None:
    storage = MemoryStorage()
    journal, _ = open_journal(storage, durability="page-cache")
    places = [append_batch(journal, [seq])[0] for seq in range(1, 6)]
    storage.kill()
    overwrite(storage, places[2], b"\xff")
    assert open_journal(storage)[1] == expected([1, 2])


def test_what_a_restart_has_read_is_durable() -> None:
    """The flag on the first record after a restart tells the truth, even with page-cache."""
    storage = MemoryStorage()
    journal, _ = open_journal(storage, durability="page-cache")
    append_batch(journal, [1, 2])
    storage.kill()
    journal, _ = open_journal(storage, durability="page-cache")
    append_batch(journal, [3])
    for seed in range(20):
        twin = storage.copy()
        twin.crash(rng(seed))
        assert open_journal(twin)[1][:2] == expected([1, 2])


def test_pages_that_a_failed_sync_left_clean_are_written_again() -> None:
    """The kernel may believe pages to be clean that the disk never got; reading shows them."""
    storage = MemoryStorage()
    journal, _ = open_journal(storage)
    append_batch(journal, [1])
    disk = storage.copy()
    journal.append(2, 20, WALL + 2, payload(2))
    journal.write()
    pages = {name: storage.read(name, 0, storage.size(name)) for name in storage.names()}
    assert open_journal(CleanPages(disk, pages=pages))[1] == expected([1, 2])
    disk.crash(rng(1))
    assert open_journal(disk)[1] == expected([1, 2])


# --- order ---


def test_a_missing_segment_is_named() -> None:
    storage, _ = filled(BATCHES)
    storage.remove(segment_name(2))
    with pytest.raises(JournalBroken, match=r"journal-00000002\.seg at byte 0: the segment is mis"):
        open_journal(storage)
    assert not verify(storage).ok


def test_a_segment_from_elsewhere_breaks_the_chain() -> None:
    storage, _ = filled(BATCHES)
    other, _ = filled([[seq + 1 for seq in batch] for batch in BATCHES])
    name = segment_name(2)
    overwrite(storage, Position(2, 0), other.read(name, 0, other.size(name)))
    with pytest.raises(JournalBroken, match="does not follow") as caught:
        open_journal(storage)
    assert caught.value.position == Position(2, 0)


def test_a_sound_record_that_does_not_follow_refuses_even_at_the_end() -> None:
    """No interrupted write makes a right checksum over a wrong hash."""
    storage, places = filled([[1, 2]])
    alien = encode((9, 0, 0, b"alien"), bytes(32))
    overwrite(storage, Position(1, end_of(2, places)), alien)
    with pytest.raises(JournalBroken, match="does not follow"):
        open_journal(storage)


def test_a_seq_that_does_not_rise_refuses() -> None:
    storage, places = filled([[1, 2]])
    second = storage.read(segment_name(1), places[2].offset, HEADER_SIZE + len(payload(2)))
    twin = encode((2, 0, 0, b"twin"), digest(second))
    overwrite(storage, Position(1, end_of(2, places)), twin)
    with pytest.raises(JournalBroken, match="seq does not rise"):
        open_journal(storage)


def test_an_empty_last_segment_is_no_harm() -> None:
    """The machine stopped between the creation of a segment and its first record."""
    storage, places = filled([[1, 2, 3]])
    storage.truncate(segment_name(1), end_of(3, places))
    storage.create(segment_name(2), 0)
    found = open_journal(storage)[1]
    assert found == expected([1, 2, 3])
    assert_goes_on(storage, found)


def test_a_torn_tail_before_the_last_segment_refuses() -> None:
    storage, places = filled([[1, 2, 3]])
    storage.truncate(segment_name(1), end_of(3, places) - 5)
    storage.create(segment_name(2), 2048)
    with pytest.raises(JournalBroken) as caught:
        open_journal(storage)
    assert caught.value.position == places[3]


# --- power cuts ---


@dataclass
class Life:
    """What one disk was promised so far."""

    synced: int = 0
    appended: int = 0

    def live(self, disk: FaultyStorage, durability: Durability, chance: Generator) -> bool:
        """Recover, check, write nine batches; False if the power was cut."""
        try:
            journal, found = open_journal(disk, durability=durability)
            assert found == expected(range(1, len(found) + 1))
            assert self.synced <= len(found) <= self.appended
            seq = len(found)
            for _ in range(9):
                for _ in range(int(chance.integers(1, 7))):
                    seq += 1
                    self.appended = max(self.appended, seq)
                    journal.append(seq, seq * 10, WALL + seq, payload(seq))
                journal.write()
                journal.sync()
                self.synced = seq
        except PowerCut:
            return False
        return True


def cut_at(storage: MemoryStorage, nth: int, after: bool) -> FaultyStorage:
    def cut(_: str, number: int) -> None:
        if number == nth:
            raise PowerCut

    return FaultyStorage(storage, after=cut) if after else FaultyStorage(storage, before=cut)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("after", [False, True])
def test_a_power_cut_at_any_call_loses_nothing_that_was_synced(seed: int, after: bool) -> None:
    """Four lives of one disk. The second is short, so that recovery itself is cut too."""
    for first in range(1, 200):
        storage, life, chance = MemoryStorage(), Life(), rng(seed, first)
        ended = life.live(cut_at(storage, first, after), "sync", chance)
        storage.crash(chance)
        life.live(cut_at(storage, 1 + first % 4, after), "sync", chance)
        storage.crash(chance)
        life.live(cut_at(storage, 30, after), "sync", chance)
        storage.crash(chance)
        assert life.live(FaultyStorage(storage), "sync", chance), f"seed {seed}, call {first}"
        assert verify(storage).ok
        if ended:
            break
    assert first > 20, "the scenario was to have more calls than that"


@pytest.mark.parametrize("seed", range(200))
def test_with_page_cache_a_kill_leaves_all_and_a_power_cut_a_prefix(seed: int) -> None:
    storage, life, chance = MemoryStorage(), Life(), rng(seed, 1)
    life.live(cut_at(storage, 3 + seed % 15, after=True), "page-cache", chance)
    storage.kill()
    life.live(cut_at(storage, 3 + seed % 7, after=True), "page-cache", chance)
    storage.crash(chance)
    life.synced = 0
    assert life.live(FaultyStorage(storage), "page-cache", chance)


# --- readers ---


def test_a_reader_takes_an_unfinished_record_for_the_end() -> None:
    storage, places = filled(BATCHES)
    last = segment_name(places[57].segment)
    storage.write(last, end_of(57, places), b"half a reco")
    assert [record.seq for record in scan(storage, live=True)] == SEQS
    start = scan(storage, places[40], live=True)
    assert [record.seq for record in start] == list(range(40, 58))


def test_a_reader_goes_on_from_where_it_stopped() -> None:
    storage = MemoryStorage()
    journal, _ = open_journal(storage)
    seen: list[int] = []
    place = Position(1, 0)
    for start in range(1, 200, 9):
        append_batch(journal, range(start, start + 9))
        walk = scan(storage, place, live=True)
        while True:
            try:
                seen.append(next(walk).seq)
            except StopIteration as stop:
                place = Position(stop.value.segment, stop.value.offset)
                break
        assert seen == list(range(1, start + 9))
    assert place.segment > 5


def test_the_report_says_what_there_is() -> None:
    storage, places = filled(BATCHES)
    report = verify(storage)
    assert report.ok
    assert (report.records, report.first_seq, report.last_seq) == (57, 1, 57)
    assert report.segments == places[57].segment
    assert report.bytes == sum(HEADER_SIZE + len(payload(seq)) for seq in SEQS)
    place = places[57]
    last = storage.read(segment_name(place.segment), place.offset, HEADER_SIZE + len(payload(57)))
    assert report.head == digest(last).hex()
    empty = verify(MemoryStorage())
    assert (empty.ok, empty.records, empty.first_seq, empty.head) == (True, 0, None, "00" * 32)


def test_a_segment_longer_than_a_chunk_is_read_whole() -> None:
    storage = MemoryStorage()
    journal, _ = open_journal(storage, segment_bytes=8 << 20)
    sizes = [1, 700_000, 300_000, (1 << 20) - HEADER_SIZE, 5, 2_500_000, 0, 64]
    for seq, size in enumerate(sizes):
        journal.append(seq, 0, 0, bytes([seq]) * size)
    journal.write()
    assert [len(record.payload) for record in scan(storage)] == sizes


@pytest.mark.parametrize("written", [0, 1, 7, 65_535, 65_536, 65_537, 131_072])
@pytest.mark.parametrize("zeros", [0, 1, 65_535, 65_536, 65_537, 200_000])
def test_where_the_zeros_begin(written: int, zeros: int) -> None:
    assert used(bytes(written // 2) + b"x" * (written - written // 2) + bytes(zeros)) == written
