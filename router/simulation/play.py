"""One seed, played to its end, and what came of it as a value that can go to another process.

Owns what counts as a failure: an invariant that the oracle finds broken, and an exception that
nothing in the house expects. Knows nothing of other seeds.
"""

from __future__ import annotations

import traceback
from collections.abc import Collection
from dataclasses import dataclass

from router.simulation.reading import Broken
from router.simulation.script import Script
from router.simulation.world import World

TEXT_MAX = 600
"""Characters that are kept of what a failure says."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a seed."""

    seed: int
    script: tuple[str, ...]
    """Every thing that was drawn, by number."""
    trace: str
    """sha256 of every byte that has left the node, with its time and wire."""
    rule: str = ""
    """The invariant that is broken, or the exception and where it came from; empty: all held."""
    text: str = ""
    """What of it."""
    at: int = 0
    """When the run ended, nanoseconds after its start."""
    lives: int = 0
    orders: int = 0
    executions: int = 0


def play(seed: int, keep: Collection[int] | None = None) -> Outcome:
    """Play a seed, or only the things of it that have these numbers."""
    world = World(seed)
    script = Script(world, keep)
    rule = text = ""
    try:
        script.run()
    except Broken as broken:
        rule, text = broken.rule, broken.text
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        rule, text = f"{type(error).__name__} in {_place(error)}", str(error)
    return Outcome(
        seed=seed,
        script=tuple(f"{each.at / 1e9:10.6f}  {each.text}" for each in script.things),
        trace=world.trace,
        rule=rule,
        text=text[:TEXT_MAX],
        at=world.elapsed,
        lives=world.lives,
        orders=len(world.oracle.asked),
        executions=len(world.oracle.executions),
    )


def _place(error: Exception) -> str:
    """The function that it was raised in."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename.rpartition('/')[2]}:{frame.name}"
