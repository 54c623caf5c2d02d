"""Facts of each venue of a day: its volume, what its takers pay and what its makers keep."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from router.model import NS
from venues.facts.day import Day
from venues.facts.series import finite, last_before, mean, pick, ratio


@dataclass(frozen=True, slots=True)
class VenueFacts:
    """Of one venue."""

    volume_share: float | None
    """Of all regular prints, in shares traded."""
    effective: float | None
    """What aggressors pay: twice the distance to the mid before, spreads, per print."""
    realised_10s: float | None
    """What their counterparts keep: the same, to the mid 10 s later."""


def venue_facts(day: Day) -> dict[str, VenueFacts]:
    """By venue, in the order in which they first traded. A spread is the mean that market orders
    met; prints whose aggressor is not known pay and keep nothing."""
    prints, book, unit = day.prints, day.book, finite(day.orders.quoted)
    total = float(prints.qty.sum())
    before = pick(book.mid, last_before(book.t_ns, prints.t_ns, including=False))
    after = book.mid_at(prints.t_ns + 10 * NS)
    side = np.where(prints.sign != 0, prints.sign, np.nan)
    paid, kept = (2.0 * side * (prints.px - mid) for mid in (before, after))
    found = {}
    for place, venue in enumerate(day.venues):
        own = prints.venue == place
        if own.any():
            found[venue] = VenueFacts(
                ratio(float(prints.qty[own].sum()), total),
                ratio(mean(paid[own]), unit),
                ratio(mean(kept[own]), unit),
            )
    return found
