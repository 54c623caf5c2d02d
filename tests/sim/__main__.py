"""Run one seed of the simulation and say what happened: `python -m tests.sim SEED`."""

from __future__ import annotations

import sys

from tests.sim.script import Script
from tests.sim.world import World


def main() -> None:
    """Print the script, run it, print what came of it; a broken invariant is raised."""
    script = Script(World(int(sys.argv[1])))
    for thing in script.things:
        print(f"{thing.at / 1e9:10.6f}  {thing.text}")
    script.run()
    oracle = script.world.oracle
    for asked in oracle.asked.values():
        print(f"{asked.account}: 39={asked.status} {asked.cum_qty} of {asked.order_qty}")
    print(f"{len(oracle.executions)} executions, {script.world.lives} lives, {script.world.trace}")


if __name__ == "__main__":
    main()
