"""The seam to the disk: a flat folder of preallocated files, and what can go wrong with it.

Owns names, bytes and locks. Must not know what the bytes mean. `FileStorage` is a real folder;
`MemoryStorage` models the page cache, so that a simulated power cut loses what was not synced.
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from typing import Protocol

LOCK_NAME = "LOCK"
FORMAT_NAME = "FORMAT"
FORMAT_TEXT = "sluice-state 1\n"
"""What the FORMAT file holds; the number is the version of everything in the folder."""

_FORMAT_DRAFT = "FORMAT.new"
_BIRTH_NAMES = frozenset({LOCK_NAME, _FORMAT_DRAFT, "lost+found"})
"""What a folder may hold before its FORMAT is written: a crash there must not lock us out."""

_NETWORK_FILESYSTEMS = ("nfs", "cifs", "smb", "afs", "ceph", "glusterfs", "fuse.sshfs", "9p")

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
"""The error numbers of a full disk and of a used-up quota."""
NO_ROOM = (*NO_SPACE, errno.EFBIG)
"""Why a file of some size cannot be had: those, and RLIMIT_FSIZE, by which no file may be so large.

Python ignores SIGXFSZ, which would end the process instead.
"""


class StateLocked(Exception):  # noqa: N818 - says what is
    """Another process holds the state folder."""

    def __init__(self, where: str, pid: int | None, boot_id: str = "") -> None:
        holder = f"process {pid}" if pid else "another process"
        super().__init__(f"{where} is locked by {holder}")
        self.pid = pid
        self.boot_id = boot_id


class ForeignState(Exception):  # noqa: N818 - says what is
    """The folder is not ours to write: foreign files, another format, or a network filesystem."""


class Storage(Protocol):
    """A folder of files. Every method raises OSError where the disk does."""

    def lock(self) -> None:
        """Take the folder for this process alone, creating it if there is none.

        Raises:
            StateLocked: if another process, or another storage of this one, has it.
            ForeignState: if the folder is not ours.
        """

    def close(self) -> None:
        """Give back the lock and every descriptor."""

    def names(self) -> list[str]:
        """The names of all files, sorted."""

    def size(self, name: str) -> int:
        """Bytes of a file, preallocated ones included."""

    def create(self, name: str, size: int) -> None:
        """Make a file of `size` zero bytes whose space and name are on the disk on return; of an
        empty one nothing is, for it has nothing to lose.

        A creation that fails leaves no file behind.
        """

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Write all of `data`; after an error any part of it may have been written."""

    def sync(self, name: str) -> None:
        """Return when the file's bytes and size are on the disk. Any thread may call it."""

    def read(self, name: str, offset: int, size: int) -> bytes:
        """Up to `size` bytes; fewer only at the end of the file."""

    def truncate(self, name: str, size: int) -> None:
        """Cut the file to `size` bytes; durable after `sync`."""

    def remove(self, name: str) -> None:
        """Delete the file; its space is free on return."""

    def rename(self, name: str, to: str) -> None:
        """Give a file a name that no other has; durable after `sync_names`."""

    def sync_names(self) -> None:
        """Return when the names of all files are on the disk. Any thread may call it."""

    def put(self, name: str, data: bytes) -> None:
        """A whole file, in the place of one of that name if there is one: durable on return, and
        never seen in part. Needs no lock: readers put down what they have made."""

    def drop(self, name: str) -> None:
        """Delete a file that nobody writes to any more, and that is no harm if a power cut brings
        it back. Needs no lock."""

    def release(self, name: str) -> None:
        """The file will not be written for now: its descriptor may go. Unsynced bytes stay so."""


class FileStorage:
    """A real folder. Every file written stays open, so that no sync error can be missed."""

    def __init__(self, folder: Path | str, *, read_only: bool = False) -> None:
        """With `read_only` nothing is locked, created or written: readers and `verify` use it.

        Raises:
            ForeignState: with `read_only`, if there is no state of ours.
        """
        self.folder = Path(folder)
        self._read_only = read_only
        self._lock_fd: int | None = None
        self._files: dict[str, int] = {}
        if read_only:
            self._check_format(fresh=False)

    def lock(self) -> None:
        """Lock, and put our FORMAT into a folder that is new."""
        assert not self._read_only
        if not self.folder.is_dir():
            self.folder.mkdir(parents=True, mode=0o700)
            _sync_folder(self.folder.parent)
        self._check_format(fresh=True)
        self._take_lock()
        try:
            self._check_format(fresh=True)
            self._write_format()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close everything; closing the lock's descriptor gives back the lock."""
        for name in list(self._files):
            self.release(name)
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    def names(self) -> list[str]:
        """All regular files of the folder; none if there is no folder yet."""
        if not self.folder.is_dir():
            return []
        return sorted(entry.name for entry in os.scandir(self.folder) if entry.is_file())

    def size(self, name: str) -> int:
        """As the filesystem tells."""
        return (self.folder / name).stat().st_size

    def create(self, name: str, size: int) -> None:
        """Reserve with posix_fallocate, then sync the file and the folder; if it is to be empty
        neither."""
        assert self._lock_fd is not None
        path = self.folder / name
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            if size:
                os.posix_fallocate(fd, 0, size)
                os.fsync(fd)
                _sync_folder(self.folder)
        except OSError:
            os.close(fd)
            path.unlink()
            raise
        self._files[name] = fd

    def write(self, name: str, offset: int, data: bytes) -> None:
        """The kernel may take fewer bytes than asked: go on until all are taken or it refuses."""
        fd = self._descriptor(name)
        written = os.pwrite(fd, data, offset)
        while written < len(data):
            written += os.pwrite(fd, memoryview(data)[written:], offset + written)

    def sync(self, name: str) -> None:
        """One fdatasync."""
        os.fdatasync(self._descriptor(name))

    def read(self, name: str, offset: int, size: int) -> bytes:
        """Reading keeps no descriptor: there may be thousands of old segments."""
        fd = self._files.get(name)
        if fd is not None:
            return _read_fully(fd, offset, size)
        fd = os.open(self.folder / name, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return _read_fully(fd, offset, size)
        finally:
            os.close(fd)

    def truncate(self, name: str, size: int) -> None:
        """One ftruncate."""
        os.ftruncate(self._descriptor(name), size)

    def remove(self, name: str) -> None:
        """Unlink, and sync the folder."""
        assert self._lock_fd is not None
        self.release(name)
        (self.folder / name).unlink()
        _sync_folder(self.folder)

    def rename(self, name: str, to: str) -> None:
        """One rename; the descriptor, if there is one, goes with the file."""
        (self.folder / name).rename(self.folder / to)
        fd = self._files.pop(name, None)
        if fd is not None:
            self._files[to] = fd

    def sync_names(self) -> None:
        """One fsync of the folder."""
        _sync_folder(self.folder)

    def put(self, name: str, data: bytes) -> None:
        """As `put_file` does."""
        put_file(self.folder / name, data)

    def drop(self, name: str) -> None:
        """Unlink."""
        self.release(name)
        (self.folder / name).unlink()

    def release(self, name: str) -> None:
        """Close the descriptor, if there is one."""
        fd = self._files.pop(name, None)
        if fd is not None:
            os.close(fd)

    def _descriptor(self, name: str) -> int:
        assert self._lock_fd is not None, "the folder is written under its lock only"
        fd = self._files.get(name)
        if fd is None:
            fd = self._files[name] = os.open(self.folder / name, os.O_RDWR | os.O_CLOEXEC)
        return fd

    def _take_lock(self) -> None:
        path = self.folder / LOCK_NAME
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _read_fully(fd, 0, 256).decode("ascii", "replace").split()
            os.close(fd)
            pid = int(holder[0]) if holder and holder[0].isdigit() else None
            boot_id = holder[1] if len(holder) > 1 else ""
            raise StateLocked(str(self.folder), pid, boot_id) from None
        except OSError:
            os.close(fd)
            raise
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()} {_boot_id()}\n".encode("ascii"), 0)
        self._lock_fd = fd

    def _check_format(self, *, fresh: bool) -> None:
        """Refuse a folder that is not ours; a new one passes only if `fresh`."""
        filesystem = filesystem_of(self.folder.resolve(), _mounts())
        if filesystem.startswith(_NETWORK_FILESYSTEMS):
            raise ForeignState(f"{self.folder} is on {filesystem}: its locks cannot be trusted")
        if not self.folder.is_dir():
            raise ForeignState(f"{self.folder} is not a folder")
        path = self.folder / FORMAT_NAME
        if path.exists():
            found = path.read_bytes()[:80]
            if found != FORMAT_TEXT.encode("ascii"):
                raise ForeignState(f"{path} holds {found!r}, not {FORMAT_TEXT!r}")
            return
        strangers = sorted(set(os.listdir(self.folder)) - _BIRTH_NAMES)
        if strangers:
            raise ForeignState(f"{self.folder} has no {FORMAT_NAME} but holds {strangers[0]}")
        if not fresh:
            raise ForeignState(f"{self.folder} holds no state")

    def _write_format(self) -> None:
        if (self.folder / FORMAT_NAME).exists():
            return
        draft = self.folder / _FORMAT_DRAFT
        with draft.open("wb") as file:
            file.write(FORMAT_TEXT.encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.folder / FORMAT_NAME)
        _sync_folder(self.folder)


def put_file(path: Path, data: bytes, *, anew: bool = False) -> None:
    """A whole file, durable on return and never seen in part: written beside, synced, renamed.
    With `anew` one that is there already stays, and FileExistsError says so.

    What root puts into a folder of another user's is that user's: an operator's snapshot must not
    lock the daemon out. The draft is made anew, so that no link of his leads root astray.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(fd, "wb") as file:
            _give_to_owner(fd, path.parent)
            file.write(data)
            file.flush()
            os.fsync(fd)
        if anew and path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def make_folder(path: Path) -> None:
    """A folder, with those above it that are missing, for its owner alone: whose it is, as with
    `put_file`."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        _give_to_owner(fd, path.parent)
    finally:
        os.close(fd)


def _give_to_owner(fd: int, folder: Path) -> None:
    """Of the folder, if we are root."""
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid:
        os.fchown(fd, owner.st_uid, owner.st_gid)


def filesystem_of(path: Path, mounts: str) -> str:
    """The type of the filesystem that holds `path`, from the text of /proc/self/mounts."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split()
        mount = Path(fields[1].replace("\\040", " "))
        if (path == mount or mount in path.parents) and len(mount.parts) >= best:
            best, kind = len(mount.parts), fields[2]
    return kind


def _mounts() -> str:
    path = Path("/proc/self/mounts")
    return path.read_text("utf-8") if path.exists() else ""


def _boot_id() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text("ascii").strip() if path.exists() else ""


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _read_fully(fd: int, offset: int, size: int) -> bytes:
    data = os.pread(fd, size, offset)
    while len(data) < size:
        more = os.pread(fd, size - len(data), offset + len(data))
        if not more:
            break
        data += more
    return data
