"""The two schedules, by hand."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from router.algos.sweep import Sweep
from router.algos.twap import Twap
from router.model import NS, OrdType, Side, TimeInForce
from router.ports import Due, MarketView, ParentView

EMPTY = MarketView(0, 0, 0, 0, 0, 0)
START = 1_000 * NS

PARENT = ParentView(
    parent_id="P1", session="OMS", account="", symbol="XYZ", side=Side.SELL,
    ord_type=OrdType.MARKET, time_in_force=TimeInForce.DAY, order_qty=1_000, cum_qty=0,
    working_qty=0, price=None, min_qty=0, start_time=START, end_time=START + 600 * NS,
    arrival_mid=0, filled_by={}, filled_by_type={},
)  # fmt: skip


def at(seconds: float) -> int:
    return START + int(seconds * NS)


def done(cum_qty: int, working_qty: int = 0) -> ParentView:
    return replace(PARENT, cum_qty=cum_qty, working_qty=working_qty)


def test_a_sweep_takes_everything_at_once_and_then_works_the_rest() -> None:
    sweep = Sweep(pause_s=10, urgency=0.4)
    assert sweep.due(PARENT, EMPTY, at(-5)) == Due(0, 0.0, START)
    assert sweep.due(PARENT, EMPTY, at(0)) == Due(1_000, 1.0, at(10))
    assert sweep.due(done(300, 200), EMPTY, at(10)) == Due(500, 0.4, at(20))
    assert sweep.due(done(300), EMPTY, at(590)) == Due(700, 1.0, at(600))
    assert sweep.due(done(300), EMPTY, at(600)).qty == 0


def test_a_sweep_without_an_end_goes_on() -> None:
    endless = replace(done(300), end_time=0)
    assert Sweep(pause_s=10).due(endless, EMPTY, at(10_000)) == Due(700, 0.5, at(10_010))


def test_a_slice_is_due_at_its_start_and_waits_for_the_next_when_done() -> None:
    twap = Twap(interval_s=60)  # ten slices of 100 shares
    assert twap.due(PARENT, EMPTY, at(-1)) == Due(0, 0.0, START)
    first = twap.due(PARENT, EMPTY, at(0))
    assert (first.qty, first.urgency, first.next_at) == (100, 0.3, at(15))
    assert twap.due(done(40, 60), EMPTY, at(5)).qty == 0
    waits = twap.due(done(100), EMPTY, at(30))
    assert (waits.qty, waits.next_at) == (0, at(60))
    assert twap.due(done(100), EMPTY, at(60)).qty == 100


def test_a_miss_is_caught_up() -> None:
    twap = Twap(interval_s=60)
    assert twap.due(done(30), EMPTY, at(120)).qty == 270
    assert twap.due(done(30, 100), EMPTY, at(120)).qty == 170


def test_what_was_done_early_is_not_done_again() -> None:
    assert Twap(slices=10).due(done(450), EMPTY, at(120)).qty == 0


@pytest.mark.parametrize(
    ("cum_qty", "seconds", "urgency"),
    [
        (200, 120, 0.3 + 0.7 * 0.2**2),  # on schedule: only the end draws nearer
        (180, 120, 0.3 + 0.7 * 0.2**2),  # within the tolerance of 2 %
        (130, 120, 0.3 + 0.7 * 0.5),  # 7 % late, 2 % tolerated: half a slice
        (50, 120, 1.0),
        (540, 540, 1.0),  # the last slice
    ],
)
def test_urgency_grows_with_the_lag_and_towards_the_end(
    cum_qty: int, seconds: float, urgency: float
) -> None:
    due = Twap(interval_s=60).due(done(cum_qty), EMPTY, at(seconds))
    assert due.urgency == pytest.approx(urgency)


def test_without_catch_up_a_lag_stays_patient() -> None:
    due = Twap(interval_s=60, catch_up=False).due(done(50), EMPTY, at(120))
    assert due.urgency == pytest.approx(0.3 + 0.7 * 0.2**2)
    assert due.qty == 250


def test_the_last_slice_completes() -> None:
    due = Twap(interval_s=60).due(done(333), EMPTY, at(545))
    assert (due.qty, due.urgency) == (667, 1.0)
    assert due.next_at == at(560)


def test_uneven_quantities_add_up_over_odd_slices() -> None:
    twap, cum_qty, given = Twap(slices=7), 0, []
    for k in range(7):
        due = twap.due(done(cum_qty), EMPTY, at(600 * (k + 0.001) / 7))
        given.append(due.qty)
        cum_qty += due.qty
    assert cum_qty == 1_000
    assert set(given) == {142, 143}


def test_a_parent_without_time_is_due_at_once() -> None:
    instant = replace(PARENT, end_time=START)
    assert Twap().due(instant, EMPTY, START) == Due(1_000, 1.0, at(60))


def test_parameters_have_bounds_and_read_text() -> None:
    read = Twap.model_validate_strings(
        {"slices": "12", "urgency": "0.5", "catch_up": "N", "tolerance_pct": "1.5"}
    )
    assert read == Twap(slices=12, urgency=0.5, catch_up=False, tolerance_pct=1.5)
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        Sweep.model_validate_strings({"pause_s": "0"})
