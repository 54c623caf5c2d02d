"""What a market file promises, as facts: the targets that its recordings are held to."""

from __future__ import annotations

from router.model import NS
from venues.dark import DarkSpec
from venues.dealer import DealerSpec
from venues.facts.bands import classify
from venues.facts.day import INACCESSIBLE, Scope
from venues.market_file import MarketSpec
from venues.market_keys import SessionHours

BP = 1e4


def targets_of(spec: MarketSpec) -> dict[str, float]:
    """The facts that a market file sets, by name."""
    stock, flow = spec.stock, spec.flow
    return {
        "spread_ticks_tw_mean": stock.spread_ticks,
        "spread_bp_tw_mean": stock.spread_ticks * stock.tick / stock.price * BP,
        "touch_depth_over_mean_mo": stock.touch_depth_over_mo,
        "market_orders_per_s": flow.market_orders_per_s * activity(spec.session),
        "book_updates_per_mo": flow.updates_per_mo,
        "intertrade_cv": flow.clustering_cv,
        "sign_acf_1": flow.sign_memory.acf1,
        "imb_logit_slope": flow.imbalance_logit,
        "imb_halflife_s": flow.imbalance_halflife_s,
        **_off_exchange(spec),
    }


def _off_exchange(spec: MarketSpec) -> dict[str, float]:
    """Where prints away from the books lie in the spread, as shares of their volume.

    The volume of pools and dealers is the file's. What real days say of it is no measure for it:
    their prints are rounded to whole cents, so that midpoint volume is only known to lie between
    the first fact and the sum of both.
    """
    half_ticks = spec.stock.spread_ticks / 2.0
    pools = dealers = inside = 0.0
    for venue in spec.venues:
        if isinstance(venue, DarkSpec):
            pools += venue.volume_share
        elif isinstance(venue, DealerSpec):
            dealers += venue.volume_share
            if -half_ticks < venue.sdp.markup_ticks < 0.0:
                inside += venue.volume_share
    off = pools + dealers + spec.inaccessible_volume_share
    shares = {"off_mid_share": pools, "off_inside_share": inside}
    return {fact: share / off for fact, share in shares.items() if share}


def regime_of(spec: MarketSpec) -> str:
    """The regime whose real days a market is nearest to.

    A spread that is one tick or two is one for 2 - mean of the time.
    """
    return classify(
        spread_ticks=spec.stock.spread_ticks,
        one_tick_frac=max(0.0, 2.0 - spec.stock.spread_ticks),
        depth=spec.stock.touch_depth_over_mo,
    )


def scope_of(spec: MarketSpec) -> Scope:
    """What of the market's recordings counts: the hours that it runs, and who shows a book."""
    hours = spec.session
    return Scope(
        sessions=((hours.from_ns // NS, hours.end_ns // NS),),
        off=frozenset({each.id for each in spec.venues if each.type != "lit"} | {INACCESSIBLE}),
        lot=spec.flow.mo_size.lot,
    )


def activity(session: SessionHours) -> float:
    """Mean intensity from the start of a run to the close, over that of the whole session."""
    shares = session.u_shape
    length = (session.end_ns - session.start_ns) / len(shares)
    begun = (session.from_ns - session.start_ns) / length
    left = [share * min(max(place + 1 - begun, 0.0), 1.0) for place, share in enumerate(shares)]
    return sum(left) * len(shares) / (len(shares) - begun)
