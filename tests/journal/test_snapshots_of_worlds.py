"""Snapshots in whole worlds: venues that misbehave, crashes, dealers' quotes, lessons, resets.

From a snapshot at any record of a world's journal the fold comes to what folding everything does,
and the cut of a journal behind a snapshot to what was left.
"""

from __future__ import annotations

import numpy as np
import pytest

from router import build
from router.build_recovery import Beginning, Make, begin, take_snapshot
from router.journal.memory import MemoryStorage
from router.journal.records import Record
from router.journal.recovery import steps
from router.journal.scan import scan, segment_name
from router.journal.snapshots import write_snapshot
from router.simulation.script import Script
from router.simulation.world import World
from tests.oms.snapshots import everything

SEEDS = (3, 13)
SEEDS_SOAK = range(1, 41)
SNAPSHOTS = 12
"""Of each world, at records that its seed draws."""


def cut_behind(storage: MemoryStorage, record: Record) -> MemoryStorage:
    """The disk as it was when that record was the last."""
    cut = storage.copy()
    segment, offset = record.position
    for name in cut.names():
        if name.startswith("journal-") and name > segment_name(segment):
            cut.remove(name)
    cut.truncate(segment_name(segment), offset + record.size)
    return cut


def fold(make: Make, storage: MemoryStorage) -> Beginning:
    begun = begin(make, storage)
    begun.recovery.fold(steps(scan(storage, after=begun.after)))
    begun.recovery.finish()
    return begun


def try_snapshots(seed: int) -> None:
    world = World(seed)
    Script(world).run()
    storage = world.sim.storage
    make = build.maker(world._parts)
    whole, records = everything(fold(make, storage)), list(scan(storage))
    rng = np.random.Generator(np.random.Philox(key=seed))
    for number in sorted(rng.choice(len(records), SNAPSHOTS, replace=False)):
        made, _ = take_snapshot(make, cut_behind(storage, records[number]))
        assert made is not None
        disk = storage.copy()
        write_snapshot(disk, made)
        begun = fold(make, disk)
        assert begun.snapshot_seq == records[number].seq
        assert everything(begun) == whole, f"seed {seed}, snapshot at seq {made.seq}"


@pytest.mark.parametrize("seed", SEEDS)
def test_from_a_snapshot_in_a_world_the_fold_comes_to_the_same(seed: int) -> None:
    try_snapshots(seed)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", SEEDS_SOAK)
def test_from_a_snapshot_in_many_worlds(seed: int) -> None:
    try_snapshots(seed)
