"""The acceptance scripts over a socket: the live driver with its journal, in both roles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from router.runtime.clock import Clock
from tests.fix.acceptance import Player
from tests.fix.definitions import BY_NAME, ROLES, Run, one_variant_each, parse, scripts
from tests.fix.in_memory import NS
from tests.fix.over_socket import House, Socket
from tests.fix.protocol import EPOCH, Breach, cut, instant
from tests.fix.shorthand import Shorthand

SCRIPTS = scripts()
SYNCED = ("2b_msg_seq_num_too_high", "8_resend_after_restart", "16a_queued_while_away")
"""Scripts that are run with a synced journal, too."""


def played(runs: Sequence[Run], folder: Path, *, synced: bool = False) -> list[str]:
    """Why which runs fail. After a failure, and for a restart, there is a new house."""
    failed = []
    house: House | None = None
    for number, run in enumerate(runs):
        house = house or House(run, folder / str(number), synced=synced)
        side = Socket(run, house)
        try:
            Player(run, side).play()
        except Breach as breach:
            failed.append(str(breach))
        side.close()
        if failed or any(step.verb == "restart" for step in run.steps()):
            house.close()
            house = None
    if house is not None:
        house.close()
    return failed


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("version", BY_NAME)
def test_the_scripts_pass_over_a_socket(version: str, role: str, tmp_path: Path) -> None:
    runs = [run for script in SCRIPTS for run in one_variant_each(script, "socket")]
    mine = [run for run in runs if (run.version.name, run.role) == (version, role)]
    assert played(mine, tmp_path) == []


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ("I 35=1|112=x\nE 35=0|112=y\n", "112=x, not y"),
        ("I 35=1|112=x\nI 35=0\n", "said, and not stated"),
        ("I 35=0\nE 35=0\n", "not said: 35=0"),
        ("I 35=A\nE 35=5|58=*\nI 35=0\n", "closed the connection"),
        ("I 35=3|45=1|58=no\n", "delivered, and not stated"),
    ],
)
def test_a_script_that_is_wrong_fails_over_a_socket(steps: str, told: str, tmp_path: Path) -> None:
    run = next(parse("wrong", f"0: a wrong script\n\nlogon\n{steps}").runs("socket"))
    assert told in played([run], tmp_path)[0]


def test_the_drivers_own_timers_serve_a_session(tmp_path: Path) -> None:
    """Scenarios 4a and 6 with a clock that runs: nobody tells the driver that time has passed."""
    script = next(each for each in SCRIPTS if each.name == "6_test_request")
    run = next(script.runs("socket"))
    house = House(run, tmp_path / "house", clock=Clock(speed=20.0))
    began = house.clock.now()
    raw = house.call()
    logon, _ = Shorthand(run).message("35=A", 1, began)
    raw.sendall(logon)
    data = b""
    while more := raw.recv(1 << 16):
        data += more
    raw.close()
    said, rest = cut(data, run.version.begin_string)
    assert rest == b""
    # The second heartbeat is due shortly before the drop: a busy machine may not send it.
    assert [each.msg_type for each in said] in (["A", "0", "1", "0"], ["A", "0", "1"])
    seconds = [(instant(each.get("52")) - EPOCH).total_seconds() - began / NS for each in said]
    assert all(at >= due - 0.001 for at, due in zip(seconds, (0, 10, 12, 22), strict=False))
    assert house.clock.now() - began >= 24 * NS
    house.close()


@pytest.mark.parametrize("name", SYNCED)
def test_scripts_pass_with_a_synced_journal(name: str, tmp_path: Path) -> None:
    script = next(each for each in SCRIPTS if each.name == name)
    for number, run in enumerate(script.runs("socket")):
        (tmp_path / str(number)).mkdir()
        assert played([run], tmp_path / str(number), synced=True) == []
