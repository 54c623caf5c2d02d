"""Sums that fade: additive statistics, multiplied by gamma with every lesson of whatever arm.

Owns the clock of lessons and its laziness: an array is faded when it is next looked at, by gamma
to the number of lessons since, which is the same as step by step and costs the others nothing.
Must not know what is summed. `clock` (1,) counts lessons; n sums NAME are n + 1 numbers, the
last of them the clock at which the others held.
"""

from __future__ import annotations

import numpy as np

from router.ports import Arrays, FloatArray


def started() -> Arrays:
    """A state in which nothing was summed."""
    return {"clock": np.zeros(1)}


def shapes(**sizes: int) -> dict[str, tuple[int, ...]]:
    """The shapes of the clock, of the markouts that every opponent keeps, and of so many sums for
    each arm."""
    sums = {f"{kind}/": (size + 1,) for kind, size in sizes.items()}
    return {"clock": (1,), "markout/": (3,), **sums}


def clocks(*sums: str) -> dict[str, int]:
    """Where sums of these kinds, and the markouts, say at which clock they held."""
    return {f"{kind}/": -1 for kind in ("markout", *sums)}


def tick(state: Arrays) -> None:
    """One more lesson."""
    state["clock"] += 1.0


def read(state: Arrays, name: str, size: int, gamma: float) -> FloatArray:
    """The `size` sums as they are now, a copy; zeros if there are none, or not so many."""
    kept = state.get(name)
    if kept is None or len(kept) != size + 1:
        return np.zeros(size)
    since = max(0.0, float(state["clock"][0] - kept[-1]))  # what is of later does not fade
    return np.asarray(kept[:-1] * gamma**since, dtype=np.float64)


def write(state: Arrays, name: str, sums: FloatArray) -> None:
    """Put the sums as they are now."""
    state[name] = np.append(sums, state["clock"])
