"""The two ways into a market give the same executions: over FIX sessions, and directly.

Latencies are fixed, so that the ways differ in nothing but sessions, wires, records and bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import config
from bench.over_fix import OverFix
from config.settings import load_settings
from router.messages import (
    CancelChild,
    ExecutionReceived,
    OrderReceived,
    OrderTerms,
    RequestQuote,
    SendChild,
    Step,
)
from router.model import NS, ExecType, OrdType, Side, TimeInForce
from router.trials import composition
from venues.latency import Latency
from venues.market import Market
from venues.market_file import MarketSpec, read_market
from venues.misbehaviour import kinds

START = composition.MIDNIGHT + 34_200 * NS
"""09:30:00 of the simulated day."""
ORDER_AT = START + 20 * NS
ENDS_AT = START + 420 * NS


def fixed(number: int) -> Latency:
    """A latency of its own for each venue: at the same instant the two ways may differ in order."""
    md, order = 0.7 + 0.0137 * number, 1.1 + 0.0171 * number
    return Latency(md_p50=md, md_p99=md, order_p50=order, order_p99=order)


EXECUTIONS = (ExecType.TRADE, ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT)


@dataclass(frozen=True)
class Way:
    """What one way made of an order, in order."""

    asked: list[tuple[object, ...]]
    """Children, cancels and quote requests: when, where, what."""
    traded: list[tuple[object, ...]]
    """Executions: when, where, how many, at what price."""


WRONG: dict[str, tuple[tuple[str, str, dict[str, object]], ...]] = {
    "silent, late and out of order": (
        ("no_ack", "LIT_A", {}),
        ("ack_after_fill", "LIT_B", {}),
        ("slow", "SDP_1", {"delay_ms": 40}),
    ),
    "amended and told twice": (
        # not at a horizon of a markout: then a timer and a report would be due at the same instant
        ("bust", "LIT_A", {"delay_ms": 1_100}),
        ("correct", "LIT_B", {"ticks": 1, "delay_ms": 1_200}),
        ("duplicate_execution", "LIT_C", {}),
    ),
    "stale, and closed to orders": (
        ("md_stale", "LIT_A", {}),
        ("reject_all", "LIT_C", {}),
    ),
}
"""Event, venue, detail: from one minute after the order on, for a minute."""


def market(seed: int, wrong: str) -> Market:
    made = Market(spec(), seed=seed, start=START)
    for event, mic, detail in WRONG.get(wrong, ()):
        what = kinds()[event].from_document(detail)
        made.misbehaviours.start(what, mic, ORDER_AT + 60 * NS, ORDER_AT + 120 * NS)
    return made


def spec() -> MarketSpec:
    read = read_market(Path(config.__file__).parent / "markets" / "baseline.yaml")
    venues = tuple(
        each.model_copy(update={"latency": fixed(number)})
        for number, each in enumerate(read.venues)
    )
    return replace(read, venues=venues)


def terms(side: Side) -> OrderTerms:
    return OrderTerms(
        symbol="ACME",
        side=side,
        order_qty=6_000,
        ord_type=OrdType.MARKET,
        time_in_force=TimeInForce.GTD,
        expire_time=ENDS_AT,
        account="ACC",
        algo="twap",
        params={"horizon_s": "360", "interval_s": "20"},
    )


def noted(way: Way) -> Callable[[Step], None]:
    def note(step: Step) -> None:
        if step.now < ORDER_AT:
            return
        at = step.now - START
        for command in step.commands:
            match command:
                case SendChild():
                    way.asked.append(
                        (at, command.mic, command.tactic, command.qty, command.price,
                         command.min_qty)
                    )  # fmt: skip
                case CancelChild():
                    way.asked.append((at, command.mic, "cancel", command.qty))
                case RequestQuote():
                    way.asked.append((at, command.mic, "quote", command.qty))
        event = step.event
        if isinstance(event, ExecutionReceived) and event.exec_type in EXECUTIONS:
            way.traded.append(
                (at, event.mic, event.exec_type, event.last_qty, event.last_px, event.liquidity)
            )

    return note


def over_fix(seed: int, learner: str, side: Side, wrong: str) -> tuple[Way, int]:
    """The whole node and FIX gateways; also the number of the step that took the order."""
    way, taken = Way([], []), []
    note = noted(way)

    def on_step(step: Step) -> None:
        note(step)
        if isinstance(step.event, OrderReceived):
            taken.append(step.seq)

    over = OverFix(market(seed, wrong), [f"learner.name={learner}"], seed=seed, on_step=on_step)
    over.order(ORDER_AT, terms(side))
    over.sim.run(ENDS_AT + 5 * NS)
    return way, taken[0]


def directly(seed: int, learner: str, side: Side, wrong: str, taken: int) -> Way:
    """The core and the market, nothing else; `taken` is the number that the order's step gets."""
    way = Way([], [])
    settings = load_settings(overrides=[f"learner.name={learner}"])
    bench = composition.bench(settings, spec())
    run = composition.router_in(market(seed, wrong), bench, seed, on_step=noted(way))
    run.driver.start("OMS")
    run.driver.run(ORDER_AT)
    run.driver.seq = taken - 1
    run.driver.give(OrderReceived("OMS", 1, "X-1", terms(side)))
    run.driver.run(ENDS_AT + 5 * NS)
    return way


@pytest.mark.parametrize(
    ("seed", "learner", "side", "wrong"),
    [
        (1, "pro_rata", Side.BUY, ""),
        (2, "hazard", Side.SELL, ""),
        *((3 + n, "hazard", Side.BUY, wrong) for n, wrong in enumerate(WRONG)),
    ],
)
def test_both_ways_give_the_same_executions_order_for_order(
    seed: int, learner: str, side: Side, wrong: str
) -> None:
    fix, taken = over_fix(seed, learner, side, wrong)
    direct = directly(seed, learner, side, wrong, taken)
    assert len(fix.traded) > 20
    assert direct.asked == fix.asked
    assert direct.traded == fix.traded
