"""`sluice why`: a child's decision and a parent's life, read from a journal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from router.analysis.explain import parent_story
from router.analysis.naming import find
from router.analysis.paid import Fill, cost, fee
from router.cli import run
from router.journal.storage import FileStorage
from router.messages import (
    CandidateRecord,
    CapNote,
    Decide,
    ExecutionReceived,
    NoteBreach,
    OpenParent,
    OrderTerms,
    Report,
    SendChild,
    Step,
)
from router.model import ExecType, OrdStatus, OrdType, Side, Tactic, TimeInForce
from tests.cli.market_day import Recorded, read_journal, write_journal

PX = 100_000_000
T = 1_767_623_400_000_000_000


def json_of(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert told.pop("version") == 1
    return told


# --- a folder made by hand -----------------------------------------------------------------------

TERMS = OrderTerms("ACME", Side.BUY, 300, OrdType.MARKET)


def candidate(arm: str, px: int | None, **more: Any) -> CandidateRecord:
    record: dict[str, Any] = {
        "displayed": 200,
        "cap": 0,
        "caps": (),
        "min_qty": 0,
        "floor": 0,
        "features": (),
        "cost_bp": 0.0,
        "value_bp": 0.0,
        "tail": (1.0, 0.5),
        "tail_mean": (0.9, 0.4),
        "qty": 0,
        "marginal_bp": 0.0,
    }
    return CandidateRecord(arm=arm, price=px, **{**record, **more})


def report(kind: ExecType, status: OrdStatus, exec_id: str = "R", **more: Any) -> Report:
    return Report(
        session="OMS",
        parent_id="PA1-0",
        cl_ord_id="C1",
        exec_id=exec_id,
        exec_type=kind,
        ord_status=status,
        terms=TERMS,
        cum_qty=0,
        leaves_qty=300,
        notional=0,
        **more,
    )


def execution(kind: ExecType, exec_id: str, **more: Any) -> ExecutionReceived:
    status = OrdStatus.PARTIALLY_FILLED
    return ExecutionReceived("LIT_A", "A1-1", exec_id, kind, status, **more)


def by_hand(folder: Path, *, liquidity: str = "2") -> Path:
    """A buy of 300: 200 to LIT_A at 10.02 with mid 10.00; one fill is corrected, one is busted."""
    mid = 20 * PX
    lit = candidate(
        "LIT_A/lit_take", 10_02 * PX // 100, value_bp=4.0, qty=200, cap=300, cost_bp=23.0,
        marginal_bp=1.0,
    )  # fmt: skip
    dark = candidate(
        "DARK_A/dark_mid", None, value_bp=5.0, qty=100, cap=100,
        caps=(CapNote("firm/most", 200), CapNote("desk/half", 100)), min_qty=100,
        marginal_bp=2.5, cost_bp=1.0,
    )  # fmt: skip
    make = candidate("LIT_A/lit_make", 9_98 * PX // 100, value_bp=0.1, cap=300, cost_bp=-22.0)
    found = (lit, dark, make)
    decide = Decide("PA1-0", 300, 0.5, 100, mid, 0, T, (), 1, "hazard", 7, "f" * 64, found)
    opened = OpenParent(
        "PA1-0", "OMS", "C1", TERMS, "default:1", "f" * 64, "sweep", {}, T, 0, 0, mid
    )
    child = SendChild(
        "A1-1", "PA1-0", 2, "LIT_A", Tactic.LIT_TAKE, "ACME", Side.BUY, 200, OrdType.LIMIT,
        TimeInForce.IOC, lit.price,
    )  # fmt: skip
    breach = NoteBreach("price_collar", "PRICE", "PRICE: too far", "PA1-0", "A1-2", "DARK_A", "")
    px = 10_01 * PX // 100
    fill = {"child_cl_ord_id": "A1-1", "last_mkt": "LIT_A", "last_px": px}
    trade, right, bust = ExecType.TRADE, ExecType.TRADE_CORRECT, ExecType.TRADE_CANCEL
    partly = OrdStatus.PARTIALLY_FILLED
    return write_journal(
        folder,
        [
            Step(2, T, commands=(
                opened, report(ExecType.NEW, OrdStatus.NEW), decide, child, breach)),
            Step(3, T + 1, execution(trade, "1"),
                 (report(trade, partly, exec_id="E1", last_qty=100, **fill),)),
            Step(4, T + 2, execution(trade, "2"),
                 (report(trade, partly, exec_id="E2", last_qty=100, **fill),)),
            Step(5, T + 3, execution(bust, "3", exec_ref_id="2"),
                 (report(bust, partly, exec_id="E3", exec_ref_id="E2", last_qty=0, **fill),)),
            Step(6, T + 4, execution(right, "4", exec_ref_id="1"),
                 (report(right, partly, exec_id="E4", exec_ref_id="E1", last_qty=50, **fill,
                         liquidity=liquidity),)),
        ],
    )  # fmt: skip


def test_what_was_busted_is_gone_and_what_was_corrected_is_as_corrected(tmp_path: Path) -> None:
    story = parent_story(FileStorage(by_hand(tmp_path), read_only=True), "PA1-0")
    [fill] = story.fills()
    assert (fill.exec_id, fill.qty, fill.px) == ("E4", 50, 10_01 * PX // 100)
    # 23 bp of 10.00 is 0.023: 0.02 of it is the price, 0.003 the fee
    assert fill.fee == 300_000


def test_a_fill_that_added_liquidity_pays_the_fee_of_making(tmp_path: Path) -> None:
    storage = FileStorage(by_hand(tmp_path, liquidity="1"), read_only=True)
    [fill] = parent_story(storage, "PA1-0").fills()
    # -22 bp of 10.00 is -0.022: -0.02 of it is the price, -0.002 the fee
    assert fill.fee == -200_000


def test_the_fee_is_read_back_from_the_cost() -> None:
    # cost_bp = 10^4 (sign (2 px - mid) + 2 fee) / mid, with mid 20.00 in half units
    lit = candidate("V/lit_take", 10_02 * PX // 100, cost_bp=23.0)
    assert fee(lit, Side.BUY, 20 * PX) == 300_000
    assert fee(lit, Side.SELL, 20 * PX) == 4_300_000
    dark = candidate("V/dark_mid", 12 * PX, cost_bp=-1.0)
    assert fee(dark, Side.BUY, 20 * PX) == -100_000
    assert fee(dark, Side.BUY, 0) is None


def test_cost_is_the_shortfall_with_fees_in_bp_of_the_arrival_value() -> None:
    fills = [
        Fill("1", T, "A", "c", 100, 10_01 * PX // 100, 300_000),
        Fill("2", T, "B", "c", 300, 10_03 * PX // 100, -100_000),
    ]
    # by hand: paid 1001 + 3009 = 4010 for 4000 worth at 10.00; fees 0.30 - 0.30
    found = cost(fills, Side.BUY, 20 * PX)
    assert (found.qty, found.notional, found.fees) == (400, 4010 * PX, 0)
    assert found.price_bp == pytest.approx(25.0)
    assert found.total_bp == pytest.approx(25.0)
    assert cost(fills, Side.SELL, 20 * PX).price_bp == pytest.approx(-25.0)
    assert cost(fills, Side.BUY, 0).total_bp is None
    assert cost([], Side.BUY, 20 * PX).price_bp is None


def test_a_child_tells_what_was_known_and_what_bit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["why", "A1-1", "--state", str(by_hand(tmp_path))]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[0] == "A1-1: buy 200 ACME at LIT_A by lit_take, limit 10.02, IOC; filled 50"
    assert "* LIT_A/lit_take 10.02 200 300 23.000 4.000 200 200 1.000" in lines
    assert "DARK_A/dark_mid mid 200 100 1.000 5.000 100 0 2.500" in lines
    assert "LIT_A/lit_take 1.000/0.900 0.500/0.400" in lines
    assert "DARK_A/dark_mid all 200 firm/most" in lines
    assert "DARK_A/dark_mid 200 100 desk/half" in lines
    assert "DARK_A/dark_mid no child below 100 shares" in lines
    assert "DARK_A: from 100 shares to 0 by price_collar: PRICE: too far" in lines
    # LIT_A's second lot is worth 4.0 * 0.5; DARK_A's second 5.0 * 0.5, but its cap was one lot
    assert "DARK_A/dark_mid 100 a cap of 200" in lines
    why = " ".join(lines)
    assert "Or DARK_A/dark_mid with a cap of 200 shares (it had 100, by desk/half)" in why
    assert "The last lot given here was worth 2.000 bp." in why
    # 50 at 10.01 against 10.00, and 0.003 a share
    assert lines[-1] == (
        "50 shares at 10.0100: 10.000 bp against the parent's arrival mid, and 3.000 bp of fees."
    )


# --- a day of the simulated market ---------------------------------------------------------------


def test_a_parent_is_found_by_all_its_names(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["--state", str(recorded.folder), "--json"]
    assert run(["why", recorded.canceled, *argv]) == 0
    told = json_of(capsys)
    assert (told["kind"], told["last_report"]["ord_status"]) == ("parent", "4")
    for name in (told["order"]["parent_id"], recorded.cancel):
        assert run(["why", name, *argv]) == 0
        assert json_of(capsys) == told


def test_a_parents_fills_add_up_to_what_the_oms_was_told(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (recorded.swept, recorded.scheduled, recorded.after_restart):
        assert run(["why", name, "--state", str(recorded.folder), "--json"]) == 0
        told = json_of(capsys)
        last = told["last_report"]
        assert last["cum_qty"] == sum(fill["qty"] for fill in told["fills"]) > 0
        assert last["notional"] == sum(fill["qty"] * fill["px"] for fill in told["fills"])
        assert told["cost"]["qty"] == sum(part["qty"] for part in told["by_venue"].values())
        assert last["cum_qty"] == sum(child["cum_qty"] for child in told["children"])


def test_every_child_of_the_day_can_be_explained(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    children = [
        command
        for step in read_journal(recorded.folder)
        for command in step.commands
        if isinstance(command, SendChild)
    ]
    assert len(children) > 10
    for child in children:
        argv = ["why", child.cl_ord_id, "--quick", "--state", str(recorded.folder)]
        assert run([*argv, "--json"]) == 0
        told = json_of(capsys)
        assert told["child"]["cl_ord_id"] == child.cl_ord_id
        assert (told["seq"], told["lesson"]["cl_ord_id"]) == (child.decision, child.cl_ord_id)
        assert {each["arm"] for each in told["needs"]} == {
            each["arm"] for each in told["decision"]["candidates"]
        }
        assert run(argv) == 0
        out = capsys.readouterr().out
        assert max(len(line) for line in out.splitlines()) <= 100
        assert "Why here" in out


def test_the_fees_of_the_record_are_those_of_the_configuration(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    of_config = {"LIT_A": 300_000, "LIT_B": 300_000, "LIT_C": -80_000, "SDP_1": 0, "SDP_2": 0}
    assert run(["why", recorded.scheduled, "--state", str(recorded.folder), "--json"]) == 0
    fills = json_of(capsys)["fills"]
    assert {fill["mic"]: fill["fee"] for fill in fills}.items() <= of_config.items()


def test_an_order_that_was_refused_is_explained_too(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["why", recorded.refused, "--state", str(recorded.folder)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{recorded.refused}: buy 6,000,000 ACME, market, DAY; refused\n")
    assert "refused by limit order_quantity: QTY_MAX_EXCEEDED" in out
    assert max(len(line) for line in out.splitlines()) <= 100


def test_a_life_is_told_in_order_and_in_100_columns(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["why", recorded.scheduled, "--state", str(recorded.folder)]) == 0
    out = capsys.readouterr().out
    assert max(len(line) for line in out.splitlines()) <= 100
    life = out.partition("Life, on 2026-01-05 UTC\n")[2].splitlines()[1:]
    assert "order O-2 from OMS" in life[0]
    assert "; 3,000 done, 0 left" in life[-1]
    times = [line[2:14] for line in life if line[2:14].strip()]
    assert times == sorted(times)


def test_what_is_not_there_is_not_found_and_the_nearest_is_named(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["why", f"{recorded.swept}9", "--state", str(recorded.folder)]
    assert run(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"no order or child '{recorded.swept}9' in {recorded.folder}; nearest: ")
    assert recorded.swept in err


def test_a_folder_without_state_is_told_as_such(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["why", "X", "--state", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith(f"{tmp_path} holds no state")


def test_two_oms_with_the_same_id_get_the_newest_and_a_note(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def opened(name: str, session: str) -> OpenParent:
        return OpenParent(name, session, "C1", TERMS, "p", "f", "sweep", {}, T, 0, 0, 0)

    def told(name: str, session: str) -> Report:
        return Report(session, name, "C1", "R", ExecType.NEW, OrdStatus.NEW, TERMS, 0, 300, 0)

    folder = write_journal(
        tmp_path / "state",
        [
            Step(1, T, commands=(opened("PA1-0", "A"), told("PA1-0", "A"))),
            Step(2, T, commands=(opened("PA1-1", "B"), told("PA1-1", "B"))),
        ],
    )
    assert [each.name for each in find(FileStorage(folder, read_only=True), "C1")] == [
        "PA1-0",
        "PA1-1",
    ]
    assert run(["why", "C1", "--state", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("PA1-1: ")
    assert err == "note: C1 names 2 orders; this is the newest, not PA1-0\n"
