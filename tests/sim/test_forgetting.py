"""A venue whose numbers begin again with every Logon never tells what traded while it was away."""

from __future__ import annotations

import json

from router.model import NS, Side, TimeInForce
from router.runtime import control
from router.simulation.houses import FORGETS, START, forgets
from router.simulation.world import World

QTY = 3_000


def test_what_a_venue_has_forgotten_a_person_enters() -> None:
    world = World(FORGETS - 1)
    assert world.forgets == "LIT_A"
    end, sim = world.oms["OMS"], world.sim
    sim.run(START + 5 * NS)
    world.oracle.ordered("OMS", "OMS-A", "A", "1", QTY, None)
    tif, name = TimeInForce.IOC, "OMS-A"
    end.client.new_order("ACME", Side.BUY, QTY, now=sim.now, tif=tif, account="A", cl_ord_id=name)
    sim.poke(end)
    world.cut_at_fill("LIT_A", until=sim.now + 5 * NS)
    sim.run(sim.now + 60 * NS)
    assert world.oracle.untold(), "an execution was lost on its way"
    assert not end.client.orders["OMS-A"].done, "its order waits for it"

    asked = control.parse(json.dumps({"command": "status"}).encode())
    assert callable(asked)
    answer = asked(sim.node, sim.now)
    (row,) = answer["unknown"]
    assert row["mic"] == "LIT_A"
    assert row["claimed_qty"] - row["cum_qty"] == sum(
        qty * count for (_, qty, _), count in world.oracle.untold().items()
    )
    assert not answer["venues"]["LIT_A"]["reconciled"]

    world.telephone()
    sim.run(sim.now + 10 * NS)
    assert world.settled == 1
    assert end.client.orders["OMS-A"].done
    world.oracle.agree()
    world.check_fold()
    assert asked(sim.node, sim.now)["venues"]["LIT_A"]["reconciled"]


def test_no_venue_forgets_that_answers_no_questions() -> None:
    seed = FORGETS - 1
    assert forgets(seed, ()) == "LIT_A"
    assert forgets(seed, ("venues.LIT_A.mass_status=none",)) == ""
    assert forgets(seed + 1, ()) == ""
