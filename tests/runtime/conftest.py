"""A desk for what operators ask of the daemon."""

from __future__ import annotations

import pytest

from tests.oms.desk import Desk


@pytest.fixture
def desk() -> Desk:
    """Open, with a book of LIT_A alone."""
    made = Desk()
    made.open()
    return made
