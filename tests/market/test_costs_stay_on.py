"""Nothing is free: every kind of execution moves the price, looks cost, an outage hides fills.

That passive fills are adversely selected is held beside what they keep, venue by venue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from router.messages import ExecutionReceived
from router.model import NS, ExecType
from tests.market.cost import MIDDAY, beginning, market_file, opened
from tests.market.estimates import estimate
from tests.market.routed import opened_on_the_day, parent, routed, shipped
from tests.market.trader import Trader
from tests.venues.simulated import MARKETS, spec_of
from venues.market_file import read_market
from venues.misbehaviour import kinds

KINDS = ("lit_take", "lit_make", "dark_fill", "sdp_fill", "leak")
"""Words of `impact.applies_to`."""

PATIENCE_S = 1800

AFTER_30_S = 0.2856
"""What 100 shares bought at once have moved the price by 30 s later, bp: the law of the reference,
summed in steps of a millisecond. The rate is 100 ln2 / 120 s and halves every 120 s."""


def take(trader: Trader) -> None:
    trader.take(1, 100)


def rest(trader: Trader) -> None:
    bid, _ = trader.market.nbbo
    trader.cancel_all()
    trader.rest("LIT_A", 1, 100, bid)


def wait_in_the_dark(trader: Trader) -> None:
    if not trader.open:
        trader.rest_in_the_dark("DARK_A", 1, 100)


def deal(trader: Trader) -> None:
    trader.deal("SDP_1", 1, 100)


@pytest.mark.parametrize(
    ("kind", "how"),
    [("lit_take", take), ("lit_make", rest), ("dark_fill", wait_in_the_dark), ("sdp_fill", deal)],
)
def test_an_execution_of_any_kind_moves_the_price(kind: str, how: Callable[[Trader], None]) -> None:
    """Only this kind is let through, so that no other could have done it; all move it alike."""
    spec = beginning(market_file("baseline"), MIDDAY)
    spec = replace(spec, impact=spec.impact.model_copy(update={"applies_to": (kind,)}))
    trader = Trader(opened(spec, 11))
    start = trader.market.now
    for second in range(1, PATIENCE_S):
        trader.wait(start + second * NS)
        if trader.held:
            break
        how(trader)
    assert trader.held == 100
    trader.cancel_all()
    filled = trader.fills[-1].at
    trader.wait(filled + 30 * NS)
    assert trader.market.impact_bp == pytest.approx(AFTER_30_S, abs=1e-4)


@pytest.mark.parametrize("name", sorted(path.stem for path in MARKETS.glob("*.yaml")))
def test_every_shipped_market_answers_every_kind_of_execution_and_leak(name: str) -> None:
    assert set(read_market(MARKETS / f"{name}.yaml").impact.applies_to) == set(KINDS)


def test_what_a_dealer_refuses_after_a_look_goes_on_at_a_worse_price(tmp_path: Path) -> None:
    """A look of 300 ms that protects the dealer alone, in the market's own flow."""
    look = {"hold_ms": 300, "mode": "asymmetric", "threshold_ticks": 0.5, "base_reject_prob": 0.04}
    spec = beginning(spec_of(tmp_path, {"venues.SDP_2.sdp.last_look": look}), MIDDAY)
    trader = Trader(opened(spec, 12))
    start, worse = trader.market.now, []
    for n in range(900):
        trader.wait(start + 2 * n * NS + NS)
        sign, rejected = 1 if n % 2 else -1, trader.rejected
        refused = trader.deal("SDP_2", sign, 100)
        trader.wait(trader.market.now + 300_000_000)
        if trader.rejected > rejected:
            again = trader.quote("SDP_2", sign, 100)
            assert again is not None
            worse.append(sign * ((again.offer_px if sign > 0 else again.bid_px) - refused) / 1e6)
    found = estimate(worse)
    assert found.count > 50
    assert found.low > 0.0


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"cancel_on_disconnect": True},
        {"gap_fills": True},
        {"resend_on_logon": False},
    ],
    ids=["resent", "cancelled", "resent with gaps", "not resent"],
)
def test_fills_during_an_outage_count_in_the_end(how: dict[str, bool]) -> None:
    """The session of LIT_A is lost for two minutes: what the venues executed is what the OMS is
    told, no more and no less."""
    late = 0
    for seed in (16, 23):
        market = opened_on_the_day(shipped(), seed)
        lost, found = market.now + 60 * NS, market.now + 180 * NS
        what = kinds()["session_drop"].from_document(how)
        market.misbehaviours.start(what, "LIT_A", lost, found)
        run = routed(market, terms=parent(market))
        assert run.executed == run.reported == 6_000
        late += sum(
            isinstance(step.event, ExecutionReceived)
            and step.event.exec_type is ExecType.TRADE
            and lost < step.event.transact_time < found <= step.now
            for step in run.steps
        )
    # What was left alive was executed while nobody heard of it.
    assert (late > 0) is not ("cancel_on_disconnect" in how)
