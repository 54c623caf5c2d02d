"""A failing script becomes short: what is asked of it, and how often."""

from __future__ import annotations

import pytest

from router.simulation.shrinking import shrunk
from router.simulation.things import Thing, kept


@pytest.mark.parametrize("needed", [{3}, {0, 19}, {7, 8}, {2, 9, 17}])
def test_what_is_left_is_what_the_failure_needs(needed: set[int]) -> None:
    keep, tries = shrunk(20, lambda numbers: needed <= set(numbers))
    assert set(keep) == needed
    assert tries < 100


def test_a_failure_that_needs_nothing_keeps_nothing() -> None:
    assert shrunk(8, lambda numbers: True)[0] == ()


def test_the_search_ends_after_so_many_tries_with_a_script_that_still_fails() -> None:
    asked: list[tuple[int, ...]] = []

    def breaks(numbers: tuple[int, ...]) -> bool:
        asked.append(numbers)
        return {1, 30} <= set(numbers)

    keep, tries = shrunk(40, breaks, tries_max=5)
    assert tries == len(asked) == 5
    assert {1, 30} <= set(keep)


def nothing() -> None:
    """A thing's act."""


def test_requests_go_with_their_order() -> None:
    things = [
        Thing(1, "A", nothing, "A", opens=True),
        Thing(2, "A: cancel", nothing, "A"),
        Thing(3, "B", nothing, "B", opens=True),
        Thing(4, "cut", nothing),
    ]
    assert [each.text for each in kept(things, {1, 2, 3})] == ["B", "cut"]
    assert [each.text for each in kept(things, {0, 1, 3})] == ["A", "A: cancel", "cut"]
