"""A daemon that fails while it runs says of what, and not that it could not start."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.live.driven import Client
from tests.live.listener import WAIT_S
from tests.live.test_port_taken import ROOT


def test_a_journal_that_cannot_be_read_is_no_port_that_is_taken(tmp_path: Path) -> None:
    fails = tmp_path / "fails"
    state = str(tmp_path / "state")
    argv = ["run", "--simulate", "--json", "--set", "fix.acceptor.port=0"]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.live.failing_disk", str(fails), *argv, "--state", state],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as daemon:
        try:
            said = until_it_fails(daemon, fails)
        finally:
            daemon.kill()
    assert daemon.returncode == 1
    assert (
        said.splitlines()[-1] == "RuntimeError: the daemon has failed: [Errno 5] Input/output error"
    )
    assert "cannot listen" not in said
    assert "in sent_frames" in said, "where it has failed"


def until_it_fails(daemon: subprocess.Popen[str], fails: Path) -> str:
    """Have it read the journal when that has failed; what it says up to its end."""
    assert daemon.stdout is not None
    with Client().connect(json.loads(daemon.stdout.readline())["port"]) as client:
        client.log_on()
        client.send("D", "11=X|")  # it is refused, and that can be asked for again
        assert client.read().msg_type != "0"
        fails.touch()
        client.send("2", "7=1|16=0|")
        return daemon.communicate(timeout=WAIT_S)[1]
