"""Facts of what happens how often and how large: rates, clustering, sizes, signs of orders."""

from __future__ import annotations

import math

import numpy as np

from router.model import NS
from venues.facts.day import Day
from venues.facts.series import Facts, acf, hill, mean, ratio

GAP_MAX_S = 1800.0
"""A longer wait between orders is a break, not a wait."""

FANO_S = 60

SIGN_LAGS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
DECAY_LAGS = tuple(
    int(lag) for lag in np.unique(np.round(np.logspace(math.log10(3), math.log10(200), 40)))
)
"""Where the decay of the sign memory is fitted: evenly on a logarithmic scale from 3 to 200."""
DECAY_MIN = 8
"""Lags that the fit needs, above the noise of two standard errors."""


def rate_facts(day: Day) -> Facts:
    """How often orders, quotes and prices change, and how bunched orders come."""
    orders, book, seconds = day.orders, day.book, day.scope.seconds
    waits = np.diff(orders.t_ns) / NS
    waits = waits[waits < GAP_MAX_S]
    counts = day.counts(orders.t_ns, FANO_S)
    return {
        "market_orders_per_s": len(orders.t_ns) / seconds,
        "book_updates_per_mo": len(book.t_ns) / max(len(orders.t_ns), 1),
        "mid_changes_per_s": int(np.count_nonzero(np.diff(book.mid))) / seconds,
        "intertrade_cv": ratio(float(waits.std()), mean(waits)) if len(waits) else None,
        "trade_count_fano_60s": ratio(float(counts.var()), float(counts.mean())),
    }


def size_facts(day: Day) -> Facts:
    """Sizes of prints and of market orders."""
    qty, lot = day.lit.qty, day.scope.lot
    return {
        "print_frac_round_lot": mean(qty % lot == 0),
        "print_frac_eq_lot": mean(qty == lot),
        "mo_size_mean": mean(day.orders.qty),
        "mo_size_tail_alpha_hill5": hill(day.orders.qty, 0.05),
        "print_size_tail_alpha_hill1": hill(qty, 0.01),
    }


def sign_memory(day: Day) -> list[float | None]:
    """Autocorrelation of the signs of market orders at `SIGN_LAGS`, in orders."""
    return acf(day.orders.sign, SIGN_LAGS)


def sign_facts(day: Day) -> Facts:
    """Memory of signs: three lags, and the exponent of its decay."""
    memory = dict(zip(SIGN_LAGS, sign_memory(day), strict=True))
    return {
        "sign_acf_1": memory[1],
        "sign_acf_10": memory[10],
        "sign_acf_100": memory[100],
        "sign_acf_gamma_3_200": _decay(day),
    }


def _decay(day: Day) -> float | None:
    found = acf(day.orders.sign, DECAY_LAGS)
    noise = 2.0 / math.sqrt(max(len(day.orders.sign), 1))
    above = [
        (lag, value)
        for lag, value in zip(DECAY_LAGS, found, strict=True)
        if value is not None and value > noise
    ]
    if len(above) < DECAY_MIN:
        return None
    lags, values = zip(*above, strict=True)
    return -float(np.polyfit(np.log(lags), np.log(values), 1)[0])
