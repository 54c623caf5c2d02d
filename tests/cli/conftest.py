"""State folders for the commands that read them, and a daemon for those that ask one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings import DEFAULT_CONFIG
from router.model import PX_SCALE, Side, TimeInForce
from tests.cli.market_day import Day, Recorded

ANY_PORT = ["--set", "fix.acceptor.port=0"]


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A short day with a restart in it. Readers only: nobody writes here."""
    day = Day()
    swept = day.order(Side.BUY, 1_000)
    day.run(3)
    scheduled = day.order(Side.SELL, 3_000, algo="twap", tif=TimeInForce.GTD, seconds=12)
    refused = day.order(Side.BUY, 6_000_000)
    day.run(14)
    canceled = day.order(Side.BUY, 500, price=40 * PX_SCALE)
    day.run(2)
    cancel = day.cancel(canceled)
    day.run(2)
    day.crash()
    after = day.order(Side.BUY, 800)
    day.run(10)
    folder = day.save(tmp_path_factory.mktemp("day") / "state")
    return Recorded(folder, swept, scheduled, refused, canceled, cancel, after)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state folder of a daemon with its simulated venues."""
    state = tmp_path_factory.mktemp("operator") / "state"
    log = state.with_name("log")
    argv = [sys.executable, "-m", "router", "run", "--simulate", "--json", *ANY_PORT]
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*argv, "--state", str(state)], stdout=subprocess.PIPE, stderr=errors, text=True
        )
    assert process.stdout is not None
    with process.stdout:
        line = process.stdout.readline()
        assert line, log.read_text()
        assert json.loads(line)["listening"] is True
        yield state
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a copy of the packaged configuration and the documents that it names."""
    for name in ("sluice.yaml", "instruments.yaml"):
        (tmp_path / name).write_text(DEFAULT_CONFIG.with_name(name).read_text())
    shutil.copytree(DEFAULT_CONFIG.with_name("policies"), tmp_path / "policies")
    shutil.copytree(DEFAULT_CONFIG.with_name("markets"), tmp_path / "markets")
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("SLUICE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SLUICE_CONFIG", str(tmp_path / "sluice.yaml"))
    return tmp_path
