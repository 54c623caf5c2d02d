"""The fuzz targets: what each does with its bytes, how its inputs are mutated, where they begin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import door, mutate, seeds
from tests.fuzz.cost import Meter, peak
from tests.fuzz.script import check_session
from tests.fuzz.streams import Timed, check_framer, check_message

REGRESSIONS = Path(__file__).parent / "regressions"
"""Inputs that once were too much; `TARGET-anything`. Every run of the tests plays them."""


TRIES = 8
"""The least of so many measurements counts: other processes disturb."""


@dataclass(frozen=True)
class Target:
    """One target. `check` raises AssertionError, or whatever went wrong, and counts the inputs."""

    check: Callable[[bytes, Timed], int]
    mutation: mutate.Mutation
    seeds: Callable[[], Sequence[bytes]]
    size_max: int
    """Bytes of an input."""
    one_input: str
    """What is counted."""


TARGETS = {
    "framer": Target(check_framer, mutate.stream, seeds.streams, 4_096, "a byte stream"),
    "door": Target(door.check_door, mutate.stream, door.seeds, 6_000, "a stranger's byte stream"),
    "message": Target(check_message, mutate.frame, seeds.frames, 66_000, "a frame"),
    "session": Target(check_session, mutate.script, seeds.scripts, 1_600, "a message or noise"),
}


def play(name: str, data: bytes, meter: Meter) -> None:
    """Give one input to a target and add up what it cost."""
    before = peak()
    meter.inputs += TARGETS[name].check(data, meter.timed)
    meter.grew(before)


def cheapest(name: str, data: bytes) -> tuple[int, str]:
    """Of some tries at an input the least CPU time of its dearest call, in nanoseconds; and what
    was too much, if something was each time."""
    least, why = 0, ""
    for _ in range(TRIES):
        meter = Meter()
        play(name, data, meter)
        least = min(least or meter.slowest_ns, meter.slowest_ns)
        why = meter.over[0] if meter.over else ""
        if not why:
            break
    return least, why
