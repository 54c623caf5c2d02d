"""A desk at 14:30 with everybody logged on and a book of 9 to 11 at LIT_A."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.oms.desk import Desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Every scenario ends with every request answered."""
    made = Desk()
    made.open()
    yield made
    made.close()
