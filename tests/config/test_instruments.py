"""The reader of instruments.yaml, and its errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.instruments import load_instruments
from config.layers import SettingsError
from config.settings import DEFAULT_CONFIG

HOUR = 3_600 * 10**9
ROW = "{symbol: ACME, tick: 0.01, lot: 100, adv: 2000000, currency: USD"


def load(tmp_path: Path, *rows: str) -> object:
    path = tmp_path / "i.yaml"
    path.write_text("instruments:\n" + "".join(f"  - {row}\n" for row in rows))
    return load_instruments(path)


def test_the_packaged_table_holds_the_stock_of_the_baseline_market() -> None:
    [acme] = load_instruments(DEFAULT_CONFIG.with_name("instruments.yaml"))
    assert (acme.symbol, acme.tick_px, acme.lot, acme.adv, acme.currency) == (
        "ACME",
        1_000_000,
        100,
        2_000_000,
        "USD",
    )
    assert (acme.open_ns, acme.close_ns) == (0, 24 * HOUR)


def test_hours_are_nanoseconds_after_midnight(tmp_path: Path) -> None:
    path = tmp_path / "i.yaml"
    path.write_text(f'instruments:\n  - {ROW}, open: "14:30", close: "21:00"}}\n')
    [acme] = load_instruments(path)
    assert (acme.open_ns, acme.close_ns) == (14 * HOUR + HOUR // 2, 21 * HOUR)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (ROW + ", tik: 1}", "i.yaml:2: instruments[0]: unknown key 'tik', did you mean 'tick'?"),
        (ROW.replace("0.01", "0") + "}", "i.yaml:2: instruments[0].tick: input should be greater"),
        (ROW + ', open: "9:30"}', "i.yaml:2: instruments[0].open: string should match pattern"),
        (ROW + ', open: "21:00", close: "09:00"}', "open 21:00 is not before close 09:00"),
        (ROW.replace("lot: 100", "lot: 0.5") + "}", "lot: input should be a valid integer"),
    ],
)
def test_a_wrong_row_is_told_with_file_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, row)
    [line] = caught.value.problems
    assert told in line


def test_a_symbol_stands_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="two with symbol ACME"):
        load(tmp_path, ROW + "}", ROW + "}")


def test_size_bins_end_at_the_usual_256_lots_or_where_the_table_says(tmp_path: Path) -> None:
    path = tmp_path / "i.yaml"
    path.write_text(
        f"instruments:\n  - {ROW}}}\n  - {ROW.replace('ACME', 'BIG')}, child_lots: 2048}}\n"
    )
    assert [each.child_lots for each in load_instruments(path)] == [256, 2048]
    with pytest.raises(SettingsError, match=r"child_lots"):
        load(tmp_path, f"{ROW}, child_lots: 8}}")
