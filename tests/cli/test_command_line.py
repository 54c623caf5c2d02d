"""The command line: finding commands, exit codes, and what is said where."""

from __future__ import annotations

import errno
import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

from config.documents import DocumentError
from config.layers import SettingsError
from config.settings import DEFAULT_CONFIG
from router.cli import commands, run
from router.cli.errors import CommandError, ExitCode, expected
from router.cli.output import table
from router.journal.segments import JournalPoisoned
from router.journal.storage import ForeignState, StateLocked
from router.messages import Restarted, Step
from tests.cli.market_day import write_journal

# --- options -------------------------------------------------------------------------------------


def parameters() -> dict[str, set[str]]:
    """Those of every command, by its name."""
    found = {}
    for each in commands():
        module = importlib.import_module(each.module)
        functions = module.COMMANDS if each.is_group else {"": module.command}
        for name, function in functions.items():
            found[f"{each.name} {name}".strip()] = set(inspect.signature(function).parameters)
    return found


def test_every_command_that_reads_the_configuration_can_be_given_another() -> None:
    found = parameters()
    with_config = {name for name, each in found.items() if "config" in each}
    with_set = {name for name, each in found.items() if "overrides" in each}
    assert with_config - with_set == {"fix decode"}
    assert with_set - with_config == set()
    assert "kill" in with_set
    told = (DEFAULT_CONFIG.parent.parent / "docs" / "operations.md").read_text()
    assert "every one that reads the\nconfiguration has `--config FILE`" in told
    assert set(found) - with_config, "there are others: they have neither"


# --- exit codes ----------------------------------------------------------------------------------


def test_the_exit_codes_are_the_contract() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "OK": 0,
        "ERROR": 1,
        "NOT_FOUND": 2,
        "NOT_RUNNING": 3,
        "CONFIGURATION": 4,
        "TIME_OUT": 5,
        "REFUSED": 6,
        "NEEDS_APPROVAL": 7,
        "FINDINGS": 10,
        "LOCKED": 73,
        "POISONED": 75,
        "INTERRUPTED": 130,
    }


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        (CommandError(ExitCode.REFUSED, "no"), 6, ("no",)),
        (SettingsError(["a", "b"]), 4, ("a", "b")),
        (DocumentError(["f:1: a"]), 4, ("f:1: a",)),
        (TimeoutError(), 5, ("no answer in time",)),
        (ConnectionRefusedError(111, "refused"), 3, ("nobody answers: [Errno 111] refused",)),
        (
            StateLocked("var/sluice", 7),
            73,
            (
                "var/sluice is locked by process 7; "
                "end that process, or choose another folder with --state",
            ),
        ),
        (JournalPoisoned("sync failed"), 75, ("sync failed: restart, to recover",)),
        (
            ForeignState("not ours"),
            1,
            ("not ours; choose an empty folder, or one of Sluice's own, with --state",),
        ),
        (FileNotFoundError(2, "No such file", "x.yaml"), 1, ("x.yaml: No such file",)),
        (
            OSError(errno.EDQUOT, "Disk quota exceeded"),
            1,
            ("cannot be written: Disk quota exceeded",),
        ),
        (OSError(errno.EIO, "Input/output error"), 1, ("cannot be written: Input/output error",)),
    ],
)
def test_an_expected_error_has_a_code_and_lines(
    error: Exception, code: int, lines: tuple[str, ...]
) -> None:
    known = expected(error)
    assert known is not None
    assert (int(known.code), known.lines) == (code, lines)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
@pytest.mark.parametrize("argv", [["check", "--json"], ["journal", "verify", "STATE"]])
def test_a_full_disk_under_the_output_is_one_line(argv: list[str], tmp_path: Path) -> None:
    folder = write_journal(tmp_path / "s", [Step(1, 2, Restarted(1))])
    argv = [str(folder) if each == "STATE" else each for each in argv]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "router", *argv],
            cwd=DEFAULT_CONFIG.parent.parent,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    said = "cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (int(ExitCode.ERROR), said)


def test_a_bug_of_ours_is_not_expected() -> None:
    assert expected(OSError(errno.EBADF, "a descriptor of ours")) is None
    assert expected(ValueError("bug")) is None
    assert expected(AssertionError()) is None


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["nope"], "No such command 'nope'"),
        (["check", "--bogus"], "No such option: --bogus"),
        (["config", "show", "--set"], "Option '--set' requires an argument"),
        (["config"], "Usage: sluice config"),
        ([], "Usage: sluice"),
    ],
)
def test_a_command_line_that_is_not_understood_is_a_configuration_error(
    argv: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(argv) == 4
    assert told in capsys.readouterr().err


# --- commands ------------------------------------------------------------------------------------


def test_a_file_is_a_command_if_it_defines_one(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text('"""Do one thing.\n\nMore."""\ndef command() -> None: ...\n')
    (tmp_path / "two_words.py").write_text('"""Many."""\nCOMMANDS: dict[str, int] = {}\n')
    (tmp_path / "helper.py").write_text('"""No command."""\ndef show() -> None: ...\n')
    (tmp_path / "_hidden.py").write_text("def command() -> None: ...\n")
    assert [(c.name, c.help, c.is_group) for c in commands(tmp_path)] == [
        ("one", "Do one thing.", False),
        ("two-words", "Many.", True),
    ]


def test_help_lists_every_command_with_the_first_line_of_its_module(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    for found in commands():
        assert found.help.startswith(tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")), found.name
        assert found.help.endswith("."), found.name
        assert found.name in out


@pytest.mark.parametrize("found", commands(), ids=lambda found: found.name)
def test_every_command_explains_itself(found: object, capsys: pytest.CaptureFixture[str]) -> None:
    name = getattr(found, "name", "")
    assert run([name, "--help"]) == 0
    assert f"Usage: sluice {name}" in capsys.readouterr().out


def test_help_imports_no_command() -> None:
    script = (
        "import sys, router.cli\n"
        "assert router.cli.run(['--help']) == 0\n"
        "heavy = {'numpy', 'pyarrow', 'sklearn', 'uvloop', 'asyncio', 'router.cli.check'}\n"
        "print('imported', sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "imported []", done.stderr


def test_the_module_runs_like_the_script() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "router", "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: sluice")


# --- check and config ----------------------------------------------------------------------------


def test_a_good_configuration_passes(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("ok: venues=7 instruments=1 limits=")


def test_errors_of_every_kind_are_told_together_with_their_place(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "instruments.yaml").write_text("instruments: []\n")
    (place / "markets" / "baseline.yaml").write_text("a: 1\na: 2\n")
    argv = ["check", "--set", "limits.no_such.x=1", "--set", "limits.order_quantity.parent_max=0"]
    assert run([*argv, "--set", "limits.price_collar.tick=1"]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert lines[0].startswith("instruments.yaml:1: instruments: ")
    assert lines[1].startswith("--set limits.no_such.x: limits.no_such: unknown limit; allowed: ")
    assert "limits.price_collar.tick: " in lines[2]
    assert "limits.order_quantity.parent_max: " in lines[3]
    assert lines[-1].startswith(f"{place / 'markets' / 'baseline.yaml'}:2: ")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["learner.name=nobody"], ["learner.name: no learner 'nobody'; allowed: "]),
        (
            ["learner.kapa=1", "learner.gamma=7"],
            ["learner.gamma: Input should be less", "learner.kapa: Extra inputs are not permitted"],
        ),
        (["learner.name=pro_rata", "learner.gamma=1"], ["learner.gamma: Extra inputs"]),
    ],
)
def test_a_learner_that_cannot_be_made_is_an_error(
    given: list[str], told: list[str], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At start-up, not with the first order."""
    assert run(["check", *(each for text in given for each in ("--set", text))]) == 4
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(told)
    for line, text in zip(lines, told, strict=True):
        assert text in line


def test_a_policy_that_is_not_there_is_an_error(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "policies" / "desk.yaml").unlink()
    assert run(["check"]) == 4
    assert str(place / "policies" / "desk.yaml") in capsys.readouterr().err


def test_findings_have_their_own_exit_code(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["check", "--set", "journal.durability=page-cache", "--set", "fix.acceptor.host=0.0.0.0"]
    assert run(argv) == 10
    out, _ = capsys.readouterr()
    assert [line.split(": ")[:3] for line in out.splitlines()] == [
        ["warning", "--set journal.durability", "journal.durability"],
        ["warning", "--set fix.acceptor.host", "fix.acceptor.host"],
        ["warning", "sluice.yaml:30", "fix.acceptor.sessions[0].credentials"],
    ]


def test_everything_that_a_session_names_must_be_there(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["check", "--set", "fix.defaults.credentials.kind=hmac"]
    argv += ["--set", "fix.defaults.credentials.secret=key", "--set", "secrets_dir=nowhere"]
    argv += ["--set", "fix.acceptor.sessions.OMS.calendar=none.yaml"]
    argv += ["--set", "fix.acceptor.sessions.OMS.start_time=08:00"]
    assert run([*argv, "--set", "fix.acceptor.sessions.OMS.end_time=17:00"]) == 4
    err = capsys.readouterr().err.splitlines()
    assert [line.rpartition("/")[2] for line in err] == [
        "key: cannot be read: No such file or directory",
        "none.yaml: cannot be read: No such file or directory",
    ]


def test_venues_that_do_not_fit_their_market_or_each_other_are_findings(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["check", "--json", "--set", "venues.LIT_A.market_data=null"]
    argv += ["--set", "venues.LIT_B.fees.take=0.0031", "--set", "venues.SDP_2.mic=SDP_3"]
    argv += ["--set", "venues.DARK_B.connect.port=9893"]
    argv += ["--set", "policies=[policies/default.yaml]"]
    assert run([*argv, "--set", "venues.DARK_B.target_comp_id=DARK_A"]) == 10
    told = json.loads(capsys.readouterr().out)
    assert (told["version"], told["ok"]) == (1, False)
    texts = [each.rpartition(": ")[2] for each in told["findings"]]
    assert texts[:4] == [
        "its book is never seen",
        "DARK_B and DARK_A are the same session of the same peer",
        "LIT_B charges 0.003 in the simulated market, not 0.0031",
        "SDP_3 is not in the simulated market",
    ]


def test_check_as_json_lists_what_is_in_force(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "--json", "--set", "limits.order_quantity.parent_max=77"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is True
    assert told["instruments"] == ["ACME"]
    [quantity] = [each for each in told["limits"] if each["limit"] == "order_quantity"]
    assert quantity["values"]["parent_max"] == 77


def test_show_tells_who_set_a_value(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["config", "show", "--why", "fix.acceptor.port"]
    assert run(argv) == 0
    assert capsys.readouterr().out == "fix.acceptor.port = 9880    # sluice.yaml:27\n"
    assert run([*argv, "--set", "fix.acceptor.port=1"]) == 0
    assert capsys.readouterr().out == "fix.acceptor.port = 1    # --set fix.acceptor.port\n"
    assert run([*argv, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "version": 1,
        "values": [{"key": "fix.acceptor.port", "value": 9880, "origin": "sluice.yaml:27"}],
    }


def test_show_of_a_key_that_is_not_there_is_not_found(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["config", "show", "--why", "fix.acceptor.prot"]) == 2
    assert "nearest: fix.acceptor.port" in capsys.readouterr().err


def test_a_table_aligns_numbers_to_the_right_and_words_to_the_left() -> None:
    assert table(["mic", "qty"], [["LIT_A", 1200], ["D", 5]]).splitlines() == [
        "mic      qty",
        "LIT_A  1,200",
        "D          5",
    ]
    assert table(["mic"], []) == "mic"
