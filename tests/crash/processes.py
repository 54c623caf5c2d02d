"""The processes of a run: the venues, and a daemon that dies and is started again.

Owns processes and ports. What they are sent and what they say is none of its business.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import config
from router.model import NS

ROOT = Path(config.__file__).parent.parent
BASELINE = Path(config.__file__).parent / "markets" / "baseline.yaml"
PORTS = range(24_000, 25_000)
WAIT_S = 60


@dataclass(frozen=True, slots=True)
class Fate:
    """How a life of the daemon ends."""

    point: str
    """One of `tests.crash.doomed`."""
    count: int
    """At which write to its journal since the start, recovery's own included."""


@dataclass(frozen=True, slots=True)
class Time:
    """The clock that all processes share: it says `origin` when the wall does, and runs faster."""

    origin: int
    """UTC nanoseconds, whole seconds."""
    speed: float

    @property
    def text(self) -> str:
        """The origin as settings take it."""
        return datetime.fromtimestamp(self.origin // NS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def free_port() -> int:
    """A port that nobody listens on. Two test runs start to look at different places."""
    first = os.getpid() % len(PORTS)
    for number in range(len(PORTS)):
        port = PORTS[(first + number) % len(PORTS)]
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("every port is taken")


class Venues:
    """The simulated market."""

    def __init__(self, folder: Path, time: Time) -> None:
        self.audit = folder / "audit.jsonl"
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "venues", "--market", str(BASELINE), "--base-port", "0"),
                *("--seed", "7", "--speed", str(time.speed), "--origin", str(time.origin)),
                *("--state", str(folder / "venues"), "--audit", str(self.audit)),
                "--follow-stdin",
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.ports: dict[str, int] = json.loads(self._process.stdout.readline())["venues"]

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def stop(self) -> None:
        """End it in good order."""
        with self._process:
            self._process.send_signal(signal.SIGTERM)
            assert self._process.wait(WAIT_S) == 0


class Daemon:
    """One life of the daemon."""

    def __init__(
        self, folder: Path, time: Time, venues: dict[str, int], port: int, fate: Fate | None
    ) -> None:
        module = ["router"]
        if fate is not None:
            module = ["tests.crash.doomed", fate.point, str(fate.count)]
        settings = {
            "clock.speed": time.speed,
            "clock.origin": time.text,
            "fix.acceptor.port": port,
            "fix.defaults.reconnect_interval": 0.1,
            "journal.segment_mib": 1,
            "journal.heads": folder / "heads",
            "journal.snapshot_events": 20,
            "log.level": "warning",
            **{f"venues.{mic}.connect.port": at for mic, at in venues.items()},
        }
        sets = [text for key, value in settings.items() for text in ("--set", f"{key}={value}")]
        with (folder / "daemon.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", *module),
                    *("run", "--json", "--state", str(folder / "state"), *sets),
                ],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    def listens(self) -> bool:
        """Wait until it takes OMSs, or until it is dead: then False."""
        assert self._process.stdout is not None
        return bool(self._process.stdout.readline())

    @property
    def is_dead(self) -> bool:
        """True if it has ended."""
        return self._process.poll() is not None

    def dead(self) -> int:
        """Wait for its end; the signal that killed it, negative, or its exit code."""
        with self._process:
            return self._process.wait(WAIT_S)

    def kill(self) -> None:
        """Kill -9, if it is still there."""
        self._process.kill()
        self.dead()

    def stop(self) -> int:
        """End it in good order; its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self.dead()
