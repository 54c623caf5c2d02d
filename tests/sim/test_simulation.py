"""The whole of Sluice in one process, with everything going wrong, two hundred times.

A seed that fails is run again, with its script, by `sluice fuzz --from SEED --seeds 1 --verbose`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import config
from router.journal.scan import JournalBroken
from router.simulation.reading import Broken
from router.simulation.script import Script
from router.simulation.world import World
from tests.sim.lying import LyingStorage
from venues.misbehaviour import kinds as misbehaviours

SEEDS = range(1, 201)
SOAK = os.environ.get("SLUICE_SIM_SEEDS", "1000:3000")
"""Which seeds `make soak` runs: `from:below`."""


def play(seed: int) -> World:
    """Run one seed; its number is in whatever it raises."""
    script = Script(World(seed))
    try:
        script.run()
    except Exception as error:
        error.add_note(f"to see it again: sluice fuzz --from {seed} --seeds 1 --verbose")
        raise
    return script.world


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_goes_wrong_what_must_hold_holds(seed: int) -> None:
    world = play(seed)
    assert world.oracle.asked


def test_a_journal_does_not_know_the_folder_that_a_world_is_played_in() -> None:
    """A torn write is as long as what was to be written: the same seed is the same history."""
    storage = play(3).sim.storage
    written = b"".join(storage.read(name, 0, 1 << 30) for name in storage.names())
    assert b"default.yaml" in written
    assert str(Path(config.__file__).parent).encode() not in written


TROUBLE = (
    "cut", "stall", "crash, power True", "crash, power False", "kill", "a sync takes", "replace",
    "cancel", "mass cancel", "again", "status", "stopped", "logs out", "misbehaves",
    "dies in call", "again in call", "a sync fails", "the disk is full", "clock is off",
    "flip on wire", "lags by", "stands still", "somebody else's order", "is lost, and lags",
    "are loaded", "ms later", "are there, and a crash",
)  # fmt: skip


def test_the_worlds_hold_every_kind_of_trouble() -> None:
    said = [thing.text for seed in SEEDS for thing in Script(World(seed)).things]
    for kind in TROUBLE:
        assert sum(kind in text for text in said) >= 10, kind
    for kind in misbehaviours():
        assert sum(f": {kind} " in text for text in said) >= 5, kind


def test_the_same_seed_makes_the_same_history() -> None:
    # 13 has executions, crashes and cut wires.
    first, second = play(13), play(13)
    assert first.lives > 2
    assert first.oracle.executions
    assert first.trace == second.trace
    assert play(15).trace != first.trace


def test_another_process_makes_the_same_history() -> None:
    # Another seed of Python's own hashes shows a set that is iterated.
    said = subprocess.run(
        [sys.executable, "-m", "router", "fuzz", "--from", "13", "--seeds", "1", "--verbose"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONHASHSEED": "4"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"history {play(13).trace}" in said.stdout


def test_a_disk_that_lies_about_its_syncs_is_found_out() -> None:
    # What must hold is not empty: without real syncs a power cut breaks it, or the journal.
    def play_on_it() -> None:
        for seed in range(1, 20):
            Script(World(seed, LyingStorage)).run()

    with pytest.raises((Broken, JournalBroken)):
        play_on_it()


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_thousands_of_seeds() -> None:
    start, _, end = SOAK.partition(":")
    for seed in range(int(start), int(end)):
        play(seed)
