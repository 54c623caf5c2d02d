"""What a market file implies, as text: what `sluice market check` prints. Not a command.

Owns words and layout. The numbers are those of `venues.implied`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from router.cli.market_schedule_text import adversary_text, schedule_text
from router.cli.output import columns, indented
from router.cli.paint import Span
from venues.implied import Contra, Dealing, Implied, VenueTerms, session_seconds
from venues.lit import LitSpec
from venues.market_file import MarketSpec

Line = Sequence[Span]

WIDTH = 100
NAMES = {"lit": "lit", "dark_mid": "dark", "sdp": "dealer"}


def pages(spec: MarketSpec, found: Implied, path: str) -> Iterator[Line]:
    """Everything, a heading a subject."""
    stock, hours = spec.stock, spec.session
    yield [(spec.id, "heading"), (f"  {path}, hash {spec.hash[:12]}", "quiet")]
    begun = f", run from {hours.from_}" if hours.from_ else ""
    yield _plain(
        f"{stock.symbol} at {stock.price:,.2f}, tick {stock.tick:g}, ADV {stock.adv:,} shares, "
        f"volatility {stock.sigma_day_bp:g} bp a day, {hours.start} to {hours.end}{begun}"
    )
    yield from _section("Touch", _touch(spec, found))
    yield from _section("Venues", _venues(spec, found))
    if controls := _controls(spec):
        yield from _section("Limits that venues set", controls)
    yield from _section("Volume with no parent order", _volume(spec, found))
    if found.contra:
        yield from _section("Dark pools, contra interest on one side", _contra(found.contra))
    if found.dealers:
        yield from _section("Dealers, with no inventory and no grudge", _dealers(found.dealers))
    law = f"Impact of a parent at constant rate: {spec.impact.kernel.Y:g} sigma sqrt(Q / ADV)"
    yield from _section(law, _impact(found))
    if found.parents:
        yield from _section("Parents that the file asks for", _parents(spec, found))
    if spec.schedule:
        yield from _section("Schedule", schedule_text(spec.schedule))
    if spec.adversary is not None:
        yield from _section("Adversary", adversary_text(spec.adversary))
    if found.warnings:
        yield _plain("")
        yield [("Warnings", "wrong")]
        for text in found.warnings:
            first, *rest = textwrap.wrap(text, WIDTH - 4, break_on_hyphens=False)
            yield _plain(f"  - {first}")
            yield from (_plain(f"    {more}") for more in rest)


def ticks(number: float) -> str:
    """A number of ticks."""
    return f"{number:g} tick" if number == 1 else f"{number:g} ticks"


def _section(title: str, lines: Sequence[str]) -> Iterator[Line]:
    yield _plain("")
    yield [(title, "heading")]
    yield from (_plain(line) for line in indented(lines))


def _plain(text: str) -> Line:
    return [(text, "")]


def _touch(spec: MarketSpec, found: Implied) -> list[str]:
    stock, flow, touch = spec.stock, spec.flow, found.touch
    size, value = flow.mo_size, touch.depth * stock.price
    rows = (
        (
            "spread",
            f"{ticks(stock.spread_ticks)} = {touch.spread:g} = {touch.spread_bp:.2f} bp; "
            f"a market order pays half of it, {touch.spread_bp / 2.0:.2f} bp",
        ),
        (
            "depth",
            f"{touch.depth:,.0f} shares a side = {value:,.0f} of currency, "
            f"{stock.touch_depth_over_mo:g} market orders of mean size",
        ),
        (
            "orders",
            f"{flow.market_orders_per_s:g} a second, {touch.orders:,.0f} a session, "
            f"{flow.updates_per_mo:g} quote changes each; waits vary by {flow.clustering_cv:g} "
            "(Poisson 1)",
        ),
        (
            "sizes",
            f"{size.mean:g} shares on average, {size.p_lot:.0%} exactly {size.lot}; "
            f"tail exponent {size.tail_alpha:g}",
        ),
        ("volatility", f"{touch.sigma_hour_bp:.0f} bp an hour, {stock.sigma_day_bp:g} bp a day"),
    )
    return [f"{name:<12}{text}" for name, text in rows]


def _venues(spec: MarketSpec, found: Implied) -> list[str]:
    header = (
        "venue",
        "kind",
        ">volume",
        ">take bp",
        ">make bp",
        ">data ms",
        ">order ms",
        ">p99.9 ms",
    )
    lines = columns(header, [_venue_row(each) for each in found.venues])
    for venue in spec.venues:
        if isinstance(venue, LitSpec) and venue.recording is not None:
            lines.append(f"{venue.id} plays a recording, {venue.recording.file}: no flow of ours")
    lines.append(
        "fees are paid by us, rebates negative; latencies are one way, median / p99, orders' p99.9"
    )
    kept = found.passive_realised
    lines.append(f"lit passive fills keep {kept:+.3f} of a spread after 10 s, by volume")
    return lines


def _controls(spec: MarketSpec) -> list[str]:
    """The venues that set limits, and their keys as the file has them."""
    lines = []
    for venue in spec.venues:
        keys = venue.controls.model_dump(exclude_none=True)
        if keys:
            texts = [f"{key} {_value(value)}" for key, value in keys.items()]
            lines.append(f"{venue.id:<12}{', '.join(texts)}")
    return lines


def _value(value: object) -> str:
    """A number, or a distance with its unit."""
    if isinstance(value, dict):
        return ", ".join(f"{number:g} {unit}" for unit, number in value.items())
    return f"{value:,}"


def _venue_row(venue: VenueTerms) -> list[str]:
    late = venue.delays
    delays = (
        ["-", "-", "-"]
        if late is None
        else [
            f"{late.data_p50_ms:g} / {late.data_p99_ms:g}",
            f"{late.order_p50_ms:g} / {late.order_p99_ms:g}",
            f"{late.order_p999_ms:.1f}",
        ]
    )
    fees = [f"{venue.take_bp:+.2f}", f"{venue.make_bp:+.2f}"]
    return [venue.id, NAMES[venue.type], f"{venue.volume_share:.1%}", *fees, *delays]


def _volume(spec: MarketSpec, found: Implied) -> list[str]:
    adv, volume = spec.stock.adv, found.volume
    shares: dict[str, float] = {}
    for venue in found.venues:
        name = NAMES[venue.type]
        shares[name] = shares.get(name, 0.0) + venue.volume_share
    shares["unreachable"] = spec.inaccessible_volume_share
    rows = [[name, f"{share:.1%}", f"{share * adv:,.0f}"] for name, share in shares.items()]
    rows.append(["sum", f"{volume.shares:.1%}", f"{volume.shares * adv:,.0f}"])
    told = f"{volume.lit_flow / volume.lit:.0%} of" if volume.lit else "against"
    span = "" if volume.whole_day else ", in a part of a day"
    return [
        *columns(("where", ">of ADV", ">shares a day"), rows),
        f"lit flow is {spec.flow.market_orders_per_s:g}/s x {session_seconds(spec):,.0f} s x "
        f"{spec.flow.mo_size.mean:g} = {volume.lit_flow:,.0f} shares, {told} the lit "
        f"{volume.lit:,.0f}{span}",
    ]


def _contra(pools: Sequence[Contra]) -> list[str]:
    header = ("pool", ">found", ">arrivals/h", ">mean size", ">shares a day", ">of ADV", ">markout")
    rows = [
        [
            pool.id,
            f"{pool.found:.0%}",
            f"{pool.arrivals_per_hour:.1f}",
            f"{pool.mean_size:,.0f}",
            f"{pool.shares_per_day:,.0f}",
            f"{pool.adv_share:.1%}",
            f"{pool.markout_spreads:+.1%}",
        ]
        for pool in pools
    ]
    return [
        *columns(header, rows),
        "found: what a probe meets somebody with; markout: of the spread, by informed contras",
    ]


def _dealers(dealers: Sequence[Dealing]) -> list[str]:
    header = ("dealer", ">size", ">half-spread", ">bp", "last look", ">rejects", ">leaks bp")
    rows = []
    for each in dealers:
        said = [_last_look(each), f"{each.reject:.0%}", f"{each.leak_bp:.3f}"]
        for place, quote in enumerate(each.quotes):
            half = [ticks(quote.half_spread_ticks), f"{quote.half_spread_bp:.2f}"]
            name, terms = (each.id, said) if place == 0 else ("", ["", "", ""])
            rows.append([name, f"{quote.size:,}", *half, *terms])
    return columns(header, rows)


def _last_look(dealer: Dealing) -> str:
    if dealer.mode == "firm":
        return "firm"
    return f"{dealer.mode}, {dealer.hold_ms:g} ms, {ticks(dealer.threshold_ticks)}"


def _impact(found: Implied) -> list[str]:
    rows = [
        [
            f"{each.adv_share:.2%}",
            f"{each.shares:,}",
            f"{each.peak_bp:.2f}",
            f"{each.mean_bp:.2f}",
            f"{each.mean_cost:,.0f}",
        ]
        for each in found.impact
    ]
    header = (">of ADV", ">shares", ">peak bp", ">mean bp", ">mean cost")
    return [
        *columns(header, rows),
        "mean = 2/3 of the peak, whatever the horizon; spread and fees come on top",
    ]


def _parents(spec: MarketSpec, found: Implied) -> list[str]:
    said = spec.parents
    assert said is not None
    rows = [
        [
            f"{each.shares / spec.stock.adv:.2%}",
            f"{each.shares:,}",
            f"{each.horizon_s:,.0f} s",
            f"{each.participation:.0%}",
            f"{each.mean_bp:.2f}",
        ]
        for each in found.parents
    ]
    limit = "no limit" if said.limit_bp is None else f"limit {said.limit_bp:g} bp"
    return [
        *columns((">of ADV", ">shares", ">horizon", ">of volume", ">impact bp"), rows),
        f"side {said.side}, start {said.start}, {limit}; of volume: of an average horizon's",
    ]
