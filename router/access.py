"""Who may use a file that is for our eyes alone: by its mode, or by its access control list.

Owns what counts as others. A list is what systemd gives a service its credentials by; the group's
bits of such a file's mode are then the most that anybody named may do, and say nothing of a group.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

_GROUP_BITS, _OTHERS = 0o070, 0o077
_LIST = "system.posix_acl_access"
_VERSION, _ENTRY = struct.Struct("<I"), struct.Struct("<HHI")
_USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 0x02, 0x04, 0x08, 0x10, 0x20
"""Tags of entries that are not the owner's (linux/posix_acl.h)."""


def others(file: int | Path) -> int:
    """What others than its owner and ourselves may do with a file, as bits of a mode; 0: nothing.

    Raises:
        OSError: there is no such file.
    """
    mode = os.stat(file).st_mode & _OTHERS
    if not mode & _GROUP_BITS:
        return mode
    try:
        entries = os.getxattr(file, _LIST)
    except (OSError, AttributeError):  # it has none; this system has none
        return mode
    return _granted(entries, os.geteuid())


def _granted(data: bytes, us: int) -> int:
    if _VERSION.unpack_from(data) != (2,):
        return _OTHERS
    entries = list(_ENTRY.iter_unpack(data[_VERSION.size :]))
    mask = next((may for tag, may, _ in entries if tag == _MASK), 7)
    granted = 0
    for tag, may, who in entries:
        if tag == _OTHER:
            granted |= may
        elif tag in (_GROUP_OBJ, _GROUP) or (tag == _USER and who != us):
            granted |= (may & mask) << 3
    return granted
