"""A learner's state as bytes, and back: arrays in npz, never pickled, refused on any mismatch.

Owns the format. Must not know learners: what shape an array has by its name is told. Reads and
writes no file.

Format 1: an npz (NumPy's zip of npy members) of the state's arrays, float64, in the order of their
names, and of `HEADER`, the UTF-8 bytes of a JSON object: the format's number, the learner's key,
the version and number of features, the lessons that it has taken, and the SHA-256 of all that with
all names, shapes and values. The same state gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from router import npz
from router.ports import Arrays, FloatArray

FORMAT = 1
HEADER = "header.json"
BYTES_MAX = 256 << 20
"""Of all arrays of one state together: a zip may claim more than it holds."""
LESSONS_MAX = 1 << 53
"""So far a float counts them one by one."""

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


@dataclass(frozen=True, slots=True)
class Stored:
    """What stands in the bytes."""

    identity: Identity
    lessons: int
    """That the learner had taken."""
    arrays: Arrays
    sha256: str
    """Of all the above."""


def to_bytes(state: Arrays, identity: Identity, lessons: int) -> bytes:
    """The state as an npz.

    Raises:
        StoredStateError: if an array is not finite or not float64: it could not be read again.
    """
    for name, array in state.items():
        _check_values(name, array)
    header = {"format": FORMAT, **asdict(identity), "lessons": lessons}
    header["sha256"] = _checksum(header, state)
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


def from_bytes(data: bytes, identity: Identity, shape_of: ShapeOf) -> Stored:
    """The state that `to_bytes` wrote, bit by bit.

    Raises:
        StoredStateError: anything else than the state of exactly this learner and these features.
    """
    header, arrays = _read(data)
    for key, allowed in asdict(identity).items():
        if header[key] != allowed:
            raise StoredStateError(f"header: {key} is {header[key]!r}; allowed: {allowed!r}")
    for name, array in arrays.items():
        _check_values(name, array)
        expected = shape_of(name, identity.dimensions)
        if expected is None:
            raise StoredStateError(f"array {name!r}: {identity.learner} keeps no such array")
        if array.shape != expected:
            raise StoredStateError(f"array {name!r} has shape {array.shape}; allowed: {expected}")
    return _checked(header, arrays)


def inspect(data: bytes) -> Stored:
    """What stands in bytes of whatever learner and features.

    Raises:
        StoredStateError: they are not what `to_bytes` wrote.
    """
    header, arrays = _read(data)
    for name, array in arrays.items():
        _check_values(name, array)
    return _checked(header, arrays)


def _read(data: bytes) -> tuple[dict[str, Any], Arrays]:
    """Header and arrays. The header has the keys of this format, of the right types."""
    members = _members(data)
    header = _header(members.pop(HEADER, None))
    if "format" in header and header["format"] != FORMAT:
        raise StoredStateError(f"header: format is {header['format']!r}; allowed: {FORMAT}")
    if header.keys() != _KEYS.keys():
        text = f"header has the keys {sorted(header)}; allowed: {sorted(_KEYS)}"
        raise StoredStateError(text)
    for key, kind in _KEYS.items():
        if type(header[key]) is not kind:
            text = f"header: {key} is {header[key]!r}; allowed: one of type {kind.__name__}"
            raise StoredStateError(text)
    if not 1 <= header["lessons"] <= LESSONS_MAX:
        text = f"header: lessons is {header['lessons']}; allowed: 1 to {LESSONS_MAX}"
        raise StoredStateError(text)
    return header, members


_KEYS: dict[str, type] = {
    **{"format": int, "learner": str, "feature_version": int, "dimensions": int},
    **{"lessons": int, "sha256": str},
}


def _members(data: bytes) -> dict[str, FloatArray]:
    """Every array by name; the header among them."""
    try:
        claimed = sum(npz.sizes(data))
        if claimed > BYTES_MAX:
            text = f"the arrays have {claimed} bytes; allowed: up to {BYTES_MAX}"
            raise StoredStateError(text)
        return npz.arrays(data)
    except npz.NpzError as error:
        raise StoredStateError(f"not a whole npz of plain arrays: {error}") from error


def _header(member: FloatArray | None) -> dict[str, Any]:
    if member is None:
        raise StoredStateError(f"member {HEADER!r} is missing: not a learner's state")
    try:
        header = json.loads(member.tobytes())
    except (ValueError, RecursionError) as error:
        raise StoredStateError(f"member {HEADER!r} is not JSON: {error}") from error
    if not isinstance(header, dict):
        raise StoredStateError(f"member {HEADER!r} is not a JSON object")
    return header


def _check_values(name: str, array: FloatArray) -> None:
    if array.dtype != np.float64:
        raise StoredStateError(f"array {name!r} is of {array.dtype}; allowed: float64")
    if not np.isfinite(array).all():
        at = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise StoredStateError(f"array {name!r} is not finite at {at}; allowed: finite numbers")


def _checked(header: dict[str, Any], arrays: Arrays) -> Stored:
    found = _checksum(header, arrays)
    if header["sha256"] != found:
        raise StoredStateError(f"sha256 is {header['sha256']!r}, that of what stands here: {found}")
    identity = Identity(header["learner"], header["feature_version"], header["dimensions"])
    return Stored(identity, header["lessons"], arrays, found)


def _checksum(header: Mapping[str, object], state: Arrays) -> str:
    told = {key: value for key, value in header.items() if key != "sha256"}
    sha = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    for name in sorted(state):
        array = np.ascontiguousarray(state[name], dtype="<f8")
        sha.update(json.dumps([name, array.shape]).encode())
        sha.update(array.tobytes())
    return sha.hexdigest()
