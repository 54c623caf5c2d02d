"""When the policy documents of a world are edited, and loaded: drawn apart from all other draws.

Owns the draws, and that half of the reloads come shortly before an order. A world whose other
things are known stays the same if something is added here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from router.model import NS
from router.simulation.books import BROKEN, MORE, SHIPPED
from router.simulation.reading import MS
from router.simulation.things import Thing
from router.simulation.world import World

SETS = (SHIPPED, *MORE, *MORE, BROKEN)
NEAR = MS // 2
"""A crash so soon meets the reload's record on its way to the disk, which takes less."""


def reloads(world: World, end: int, orders: Sequence[int]) -> list[Thing]:
    """In a third of all worlds one to four reloads before `end`; `orders` are when those come."""
    rng = np.random.Generator(np.random.Philox(key=world.seed, counter=5 << 32))
    things: list[Thing] = []

    def add(at: int, text: str, act: Callable[[], None]) -> None:
        things.append(Thing(at, text, act))

    for _ in range(int(rng.integers(1, 5)) if rng.random() < 1 / 3 else 0):
        name = SETS[int(rng.integers(len(SETS)))]
        apply_open = bool(rng.random() < 0.5)
        text = f"policies {name} are loaded{', for open orders too' if apply_open else ''}"
        load = partial(world.reload, name, apply_open=apply_open)
        at = int(rng.integers(end - NS))
        if rng.random() < 0.5:
            order = orders[int(rng.integers(len(orders)))]
            at = max(0, min(order, end - NS) - int(rng.integers(20 * MS)))
        match int(rng.integers(8)):
            case 0 | 1:
                power, after = bool(rng.random() < 0.5), int(rng.integers(NEAR))
                add(at, text, load)
                crash = partial(world.crash, power=power)
                add(at + after, f"crash, power {power}, {after / MS:.3f} ms later", crash)
            case 2 if name != BROKEN:
                act = partial(world.edit_and_crash, name)
                add(at, f"policies {name} are there, and a crash", act)
            case _:
                add(at, text, load)
    return things
