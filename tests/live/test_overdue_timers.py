"""A start with a timer that is overdue: it fires, whoever connects, and nothing stands still."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.journal.segments import Durability
from tests.live.driven import LOOPS, Reporter, driven, oms, until


class Overdue(Reporter):
    """A node whose first deadline passed long ago."""

    fired = 0

    def deadline(self) -> int | None:
        return super().deadline() if self.fired else 1

    def tick(self, now: int) -> None:
        self.fired += 1
        super().tick(now)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("durability", ["sync", "page-cache"])
def test_it_fires_though_nobody_connects_and_no_standstill_is_told(
    tmp_path: Path, loop: str, durability: Durability
) -> None:
    with driven(tmp_path, [oms()], loop=loop, durability=durability, kind=Overdue) as driver:
        until(lambda: driver.ask(lambda: driver.live.pump.ticks) > 0, "the timer")
    assert driver.lines.named("progress_stopped") == []
