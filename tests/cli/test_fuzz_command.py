"""`sluice fuzz`: the same seeds tell the same, and a failure says how to see it again."""

from __future__ import annotations

import json
from functools import partial

import pytest

from router.cli import run
from router.simulation import play
from router.simulation.world import World
from tests.sim.lying import LyingStorage


def fuzz(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str]:
    code = run(["fuzz", "--quiet", *argv])
    return code, capsys.readouterr().out


def test_the_same_seeds_make_the_same_history_in_one_process_and_in_two(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out = fuzz(capsys, "--seeds", "3", "--from", "8", "--json")
    alone = json.loads(out)
    assert code == 0
    assert alone["seeds"] == 3
    assert alone["failures"] == []
    code, out = fuzz(capsys, "--seeds", "3", "--from", "8", "--json", "--jobs", "2")
    assert code == 0
    assert json.loads(out)["history"] == alone["history"]


def test_verbose_shows_every_thing_and_what_came_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = fuzz(capsys, "--seeds", "1", "--from", "9", "--verbose")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "seed 9"
    assert any("-ACC0: " in line for line in lines)
    assert "1 seeds in" in out


@pytest.fixture
def lying(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every world's disk says that it has synced, and has not."""
    monkeypatch.setattr(play, "World", partial(World, disk=LyingStorage))


@pytest.mark.usefixtures("lying")
def test_a_failing_seed_is_shrunk_and_what_is_left_fails_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out = fuzz(capsys, "--seeds", "50", "--tries", "60")
    assert code == 10
    (again,) = [line for line in out.splitlines() if "these alone: sluice fuzz" in line]
    argv = again.partition("sluice fuzz ")[2].split()
    seed = argv[argv.index("--from") + 1]
    assert f"again: sluice fuzz --from {seed} --seeds 1 --verbose" in out
    rule = out.partition(" breaks ")[2].partition(" after ")[0]
    numbers = argv[argv.index("--keep") + 1].split(",")
    code, out = fuzz(capsys, *argv)
    assert code == 10
    assert f"BROKEN {rule}: " in out
    assert len(numbers) < 10
    assert out.count("crash, power True") >= 1


@pytest.mark.usefixtures("lying")
def test_json_has_the_failure_whole(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = fuzz(capsys, "--seeds", "50", "--tries", "0", "--json")
    assert code == 10
    (failure,) = json.loads(out)["failures"]
    assert failure["rule"]
    assert failure["keep"] == list(range(len(failure["script"])))


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["--keep", "1"], "--keep is of one script: add --seeds 1"),
        (["--seeds", "1", "--keep", "1,x"], "--keep 1,x: numbers of things"),
        (["--seeds", "1", "--keep", "0,999"], "--keep 999: the script of seed 1 has things 0 to"),
        (["--seeds", "0"], "seeds"),
        (["--jobs", "0"], "jobs"),
    ],
)
def test_what_cannot_be_is_said(
    argv: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["fuzz", *argv]) == 4
    out, err = capsys.readouterr()
    assert told in err
    assert out == ""
