"""`sluice market`: what a file implies, the markets that ship, and the facts of recorded days."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config.settings import DEFAULT_CONFIG
from router.cli import run
from tests.venues.recorded_days import BookRow, TradeRow, book_table, chance, trade_table, write

ROOT = Path(__file__).parents[2]
BASELINE = DEFAULT_CONFIG.parent / "markets" / "baseline.yaml"


def said(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> str:
    """What a command prints on stdout."""
    assert run(["market", *argv]) == code
    return capsys.readouterr().out


def data(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> Any:
    """What it prints as JSON."""
    return json.loads(said(capsys, *argv, "--json", code=code))


# --- check and list ------------------------------------------------------------------------------


def test_check_prints_what_the_file_implies(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "check", str(BASELINE))
    for part in (
        "2 ticks = 0.02 = 4.00 bp",
        "488 shares a side",
        "lit flow is 0.3/s x 23,400 s x 195 = 1,368,900 shares, 104% of the lit 1,320,000",
        "0.75 sigma sqrt(Q / ADV)",
    ):
        assert part in text
    rows = [line.split() for line in text.splitlines()]
    assert ["25.00%", "500,000", "56.25", "37.50", "93,750"] in rows
    assert ["DARK_A", "15%", "27.0", "536", "94,109", "4.7%", "-5.0%"] in rows
    assert ["unreachable", "24.8%", "496,000"] in rows
    assert [
        "LIT_C",
        "lit",
        "12.0%",
        "-0.16",
        "+0.24",
        "0.3",
        "/",
        "2",
        "0.5",
        "/",
        "4",
        "7.9",
    ] in rows
    assert max(len(line) for line in text.splitlines()[1:]) <= 100


def test_check_tells_of_recordings_and_of_limits_that_venues_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "limited.yaml"
    limits = "controls: {static_collar: {bp: 500}, max_order_qty: 20000}"
    text = BASELINE.read_text().replace(
        "{id: LIT_A, type: lit,", f"{{id: LIT_A, type: lit, {limits},"
    )
    path.write_text(text)
    limited = said(capsys, "check", str(path))
    assert "  LIT_A       static_collar 500 bp, max_order_qty 20,000" in limited.splitlines()
    assert "Limits that venues set" not in said(capsys, "check", "baseline")
    recorded = said(capsys, "check", "recorded", code=10)
    assert "  LIT_A plays a recording, acme_sample_message.csv" in recorded


def test_check_tells_the_schedule_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "eventful.yaml"
    path.write_text(
        BASELINE.read_text()
        + """
schedule:
  - at: "10:30:00"
    duration_s: 600
    set: {stock.sigma_day_bp: 300.0, venues.DARK_A.dark.p_zero: 0.95}
  - order_frac: 0.5
    duration_s: 60
    event: reject_all
    venue: LIT_A
    detail: {reason: closed, ord_rej_code: 2}
  - {random_in: ["11:00:00", "12:00:00"], event: halt, duration_s: 120}
"""
    )
    _, _, schedule = said(capsys, "check", str(path)).partition("\nSchedule\n")
    assert [" ".join(line.split()) for line in schedule.splitlines()] == [
        "when for what",
        "10:30:00 600 s stock.sigma_day_bp becomes 300",
        "venues.DARK_A.dark.p_zero becomes 0.95",
        "50% of the parent filled 60 s LIT_A: reject_all, reason closed, ord_rej_code 2",
        "11:00:00 to 12:00:00, at random 120 s the market: halt, type regulatory, "
        "reopening_auction yes",
    ]


def test_check_tells_what_an_adversary_looks_for_and_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hunted.yaml"
    keys = """
adversary:
  enabled: true
  watches: [public_prints, pings]
  detects: {min_events: 8, size_cv_max: 0.1, spacing_cv_max: 0.2, window_s: 900, prob: 0.8}
  action: {trade_ahead_fraction_of_child: 0.5, lead_ms: 200, unwinds_after_s: 60}
"""
    path.write_text(BASELINE.read_text() + keys)
    text = said(capsys, "check", str(path))
    for part in (
        "watches     public prints, pings; 1 / 5 ms away",
        "8 orders of one side in 900 s, sizes varying by at most 0.1, waits by 0.2",
        "in 80% of cases: 50% of a child, 200 ms ahead of the next, given back after 60 s",
    ):
        assert part in text
    path.write_text(BASELINE.read_text() + keys.replace("enabled: true", "enabled: false"))
    assert "it is not enabled" in said(capsys, "check", str(path))


def test_check_takes_the_name_of_a_shipped_market(capsys: pytest.CaptureFixture[str]) -> None:
    found = data(capsys, "check", "baseline")
    assert found["id"] == "baseline"
    assert found["warnings"] == []
    assert found["impact"][3]["mean_bp"] == pytest.approx(37.5)


def test_check_ends_with_10_when_something_looks_odd(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(BASELINE.read_text().replace("p_zero: 0.85", "p_zero: 0.5"))
    assert "DARK_A offers 15.7% of ADV" in said(capsys, "check", str(path), code=10)
    (warning,) = data(capsys, "check", str(path), code=10)["warnings"]
    assert warning.startswith("DARK_A")


def test_check_ends_with_4_and_the_line_when_the_file_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(BASELINE.read_text().replace("clustering_cv", "clustering"))
    assert run(["market", "check", str(path)]) == 4
    line = BASELINE.read_text().splitlines().index("  clustering_cv: 2.5") + 1
    assert f"wrong.yaml:{line}" in capsys.readouterr().err


def test_a_market_that_is_nowhere_is_answered_with_those_that_ship(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["market", "check", "nowhere"]) == 2
    assert "baseline" in capsys.readouterr().err


def test_list_names_every_shipped_market(capsys: pytest.CaptureFixture[str]) -> None:
    shipped = {path.stem for path in BASELINE.parent.glob("*.yaml")}
    header, *rows = said(capsys, "list").splitlines()
    assert header.split()[0] == "market"
    assert {row.split()[0] for row in rows} == shipped
    markets = data(capsys, "list")["markets"]
    assert {each["id"] for each in markets} == shipped


# --- facts ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Five half hours of a market without intelligence: Poisson orders about a random walk."""
    folder = tmp_path_factory.mktemp("recorded")
    prefixes = []
    for seed in range(1, 6):
        draws, rows, trades = chance(seed), [], []
        mid = 5_000
        for at in np.sort(draws.uniform(34_200, 36_000, 3_000)).tolist():
            mid += int(draws.choice([-1, 0, 0, 0, 1]))
            rows.append((at, mid - 1, mid + 1, *map(float, draws.integers(1, 20, 2) * 100)))
            if draws.uniform() < 0.2:
                sign = int(draws.choice([-1, 1]))
                trades.append((at, float(mid + sign), 100.0, "LIT_A", sign))
        prefix = folder / f"poor-{seed}"
        write(prefix, "book", book_table(_quotes(rows)), ".parquet")
        write(prefix, "trades", trade_table(_prints(trades)), ".parquet")
        prefixes.append(str(prefix))
    return prefixes


def _quotes(rows: list[tuple[float, ...]]) -> list[BookRow]:
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


def _prints(rows: list[tuple[float, float, float, str, int]]) -> list[TradeRow]:
    return list(rows)


HALF_HOUR = ("--hours", "09:30-10:00")


def test_a_market_without_intelligence_is_not_accepted(
    recordings: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["facts", *recordings, "--market", "baseline", *HALF_HOUR]
    text = said(capsys, *argv, code=10)
    assert text.startswith("5 recordings against small_tick")
    assert text.rstrip().endswith("not accepted")
    found = data(capsys, *argv, code=10)
    assert found["accepted"] is False
    assert found["enough"] is True
    # Orders come as in a Poisson process, and signs have no memory.
    assert {"intertrade_cv", "sign_acf_1"} <= set(found["starred_missed"])
    rows = {row["fact"]: row for row in found["rows"]}
    assert rows["spread_ticks_tw_mean"]["value"] == pytest.approx(2.0)
    assert rows["spread_ticks_tw_mean"]["targeted"] is True
    assert rows["intertrade_cv"]["value"] == pytest.approx(1.0, abs=0.1)
    assert found["venues"]["poor-1"]["LIT_A"]["volume_share"] == 1.0
    assert re.search(r"^  LIT_A +100.0% +30.0% +[01]\.\d\d ", text, re.MULTILINE)
    recorded = found["recordings"]
    assert list(recorded) == [f"poor-{seed}" for seed in range(1, 6)]


def test_one_recording_is_told_and_not_judged(
    recordings: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["facts", recordings[0], "--regime", "medium_tick", *HALF_HOUR]
    text = said(capsys, *argv)
    assert text.startswith("1 recording against medium_tick")
    assert "no verdict" in text


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_picture_is_drawn_when_it_is_asked_for(
    suffix: str, recordings: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"beside.{suffix}"
    argv = ["facts", *recordings[:2], "--market", "baseline", *HALF_HOUR, "--plot", str(path)]
    said(capsys, *argv)
    begins = {"png": b"\x89PNG", "svg": b"<?xml"}[suffix]
    assert path.read_bytes().startswith(begins)
    if suffix == "svg":
        drawn = path.read_text()
        for title in ("Signature plot", "Memory of order signs", "Time to fill at the touch"):
            assert f"<!-- {title} -->" in drawn


DRAWING = {
    "router/cli/why_picture.py",
    "router/experiments/cost_picture.py",
    "router/experiments/drawing.py",
    "router/experiments/picture.py",
    "venues/facts/picture.py",
}


def test_only_the_code_that_draws_loads_matplotlib() -> None:
    """At a module's top it is imported by the files that draw, and those by one another only."""
    draws = ("matplotlib", *(path.removesuffix(".py").replace("/", ".") for path in DRAWING))
    importers = set()
    for folder in ("router", "venues", "config", "policies", "risk"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ImportFrom):
                    names = [node.module or ""]
                elif isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                else:
                    continue
                if any(f"{name}.".startswith(f"{each}.") for name in names for each in draws):
                    importers.add(path.relative_to(ROOT).as_posix())
    assert importers == DRAWING


@pytest.mark.parametrize(
    ("argv", "code", "text"),
    [
        (["--regime", "medium_tick"], 4, "name recordings"),
        (["x", "--seeds", "1:5", "--market", "baseline"], 4, "name recordings"),
        (["--market", "baseline", "--seeds", "5"], 4, "--seeds 5: not FROM:N"),
        (["--market", "baseline", "--seeds", "1:0"], 4, "--seeds 1:0: not FROM:N"),
        (["x", "--regime", "huge_tick"], 4, "--regime huge_tick: one of large_tick"),
        (["x", "--regime", "all", "--hours", "16:00-09:30"], 4, "not HH:MM-HH:MM"),
        (["x", "--regime", "all", "--plot", "x.txt"], 4, "must end in .png"),
        (["x", "--regime", "all"], 1, "x.book: no such table"),
    ],
)
def test_what_facts_cannot_be_told_of_is_said(
    argv: list[str], code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["market", "facts", *argv]) == code
    assert text in capsys.readouterr().err


@pytest.mark.soak
def test_days_of_a_market_are_recorded_before_they_are_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    argv = ["facts", "--market", "baseline", "--seeds", "3:2"]
    found = data(capsys, *argv)
    recorded = found["recordings"]
    assert list(recorded) == ["baseline-3", "baseline-4"]
    assert recorded["baseline-3"] != recorded["baseline-4"]
    assert data(capsys, *argv) == found, "the same seeds make the same days"
