"""What is counted of signs: each failure once, whoever is started anew meanwhile."""

from __future__ import annotations

from pathlib import Path

from router.api.following import Follower
from router.api.hearing import hear
from router.api.tally import Tally
from router.messages import Restarted, Step
from router.signs import Signs
from tests.api.scenes import WELL, journal, signs
from tests.cli.market_day import write_journal

FAILED = journal(poisoned="sync failed: EIO")


def heard(*told: Signs) -> Tally:
    tally = Tally()
    for each in told:
        hear(tally, each)
    return tally


def test_a_disk_that_has_failed_is_counted_once_in_a_life() -> None:
    failed = signs(journal=FAILED)
    assert heard(WELL).counters == {}
    tally = heard(WELL, failed, signs(journal=FAILED, phase="stopping"))
    assert tally.counters == {"journal_failures_total": {"": 1}}
    again = [signs(epoch=3), signs(epoch=3, journal=FAILED), signs(epoch=4, journal=FAILED)]
    assert heard(WELL, failed, *again).counters == {"journal_failures_total": {"": 3}}


def test_chores_that_failed_are_counted_by_their_names_even_if_signs_were_lost() -> None:
    told = [
        signs(chore_failures={"snapshot": 1}),
        signs(chore_failures={"snapshot": 1}),
        signs(chore_failures={"snapshot": 4, "archive": 1}),
        signs(epoch=0, phase="recovering"),
        signs(epoch=3, chore_failures={"snapshot": 1}),
    ]
    assert heard(*told).counters == {"chore_failures_total": {"snapshot": 5, "archive": 1}}


def test_what_was_counted_of_a_life_is_in_the_checkpoint(tmp_path: Path) -> None:
    folder = write_journal(tmp_path / "s", [Step(1, 2, Restarted(2))])
    first = Follower(folder)
    first.read()
    told = signs(journal=FAILED, chore_failures={"snapshot": 2})
    hear(first.tally, told)
    first.save()
    second = Follower(folder)
    second.read()
    hear(second.tally, told)
    assert second.tally.count("journal_failures_total") == 1
    assert second.tally.count("chore_failures_total", "snapshot") == 2
