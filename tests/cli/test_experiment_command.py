"""`sluice experiment`: what it prints, keeps and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from router.cli import run
from router.experiments.play import BLOCK

SHORT = ["--quiet", "--decisions", "200"]
CONTESTANTS = """
contestants:
  pro_rata: {learner: pro_rata}
  table: {learner: static, grid: {other: [0.5, 1.0]}}
  oracle: {learner: oracle}
"""


@pytest.fixture
def who(tmp_path: Path) -> list[str]:
    path = tmp_path / "who.yaml"
    path.write_text(CONTESTANTS)
    return ["--contestants", str(path), "--parameters", str(tmp_path / "tuned.yaml"), *SHORT]


def test_figures_rows_and_picture_are_of_one_contest(
    tmp_path: Path, who: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["experiment", "dark", *who, "--seeds", "1001:2", "--json"]
    kept = ["--out", str(tmp_path / "out"), "--plot", str(tmp_path / "dark.png")]
    assert run([*asked, *kept]) == 0
    told = json.loads(capsys.readouterr().out)
    first, _, oracle = told["standings"]
    assert first["name"] == "pro_rata"
    assert oracle["whole"]["value"] == 1.0
    assert 0.3 < first["whole"]["value"] < 0.9
    assert (tmp_path / "dark.png").read_bytes().startswith(b"\x89PNG")
    rows = pq.read_table(tmp_path / "out" / "plays.parquet")
    mine = rows.filter([name == "pro_rata" for name in rows["contestant"].to_pylist()])
    assert mine.num_rows == 2 * 200 // BLOCK
    share = sum(mine["reward"].to_pylist()) / sum(mine["best"].to_pylist())
    assert share == pytest.approx(first["whole"]["value"])
    document = json.loads((tmp_path / "out" / "standings.json").read_text())
    assert document["seeds"] == "1001:2"
    assert document["standings"] == told["standings"]


def test_as_many_processes_as_you_like_give_the_same_bytes(
    who: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = []
    for jobs in ("1", "2"):
        asked = ["experiment", "dark", *who, "--seeds", "1001:2", "--json", "--jobs", jobs]
        assert run([*asked, "--only", "table,oracle"]) == 0
        found.append(capsys.readouterr().out)
    assert found[0] == found[1]


def test_tuning_writes_what_the_contest_then_plays_with(
    tmp_path: Path, who: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    only = ["--only", "table"]
    assert run(["experiment", "dark", *who, *only, "--tune"]) == 0
    assert "table: {other: 0.5}" in (tmp_path / "tuned.yaml").read_text()
    capsys.readouterr()
    assert run(["experiment", "dark", *who, *only, "--seeds", "1001:1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["parameters"] == {"table": {"other": 0.5}}


def test_tuning_in_a_market_writes_what_its_experiments_then_play_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    who = tmp_path / "who.yaml"
    who.write_text("contestants: {table: {learner: static, grid: {other: [0.5]}}}")
    kept = tmp_path / "tuned.yaml"
    asked = ["experiment", "null", "--contestants", str(who), "--parameters", str(kept)]
    assert run([*asked, "--parents", "1", "--quiet", "--tune"]) == 0
    saved, *_ = capsys.readouterr().out.split()
    assert -20.0 < float(saved) < 0.0  # taking costs, so less than nothing is saved
    made_by, experiment, *_ = kept.read_text().splitlines()
    assert made_by.endswith("sluice experiment null --tune --markets null --parents 1")
    assert experiment == 'experiment: "null"'
    assert run([*asked, "--parents", "1", "--quiet", "--seeds", "1001:1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["parameters"] == {"table": {"other": 0.5}}


def test_an_experiment_in_a_market_tells_what_parents_cost(
    tmp_path: Path, who: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["experiment", "null", *who, "--only", "pro_rata,table", "--seeds", "1001:2"]
    kept = ["--out", str(tmp_path), "--plot", str(tmp_path / "null.png"), "--json"]
    assert run([*asked, "--parents", "2", *kept]) == 0
    told = json.loads(capsys.readouterr().out)
    first, second = told["markets"]["null"]["costs_bp"]
    rows = pq.read_table(tmp_path / "parents.parquet").to_pylist()
    assert [(row["contestant"], row["career"], row["number"]) for row in rows] == [
        (name, career, number)
        for name in ("pro_rata", "table")
        for career in (1001, 1002)
        for number in (1, 2)
    ]
    assert all(not row["shares_by_venue"].count("DARK") for row in rows)
    weights = [(row["order_qty"] * row["arrival_px"]) ** 0.5 for row in rows]
    paid = [row["shortfall_bp"] * weight for row, weight in zip(rows, weights, strict=True)]
    assert first["whole"]["value"] == pytest.approx(sum(paid[:4]) / sum(weights[:4]))
    saved = second["whole"]["value"] - first["whole"]["value"]
    assert second["saved"]["value"] == pytest.approx(saved)
    assert (tmp_path / "null.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["drak"], 2, "drak: no such experiment; there are: dark, context, misspecified, markets"),
        (["dark", "--seeds", "5:10"], 4, "1 to 6 are for tuning"),
        (["dark", "--only", "hazard,nobody"], 4, "--only nobody: unknown; there are: hazard"),
        (["dark", "--seeds", "x"], 4, "--seeds x: FROM:N"),
        (["markets", "--markets", "moon"], 2, "--markets moon: unknown; there are: baseline"),
        (["predictor"], 4, "hazard_drift, hazard_both: needs --predictors DIR"),
        (["predictor", "--predictors", "nowhere"], 2, "nowhere/baseline.npz: No such file"),
        (["dark", "--only", "hazard_drift"], 4, "there is no price to predict in dark"),
        (["null", "--seeds", "6:1"], 4, "1 to 6 are for tuning"),
    ],
)
def test_what_is_refused(
    arguments: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["experiment", *arguments]) == code
    assert told in capsys.readouterr().err
