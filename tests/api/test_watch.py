"""Alive, started, ready: what follows from the last signs and their age."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from router.api.watch import live, ready, started
from router.signs import Signs
from tests.api.scenes import BEGAN, LIT, OMS, SECOND, WELL, heard, journal, signs, venue


@pytest.mark.parametrize(("silent_s", "ok"), [(0, True), (4.9, True), (5, False), (60, False)])
def test_a_loop_that_was_silent_for_five_seconds_is_not_alive(silent_s: float, ok: bool) -> None:
    now = BEGAN + int(silent_s * SECOND)
    verdict = live(heard(WELL), now)
    assert verdict.ok is ok
    if not ok:
        told = f"the loop has not turned for {silent_s:.0f} s (process 4711, running)"
        assert verdict.causes == (told,)
    assert ready(heard(WELL), now).ok is ok


def test_a_health_process_that_is_young_has_heard_nothing_and_accuses_nobody() -> None:
    watch = heard(None)
    assert live(watch, BEGAN + 4 * SECOND).ok
    assert not started(watch, BEGAN + 4 * SECOND).ok
    assert not ready(watch, BEGAN + 4 * SECOND).ok
    watch.refused = "signs of format 2; 1 is understood"
    late = live(watch, BEGAN + 5 * SECOND)
    assert late.causes == ("no daemon has given signs for 5 s: signs of format 2; 1 is understood",)


@pytest.mark.parametrize(
    ("given", "causes"),
    [
        (signs(phase="recovering", folded=12_000), ("recovering: 12,000 steps folded",)),
        (
            signs(phase="reconciling", venues=venue(open=False, reconciled=False)),
            ("waiting for venues to answer", "LIT_A is not logged on"),
        ),
    ],
)
def test_a_start_is_over_when_omss_may_log_on(given: Signs, causes: tuple[str, ...]) -> None:
    watch = heard(given)
    assert live(watch, BEGAN).ok
    assert (started(watch, BEGAN).ok, started(watch, BEGAN).causes) == (False, causes)
    assert (ready(watch, BEGAN).ok, ready(watch, BEGAN).causes) == (False, causes)
    assert started(heard(WELL), BEGAN).ok


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"phase": "stopping"}, "stopping"),
        ({"venues": venue(open=False, reconciled=False)}, "LIT_A is not logged on"),
        (
            {"venues": venue(reconciled=False, unknown=3)},
            "LIT_A is not reconciled: 3 children are UNKNOWN",
        ),
        ({"unpriced": 2}, "2 instruments have no price yet"),
        (
            {"journal": journal(poisoned="sync failed: EIO")},
            "the journal has failed: sync failed: EIO",
        ),
        (
            {"journal": journal(on_reserve=True)},
            "the disk is full: the journal is in its reserve",
        ),
        ({"journal": journal(syncing_s=2.6)}, "the disk has not answered for 3 s"),
    ],
)
def test_what_keeps_a_daemon_from_taking_new_risk_is_a_cause(
    changes: dict[str, Any], cause: str
) -> None:
    assert ready(heard(WELL), BEGAN) == ready(heard(signs()), BEGAN)
    assert ready(heard(WELL), BEGAN).ok
    verdict = ready(heard(signs(**changes)), BEGAN)
    assert (verdict.ok, verdict.causes) == (False, (cause,))


def test_a_journal_that_cannot_be_read_is_a_cause() -> None:
    verdict = ready(heard(WELL), BEGAN, broken="the segment is missing")
    assert verdict.causes == ("the journal cannot be read: the segment is missing",)


def test_a_venue_out_of_its_hours_is_a_note() -> None:
    resting = msgspec.structs.replace(LIT, logged_on=False, wanted=False)
    given = signs(
        sessions={"OMS": OMS, "LIT_A": resting},
        venues=venue(open=False, reconciled=False),
        kills=("KA1",),
    )
    verdict = ready(heard(given), BEGAN)
    assert verdict.ok
    assert verdict.notes == (
        "kill KA1 holds",
        "LIT_A is out of its hours, or logged out by hand",
    )
