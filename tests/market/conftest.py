"""What several checks of the market read, measured once."""

from __future__ import annotations

import pytest

from tests.market.pool import of_seeds, seeds
from tests.market.study import SeedStudy, study


@pytest.fixture(scope="session")
def studies() -> list[SeedStudy]:
    """What every seed tells of cost."""
    return of_seeds(study, seeds(), "cost")
