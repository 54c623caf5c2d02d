"""One seed, one history, whatever the interpreter's hashing is seeded with.

That one more draw at one venue moves no other is held in `tests.venues.test_background_flow`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.venues.simulated import MARKETS

ROOT = Path(__file__).parents[2]

LAST_MINUTES = """
extends: baseline
id: last_minutes
vocabulary: 1
set:
  session.from: "15:54:00"
parents: {side: buy, qty_adv: 0.001, horizon_s: 90, start: "15:56:00"}
"""

HASH_SEEDS = ("0", "4242")


@pytest.fixture
def market(tmp_path: Path) -> Path:
    """The last six minutes of the baseline's day, with a parent in them."""
    shutil.copy(MARKETS / "baseline.yaml", tmp_path)
    path = tmp_path / "last_minutes.yaml"
    path.write_text(LAST_MINUTES)
    return path


def said(hash_seed: str, *arguments: str) -> bytes:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        check=True,
    )
    return done.stdout


def test_a_recording_is_the_same_bytes_under_any_hash_seed(market: Path, tmp_path: Path) -> None:
    found = []
    for hash_seed in HASH_SEEDS:
        folder = tmp_path / hash_seed
        said(hash_seed, "venues.recorder", str(market), "7", str(folder))
        found.append({path.name: path.read_bytes() for path in sorted(folder.iterdir())})
    assert found[0] == found[1]
    assert sorted(found[0]) == ["last_minutes-7.book.parquet", "last_minutes-7.trades.parquet"]


def test_a_trial_says_the_same_bytes_under_any_hash_seed(market: Path) -> None:
    arguments = ("router", "sim", str(market), "--seeds", "7", "--json", "--quiet")
    first, second = (said(hash_seed, *arguments) for hash_seed in HASH_SEEDS)
    assert first == second
    assert first.count(b"\n") == 1
    assert b'"cum_qty":2000' in first
