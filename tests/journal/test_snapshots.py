"""Snapshots: what is taken up and folded on is what folding everything gives; the rest is passed
over."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from config.settings import load_settings
from router import build
from router.cli import run
from router.core.image import IMAGE_VERSION, UnfitImage, take_up
from router.journal.memory import MemoryStorage
from router.journal.records import encode_batch
from router.journal.scan import scan, segment_name
from router.journal.snapshots import (
    BadSnapshot,
    read_snapshot,
    snapshot_name,
    snapshot_seqs,
    write_snapshot,
)
from router.journal.storage import FileStorage
from router.messages import FreezeRequested, KillRequested
from tests.oms.desk import Desk, parts
from tests.oms.snapshots import everything, folded, snapshot


@cache
def day() -> Desk:
    """Fills, a bust, a correction that overtook, a replace that waits, a kill, a lost line, a
    second life, lessons, and an order that rests."""
    desk = Desk(refold=False)
    desk.open()
    desk.oms.order("X", 300)
    child = desk.a.child()
    child.ack()
    child.fill(100, "10", "A")
    child.fill(50, "10", "B")
    child.bust("B", 50, "C")
    desk.oms.cancel("Y", "X")
    child.cancel()
    desk.wait(6)
    desk.cut(desk.b)
    desk.kill()
    desk.boot()
    for peer in desk.peers:
        peer.connect()
    desk.data_a.book()
    desk.oms.order("P", 400, extra="1=ACC|")
    late = desk.a.child()
    late.ack()
    late.correct("Z", 10, 20, "10", "Q")  # of an execution that has not come
    late.fill(10, "10", "Z")
    desk.oms.replace("R", "P", 350)
    desk.other.order("K", 200, px="9.5")
    desk.control(KillRequested("account", "ACC", "ann", "test"))
    desk.control(FreezeRequested("pro_rata", "ann", "test"))
    return desk


def prefix(count: int) -> MemoryStorage:
    """A disk with the first records of the day."""
    records = list(scan(day().storage))[:count]
    storage = MemoryStorage()
    storage.create(segment_name(1), 1 << 20)
    entries = [(each.seq, each.mono_ns, each.wall_ns, each.payload) for each in records]
    data = b"".join(each.encoded() for each in records)
    assert encode_batch(entries[:1], bytes(32), after_sync=True)[0] == records[0].encoded()
    storage.write(segment_name(1), 0, data)
    storage.sync(segment_name(1))
    return storage


def test_from_a_snapshot_at_any_record_the_fold_comes_to_the_same() -> None:
    whole = everything(folded(day().storage.copy()))
    records = list(scan(day().storage))
    assert len(records) > 30
    for count in range(1, len(records) + 1):
        storage = day().storage.copy()
        made = snapshot(prefix(count))
        assert made is not None
        assert made.seq == records[count - 1].seq
        write_snapshot(storage, made)
        begun = folded(storage)
        assert (begun.snapshot_seq, begun.refused) == (made.seq, [])
        assert begun.recovery.count == len(records) - count
        assert everything(begun) == whole, f"from seq {made.seq}"


def test_a_node_starts_from_it_and_goes_on() -> None:
    storage = day().storage.copy()
    made = snapshot(storage)
    assert made is not None
    plain = build.node(parts(), day().storage.copy(), monotonic=lambda: 0)
    built = build.node(parts(), storage, monotonic=lambda: 0)
    assert (built.snapshot_seq, built.recovered) == (made.seq, 0)
    assert plain.recovered == len(list(scan(day().storage)))
    for each in (plain, built):
        each.node.start("test", day().now)
        each.journal.write()
        each.journal.sync()
    assert built.node.engine.state.digest() == plain.node.engine.state.digest()
    assert built.journal.head == plain.journal.head, "the same record followed"
    for name, link in plain.node.links.items():
        assert built.node.links[name].positions == link.positions
        assert built.node.links[name].reserved == link.reserved
        assert built.node.links[name].told == link.told


def test_nothing_new_is_no_new_snapshot_and_two_are_kept() -> None:
    storage = MemoryStorage()
    for count in (10, 20, 30):
        for name in prefix(count).names():
            source = prefix(count)
            storage.put(name, source.read(name, 0, source.size(name)))
        assert snapshot(storage) is not None
        assert snapshot(storage) is None
    seqs = snapshot_seqs(storage)
    records = list(scan(storage))
    assert seqs == [records[29].seq, records[19].seq]


def test_a_snapshot_with_any_byte_changed_is_passed_over_for_the_one_before() -> None:
    storage = day().storage.copy()
    older, newer = snapshot(prefix(20)), snapshot(day().storage.copy())
    assert older is not None
    assert newer is not None
    write_snapshot(storage, older)
    write_snapshot(storage, newer)
    name = snapshot_name(newer.seq)
    size = storage.size(name)
    whole = everything(folded(day().storage.copy()))
    rng = np.random.Generator(np.random.Philox(key=1))
    for offset in [*range(0, 100, 9), *(int(each) for each in rng.integers(size, size=8))]:
        broken = storage.copy()
        (byte,) = broken.read(name, offset, 1)
        broken.write(name, offset, bytes([byte ^ 4]))
        begun = folded(broken)
        assert begun.snapshot_seq == older.seq
        assert [each.partition(":")[0] for each in begun.refused] == [name]
        assert everything(begun) == whole
    for cut in (0, 50, size - 1):
        broken = storage.copy()
        broken.truncate(name, cut)
        assert folded(broken).snapshot_seq == older.seq


def test_a_snapshot_of_a_record_that_the_journal_has_lost_is_passed_over() -> None:
    newer = snapshot(day().storage.copy())
    assert newer is not None
    storage = prefix(30)
    write_snapshot(storage, newer)
    begun = folded(storage)
    assert begun.snapshot_seq == -1
    assert begun.refused == [
        f"{snapshot_name(newer.seq)}: the journal has no record of seq {newer.seq} there"
    ]
    assert everything(begun) == everything(folded(prefix(30)))
    assert snapshot(storage) is not None
    assert snapshot_seqs(storage) == [list(scan(storage))[-1].seq], "what cannot be used goes"


def test_a_snapshot_of_another_history_is_passed_over() -> None:
    newer = snapshot(prefix(30))
    assert newer is not None
    storage = day().storage.copy()
    write_snapshot(storage, newer._replace(head=bytes(32)))
    with pytest.raises(BadSnapshot, match=f"the journal has another record of seq {newer.seq}"):
        read_snapshot(storage, newer.seq)


def test_an_image_of_another_version_or_of_another_house_does_not_fit() -> None:
    made = snapshot(day().storage.copy())
    assert made is not None
    storage = day().storage.copy()
    write_snapshot(storage, made._replace(body=b"\x92\xc4\x01\x00\x90"))
    begun = folded(storage)
    assert begun.snapshot_seq == -1
    assert "it is of another version" in begun.refused[0]
    state = folded(day().storage.copy()).engine.state
    from router.core.image import image_of

    state.facts.clear()  # in which a venue stands that was configured once
    image = image_of(state).replace(b"LIT_B", b"LIT_Q")
    empty = build.engine(parts().env, parts().family).state
    with pytest.raises(UnfitImage, match="venue LIT_Q, which is not configured"):
        take_up(empty, image)
    version = b"\xa7version"
    ours, theirs = (version + bytes([number]) for number in (IMAGE_VERSION, 9))
    other = image_of(state).replace(ours, theirs)
    with pytest.raises(UnfitImage, match=f"it is of version 9, not {IMAGE_VERSION}"):
        take_up(build.engine(parts().env, parts().family).state, other)


def test_the_snapshot_is_all_there_is_to_know_of_the_state() -> None:
    """A part of State that is neither in the image nor known to be volatile is a mistake."""
    volatile = {
        *("venues", "shelf", "pause_ns", "markout_ns", "market", "watch", "volume_marks"),
        *("open_value", "due", "outcome", "by_client_id", "message_times", "child_times"),
        *("fresh", "unknown", "firms"),  # the two latter are counted anew
    }
    state = build.engine(parts().env, parts().family).state
    from router.core.image import Image

    known = {*Image.__struct_fields__, *volatile}
    assert set(vars(state)) - known == set()


def test_a_start_that_has_folded_much_puts_a_snapshot_down() -> None:
    storage = day().storage.copy()
    count = len(list(scan(storage)))
    made = build.node(parts(f"journal.snapshot_events={count + 1}"), storage, monotonic=lambda: 0)
    assert snapshot_seqs(storage) == []
    made.journal.close()
    build.node(parts(f"journal.snapshot_events={count}"), storage, monotonic=lambda: 0)
    assert snapshot_seqs(storage) == [list(scan(day().storage))[-1].seq]


def test_a_folder_that_is_not_there_yet_has_no_snapshots(tmp_path: Path) -> None:
    built = build.node(parts(), FileStorage(tmp_path / "new"), monotonic=lambda: 0)
    assert (built.snapshot_seq, built.recovered, built.refused) == (-1, 0, [])
    built.journal.close()


def test_the_command_takes_no_lock(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    storage = FileStorage(tmp_path)
    built = build.node(load_settings(), storage, monotonic=lambda: 0)
    built.node.start("test", day().now)
    built.journal.write()
    built.journal.sync()
    draft = tmp_path / f"{snapshot_name(1)}.4711.new"
    draft.write_bytes(b"of a reader that died")
    assert run(["journal", "snapshot", "--state", str(tmp_path)]) == 0
    assert not draft.exists()
    assert capsys.readouterr().out.startswith(f"{snapshot_name(built.node.seq)}: ")
    assert run(["journal", "snapshot", "--state", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "nothing new\n"
    built.journal.close()
    again = build.node(load_settings(), FileStorage(tmp_path), monotonic=lambda: 0)
    assert (again.snapshot_seq, again.recovered) == (built.node.seq, 0)
    assert again.node.engine.state.epoch == 1
    again.journal.close()
