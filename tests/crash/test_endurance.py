"""The run for long, for three minutes: `tests.crash.endurance`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.endurance import endure


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_three_minutes_of_load_and_faults(tmp_path: Path) -> None:
    found = endure(tmp_path, seconds=180, rate=15, seed=1)
    assert found["accounts_agree"]
    assert found["parents"] == pytest.approx(180 * 15, rel=0.1)
