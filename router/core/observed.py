"""What the predictor knows of a market: one machine, fed by recordings and by live data alike.

Owns the features' names, order and version. What the router defines is taken from it
(`router.core.features`, `router.core.books`); added is what the best quotes did a moment ago.
Must not know targets or models. Everything is causal: a vector holds what was received by `now`,
and looking changes nothing, so that a market is the same whether decisions were made in it or not.

Features are of the market, not of an order: a seller mirrors them (`SIGNS`). Unknown is NaN.
"""

from __future__ import annotations

from math import exp2, isnan, log1p, nan
from typing import TypeVar

import numpy as np

from router.core.books import NEVER_NS, Tracker
from router.core.features import FEATURE_VERSION as CORE_VERSION
from router.core.features import market_features
from router.model import NS, Instrument
from router.ports import FloatArray, MarketView

FEATURE_VERSION = f"{CORE_VERSION}.1"
"""That of the router's definitions, and ours: raised with every change of one or of the order."""

HALF_LIVES = (1.0, 10.0)
"""Seconds, of what the best quotes did lately (choice: about the horizons that are predicted)."""

WINDOW_NS = 4 * 60 * NS
"""The longest memory of a feature: four half-lives of `volatility_60s`, when 6 % are left."""

WARM_NS = 60 * NS
"""A younger machine says nothing: recorded days are learned from after their first minute too."""

SHRINK_LOTS = 4
"""Order flow is shrunk by so many lots, or one small change would look like a one-sided market."""

SlottedT = TypeVar("SlottedT", "Observed", Tracker)

BUYER = 1
"""The market's own view is a buyer's: up is good."""

_SIGNED: dict[str, int] = {
    # name: -1 if it changes its sign when bid and offer change places
    "microprice": -1,  # (microprice - mid) / spread at the consolidated touch: half its imbalance
    "spread": 1,  # log of the spread in ticks
    "volatility_60s": 1,  # log of the 1-s mid return's standard deviation, bp
    "flow_10s": -1,  # signed over unsigned decayed sqrt(shares) of trades, in +-1
    "flow_60s": -1,
    "to_close": 1,  # log of seconds to the end of the trading day
    "imbalance_1s": -1,  # moving mean of (bid qty - offer qty) / sum, weighted by time
    "imbalance_10s": -1,
    "order_flow_1s": -1,  # signed over unsigned decayed order flow imbalance, in +-1
    "order_flow_10s": -1,
    "trend_1s": -1,  # (mid - its moving mean) / spread
    "trend_10s": -1,
    "mid_age": 1,  # log(1 + seconds since the mid moved)
    "depth": 1,  # log(1 + mean shares at the touch / typical trade)
}

FEATURES: tuple[str, ...] = tuple(_SIGNED)
"""Names, in the order of columns."""

SIGNS: FloatArray = np.array([float(sign) for sign in _SIGNED.values()])
"""(D,): a vector times this is the vector of the mirrored market."""


class Observed:
    """One symbol's market, as received. Times never go back; prices are integers of one unit."""

    __slots__ = (
        "_at", "_bid", "_bid_qty", "_instrument", "_mean_imbalance", "_mean_mid2", "_moved_at",
        "_offer", "_offer_qty", "_order_flow", "_order_turnover", "_seen_at", "_tracker",
    )  # fmt: skip

    def __init__(self, instrument: Instrument) -> None:
        """Of the instrument tick, lot and the day's close are used."""
        self._instrument = instrument
        self._tracker = Tracker()
        self._bid = self._bid_qty = self._offer = self._offer_qty = 0
        self._at = self._moved_at = 0
        self._seen_at: int | None = None
        self._mean_imbalance = [nan] * 2
        self._mean_mid2 = [nan] * 2
        self._order_flow = [0.0, 0.0]
        self._order_turnover = [0.0, 0.0]

    def quote(self, now: int, *, bid: int, bid_qty: int, offer: int, offer_qty: int) -> None:
        """Take the consolidated best quotes; price and shares of an empty side are 0.

        The same again is nothing new, however often it is told.
        """
        if (bid, bid_qty, offer, offer_qty) == (
            self._bid, self._bid_qty, self._offer, self._offer_qty
        ):  # fmt: skip
            return
        self._pass(now)
        before = self.mid2
        if before and bid and offer:
            self._count(bid, bid_qty, offer, offer_qty)
        self._bid, self._bid_qty, self._offer, self._offer_qty = bid, bid_qty, offer, offer_qty
        if self.mid2 != before:
            self._moved_at = now
        if self._seen_at is None and self.mid2:
            self._seen_at = now

    def trade(self, now: int, *, px: int, qty: int, sign: int) -> None:
        """Take a print; `sign` is +1 when a buyer took, -1 when a seller took, 0 unknown."""
        self._pass(now)
        self._tracker.trade(px, qty, sign, now)

    def vector(self, now: int) -> FloatArray:
        """The (D,) raw features as of `now`, in the order of FEATURES; NaN where unknown."""
        seen = _twin(self)
        seen._tracker = _twin(self._tracker)
        return seen._vector(now)

    def ready(self, now: int) -> bool:
        """True if both sides are quoted, uncrossed, and the first quotes are a minute old."""
        two_sided = 0 < self._bid < self._offer
        return two_sided and self._seen_at is not None and now - self._seen_at >= WARM_NS

    @property
    def mid2(self) -> int:
        """Best bid plus best offer; 0 if a side is empty."""
        return self._bid + self._offer if self._bid and self._offer else 0

    def _vector(self, now: int) -> FloatArray:
        self._pass(now)
        view = MarketView(self._bid, self._offer, self._bid_qty, self._offer_qty, NEVER_NS, 0)
        known = market_features(view, self._tracker, self._instrument, now, BUYER)
        if self.mid2:
            known |= self._recent(now)
        return np.array([known.get(name, nan) for name in FEATURES])

    @property
    def _imbalance(self) -> float:
        shown = self._bid_qty + self._offer_qty
        return (self._bid_qty - self._offer_qty) / shown if shown else 0.0

    def _recent(self, now: int) -> dict[str, float]:
        found: dict[str, float] = {}
        spread = max(self._instrument.tick, self._offer - self._bid)
        shrink = SHRINK_LOTS * self._instrument.lot
        for i, name in enumerate(("1s", "10s")):
            found[f"imbalance_{name}"] = self._mean_imbalance[i]
            found[f"trend_{name}"] = (self.mid2 - self._mean_mid2[i]) / (2 * spread)
            turnover = self._order_turnover[i] + shrink
            found[f"order_flow_{name}"] = self._order_flow[i] / turnover
        found["mid_age"] = log1p((now - self._moved_at) / NS)
        typical = self._tracker.trade_size or self._instrument.lot
        found["depth"] = log1p((self._bid_qty + self._offer_qty) / 2 / typical)
        return found

    def _pass(self, now: int) -> None:
        """Bring all that decays to `now`; the quotes have stood since the last call."""
        if self._tracker.due(now):
            self._tracker.sample(self.mid2, now)
        gone = now - self._at
        if gone <= 0:
            return
        self._at = now
        mid2, imbalance = self.mid2, self._imbalance
        for i, half_life in enumerate(HALF_LIVES):
            keep = exp2(-gone / (half_life * NS))
            self._order_flow[i] *= keep
            self._order_turnover[i] *= keep
            if mid2:
                self._mean_imbalance[i] = _towards(imbalance, self._mean_imbalance[i], keep)
                self._mean_mid2[i] = _towards(mid2, self._mean_mid2[i], keep)

    def _count(self, bid: int, bid_qty: int, offer: int, offer_qty: int) -> None:
        """Add a change of the best quotes to the order flow imbalance.

        A bid that rises or grows and an offer that rises or shrinks push the price up (Cont,
        Kukanov & Stoikov 2014, e_n).
        """
        change = 0
        if bid >= self._bid:
            change += bid_qty
        if bid <= self._bid:
            change -= self._bid_qty
        if offer <= self._offer:
            change -= offer_qty
        if offer >= self._offer:
            change += self._offer_qty
        for i in range(len(HALF_LIVES)):
            self._order_flow[i] += change
            self._order_turnover[i] += abs(change)


def _twin(machine: SlottedT) -> SlottedT:
    """A copy that may go on by itself: its lists are its own."""
    other = type(machine).__new__(type(machine))
    for name in type(machine).__slots__:
        value = getattr(machine, name)
        setattr(other, name, value[:] if type(value) is list else value)
    return other


def _towards(value: float, mean: float, keep: float) -> float:
    """A moving mean after the value has stood for a while; the first value is the first mean."""
    return value if isnan(mean) else value + keep * (mean - value)
