"""A recorded day for the readers of a journal, and what they say of it."""

from __future__ import annotations

import pytest

from router.api.exposition import render
from router.api.metrics import collect
from tests.api.scenes import WELL, scene
from tests.cli.conftest import recorded as recorded
from tests.cli.market_day import Recorded


@pytest.fixture(scope="session")
def recorded_scrape(recorded: Recorded) -> str:
    """A scrape of that day's journal, beside a daemon that is well."""
    return render(collect(scene(WELL, recorded.folder)))
