"""State folders for the commands that read them."""

from __future__ import annotations

import pytest

from router.model import PX_SCALE, Side, TimeInForce
from tests.cli.market_day import Day, Recorded


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A short day with a restart in it. Readers only: nobody writes here."""
    day = Day()
    swept = day.order(Side.BUY, 1_000)
    day.run(3)
    scheduled = day.order(Side.SELL, 3_000, algo="twap", tif=TimeInForce.GTD, seconds=12)
    refused = day.order(Side.BUY, 6_000_000)
    day.run(14)
    canceled = day.order(Side.BUY, 500, price=40 * PX_SCALE)
    day.run(2)
    cancel = day.cancel(canceled)
    day.run(2)
    day.crash()
    after = day.order(Side.BUY, 800)
    day.run(10)
    folder = day.save(tmp_path_factory.mktemp("day") / "state")
    return Recorded(folder, swept, scheduled, refused, canceled, cancel, after)
