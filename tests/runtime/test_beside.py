"""A process beside the daemon: when it is started, and what is told of it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from router.runtime.beside import Beside, Chore
from tests.live.driven import Client, Lines, driven, oms


def appending(path: Path, then: str = "") -> list[str]:
    """A command that adds a line to a file."""
    return [sys.executable, "-c", f"open({str(path)!r}, 'a').write('x\\n'); {then}"]


def snapshots(argv: list[str]) -> list[Chore]:
    """The one chore of most of these tests."""
    return [Chore("snapshot", argv)]


def waiting(fifo: Path) -> list[str]:
    """A command that tells who it is, and waits to be ended."""
    os.mkfifo(fifo)
    told = f"open({str(fifo)!r}, 'w').write(str(os.getpid()))"
    return [sys.executable, "-c", f"import os, signal; {told}; signal.pause()"]


async def at_work(beside: Beside) -> None:
    """Wait for its end."""
    assert beside._running is not None
    await beside._running


async def test_it_is_started_each_time_so_many_records_were_written(tmp_path: Path) -> None:
    path, log, written = tmp_path / "runs", Lines(), 0
    chores = snapshots(appending(path))
    beside = Beside(chores, lambda: written, log, every=10, seconds=lambda: 0.0)
    written = 9
    beside.look()
    assert beside._running is None
    written = 25
    beside.look()
    beside.look()
    await at_work(beside)
    written = 34
    beside.look()
    assert path.read_text() == "x\n"
    written = 35
    beside.look()
    await at_work(beside)
    assert path.read_text() == "x\nx\n"
    assert len(log.named("chore_done")) == 2


async def test_it_rests_for_as_long_as_it_has_worked(tmp_path: Path) -> None:
    times = iter((0.0, 1.0, 100.0, 104.0, 107.9, 108.0, 108.0, 110.0))
    beside = Beside(
        snapshots(appending(tmp_path / "runs")),
        lambda: next(counts),
        Lines(),
        every=10,
        seconds=lambda: next(times),
    )
    counts = iter((10, 10, 30, 30))
    beside.look()  # at 1; works from 100 to 104
    await at_work(beside)
    beside.look()  # at 107.9
    assert (tmp_path / "runs").read_text() == "x\n"
    beside.look()  # at 108
    await at_work(beside)
    assert (tmp_path / "runs").read_text() == "x\nx\n"


async def test_its_failure_is_told_and_keeps_nothing_else_from_being_done(tmp_path: Path) -> None:
    log, failed = Lines(), list[str]()
    beside = Beside(
        [
            *snapshots(appending(tmp_path / "f", "raise SystemExit('no room')")),
            Chore("archive", appending(tmp_path / "g")),
        ],
        lambda: 1,
        log,
        every=1,
        failed=failed.append,
    )
    beside.look()
    await at_work(beside)
    assert failed == ["snapshot"]
    assert log.named("chore_failed") == [{"chore": "snapshot", "code": 1, "error": "no room"}]
    assert log.named("chore_done") == [{"chore": "archive"}], "which may make the room"
    none = Beside(snapshots([str(tmp_path / "none")]), lambda: 1, log, every=1)
    none.look()
    await at_work(none)
    assert "none" in str(log.named("chore_failed")[1]["error"])


async def test_one_chore_follows_the_other(tmp_path: Path) -> None:
    path, log = tmp_path / "runs", Lines()
    chores = [*snapshots(appending(path)), Chore("archive", appending(path))]
    beside = Beside(chores, lambda: 1, log, every=1)
    beside.look()
    await at_work(beside)
    assert path.read_text() == "x\nx\n"
    assert log.named("chore_done") == [{"chore": "snapshot"}, {"chore": "archive"}]


async def test_it_is_ended_with_the_daemon() -> None:
    log = Lines()
    waiting = [sys.executable, "-c", "import signal; signal.pause()"]
    beside = Beside(snapshots(waiting), lambda: 1, log, every=1)
    beside.look()
    await asyncio.wait_for(beside.stop(), 30)
    assert log.named("chore_done") == []


async def test_what_the_stop_has_ended_has_not_failed_and_nothing_follows_it(
    tmp_path: Path,
) -> None:
    log, failed = Lines(), list[str]()
    then = Chore("archive", appending(tmp_path / "runs"))
    chores = [*snapshots(waiting(tmp_path / "pid")), then]
    beside = Beside(chores, lambda: 1, log, every=1, failed=failed.append)
    beside.look()
    pid = int(await asyncio.to_thread((tmp_path / "pid").read_text))
    beside.stopping()
    os.kill(pid, signal.SIGTERM)
    await at_work(beside)
    assert (failed, log.lines, (tmp_path / "runs").exists()) == ([], [], False)
    beside = Beside(chores, lambda: 1, log, every=1)
    beside.stopping()
    beside.look()
    assert beside._running is None


def test_a_daemon_that_logs_out_counts_no_failure_of_what_was_ended_with_it(tmp_path: Path) -> None:
    failed = list[str]()
    chores = snapshots(waiting(tmp_path / "pid"))
    beside = Beside(chores, lambda: 1, Lines(), every=1, failed=failed.append)
    with driven(tmp_path / "state", [oms()], beside=beside) as driver:
        client = Client().connect(driver.port)
        client.log_on()
        pid = int((tmp_path / "pid").read_text())
        driver.stop()
        assert client.read().msg_type == "5"
        os.kill(pid, signal.SIGTERM)  # it is waited for the client, who does not answer
    client.close()
    assert failed == []
