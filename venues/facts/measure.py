"""All facts of a recording, and the curves behind them.

Owns their names and order: a family of facts is a function in a file of its own and is called here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from venues.facts import (
    activity,
    imbalance,
    off_exchange,
    order_events,
    queueing,
    quotes,
    response,
    returns,
)
from venues.facts.by_venue import VenueFacts, venue_facts
from venues.facts.day import Day, Scope, day_of
from venues.facts.queueing import Trials, try_touch
from venues.facts.series import Facts
from venues.facts.tables import read_recording

FACTS_OF_SCALE = ("touch_depth_tw_mean", "mo_size_mean")
"""Shares of a stock: told, but no two stocks share a band of them."""

SPREAD_TICKS = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 40, 60, 80, 120, 160, 240, 320)
IMPACT_DELAYS_S = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0)
FILL_DELAYS_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0)
IMBALANCE_MIDDLES = tuple((2 * place + 1) / imbalance.BINS - 1.0 for place in range(imbalance.BINS))


@dataclass(frozen=True, slots=True)
class Curve:
    """A fact that is a function of something."""

    x: tuple[float, ...]
    y: tuple[float | None, ...]


Curves = dict[str, Curve]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a recording says."""

    name: str
    facts: Facts
    curves: Curves
    venues: dict[str, VenueFacts]


def measure(prefix: Path, scope: Scope) -> Measured:
    """Facts and curves of the recording with this path prefix.

    Raises:
        RecordingFormatError: what is wrong with it.
        OSError: a file cannot be read.
    """
    recording = read_recording(prefix)
    day = day_of(recording, scope)
    trials = try_touch(day)
    return Measured(recording.name, facts_of(day, trials), curves_of(day, trials), venue_facts(day))


def facts_of(day: Day, trials: Trials) -> Facts:
    """Every fact by name."""
    return {
        **quotes.spread_facts(day),
        **quotes.depth_facts(day),
        **activity.rate_facts(day),
        **activity.size_facts(day),
        **activity.sign_facts(day),
        **returns.autocorrelation_facts(day),
        **returns.volatility_facts(day),
        **returns.intraday_facts(day),
        **imbalance.imbalance_facts(day),
        **response.response_facts(day),
        **response.cost_facts(day),
        **queueing.queueing_facts(day, trials),
        **off_exchange.off_exchange_facts(day),
        **order_events.order_event_facts(day),
    }


def curves_of(day: Day, trials: Trials) -> Curves:
    """Every curve by name."""
    signature = returns.signature(day, trades=False)
    unit = signature[-1] or None
    hours = returns.half_hours(day)
    curves = {
        "spread": Curve(_floats(SPREAD_TICKS), tuple(quotes.spread_within(day, SPREAD_TICKS))),
        "signature": Curve(
            _floats(returns.SIGNATURE_S),
            tuple(None if unit is None or each is None else each / unit for each in signature),
        ),
        "sign_memory": Curve(_floats(activity.SIGN_LAGS), tuple(activity.sign_memory(day))),
        "imbalance": Curve(IMBALANCE_MIDDLES, tuple(imbalance.up_probability(day))),
        "response": Curve(_floats(response.LAGS), tuple(response.response_by_lag(day))),
        "impact": Curve(IMPACT_DELAYS_S, tuple(response.impact_by_time(day, IMPACT_DELAYS_S))),
        "time_to_fill": Curve(FILL_DELAYS_S, tuple(trials.filled_within(FILL_DELAYS_S))),
    }
    if hours is not None:
        middles = (np.arange(returns.U_BINS) + 0.5) / returns.U_BINS
        curves["intraday"] = Curve(_floats(middles), _floats(hours * returns.U_BINS))
    return curves


def _floats(values: object) -> tuple[float, ...]:
    return tuple(float(each) for each in np.asarray(values))
