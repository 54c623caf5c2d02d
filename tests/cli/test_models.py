"""A daemon that begins from a model file: what it knows, what it refuses, what it remembers."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import structlog
from structlog.testing import capture_logs

from config.settings import DEFAULT_CONFIG, Settings, SettingsError, load_settings
from policies.book import PolicyBook
from router import build, build_models
from router.analysis.replay import Judge, Rules, fold_step
from router.cli import run
from router.core.features import FEATURE_VERSION, FEATURES
from router.core.shelf import LearnerShelf, array_of
from router.journal.market import read_market
from router.journal.recovery import merge_market
from router.journal.storage import FileStorage
from router.learners._stored import Identity, to_bytes
from router.learners.hazard import Hazard
from router.messages import (
    Decide,
    Learn,
    LearnMarkout,
    ModelLoaded,
    ModelRefused,
    Report,
    Restarted,
    Step,
)
from router.model import ExecType, Side
from router.ports import Arrays, Lesson, Markout
from router.runtime.control import parse
from router.runtime.narration import narrate
from router.trials.pool import Task
from tests.cli.market_day import OVERRIDES, Day, Recorded, read_journal
from tests.trials.markets import written as market_written

SET = [part for each in OVERRIDES for part in ("--set", each)]
D = len(FEATURES)
HAZARD = Identity("hazard", FEATURE_VERSION, D)
ARM = "LIT_A/lit_take"
LEARNERS = build.families().learners
PLAIN = load_settings(DEFAULT_CONFIG, OVERRIDES)
UNTIL_LEARNED = 63
"""Seconds until the last markout of an order is seen, 60 s after its fills."""


def given(path: Path, key: str = "hazard") -> Settings:
    return load_settings(DEFAULT_CONFIG, [*OVERRIDES, f"models.{key}={path}"])


def plain(path: Path, key: str = "hazard") -> Settings:
    return PLAIN.model_copy(update={"models": {key: path}})


def taught(lessons: int, seed: int = 5) -> Arrays:
    """A hazard learner that has met two symbols at one arm."""
    learner, draw = Hazard(), np.random.Generator(np.random.Philox(key=seed))
    state = learner.initial(D)
    for i in range(lessons):
        x = draw.standard_normal(D)
        learner.learn(state, Lesson(("ONE", "TWO")[i % 2], ARM, x, 8, i % 9, 0, "observed", None))
        learner.mark(state, Markout(ARM, x, 8, i % 3, float(draw.standard_normal()), 0.0))
    return state


def written(path: Path, lessons: int = 40, seed: int = 5) -> Path:
    path.write_bytes(to_bytes(taught(lessons, seed), HAZARD, lessons))
    return path


def bits(state: Arrays) -> dict[str, tuple[tuple[int, ...], bytes]]:
    return {name: (array.shape, array.tobytes()) for name, array in state.items()}


def steps_of(day: Day, folder: Path) -> list[Step]:
    return read_journal(day.save(folder))


def events(steps: list[Step], kind: type) -> list[Any]:
    return [step.event for step in steps if isinstance(step.event, kind)]


def held_back(decide: Decide) -> str:
    """Why the policy's learner did not have its way."""
    assert decide.safety is not None
    return decide.safety.held_back


def commands(steps: list[Step], kind: type) -> list[Any]:
    return [each for step in steps for each in step.commands if isinstance(each, kind)]


def judged(folder: Path, settings: Settings) -> str:
    """Every decision of a folder made again; what differs, if anything."""
    family = build.families()
    env = build.environment(settings, family)
    assert isinstance(env.policies, PolicyBook)
    rules = Rules(lambda: build.engine(env, family), env.policies.hash)
    storage = FileStorage(folder, read_only=True)
    steps = read_journal(folder)
    judge = Judge(lambda _: rules, lambda: steps)
    verdict = judge.run(merge_market(((None, each) for each in steps), read_market(storage)))  # type: ignore[misc]
    assert verdict.gaps == []
    assert verdict.compared == sum(each.event is not None for each in steps)
    return "" if verdict.difference is None else repr(verdict.difference)


# --- saving and showing --------------------------------------------------------------------------


def folded(folder: Path) -> LearnerShelf:
    family = build.families()
    state = build.engine(build.environment(PLAIN, family), family).state
    for step in read_journal(folder):
        fold_step(state, step)
    return state.shelf


def test_what_a_learner_has_learned_in_a_journal_is_saved_bit_by_bit(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in recorded.folder.iterdir()}
    out = tmp_path / "hazard.npz"
    argv = ["learner", "save", str(recorded.folder), "--out", str(out), "--json", *SET]
    assert run(argv) == 0
    told = json.loads(capsys.readouterr().out)
    steps = read_journal(recorded.folder)
    lessons, marks = commands(steps, Learn), commands(steps, LearnMarkout)
    assert told["lessons"] == len(lessons) + len(marks)
    assert told["symbols"] == ["ACME"]
    assert told["arms"] == sorted({each.arm for each in lessons})
    assert told["file_hash"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert told["refused"] == ""
    shelf = folded(recorded.folder)
    assert bits(build_models.read(out).stored.arrays) == bits(shelf.states["hazard"])
    assert {path.name: path.read_bytes() for path in recorded.folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["hazard.npz"]

    assert run(["learner", "show", str(out)]) == 0
    text = capsys.readouterr().out
    for part in ("hazard", f"{told['lessons']:,}", "version 1", "ACME", told["file_hash"], ARM):
        assert part in text
    again = tmp_path / "again.npz"
    assert run(["learner", "save", str(recorded.folder), "--out", str(again), *SET]) == 0
    assert again.read_bytes() == out.read_bytes()


def test_a_learner_without_lessons_has_nothing_to_save(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "x.npz"
    argv = ["learner", "save", str(recorded.folder), "--learner", "linucb", "--out", str(out)]
    assert run([*argv, *SET]) == 2
    assert "--learner linucb: no lessons there; learners with lessons: hazard (" in (
        capsys.readouterr().err
    )
    assert not out.exists()


# --- beginning from a file -----------------------------------------------------------------------


def test_a_daemon_goes_on_from_a_file_and_from_its_journal_when_the_file_is_gone(
    tmp_path: Path,
) -> None:
    path = written(tmp_path / "hazard.npz")
    settings = given(path)
    day = Day(settings)
    assert bits(day.sim.node.engine.state.shelf.states["hazard"]) == bits(taught(40))
    day.order(Side.BUY, 1_000)
    day.run(UNTIL_LEARNED)
    first = commands(steps_of(day, tmp_path / "one"), Decide)[0]
    assert (first.learner, first.learner_version, held_back(first)) == ("hazard", 40, "")
    learned = bits(day.sim.node.engine.state.shelf.states["hazard"])
    assert learned != bits(taught(40))

    day.crash()  # the same file: nothing new
    assert bits(day.sim.node.engine.state.shelf.states["hazard"]) == learned
    path.unlink()
    day.crash()  # no file: what was learned is in the journal
    shelf = day.sim.node.engine.state.shelf
    assert bits(shelf.states["hazard"]) == learned
    day.order(Side.BUY, 500)
    day.run(4)

    steps = steps_of(day, tmp_path / "all")
    [loaded] = events(steps, ModelLoaded)
    assert (loaded.learner, loaded.lessons, loaded.part, loaded.parts) == ("hazard", 40, 1, 1)
    assert (
        loaded.file_hash == hashlib.sha256(to_bytes(taught(40), HAZARD, 40)).hexdigest()
    )  # of the file that is gone
    assert bits({each.name: array_of(each) for each in loaded.arrays}) == bits(taught(40))
    [refused] = events(steps, ModelRefused)
    assert "no such file" in refused.reason
    decides = commands(steps, Decide)
    assert {each.learner for each in decides} == {"hazard"}
    assert not {held_back(each) for each in decides} & {"MODEL_REFUSED"}
    assert judged(tmp_path / "all", settings) == ""


def test_another_file_takes_the_place_of_what_was_learned_and_the_first_one_may_come_back(
    tmp_path: Path,
) -> None:
    path = written(tmp_path / "hazard.npz", 40)
    day = Day(given(path))
    day.order(Side.BUY, 1_000)
    day.run(UNTIL_LEARNED)
    for lessons, seed in ((25, 9), (40, 5)):
        written(path, lessons, seed)
        day.crash()
        shelf = day.sim.node.engine.state.shelf
        assert bits(shelf.states["hazard"]) == bits(taught(lessons, seed))
        assert shelf.versions["hazard"] == lessons
    assert [each.lessons for each in events(steps_of(day, tmp_path / "s"), ModelLoaded)] == [
        40, 25, 40,
    ]  # fmt: skip
    assert judged(tmp_path / "s", given(path)) == ""


def test_what_it_begins_from_is_told_by_log_and_status(tmp_path: Path) -> None:
    path = written(tmp_path / "hazard.npz")
    day = Day(given(path))
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    assert status(day)["models"] == {"hazard": found}
    assert status(day)["refused_models"] == {}
    with capture_logs() as lines:
        for step in steps_of(day, tmp_path / "s"):
            narrate(structlog.get_logger(), step)
    told = next(each for each in lines if each["event"] == "model_loaded")
    assert (told["learner"], told["lessons"], told["file_hash"]) == ("hazard", 40, found)


def status(day: Day) -> dict[str, Any]:
    ask = parse(b'{"command": "status"}')
    assert callable(ask)
    return ask(day.sim.node, day.sim.now)


# --- a file that does not fit --------------------------------------------------------------------


def test_without_its_file_a_learner_that_knows_nothing_leaves_scoring_to_the_fallback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hazard.npz"
    settings = given(path)
    day = Day(settings)
    day.order(Side.BUY, 1_000)
    day.run(4)
    assert status(day)["refused_models"]["hazard"]["fallback"] == "pro_rata"
    folder = tmp_path / "s"
    steps = steps_of(day, folder)
    [refused] = events(steps, ModelRefused)
    assert (refused.learner, refused.path, refused.file_hash) == ("hazard", str(path), "")
    assert isinstance(steps[0].event, Restarted)
    assert steps[1].event == refused
    decides = commands(steps, Decide)
    assert {(each.learner, held_back(each)) for each in decides} == {("pro_rata", "MODEL_REFUSED")}
    fills = [each for each in commands(steps, Report) if each.exec_type is ExecType.TRADE]
    assert sum(each.last_qty for each in fills) == 1_000  # the money path goes on
    assert judged(folder, settings) == ""
    assert run(["journal", "cat", str(folder), "--to", "2"]) == 0
    assert f"model of hazard refused: {path}: no such file" in capsys.readouterr().out
    child = next(each.child_cl_ord_id for each in fills)
    argv = ["why", child, "--state", str(folder), *SET, "--set", f"models.hazard={path}"]
    assert run(argv) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "the learner's model file was refused: pro_rata, the fallback, decided instead" in out
    assert "Recomputed: the same, bit for bit" in out

    written(path)
    day.crash()
    day.order(Side.BUY, 500)
    day.run(4)
    assert status(day)["refused_models"] == {}
    after = commands(steps_of(day, tmp_path / "after"), Decide)[len(decides) :]
    assert {(each.learner, held_back(each)) for each in after} == {("hazard", "")}
    assert judged(tmp_path / "after", settings) == ""


def truncated(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def flipped(data: bytes) -> bytes:
    """One bit of an array, deep inside."""
    at = data.index(b"precision/") + 2_000
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def other(learner: str = "hazard", version: int = FEATURE_VERSION, **arrays: Any) -> bytes:
    state = {**taught(5), **{name.replace("_at_", "/"): each for name, each in arrays.items()}}
    return to_bytes(state, Identity(learner, version, D), 5)


def lacking(name: str) -> bytes:
    state = taught(5)
    del state[name]
    return to_bytes(state, HAZARD, 5)


def not_definite() -> bytes:
    state = taught(5)
    state[f"precision/{ARM}"] = -state[f"precision/{ARM}"]
    return to_bytes(state, HAZARD, 5)


def not_finite() -> bytes:
    """The bytes of a number are written over with those of a NaN: as a bad disk would."""
    data = to_bytes(taught(5), HAZARD, 5)
    at = data.index(np.array(taught(5)[f"alpha/{ARM}"][3], dtype="<f8").tobytes())
    return data[:at] + np.array(np.nan, dtype="<f8").tobytes() + data[at + 8 :]


BROKEN: list[tuple[Callable[[], bytes], str]] = [
    (lambda: truncated(to_bytes(taught(5), HAZARD, 5)), "not a whole npz of plain arrays"),
    (lambda: flipped(to_bytes(taught(5), HAZARD, 5)), "not a whole npz|sha256 is"),
    (lambda: b"", "not a whole npz of plain arrays"),
    (lambda: b"\x80\x04cposix\nsystem\n", "not a whole npz of plain arrays"),
    (lambda: other(learner="linucb"), "learner is 'linucb'; allowed: 'hazard'"),
    (lambda: other(version=FEATURE_VERSION + 1), "feature_version is 2; allowed: 1"),
    (lambda: other(mood=np.zeros(1)), "hazard keeps no such array"),
    (lambda: other(clock=np.zeros(2)), r"'clock' has shape \(2,\); allowed: \(1,\)"),
    (not_finite, "not a whole npz|not finite"),
    (lambda: lacking("clock"), "array 'clock' is missing: hazard always has it"),
    (lambda: lacking(f"precision/{ARM}"), "no scores can be made of it"),
    (not_definite, "no scores can be made of it"),
]


@pytest.mark.parametrize(("broken", "told"), BROKEN)
def test_every_kind_of_damage_is_refused_with_what_it_is(
    broken: Callable[[], bytes], told: str, tmp_path: Path
) -> None:
    path = tmp_path / "hazard.npz"
    path.write_bytes(broken())
    [found] = build_models.models(plain(path), LEARNERS)
    assert isinstance(found, ModelRefused)
    assert found.file_hash == hashlib.sha256(path.read_bytes()).hexdigest()
    assert re.search(told, found.reason), found.reason


def test_check_has_an_error_where_a_start_would_refuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hazard.npz"
    path.write_bytes(other(version=7))
    assert run(["check", "--set", f"models.hazard={path}"]) == 4
    reason = "header: feature_version is 7; allowed: 1"
    assert f"--set models.hazard: models.hazard: {path}: {reason}" in capsys.readouterr().err


def test_a_folder_and_a_file_that_is_too_large_are_not_read(tmp_path: Path) -> None:
    large = tmp_path / "large.npz"
    with large.open("wb") as file:
        file.truncate((256 << 20) + 1)
    for path, told in ((tmp_path, "not a file"), (large, "allowed: up to 268435456")):
        [found] = build_models.models(plain(path), LEARNERS)
        assert isinstance(found, ModelRefused)
        assert told in found.reason


def test_show_says_why_a_sound_file_would_be_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(other(version=7))
    assert run(["learner", "show", str(path)]) == 10
    out, err = capsys.readouterr()
    assert "version 7" in out
    assert "would be refused: header: feature_version is 7; allowed: 1" in err
    path.write_bytes(other(learner="nobody"))
    assert run(["learner", "show", str(path)]) == 10
    assert "no learner 'nobody'" in capsys.readouterr().err
    path.write_bytes(b"PK")
    assert run(["learner", "show", str(path)]) == 10
    assert "not a whole npz" in capsys.readouterr().err


def test_a_key_that_is_no_learner_s_stops_the_start(tmp_path: Path) -> None:
    path = written(tmp_path / "hazard.npz")
    for key, told in (
        ("hasard", "no learner 'hasard'; allowed: .*hazard"),
        ('hazard{"kapa":1}', "kapa: .*; keys: gamma, kappa, footprint, waits"),
        ('hazard{ "kappa": 1 }', r'allowed: hazard\{"kappa":1\}'),
        ("hazard{", "not a learner's key"),
    ):
        with pytest.raises(SettingsError, match=told):
            build_models.models(plain(path, key), LEARNERS)


def test_check_finds_a_file_of_a_learner_that_routes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "linucb.npz"
    learner = LEARNERS["linucb"].from_document({})
    path.write_bytes(to_bytes(learner.initial(D), Identity("linucb", FEATURE_VERSION, D), 1))
    assert run(["check", "--set", f"models.linucb={path}"]) == 10
    assert "no order is routed by linucb; learners in use: hazard" in capsys.readouterr().out


# --- in the simulator ----------------------------------------------------------------------------


def test_every_seed_of_a_task_starts_from_a_file(tmp_path: Path) -> None:
    path = written(tmp_path / "hazard.npz")
    task = Task(
        market=market_written(tmp_path),
        config=DEFAULT_CONFIG,
        overrides=(),
        policies=(),
        algo="twap",
        parents=None,
        alone=False,
        record=None,
        learner_state=path,
    )
    trial, plans = task.prepare()
    for seed in (4, 5):
        _, known = trial.worked(seed, plans(seed), None)
        own = known.states["hazard"]
        assert own[f"own/ONE/{ARM}"].tobytes() == taught(40)[f"own/ONE/{ARM}"].tobytes()
        assert known.versions["hazard"] > 40
    assert trial.start_from is not None
    assert bits(trial.start_from.states["hazard"]) == bits(taught(40))


def test_sim_refuses_a_file_that_does_not_fit_or_is_of_no_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    market = str(market_written(tmp_path))
    path = written(tmp_path / "hazard.npz")
    argv = ["sim", market, "--seeds", "4", "--json", "--quiet"]
    assert run([*argv, "--learner-state", str(path), "--learner", "linucb"]) == 4
    assert "it is hazard's, and orders are routed by linucb" in capsys.readouterr().err
    path = tmp_path / "broken.npz"
    path.write_bytes(b"PK")
    assert run([*argv, "--learner-state", str(path)]) == 4
    assert f"--learner-state {path}: not a whole npz" in capsys.readouterr().err
