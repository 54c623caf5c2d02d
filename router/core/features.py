"""The context vector of a decision: one row per candidate, the same meaning for buys and sells.

Owns the names, definitions and frozen scales of the features (docs/hazard.md), and what a
fill is known to cost. Must not know learners. Everything is causal: books and statistics hold what
was received up to `now`, nothing later.

A value that is not known is 0 after standardisation, which is what a typical market looks like.
Means and scales were chosen once for a stock with a spread of one to a few ticks; they are part of
the feature version and never re-estimated while running, or old lessons would change their meaning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp2, isfinite, log, log1p, sqrt

import numpy as np

from router.core.books import Book, Market, Tracker
from router.model import BP, NS, Instrument, Side, Tactic
from router.ports import Candidate, FloatArray, MarketView, ParentView

FEATURE_VERSION = 1
"""Raised with every change of a definition, a scale or the order."""

CLIP = 4.0
"""Standardised features stay within +-CLIP."""

SIGNAL_HALF_LIFE_NS = 600 * NS
"""How fast an alternative-data signal fades after its receipt (choice)."""

_SCALES: dict[str, tuple[float, float]] = {
    # name: (mean, scale) of the raw value
    "microprice": (0.0, 0.25),  # a * (microprice - mid) / spread, consolidated: in +-0.5
    "imbalance": (0.0, 0.5),  # a * (bid qty - offer qty) / sum, at the candidate's own book
    "spread": (0.7, 0.7),  # log of the consolidated spread in ticks, floored at one tick
    "volatility_60s": (-1.0, 1.0),  # log of the 1-s mid return's standard deviation, bp
    "volatility_300s": (-1.0, 1.0),
    "flow_10s": (0.0, 0.5),  # a * signed over unsigned decayed sqrt(shares): in +-1
    "flow_60s": (0.0, 0.4),
    "to_close": (9.0, 1.0),  # log of seconds to the end of the trading day
    "time_left": (6.0, 1.5),  # log of seconds to the parent's end
    "remaining_adv": (-6.0, 1.5),  # log of LeavesQty over median daily volume
    "schedule_lag": (0.0, 0.25),  # share of time gone less share of quantity done
    "displayed": (1.0, 0.8),  # log(1 + shares shown / typical trade); of lit_make the queue ahead
    "data_age": (0.7, 1.0),  # log(1 + seconds since the venue's book or quote changed)
    "fill_ratio": (0.5, 0.3),  # moving mean of filled over sent of the arm
    "signal": (0.0, 0.5),  # a * alternative data in [-1, 1], faded: off unless a signal is given
    "signal_seen": (0.0, 1.0),  # 1 if there is one: the missing flag, so that missing is 0
}

FEATURES: tuple[str, ...] = tuple(_SCALES)
"""Names, in the order of columns."""

_COLUMN = {name: i for i, name in enumerate(FEATURES)}
_OF_CANDIDATE = ("imbalance", "displayed", "data_age", "fill_ratio")
_PER_CANDIDATE = [_COLUMN[name] for name in _OF_CANDIDATE]


@dataclass(frozen=True, slots=True)
class Signal:
    """One item of alternative data: the slot's typed interface.

    It ships switched off: a signal earns its place by ablation with a confidence interval.
    """

    symbol: str
    value: float
    """In [-1, 1], + is good for the price."""
    confidence: float
    """In [0, 1]."""
    t_published: int
    t_received: int
    """UTC nanoseconds; the model sees nothing before its receipt, whenever it was published."""
    source_id: str


def features(
    parent: ParentView,
    candidate_list: Sequence[Candidate],
    market: Market,
    instrument: Instrument,
    now: int,
    history: Mapping[str, float],
    signal: Signal | None = None,
) -> FloatArray:
    """The (K, D) matrix of standardised, clipped features; never NaN.

    `history` is the moving fill ratio by arm key.
    """
    tracker = market.tracker(parent.symbol, now)
    view = market.view(parent.symbol, now, 0)
    common = {
        **market_features(view, tracker, instrument, now, parent.side.sign),
        **_parent_features(parent, instrument, now),
        **_signal_features(signal, parent, now),
    }
    row = [0.0] * len(FEATURES)
    for name, value in common.items():
        row[_COLUMN[name]] = _scaled(name, value)
    typical = tracker.trade_size if tracker and tracker.trade_size else float(instrument.lot)
    found = np.empty((len(candidate_list), len(FEATURES)))
    for i, candidate in enumerate(candidate_list):
        own = _venue_features(candidate, market, parent, now, typical, history)
        for column, name, value in zip(_PER_CANDIDATE, _OF_CANDIDATE, own, strict=True):
            row[column] = _scaled(name, value)
        found[i] = row
    return found


def _scaled(name: str, value: float) -> float:
    """Standardised and clipped; 0 if it is not known. In plain numbers: of one to a dozen
    candidates, arrays cost more."""
    mean, scale = _SCALES[name]
    scaled = (value - mean) / scale
    return min(max(scaled, -CLIP), CLIP) if isfinite(scaled) else 0.0


def cost_bp(candidate: Candidate, side: Side, mid2: int) -> float:
    """What a filled share is known to cost: price against the midpoint plus fee, bp of the mid.

    A candidate without a price trades at the midpoint, and so does a limited midpoint order.
    0 without a midpoint: there is nothing to measure against.
    """
    if mid2 <= 0:
        return 0.0
    away2 = 0
    if candidate.price is not None and candidate.tactic is not Tactic.DARK_MID:
        away2 = side.sign * (2 * candidate.price - mid2)
    return BP * (away2 + 2 * candidate.fee) / mid2


def market_features(
    view: MarketView, tracker: Tracker | None, instrument: Instrument, now: int, sign: int
) -> dict[str, float]:
    """What of the raw features is the market's alone; names that are not known are missing.

    `sign` is +1 for a buyer's view and -1 for a seller's.
    """
    found: dict[str, float] = {}
    if view.bid and view.offer and view.bid_qty + view.offer_qty:
        # (offer*Qb + bid*Qa)/(Qa+Qb) - mid is spread * (Qb - Qa) / (2 (Qa + Qb))
        depth = view.bid_qty + view.offer_qty
        found["microprice"] = sign * (view.bid_qty - view.offer_qty) / (2 * depth)
        found["spread"] = log(max(1.0, (view.offer - view.bid) / instrument.tick))
    if tracker is not None:
        for i, name in enumerate(("volatility_60s", "volatility_300s")):
            variance = tracker.variance(i)
            if variance is not None:
                found[name] = log(max(1e-3, BP * sqrt(variance)))
        for i, name in enumerate(("flow_10s", "flow_60s")):
            signed, unsigned = tracker.flow(i, now)
            # shrunk by four round lots, or one odd lot would look like a one-sided market
            found[name] = sign * signed / (unsigned + 4 * sqrt(instrument.lot))
    found["to_close"] = _log_seconds(instrument.day_end(now) - now)
    return found


def _parent_features(parent: ParentView, instrument: Instrument, now: int) -> dict[str, float]:
    found: dict[str, float] = {}
    if parent.end_time > now:
        found["time_left"] = _log_seconds(parent.end_time - now)
    if instrument.adv > 0 and parent.leaves_qty > 0:
        found["remaining_adv"] = log(parent.leaves_qty / instrument.adv)
    span = parent.end_time - parent.start_time
    if span > 0 and parent.order_qty > 0:
        gone = min(1.0, max(0.0, (now - parent.start_time) / span))
        found["schedule_lag"] = gone - parent.cum_qty / parent.order_qty
    return found


def _signal_features(signal: Signal | None, parent: ParentView, now: int) -> dict[str, float]:
    if signal is None or signal.symbol != parent.symbol or signal.t_received > now:
        return {}
    if not (isfinite(signal.value) and isfinite(signal.confidence)):
        return {}
    fade = exp2(-(now - signal.t_received) / SIGNAL_HALF_LIFE_NS)
    value = max(-1.0, min(1.0, signal.value)) * max(0.0, min(1.0, signal.confidence))
    return {"signal": parent.side.sign * value * fade, "signal_seen": 1.0}


def _venue_features(
    candidate: Candidate,
    market: Market,
    parent: ParentView,
    now: int,
    typical: float,
    history: Mapping[str, float],
) -> tuple[float, float, float, float]:
    """Imbalance, displayed, data age and fill ratio; NaN where there is nothing to look at."""
    imbalance = age = nan = float("nan")
    book = market.book(parent.symbol, candidate.arm.mic)
    if book is not None and not book.stale and book.bid_qty + book.offer_qty:
        imbalance = parent.side.sign * _imbalance(book)
        age = log1p(max(0, now - book.updated_at) / NS)
    shown = log1p(candidate.displayed / typical) if candidate.displayed > 0 else nan
    return imbalance, shown, age, history.get(candidate.arm.key, nan)


def _imbalance(book: Book) -> float:
    return (book.bid_qty - book.offer_qty) / (book.bid_qty + book.offer_qty)


def _log_seconds(duration_ns: int) -> float:
    return log(max(1.0, duration_ns / NS))
