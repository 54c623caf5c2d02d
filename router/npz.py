"""Plain arrays out of the bytes of an npz, which may be damaged or somebody else's.

Owns the reading of both containers, and that whatever is wrong with them is one kind of error. Each
member is read whole, and so held against its CRC, before its header is parsed; pickles are
never loaded. Must not know what the arrays mean.
"""

from __future__ import annotations

import lzma
import struct
import tokenize
import zipfile
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNREADABLE = (
    *(ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RuntimeError),
    *(OSError, EOFError, MemoryError, SyntaxError, UserWarning),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, tokenize.TokenError),
)
"""What `zipfile`, what it unpacks with, and `numpy` raise of bytes that they cannot make sense of:
the header of an array is a Python expression, so nearly everything."""

_MAGIC = b"\x93NUMPY"


class NpzError(ValueError):
    """Bytes are not a whole npz of plain arrays: what is wrong with them."""


def sizes(data: bytes) -> list[int]:
    """How many bytes each member claims to have; nothing is unpacked.

    Raises:
        NpzError: it is no zip.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return [each.file_size for each in archive.infolist()]
    except UNREADABLE as error:
        raise NpzError(_told(error)) from error


def arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """Every array by its name; to be called with bytes whose `sizes` can be borne.

    Raises:
        NpzError: a member is damaged, is no plain array, or has the name of another one.
    """
    found: dict[str, NDArray[Any]] = {}
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            for each in archive.infolist():
                name = each.filename.removesuffix(".npy")
                if name in found:
                    raise NpzError(f"the name {name!r} stands twice")
                found[name] = _array(name, archive.read(each))
    except NpzError:
        raise
    except UNREADABLE as error:
        raise NpzError(_told(error)) from error
    return found


def _array(name: str, member: bytes) -> NDArray[Any]:
    if not member.startswith(_MAGIC):
        raise NpzError(f"member {name!r} is no array")
    array: NDArray[Any] = np.lib.format.read_array(BytesIO(member), allow_pickle=False)
    return array


def _told(error: Exception) -> str:
    """Not every exception has words."""
    return str(error) or type(error).__name__
