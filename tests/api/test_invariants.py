"""Each promise that a journal can show broken is seen broken, and a sound one is left alone."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from router.api.invariants import CHECKED, METRIC, judge
from router.api.tally import Tally
from router.messages import (
    Command,
    FreezeParent,
    OpenParent,
    OrderTerms,
    Report,
    Sent,
    SessionCommanded,
    Step,
)
from router.model import ExecType, OrdStatus, OrdType, Side

TERMS = OrderTerms("ACME", Side.BUY, 300, OrdType.MARKET)
OPENED = OpenParent("P", "OMS", "C", TERMS, "p", "h", "sweep", {}, 0, 0, 0, 0)
FILL = Report(
    *("OMS", "P", "C", "E1", ExecType.TRADE, OrdStatus.PARTIALLY_FILLED, TERMS),
    *(100, 200, 0),
    last_qty=100,
)


def fill(exec_id: str, cum_qty: int, **changes: Any) -> Report:
    leaves_qty = max(0, 300 - cum_qty)
    return msgspec.structs.replace(
        FILL, exec_id=exec_id, cum_qty=cum_qty, leaves_qty=leaves_qty, **changes
    )


def broken(*steps: tuple[Command, ...]) -> dict[str, int]:
    tally = Tally()
    for seq, commands in enumerate(steps, 1):
        judge(tally, Step(seq, 0, commands=commands))
    return tally.counters.get(METRIC, {})


def test_an_order_that_is_told_right_breaks_nothing() -> None:
    told = (fill("E1", 100), fill("E2", 300, last_qty=200))
    bust = fill("E3", 200, exec_type=ExecType.TRADE_CANCEL, last_qty=0)
    again = fill("E4", 300)
    status = fill("S1", 300, exec_type=ExecType.ORDER_STATUS, last_qty=0)
    assert broken((OPENED,), told, (bust,), (again, status)) == {}


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("I1", ((OPENED,), (fill("E1", 400, last_qty=400),))),
        ("I2", ((OPENED,), (fill("E1", 100),), (fill("E1", 200),))),
        ("I5", ((OPENED,), (fill("E1", 100),), (fill("E2", 300),))),
        ("I5", ((OPENED,), (fill("E1", 0, exec_type=ExecType.CANCELED), fill("E2", 200)))),
        ("I5", ((OPENED,), (fill("E1", 50, exec_type=ExecType.CANCELED, last_qty=0),))),
    ],
)
def test_a_promise_that_is_broken_is_counted(
    name: str, steps: tuple[tuple[Command, ...], ...]
) -> None:
    assert name in CHECKED
    assert broken(*steps) == {name: 1}


def test_a_venues_overfill_that_froze_its_parent_is_no_breach() -> None:
    over = (fill("E1", 400, last_qty=400), FreezeParent("P", "OVERFILL by LIT_A on A1-1"))
    assert broken((OPENED,), over) == {}


def sent(*numbers: int) -> Step:
    return Step(1, 0, sent=tuple(Sent("LIT_A", each, b"") for each in numbers))


@pytest.mark.parametrize(
    ("steps", "count"),
    [
        ([sent(1, 2), sent(3)], 0),
        ([sent(1, 2, 3), sent(1, 2)], 0),  # both sides have begun again
        ([sent(1, 2), sent(7)], 0),  # numbers may be left out
        ([sent(1, 2), sent(2)], 1),
        ([sent(1, 2, 3), sent(2), sent(3)], 1),
    ],
)
def test_a_number_is_never_used_again(steps: list[Step], count: int) -> None:
    tally = Tally()
    for step in steps:
        judge(tally, step)
    assert tally.count(METRIC, "I6") == count


def test_a_person_may_set_a_number() -> None:
    tally = Tally()
    by_hand = SessionCommanded("LIT_A", "set_numbers", "ada", "agreed", next_in=1, next_out=5)
    for step in (sent(1, 8), Step(2, 0, by_hand), sent(5)):
        judge(tally, step)
    assert tally.count(METRIC, "I6") == 0
