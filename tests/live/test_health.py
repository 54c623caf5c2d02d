"""`sluice health` beside the real daemon: each may come and go without the other."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from router.api.dashboard import expressions
from router.api.http import HEAD_MAX
from router.api.serving import CONNECTIONS_MAX
from router.cli import run
from tests.crash.processes import ROOT
from tests.deploy.metric_names import told as told_of
from tests.deploy.metric_names import used
from tests.live.driven import HOST, WAIT_S

DEPLOY = ROOT / "deploy"


@contextmanager
def process(log: Path, *argv: str, points: str = "") -> Iterator[subprocess.Popen[str]]:
    """A command that is killed at the end, if it has not ended; `points` are failpoints."""
    with (
        log.open("a") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "router", *argv],
            cwd=ROOT,
            env={**os.environ, "SLUICE_FAILPOINT": points},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as child,
    ):
        try:
            yield child
        finally:
            child.kill()


@contextmanager
def health(folder: Path) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Its port."""
    argv = ("health", "--state", str(folder / "state"), "--port", "0", "--json")
    with process(folder / "health.log", *argv) as child:
        assert child.stdout is not None
        line = child.stdout.readline()
        assert line, (folder / "health.log").read_text()
        yield json.loads(line)["port"], child


@contextmanager
def daemon(folder: Path, *more: str, points: str = "") -> Iterator[subprocess.Popen[str]]:
    argv = ("run", "--simulate", "--state", str(folder / "state"), "--json")
    sets = ("--set", "fix.acceptor.port=0", "--set", "log.format=json")
    with process(folder / "run.log", *argv, *sets, *more, points=points) as child:
        assert child.stdout is not None
        assert child.stdout.readline(), (folder / "run.log").read_text()
        yield child


def get(port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection(HOST, port, timeout=WAIT_S)
    connection.request("GET", path)
    answer = connection.getresponse()
    told = answer.read().decode()
    connection.close()
    return answer.status, told


def until(port: int, path: str, status: int) -> str:
    """Ask until the answer has this status."""
    give_up = time.monotonic() + WAIT_S
    while time.monotonic() < give_up:
        code, told = get(port, path)
        if code == status:
            return told
    raise AssertionError(f"{path}: {code} {told}")


def metric(port: int, name: str) -> float:
    lines = get(port, "/metrics")[1].splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))


def test_a_daemon_is_watched_through_its_life(tmp_path: Path) -> None:
    with ExitStack() as stack:
        port, watcher = stack.enter_context(health(tmp_path))
        assert get(port, "/startupz")[0] == 503
        assert get(port, "/readyz")[0] == 503
        child = stack.enter_context(daemon(tmp_path))
        told = json.loads(until(port, "/readyz", 200))
        assert told == {"ok": True, "causes": [], "notes": [], "durability": "sync"}
        assert get(port, "/livez")[0] == get(port, "/startupz")[0] == 200
        version = json.loads(get(port, "/version")[1])
        assert (version["daemon"]["epoch"], version["daemon"]["pid"]) == (1, child.pid)
        assert metric(port, "sluice_up") == 1
        assert metric(port, "sluice_process_resident_bytes") > 1e6

        wanted = used([*expressions(), (DEPLOY / "prometheus" / "alerts.yml").read_text()])
        assert wanted - told_of(get(port, "/metrics")[1]) == set()

        child.send_signal(signal.SIGSTOP)
        silent = stack.enter_context(socket.create_connection((HOST, port), WAIT_S))
        causes = json.loads(until(port, "/livez", 503))["causes"]
        assert causes == [f"the loop has not turned for 5 s (process {child.pid}, running)"]
        assert get(port, "/readyz")[0] == 503
        assert silent.recv(1) == b""  # who asks nothing is cut
        child.send_signal(signal.SIGCONT)
        until(port, "/readyz", 200)

        watcher.send_signal(signal.SIGTERM)
        assert watcher.wait(WAIT_S) == 0
        assert (tmp_path / "state" / "health-checkpoint").exists()
        with health(tmp_path) as (port, _):  # killed at the end, as by kill -9: who cares
            until(port, "/readyz", 200)
            caught_up(port)
            assert metric(port, "sluice_restarts_total") == 1
        child.send_signal(signal.SIGTERM)
        assert child.wait(WAIT_S) == 0
    said = [json.loads(line) for line in (tmp_path / "run.log").read_text().splitlines()]
    assert {each["event"] for each in said} >= {"started", "listening", "ready", "stopped"}
    assert all(list(each)[:5] == ["ts", "level", "event", "shard", "epoch"] for each in said)
    assert {(each["shard"], each["epoch"]) for each in said} == {("A", 1)}


def rises(port: int, name: str) -> None:
    """Ask until the metric is above 0."""
    give_up = time.monotonic() + WAIT_S
    while not metric(port, name):
        assert time.monotonic() < give_up, name


def test_a_disk_that_has_failed_is_counted_though_its_daemon_is_gone(tmp_path: Path) -> None:
    with health(tmp_path) as (port, _), ExitStack() as stack:
        often = ("--set", "fix.defaults.heart_bt_int=1")
        failing = "disk.sync_journal.before:40:eio"
        child = stack.enter_context(daemon(tmp_path, *often, points=failing))
        assert child.wait(WAIT_S) == 75
        rises(port, "sluice_journal_failures_total")
        with daemon(tmp_path):
            until(port, "/readyz", 200)
            assert metric(port, "sluice_journal_poisoned") == 0
            assert metric(port, "sluice_journal_failures_total") == 1


def test_a_snapshot_that_fails_beside_the_daemon_is_counted(tmp_path: Path) -> None:
    folder = shutil.copytree(ROOT / "config", tmp_path / "config")
    options = ("--config", str(folder / "sluice.yaml"), "--set", "journal.snapshot_events=1")
    with health(tmp_path) as (port, _), daemon(tmp_path, *options) as child:
        (folder / "sluice.yaml").unlink()
        rises(port, 'sluice_chore_failures_total{chore="snapshot"}')
        assert child.poll() is None


def caught_up(port: int) -> None:
    give_up = time.monotonic() + WAIT_S
    while metric(port, "sluice_reader_lag_events"):
        assert time.monotonic() < give_up


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a health process that watches nobody."""
    with health(tmp_path_factory.mktemp("alone")) as (port, _):
        yield port


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"POST /livez HTTP/1.1\r\n\r\n", b"405"),
        (b"GET /livez HTTP/1.1\r\nX: " + b"a" * HEAD_MAX + b"\r\n\r\n", b"431"),
        (b"a" * (2 * HEAD_MAX + 1), b"431"),
        (b"GET /nobody HTTP/1.1\r\n\r\n", b"404"),
        (b"\x16\x03\x01\x02\r\n\r\n", b"400"),
        (b"GET /livez HTTP/1.1\r\n", b""),
    ],
)
def test_whoever_asks_badly_is_told_so_and_cut(alone: int, said: bytes, status: bytes) -> None:
    with socket.create_connection((HOST, alone), WAIT_S) as peer:
        peer.sendall(said)
        if not status:
            peer.shutdown(socket.SHUT_WR)
        told = b""
        try:
            while data := peer.recv(4096):
                told += data
        except ConnectionResetError:
            pass
        assert told[9:12] == status
    assert get(alone, "/livez")[0] in (200, 503)


def test_who_asks_nothing_gives_way_to_the_next(alone: int) -> None:
    with ExitStack() as stack:
        silent = [
            stack.enter_context(socket.create_connection((HOST, alone), WAIT_S))
            for _ in range(CONNECTIONS_MAX)
        ]
        assert get(alone, "/version")[0] == 200
        assert silent[0].recv(1) == b"", "who has been silent for the longest is cut"
        silent[-1].sendall(b"GET /version HTTP/1.1\r\n\r\n")
        assert silent[-1].recv(12) == b"HTTP/1.1 200"


def test_one_folder_has_one_watcher(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "FORMAT").write_text("sluice-state 1\n")
    with health(tmp_path):
        while not (tmp_path / "state" / "health.sock").exists():
            pass
        state = tmp_path / "state"
        assert run(["health", "--state", str(state), "--port", "0"]) == 73
        told = capsys.readouterr().err.splitlines()[-1]
        assert told == f"another health process watches {state}; end it, or ask that one"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "localhost"])
def test_nobody_may_come_from_elsewhere(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["health", "--host", host]) == 4
    text = f"--host '{host}' is not a loopback address; allowed: 127.0.0.1, ::1\n"
    assert capsys.readouterr().err == text


def test_a_port_that_is_taken_is_an_error(
    alone: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["health", "--state", str(tmp_path), "--port", str(alone)]) == 1
    text = f"cannot listen on 127.0.0.1:{alone}: address already in use; choose another"
    assert capsys.readouterr().err.startswith(text)
