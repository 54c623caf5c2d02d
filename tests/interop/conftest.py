"""A house with an OMS at the end of a line that can be cut; and one with a venue at another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.oms import QuickFixOms
from tests.interop.processes import House, Line, VenueHouse
from tests.interop.venue import QuickFixVenue
from tests.interop.versions import SPOKEN, Spoken


@dataclass
class Street:
    """Everything that runs."""

    house: House
    line: Line
    oms: QuickFixOms


@dataclass
class FarStreet(Street):
    """A street with a venue at its far end."""

    far_line: Line
    venue: QuickFixVenue


@pytest.fixture(params=list(SPOKEN.values()), ids=list(SPOKEN))
def spoken(request: pytest.FixtureRequest) -> Spoken:
    """Each version in turn."""
    found: Spoken = request.param
    return found


@pytest.fixture
def street(tmp_path: Path, spoken: Spoken) -> Iterator[Street]:
    """Nothing is started yet but the line; everything is ended afterwards, by its own handle."""
    house = House(tmp_path, spoken)
    line = Line(house.line_port, house.port)
    oms = QuickFixOms(tmp_path / "oms", house.line_port, spoken=spoken)
    yield Street(house, line, oms)
    oms.close()
    line.close()
    house.close()


@pytest.fixture
def far_street(tmp_path: Path, spoken: Spoken) -> Iterator[FarStreet]:
    """The same with a QuickFIX venue, which is not started yet either."""
    house = VenueHouse(tmp_path, spoken)
    line, far_line = Line(house.line_port, house.port), Line(house.near_port, house.far_port)
    oms = QuickFixOms(tmp_path / "oms", house.line_port, spoken=spoken)
    venue = QuickFixVenue(tmp_path / "far", house.far_port, spoken)
    yield FarStreet(house, line, oms, far_line, venue)
    oms.close()
    venue.close()
    line.close()
    far_line.close()
    house.close()
