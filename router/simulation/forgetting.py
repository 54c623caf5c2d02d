"""A venue that forgets what it has not told: its line breaks as something trades there. And when
operators telephone, there and elsewhere. Drawn apart from all other draws.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from router.model import NS
from router.simulation.things import Thing
from router.simulation.world import World

CALLED = 0.3
"""The share of worlds in which operators telephone before faults have stopped."""


def forgetting(world: World, end: int) -> list[Thing]:
    """One to three breaks of a venue's line, and up to three calls, all before `end`."""
    rng = np.random.Generator(np.random.Philox(key=world.seed, counter=6 << 32))
    things = []
    for _ in range(int(rng.integers(1, 4)) if world.forgets else 0):
        at = int(rng.integers(0, end - NS))
        until = world.start + min(at + 10 * NS, end)
        text = f"the line of {world.forgets} breaks as something trades there"
        things.append(Thing(at, text, partial(world.cut_at_fill, world.forgets, until=until)))
    for _ in range(int(rng.integers(1, 4)) if rng.random() < CALLED else 0):
        at = int(rng.integers(0, end))
        things.append(Thing(at, "an operator telephones", world.telephone))
    return things
