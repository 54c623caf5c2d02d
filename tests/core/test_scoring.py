"""What the core tells a learner of the market, by hand."""

from __future__ import annotations

import pytest

from router.core.scoring import impact_bp
from router.model import PX_SCALE
from router.ports import MarketView


def market(bid: float, offer: float, bid_qty: int, offer_qty: int) -> MarketView:
    return MarketView(round(bid * PX_SCALE), round(offer * PX_SCALE), bid_qty, offer_qty, 0, 0)


def test_it_is_half_the_spread_over_the_root_of_the_depth_in_lots() -> None:
    # half a spread of 2 cents is 2 bp of 50.00; (300 + 500) / 2 shares are 4 lots
    assert impact_bp(market(49.99, 50.01, 300, 500), 100) == pytest.approx(1.0)


def test_less_than_a_lot_is_shown_or_nothing() -> None:
    assert impact_bp(market(49.99, 50.01, 50, 50), 100) == pytest.approx(2.0)
    assert impact_bp(market(49.99, 0.0, 50, 0), 100) == 0.0
    assert impact_bp(market(50.01, 50.0, 100, 100), 100) == 0.0  # crossed
