"""What a market file implies, before anybody has traded in it: volumes, costs, and what looks odd.

Owns the arithmetic, none of it by simulation, and the warnings. Basis points are of the start mid,
`stock.price`; a day is the 23,400 s that ADV and volatility speak of, a session may be a part of
it. Knows nothing of how it is shown.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from router.model import NS
from venues.dark import DarkSpec
from venues.dealer import DealerSpec
from venues.impact import DAY_SECONDS
from venues.latency import Z99, Latency
from venues.lit import LitSpec
from venues.market_file import MarketSpec
from venues.parents import ParentsError
from venues.venue import VenueSpec

BP = 1e4

SIZES = (0.0025, 0.01, 0.05, 0.25)
"""Parents whose impact is told, shares of ADV."""

MEAN_OVER_PEAK = 2.0 / 3.0
"""Of the impact that a parent of constant rate pays: it grows with the root of what is done."""

CONTRA_MAX = 0.10
"""Of ADV, contra interest of a pool a side and day: more is not found anywhere."""

BUDGET_TOLERANCE = 0.005
"""How far the shares of the volume may be from 1."""

LIT_TOLERANCE = 0.10
"""How far the lit flow may be from the lit venues' share of ADV, relative to it."""

WHOLE_DAY_S = 23_000
"""From here on a session is a day."""

Z999 = 3.090
"""The standard normal's 99.9 % quantile."""


@dataclass(frozen=True, slots=True)
class Touch:
    """The best quotes."""

    spread: float
    """Currency."""
    spread_bp: float
    depth: float
    """Shares a side."""
    orders: float
    """Market orders of a session."""
    sigma_hour_bp: float
    """Volatility of an hour: that of the day, by the root of time."""


@dataclass(frozen=True, slots=True)
class Volume:
    """Where volume trades with no parent order, shares."""

    lit_flow: float
    """Market orders of the session times their mean size."""
    lit: float
    """What the lit venues' volume shares say of a day."""
    whole_day: bool
    """Whether the session is a day, so that the two can be compared."""
    shares: float
    """Sum of all volume shares, those that no router can reach included."""


@dataclass(frozen=True, slots=True)
class Delays:
    """One-way latencies, milliseconds; log-normal through median and p99."""

    data_p50_ms: float
    data_p99_ms: float
    order_p50_ms: float
    order_p99_ms: float
    order_p999_ms: float


@dataclass(frozen=True, slots=True)
class VenueTerms:
    """What trading at a venue costs, basis points, and how far away it is."""

    id: str
    type: str
    volume_share: float
    take_bp: float
    make_bp: float
    delays: Delays | None


@dataclass(frozen=True, slots=True)
class Contra:
    """Who can be met in a dark pool, on one side."""

    id: str
    found: float
    """Probability that a probe finds somebody."""
    arrivals_per_hour: float
    mean_size: float
    shares_per_day: float
    adv_share: float
    markout_spreads: float
    """Expected after the informed horizon, from the router's side; never above 0."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """A price for up to so many shares."""

    size: int
    half_spread_ticks: float
    half_spread_bp: float


@dataclass(frozen=True, slots=True)
class Dealing:
    """A dealer's quotes with no inventory and an untroubled dealer."""

    id: str
    quotes: tuple[Quoted, ...]
    """The larger, the wider."""
    hold_ms: float
    mode: str
    threshold_ticks: float
    reject: float
    leak_bp: float
    """Expected per fill or reject."""


@dataclass(frozen=True, slots=True)
class ImpactCost:
    """What a parent of constant rate moves the price by, whatever its horizon."""

    adv_share: float
    shares: int
    peak_bp: float
    mean_bp: float
    """What it pays, spread and fees excluded."""
    mean_cost: float
    """Currency."""


@dataclass(frozen=True, slots=True)
class ParentOrder:
    """One of the parents that the file asks for."""

    shares: int
    horizon_s: float
    participation: float
    """Of the volume that trades in its horizon on average over the day, the parent excluded."""
    mean_bp: float


@dataclass(frozen=True, slots=True)
class Implied:
    """All of it."""

    touch: Touch
    volume: Volume
    venues: tuple[VenueTerms, ...]
    contra: tuple[Contra, ...]
    dealers: tuple[Dealing, ...]
    impact: tuple[ImpactCost, ...]
    parents: tuple[ParentOrder, ...]
    passive_realised: float
    """Of the lit venues by volume, spreads: what passive fills keep after 10 s."""
    warnings: tuple[str, ...]


def implied(spec: MarketSpec) -> Implied:
    """What the file implies."""
    lit = [each for each in spec.venues if isinstance(each, LitSpec)]
    volume = _volume(spec, lit)
    contra = tuple(_contra(spec, each) for each in spec.venues if isinstance(each, DarkSpec))
    dealers = tuple(_dealing(spec, each) for each in spec.venues if isinstance(each, DealerSpec))
    return Implied(
        touch=_touch(spec),
        volume=volume,
        venues=tuple(_terms(spec, each) for each in spec.venues),
        contra=contra,
        dealers=dealers,
        impact=tuple(impact_cost(spec, share) for share in SIZES),
        parents=tuple(_parents(spec)),
        passive_realised=_passive_realised(lit),
        warnings=tuple(_warnings(spec, volume, contra, dealers)),
    )


def session_seconds(spec: MarketSpec) -> float:
    """Length of the session."""
    return (spec.session.end_ns - spec.session.start_ns) / NS


def impact_cost(spec: MarketSpec, adv_share: float) -> ImpactCost:
    """The square-root law, peak = Y sigma sqrt(Q / V)."""
    stock = spec.stock
    peak = spec.impact.kernel.Y * stock.sigma_day_bp * math.sqrt(adv_share)
    shares = round(adv_share * stock.adv)
    mean = MEAN_OVER_PEAK * peak
    return ImpactCost(adv_share, shares, peak, mean, shares * stock.price * mean / BP)


def _touch(spec: MarketSpec) -> Touch:
    stock, flow = spec.stock, spec.flow
    spread = stock.spread_ticks * stock.tick
    return Touch(
        spread=spread,
        spread_bp=spread / stock.price * BP,
        depth=stock.touch_depth_over_mo * flow.mo_size.mean,
        orders=flow.market_orders_per_s * session_seconds(spec),
        sigma_hour_bp=stock.sigma_day_bp * math.sqrt(3600.0 / DAY_SECONDS),
    )


def _volume(spec: MarketSpec, lit: list[LitSpec]) -> Volume:
    flow = spec.flow
    return Volume(
        lit_flow=flow.market_orders_per_s * session_seconds(spec) * flow.mo_size.mean,
        lit=spec.stock.adv * math.fsum(each.volume_share for each in lit),
        whole_day=session_seconds(spec) >= WHOLE_DAY_S,
        shares=math.fsum(
            [each.volume_share for each in spec.venues] + [spec.inaccessible_volume_share]
        ),
    )


def _terms(spec: MarketSpec, venue: VenueSpec) -> VenueTerms:
    to_bp = BP / spec.stock.price
    return VenueTerms(
        venue.id,
        venue.type,
        venue.volume_share,
        take_bp=venue.fees.take * to_bp,
        make_bp=venue.fees.make * to_bp,
        delays=None if venue.latency is None else _delays(venue.latency),
    )


def _delays(latency: Latency) -> Delays:
    p50, p99 = latency.order_p50, latency.order_p99
    p999 = p50 * (p99 / p50) ** (Z999 / Z99) if p50 > 0.0 else 0.0
    return Delays(latency.md_p50, latency.md_p99, p50, p99, float(p999))


def _contra(spec: MarketSpec, venue: DarkSpec) -> Contra:
    pool = venue.dark
    shares = pool.contra_shares(DAY_SECONDS)
    return Contra(
        venue.id,
        found=1.0 - pool.p_zero,
        arrivals_per_hour=3600.0 * (1.0 - pool.p_zero) / pool.persistence_s,
        mean_size=pool.size.mean,
        shares_per_day=shares,
        adv_share=shares / spec.stock.adv,
        markout_spreads=-pool.informed_frac * pool.informed_move_spreads,
    )


def _dealing(spec: MarketSpec, venue: DealerSpec) -> Dealing:
    terms, look = venue.sdp, venue.sdp.last_look
    half = spec.stock.spread_ticks / 2.0 + terms.markup_ticks
    tick_bp = spec.stock.tick / spec.stock.price * BP
    steps = [(terms.size, half), *((rung.size, half + rung.extra_ticks) for rung in terms.ladder)]
    return Dealing(
        venue.id,
        quotes=tuple(Quoted(size, ticks, ticks * tick_bp) for size, ticks in steps),
        hold_ms=look.hold_ms,
        mode=look.mode,
        threshold_ticks=look.threshold_ticks,
        reject=look.base_reject_prob,
        leak_bp=terms.leak.prob * terms.leak.bp if terms.leak is not None else 0.0,
    )


def _parents(spec: MarketSpec) -> Iterator[ParentOrder]:
    """Each size with each horizon."""
    if spec.parents is None:
        return
    for share, horizon in itertools.product(spec.parents.qty_adv, spec.parents.horizon_s):
        cost = impact_cost(spec, share)
        traded = spec.stock.adv * horizon / DAY_SECONDS
        yield ParentOrder(cost.shares, horizon, cost.shares / traded, cost.mean_bp)


def _passive_realised(lit: list[LitSpec]) -> float:
    """Average of the lit venues, by volume."""
    total = math.fsum(each.volume_share for each in lit)
    kept = math.fsum(each.volume_share * each.passive_realised10s for each in lit)
    return kept / total if total else 0.0


def _warnings(
    spec: MarketSpec, volume: Volume, contra: tuple[Contra, ...], dealers: tuple[Dealing, ...]
) -> Iterator[str]:
    """What is allowed and is probably not meant."""
    if abs(volume.shares - 1.0) > BUDGET_TOLERANCE:
        yield f"volume shares sum to {volume.shares:.3f}, not 1"
    yield from _lit_warnings(volume)
    for pool in contra:
        if pool.adv_share > CONTRA_MAX:
            yield (
                f"{pool.id} offers {pool.adv_share:.1%} of ADV a side and day: no pool does; "
                "raise p_zero or persistence_s, or make sizes smaller"
            )
    for dealer in dealers:
        if dealer.quotes[0].half_spread_ticks < 0.0:
            yield f"{dealer.id} quotes through the mid: markup_ticks is below half the spread"
    for venue in spec.venues:
        if venue.latency is None:
            yield f"{venue.id} has no latency: what it says is known at once"
        if venue.fees.take + venue.fees.make < 0.0:
            yield f"{venue.id} pays more rebate than it takes in fees"
    if spec.parents is not None:
        try:
            spec.parents.check(spec.session)
        except ParentsError as error:
            yield str(error)


def _lit_warnings(volume: Volume) -> Iterator[str]:
    if not volume.lit:
        yield "the lit venues have no volume share"
        return
    over = volume.lit_flow / volume.lit - 1.0
    # A part of a day may have any part of the day's volume, but not more than all of it.
    if over > LIT_TOLERANCE or (volume.whole_day and over < -LIT_TOLERANCE):
        yield (
            f"market_orders_per_s x seconds x mean size is {over + 1.0:.0%} of "
            "adv x the lit venues' volume shares"
        )
