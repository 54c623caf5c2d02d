"""What a rotation asks of the disk is waited for in the disk's thread: the loop goes on."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from router.journal.segments import Durability
from router.journal.storage import FileStorage
from tests.live.driven import LOOPS, WAIT_S, Client, driven, oms, until

SEGMENT = 128 * 1024
REPORTS = 40
"""Of an order: some 8 KB of the journal."""

pytestmark = pytest.mark.parametrize("loop", LOOPS)


class Witness(FileStorage):
    """A folder that tells who has waited for the disk, and that is full when it is told to be."""

    full = False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.waited: list[tuple[str, str]] = []

    def create(self, name: str, size: int) -> None:
        if self.full and (name == "headroom" or (self.folder / "headroom").exists()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if size:
            self._note(f"create {name}")
        super().create(name, size)

    def sync(self, name: str) -> None:
        self._note("sync")
        super().sync(name)

    def sync_names(self) -> None:
        self._note("sync_names")
        super().sync_names()

    def truncate(self, name: str, size: int) -> None:
        self._note("truncate")
        super().truncate(name, size)

    def remove(self, name: str) -> None:
        self._note(f"remove {name}")
        super().remove(name)

    def _note(self, call: str) -> None:
        self.waited.append((call, threading.current_thread().name))


class Slow(Witness):
    """A full disk that does not say so before it may."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asked, self.may_say = threading.Event(), threading.Event()

    def create(self, name: str, size: int) -> None:
        if self.full and name == "headroom":
            self.asked.set()
            assert self.may_say.wait(WAIT_S)
        super().create(name, size)


def trade(client: Client, first: int, last: int) -> None:
    """Orders, each answered before the next."""
    for number in range(first, last):
        client.order(f"X{number}", REPORTS)
        for _ in range(REPORTS):
            client.read()


def segments(folder: Path) -> int:
    return len(list(folder.glob("journal-*.seg")))


def trade_until_full(client: Client, folder: Path) -> None:
    """Orders until the headroom is in use: the segment is full, and so is the disk."""
    for number in range(1_000, 2_000):
        trade(client, number, number + 1)
        if not (folder / "headroom").exists():
            return
    raise AssertionError(f"there was always room: {segments(folder)} segments")


def test_the_loop_waits_for_no_disk_when_a_segment_is_full(tmp_path: Path, loop: str) -> None:
    disk = Witness(tmp_path)
    with driven(
        tmp_path, [oms()], loop=loop, durability="sync", storage=disk, segment_bytes=SEGMENT
    ) as driver:
        with Client().connect(driver.port) as client:
            client.log_on()
            disk.waited.clear()
            trade(client, 0, 80)
            waited = list(disk.waited)
        assert segments(tmp_path) > 3
    calls = {call for call, _ in waited}
    assert calls == {"create spare", "sync", "sync_names", "truncate"}
    assert {thread for _, thread in waited} == {"journal_0"}


def test_the_loop_does_not_wait_for_the_headroom_either(tmp_path: Path, loop: str) -> None:
    disk = Witness(tmp_path)
    with (
        driven(
            tmp_path, [oms()], loop=loop, durability="sync", storage=disk, segment_bytes=SEGMENT
        ) as driver,
        Client().connect(driver.port) as client,
    ):
        client.log_on()
        disk.full = True
        trade_until_full(client, tmp_path)
        disk.waited.clear()
        disk.full = False
        until(lambda: (tmp_path / "headroom").exists() and bool(disk.waited), "the headroom")
        trade(client, 2_000, 2_010)
        waited = list(disk.waited)
    assert ("create headroom", "journal_0") in waited
    assert {thread for _, thread in waited} == {"journal_0"}


def test_a_timer_that_fires_while_the_headroom_is_asked_for_is_not_lost(
    tmp_path: Path, loop: str
) -> None:
    disk = Slow(tmp_path)
    with (
        driven(
            tmp_path, [oms()], loop=loop, durability="sync", storage=disk, segment_bytes=SEGMENT
        ) as driver,
        Client().connect(driver.port) as client,
    ):
        client.send("A", "98=0|108=1|")
        assert client.read().msg_type == "A"
        disk.full = True
        trade_until_full(client, tmp_path)
        pump = driver.live.pump
        assert disk.asked.wait(WAIT_S)
        until(lambda: driver.ask(lambda: pump._timer is None), "a heartbeat is due")
        ticks = pump.ticks
        disk.may_say.set()
        until(lambda: driver.ask(lambda: pump.ticks) > ticks, "the heartbeat is sent")


@pytest.mark.parametrize("durability", ["sync", "page-cache"])
def test_the_headroom_comes_back_though_there_is_always_something_to_do(
    tmp_path: Path, loop: str, durability: Durability
) -> None:
    disk = Witness(tmp_path)
    with (
        driven(
            tmp_path, [oms()], loop=loop, durability=durability, storage=disk, segment_bytes=SEGMENT
        ) as driver,
        Client().connect(driver.port) as client,
    ):
        client.log_on()
        disk.full = True
        trade_until_full(client, tmp_path)
        pump, enough = driver.live.pump, threading.Event()

        def more(_: int) -> None:
            if not enough.is_set():
                pump.give(more)

        driver.ask(lambda: pump.give(more))
        disk.full = False
        try:
            until((tmp_path / "headroom").exists, "the headroom")
            trade(client, 2_000, 2_001)
        finally:
            enough.set()
