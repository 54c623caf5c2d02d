"""Facts of prints away from the books: where they trade in the spread, and what follows them."""

from __future__ import annotations

import numpy as np

from router.model import NS
from venues.facts.day import Day
from venues.facts.response import any_move_10s, move_after_fills_10s
from venues.facts.series import (
    Facts,
    Floats,
    Ints,
    hill,
    last_before,
    mean,
    median,
    pick,
    ratio,
    rows_where,
)

TOUCH_TOLERANCE = 1e-3
"""Of the half-spread: how near to the touch is at it."""
MID_TOLERANCE = 1e-6

WAITS_MIN = 100
"""Waits between prints that their variation needs, not counting the last."""

WINDOW_S = 10


def off_exchange_facts(day: Day) -> Facts:
    """Share of volume, and of it by place in the spread; midpoint prints by themselves."""
    off, total = day.off, float(day.prints.qty.sum())
    facts = {"offexchange_volume_share": ratio(float(off.qty.sum()), total)}
    if not len(off.qty):
        return facts
    before = last_before(day.book.t_ns, off.t_ns, including=False)
    mid, spread = pick(day.book.mid, before), pick(day.book.spread, before)
    half = np.where(spread > 0, spread / 2.0, np.nan)
    distance = np.abs(off.px - mid) / half
    at_mid = distance < MID_TOLERANCE
    inside = (distance >= MID_TOLERANCE) & (distance < 1.0 - TOUCH_TOLERANCE)
    at_touch = np.abs(distance - 1.0) <= TOUCH_TOLERANCE
    known = float(off.qty[before >= 0].sum())
    return {
        **facts,
        "off_mid_share": ratio(float(off.qty[at_mid].sum()), known),
        "off_inside_share": ratio(float(off.qty[inside].sum()), known),
        "off_touch_share": ratio(float(off.qty[at_touch].sum()), known),
        **_midpoint_facts(day, rows_where(at_mid), mid),
    }


def _midpoint_facts(day: Day, rows: Ints, mid: Floats) -> Facts:
    """Of midpoint prints; how far the mid moves after one, and after a lit fill, over any 10 s."""
    t_ns, qty = day.off.t_ns[rows], day.off.qty[rows]
    waits = np.diff(t_ns) / NS
    moved, ever = mean(np.abs(day.book.mid_at(t_ns + 10 * NS) - mid[rows])), any_move_10s(day)
    windows = day.counts(t_ns, WINDOW_S, qty)
    return {
        "off_mid_print_median": median(qty),
        "off_mid_tail_alpha_hill5": hill(qty, 0.05),
        "off_mid_interarrival_cv": (
            ratio(float(waits.std()), mean(waits)) if len(waits) > WAITS_MIN else None
        ),
        "off_mid_absmove10s_over_uncond": ratio(moved, ever),
        "lit_absmove10s_over_uncond": ratio(move_after_fills_10s(day), ever),
        "off_mid_zero_frac_10s": mean(windows == 0),
        "off_mid_vol10s_tail_alpha_hill10": hill(windows[windows > 0], 0.10),
    }
