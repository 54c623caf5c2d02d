"""`sluice policy` and SIGHUP against a real daemon, which reads its policy documents again."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config.settings import DEFAULT_CONFIG
from router.cli import run
from router.cli.knock import ask
from router.journal.recovery import read_steps
from router.journal.storage import FileStorage
from router.messages import PoliciesLoaded, PoliciesRefused, SendChild, Step
from tests.crash.processes import free_port

NO_DEALER = """
rules:
  - id: no-dealer
    why: the desk has had enough of them
    venues: {deny: {type: dealer}}
"""


NO_LIT = """
rules:
  - id: no-lit
    why: they are slow today
    venues: {deny: {type: lit}}
"""


@dataclass
class Daemon:
    """A daemon with a policy folder of its own."""

    state: Path
    policies: Path
    log: Path
    process: subprocess.Popen[str]
    port: int
    """Where OMSs call."""

    def change(self, version: int, more: str = "") -> None:
        """Another version of the desk's document."""
        text = (DEFAULT_CONFIG.parent / "policies" / "desk.yaml").read_text()
        text = text.replace("version: 1\n", f"version: {version}\n")
        (self.policies / "desk.yaml").write_text(text)
        extra = self.policies / "extra.yaml"
        extra.unlink(missing_ok=True)
        if more:
            extra.write_text("policy: extra\nversion: 1\nlayer: desk\n" + more)

    def events(self) -> list[Step]:
        storage = FileStorage(self.state, read_only=True)
        found = (step for _, step in read_steps(storage, live=True))
        return [each for each in found if isinstance(each.event, PoliciesLoaded | PoliciesRefused)]

    def says(self, event: str, times: int = 1) -> list[dict[str, Any]]:
        """Lines of the log about an event, once there are so many."""
        with self.log.open() as lines:
            while True:
                lines.seek(0)
                told = [json.loads(line) for line in lines if line.startswith("{")]
                found = [each for each in told if each["event"] == event]
                if len(found) >= times:
                    return found
                assert self.process.poll() is None, self.log.read_text()
                ask(self.state, {"command": "status"})  # it goes on meanwhile


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    folder = tmp_path_factory.mktemp("reload")
    policies = folder / "policies"
    shutil.copytree(DEFAULT_CONFIG.parent / "policies", policies)
    log, state = folder / "log", folder / "state"
    port = free_port()
    argv = [sys.executable, "-m", "router", "run", "--simulate", "--json"]
    argv += ["--set", f"fix.acceptor.port={port}"]
    argv += ["--set", f"policies=[{policies}]", "--set", "log.format=json", "--state", str(state)]
    with log.open("w") as errors:
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert process.stdout is not None
    with process.stdout:
        line = process.stdout.readline()
        assert line, log.read_text()
        yield Daemon(state, policies, log, process, port)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()


def command(
    house: Daemon, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, str, list[str]]:
    code = run(["policy", "reload", "--state", str(house.state), *more])
    out, err = capsys.readouterr()
    return code, out, err.splitlines()


def in_force(house: Daemon, capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["status", "--state", str(house.state), "--json"]) == 0
    found: str = json.loads(capsys.readouterr().out)["policy"]["hash"]
    return found


def test_a_reload_names_what_changes_and_the_hash(
    house: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    before = in_force(house, capsys)
    known = len(house.events())
    house.change(2, NO_DEALER)
    code, out, err = command(house, capsys, "--dry-run")
    assert (code, err, in_force(house, capsys)) == (0, [], before)
    first, *names = out.splitlines()
    assert first.endswith(f"would be in force for orders from now on; before: {before[:12]}")
    assert names == ["added    extra", "changed  desk"]

    code, out, err = command(house, capsys, "--reason", "no more dealers", "--who", "ada")
    after = in_force(house, capsys)
    assert (code, err) == (0, [])
    assert out.splitlines() == [
        f"policy {after[:12]} is in force for orders from now on; before: {before[:12]}",
        *names,
    ]
    code, out, err = command(house, capsys, "--reason", "again", "--json")
    told = json.loads(out)
    assert (code, told["differs"], told["policy_hash"]) == (0, False, after)
    assert command(house, capsys, "--reason", "again")[1] == (
        f"nothing has changed: policy {after[:12]} is in force\n"
    )
    (step,) = house.events()[known:]
    assert isinstance(step.event, PoliciesLoaded)
    assert (step.event.who, step.event.reason) == ("ada", "no more dealers")
    assert house.says("policies_loaded")[-1]["policy"] == after


def test_wrong_documents_are_told_with_their_lines_and_nothing_changes(
    house: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    before = in_force(house, capsys)
    house.change(3, NO_DEALER.replace("deny", "denied"))
    known = len(house.events())
    for more, kept in (("--dry-run",), known), (("--reason", "try"), known + 1):
        code, out, err = command(house, capsys, *more)
        assert (code, out, len(house.events())) == (4, "", kept)
        assert err[0].startswith(f"{house.policies}/extra.yaml:8: rules[0].venues.denied: unknown")
        assert err[-1] == f"nothing has changed: policy {before[:12]} stays in force"
    code, out, err = command(house, capsys, "--dry-run", "--json")
    assert (code, json.loads(out)["refused"]) == (4, err[:-1])
    assert in_force(house, capsys) == before


def test_without_a_reason_nobody_is_asked(
    house: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = command(house, capsys)
    assert code == 4
    assert err == ["--reason is missing: why are they read again? --dry-run needs none"]


def test_a_signal_reloads_and_the_log_says_what_came_of_it(
    house: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    house.change(4)
    known = len(house.says("policies_loaded", 0))
    house.process.send_signal(signal.SIGHUP)
    loaded = house.says("policies_loaded", known + 1)[-1]
    assert (loaded["who"], loaded["policy"]) == ("SIGHUP", in_force(house, capsys))
    known = len(house.says("policies_unchanged", 0))
    house.process.send_signal(signal.SIGHUP)
    assert house.says("policies_unchanged", known + 1)[-1]["policy"] == loaded["policy"]
    house.change(5, "rules: 7\n")
    known = len(house.says("policies_refused", 0))
    house.process.send_signal(signal.SIGHUP)
    refused = house.says("policies_refused", known + 1)[-1]
    assert refused["errors"][0].startswith(f"{house.policies}/extra.yaml:4: rules: ")
    assert in_force(house, capsys) == loaded["policy"]


def test_what_was_in_force_is_shown_from_the_journal(
    house: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    house.change(6, NO_DEALER)
    command(house, capsys, "--reason", "for the record", "--who", "grace")
    now = in_force(house, capsys)
    state = ["--state", str(house.state)]
    assert run(["policy", "show", *state]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["since,", "UTC", "seq", "policy", "by", "documents", "why"]
    assert "a start" in lines[1]
    assert now[:12] in lines[-1]
    told = lines[-1].split()
    assert told[3:] == ["grace", "default:1+desk:6+extra:1+clients:1", "for", "the", "record"]
    assert run(["policy", "show", now[:12], *state]) == 0
    text = capsys.readouterr().out
    assert NO_DEALER.strip() in text
    assert f"# {house.policies}/extra.yaml: extra:1 sha256=" in text
    assert run(["policy", "show", now, *state, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["policies"]
    assert (found["policy_hash"], found["who"]) == (now, "grace")
    assert run(["policy", "show", "f" * 64, *state]) == 2


def test_open_orders_are_narrowed_when_that_is_asked_for(
    house: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    house.change(7)
    command(house, capsys, "--reason", "as it was")
    resting = ["send", "buy", "1000", "--price", "49.5", "--set", f"fix.acceptor.port={house.port}"]
    oms = subprocess.Popen([sys.executable, "-m", "router", *resting], stdout=subprocess.DEVNULL)
    try:
        house.change(8, NO_LIT)
        apply = ["--apply-open", "--dry-run"]
        while json.loads(command(house, capsys, *apply, "--json")[1])["narrowed"] == 0:
            assert oms.poll() is None
        while not (told := children(house)):
            assert oms.poll() is None
        assert command(house, capsys, *apply)[1].splitlines()[-2:] == [
            "1 open orders would be narrowed by it",
            "1 open orders would go on under older ones",
        ]
        _, out, _ = command(house, capsys, "--apply-open", "--reason", "at once", "--who", "ada")
        after = in_force(house, capsys)
        _, _, _, narrowed, back, older = out.splitlines()
        assert narrowed == "1 open orders are narrowed by it"
        assert back == f"{told} children are taken back"
        assert older == "1 open orders go on under older ones"
        assert run(["status", "--state", str(house.state)]) == 0
        assert "1 open parents go on under older ones, 1 of them narrowed since" in (
            capsys.readouterr().out
        )
        assert run(["policy", "show", "--state", str(house.state)]) == 0
        assert capsys.readouterr().out.splitlines()[-1].endswith("at once (open orders too)")
        assert run(["why", "PA1-0", "--state", str(house.state), "--json"]) == 0
        assert f"extra/no-lit ({after[:12]})" in capsys.readouterr().out
    finally:
        oms.kill()
        oms.wait()


def children(house: Daemon) -> int:
    """How many rest at lit venues."""
    found = [
        command.cl_ord_id
        for _, step in read_steps(FileStorage(house.state, read_only=True), live=True)
        for command in step.commands
        if isinstance(command, SendChild)
    ]
    return len(found)


def test_nobody_is_there_to_be_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "reload", "--dry-run", "--state", str(tmp_path)]) == 3
    assert "no daemon runs" in capsys.readouterr().err
