"""Venues under other names: what a router knows of a name is then worth nothing.

Owns the exchange. Terms, latencies and books stay with the venue; only its name goes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np

from config.documents import DocumentError
from venues.market_file import MarketSpec


def relabelled(spec: MarketSpec, seed: int) -> MarketSpec:
    """Venues of each kind exchange their names at random, by a seed.

    Raises:
        DocumentError: the market's schedule names venues.
    """
    if spec.schedule:
        text = f"market {spec.id}: its schedule names venues, so that they cannot exchange names"
        raise DocumentError([text])
    chance = np.random.Generator(np.random.Philox(key=seed))
    by_kind: dict[str, list[str]] = defaultdict(list)
    for venue in spec.venues:
        by_kind[venue.kind].append(venue.id)
    given = {
        old: new
        for names in by_kind.values()
        for old, new in zip(names, map(str, chance.permutation(names)), strict=True)
    }
    venues = tuple(venue.model_copy(update={"id": given[venue.id]}) for venue in spec.venues)
    return replace(spec, venues=venues)
