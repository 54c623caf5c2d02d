"""What is not asked or folded again is what asking and folding again would give."""

from __future__ import annotations

import pytest

from router import build
from router.simulation.again import Refold, digest
from router.simulation.houses import parts
from router.simulation.script import Script
from router.simulation.world import World

SEEDS = (7002, 7003)
"""Of worlds in which the node dies several times, some of them with the power."""
EVERY = 200
"""Events between two looks at a fold: each is one of everything."""


class Watched(World):
    """Looks at everything that is remembered after everything that happens."""

    def __init__(self, seed: int) -> None:
        self.made_of = parts()
        self.refold = Refold(self.made_of)
        self.events = self.folds = 0
        super().__init__(seed)

    def _look(self) -> None:
        super()._look()
        self.events += 1
        times = [gateway.deadline() for gateway in self.gateways.gateways.values()]
        assert self.gateways.deadline() == first(*times, self.market.deadline())
        if self.sim.up:
            node = self.sim.node
            links = [link.deadline() for link in node.links.values()]
            assert node.deadline() == first(*links, node.engine.deadline())
        if self.events % EVERY == 0 and not self.sim.syncing:
            self.look_at_the_fold()

    def look_at_the_fold(self) -> None:
        again = build.node(self.made_of, self.sim.storage.copy(), monotonic=lambda: 0)
        assert self.refold.digest(self.sim.storage) == digest(again)
        self.folds += 1


def first(*times: int | None) -> int | None:
    return min((each for each in times if each is not None), default=None)


@pytest.mark.parametrize("seed", SEEDS)
def test_timers_and_folds_are_those_of_asking_again(seed: int) -> None:
    world = Watched(seed)
    Script(world).run()
    assert world.lives > 2
    assert world.disk.power_cuts
    assert world.folds > 3
