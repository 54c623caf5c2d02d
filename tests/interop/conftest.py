"""A house with an OMS that talks to it over a line that can be cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.oms import QuickFixOms
from tests.interop.processes import House, Line


@dataclass
class Street:
    """Everything that runs."""

    house: House
    line: Line
    oms: QuickFixOms


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    """Nothing is started yet but the line; everything is ended afterwards, by its own handle."""
    house = House(tmp_path)
    line = Line(house.line_port, house.port)
    oms = QuickFixOms(tmp_path / "oms", house.line_port)
    yield Street(house, line, oms)
    oms.close()
    line.close()
    house.close()
