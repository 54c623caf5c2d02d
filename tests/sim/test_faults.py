"""What the disk, the clock and the wires of a world can do to its node, one thing at a time."""

from __future__ import annotations

import errno

import numpy as np
import pytest

from router.journal.segments import Journal, JournalPoisoned
from router.model import NS, Side, TimeInForce
from router.runtime.sim import ProcessDied
from router.simulation.disk import WatchedStorage
from router.simulation.houses import START
from router.simulation.world import World


def opened(storage: WatchedStorage) -> Journal:
    journal = Journal(storage, segment_bytes=4096, headroom_bytes=1024)
    list(journal.open())
    return journal


def disk() -> WatchedStorage:
    return WatchedStorage(lambda frame: None)


def test_after_a_failed_sync_only_what_is_written_again_reaches_the_disk() -> None:
    storage = disk()
    journal = opened(storage)
    journal.append(1, 0, 0, b"one")
    journal.write()
    storage.fail_sync()
    with pytest.raises(JournalPoisoned, match="EIO"):
        journal.sync()
    storage.kill()
    again = Journal(storage, segment_bytes=4096, headroom_bytes=1024)
    assert [record.payload for record in again.open()] == [b"one"]


@pytest.mark.parametrize("calls", [2, 3])
def test_the_word_of_a_failure_is_durable_before_anything_else_is_done(calls: int) -> None:
    """Seed 9087: the machine died in the recovery, and the word with it."""
    forgotten: list[bool] = []
    storage = WatchedStorage(lambda frame: None, lambda: forgotten.append(True))
    journal = opened(storage)
    journal.append(1, 0, 0, b"one")
    journal.write()
    storage.fail_sync()
    with pytest.raises(JournalPoisoned):
        journal.sync()
    storage.kill()
    storage.die(calls, power=True)
    with pytest.raises(ProcessDied):
        opened(storage)
    for seed in range(20):
        storage.crash(np.random.Generator(np.random.Philox(key=seed)))
    assert forgotten == []
    assert opened(storage).failed_before.startswith("sync failed: EIO")


def test_the_process_dies_in_the_call_that_was_named_and_half_is_written() -> None:
    storage = disk()
    storage.create("f", 0)
    storage.die(2, power=False)
    storage.write("f", 0, b"abcd")
    with pytest.raises(ProcessDied):
        storage.write("f", 4, b"efgh")
    assert storage.read("f", 0, 99) == b"abcdef"
    storage.write("f", 4, b"efgh")
    assert storage.read("f", 0, 99) == b"abcdefgh"


def test_a_full_disk_takes_what_is_reserved_and_nothing_new() -> None:
    storage = disk()
    storage.create("f", 8)
    storage.fill()
    storage.write("f", 0, b"abcdefgh")
    with pytest.raises(OSError, match="no space") as caught:
        storage.create("g", 1)
    assert caught.value.errno == errno.ENOSPC
    storage.spare()
    storage.create("g", 1)


def test_a_node_whose_sync_fails_exits_and_comes_back() -> None:
    world = World(3)
    world.sim.run(START + 2 * NS)
    lives = world.lives
    world.disk.fail_sync()
    world.sim.run(START + 60 * NS, stop=lambda: world.lives > lives)
    assert (world.sim.poisoned, world.lives) == (1, lives + 1)


def test_a_node_that_stands_still_says_nothing() -> None:
    world = World(3)
    world.sim.run(START + 2 * NS)
    world.sim.freeze(START + 4 * NS)
    before = world.trace
    world.sim.run(START + 4 * NS - 1)
    assert world.trace == before
    world.sim.run(START + 60 * NS)
    assert world.trace != before


def test_a_life_begins_with_the_clock_of_its_time() -> None:
    world = World(3)
    world.sim.run(START + 2 * NS)
    world.sim.skew = -60 * NS
    assert world.sim.clock == world.sim.now
    world.crash(power=False)
    world.sim.run(START + 10 * NS, stop=lambda: world.sim.up)
    assert world.sim.clock == world.sim.now - 60 * NS


def test_a_life_whose_clock_went_back_resends_what_is_accepted() -> None:
    # SendingTime(52) before OrigSendingTime(122) is rejected, and what is rejected is lost.
    world = World(7)
    end, sim = world.oms["OMS"], world.sim
    sim.run(START + 5 * NS)
    world.oracle.ordered("OMS", "OMS-A", "A", "1", 300, None)
    end.client.new_order(
        "ACME", Side.BUY, 300, now=sim.now, tif=TimeInForce.IOC, account="A", cl_ord_id="OMS-A"
    )
    sim.poke(end)
    reports = world.left("8")
    assert sim.run(sim.now + NS, stop=lambda: world.left("8") > reports)
    (conn,) = (conn for conn, name in sim.wires().items() if name == "OMS")
    sim.cut(conn, lose=True)
    sim.run(sim.now + NS // 1000)
    sim.skew = -60 * NS
    world.crash(power=False)
    assert sim.run(sim.now + 30 * NS, stop=lambda: end.client.orders["OMS-A"].done)
    assert sim.node.faults == []
    first = end.client.orders["OMS-A"].reports[0]
    assert first.get("43") == "Y"
    assert first.get("52") == first.get("122")
    world.oracle.agree()


def test_an_order_whose_age_nobody_knows_is_not_sent_again() -> None:
    # It left a second ago, and by the clock of the new life it leaves in a minute.
    world = World(7)
    end, sim = world.oms["OMS"], world.sim
    sim.run(START + 5 * NS)
    world.oracle.ordered("OMS", "OMS-A", "A", "1", 300, None)
    end.client.new_order(
        "ACME", Side.BUY, 300, now=sim.now, tif=TimeInForce.IOC, account="A", cl_ord_id="OMS-A"
    )
    sim.poke(end)
    assert sim.run(sim.now + NS, stop=lambda: world.left("D") > 0)
    for conn, name in sim.wires().items():
        if name not in world.oms:
            sim.cut(conn, lose=True)
    left = world.left("D")
    sim.skew = -60 * NS
    world.crash(power=False)
    assert sim.run(sim.now + 60 * NS, stop=lambda: end.client.orders["OMS-A"].done)
    assert world.left("D") == left
    world.oracle.agree()
