"""`sluice sim`: one line a parent, the same bytes each time, and errors that help."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from router.cli import run
from tests.trials.markets import written

KEYS = {
    "seed", "parent", "learner", "algo", "side", "order_qty", "cum_qty", "arrival_px",
    "shortfall_bp", "fees_bp", "unfilled_bp", "markout_bp", "shares_by_venue",
}  # fmt: skip
"""What every line has at least."""
ROOT = Path(__file__).parents[2]


@pytest.fixture
def market(tmp_path: Path) -> str:
    return str(written(tmp_path))


def test_json_is_one_line_a_parent(market: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sim", market, "--seeds", "4:2", "--learner", "pro_rata", "--json"]) == 0
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["seed"] for row in rows] == [4, 5]
    assert all(row.keys() >= KEYS for row in rows)
    assert {row["learner"] for row in rows} == {"pro_rata"}
    assert "2 parents in small" in err


def test_quiet_says_nothing_but_the_lines(market: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sim", market, "--seeds", "4", "--json", "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert err == ""


def test_for_a_person_there_is_a_table(market: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sim", market, "--seeds", "1:3"]) == 0
    out = capsys.readouterr().out
    assert "3 parents in small" in out
    assert "0.05% ADV" in out
    assert "shares by venue: " in out


def test_the_same_seed_gives_the_same_bytes_whatever_python_hashes(market: str) -> None:
    argv = [sys.executable, "-m", "router", "sim", market, "--seeds", "1:2", "--json", "--quiet"]
    said = {
        subprocess.run(
            argv,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "12345")
    }
    assert len(said) == 1
    assert said.pop().count(b"\n") == 2


def test_results_are_kept_where_they_are_wanted(
    market: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(["sim", market, "--seeds", "1", "--out", str(out), "--quiet"]) == 0
    assert sorted(each.name for each in out.iterdir()) == ["results.json", "results.parquet"]
    assert "results.parquet" in capsys.readouterr().err


def test_a_policy_document_takes_the_place_of_the_configuration_s(
    market: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "lit-only.yaml"
    policy.write_text(
        "policy: lit-only\nversion: 3\nlayer: firm\nsettings: {algo: sweep}\n"
        "rules:\n  - id: lit\n    why: a test\n    venues: {allow: {type: lit}}\n"
    )
    assert run(["sim", market, "--seeds", "1:3", "--policy", str(policy), "--json", "--quiet"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["policy"] for row in rows} == {"lit-only:3"}
    assert {mic[:3] for row in rows for mic in row["shares_by_venue"]} == {"LIT"}


@pytest.mark.parametrize(
    ("argv", "code", "told"),
    [
        (["--seeds", "1:0"], 4, "--seeds 1:0: FROM:N"),
        (["--seeds", "x"], 4, "--seeds x: FROM:N"),
        (["--algo", "vwop"], 4, "--algo vwop: unknown; allowed: sweep, twap"),
        (["--learner", "oracle"], 4, "oracle"),
        (["--no-parents"], 4, "needs --record DIR"),
        (["--parents", "nowhere.yaml"], 4, "nowhere.yaml"),
        (["--policy", "nowhere.yaml"], 4, "nowhere.yaml"),
        (["--jobs", "0"], 4, "jobs"),
    ],
)
def test_what_cannot_be_is_said_before_anything_runs(
    market: str, argv: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sim", market, *argv]) == code
    out, err = capsys.readouterr()
    assert told in err
    assert out == ""


def test_a_market_that_is_not_there_names_those_that_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["sim", "basline"]) == 2
    assert "basline: no such file; shipped markets: baseline" in capsys.readouterr().err
