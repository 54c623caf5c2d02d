"""What systemd hears of the real daemon, and what its health process does."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from router.model import NS
from router.runtime.control import socket_path
from router.signs import SOCKET_NAME, decode
from tests.crash.processes import ROOT, Time, Venues
from tests.live.listener import WAIT_S, Listener

WATCHDOG = {"WATCHDOG_USEC": "10000000"}


@contextmanager
def daemon(
    folder: Path, listener: Listener, *more: str, module: Sequence[str] = ("router",)
) -> Iterator[subprocess.Popen[str]]:
    """A daemon that believes that systemd has started it; it must leave in good order."""
    environ = {**os.environ, **WATCHDOG, "NOTIFY_SOCKET": str(listener.path)}
    argv = ["run", "--state", str(folder / "state"), "--set", "fix.acceptor.port=0", *more]
    log = folder / "daemon.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-m", *module, *argv],
            cwd=ROOT,
            stderr=errors,
            env=environ,
            text=True,
        ) as process,
    ):
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            assert process.wait(WAIT_S) == 0, log.read_text()
        finally:
            process.kill()


def without_an_answer(state: Path) -> socket.socket:
    """Ask for something that is journaled, and do not wait: the disk may stand."""
    request = {"command": "freeze", "learner": "", "who": "ada", "reason": "drill"}
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.connect(socket_path(state))
    door.sendall(json.dumps(request).encode() + b"\n")
    return door


def test_ready_comes_after_the_venues_have_answered(tmp_path: Path) -> None:
    venues = Venues(tmp_path, Time(time.time_ns() // NS * NS, 1.0))
    connect = [f"venues.{mic}.connect.port={port}" for mic, port in venues.ports.items()]
    sets = [part for each in connect for part in ("--set", each)]
    os.kill(venues.pid, signal.SIGSTOP)  # calls are taken, and nothing is answered
    try:
        with Listener(tmp_path / "notify") as systemd, daemon(tmp_path, systemd, *sets):
            assert systemd.line("STATUS=recovering") == "STATUS=recovering: 0 steps folded"
            assert "closed: LIT_A, LIT_B" in systemd.line("STATUS=waiting for venues; ")
            systemd.line("EXTEND_TIMEOUT_USEC=30000000")
            systemd.line("WATCHDOG=1")
            assert b"READY=1" not in systemd.heard
            os.kill(venues.pid, signal.SIGCONT)
            systemd.line("STATUS=ready, epoch 1")
            said = systemd.heard
            assert said.count(b"READY=1") == 1
            assert said.index(b"READY=1") < said.index(b"STATUS=ready, epoch 1")
        # It has left in good order, and has said so.
    finally:
        os.kill(venues.pid, signal.SIGCONT)
        venues.stop()


def test_the_watchdog_is_not_fed_while_the_journals_writer_stands_still(tmp_path: Path) -> None:
    hold = tmp_path / "hold"
    module = ("tests.live.held_disk", str(hold))
    with Listener(tmp_path / "notify") as systemd:
        with daemon(tmp_path, systemd, "--simulate", module=module):
            systemd.line("READY=1")
            with Listener(tmp_path / "state" / SOCKET_NAME) as health:
                hold.touch()
                with without_an_answer(tmp_path / "state"):
                    systemd.line("STATUS=the journal's writer stands still")
                    systemd.forget()
                    health.forget()
                    for _ in range(2):  # the loop turns, and gives signs; the watchdog gets none
                        journal = decode(health.until(lambda data: True)).journal
                        assert journal is not None
                        assert journal.syncing_s > 1
                    assert systemd.hear() == []
                    hold.unlink()
                    systemd.line("WATCHDOG=1")
            systemd.line("STATUS=ready, epoch 1")
        systemd.line("STOPPING=1")
        systemd.hear()
        assert systemd.heard[-1] == b"STATUS=logging out"
