"""Facts of single orders at one lit venue: how many come and go, where, and for how long."""

from __future__ import annotations

import numpy as np

from router.model import NS
from venues.facts.day import Day
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
from venues.facts.tables import EventTable

ADD, CANCEL, EXECUTE = (ord(letter) for letter in "ACE")


def order_event_facts(day: Day) -> Facts:
    """Empty without a table of events."""
    events = day.events
    if events is None:
        return {}
    added, cancelled, executed = (
        int((events.kind == kind).sum()) for kind in (ADD, CANCEL, EXECUTE)
    )
    rows = rows_where(events.kind == ADD)
    behind = _behind_touch(day, events, rows)
    rows, behind = rows[np.isfinite(behind)], behind[np.isfinite(behind)]
    spread = day.book.spread[day.book.two_sided]
    unit = max(float(np.median(spread)), 1.0) if len(spread) else None
    return {
        "cancel_over_add": cancelled / max(added, 1),
        "exec_over_add": executed / max(added, 1),
        "add_inside_spread_frac": mean(behind < 0),
        "add_at_touch_frac": mean(behind == 0),
        "add_distance_over_spread_median": ratio(median(np.maximum(behind, 0.0)), unit),
        "add_size_tail_alpha_hill5": hill(events.qty[rows], 0.05),
        **_lives(events, rows[behind <= 0]),
    }


def _behind_touch(day: Day, events: EventTable, rows: Ints) -> Floats:
    """How far behind its own best price each order came, ticks; NaN before the first quote."""
    book, side = day.book, events.side[rows]
    before = last_before(book.t_ns, events.t_ns[rows], including=False)
    own = np.where(side > 0, pick(book.bid, before), pick(book.ask, before))
    return np.asarray((own - events.px[rows]) * side, np.float64)


def _lives(events: EventTable, near: Ints) -> Facts:
    """What ended the orders that came at the touch or inside, and after how many seconds."""
    last = _last_rows(events.order_id)[near]
    life = (events.t_ns[last] - events.t_ns[near]) / NS
    ended = events.kind[last]
    filled, cancelled = ((life > 0) & (ended == kind) for kind in (EXECUTE, CANCEL))
    return {
        "near_touch_filled_frac": int(filled.sum()) / max(len(near), 1),
        "near_touch_cancel_frac": int(cancelled.sum()) / max(len(near), 1),
        "near_touch_median_life_fill_s": median(life[filled]),
        "near_touch_median_life_cancel_s": median(life[cancelled]),
    }


def _last_rows(order_id: Ints) -> Ints:
    """For each row, the row of the last event of its order."""
    _, from_end, order = np.unique(order_id[::-1], return_index=True, return_inverse=True)
    return (len(order_id) - 1 - from_end)[order[::-1]].astype(np.int64)
