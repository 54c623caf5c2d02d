"""Failpoints: every listed place exists, what is armed happens in its turn, and nothing is left."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import DEFAULT_CONFIG
from router.journal.segments import Journal
from router.journal.storage import FileStorage
from router.runtime import failpoints
from router.runtime.failpoints import FailpointError, arm, names, parse


def storage(folder: Path) -> FileStorage:
    found = FileStorage(folder)
    found.lock()
    found.create("journal-00000001.seg", 100)
    return found


def test_there_are_enough_of_them_and_each_is_named_once() -> None:
    assert len(names()) >= 40
    assert len(set(names())) == len(names())


@pytest.mark.parametrize("name", names())
def test_each_is_put_into_its_place_and_taken_out(name: str) -> None:
    place, _ = failpoints._BY_NAME[name]
    before = place.owner.__dict__[place.method]
    armed = arm(parse(f"{name}:1:kill"))
    assert place.owner.__dict__[place.method] is not before
    armed.disarm()
    assert place.owner.__dict__[place.method] is before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "allowed: NAME:N:ACTION, as in journal.write.before:7:kill"),
        ("journal.write.before:1", "allowed: NAME:N:ACTION"),
        ("journal.writ:1:kill", "no such name; allowed: disk.lock.before, "),
        ("journal.write.before:0:kill", "N is '0'; allowed: 1 and above"),
        ("journal.write.before:x:kill", "N is 'x'; allowed: 1 and above"),
        ("journal.write.before:1:burn", "action 'burn'; allowed: kill, eio, delay"),
        ("journal.write.before:1:eio", "only a disk has EIO; allowed: disk.lock.before, "),
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(text: str, told: str) -> None:
    with pytest.raises(FailpointError, match=told):
        parse(text)


def test_a_disk_fails_once_in_its_turn(tmp_path: Path) -> None:
    disk = storage(tmp_path)
    armed = arm(parse("disk.write_journal.before:2:eio"))
    disk.write("journal-00000001.seg", 0, b"one")
    disk.create("market-00000001.seg", 9)
    disk.write("market-00000001.seg", 0, b"another file")
    with pytest.raises(OSError, match="failpoint") as failed:
        disk.write("journal-00000001.seg", 3, b"two")
    disk.write("journal-00000001.seg", 3, b"six")
    armed.disarm()
    assert failed.value.errno == errno.EIO
    assert disk.read("journal-00000001.seg", 0, 6) == b"onesix"
    assert armed.passed == {"disk.write_journal.before": 3}


def test_after_means_that_it_is_done_and_within_that_half_of_it_is(tmp_path: Path) -> None:
    disk = storage(tmp_path)
    armed = arm(parse("disk.write_journal.within:1:eio, disk.write_journal.after:1:eio"))
    with pytest.raises(OSError, match="within:1:eio"):
        disk.write("journal-00000001.seg", 0, b"abcd")
    assert disk.read("journal-00000001.seg", 0, 4) == b"ab\0\0"
    with pytest.raises(OSError, match="after:1:eio"):
        disk.write("journal-00000001.seg", 4, b"efgh")
    armed.disarm()
    assert disk.read("journal-00000001.seg", 0, 8) == b"ab\0\0efgh"


class Full(FileStorage):
    """A disk without space, once."""

    full = False

    def write(self, name: str, offset: int, data: bytes) -> None:
        if self.full:
            self.full = False
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().write(name, offset, data)


def test_rotation_and_headroom_pass_their_points(tmp_path: Path) -> None:
    passed = [
        f"disk.{place}.{moment}"
        for place in (
            *("create_headroom", "remove_headroom", "create_journal"),
            *("create_spare", "rename_spare"),
        )
        for moment in ("before", "after")
    ]
    passed += [
        f"disk.{place}_journal.{moment}"
        for place in ("truncate", "release")
        for moment in ("before", "after")
    ]
    armed = arm(parse(",".join(f"{name}:9999:kill" for name in passed)))
    disk = Full(tmp_path)
    journal = Journal(disk, segment_bytes=4_096, headroom_bytes=4_096)
    assert list(journal.open()) == []
    for seq in range(4):
        journal.append(seq, 0, 0, bytes(1_500))
        journal.write()
    journal.sync()
    for seq in range(4, 12):
        journal.append(seq, 0, 0, bytes(400))
        journal.write()
        journal.sync()
    disk.full = True
    journal.append(12, 0, 0, b"cancel")
    journal.write()
    journal.close()
    armed.disarm()
    assert all(armed.passed.values()), armed.passed


def run(folder: Path, points: str) -> subprocess.CompletedProcess[str]:
    """The daemon with points in its environment; no venue listens."""
    return subprocess.run(
        [sys.executable, "-m", "router", "run", "--state", str(folder / "state")],
        cwd=DEFAULT_CONFIG.parent.parent,
        env={**os.environ, "SLUICE_FAILPOINT": points},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_daemon_dies_where_it_is_told_to_and_says_beforehand_that_it_may(
    tmp_path: Path,
) -> None:
    done = run(tmp_path, "recovery.restarted.after:1:kill")
    assert done.returncode == -signal.SIGKILL
    assert "failpoints_armed" in done.stderr
    assert "recovery.restarted.after:1:kill" in done.stderr
    assert "for tests only" in done.stderr


def test_the_daemon_does_not_start_with_a_point_that_there_is_not(tmp_path: Path) -> None:
    done = run(tmp_path, "recovery.restart:1:kill")
    assert done.returncode == 4
    assert "SLUICE_FAILPOINT: failpoint 'recovery.restart': no such name" in done.stderr
    assert not (tmp_path / "state").exists()
