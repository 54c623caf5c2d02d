"""Who waits in a market: whom the policy lets rest, as long as the schedule lets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import load_settings
from router.experiments.market_experiments import DEFAULT_POLICY, TAKE_ONLY
from router.messages import Decide, OrderReceived, OrderTerms
from router.model import NS, OrdType, Side, TimeInForce
from router.trials.composition import MIDNIGHT, SESSION, bench, run
from router.trials.trial import WARM_UP
from tests.trials.markets import written
from venues.market_file import read_market

AT = MIDNIGHT + (15 * 3600 + 54 * 60) * NS
SPAN = 120 * NS
SLICE = 30 * NS
"""How long a child rests, as shipped."""


def decided(folder: Path, *policies: Path) -> list[tuple[int, Decide]]:
    """When, and what, of a parent of 2,000 shares over two minutes, a slice a minute."""
    settings = load_settings().model_copy(update={"policies": (DEFAULT_POLICY, *policies)})
    found: list[tuple[int, Decide]] = []
    made = run(
        bench(settings, read_market(written(folder))),
        3,
        AT - WARM_UP,
        on_step=lambda step: found.extend(
            (step.now, each) for each in step.commands if isinstance(each, Decide)
        ),
    )
    made.driver.start(SESSION)
    made.driver.run(AT)
    terms = OrderTerms(
        symbol=made.market.symbol,
        side=Side.BUY,
        order_qty=2000,
        ord_type=OrdType.MARKET,
        time_in_force=TimeInForce.GTD,
        account="TEST",
        expire_time=AT + SPAN,
        algo="twap",
        params={"horizon_s": "120"},
    )
    made.driver.give(OrderReceived(SESSION, 1, "P-1", terms))
    made.driver.run(AT + SPAN)
    return found


def test_a_share_may_rest_again_as_long_as_nobody_must_trade(tmp_path: Path) -> None:
    found = decided(tmp_path)
    patient = [each for _, each in found if each.urgency < 1.0]
    urgent = [each for _, each in found if each.urgency >= 1.0]
    assert patient
    assert urgent
    assert all(each.wait_bp > 0.0 for each in patient)
    assert all(each.wait_bp == 0.0 for each in urgent)
    for now, each in found:
        assert each.rounds == pytest.approx((AT + SPAN - now) / SLICE)


def test_a_policy_that_forbids_resting_leaves_nothing_to_wait_for(tmp_path: Path) -> None:
    found = decided(tmp_path, TAKE_ONLY)
    assert any(each.urgency < 1.0 for _, each in found)
    assert all(each.wait_bp == 0.0 for _, each in found)
