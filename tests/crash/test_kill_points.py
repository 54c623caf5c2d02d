"""Twenty-five points of all that `kill_points` tries; and whether it would see a daemon that lies.

Without strace the points of system calls are skipped, loudly; those of failpoints are tried.
"""

from __future__ import annotations

import signal
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from router.runtime import failpoints
from router.runtime.oms import LiveOms, talk
from tests.crash import kill_points
from tests.crash.desk import STRACE, Death, Desk, Trouble
from tests.crash.kill_points import Found, births, groups, life, plan, run_group
from tests.crash.nursery import Nursery

POINTS = 25


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


def chosen() -> list[Death]:
    """The first of the plan: its order takes them from all over a life."""
    whole = [each for each in plan() if STRACE is not None or not each.of_the_system]
    return whole[:POINTS]


@pytest.mark.timeout(300)
def test_a_death_at_any_point_loses_nothing_and_does_nothing_twice(
    nursery: Nursery, tmp_path: Path
) -> None:
    if STRACE is None:
        warnings.warn("strace is not installed: no system call is killed in", stacklevel=1)
    deaths, found = chosen(), Found()
    run_group(nursery, tmp_path, deaths, found)
    assert len(found.died) >= POINTS * 3 // 4, found.lived


def test_the_plan_has_five_hundred_points_and_every_failpoint() -> None:
    deaths = plan()
    assert len(set(deaths)) == len(deaths) >= 500
    named = {each.where for each in deaths if not each.of_the_system}
    assert named == {
        name for name in failpoints.names() if not name.startswith(kill_points.ELSEWHERE)
    }
    assert {each for group in groups(deaths, births()) for each in group} >= set(deaths)


@pytest.mark.timeout(120)
def test_a_daemon_that_sends_before_its_journal_has_it_is_found_out(
    nursery: Nursery, tmp_path: Path
) -> None:
    wrong = Trouble(module="tests.crash.wrong")
    with Desk(tmp_path, nursery) as desk:

        async def script(oms: LiveOms) -> None:
            death = Death("sync", "send.new_order.after", 1)
            assert await life(desk, oms, death, wrong) == -signal.SIGKILL

        talk(desk.told.client, desk.clock, script)
        assert desk.strangers(), "an order at a venue that is in no journal was not noticed"
        with pytest.raises((AssertionError, KeyError)):
            desk.agree()
