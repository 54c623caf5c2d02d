"""Markets for tests: the shipped baseline with changes, and orders in few words."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from router.model import NS, OrdType, Side, TimeInForce
from venues.market import Market
from venues.market_file import MarketSpec, read_market
from venues.messages import OrderMessage, VenueMessage, VenueOrder

MARKETS = Path(__file__).parents[2] / "config" / "markets"
TICK = 1_000_000
"""0.01 in price units."""
START = 1_700_000_000 * NS

CALM = {"flow.market_orders_per_s": 1e-9, "impact.kernel.Y": 0.0}
"""Nothing moves by itself: the books stay as they were filled, 49.99 against 50.01."""
BID, OFFER, MID = 4999 * TICK, 5001 * TICK, 5000 * TICK


def spec_of(folder: Path, changes: Mapping[str, object]) -> MarketSpec:
    """The baseline without latencies, with dotted changes."""
    shutil.copy(MARKETS / "baseline.yaml", folder)
    path = folder / "changed.yaml"
    document = {"id": "changed", "vocabulary": 1, "extends": "baseline", "set": dict(changes)}
    path.write_text(json.dumps(document, indent=1))
    return at_once(read_market(path))


def at_once(spec: MarketSpec) -> MarketSpec:
    """The same market, but no message takes time."""
    venues = tuple(each.model_copy(update={"latency": None}) for each in spec.venues)
    return replace(spec, venues=venues)


def market_of(folder: Path, changes: Mapping[str, object], seed: int = 1) -> Market:
    """A market at its start."""
    return Market(spec_of(folder, changes), seed=seed, start=START)


def px(text: float) -> int:
    """A price in currency as price units."""
    return round(text * 100) * TICK


def order(
    ref: str,
    side: Side,
    qty: int,
    price: int | None = None,
    tif: TimeInForce = TimeInForce.DAY,
    **more: object,
) -> VenueOrder:
    """A limit order, or a market order if it has no price."""
    terms: dict[str, object] = {
        "order_ref": ref,
        "symbol": "ACME",
        "side": side,
        "qty": qty,
        "ord_type": OrdType.MARKET if price is None else OrdType.LIMIT,
        "time_in_force": tif,
        "price": price,
        "owner": "ME",
    }
    return VenueOrder(**{**terms, **more})  # type: ignore[arg-type]


def said_of_orders(market: Market) -> list[VenueMessage]:
    """What was said of orders since the last look; market data and quotes are left out."""
    return [message for message in market.take() if isinstance(message, OrderMessage)]
