"""What trials are kept as: rows as Parquet and JSON lines, with what made them.

Owns the files of a folder of results and the identity of the code. A row that cannot be traced to
a seed, a market and a version of the code is worth nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

import router
from router.core.scoring import HeldBack
from router.trials.trial import Row

ROOMS = ("config", "policies", "risk", "router", "venues")
"""The packages whose sources decide what a trial does."""


@cache
def code_version() -> str:
    """The release, and a digest of every source file of the project."""
    digest = hashlib.sha256()
    top = Path(router.__file__).parents[1]
    for room in ROOMS:
        for path in sorted((top / room).rglob("*.py")):
            digest.update(path.relative_to(top).as_posix().encode() + b"\0")
            digest.update(path.read_bytes())
    return f"{version('sluice')}+{digest.hexdigest()[:12]}"


def line(row: Row) -> str:
    """A row as one line of JSON: the same row, the same bytes."""
    return msgspec.json.encode(
        {**msgspec.to_builtins(row), "code_version": code_version()}
    ).decode()


def write(folder: Path, rows: Sequence[Row], made_by: Mapping[str, object]) -> tuple[Path, Path]:
    """Write `results.parquet` and `results.json`; `made_by` says how to make them again.

    Shares by venue are a column each in the table, and so are decisions that were held back.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mics = list(dict.fromkeys(mic for row in rows for mic in row.shares_by_venue))
    flat = [_flat(row, mics) for row in rows]
    table = pa.Table.from_pylist(flat)
    stamp = {"code_version": code_version(), **made_by}
    table = table.replace_schema_metadata({"sluice": json.dumps(stamp)})
    parquet, document = folder / "results.parquet", folder / "results.json"
    pq.write_table(table, parquet, compression="zstd")
    rows_out = [msgspec.to_builtins(row) for row in rows]
    document.write_text(json.dumps({**stamp, "rows": rows_out}, indent=1) + "\n")
    return parquet, document


def _flat(row: Row, mics: Sequence[str]) -> dict[str, object]:
    values: dict[str, object] = msgspec.to_builtins(row)
    shares, held_back = values.pop("shares_by_venue"), values.pop("held_back")
    assert isinstance(shares, dict)
    assert isinstance(held_back, dict)
    told = {f"held_back_{each.value}": held_back.get(each.value, 0) for each in HeldBack if each}
    return {**values, **told, **{f"shares_{mic}": shares.get(mic, 0) for mic in mics}}
