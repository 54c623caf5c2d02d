"""An OMS that begins its numbers again, and a node that dies afterwards."""

from __future__ import annotations

from dataclasses import replace

from router.fix.session import Session
from router.model import NS, Side, TimeInForce
from router.simulation.houses import START
from router.simulation.world import World


def order(world: World, account: str, qty: int) -> str:
    """An IOC order by market."""
    end, now = world.oms["OMS"], world.sim.now
    cl_ord_id = f"OMS-{account}"
    world.oracle.ordered("OMS", cl_ord_id, account, "1", qty, None)
    end.client.new_order(
        "ACME", Side.BUY, qty, now=now, tif=TimeInForce.IOC, account=account, cl_ord_id=cl_ord_id
    )
    world.sim.poke(end)
    return cl_ord_id


def test_reports_are_resent_after_a_reset_and_a_crash() -> None:
    world = World(7)
    end, sim = world.oms["OMS"], world.sim
    sim.run(START + 5 * NS)
    order(world, "A", 300)
    sim.run(sim.now + 5 * NS)
    assert end.client.orders["OMS-A"].done

    before = world.left("8")
    end.client.logout(sim.now)
    config = replace(end.client.session.config, reset_on_logon=True)
    sim.run(sim.now + NS // 100, stop=lambda: end.client.session.state.name == "DISCONNECTED")
    end.client.session = Session(config)
    world.oracle.outbound.resets.add("OMS")
    assert sim.run(sim.now + 10 * NS, stop=lambda: end.client.logged_on)
    end.client.session.config = replace(config, reset_on_logon=False)
    assert end.client.session.next_in == 2 + before, "all was told in the last minute"

    # The reports of this order are lost on their way, and the node dies before it is asked again.
    order(world, "B", 300)
    reports = world.left("8")
    assert sim.run(sim.now + NS, stop=lambda: world.left("8") > reports)
    (conn,) = (conn for conn, name in sim.wires().items() if name == "OMS")
    sim.cut(conn, lose=True)
    sim.run(sim.now + NS // 1000)
    world.crash(power=False)
    assert sim.run(sim.now + 30 * NS, stop=lambda: end.client.orders["OMS-B"].done)
    sim.run(sim.now + 5 * NS)
    world.oracle.agree()
    world.check_fold()
    assert end.client.orders["OMS-B"].cum_qty == 300
    ours = {name: (ours, theirs) for name, ours, theirs in world.numbers()}["OMS"]
    assert ours[0] == ours[1]
