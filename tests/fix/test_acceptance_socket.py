"""The acceptance scripts over a socket: the live driver with its journal, in both roles."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fix.acceptance import Player
from tests.fix.definitions import BY_NAME, ROLES, Run, one_variant_each, scripts
from tests.fix.over_socket import Socket
from tests.fix.protocol import Breach

SCRIPTS = scripts()
SYNCED = ("2b_msg_seq_num_too_high", "8_resend_after_restart", "16a_queued_while_away")
"""Scripts that are run with a synced journal, too."""


def played(run: Run, folder: Path, *, synced: bool = False) -> str:
    """Why a run fails, or nothing."""
    side = Socket(run, folder, synced=synced)
    try:
        Player(run, side).play()
    except Breach as breach:
        return str(breach)
    finally:
        side.close()
    return ""


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("version", BY_NAME)
def test_the_scripts_pass_over_a_socket(version: str, role: str, tmp_path: Path) -> None:
    runs = [run for script in SCRIPTS for run in one_variant_each(script, "socket")]
    mine = [run for run in runs if (run.version.name, run.role) == (version, role)]
    failed = [played(run, tmp_path / run.script.name) for run in mine]
    assert not any(failed), "\n\n".join(filter(None, failed))


@pytest.mark.parametrize("name", SYNCED)
def test_scripts_pass_with_a_synced_journal(name: str, tmp_path: Path) -> None:
    script = next(each for each in SCRIPTS if each.name == name)
    for number, run in enumerate(script.runs("socket")):
        assert not played(run, tmp_path / str(number), synced=True)
