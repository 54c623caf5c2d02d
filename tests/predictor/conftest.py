"""One recorded morning for all tests that need a market."""

from __future__ import annotations

import pytest

from router.predictor.samples import Tape
from tests.predictor.made import morning_tape


@pytest.fixture(scope="session")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    """Nobody writes to it."""
    return morning_tape(tmp_path_factory.mktemp("morning"), seed=1)
