"""An order that comes while nobody can say where the middle of its market is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from router.analysis.costs import account
from router.analysis.explain import parent_story
from router.journal.recovery import read_steps
from router.model import PX_SCALE
from tests.oms.policy_desk import BASE, PolicyDesk, policy_desk

COLLAR = """\
rules:
  - id: collar
    why: what has run far from its arrival waits for a person
    price_limit: {arrival_bp: 500}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[PolicyDesk]:
    """All books have lost their offers; the limits go by what was traded last."""
    with policy_desk(tmp_path / "policies") as made:
        made.write(BASE.format(name="firm", version=2) + COLLAR)
        made.reload()
        for data in (made.data_a, made.data_b):
            data.say("W", "55=ACME|268=1|269=0|270=9.9|271=100")
        made.data_a.say("X", "268=1|279=0|269=2|55=ACME|270=10|271=100")
        yield made


def show(desk: PolicyDesk, offer: str) -> None:
    """Venue A has 100 to sell, and B has nothing."""
    desk.data_a.book("9.9", offer, size=100)
    desk.wait(11)


def sent(desk: PolicyDesk) -> list[int]:
    return [each.qty for each in desk.a.children]


def test_the_first_midpoint_that_is_known_is_its_arrivals(desk: PolicyDesk) -> None:
    """Without one the collar let nothing pass, and the order stood still for ever."""
    desk.oms.order("X", 300)
    assert sent(desk) == []
    show(desk, "10.1")
    assert sent(desk)[0] == 300


def test_costs_are_measured_from_it(desk: PolicyDesk) -> None:
    desk.oms.order("X", 300, "12")
    show(desk, "10.1")
    show(desk, "10.3")
    [parent_id] = desk.node.engine.state.parents
    steps = (step for _, step in read_steps(desk.storage, live=True))
    assert account(steps, {}).orders[parent_id].arrival_px == 10 * PX_SCALE
    assert parent_story(desk.storage, parent_id).arrival_mid == 20 * PX_SCALE


def test_what_has_run_far_from_it_waits(desk: PolicyDesk) -> None:
    desk.oms.order("X", 300)
    show(desk, "10.1")
    before = len(sent(desk))
    desk.a.child().cancel()
    show(desk, "11.1")
    assert len(sent(desk)) == before
    show(desk, "10.2")
    assert len(sent(desk)) > before
