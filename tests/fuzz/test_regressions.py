"""Every input that was once too much is played again, and so is every seed.

What they cost in CPU time is judged by `make fuzz`, on a machine that does nothing else.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.cost import Meter
from tests.fuzz.targets import REGRESSIONS, TARGETS, play

KEPT = sorted(REGRESSIONS.glob("*-*"))


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.name)
def test_what_was_once_too_much_is_not(path: Path) -> None:
    meter = Meter()
    play(path.name.partition("-")[0], path.read_bytes(), meter)
    assert meter.inputs


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_is_played(name: str) -> None:
    meter = Meter()
    for data in TARGETS[name].seeds():
        play(name, data, meter)
    assert meter.inputs >= len(TARGETS[name].seeds())
