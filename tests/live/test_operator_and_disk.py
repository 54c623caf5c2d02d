"""An operator who asks while the disk fails is told so, and the daemon ends as it should."""

from __future__ import annotations

import errno
import json
import os
import socket
import threading
from pathlib import Path

import pytest

from router.fix.session import Received
from router.journal.segments import Durability
from router.journal.storage import FileStorage
from router.runtime.control import socket_path
from router.runtime.links import Link
from router.runtime.recorder import Batch
from tests.live.driven import LOOPS, WAIT_S, Client, Reporter, driven, oms, until
from tests.live.test_tls import Pki

pytestmark = pytest.mark.parametrize("loop", LOOPS)
KILL = {"command": "kill", "scope": "all", "who": "Ada Byron", "reason": "a test"}


class FailingDisk(FileStorage):
    """A disk whose syncs fail, each when it is told to."""

    fails = False
    asked = threading.Event()

    def sync(self, name: str) -> None:
        if self.fails:
            assert self.asked.wait(WAIT_S)
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().sync(name)


def knock(folder: Path, request: dict[str, str]) -> socket.socket:
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.settimeout(WAIT_S)
    door.connect(socket_path(folder))
    door.sendall(json.dumps(request).encode() + b"\n")
    return door


def test_a_kill_whose_record_is_not_safe_is_not_told_as_done(tmp_path: Path, loop: str) -> None:
    disk = FailingDisk(tmp_path)
    disk.asked = threading.Event()
    with pytest.raises(AssertionError, match=r"it has left: sync failed: EIO .* \[\]"):
        fail_while_asked(disk, tmp_path, loop)


def fail_while_asked(disk: FailingDisk, folder: Path, loop: str) -> None:
    with driven(folder, [oms()], loop=loop, durability="sync", storage=disk) as driver:
        disk.fails = True
        with knock(folder, KILL) as first:
            while not driver.ask(lambda: driver.node.engine.state.kills):
                pass
            with knock(folder, KILL) as second:  # it waits for a batch that never comes
                disk.asked.set()
                assert b"kill_id" not in first.recv(1 << 16)
                assert second.recv(1 << 16) == b""
        driver.wait_until_gone()


def test_what_comes_after_the_end_is_not_handled(tmp_path: Path, loop: str) -> None:
    handled: list[int] = []
    with driven(tmp_path, [oms()], loop=loop) as driver:
        pump = driver.live.pump

        def end() -> None:
            pump.give(handled.append)  # a timer that has fired while the daemon was leaving
            pump.stop()

        driver.ask(end)
        driver.ask(lambda: None)
    assert handled == []


CANCEL = b"8=FIX.4.4\x019=170\x01" + b"x" * 170 + b"\x0110=000\x01"
CANCELS = 20_000
"""More than the system holds for a peer."""


class Dying(Reporter):
    """A node with a great many orders alive, whose disk fails."""

    def last_cancels(self, lost: Batch, now: int) -> Batch:
        conns = [link.conn for link in self.links.values() if link.conn is not None]
        return Batch([(conn, CANCEL) for conn in conns for _ in range(CANCELS)])


@pytest.mark.parametrize("secure", [False, True])
def test_all_last_cancels_leave_however_many(tmp_path: Path, loop: str, secure: bool) -> None:
    state = tmp_path / "state"
    state.mkdir()
    disk = FailingDisk(state)
    disk.asked = threading.Event()
    pki = Pki(tmp_path / "pki")
    came = bytearray()
    with pytest.raises(AssertionError, match=r"it has left: sync failed: EIO .* \[\]"):
        poison(disk, state, loop, pki if secure else None, came)
    assert came.count(CANCEL) == CANCELS


def poison(disk: FailingDisk, folder: Path, loop: str, pki: Pki | None, came: bytearray) -> None:
    """A client's first order is not safe; what comes then, up to the end."""
    tls = pki.settings() if pki else None
    context = pki.ca.client(pki.client) if pki else None
    with (
        driven(
            folder, [oms()], loop=loop, durability="sync", storage=disk, kind=Dying, tls=tls
        ) as driver,
        Client().connect(driver.port, context=context, name="localhost") as client,
    ):
        client.log_on()
        disk.fails = True
        client.order("X")
        client.order("Y")  # it is not handled any more
        disk.asked.set()
        while data := client.socket.recv(1 << 16):
            came += data
        client.close()
        driver.wait_until_gone()


class Exhausted(Reporter):
    """A node that wants something of the system with each order, and does not get it."""

    def _message(self, link: Link, received: Received, now: int) -> None:
        if received.message.msg_type == "D":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super()._message(link, received, now)


@pytest.mark.parametrize("durability", ["sync", "page-cache"])
def test_a_mistake_of_ours_in_a_batch_is_not_taken_for_the_connection_s(
    tmp_path: Path, loop: str, durability: Durability
) -> None:
    with (
        driven(tmp_path, [oms()], loop=loop, durability=durability, kind=Exhausted) as driver,
        Client().connect(driver.port) as client,
    ):
        client.log_on()
        client.order("X")
        until(lambda: bool(driver.faults), "the loop is told")
        (fault,) = driver.faults
        assert "No space left" in str(fault["exception"])
        driver.live.pump.broken = True  # as `drive` does
        driver.faults.clear()
