"""Cancel on disconnect between the whole node and the simulated venues: each profile, each twin.

What the profile says is a promise; what the venue does is its own affair, and what it then says is
the evidence.
"""

from __future__ import annotations

import pytest

from router.core.orders import ChildStatus
from router.model import TimeInForce
from router.simulation.world import World
from tests.sim.staging import EVERYWHERE, Stage
from venues.order_entry import Cod


def resting(cod: Cod, promised: Cod) -> Stage:
    """1000 shares far below the market, at work."""
    stage = Stage(cod=cod, promised=promised)
    stage.order(1_000, TimeInForce.DAY, price=49.80)
    stage.run(2)
    assert {child.status for child in stage.children} == {ChildStatus.LIVE}
    return stage


def cut(stage: World) -> None:
    """Every connection to a venue breaks; the router calls again by itself."""
    for conn, name in stage.sim.wires().items():
        if name in EVERYWHERE:
            stage.sim.cut(conn, lose=True)


def told(stage: Stage) -> set[str]:
    """Which promises were broken, without whose."""
    faults = stage.sim.node.faults
    return {each.split(": ")[1] for each in faults if ": COD_" in each}


@pytest.mark.parametrize(
    ("cod", "promised", "fault", "placed"),
    [
        ("none", "none", set(), 1_000),
        ("all", "all", set(), 2_000),
        ("day", "day", set(), 2_000),
        ("none", "day", {"COD_NOT_KEPT"}, 2_000),
        ("none", "all", {"COD_NOT_KEPT"}, 2_000),
        ("all", "none", {"COD_NOT_SAID"}, 2_000),
    ],
)
def test_the_venues_word_counts_and_what_it_breaks_is_told(
    cod: Cod, promised: Cod, fault: set[str], placed: int
) -> None:
    stage = resting(cod, promised)
    cut(stage)
    stage.run(20)
    assert told(stage) == fault
    assert stage.routed == placed, "what was taken back, or canceled, is placed anew"
    assert stage.parent.working_qty == 1_000
    assert ChildStatus.UNKNOWN not in {child.status for child in stage.children}
    stage.cancel()
    stage.run(5)
    assert stage.told()[-1] == "4/4 1000/0/0"
    stage.done()
