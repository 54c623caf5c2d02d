"""A real folder: whose it is, who holds it, and what a refused write looks like."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from router.journal.segments import Journal
from router.journal.storage import (
    FORMAT_TEXT,
    FileStorage,
    ForeignState,
    StateLocked,
    filesystem_of,
)

ROOT = Path(__file__).parents[2]


def run(program: str, folder: Path) -> str:
    """What a process of its own prints: a limit set here would hold for all tests after it."""
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return done.stdout


def test_a_new_folder_becomes_ours(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "state"
    storage = FileStorage(folder)
    storage.lock()
    assert storage.names() == ["FORMAT", "LOCK"]
    assert (folder / "FORMAT").read_text() == FORMAT_TEXT
    assert (folder / "LOCK").read_text().split()[0] == str(os.getpid())
    storage.close()


def test_a_second_holder_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    first = FileStorage(tmp_path)
    first.lock()
    with pytest.raises(StateLocked, match=f"locked by process {os.getpid()}") as caught:
        FileStorage(tmp_path).lock()
    assert caught.value.pid == os.getpid()
    first.close()
    second = FileStorage(tmp_path)
    second.lock()
    second.close()


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    program = (
        "import sys; from router.journal.storage import FileStorage\n"
        "FileStorage(sys.argv[1]).lock(); print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StateLocked) as caught:
            FileStorage(tmp_path).lock()
        assert caught.value.pid == holder.pid
        holder.send_signal(signal.SIGKILL)
    storage = FileStorage(tmp_path)
    storage.lock()
    storage.close()


def test_a_foreign_folder_is_refused_and_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(ForeignState, match=r"thesis\.tex"):
        FileStorage(tmp_path).lock()
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_another_format_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "FORMAT").write_text("sluice-state 2\n")
    with pytest.raises(ForeignState, match="sluice-state 2"):
        FileStorage(tmp_path).lock()
    with pytest.raises(ForeignState, match="sluice-state 2"):
        FileStorage(tmp_path, read_only=True)


def test_a_folder_whose_birth_was_interrupted_is_ours(tmp_path: Path) -> None:
    (tmp_path / "LOCK").write_text("")
    (tmp_path / "FORMAT.new").write_text("slu")
    storage = FileStorage(tmp_path)
    storage.lock()
    assert (tmp_path / "FORMAT").read_text() == FORMAT_TEXT
    storage.close()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_text("")
    with pytest.raises(FileExistsError):
        FileStorage(path).lock()


def test_a_reader_needs_a_state(tmp_path: Path) -> None:
    with pytest.raises(ForeignState, match="holds no state"):
        FileStorage(tmp_path, read_only=True)
    with pytest.raises(ForeignState, match="not a folder"):
        FileStorage(tmp_path / "absent", read_only=True)


def test_a_reader_reads_beside_the_holder(tmp_path: Path) -> None:
    writer = FileStorage(tmp_path)
    writer.lock()
    writer.create("a", 10)
    writer.write("a", 3, b"xyz")
    reader = FileStorage(tmp_path, read_only=True)
    assert reader.read("a", 0, 100) == b"\0\0\0xyz\0\0\0\0"
    assert reader.size("a") == 10
    writer.close()


def test_the_filesystem_is_that_of_the_longest_mount() -> None:
    mounts = (
        "rootfs / rootfs rw 0 0\n"
        "/dev/sdb /data/local\\040disk xfs rw 0 0\n"
        "server:/x /data nfs4 rw 0 0\n"
        "/dev/sda / ext4 rw 0 0\n"
    )
    assert filesystem_of(Path("/var/state"), mounts) == "ext4"
    assert filesystem_of(Path("/data/state"), mounts) == "nfs4"
    assert filesystem_of(Path("/database"), mounts) == "ext4"
    assert filesystem_of(Path("/data/local disk/state"), mounts) == "xfs"
    assert filesystem_of(Path("/data"), "") == ""


def test_a_network_filesystem_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The mount table is the outside world.
    monkeypatch.setattr("router.journal.storage._mounts", lambda: "server:/x / nfs4 rw 0 0\n")
    with pytest.raises(ForeignState, match="nfs4"):
        FileStorage(tmp_path / "state").lock()


def test_files_are_made_changed_and_removed(tmp_path: Path) -> None:
    storage = FileStorage(tmp_path)
    storage.lock()
    storage.create("b", 100)
    storage.create("a", 0)
    assert storage.names() == ["FORMAT", "LOCK", "a", "b"]
    assert storage.size("b") == 100
    assert storage.read("b", 90, 100) == bytes(10)
    with pytest.raises(FileExistsError):
        storage.create("b", 1)
    assert storage.size("b") == 100
    storage.release("b")
    storage.write("b", 98, b"12345")
    storage.sync("b")
    assert storage.read("b", 97, 100) == b"\x0012345"
    storage.truncate("b", 99)
    assert storage.read("b", 97, 100) == b"\x001"
    storage.rename("b", "c")
    storage.sync_names()
    storage.write("c", 98, b"x")
    assert storage.read("c", 97, 100) == b"\x00x"
    assert storage.names() == ["FORMAT", "LOCK", "a", "c"]
    storage.remove("c")
    assert storage.names() == ["FORMAT", "LOCK", "a"]
    storage.close()


def test_a_creation_that_fails_leaves_no_file(tmp_path: Path) -> None:
    program = """
import resource, sys
from router.journal.storage import FileStorage
storage = FileStorage(sys.argv[1])
storage.lock()
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    storage.create("big", 1001)
except OSError as error:
    print(error.strerror)
storage.create("small", 1000)
print(*storage.names())
"""
    assert run(program, tmp_path) == "File too large\nFORMAT LOCK small\n"


def test_where_no_file_may_be_as_large_as_a_segment_smaller_ones_do(tmp_path: Path) -> None:
    """RLIMIT_FSIZE is a shortage like a full disk's, which ends when the limit is lifted."""
    program = """
import resource, sys
from router.journal.segments import Journal
from router.journal.storage import FileStorage
def limit(value):
    resource.setrlimit(resource.RLIMIT_FSIZE, (value, resource.RLIM_INFINITY))
limit(1100)
journal = Journal(FileStorage(sys.argv[1]), segment_bytes=4096, headroom_bytes=2048)
assert list(journal.open()) == []
print(journal.headroom_released, journal.shortage, journal.restore_headroom())
def fill(first, last):
    for seq in range(first, last):
        journal.append(seq, 0, 0, b"x" * 436); journal.write(); journal.sync()
fill(1, 6)
limit(resource.RLIM_INFINITY)
print(journal.restore_headroom(), journal.headroom_released)
fill(6, 7)
limit(1100)
fill(7, 20)
print(journal.headroom_released, journal.poisoned)
journal.close()
"""
    assert run(program, tmp_path).splitlines() == [
        "True no file may grow so large False",
        "True False",
        "True False",
    ]
    sizes = {path.stat().st_size for path in tmp_path.glob("journal-*.seg")}
    assert max(sizes) == 1024
    journal = Journal(FileStorage(tmp_path), segment_bytes=4096, headroom_bytes=0)
    assert [record.seq for record in journal.open()] == list(range(1, 20))
    journal.close()


def test_a_short_write_that_ends_in_an_error_poisons(tmp_path: Path) -> None:
    """RLIMIT_FSIZE: the kernel takes a part of the write, then answers EFBIG."""
    program = """
import resource, sys
from router.journal.segments import Journal, JournalPoisoned
from router.journal.storage import FileStorage
journal = Journal(FileStorage(sys.argv[1]), segment_bytes=4096, headroom_bytes=0)
assert list(journal.open()) == []
journal.append(1, 0, 0, b"first"); journal.write(); journal.sync()
resource.setrlimit(resource.RLIMIT_FSIZE, (200, resource.RLIM_INFINITY))
journal.append(2, 0, 0, b"x" * 1000)
for _ in range(2):
    try:
        journal.write()
    except JournalPoisoned as error:
        print(error)
"""
    assert run(program, tmp_path) == "write failed: EFBIG File too large\n" * 2
    size = (tmp_path / "journal-00000001.seg").read_bytes().rstrip(b"\0")
    assert len(size) == 200, "the kernel was to take a part"
    journal = Journal(FileStorage(tmp_path), segment_bytes=4096, headroom_bytes=0)
    assert [(record.seq, record.payload) for record in journal.open()] == [(1, b"first")]
    assert journal.cut_bytes == 200 - 64 - 5
    journal.close()
