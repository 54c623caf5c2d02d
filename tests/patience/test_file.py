"""The file of an urgency table: what is written is read, and every kind of damage is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from router.patience.file import (
    FILE_MAX,
    TableCard,
    TableFileError,
    read_card,
    read_table,
    write_table,
)

CARD = TableCard(
    kind="inventory",
    market="baseline",
    market_hash="a" * 12,
    seeds="1:6",
    paths=12,
    steps=100,
    shape=(2, 3, 2, 1, 1, 1),
    remaining=(0.001, 0.01),
    market_edges=((0.5,), (), (), ()),
    kappa=1.0,
    u_bp=(0.25, None, -1.5, 3.0, 2.0, 1.0, 0.0, 5.5, 6.0, 7.0, None, 9.0),
    visits=tuple(range(12)),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "small.json"
    digest = write_table(path, CARD)
    assert read_card(path) == (CARD, digest)
    table = read_table(path)
    assert (table.name, table.digest, table.kappa) == ("small", digest, 1.0)
    assert table.u_bp.shape == CARD.shape
    told = [None if np.isnan(each) else float(each) for each in table.u_bp.ravel()]
    assert tuple(told) == CARD.u_bp
    first = path.read_bytes()
    write_table(path, CARD)
    assert path.read_bytes() == first


def _forged(path: Path, changes: dict[str, object]) -> None:
    """Another card with a checksum that fits."""
    data = msgspec.json.encode({**msgspec.to_builtins(CARD), **changes})
    whole = {"sha256": hashlib.sha256(data).hexdigest(), "table": msgspec.Raw(data)}
    path.write_bytes(msgspec.json.encode(whole))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format_version": 2}, "format version 2; allowed: 1"),
        ({"feature_version": 0}, "feature version 0; allowed: "),
        ({"features": ["spread"]}, "features 'spread'; allowed: 'spread, microprice"),
        ({"shape": [2, 4, 2, 1, 1, 1]}, r"shape .*; allowed: \(steps, 3, 2, 1, 1, 1\)"),
        ({"shape": []}, "allowed: "),
        ({"u_bp": [1.0]}, "u_bp: 1; allowed: 12"),
        ({"visits": [1]}, "visits: 1; allowed: 12"),
        ({"u_bp": [1e9] * 12}, "u_bp: allowed are -10000 to 10000"),
        ({"remaining": [0.01, 0.001]}, "remaining: bounds do not rise"),
        ({"market_edges": [[0.5], [], []]}, "market_edges: 3; allowed: 4"),
        ({"kappa": -1.0}, "kappa -1.0; allowed: 0 to 50"),
        ({"more": 1}, "unknown field `more`"),
        ({"shape": [10**9, 3, 2, 1, 1, 1]}, "cells; allowed: "),
    ],
)
def test_a_card_that_no_table_can_have_is_refused(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    path = tmp_path / "t.json"
    _forged(path, changes)
    with pytest.raises(TableFileError, match=said) as error:
        read_table(path)
    assert str(error.value).startswith(f"{path}: ")


DAMAGE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a digit": (lambda data: data.replace(b"5.5", b"5.6"), "SHA-256 does not fit"),
    "cut": (lambda data: data[:-40], "truncated"),
    "empty": (lambda data: b"", "truncated"),
    "not JSON": (lambda data: b"\x80\x04." + data, "malformed"),
    "no table": (lambda data: b'{"sha256": "x"}', "missing required field `table`"),
    "large": (lambda data: data + b" " * FILE_MAX, "bytes; allowed: "),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_told(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "t.json"
    write_table(path, CARD)
    damage, said = DAMAGE[kind]
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(TableFileError, match=said):
        read_table(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableFileError, match=r"gone\.json: No such file"):
        read_table(tmp_path / "gone.json")
