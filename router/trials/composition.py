"""A router for a simulated market: the configuration's core, in a market file's venues.

Owns what a router must know of a market that it did not choose: its instrument, its venues and
their fees. Everything else (policies, limits, routing, learner) is what the configuration says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from config.settings import Settings
from router import build
from router.core.engine import Engine, Route
from router.core.environment import Environment
from router.core.routing import route as by_learner
from router.messages import Step
from router.model import Instrument, Tactic, Venue, VenueType
from router.runtime.direct import Direct
from venues.direct import DirectMarket
from venues.market import Market
from venues.market_file import MarketSpec
from venues.venue import VenueSpec, price_units

SESSION = "OMS"
"""The OMS session that gives parents."""

MIDNIGHT = 1_767_589_200 * 1_000_000_000
"""2026-01-05 00:00 in New York (05:00 UTC), UTC nanoseconds: the day of every simulated market."""

_KINDS: dict[str, tuple[VenueType, tuple[Tactic, ...]]] = {
    "lit": (VenueType.LIT, (Tactic.LIT_TAKE, Tactic.LIT_MAKE)),
    "dark_mid": (VenueType.DARK, (Tactic.DARK_MID,)),
    "sdp": (VenueType.DEALER, (Tactic.DEALER_QUOTE,)),
}
"""What may be done at a venue that the configuration does not name."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What is made of settings and a market file once, for every seed."""

    spec: MarketSpec
    family: build.Family
    env: Environment


def bench(settings: Settings, spec: MarketSpec) -> Bench:
    """Read everything that the settings name, for the venues of a market.

    Raises:
        SettingsError, DocumentError: everything that is wrong, one line each.
    """
    family = build.families()
    known = {each.mic: build.venue(each) for each in settings.venues}
    venues = {each.id: _venue(each, known.get(each.id)) for each in spec.venues}
    instrument = _instrument(spec)
    symbols = (instrument.symbol,)
    env = replace(
        build.environment(settings, family),
        venues=venues,
        instruments={instrument.symbol: instrument},
        policies=build.policy_book(settings, family, tuple(venues.values()), symbols),
    )
    return Bench(spec, family, env)


@dataclass(slots=True)
class Run:
    """One market with one router in it."""

    market: Market
    engine: Engine
    driver: Direct


def run(
    made_of: Bench,
    seed: int,
    start: int,
    *,
    on_step: Callable[[Step], None] | None = None,
    route: Route = by_learner,
) -> Run:
    """A market of a seed from `start` on, UTC nanoseconds, and a router that is to log on."""
    hours = made_of.spec.session
    begins = hours.model_copy(update={"from_": clock_text(start - MIDNIGHT)})
    market = Market(replace(made_of.spec, session=begins), seed=seed, start=start)
    return router_in(market, made_of, seed, on_step=on_step, route=route)


def router_in(
    market: Market,
    made_of: Bench,
    seed: int,
    *,
    on_step: Callable[[Step], None] | None = None,
    route: Route = by_learner,
) -> Run:
    """A router that is to log on to a market."""
    engine = build.engine(replace(made_of.env, seed=seed), made_of.family, route)
    stage = DirectMarket(market)
    return Run(market, engine, Direct(engine, stage, start=market.now, on_step=on_step))


def clock_text(ns: int) -> str:
    """Nanoseconds after midnight as HH:MM:SS."""
    seconds = ns // 1_000_000_000
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _venue(spec: VenueSpec, known: Venue | None) -> Venue:
    """What the configuration says of a venue, with the fees and the minimum that it really has."""
    venue_type, tactics = _KINDS[spec.kind]
    if known is None or known.venue_type is not venue_type:
        known = Venue(spec.id, venue_type, tactics)
    return replace(
        known,
        take_fee=price_units(spec.fees.take),
        make_fee=price_units(spec.fees.make),
        min_qty=spec.order_qty_min,
    )


def _instrument(spec: MarketSpec) -> Instrument:
    stock = spec.stock
    day = MIDNIGHT % (86_400 * 1_000_000_000)
    return Instrument(
        symbol=stock.symbol,
        tick=price_units(stock.tick),
        lot=spec.flow.mo_size.lot,
        adv=stock.adv,
        currency="USD",
        open_ns=day + spec.session.start_ns,
        close_ns=day + spec.session.end_ns,
    )
