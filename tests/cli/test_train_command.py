"""`sluice train predictor`: a table and a file from recordings, and what it says when it cannot."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from router.cli import run
from router.core.observed import FEATURES
from router.predictor.file import Predictor
from tests.predictor.made import recorded_morning


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The options that name one morning and its market."""
    prefix, market = recorded_morning(tmp_path_factory.mktemp("morning"), seed=2)
    return ["--data", str(prefix), "--market", str(market)]


def train(*argv: str) -> int:
    return run(["train", "predictor", *argv])


def test_the_table_shows_every_model_beside_the_imbalance_alone(
    recordings: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "p.npz"
    assert train(*recordings, "--horizon", "1s", "--out", str(out)) == 0
    said, told = capsys.readouterr()
    lines = said.splitlines()
    assert lines[0] == "the mid over 1s: down, flat, up"
    assert lines[1].startswith("changed-2: ")
    table = [line.split() for line in lines if line.startswith(("imb", "log", "boo", "net"))]
    assert [row[0] for row in table] == ["imbalance", "logistic", "boosting", "network"]
    assert all(0.5 < float(row[1]) < 1.0 for row in table)
    loaded = Predictor.load(out)
    assert lines[-1] == f"kept: {loaded.card.kind}, trained on all days"
    assert told == f"written: {out}\n"
    assert loaded.predict(np.zeros(len(FEATURES))).sum() == pytest.approx(1.0)


def test_json_says_the_same_and_more(
    recordings: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "p.npz"
    argv = ["--horizon", "next", "--model", "network", "--seed", "5", "--latency-ms", "3"]
    assert train(*recordings, *argv, "--out", str(out), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["models"]) == ["imbalance", "logistic", "network"]
    for scores in found["models"].values():
        assert scores["auc"]["low"] <= scores["auc"]["value"] <= scores["auc"]["high"]
    assert found["models"]["imbalance"]["auc_gain"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert found["models"]["logistic"]["log_loss_gain"]["value"] == 0.0
    card = found["card"]
    assert (card["kind"], card["horizon"], card["seed"]) == ("network", "next", 5)
    assert card["latency_ns"] == 3_000_000
    assert card["days"] == ["changed-2"]
    # The first minute is skipped, and the last decision is before noon.
    assert card["from_ns"] == (34_200 + 60) * 10**9
    assert 43_000 * 10**9 < card["until_ns"] < 43_200 * 10**9
    assert Predictor.load(out).card.kind == "network"


@pytest.mark.parametrize(
    ("argv", "code", "reason"),
    [
        (["--horizon", "1h"], 4, "--horizon 1h: unknown; allowed: next, 1s, 10s"),
        (["--model", "oracle"], 4, "allowed: logistic, boosting, network, best"),
        (["--out", "no/such/folder/p.npz"], 2, "no folder no/such/folder"),
        (["--hours", "12:00-09:30"], 4, "not HH:MM-HH:MM"),
        (["--data", "nothing"], 1, "nothing.book: no such table"),
        (["--hours", "09:30-10:00"], 1, "needed are 100 rows and every class"),
        (["--hours", "20:00-21:00"], 1, "no row lies in the session"),
        (["--seed", "4294967296"], 4, "'--seed': Input should be less than or equal to"),
        (["--latency-ms", "-1"], 4, "'--latency-ms': Input should be greater than or equal to 0"),
    ],
)
def test_what_cannot_be_done_says_why(
    recordings: list[str],
    argv: list[str],
    code: int,
    reason: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = [] if "--out" in argv else ["--out", str(tmp_path / "p.npz")]
    assert train(*recordings, *out, *argv) == code
    assert reason in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
