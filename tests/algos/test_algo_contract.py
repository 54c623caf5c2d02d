"""What every algo must keep to: a new file is tested as it appears."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

import router.algos
from router.model import NS, PX_SCALE, OrdType, Side, TimeInForce
from router.plugin import discover
from router.ports import Algo, MarketView, ParentView

ALGOS = discover(router.algos, Algo)  # type: ignore[type-abstract]
START = 34_200 * NS
ASKS_MAX = 20_000

PARENT = ParentView(
    parent_id="P1", session="OMS", account="", symbol="XYZ", side=Side.BUY,
    ord_type=OrdType.MARKET, time_in_force=TimeInForce.DAY, order_qty=50_000, cum_qty=0,
    working_qty=0, price=None, min_qty=0, start_time=START, end_time=START + 1_800 * NS,
    arrival_mid=100 * PX_SCALE, filled_by={}, filled_by_type={},
)  # fmt: skip

every_algo = pytest.mark.parametrize("kind", list(ALGOS.values()), ids=list(ALGOS))


def market(now: int) -> MarketView:
    """A quiet market that trades 10 shares a second."""
    volume = max(0, now - START) // NS * 10
    return MarketView(49 * PX_SCALE, 51 * PX_SCALE, 500, 500, NS // 2, volume)


@every_algo
def test_the_defaults_make_an_algo(kind: type[Algo]) -> None:
    assert kind() == kind()
    assert kind.from_document({}) == kind()


@every_algo
def test_parameters_arrive_as_text(kind: type[Algo]) -> None:
    defaults = kind().model_dump()
    text = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in defaults.items()
        if isinstance(value, int | float | str) and value != ""
    }
    assert kind.model_validate_strings(text) == kind()
    with pytest.raises(ValueError, match="no_such_parameter"):
        kind.model_validate_strings({"no_such_parameter": "1"})


@every_algo
@pytest.mark.parametrize("seed", range(20))
def test_what_is_due_stays_within_what_is_free(kind: type[Algo], seed: int) -> None:
    rng = np.random.default_rng(seed)
    algo = kind()
    for _ in range(200):
        qty = int(rng.integers(1, 100_000))
        done = int(rng.integers(0, qty + 1))
        parent = replace(
            PARENT,
            order_qty=qty,
            cum_qty=done,
            working_qty=int(rng.integers(0, qty + 1)),
            price=None if rng.random() < 0.5 else 50 * PX_SCALE,
            end_time=START + int(rng.choice([-NS, 0, 1, 7, NS, 600 * NS, 23_400 * NS])),
            arrival_mid=0 if rng.random() < 0.1 else 100 * PX_SCALE,
        )
        now = START + int(rng.integers(-60 * NS, 2_000 * NS))
        view = market(now) if rng.random() < 0.9 else MarketView(0, 0, 0, 0, 1 << 62, 0)
        due = algo.due(parent, view, now)
        assert 0 <= due.qty <= parent.free_qty
        assert 0.0 <= due.urgency <= 1.0
        assert due.next_at > now
        assert due == algo.due(parent, view, now)
        if now < parent.start_time:
            assert due.qty == 0


@every_algo
@pytest.mark.parametrize("fills", [0.0, 0.3, 1.0])
def test_a_parent_ends_after_a_bounded_number_of_asks(kind: type[Algo], fills: float) -> None:
    """Each round trades a share of what is due; nothing may be overfilled, and time must pass."""
    algo, parent, now = kind(), PARENT, START - NS
    for _ in range(ASKS_MAX):
        due = algo.due(parent, market(now), now)
        parent = replace(parent, cum_qty=parent.cum_qty + int(due.qty * fills))
        assert parent.cum_qty <= parent.order_qty
        now = due.next_at
        if parent.leaves_qty == 0 or now >= parent.end_time:
            return
    pytest.fail("the algo asks too often to reach the parent's end")


def test_there_are_algos_to_test() -> None:
    assert {"sweep", "twap"} <= set(ALGOS)
