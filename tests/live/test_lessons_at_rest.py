"""Lessons are taken while the disk works, and when nothing waits: no decision waits for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.journal.segments import Durability
from tests.core.test_models import taught
from tests.live.driven import LOOPS, Client, driven, oms, until

pytestmark = pytest.mark.parametrize("loop", LOOPS)


@pytest.mark.parametrize("durability", ["sync", "page-cache"])
def test_lessons_are_taken_when_nothing_waits(
    tmp_path: Path, loop: str, durability: Durability
) -> None:
    shelf = taught("hazard")
    assert shelf.catch_up(0), "they wait"
    with (
        driven(tmp_path, [oms()], loop=loop, durability=durability) as driver,
        Client().connect(driver.port) as client,
    ):
        driver.ask(lambda: setattr(driver.node.engine.state, "shelf", shelf))
        client.log_on()
        until(lambda: not driver.ask(lambda: shelf.catch_up(0)), "the lessons")
