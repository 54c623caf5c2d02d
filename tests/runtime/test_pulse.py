"""Signs of life: what is told, when, and what counts as progress."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from router import signs
from router.runtime.announcer import STEPS, Announcer
from router.runtime.clock import Clock
from router.runtime.datagrams import Datagrams
from router.runtime.pulse import Mark, progress
from router.runtime.supervisor import Supervisor
from router.runtime.vitals import Identity, recovering
from router.signs import BUCKETS_S, SIGNS_MAX, Histogram, Signs, decode, encode
from tests.api.scenes import LIT, WELL
from tests.live.listener import Listener

WHO = Identity(7, "A", "1", "hash")


class Ticking(Clock):
    """A clock on which a quarter of a second passes with every look."""

    looks = 0

    def monotonic(self) -> int:
        self.looks += 1
        return self.looks * 250_000_000


@pytest.mark.parametrize(
    ("after", "syncing_s", "late_s", "stuck"),
    [
        (Mark(4, 9), 0.0, 0.0, ""),
        (Mark(4, 9), 0.9, 0.0, ""),
        (Mark(4, 9), 1.1, 0.0, "the journal's writer stands still"),
        (Mark(5, 9), 1.1, 0.0, ""),
        (Mark(4, 9), 0.0, 1.5, "timers stand still"),
        (Mark(4, 10), 0.0, 1.5, ""),
        (Mark(4, 9), 0.0, 0.5, ""),
    ],
)
def test_progress_is_what_has_moved(
    after: Mark, syncing_s: float, late_s: float, stuck: str
) -> None:
    assert progress(Mark(4, 9), after, syncing_s=syncing_s, timers_late_s=late_s) == stuck


def test_systemd_is_told_in_its_words(tmp_path: Path) -> None:
    with Listener(tmp_path / "n") as systemd:
        environ = {"NOTIFY_SOCKET": str(systemd.path), "WATCHDOG_USEC": "3000000"}
        told = Supervisor({**environ, "WATCHDOG_PID": "7"}, pid=7)
        assert told.watchdog_s == 3.0
        told.ready()
        told.alive()
        told.status("two\nlines")
        told.extend(1.5)
        told.stopping()
        told.close()
        told.ready()
        assert systemd.hear() == [
            b"READY=1",
            b"WATCHDOG=1",
            b"STATUS=two lines",
            b"EXTEND_TIMEOUT_USEC=1500000",
            b"STOPPING=1",
        ]


@pytest.mark.parametrize(
    "environ", [{}, {"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "8"}, {"WATCHDOG_USEC": "x"}]
)
def test_a_watchdog_that_is_not_ours_is_not_fed(tmp_path: Path, environ: dict[str, str]) -> None:
    with Listener(tmp_path / "n") as systemd:
        told = Supervisor({**environ, "NOTIFY_SOCKET": str(systemd.path)}, pid=7)
        told.alive()
        told.close()
        assert (told.watchdog_s, systemd.hear()) == (None, [])


def test_a_recovery_says_now_and_then_how_far_it_is(tmp_path: Path) -> None:
    with Listener(tmp_path / "n") as systemd, Listener(tmp_path / signs.SOCKET_NAME) as health:
        clock = Ticking()
        supervisor = Supervisor({"NOTIFY_SOCKET": str(systemd.path)}, pid=7)
        announcer = Announcer(WHO, clock, supervisor, tmp_path)
        numbers = range(STEPS * 9)
        assert list(announcer.folding(numbers)) == list(numbers)
        announcer.close()
        folded = [decode(each).folded for each in health.hear()]
        assert folded[0] == 0
        assert len(folded) > 1
        assert all(number % STEPS == 0 for number in folded)
        assert max(folded) <= len(numbers)
        said = systemd.hear()
        assert said.count(b"EXTEND_TIMEOUT_USEC=30000000") == len(folded)
        assert f"STATUS=recovering: {folded[1]:,} steps folded".encode() in said


def test_signs_say_what_has_failed_beside_the_daemon(tmp_path: Path) -> None:
    with Listener(tmp_path / signs.SOCKET_NAME) as health:
        announcer = Announcer(WHO, Clock(), Supervisor({}, pid=7), tmp_path)
        announcer.tell(WELL)
        for name in ("snapshot", "archive", "snapshot"):
            announcer.chore_failed(name)
        announcer.tell(WELL)
        announcer.close()
        told = [decode(each).chore_failures for each in health.hear()]
    assert told == [{}, {"snapshot": 2, "archive": 1}]


def test_nobody_who_listens_costs_nothing(tmp_path: Path) -> None:
    nobody = Datagrams(str(tmp_path / "n"))
    assert not nobody.send(b"x")
    with Listener(tmp_path / "n") as slow:
        taken = sum(nobody.send(b"x" * 1000) for _ in range(10_000))
        assert 0 < taken < 10_000  # who does not read does not hold us up
        assert len(slow.hear()) == taken
        assert nobody.send(b"y")
    nobody.close()
    assert not Datagrams("").send(b"x")


def test_a_path_that_is_too_long_is_reached_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 60) / ("b" * 60)
    folder.mkdir(parents=True)
    with Listener(folder / "n") as far:
        told = Datagrams(str(folder / "n"))
        assert told.send(b"x")
        told.close()
        assert far.hear() == [b"x"]


def test_signs_are_read_as_they_were_written() -> None:
    assert decode(encode(WELL)) == WELL
    early = recovering(WHO, Clock(), 3)
    assert decode(encode(early)).folded == 3


def test_signs_that_are_too_long_go_without_sessions() -> None:
    many = msgspec.structs.replace(WELL, sessions={f"S{n}": LIT for n in range(20_000)})
    data = encode(many)
    assert len(data) < SIGNS_MAX
    assert decode(data) == msgspec.structs.replace(WELL, sessions={}, market_age_s={})


@pytest.mark.parametrize(
    "data",
    [b"", b"garbage", encode(WELL)[:-5], encode(msgspec.structs.replace(WELL, format=2))],
)
def test_what_is_not_understood_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="signs"):
        decode(data)


def test_a_histogram_counts_where_a_duration_belongs() -> None:
    histogram = Histogram()
    for seconds in (0.0, BUCKETS_S[0], BUCKETS_S[3] * 1.01, BUCKETS_S[-1], BUCKETS_S[-1] * 2):
        histogram.add(seconds)
    found = {n: count for n, count in enumerate(histogram.counts) if count}
    assert found == {0: 2, 4: 1, len(BUCKETS_S) - 1: 1, len(BUCKETS_S): 1}


def test_signs_are_a_plain_value() -> None:
    assert isinstance(WELL, Signs)
    with pytest.raises(AttributeError):
        WELL.ready = False  # type: ignore[misc]
