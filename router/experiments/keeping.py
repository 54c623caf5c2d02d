"""What a contest is kept as: a row for each block of each play as Parquet, the figures as JSON.

Owns the files of a folder of results. A figure that cannot be traced to seeds, parameters and a
version of the code is worth nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from router.experiments.contest import Field, Plays
from router.experiments.contestants import Entry
from router.experiments.play import BLOCK
from router.experiments.standings import Standing
from router.trials.results import code_version
from router.trials.trial import Row


def document(
    field: Field, seeds: Sequence[int], entries: Sequence[Entry], found: Sequence[Standing]
) -> dict[str, object]:
    """The figures and what made them: the same contest, the same bytes."""
    return {
        "experiment": field.name,
        "decisions": field.decisions,
        "seeds": f"{seeds[0]}:{len(seeds)}",
        "code_version": code_version(),
        "parameters": {entry.name: dict(entry.parameters) for entry in entries},
        "standings": [asdict(each) for each in found],
    }


def write(
    folder: Path,
    seeds: Sequence[int],
    arms: Sequence[str],
    plays: Mapping[str, Plays],
    told: Mapping[str, object],
) -> tuple[Path, Path]:
    """Write `plays.parquet` and `standings.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    parquet, standing = folder / "plays.parquet", folder / "standings.json"
    stamp = {key: value for key, value in told.items() if key != "standings"}
    table = _table(seeds, arms, plays).replace_schema_metadata({"sluice": json.dumps(stamp)})
    pq.write_table(table, parquet, compression="zstd")
    standing.write_text(json.dumps(told, indent=1) + "\n")
    return parquet, standing


def write_careers(
    folder: Path,
    seeds: Sequence[int],
    found: Mapping[str, Mapping[str, Sequence[Sequence[Row]]]],
    told: Mapping[str, object],
) -> tuple[Path, Path]:
    """Write `parents.parquet`, a row a parent, and `costs.json`; `found` is by market and
    contestant, a list of careers each."""
    folder.mkdir(parents=True, exist_ok=True)
    parquet, costs = folder / "parents.parquet", folder / "costs.json"
    rows = [
        {"contestant": name, "career": seed, "number": number, **_flat(row)}
        for careers in found.values()
        for name, each in careers.items()
        for seed, career in zip(seeds, each, strict=True)
        for number, row in enumerate(career, 1)
    ]
    stamp = {key: value for key, value in told.items() if key != "markets"}
    table = pa.Table.from_pylist(rows).replace_schema_metadata({"sluice": json.dumps(stamp)})
    pq.write_table(table, parquet, compression="zstd")
    costs.write_text(json.dumps(told, indent=1) + "\n")
    return parquet, costs


def _flat(row: Row) -> dict[str, object]:
    values: dict[str, object] = msgspec.to_builtins(row)
    # Parquet has no column for a mapping that may be empty.
    tables = ("shares_by_venue", "held_back")
    return {**values, **{key: json.dumps(values[key]) for key in tables}}


def _table(seeds: Sequence[int], arms: Sequence[str], plays: Mapping[str, Plays]) -> pa.Table:
    tables = []
    for name, each in plays.items():
        count, blocks = each.reward.shape
        columns = {
            "contestant": [name] * (count * blocks),
            "seed": [seed for seed in seeds for _ in range(blocks)],
            "decision": [block * BLOCK for _ in seeds for block in range(blocks)],
            "reward": each.reward.ravel(),
            "best": each.best.ravel(),
        }
        lots = {f"lots_{arm}": each.lots[:, :, k].ravel() for k, arm in enumerate(arms)}
        tables.append(pa.table({**columns, **lots}))
    return pa.concat_tables(tables)
