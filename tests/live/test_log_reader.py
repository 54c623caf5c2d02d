"""The real daemon whose log nobody reads: it trades, is killed and is stopped as ever."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import config
from router.cli.knock import ask

ROOT = Path(config.__file__).parent.parent
WAIT_S = 30.0
KILL: dict[str, object] = {"command": "kill", "scope": "all", "who": "ada", "reason": "a test"}


@contextmanager
def daemon(state: Path, stderr: int, *sets: str) -> Iterator[subprocess.Popen[bytes]]:
    """The daemon, once it listens; it is ended, whatever happens."""
    settings = [part for each in ("fix.acceptor.port=0", *sets) for part in ("--set", each)]
    argv = [sys.executable, "-m", "router", "run", "--json", "--simulate", *settings]
    with subprocess.Popen(
        [*argv, "--state", str(state)], cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr
    ) as process:
        try:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["listening"]
            yield process
        finally:
            process.kill()


def fill(out: int) -> None:
    """Leave no room in a pipe, whose other holders still block on it."""
    door = os.open(f"/proc/self/fd/{out}", os.O_WRONLY | os.O_NONBLOCK)
    try:
        while True:
            os.write(door, b"x" * 4096)
    except BlockingIOError:
        os.close(door)


def killed_and_stopped(process: subprocess.Popen[bytes], state: Path) -> None:
    for _ in range(3):
        assert ask(state, KILL, answer_s=WAIT_S)["scope"] == "all"
    assert len(ask(state, {"command": "status"}, answer_s=WAIT_S)["kills"]) == 3
    process.send_signal(signal.SIGTERM)
    assert process.wait(WAIT_S) == 0


@pytest.mark.parametrize("durability", ["sync", "page-cache"])
def test_the_reader_of_the_log_goes_away(tmp_path: Path, durability: str) -> None:
    reader, out = os.pipe()
    with daemon(tmp_path / "state", out, f"journal.durability={durability}") as process:
        os.close(out)
        os.close(reader)
        killed_and_stopped(process, tmp_path / "state")


def test_the_reader_of_the_log_stands_still(tmp_path: Path) -> None:
    reader, out = os.pipe()
    with daemon(tmp_path / "state", out) as process:
        fill(out)
        killed_and_stopped(process, tmp_path / "state")
    os.close(out)
    os.close(reader)
