"""The systemd units: what they promise, how exposed they are, and that they start what there is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import config
from config.settings import load_settings
from router.cli import run
from router.runtime.pulse import BEAT_S, BEATS

DEPLOY = Path(config.__file__).parent.parent / "deploy"
UNITS = ("sluice.service", "sluice-health.service")
EXPOSURE_MAX = 2.0
ANALYZE = shutil.which("systemd-analyze")

needs_systemd = pytest.mark.skipif(
    ANALYZE is None, reason="systemd-analyze is not here: nobody has judged the units"
)


def settings(unit: str) -> dict[str, list[str]]:
    """Every key of a unit, with its values in order."""
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / unit).read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def test_the_daemon_says_when_it_is_ready_and_is_watched() -> None:
    unit = settings("sluice.service")
    assert unit["Type"] == ["notify"]
    assert unit["WatchdogSec"] == ["10"]
    assert BEAT_S * BEATS * 2 < 10  # two signs may be missed
    assert unit["RestartPreventExitStatus"] == ["4 73"]  # what no restart cures
    assert unit["StartLimitBurst"] == ["3"]
    assert unit["ExecReload"] == ["/bin/kill -HUP $MAINPID"]


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_hardened(unit: str) -> None:
    found = settings(unit)
    wanted = {
        **dict.fromkeys(
            (
                *("DynamicUser", "NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices"),
                *("PrivateUsers", "ProtectKernelTunables", "ProtectKernelModules"),
                *("ProtectKernelLogs", "ProtectControlGroups", "ProtectClock", "ProtectHostname"),
                *("RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "LockPersonality"),
                "MemoryDenyWriteExecute",
            ),
            "yes",
        ),
        "ProtectSystem": "strict",
        "ProtectProc": "invisible",
        "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
        "CapabilityBoundingSet": "",
        "UMask": "0077",
        "LimitCORE": "0",
        "StateDirectory": "sluice",
        "IPAddressDeny": "any",
        "IPAddressAllow": "localhost",
    }
    assert {key: found.get(key, ["(missing)"])[-1] for key in wanted} == wanted
    assert found["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]
    assert "MemoryMax" in found
    assert "TasksMax" in found


@pytest.mark.parametrize("unit", UNITS)
def test_what_a_unit_starts_is_a_command_of_ours(
    unit: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, command, *options = settings(unit)["ExecStart"][0].split()
    assert run([command, "--help"]) == 0
    told = capsys.readouterr().out
    flags = [each for each in options if each.startswith("--")]
    assert flags
    assert [flag for flag in flags if flag not in told] == []


def installed(pattern: str) -> str:
    """What a line of the install steps says."""
    (found,) = re.findall(pattern, (DEPLOY / "README.md").read_text(), re.MULTILINE)
    return str(found)


def test_commands_find_the_daemon_once_it_is_installed(tmp_path: Path) -> None:
    """By the configuration that the operator's profile names, as by the unit's --state."""
    folder = shutil.copytree(DEPLOY.parent / "config", tmp_path / "etc")
    script = installed(r"^(sed -i .*)$").replace("/etc/sluice", str(folder))
    subprocess.run(["sh", "-ec", script], check=True)
    named = installed(r"^echo 'export SLUICE_CONFIG=(\S+)' > /etc/profile\.d/")
    _, _, *options = settings("sluice.service")["ExecStart"][0].split()
    given = dict(zip(options[::2], options[1::2], strict=True))
    assert named == given["--config"]
    assert load_settings(folder / Path(named).name).state == Path(given["--state"])


def test_the_folder_of_secrets_is_made_before_anything_is_put_there() -> None:
    told = (DEPLOY / "README.md").read_text()
    made = told.index("install -d -m 700 /etc/sluice/secrets")
    assert made < told.index("- /etc/sluice/secrets/desk.cred")


@needs_systemd
@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_little_exposed(unit: str) -> None:
    assert ANALYZE is not None
    argv = [ANALYZE, "security", "--offline=true", "--no-pager", str(DEPLOY / unit)]
    told = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", told)
    assert found, told
    assert float(found[1]) <= EXPOSURE_MAX


@needs_systemd
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_a_unit(unit: str, tmp_path: Path) -> None:
    assert ANALYZE is not None
    text = (DEPLOY / unit).read_text().replace("/opt/sluice/.venv/bin/sluice", sys.executable)
    (tmp_path / unit).write_text(text)
    argv = [ANALYZE, "verify", str(tmp_path / unit)]
    told = subprocess.run(argv, capture_output=True, text=True, check=False)
    ours = [line for line in told.stderr.splitlines() if unit in line]
    assert (told.returncode, ours) == (0, [])
