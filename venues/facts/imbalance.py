"""Facts of the queue imbalance: how it foretells the next move of the mid, and how long it lasts.

Imbalance is (bid size - ask size) / (bid size + ask size) at the best prices, sampled each second.
"""

from __future__ import annotations

import numpy as np

from venues.facts.day import Day
from venues.facts.series import Facts, Flags, Floats, acf, finite, last_before, ranks

BINS = 10
BIN_MIN = 30
"""Samples that a bin needs at least, not counting the last."""

HALF_LIFE_MAX_S = 120

NEWTON_STEPS = 25
RIDGE = 1e-9
"""Keeps the logit's Hessian invertible when all samples have the same imbalance."""


def imbalance_facts(day: Day) -> Facts:
    """Slope and discrimination of imbalance -> next move up; decay of imbalance."""
    sampled, up = _next_moves(day)
    memory = acf(_on_grid(day), range(1, HALF_LIFE_MAX_S + 1))
    return {
        "imb_logit_slope": _logit_slope(sampled, up),
        "imb_auc": _auc(sampled, up),
        "imb_acf_1s": memory[0],
        "imb_acf_10s": memory[9],
        "imb_halflife_s": next(
            (
                float(lag)
                for lag, value in enumerate(memory, start=1)
                if value is not None and value < 0.5
            ),
            None,
        ),
    }


def up_probability(day: Day) -> list[float | None]:
    """P(next move of the mid is up) by imbalance, in `BINS` equal bins from -1 to 1."""
    sampled, up = _next_moves(day)
    places = np.clip(np.digitize(sampled, np.linspace(-1.0, 1.0, BINS + 1)) - 1, 0, BINS - 1)
    counts = np.bincount(places, minlength=BINS)
    ups = np.bincount(places, weights=up, minlength=BINS)
    return [float(ups[k] / counts[k]) if counts[k] > BIN_MIN else None for k in range(BINS)]


def _next_moves(day: Day) -> tuple[Floats, Flags]:
    """Imbalance at each second of a two-sided market, and whether the mid's next move is up."""
    book = day.book
    moves = np.append(np.diff(book.mid), 0.0)
    rows = len(moves)
    # For each row the first row from it on after which the mid moves; `rows` if there is none.
    moving = np.where(moves != 0, np.arange(rows), rows)
    following = np.minimum.accumulate(moving[::-1])[::-1]
    usable = book.two_sided & (following < rows)
    up = usable & (moves[np.minimum(following, rows - 1)] > 0)
    sampled = last_before(book.t_ns, np.concatenate(day.grids(1)), including=True)
    sampled = sampled[sampled >= 0]
    sampled = sampled[usable[sampled]]
    return book.imbalance[sampled], up[sampled]


def _on_grid(day: Day) -> Floats:
    rows = last_before(day.book.t_ns, np.concatenate(day.grids(1)), including=True)
    return day.book.imbalance[rows[rows >= 0]]


def _logit_slope(x: Floats, up: Flags) -> float | None:
    """Maximum-likelihood slope of logit P(up) = a + b x, by Newton's method."""
    if not 0 < int(up.sum()) < len(up):
        return None
    y = up.astype(np.float64)
    intercept = slope = 0.0
    for _ in range(NEWTON_STEPS):
        # The logistic function as a hyperbolic tangent cannot overflow.
        p = 0.5 * (1.0 + np.tanh(0.5 * (intercept + slope * x)))
        weight = p * (1.0 - p)
        cross = float((weight * x).sum())
        hessian = np.array([[weight.sum(), cross], [cross, (weight * x * x).sum()]])
        gradient = np.array([(y - p).sum(), ((y - p) * x).sum()])
        step = np.linalg.solve(hessian + RIDGE * np.eye(2), gradient)
        intercept, slope = intercept + float(step[0]), slope + float(step[1])
    return finite(slope)


def _auc(x: Floats, up: Flags) -> float | None:
    """Probability that imbalance is higher before a move up than before one down (Mann-Whitney)."""
    ups = int(up.sum())
    downs = len(up) - ups
    if not ups or not downs:
        return None
    return float((ranks(x)[up].sum() - ups * (ups + 1) / 2.0) / (ups * downs))
