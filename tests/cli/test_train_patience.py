"""`sluice train patience`: what it writes, prints and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from router.cli import run
from router.cli.why_text import urgency_text
from router.messages import UrgencyNote
from router.patience.file import read_card
from tests.trials.markets import written

PARENT = {"side": "both", "qty_adv": [0.0005], "horizon_s": [60], "start": "15:52:00"}


@pytest.fixture
def asked(tmp_path: Path) -> list[str]:
    market = written(tmp_path, parents=PARENT)
    out = str(tmp_path / "small.json")
    return ["train", "patience", "--market", str(market), "--out", out, "--quiet"]


def test_every_kind_is_of_the_same_paths(
    tmp_path: Path, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*asked, "--seeds", "1:2", "--paths", "4", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    cards = {kind: read_card(tmp_path / f"small-{kind}.json") for kind in told["tables"]}
    assert set(cards) == {"inventory", "market", "fitted"}
    for kind, (card, digest) in cards.items():
        assert told["tables"][kind]["sha256"] == digest
        assert (card.kind, card.market, card.seeds, card.paths) == (kind, "small", "1:2", 8)
        assert sum(card.visits) == card.steps == told["steps"] >= 8
    assert cards["inventory"][0].shape == (10, 10, 1, 1, 1, 1)
    assert cards["market"][0].visits == cards["fitted"][0].visits
    assert told["market_adds"]["low"] <= told["market_adds"]["high"]


def test_one_kind_is_one_file_and_says_what_it_says(
    tmp_path: Path, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*asked, "--seeds", "3:1", "--paths", "3", "--kind", "inventory"]) == 0
    told = capsys.readouterr().out
    assert "inventory: 10 x 10 cells, 3 paths of " in told
    assert "answers: 0 of 100 cells, where 0% of the steps were" in told
    assert "100-90 %" in told
    assert "10-0 %" in told
    assert read_card(tmp_path / "small.json")[0].paths == 3


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--kind", "best"], "--kind best: unknown; allowed: inventory, market, fitted"),
        (["--kind", ","], "--kind none: unknown; allowed: inventory, market, fitted"),
        (["--seeds", "x"], "--seeds x: FROM:N"),
        (["--out", "nowhere/t.json"], "no folder nowhere"),
        (["--market", "moon"], "moon: no such file; shipped markets: "),
    ],
)
def test_what_cannot_be_done_is_told_at_once(
    asked: list[str], more: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*asked, *more]) != 0
    assert said in capsys.readouterr().err


def test_why_says_where_the_worth_of_a_share_came_from() -> None:
    note = UrgencyNote("small@0123456789ab", "table", (3, 4, 1, 0, 0, 1), 7.254, 0.5, 5.0)
    assert urgency_text(note, 5.0) == (
        "a share done is worth 5.00 bp: 7.25 by table small@0123456789ab, cell 3 4 1 0 0 1; "
        "policy: 0.5 to 5 bp"
    )
    lag = UrgencyNote("small@0123456789ab", "schedule", (3, 4), 1.0, 0.5, 5.0)
    assert "1.00 by the lag behind the schedule, for table small" in urgency_text(lag, 1.0)
    must = UrgencyNote("small@0123456789ab", "must trade", (), None, 0.5, 5.0)
    assert urgency_text(must, 9.8).endswith(
        "must trade, the table small@0123456789ab was not asked"
    )
