"""Access control lists as systemd and an operator may leave them on a file."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

NOBODY = 0xFFFFFFFF
OWNER, USER, GROUP_OBJ, GROUP, MASK, OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
READ = 4
Entry = tuple[int, int, int]

CREDENTIAL: list[Entry] = [
    (OWNER, READ, NOBODY),
    (USER, READ, os.geteuid()),
    (GROUP_OBJ, 0, NOBODY),
    (MASK, READ, NOBODY),
    (OTHER, 0, NOBODY),
]
"""What systemd puts on a credential: the service's user may read it, and nobody else."""


def instead(entry: Entry, *, of: int) -> list[Entry]:
    return [entry if each[0] == of else each for each in CREDENTIAL]


OPEN: dict[str, list[Entry]] = {
    "another user": instead((USER, READ, os.geteuid() + 1), of=USER),
    "its group": instead((GROUP_OBJ, READ, NOBODY), of=GROUP_OBJ),
    "a group": [*CREDENTIAL[:3], (GROUP, READ, os.getegid()), *CREDENTIAL[3:]],
    "everybody": instead((OTHER, READ, NOBODY), of=OTHER),
}
"""Lists by which others may read too."""


def put(path: Path, entries: list[Entry]) -> None:
    """Give a file a list, if its file system takes one."""
    data = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *each) for each in entries)
    path.chmod(0o400)
    try:
        os.setxattr(path, "system.posix_acl_access", data)
    except OSError as error:
        pytest.skip(f"no access control lists here: {error}")
    assert path.stat().st_mode & 0o070, "the mask stands where the group's bits are"
