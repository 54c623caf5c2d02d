"""kill, arm, status, doctor and venues against real processes."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from router.cli import run
from router.messages import EngageKill, ReleaseKill
from router.runtime.control import socket_path
from tests.cli.conftest import ANY_PORT
from tests.cli.market_day import read_journal
from tests.live.driven import WAIT_S


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_kill_holds_until_a_named_person_releases_it(
    daemon: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = ["--state", str(daemon)]
    assert run(["status", *state, "--json"]) == 0
    before = told(capsys)
    assert (before["ready"], before["kills"], before["epoch"]) == (True, [], 1)

    argv = ["kill", "--scope", "venue", "LIT_A", "--reason", "drill", "--who", "ada", *state]
    assert run([*argv, "--json"]) == 0
    answer = told(capsys)
    assert {key: answer[key] for key in ("scope", "value", "cancels")} == {
        "scope": "venue",
        "value": "LIT_A",
        "cancels": 0,
    }
    first = answer["kill_id"]
    assert run(["kill", "--scope", "all", "--reason", "drill", *state]) == 0
    out = capsys.readouterr().out
    second = out.partition(":")[0]
    assert out == (
        f"{second}: killed all; 0 children are being canceled; "
        f"release it with: sluice arm {second} --who NAME --reason TEXT\n"
    )
    assert run(["status", *state]) == 0
    assert capsys.readouterr().out.splitlines()[-2].split() == [first, "venue", "LIT_A", "ada"]

    assert run(["doctor", *ANY_PORT, *state]) == 10
    out = capsys.readouterr().out
    assert f"{first} holds for venue LIT_A, by ada" in out
    assert "the daemon runs with what the files say" in out
    assert "nobody watches the daemon" in out
    assert run(["doctor", *ANY_PORT, *state, "--set", "routing.pause_ms=21"]) == 10
    drifted = "routing.pause_ms: the daemon runs with 20.0, the files say 21.0"
    assert drifted in capsys.readouterr().out
    assert "held by the daemon" in out

    assert run(["arm", second, "--who", "grace", "--reason", "done", *state]) == 0
    assert capsys.readouterr().out == f"{second}: released by grace; still held: {first}\n"
    assert run(["arm", second, "--who", "grace", "--reason", "done", *state]) == 2
    assert capsys.readouterr().err == f"no kill '{second}' holds; held: {first}\n"
    assert run(["arm", first, "--who", "grace", "--reason", "done", *state, "--json"]) == 0
    assert told(capsys)["still_held"] == []

    commands = [command for step in read_journal(daemon) for command in step.commands]
    engaged = [each for each in commands if isinstance(each, EngageKill)]
    assert [(each.scope, each.value, each.reason) for each in engaged] == [
        ("venue", "LIT_A", "drill"),
        ("all", "", "drill"),
    ]
    assert engaged[0].who == "ada"
    released = [each for each in commands if isinstance(each, ReleaseKill)]
    assert [(each.kill_id, each.who) for each in released] == [(second, "grace"), (first, "grace")]


def test_a_kill_is_not_lost_to_a_byte_that_is_no_text(
    daemon: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = ["--state", str(daemon)]
    words = ["--reason", b"f\xfcr alle".decode("utf-8", "surrogateescape"), "--who", "Ad\udce4"]
    assert run(["kill", "--scope", "all", *words, *state, "--json"]) == 0
    kill_id = told(capsys)["kill_id"]
    kills = [each for step in read_journal(daemon) for each in step.commands]
    (kill,) = [each for each in kills if isinstance(each, EngageKill) and each.kill_id == kill_id]
    assert (kill.who, kill.reason) == ("Adä", "für alle")
    assert run(["arm", kill_id, *words, *state]) == 0
    assert capsys.readouterr().out == f"{kill_id}: released by Ad?; no kill holds\n"


@pytest.mark.parametrize(
    ("argv", "code", "text"),
    [
        (["--scope", "desk", "X"], 4, "--scope 'desk' is not one of: all, account, venue"),
        (["--scope", "all", "X"], 4, "--scope all takes no value, not 'X'"),
        (["--scope", "account"], 4, "--scope account needs a value"),
        (["--scope", "venue", "LIT_Z"], 2, "no venue 'LIT_Z'; there are: LIT_A, LIT_B"),
    ],
)
def test_a_kill_that_means_nothing_is_refused(
    daemon: Path, argv: list[str], code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["kill", *argv, "--reason", "drill", "--state", str(daemon)]) == code
    assert capsys.readouterr().err.startswith(text)


def test_the_story_can_be_read_while_the_daemon_runs(
    daemon: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["journal", "verify", str(daemon)]) == 0
    assert run(["why", "A1-0", "--state", str(daemon)]) == 2
    assert run(["replay", str(daemon)]) == 0
    assert "starts         1" in capsys.readouterr().out


@pytest.mark.parametrize(
    "argv",
    [
        ["status"],
        ["kill", "--scope", "all", "--reason", "drill"],
        ["arm", "KA1", "--who", "ada", "--reason", "done"],
    ],
)
def test_where_no_daemon_runs_it_is_said_with_what_to_start(
    argv: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for state in (tmp_path / "none", tmp_path):
        assert run([*argv, "--state", str(state)]) == 3
        assert capsys.readouterr().err == (
            f"no daemon runs on {state}; start one: sluice run --state {state}\n"
        )


@pytest.mark.parametrize("reads", [False, True])
def test_a_daemon_that_hangs_up_is_one_that_runs(
    reads: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a descriptor it can do no other, and to start a second one would be no cure."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(socket_path(tmp_path))
        listening.listen()
        listening.settimeout(WAIT_S)

        def hang_up() -> None:
            asker, _ = listening.accept()
            with asker:
                _ = asker.recv(1 << 16) if reads else b""

        thread = threading.Thread(target=hang_up)
        thread.start()
        argv = ["kill", "--scope", "all", "--reason", "drill", "--state", str(tmp_path)]
        assert run(argv) == 5
        thread.join(WAIT_S)
    said = f"the daemon on {tmp_path} runs, and has hung up without an answer: "
    assert capsys.readouterr().err.startswith(said)
    assert run(argv) == 3, "the file alone is nobody"


# --- venues --------------------------------------------------------------------------------------


def test_venues_say_where_they_listen_and_end_when_told(tmp_path: Path) -> None:
    audit = tmp_path / "audit.jsonl"
    argv = [sys.executable, "-m", "router", "venues", "--base-port", "0", "--audit", str(audit)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout, process.stderr:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        venues = json.loads(line)["venues"]
        assert list(venues) == ["LIT_A", "LIT_B", "LIT_C", "DARK_A", "DARK_B", "SDP_1", "SDP_2"]
        assert all(port > 0 for port in venues.values())
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert [json.loads(line)["mic"] for line in audit.read_text().splitlines()] == list(venues)


def test_venues_without_a_market_are_a_configuration_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["venues", "--set", "simulate=null"]) == 4
    assert "name one: --market FILE" in capsys.readouterr().err
    assert run(["venues", "--market", str(tmp_path / "none.yaml"), "--base-port", "0"]) == 4
    assert "none.yaml" in capsys.readouterr().err
