"""One parent worked by the whole router core in a market, with everything that passed between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from config.settings import load_settings
from router.messages import OrderReceived, OrderTerms, Report, Step
from router.model import NS, OrdType, Side, TimeInForce
from router.trials import composition
from router.trials.composition import MIDNIGHT, SESSION
from tests.market.cost import MIDDAY, beginning
from tests.venues.simulated import MARKETS
from venues.market import Market
from venues.market_file import MarketSpec, read_market

ORDER_AT_S, ORDER_LASTS_S, ENDS_S = 20, 360, 400
"""Seconds after the start of the market: of the parent, and of the run."""

OVERRIDES = ("fix.defaults.heart_bt_int=3600",)


def shipped() -> MarketSpec:
    """The baseline from midday on, with its latencies."""
    return beginning(read_market(MARKETS / "baseline.yaml"), MIDDAY)


def opened_on_the_day(spec: MarketSpec, seed: int) -> Market:
    """A market at its start, on the day of all trials."""
    return Market(spec, seed=seed, start=MIDNIGHT + spec.session.from_ns)


def parent(market: Market, side: Side = Side.BUY, qty: int = 6_000) -> OrderTerms:
    """A TWAP over the time that a run has for it."""
    return OrderTerms(
        symbol=market.symbol,
        side=side,
        order_qty=qty,
        ord_type=OrdType.MARKET,
        time_in_force=TimeInForce.GTD,
        expire_time=market.now + (ORDER_AT_S + ORDER_LASTS_S) * NS,
        account="ACC",
        algo="twap",
        params={"horizon_s": "300", "interval_s": "20"},
    )


@dataclass(slots=True)
class Routed:
    """What a run was."""

    market: Market
    steps: list[Step] = field(default_factory=list)
    executed: int = 0
    """Shares, as the venues know."""

    @property
    def reported(self) -> int:
        """Shares, as the OMS was told in the end."""
        reports = [
            command for step in self.steps for command in step.commands if type(command) is Report
        ]
        return reports[-1].cum_qty if reports else 0


def routed(
    market: Market,
    *,
    terms: OrderTerms | None,
    learner: str = "hazard",
    seed: int = 1,
    watch: Callable[[Market], None] = lambda _: None,
) -> Routed:
    """Let a router log on, give it an order or none, and let it work."""
    settings = load_settings(overrides=[*OVERRIDES, f"learner.name={learner}"])
    made_of = composition.bench(settings, market.spec)
    done = Routed(market)
    start = market.now

    def executed(qty: int, now: int) -> None:
        done.executed += qty

    market.venue(market.mics[0]).floor.on_executed.append(executed)
    watch(market)
    run = composition.router_in(market, made_of, seed, on_step=done.steps.append)
    run.driver.start(SESSION)
    run.driver.run(start + ORDER_AT_S * NS)
    if terms is not None:
        run.driver.give(OrderReceived(SESSION, 1, "X-1", terms))
    run.driver.run(start + ENDS_S * NS)
    return done
