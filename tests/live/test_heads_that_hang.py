"""A place for heads that takes nothing, and does not say so: it is told of, and nobody waits."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from router.journal.heads import Published, read_heads
from router.journal.memory import MemoryStorage
from router.journal.segments import Journal
from router.runtime.heads import EVERY_S, HeadKeeper
from router.runtime.publishing import HANGS_S, Publishing
from tests.journal.faulty_storage import append_batch, open_journal
from tests.live.driven import LOOPS, WAIT_S, Client, Lines, driven, oms, until


class Place:
    """A place that takes a head when it is told to. Its hand is on the signature: a hung mount
    cannot be had in a test.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.opened = threading.Event()
        self.asked = threading.Semaphore(0)
        self.calls = 0

    def sign(self, head: Published) -> str:
        self.calls += 1
        self.asked.release()
        assert self.opened.wait(WAIT_S)
        return ""

    def keeper(self, journal: Journal) -> HeadKeeper:
        return HeadKeeper(self.path, journal, lambda: 0, self.sign)

    def kept(self) -> list[int]:
        lines = self.path.read_text().splitlines(keepends=True)
        return [each.seq for each in read_heads(lines, "")]


def idle() -> bool:
    """No head is on its way."""
    return not any(each.name == "heads" for each in threading.enumerate())


def test_one_head_at_a_time_and_a_place_that_hangs_is_told_of_once(tmp_path: Path) -> None:
    place, lines = Place(tmp_path / "heads"), Lines()
    journal, _ = open_journal(MemoryStorage())
    append_batch(journal, [1, 2])
    publishing = Publishing(place.keeper(journal), lines)
    publishing.look(0.0)
    assert place.asked.acquire(timeout=WAIT_S)
    append_batch(journal, [3])
    for at in (1.0, HANGS_S):
        publishing.look(at)
    assert lines.lines == []
    for at in (HANGS_S + 1, EVERY_S + 1, 2 * EVERY_S + 1):
        publishing.look(at)
    hangs = f"{place.path}: it has taken nothing for 10 s"
    assert lines.named("head_not_published") == [{"error": hangs}]
    assert place.calls == 1
    place.opened.set()
    until(idle)
    publishing.look(3 * EVERY_S)
    until(idle)
    assert place.kept() == [2, 3]
    publishing.end()
    assert place.calls == 2, "the last head was told"
    assert len(lines.lines) == 1


def test_the_last_head_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    place, lines = Place(tmp_path / "heads"), Lines()
    journal, _ = open_journal(MemoryStorage())
    append_batch(journal, [1])
    Publishing(place.keeper(journal), lines).end(0.1)
    hangs = f"{place.path}: it does not take the last head"
    assert lines.named("head_not_published") == [{"error": hangs}]
    place.opened.set()
    until(idle)


@pytest.mark.parametrize("patience_s", [0.0, WAIT_S])
def test_the_last_head_follows_one_that_is_under_way_at_the_end(
    tmp_path: Path, patience_s: float
) -> None:
    place, lines = Place(tmp_path / "heads"), Lines()
    journal, _ = open_journal(MemoryStorage())
    append_batch(journal, [1, 2])
    publishing = Publishing(place.keeper(journal), lines)
    publishing.look(0.0)
    assert place.asked.acquire(timeout=WAIT_S)
    append_batch(journal, [3, 4, 5])
    end = threading.Thread(target=publishing.end, args=(patience_s,))
    end.start()
    if patience_s == 0:
        end.join()
        assert len(lines.named("head_not_published")) == 1
    place.opened.set()
    end.join()
    until(idle)
    assert place.kept() == [2, 5]
    assert patience_s == 0 or lines.lines == []


@pytest.mark.parametrize("loop", LOOPS)
def test_the_daemon_ends_though_its_place_hangs(tmp_path: Path, loop: str) -> None:
    place = Place(tmp_path / "heads")
    with (
        driven(
            tmp_path / "state", [oms()], loop=loop, durability="sync", heads=place.keeper
        ) as driver,
        Client().connect(driver.port) as client,
    ):
        client.log_on()
        assert place.asked.acquire(timeout=WAIT_S)
        client.order("X")
        assert client.read().get("11") == "X"
        client.close()
    (told,) = driver.lines.named("head_not_published")
    assert told == {"error": f"{place.path}: it does not take the last head"}
    place.opened.set()
    until(idle)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_fifo_that_nobody_reads_is_an_error(tmp_path: Path, loop: str) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    def heads(journal: Journal) -> HeadKeeper:
        return HeadKeeper(fifo, journal, lambda: 0)

    with (
        driven(tmp_path / "state", [oms()], loop=loop, durability="sync", heads=heads) as driver,
        Client().connect(driver.port) as client,
    ):
        client.log_on()
    (told,) = driver.lines.named("head_not_published")
    assert told == {"error": f"{fifo}: No such device or address"}
