"""Markets that play small hand-made recordings, for tests."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from router.model import NS
from tests.venues.simulated import MARKETS, at_once
from venues.market import Market
from venues.market_file import MarketSpec, read_market

OPEN = 34_200 * NS
"""09:30 as nanoseconds after midnight, and where `recorded_market` begins."""

Row = tuple[int, str, int, int, int, int]
"""Nanoseconds after midnight, event, order id, side, price in ticks, shares."""

BID, OFFER = 4999, 5001
RESTING: list[Row] = [
    (OPEN - 3, "A", 1, 1, BID, 300),
    (OPEN - 3, "A", 2, -1, OFFER, 300),
    (OPEN - 3, "A", 3, -1, OFFER + 1, 300),
]


def recorded_spec(folder: Path, file: Path, form: str, changes: Mapping[str, object]) -> MarketSpec:
    """A market whose only venue replays a file."""
    shutil.copy(MARKETS / "baseline.yaml", folder)
    others = ("LIT_B", "LIT_C", "DARK_A", "DARK_B", "SDP_1", "SDP_2")  # unless changed
    all_changes: dict[str, object] = {f"venues.{mic}.disabled": True for mic in others}
    all_changes["venues.LIT_A.recording"] = {"file": str(file), "format": form}
    all_changes |= changes
    path = folder / "recorded.yaml"
    document = {"id": "r", "vocabulary": 1, "extends": "baseline", "set": all_changes}
    path.write_text(json.dumps(document, indent=1))
    return at_once(read_market(path))


def recorded_market(folder: Path, file: Path, form: str, price: float, end: str) -> Market:
    """Such a market at its start."""
    spec = recorded_spec(folder, file, form, {"stock.price": price, "session.end": end})
    return Market(spec, seed=1, start=OPEN)


def obs1_file(folder: Path, rows: list[Row]) -> Path:
    """An OBS-1 file of events."""
    names = ("t_ns", "etype", "oid", "side", "px", "qty")
    columns = {name: [row[n] for row in rows] for n, name in enumerate(names)}
    pq.write_table(pa.table(columns), folder / "d.events.parquet")
    return folder / "d.events.parquet"


def of_rows(folder: Path, rows: list[Row], changes: Mapping[str, object] | None = None) -> Market:
    """A market at 50.00 until 10:00 that plays some events."""
    base: dict[str, object] = {"stock.price": 50.0, "session.end": "10:00:00"}
    spec = recorded_spec(folder, obs1_file(folder, rows), "obs1", {**base, **(changes or {})})
    return Market(spec, seed=1, start=OPEN)
