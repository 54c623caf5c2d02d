"""`sluice fix sessions` and its hands, against a real daemon."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from router.cli import run
from router.cli.fix_sessions import text
from router.cli.waiting import wait
from router.messages import SessionCommanded
from tests.cli.market_day import read_journal

PATIENCE = 500
"""Times that something is looked at, 20 ms apart."""


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def standing(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["fix", "sessions", "--state", str(folder), "--json"]) == 0
    found: dict[str, Any] = told(capsys)["sessions"][name]
    return found


def until(holds: Callable[[], bool]) -> None:
    for _ in range(PATIENCE):
        if holds():
            return
        wait(0.02)
    raise AssertionError("it did not come to pass")


def test_every_session_is_shown_with_its_numbers_and_its_peer(
    daemon: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    until(lambda: standing(daemon, "LIT_A", capsys)["logged_on"])
    assert run(["fix", "sessions", "--state", str(daemon)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith(" UTC")
    assert lines[1].split()[:4] == ["session", "version", "role", "state"]
    rows = {line.split()[0]: line.split() for line in lines[2:]}
    assert rows["OMS"][1:6] == ["FIX.4.4", "acceptor", "disconnected", "1", "1"]
    assert rows["LIT_A"][1:6] == ["FIX.4.4", "initiator", "active", "2", "2"]
    assert rows["LIT_A"][-1].startswith("127.0.0.1:")
    assert rows["OMS"][-1] == "-"


def test_a_session_is_logged_out_numbered_and_logged_on_again(
    daemon: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = ["--state", str(daemon)]
    until(lambda: standing(daemon, "DARK_A", capsys)["logged_on"])
    argv = ["fix", "set-numbers", "DARK_A", "--who", "ada", "--reason", "drill", *state]
    assert run([*argv, "--next-in", "9", "--next-out", "9"]) == 6
    assert "log it out first: sluice fix logout DARK_A" in capsys.readouterr().err

    assert run(["fix", "logout", "DARK_A", "--who", "ada", *state]) == 0
    told_so = "DARK_A: Logout has left; it stays out until: sluice fix logon DARK_A"
    assert capsys.readouterr().out == f"{told_so}\n"
    until(lambda: standing(daemon, "DARK_A", capsys)["state"] == "disconnected")
    assert run(["fix", "sessions", *state]) == 0
    assert "DARK_A: logged out by an operator; it stays out" in capsys.readouterr().out

    before = standing(daemon, "DARK_A", capsys)
    numbers = ["--next-in", str(before["next_in"]), "--next-out", str(before["next_out"] + 5)]
    assert run([*argv, *numbers, "--json"]) == 0
    assert told(capsys)["next_out"] == before["next_out"] + 5
    assert run(["fix", "logon", "DARK_A", *state]) == 0
    assert capsys.readouterr().out == "DARK_A will be called\n"
    until(lambda: standing(daemon, "DARK_A", capsys)["logged_on"])
    assert standing(daemon, "DARK_A", capsys)["next_out"] > before["next_out"] + 5

    assert run(["fix", "reset", "DARK_A", "--who", "ada", "--reason", "drill", *state]) == 0
    until(lambda: standing(daemon, "DARK_A", capsys)["next_out"] == 2)
    assert standing(daemon, "DARK_A", capsys)["logged_on"]
    asked = [step.event for step in read_journal(daemon) if type(step.event) is SessionCommanded]
    assert [(each.session, each.action, each.reason) for each in asked] == [
        ("DARK_A", "logout", "by hand"),
        ("DARK_A", "set_numbers", "drill"),
        ("DARK_A", "logon", "by hand"),
        ("DARK_A", "reset", "drill"),
    ]
    assert asked[0].who == "ada"


@pytest.mark.parametrize("action", ["logon", "logout"])
def test_a_session_that_is_not_there_is_named_with_those_that_are(
    action: str, daemon: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["fix", action, "LIT_Z", "--state", str(daemon)]) == 2
    assert capsys.readouterr().err.startswith("no session 'LIT_Z'; there are: OMS, LIT_A, ")


@pytest.mark.parametrize(
    "argv",
    [
        ["sessions"],
        ["logon", "OMS"],
        ["logout", "OMS"],
        ["reset", "OMS", "--who", "ada", "--reason", "drill"],
        ["set-numbers", "OMS", "--next-in=1", "--next-out=1", "--who=ada", "--reason=drill"],
    ],
)
def test_without_a_daemon_it_is_said_with_what_to_start(
    argv: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["fix", *argv, "--state", str(tmp_path)]) == 3
    assert capsys.readouterr().err == (
        f"no daemon runs on {tmp_path}; start one: sluice run --state {tmp_path}\n"
    )


@pytest.mark.parametrize(
    "argv",
    [
        ["reset", "OMS", "--reason", "drill"],
        ["reset", "OMS", "--who", "ada"],
        ["set-numbers", "OMS", "--who", "ada", "--reason", "drill", "--next-in", "1"],
        ["set-numbers", "OMS", "--who=a", "--reason=b", "--next-in=0", "--next-out=1"],
    ],
)
def test_what_a_change_of_numbers_needs_is_asked_for(
    argv: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["fix", *argv, "--state", str(tmp_path)]) == 4


# -- words ---------------------------------------------------------------------------------------


def test_what_is_out_of_the_ordinary_is_told_below_the_table() -> None:
    now = 1_767_623_400_000_000_000
    quiet = {
        "version": "FIX.4.4",
        "role": "acceptor",
        "state": "active",
        "logged_on": True,
        "closed_reason": "connection lost",
        "barred": False,
        "next_in": 5,
        "next_out": 7,
        "gap": None,
        "held": 0,
        "waiting": 0,
        "slow": False,
        "last_sent": now - 1_500_000_000,
        "last_heard": now - 250_000_000,
        "round_trip_ns": 1_234_567,
        "heart_bt_int": 30,
        "garbled": 0,
        "reject_sent": None,
        "reject_received": None,
        "open": True,
        "next_change": None,
    }
    reject = {
        "at": now,
        "msg_type": "3",
        "ref_msg_type": "D",
        "ref_seq_num": "4",
        "ref_tag": "54",
        "reason": "5",
        "text": "Value is incorrect",
    }
    loud = quiet | {
        "logged_on": False,
        "state": "disconnected",
        "barred": True,
        "gap": [5, 9],
        "held": 3,
        "slow": True,
        "garbled": 2,
        "reject_sent": reject,
        "reject_received": reject | {"msg_type": "j", "ref_tag": ""},
        "open": False,
        "next_change": now + 3_600_000_000_000,
        "connection": {
            "peer": "192.0.2.7:5001",
            "tls": "TLS_AES_256_GCM_SHA384",
            "fingerprint": "ab12",
            "unsent": 4096,
            "last_failure": "connection refused",
            "last_refusal": {"at": now, "peer": "192.0.2.8:4", "reason": "unknown names"},
        },
    }
    first, header, *lines = text({"now": now, "sessions": {"QUIET": quiet, "LOUD": loud}})
    assert first == "2026-01-05 14:30:00 UTC"
    rows = [line.split() for line in header.splitlines()[1:]]
    assert rows[0] == ["QUIET", "FIX.4.4", "acceptor", "active", "5", "7", "-", "0", "0",
                       "0.2", "1.5", "1.2", "30", "-"]  # fmt: skip
    assert rows[1][6:8] == ["5..9", "3"]
    assert rows[1][-2:] == ["192.0.2.7:5001", "TLS"]
    assert lines == [
        "LOUD: logged out by an operator; it stays out until: sluice fix logon",
        "LOUD: outside its hours; they begin 2026-01-05 15:30:00 UTC",
        "LOUD: last ended: connection lost",
        "LOUD: the peer reads too slowly; resends wait",
        "LOUD: garbled messages on this connection: 2",
        "LOUD: last reject sent: 2026-01-05 14:30:00 UTC, of 35=D 34=4, tag 54: 373=5 "
        "Value is incorrect",
        "LOUD: last reject received: 2026-01-05 14:30:00 UTC, of 35=D 34=4: 380=5 "
        "Value is incorrect",
        "LOUD: bytes that the peer has not taken yet: 4,096",
        "LOUD: TLS_AES_256_GCM_SHA384, certificate ab12",
        "LOUD: cannot be reached: connection refused",
        "LOUD: last refused 2026-01-05 14:30:00 UTC: 192.0.2.8:4: unknown names",
    ]
