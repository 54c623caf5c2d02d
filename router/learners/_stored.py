"""A learner's state as bytes, and back: arrays in npz, never pickled, refused on any mismatch.

Owns the format (learning.md section 11). Must not know learners: what shape an array has by its
name is told. Reads and writes no file.

Format 1: an npz (NumPy's zip of npy members) of the state's arrays, float64, in the order of their
names, and of `HEADER`, the UTF-8 bytes of a JSON object: the format's number, the learner's key,
the version and number of features, and the SHA-256 of all names, shapes and values. The same state
gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from router.ports import Arrays, FloatArray

FORMAT = 1
HEADER = "header.json"
BYTES_MAX = 1 << 30
"""Of all arrays of one state together: a zip may claim more than it holds."""

_UNREADABLE = (
    *(ValueError, OSError, EOFError, KeyError, RuntimeError, MemoryError, SyntaxError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)
"""What `zipfile` and `numpy.load` raise of bytes that they cannot make sense of."""

ShapeOf = Callable[[str, int], tuple[int, ...] | None]
"""`Learner.shape`: by name and number of features; None for no such array."""


class StoredStateError(ValueError):
    """Bytes are not the state that was asked for: what is wrong, where, and what is allowed."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose state it is. Both sides must agree."""

    learner: str
    """The learner's key: its name and parameters."""
    feature_version: int
    dimensions: int
    """Number of features."""


def to_bytes(state: Arrays, identity: Identity) -> bytes:
    """The state as an npz.

    Raises:
        StoredStateError: if an array is not finite or not float64: it could not be read again.
    """
    for name, array in state.items():
        _check_values(name, array)
    header = {"format": FORMAT, **asdict(identity), "sha256": _checksum(state)}
    text = json.dumps(header, sort_keys=True).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        _add(archive, HEADER, np.frombuffer(text, dtype=np.uint8))
        for name in sorted(state):
            _add(archive, name, np.ascontiguousarray(state[name]))
    return buffer.getvalue()


def _add(archive: zipfile.ZipFile, name: str, array: NDArray[Any]) -> None:
    """One member, dated 1980 like every ZipInfo that is not told a date."""
    member = io.BytesIO()
    np.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)
    archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())


def from_bytes(data: bytes, identity: Identity, shape_of: ShapeOf) -> Arrays:
    """The state that `to_bytes` wrote, bit by bit.

    Raises:
        StoredStateError: anything else than the state of exactly this learner and these features.
    """
    members = _members(data)
    header = _header(members.pop(HEADER, None))
    _check_header(header, identity)
    for name, array in members.items():
        _check_values(name, array)
        expected = shape_of(name, identity.dimensions)
        if expected is None:
            raise StoredStateError(f"array {name!r}: {identity.learner} keeps no such array")
        if array.shape != expected:
            raise StoredStateError(f"array {name!r} has shape {array.shape}; allowed: {expected}")
    found = _checksum(members)
    if header["sha256"] != found:
        raise StoredStateError(f"sha256 is {header['sha256']!r}, that of the arrays is {found}")
    return members


def _members(data: bytes) -> dict[str, FloatArray]:
    """Every array by name; the header among them."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            claimed = sum(each.file_size for each in archive.infolist())
            if claimed > BYTES_MAX:
                text = f"the arrays have {claimed} bytes; allowed: up to {BYTES_MAX}"
                raise StoredStateError(text)
            names = archive.namelist()
            if len(set(names)) != len(names):
                raise StoredStateError("a name stands twice; allowed: every array once")
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except StoredStateError:
        raise
    except _UNREADABLE as error:
        raise StoredStateError(f"not a whole npz of plain arrays: {error}") from error


def _header(member: FloatArray | None) -> dict[str, object]:
    if member is None:
        raise StoredStateError(f"member {HEADER!r} is missing: not a learner's state")
    try:
        header = json.loads(member.tobytes())
    except ValueError as error:
        raise StoredStateError(f"member {HEADER!r} is not JSON: {error}") from error
    if not isinstance(header, dict):
        raise StoredStateError(f"member {HEADER!r} is not a JSON object")
    return header


def _check_header(header: dict[str, object], identity: Identity) -> None:
    expected = {"format": FORMAT, **asdict(identity)}
    if header.keys() != {*expected, "sha256"}:
        text = f"header has the keys {sorted(header)}; allowed: {sorted([*expected, 'sha256'])}"
        raise StoredStateError(text)
    for key, allowed in expected.items():
        if header[key] != allowed:
            raise StoredStateError(f"header: {key} is {header[key]!r}; allowed: {allowed!r}")


def _check_values(name: str, array: FloatArray) -> None:
    if array.dtype != np.float64:
        raise StoredStateError(f"array {name!r} is of {array.dtype}; allowed: float64")
    if not np.isfinite(array).all():
        at = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise StoredStateError(f"array {name!r} is not finite at {at}; allowed: finite numbers")


def _checksum(state: Arrays) -> str:
    sha = hashlib.sha256()
    for name in sorted(state):
        array = np.ascontiguousarray(state[name], dtype="<f8")
        sha.update(json.dumps([name, array.shape]).encode())
        sha.update(array.tobytes())
    return sha.hexdigest()
