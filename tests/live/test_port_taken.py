"""A daemon whose port another process has does not start, not even by half."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import config
from tests.live.driven import HOST

ROOT = Path(config.__file__).parent.parent


def test_no_venue_is_called_without_the_port(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        argv = [sys.executable, "-m", "router", "run", "--simulate", "--state"]
        done = subprocess.run(
            [*argv, str(tmp_path / "state"), "--set", f"fix.acceptor.port={port}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert f"cannot listen on {HOST}:{port}: address already in use; end the" in done.stderr
    assert " started " in done.stderr
    assert "session_opened" not in done.stderr
