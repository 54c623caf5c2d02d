"""The processes of a house: venues, the daemon, and a line to cut; each ended by its own handle.

Ports are 23000 to 23999. Nothing here waits for time to pass: only for something to happen, with a
limit.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import config
from config.settings import DEFAULT_CONFIG
from tests.interop.versions import SPOKEN, Spoken

ROOT = Path(config.__file__).parent.parent
MARKET = Path(config.__file__).parent / "markets" / "baseline.yaml"
MICS = ("LIT_A", "LIT_B", "LIT_C", "DARK_A", "DARK_B", "SDP_1", "SDP_2")
FIRST_PORT, LAST_PORT = 23_000, 23_999
OTHERS = ("daemon", "line to it", "venue of orders", "line to that")
"""What has a port beside the simulated venues."""
WAIT_S = 30.0


def free_ports(count: int) -> int:
    """The first of so many ports in a row that nobody holds."""
    places = LAST_PORT + 2 - FIRST_PORT - count
    for offset in range(places):
        first = FIRST_PORT + (os.getpid() * 17 + offset) % places
        if all(_free(port) for port in range(first, first + count)):
            return first
    raise RuntimeError(f"no {count} free ports in a row from {FIRST_PORT} to {LAST_PORT}")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Process:
    """A child process that says one JSON line on stdout when it is ready, and logs to stderr."""

    def __init__(self, name: str, arguments: list[str]) -> None:
        self.name = name
        self.log: list[str] = []
        self._said: list[str] = []
        self._changed = threading.Condition()
        self._process = subprocess.Popen(
            arguments,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
        self._readers = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in (
                (self._process.stdout, self._said),
                (self._process.stderr, self.log),
            )
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: IO[str], lines: list[str]) -> None:
        for line in stream:
            with self._changed:
                lines.append(line)
                self._changed.notify_all()

    def ready(self) -> dict[str, Any]:
        """The line that it says when it is ready."""
        with self._changed:
            self._changed.wait_for(lambda: self._said or not self.running, WAIT_S)
            assert self._said, f"{self.name} did not start: {self.tail()}"
            answer: dict[str, Any] = json.loads(self._said[0])
        return answer

    def until_logged(self, event: str, count: int) -> None:
        """Wait until it has logged an event so many times more."""
        name = f'"event":"{event}"'
        with self._changed:
            start = len(self.log)
            seen = self._changed.wait_for(
                lambda: sum(name in _compact(line) for line in self.log[start:]) >= count, WAIT_S
            )
            assert seen, f"{self.name} has not logged {event} {count} times: {self.tail()}"

    def tail(self) -> str:
        """The end of what it logged."""
        return "".join(self.log[-20:])

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait(WAIT_S)
        self._close()

    def end(self) -> int:
        """Ask it to end, and wait; the exit code."""
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(WAIT_S)
        self._close()
        return code

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def _close(self) -> None:
        for reader in self._readers:
            reader.join(WAIT_S)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


def _compact(line: str) -> str:
    return line.replace(" ", "")


class House:
    """Venues and daemon with one state folder, which outlives the daemon."""

    config = DEFAULT_CONFIG

    def __init__(self, folder: Path, spoken: Spoken = SPOKEN["FIX.4.4"]) -> None:
        self.folder = folder
        self.spoken = spoken
        self.state = folder / "state"
        self.venue_port = free_ports(len(MICS) + len(OTHERS))
        ports = range(self.venue_port + len(MICS), self.venue_port + len(MICS) + len(OTHERS))
        self.port, self.line_port, self.far_port, self.near_port = ports
        self.daemon: Process | None = None
        self._venues: Process | None = None

    @property
    def market_arguments(self) -> list[str]:
        """What the simulated market is told besides."""
        return []

    @property
    def overrides(self) -> list[str]:
        """What differs from the packaged configuration."""
        venues = [f"venues.{mic}.connect.port={self.venue_port + i}" for i, mic in enumerate(MICS)]
        return [
            f"state={self.state}",
            f"fix.acceptor.port={self.port}",
            "log.format=json",
            "routing.slice_s=2",  # what rests is placed anew soon, so that the test ends soon
            *venues,
            *self.spoken.sluice("fix.acceptor.sessions.OMS", self.folder, oms=True),
        ]

    def open_venues(self) -> None:
        """Start the simulated market in its own process: it lives on when the daemon does not."""
        arguments = [
            *(sys.executable, "-m", "venues", "--market", str(MARKET), "--seed", "7"),
            *("--base-port", str(self.venue_port), "--state", str(self.folder / "venues")),
            "--follow-stdin",
            *self.market_arguments,
        ]
        self._venues = Process("venues", arguments)
        assert self._venues.ready()["ready"] is True

    def start(self, *, simulate: bool = False) -> int:
        """Start the daemon on the state folder; its epoch."""
        arguments = [sys.executable, "-m", "router", "run", "--json", "--config", str(self.config)]
        arguments += ["--simulate"] if simulate else []
        for each in self.overrides:
            arguments += ["--set", each]
        self.daemon = Process("daemon", arguments)
        said = self.daemon.ready()
        assert (said["listening"], said["port"]) == (True, self.port)
        return int(said["epoch"])

    def kill(self) -> None:
        """kill -9 of the daemon."""
        assert self.daemon is not None
        self.daemon.kill()

    def stop(self) -> None:
        """End the daemon in good order."""
        assert self.daemon is not None
        assert self.daemon.end() == 0, self.daemon.tail()

    def close(self) -> None:
        """End whatever still runs."""
        for process in (self.daemon, self._venues):
            if process is not None and process.running:
                process.kill()


class VenueHouse(House):
    """A house whose only venue takes its orders elsewhere, over a line that can be cut."""

    config = Path(__file__).with_name("config") / "sluice.yaml"

    @property
    def market_arguments(self) -> list[str]:
        """The venue's market data speaks the version of its orders."""
        return ["--fix-version", f"LIT_A={self.spoken.version.name}"]

    @property
    def overrides(self) -> list[str]:
        """What differs from the tests' configuration."""
        return [
            f"state={self.state}",
            f"fix.acceptor.port={self.port}",
            "log.format=json",
            f"venues.LIT_A.connect.port={self.near_port}",
            f"venues.LIT_A.market_data.connect.port={self.venue_port}",
            *self.spoken.sluice("fix.acceptor.sessions.OMS", self.folder, oms=True),
            *self.spoken.sluice("venues.LIT_A", self.folder, oms=False),
        ]


class Line:
    """A TCP line between an OMS and the daemon that the test can cut."""

    def __init__(self, port: int, to: int) -> None:
        self._to = to
        self._ends: list[socket.socket] = []
        self._lock = threading.Lock()
        self._server = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Reset every connection; new ones are taken."""
        with self._lock:
            ends, self._ends = self._ends, []
        for end in ends:
            _hang_up(end)

    def close(self) -> None:
        """No more connections."""
        self._server.close()
        self.cut()

    def _accept(self) -> None:
        for near in _connections(self._server):
            try:
                far = socket.create_connection(("127.0.0.1", self._to), WAIT_S)
            except OSError:
                near.close()  # the daemon is away, and so the caller finds it
                continue
            with self._lock:
                self._ends += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=_carry, args=(one, other), daemon=True).start()


def _connections(server: socket.socket) -> Iterator[socket.socket]:
    while True:
        try:
            near, _ = server.accept()
        except OSError:
            return
        yield near


def _carry(one: socket.socket, other: socket.socket) -> None:
    try:
        while data := one.recv(65_536):
            other.sendall(data)
    except OSError:
        pass  # cut: the other end must learn it too
    _hang_up(other)


def _hang_up(end: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it was closed already
        end.shutdown(socket.SHUT_RDWR)
    end.close()
