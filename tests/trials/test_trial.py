"""A trial against the market's own account of it, and how seeds become rows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from config.documents import DocumentError
from config.settings import DEFAULT_CONFIG, load_settings
from router.model import NS, Side
from router.trials import results
from router.trials.composition import bench
from router.trials.plans import plans_of
from router.trials.pool import RayMissingError, Task, run_all
from router.trials.trial import Row, Trial, TrialError
from tests.trials.markets import written
from venues.market_file import MarketSpec, read_market
from venues.parents import ParentPlan

AT = (15 * 3600 + 54 * 60) * NS
PLAN = ParentPlan(Side.BUY, 1000, AT, 120.0, None)


def spec_of(folder: Path, changes: dict[str, object] | None = None) -> MarketSpec:
    return read_market(written(folder, changes))


def one(spec: MarketSpec, plan: ParentPlan = PLAN, algo: str = "twap") -> Row:
    [row] = Trial(bench(load_settings(), spec), algo).rows(3, [plan])
    return row


def task(path: Path, **more: object) -> Task:
    given: dict[str, object] = {
        "market": path, "config": DEFAULT_CONFIG, "overrides": (), "policies": (),
        "algo": "twap", "parents": None, "alone": False, "record": None,
    }  # fmt: skip
    return Task(**{**given, **more})  # type: ignore[arg-type]


def test_a_row_adds_up(tmp_path: Path) -> None:
    row = one(spec_of(tmp_path))
    assert row.cum_qty == row.order_qty == 1000
    assert sum(row.shares_by_venue.values()) == row.cum_qty
    assert row.unfilled_bp == 0.0
    paid = 1e4 * (row.avg_px - row.arrival_px) / row.arrival_px
    assert row.shortfall_bp == pytest.approx(paid + row.fees_bp, abs=1e-3)
    assert (row.side, row.start, row.horizon_s, row.market) == ("buy", "15:54:00", 120.0, "small")
    assert row.market_hash == spec_of(tmp_path).hash


def test_the_market_s_own_fees_are_charged_not_the_configuration_s(tmp_path: Path) -> None:
    """Every fee one cent a share: 2 bp at 50.00, whatever sluice.yaml says."""
    dear = {"take": 0.01, "make": 0.01}
    names = ("LIT_A", "LIT_B", "LIT_C", "DARK_A", "DARK_B", "SDP_1", "SDP_2")
    row = one(spec_of(tmp_path, {f"venues.{name}.fees": dear for name in names}))
    assert row.fees_bp == pytest.approx(1e4 * 0.01 / row.arrival_px, rel=1e-6)


def test_what_a_limit_keeps_from_trading_is_charged_at_a_forced_cross(tmp_path: Path) -> None:
    """In this seed the price falls by 16 bp: who sells 6 bp above the arrival mid does not."""
    row = one(spec_of(tmp_path), replace(PLAN, side=Side.SELL, limit_bp=-6.0))
    assert row.cum_qty < row.order_qty
    assert row.unfilled_bp > 0.0
    traded = 1e4 * row.cum_qty * (row.arrival_px - row.avg_px) / (1000 * row.arrival_px)
    assert row.shortfall_bp == pytest.approx(traded + row.fees_bp + row.unfilled_bp, abs=1e-3)
    assert row.ord_status == "C"


def test_two_parents_in_one_market_are_two_rows(tmp_path: Path) -> None:
    spec = spec_of(tmp_path)
    plans = [PLAN, replace(PLAN, side=Side.SELL, qty=500, start_ns=AT + 60 * NS)]
    rows = Trial(bench(load_settings(), spec), "twap").rows(3, plans)
    found = [(row.parent, row.side, row.cum_qty) for row in rows]
    assert found == [(1, "buy", 1000), (2, "sell", 500)]


def test_a_parent_that_a_limit_refuses_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(TrialError, match=r"seed 3: parent 1 is refused: \w+: "):
        one(spec_of(tmp_path), replace(PLAN, qty=6_000_000))


def test_a_schedule_that_waits_for_a_share_of_the_parent_sees_it(tmp_path: Path) -> None:
    """Half the parent filled, and every venue rejects from then on: the rest is unfilled."""
    names = ("LIT_A", "LIT_B", "LIT_C", "DARK_A", "DARK_B", "SDP_1", "SDP_2")
    schedule = [
        {"order_frac": 0.5, "event": "reject_all", "venue": name, "duration_s": 500}
        for name in names
    ]
    spec = read_market(written(tmp_path, schedule=schedule))
    row = one(spec)
    assert 500 <= row.cum_qty < 1000


def test_seeds_in_several_processes_give_the_same_rows_in_the_same_order(tmp_path: Path) -> None:
    path = written(tmp_path)
    alone = list(run_all(task(path), range(5, 8)))
    together = list(run_all(task(path), range(5, 8), jobs=2))
    assert alone == together
    assert [seed for seed, _ in alone] == [5, 6, 7]
    assert len({row.shortfall_bp for _, [row] in alone}) == 3


def test_each_seed_works_the_market_s_parents_or_those_of_a_file(tmp_path: Path) -> None:
    path = written(tmp_path)
    [(_, [row])] = run_all(task(path), [1])
    assert row.order_qty == 1000  # 0.05 % of 2,000,000
    file = tmp_path / "parents.yaml"
    file.write_text(
        "parents:\n"
        "  - {side: sell, qty: 700, start: '15:53:00', horizon_s: 60}\n"
        "  - {side: buy, qty_adv: 0.0001, start: '15:55:00', horizon_s: 60, limit_bp: 20}\n"
    )
    [(_, rows)] = run_all(task(path, parents=file), [1])
    assert [(row.side, row.order_qty) for row in rows] == [("sell", 700), ("buy", 200)]


@pytest.mark.parametrize(
    ("entry", "wrong"),
    [
        ("{side: up, qty: 1, start: '15:53:00', horizon_s: 60}", "side"),
        ("{side: buy, start: '15:53:00', horizon_s: 60}", "one of qty and qty_adv"),
        ("{side: buy, qty: 1, qty_adv: 0.1, start: '15:53:00', horizon_s: 60}", "one of qty"),
        ("{side: buy, qty: 1, start: '15:59:30', horizon_s: 60}", "does not fit"),
        ("{side: buy, qty: 1, start: '15:53:00', horizon_s: 60, urgent: 1}", "urgent"),
    ],
)
def test_a_file_of_parents_that_cannot_be_is_refused_with_its_line(
    tmp_path: Path, entry: str, wrong: str
) -> None:
    file = tmp_path / "parents.yaml"
    file.write_text(f"parents:\n  - {entry}\n")
    with pytest.raises(DocumentError, match=wrong) as error:
        plans_of(spec_of(tmp_path), file)
    assert all("parents.yaml:2" in problem for problem in error.value.problems)


def test_a_market_without_parents_needs_a_file(tmp_path: Path) -> None:
    spec = replace(spec_of(tmp_path), parents=None)
    with pytest.raises(DocumentError, match="names no parents"):
        plans_of(spec, None)


def test_results_are_kept_with_what_made_them(tmp_path: Path) -> None:
    rows = [row for _, found in run_all(task(written(tmp_path)), range(1, 3)) for row in found]
    stamp = {"market": "small", "market_hash": rows[0].market_hash, "seeds": "1:2"}
    parquet, document = results.write(tmp_path / "out", rows, stamp)
    told = json.loads(document.read_text())
    assert told["market_hash"] == rows[0].market_hash
    assert told["code_version"] == results.code_version()
    assert [each["seed"] for each in told["rows"]] == [1, 2]
    table = pq.read_table(parquet)
    assert json.loads(table.schema.metadata[b"sluice"])["seeds"] == "1:2"
    shares = [name for name in table.column_names if name.startswith("shares_")]
    for at, row in enumerate(rows):
        assert sum(table.column(name)[at].as_py() for name in shares) == row.cum_qty
        assert table.column("shortfall_bp")[at].as_py() == row.shortfall_bp


def test_a_market_alone_is_recorded_without_a_router(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert list(run_all(task(path, alone=True, record=tmp_path / "a"), [4])) == [(4, [])]
    assert sorted(each.name for each in (tmp_path / "a").iterdir()) == [
        "small-4.book.parquet", "small-4.trades.parquet",
    ]  # fmt: skip


def test_a_trial_can_be_recorded_with_the_router_s_own_prints(tmp_path: Path) -> None:
    path = written(tmp_path)
    [(_, [row])] = run_all(task(path, record=tmp_path / "b"), [4])
    prints = pq.read_table(tmp_path / "b" / "small-4.trades.parquet").to_pylist()
    mine = [each for each in prints if AT <= each["t_ns"] < AT + 125 * NS]
    lit = sum(qty for mic, qty in row.shares_by_venue.items() if mic.startswith("LIT"))
    assert sum(each["qty"] for each in mine if each["venue"].startswith("LIT")) >= lit > 0


def test_ray_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(RayMissingError, match="pip install ray"):
        list(run_all(task(written(tmp_path)), [1], ray=True))
