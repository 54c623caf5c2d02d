"""The archive: what goes is proved there before it is deleted here; what is needed stays."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from config.settings import load_settings
from router import build
from router.build_recovery import begin, needs, take_snapshot
from router.cli import run
from router.journal.archive import ArchiveFailed, Sealed, archive_segment, sealed_segments
from router.journal.heads import Published, compare
from router.journal.records import digest
from router.journal.recovery import read_steps, steps
from router.journal.retention import DAY_NS, Needs, Policy, choose
from router.journal.scan import JournalBroken, Tail, scan, segment_name, segment_numbers, verify
from router.journal.segments import Journal
from router.journal.snapshots import snapshot_seqs
from router.journal.storage import FileStorage, put_file
from tests.journal.test_snapshots import day
from tests.oms.desk import parts
from tests.oms.snapshots import everything, folded

NOBODY = 54_321
"""The user of a daemon that the system has made for it."""
STRACE = shutil.which("strace")
NONE = Policy(segments=1, days=0.0)
FREE = Needs(snapshot_segment=99, frames={}, opened_at=0)


def sealed(number: int, wall: int = 0) -> Sealed:
    return Sealed(number, 100, wall, Tail(segment=number))


def going(needs: Needs, policy: Policy = NONE, now: int = 0, walls: int = 0) -> list[int]:
    found = [sealed(number, number * walls) for number in range(1, 7)]
    return [each.number for each in choose(found, policy, needs, now).going]


def test_without_needs_all_goes_but_what_policy_keeps() -> None:
    assert going(FREE) == [1, 2, 3, 4, 5]
    assert going(FREE, Policy(segments=4, days=0.0)) == [1, 2]
    assert going(FREE, Policy(1, 2.0), now=6 * DAY_NS, walls=DAY_NS) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("needs", "expected", "why"),
    [
        (replace(FREE, snapshot_segment=0), [], "there are not two sound snapshots"),
        (replace(FREE, snapshot_segment=3), [1, 2], "the older of two snapshots"),
        (replace(FREE, frames={"OMS": 5, "LIT_A": 4}), [1, 2, 3], "LIT_A may ask for messages"),
        (replace(FREE, opened_at=25), [1, 2], "an order that is open"),
    ],
)
def test_what_somebody_needs_stays(needs: Needs, expected: list[int], why: str) -> None:
    assert going(needs, now=100, walls=10) == expected
    found = [sealed(number, number * 10) for number in range(1, 7)]
    assert why in choose(found, NONE, needs, 100).kept_by


def small(folder: Path) -> FileStorage:
    """The day of `test_snapshots` in segments of 8 KiB, in a folder."""
    storage = FileStorage(folder)
    journal = Journal(storage, segment_bytes=8 * 1024, headroom_bytes=0)
    assert list(journal.open()) == []
    for each in scan(day().storage):
        journal.append(each.seq, each.mono_ns, each.wall_ns, each.payload)
    journal.close()
    return FileStorage(folder, read_only=True)


def test_a_segment_is_in_the_archive_byte_by_byte_and_the_chain_goes_on(tmp_path: Path) -> None:
    storage = small(tmp_path / "s")
    first, *rest = sealed_segments(storage)
    assert len(rest) >= 2
    original = (tmp_path / "s" / segment_name(1)).read_bytes()
    heads = [Published("t", each.seq, digest(each.encoded()).hex()) for each in scan(storage)]
    before = list(scan(storage))
    path = archive_segment(storage, first, tmp_path / "a", compress=True)
    assert path == tmp_path / "a" / "journal-00000001.seg.gz"
    assert gzip.decompress(path.read_bytes()) == original
    assert segment_numbers(storage)[0] == 2
    left = list(scan(storage))
    assert left == before[len(before) - len(left) :]
    report = verify(storage)
    assert (report.ok, report.first_seq, report.head) == (True, left[0].seq, heads[-1].head)
    held = compare(scan(storage), heads)
    assert (held.pruned, held.confirmed) == (len(before) - len(left), len(left))
    plain = archive_segment(storage, rest[0], tmp_path / "a", compress=False)
    assert plain.name == "journal-00000002.seg"


def test_what_is_left_must_follow_what_the_archive_has(tmp_path: Path) -> None:
    storage = small(tmp_path / "s")
    first, *_ = sealed_segments(storage)
    archive_segment(storage, first, tmp_path / "a", compress=True)
    mark = tmp_path / "s" / "pruned"
    told = json.loads(mark.read_text())
    mark.write_text(json.dumps({**told, "head": "00" * 32}))
    broken = verify(storage).broken
    assert broken is not None
    assert "does not follow the one before it" in str(broken)
    mark.write_text("nonsense")
    assert "the mark 'pruned'" in str(verify(storage).broken)
    mark.unlink()
    assert "journal-00000001.seg at byte 0: the segment is missing" in str(verify(storage).broken)


def test_an_archive_that_takes_nothing_leaves_the_segment_where_it_is(tmp_path: Path) -> None:
    storage = small(tmp_path / "s")
    first, *_ = sealed_segments(storage)
    (tmp_path / "a").write_text("no folder")
    with pytest.raises(OSError, match="exists"):
        archive_segment(storage, first, tmp_path / "a", compress=False)
    assert segment_numbers(storage)[0] == 1
    assert verify(storage).ok


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("cut", [False, True])
def test_a_segment_of_another_journal_is_not_written_over(
    tmp_path: Path, compress: bool, cut: bool
) -> None:
    """Two shards that share a folder, or a state folder that was begun anew."""
    storage = small(tmp_path / "s")
    other = FileStorage(tmp_path / "o")
    journal = Journal(other, segment_bytes=8 * 1024, headroom_bytes=0)
    assert list(journal.open()) == []
    for seq in range(1, 30):
        journal.append(seq, 0, 0, bytes(1000))
    journal.close()
    kept = archive_segment(
        other, next(iter(sealed_segments(other))), tmp_path / "a", compress=compress
    )
    if cut:
        kept.write_bytes(kept.read_bytes()[:-50])
    before = kept.read_bytes()
    first, *_ = sealed_segments(storage)
    with pytest.raises(ArchiveFailed, match=f"{kept} is not what {segment_name(1)} is here"):
        archive_segment(storage, first, tmp_path / "a", compress=compress)
    assert kept.read_bytes() == before
    assert segment_numbers(storage)[0] == 1
    assert verify(storage).ok


@pytest.mark.parametrize("compress", [True, False])
def test_a_segment_that_is_there_already_is_taken_for_it(tmp_path: Path, compress: bool) -> None:
    """A death between the copy and the mark."""
    storage = small(tmp_path / "s")
    first, *_ = sealed_segments(storage)
    whole = {each.name: each.read_bytes() for each in (tmp_path / "s").iterdir()}
    path = archive_segment(storage, first, tmp_path / "a", compress=compress)
    (tmp_path / "s" / "pruned").unlink()
    (tmp_path / "s" / segment_name(1)).write_bytes(whole[segment_name(1)])
    made = path.stat().st_ino
    assert archive_segment(storage, first, tmp_path / "a", compress=compress) == path
    assert path.stat().st_ino == made
    assert segment_numbers(storage)[0] == 2


def test_a_file_that_is_to_be_new_takes_no_others_place(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")
    with pytest.raises(FileExistsError, match="x"):
        put_file(tmp_path / "x", b"new", anew=True)
    assert [each.name for each in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_text() == "old"


def test_a_death_between_the_mark_and_the_deletion_is_no_harm(tmp_path: Path) -> None:
    storage = small(tmp_path / "s")
    data = (tmp_path / "s" / segment_name(1)).read_bytes()
    first, *_ = sealed_segments(storage)
    archive_segment(storage, first, tmp_path / "a", compress=True)
    (tmp_path / "s" / segment_name(1)).write_bytes(data)
    assert segment_numbers(storage)[0] == 2
    assert verify(storage).ok


def test_a_start_needs_a_snapshot_once_segments_are_in_the_archive(tmp_path: Path) -> None:
    whole = everything(folded(day().storage.copy()))
    storage = small(tmp_path / "s")
    make = build.maker(parts())
    assert take_snapshot(make, storage)[0] is not None
    plain = everything(begin(make, storage))
    assert plain[:2] == whole[:2], "the order state is that of the day"
    first, *_ = sealed_segments(storage)
    archive_segment(storage, first, tmp_path / "a", compress=True)
    begun = begin(make, storage)
    begun.recovery.fold(steps(scan(storage, after=begun.after)))
    assert everything(begun) == plain
    for seq in snapshot_seqs(storage):
        (tmp_path / "s" / f"snapshot-{seq:015}.snap").unlink()
    with pytest.raises(
        JournalBroken, match="in the archive, and no snapshot can be used: there is"
    ):
        begin(make, storage)
    with pytest.raises(JournalBroken, match="put them into a copy of the folder"):
        list(read_steps(storage))
    assert list(read_steps(storage, partial=True))


def test_needs_are_those_of_the_fold(tmp_path: Path) -> None:
    storage = small(tmp_path / "s")
    found = needs(build.maker(parts()), storage)
    state = folded(day().storage.copy()).engine.state
    opened = min(state.parents[each].opened_at for each in state.open_parents)
    assert (found.snapshot_segment, found.opened_at) == (0, opened)
    assert found.frames["OMS"] == 1, "its numbers were never begun again"
    first_sent = {
        sent.session: position.segment
        for position, step in reversed(list(read_steps(storage)))
        for sent in step.sent
    }
    assert found.frames == first_sent


def test_the_command_says_what_keeps_the_next_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = FileStorage(tmp_path / "s")
    built = build.node(load_settings(), storage, monotonic=lambda: 0)
    built.node.start("test", day().now)
    built.journal.close()
    argv = ["journal", "archive", "--state", str(tmp_path / "s")]
    assert run(argv) == 4
    assert "set journal.archive.folder" in capsys.readouterr().err
    assert run([*argv, "--set", f"journal.archive.folder={tmp_path / 'a'}"]) == 0
    assert capsys.readouterr().out == "no other segment is sealed\n"


@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
@pytest.mark.parametrize("name", ["snapshot", "archive"])
def test_a_sandbox_that_forbids_priorities_does_not_keep_it_from_being_done(
    tmp_path: Path, name: str
) -> None:
    storage = FileStorage(tmp_path / "s")
    built = build.node(load_settings(), storage, monotonic=lambda: 0)
    built.node.start("test", day().now)
    built.journal.close()
    assert STRACE is not None
    forbids = [STRACE, "-f", "-qq", "-o", str(tmp_path / "calls"), "-e", "trace=setpriority"]
    forbids += ["-e", "inject=setpriority:error=EPERM"]
    command = [sys.executable, "-m", "router", "journal", name, "--nice"]
    command += ["--state", str(tmp_path / "s")]
    command += ["--set", f"journal.archive.folder={tmp_path / 'a'}"]
    done = subprocess.run([*forbids, *command], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "EPERM" in (tmp_path / "calls").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for another user")
def test_what_root_makes_in_the_folders_of_the_daemon_is_the_daemons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = FileStorage(tmp_path / "s")
    built = build.node(load_settings(), storage, monotonic=lambda: 0)
    built.node.start("test", day().now)
    built.journal.close()
    os.chown(tmp_path, NOBODY, NOBODY)
    for path in (tmp_path / "s", *(tmp_path / "s").iterdir()):
        os.chown(path, NOBODY, NOBODY)
    assert run(["journal", "snapshot", "--state", str(tmp_path / "s")]) == 0
    assert "snapshot-" in capsys.readouterr().out
    moved = small(tmp_path / "t")
    os.chown(tmp_path / "t", NOBODY, NOBODY)
    (first, *_) = sealed_segments(moved)
    path = archive_segment(moved, first, tmp_path / "a" / "b", compress=True)
    made = [tmp_path / "t" / "pruned", path, path.parent, path.parent.parent]
    for each in (*(tmp_path / "s").iterdir(), *made):
        assert (each.stat().st_uid, each.stat().st_gid) == (NOBODY, NOBODY), each


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for another user")
def test_a_link_where_a_draft_is_to_be_leads_root_nowhere(tmp_path: Path) -> None:
    (tmp_path / "roots").write_text("own")
    folder = tmp_path / "s"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    (folder / f"x.{os.getpid()}.new").symlink_to(tmp_path / "roots")
    put_file(folder / "x", b"data")
    assert (tmp_path / "roots").read_text() == "own"
    assert (tmp_path / "roots").stat().st_uid == 0
    assert (folder / "x").read_bytes() == b"data"
