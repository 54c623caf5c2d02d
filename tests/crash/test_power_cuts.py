"""The real daemon's machine loses its power: what was told is on the disk, whatever else is lost.

A few of the points of `kill_points --power`; and whether a daemon would be found out whose syncs
reach no disk.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from router.runtime.oms import LiveOms, talk
from tests.crash.desk import Death, Desk
from tests.crash.kill_points import Found, life, run_group
from tests.crash.machine import Machine, machine
from tests.crash.nursery import Nursery
from tests.crash.power import SECTOR, Watch, cut, survivor

DEATHS = [
    Death("sync", where, k)
    for where, k in (
        ("send.new_order.after", 3),
        ("journal.sync.before", 25),
        ("journal.sync.after", 9),
        ("send.report.after", 3),
        ("market.flush.after", 25),
    )
]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


@pytest.mark.timeout(300)
def test_a_power_cut_loses_nothing_that_was_told(nursery: Nursery, tmp_path: Path) -> None:
    found = Found()
    run_group(nursery, tmp_path, DEATHS, found, machine(1))
    assert len(found.died) >= len(DEATHS) - 1, found.lived


@pytest.mark.timeout(120)
def test_a_daemon_whose_syncs_reach_no_disk_is_found_out(nursery: Nursery, tmp_path: Path) -> None:
    unpowered = Machine(None, "tests.crash.unpowered")
    with Desk(tmp_path, nursery) as desk:

        async def script(oms: LiveOms) -> None:
            death = Death("sync", "send.new_order.after", 3)
            assert await life(desk, oms, death, unpowered.trouble(desk)) == -signal.SIGKILL
            unpowered.off(desk)

        talk(desk.told.client, desk.clock, script)
        assert desk.strangers(), "orders that reached a venue and no disk were not noticed"
        with pytest.raises((AssertionError, KeyError)):
            desk.agree()


def test_what_is_left_of_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state, mirror = tmp_path / "state", tmp_path / "mirror"
    state.mkdir()
    monkeypatch.setattr(os, "fsync", os.fsync)
    monkeypatch.setattr(os, "fdatasync", os.fdatasync)
    (state / "old").write_bytes(b"o")
    Watch(state, mirror).begin()
    with (state / "synced").open("wb", buffering=0) as file:
        file.write(b"123")
        os.fdatasync(file.fileno())
        file.write(b"45")
    (state / "old").rename(state / "renamed")
    folder = os.open(state, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    (state / "synced").rename(state / "other")
    (state / "new").write_bytes(b"6")
    cut(state, mirror, None)
    left = {each.name: each.read_bytes() for each in state.iterdir()}
    assert left == {"synced": b"123", "renamed": b"o"}
    assert [each.name for each in tmp_path.iterdir()] == ["state"]


def test_sectors_survive_in_any_order() -> None:
    old, new = b"a" * 3 * SECTOR, b"b" * 4 * SECTOR
    rng = np.random.Generator(np.random.Philox(key=3))
    found = {survivor(old, new, rng) for _ in range(2_000)}
    assert {old, new} <= found
    assert b"a" * SECTOR + b"b" * SECTOR + b"a" * SECTOR + b"b" * SECTOR in found
    sectors = {data[at : at + SECTOR] for data in found for at in range(0, len(data), SECTOR)}
    assert sectors == {b"a" * SECTOR, b"b" * SECTOR, bytes(SECTOR)}
