"""The order state scenarios in every FIX version, and in houses where each peer speaks its own.

Each scenario of this folder is played again, with its own expectations, by OMSs and venues of other
versions; and what the core was told and what it decided is what it was with all of them at 4.4.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from types import FunctionType
from typing import Any

import msgspec
import pytest

from router.fix.versions import FIX42, FIX50SP2
from router.messages import Command, Event, RefuseMessage
from tests.oms.desk import Desk, House

HOUSES = {
    "OMS 4.2": House(oms=FIX42, other=FIX42),
    "OMS 5.0SP2": House(oms=FIX50SP2, other=FIX50SP2),
    "venues 4.2": House(a=FIX42, b=FIX42),
    "venues 5.0SP2": House(a=FIX50SP2, b=FIX50SP2),
    "mixed": House(oms=FIX42, other=FIX50SP2, a=FIX50SP2, b=FIX42),
}
MODULES = (
    "test_bad_input", "test_busts", "test_cancels", "test_frozen", "test_kill",
    "test_mass_cancels", "test_new_orders", "test_questions", "test_replaces", "test_suspense",
    "test_venue_silence", "test_venue_words",
)  # fmt: skip

NEEDS_LATER_OMS = re.compile(r'"AF"|790=|mass_cancel\(|40=K')
"""What an OMS cannot say in 4.2: AF, q, 790, and an OrdType(40) of the scenarios."""
NEEDS_LATER_VENUE = re.compile(r'"AF"|584=')
"""What a venue is not asked in 4.2."""
NEEDS_FLAT_PARAMETERS = re.compile(r"848=\w+'")
"""What the group of 5.0SP2 cannot say: a parameter without a value."""
ABOUT_THE_WIRE = {"test_a_1_a_every_field_of_a_fill_is_there"}
"""Scenarios whose expectation is FIX.4.4's own bytes."""


class Scenario(msgspec.Struct, frozen=True):
    """A test of a desk, with the values of its parameters."""

    name: str
    play: FunctionType
    values: tuple[tuple[str, Any], ...] = ()

    def fits(self, house: House) -> bool:
        """True if it can be said in a house."""
        source = inspect.getsource(self.play)
        text = source[source.index("def ") :] + str(self.values)
        lacking = [
            NEEDS_LATER_OMS.search(text) and FIX42 in (house.oms, house.other),
            NEEDS_FLAT_PARAMETERS.search(text) and house.oms is FIX50SP2,
            NEEDS_LATER_VENUE.search(text) and house.a is FIX42,
            self.play.__name__ in ABOUT_THE_WIRE and house.oms is FIX42,
        ]
        return not any(lacking)


def scenarios() -> Iterator[Scenario]:
    """Every test of the modules that needs nothing but a desk, for each of its parameters."""
    for module in MODULES:
        found = vars(importlib.import_module(f"tests.oms.{module}"))
        for play in found.values():
            if isinstance(play, FunctionType) and play.__name__.startswith("test_"):
                yield from _cases(play)


def _cases(play: FunctionType) -> Iterator[Scenario]:
    marks = [mark for mark in getattr(play, "pytestmark", []) if mark.name == "parametrize"]
    named = {"desk"}
    choices: list[list[tuple[tuple[str, Any], ...]]] = []
    for mark in marks:
        names = [mark.args[0]] if isinstance(mark.args[0], str) else list(mark.args[0])
        named.update(names)
        rows = [[row] if len(names) == 1 else row for row in mark.args[1]]
        choices.append([tuple(zip(names, row, strict=True)) for row in rows])
    if named != set(inspect.signature(play).parameters):
        return
    for number, case in enumerate(product(*choices)):
        yield Scenario(f"{play.__name__}-{number}", play, sum(case, ()))


@cache
def history(scenario: Scenario, house: House, *overrides: str) -> list[object]:
    """Play a scenario; what the core was told and decided."""
    desk = Desk(*overrides, house=house, refold=False)
    desk.open()
    scenario.play(desk=desk, **dict(scenario.values))
    desk.close()
    return [_comparable(*each) for each in desk.history]


def _comparable(event: Event | None, commands: tuple[Command, ...]) -> object:
    """A refusal's text says what the version would have allowed: only its code is the same."""
    told = [
        msgspec.structs.replace(each, text=each.text.partition(":")[0])
        if isinstance(each, RefuseMessage)
        else each
        for each in commands
    ]
    return event, told


PLAYED = [
    pytest.param(scenario, name, id=f"{name}-{scenario.name}")
    for name, house in HOUSES.items()
    for scenario in scenarios()
    if scenario.fits(house)
]


@pytest.mark.parametrize(("scenario", "name"), PLAYED)
def test_the_core_sees_no_difference(scenario: Scenario, name: str) -> None:
    house = HOUSES[name]
    # A venue without AF is asked order by order: so are all of them, to compare.
    asked = tuple(
        f"venues.{mic}.mass_status=H"
        for mic, version in (("LIT_A", house.a), ("LIT_B", house.b))
        if version is FIX42
    )
    assert history(scenario, house) == history(scenario, House(), *asked)


def test_most_scenarios_are_played_everywhere() -> None:
    count = len(list(scenarios()))
    assert count > 150
    for name in HOUSES:
        played = sum(case.values[1] == name for case in PLAYED)
        assert played > 0.75 * count, (name, played, count)
