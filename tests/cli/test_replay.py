"""`sluice replay`: the fold, and every decision made again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from config.settings import DEFAULT_CONFIG, load_settings
from policies.book import PolicyBook
from router import build
from router.analysis.replay import Judge, Rules, Verdict, differing_fields, first_difference
from router.cli import run
from router.cli.remembered import recall, remember
from router.core.engine import Engine
from router.journal.market import MarketFile, read_market
from router.journal.recovery import merge_market, read_steps
from router.journal.storage import FileStorage
from router.messages import (
    Command,
    Decide,
    Event,
    Learn,
    OpenParent,
    OrderReceived,
    PolicyFiles,
    Restarted,
    SendChild,
    Step,
    Wait,
    decode_step,
    encode_step,
)
from router.model import Side, TimeInForce
from tests.cli.market_day import OVERRIDES, Day, Recorded, read_journal, write_journal

SET = [part for each in OVERRIDES for part in ("--set", each)]


def replay(
    folder: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, dict[str, Any], str]:
    code = run(["replay", str(folder), "--verify", "--json", *SET, *more])
    out, err = capsys.readouterr()
    return code, json.loads(out)["verify"] if out else {}, err


def steps_of(folder: Path) -> list[Step]:
    return read_journal(folder)


def rewritten(recorded: Recorded, folder: Path, steps: list[Step]) -> Path:
    """The day with another journal and the same market file."""
    write_journal(folder, steps)
    for path in recorded.folder.glob("market-*.seg"):
        shutil.copy(path, folder)
    return folder


def changed(steps: list[Step], seq: int, **more: Any) -> list[Step]:
    return [msgspec.structs.replace(s, **more) if s.seq == seq else s for s in steps]


# --- the fold ------------------------------------------------------------------------------------


def test_the_counts_are_those_of_the_journal(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["replay", str(recorded.folder), "--json", *SET]) == 0
    told = json.loads(capsys.readouterr().out)
    steps = steps_of(recorded.folder)
    commands = [command for step in steps for command in step.commands]
    assert told["steps"] == len(steps)
    assert (told["first_seq"], told["last_seq"], told["lives"]) == (1, steps[-1].seq, 2)
    assert told["children"] == sum(isinstance(each, SendChild) for each in commands)
    assert told["decisions"] == sum(isinstance(each, Decide) for each in commands)
    assert told["parents"] == 4
    assert told["open_parents"] == 0
    assert len(told["digest"]) == 64
    assert "verify" not in told


def test_the_digest_depends_on_what_happened(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = steps_of(recorded.folder)
    digests = set()
    for name, kept in (("a", steps), ("b", steps[:-1]), ("c", steps)):
        folder = write_journal(tmp_path / name, kept)
        assert run(["replay", str(folder), "--json", *SET]) == 0
        digests.add(json.loads(capsys.readouterr().out)["digest"])
    without_last = 2 if any(c for c in steps[-1].commands) or steps[-1].event else 1
    assert len(digests) == without_last


# --- deciding again ------------------------------------------------------------------------------


def test_a_day_with_a_restart_is_decided_again_byte_for_byte(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told, err = replay(recorded.folder, capsys)
    assert (code, told["outcome"], told["gaps"], told["difference"]) == (0, "same", [], None)
    steps = [step for step in steps_of(recorded.folder) if step.event is not None]
    assert told["compared"] == len(steps)
    assert told["commands"] == sum(len(step.commands) for step in steps)
    assert err == ""


def test_another_decision_is_a_difference_and_both_sides_are_shown(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = steps_of(recorded.folder)
    at = next(s for s in steps if any(isinstance(c, SendChild) for c in s.commands))
    commands = tuple(
        msgspec.structs.replace(c, qty=c.qty + 100) if isinstance(c, SendChild) else c
        for c in at.commands
    )
    index = next(i for i, c in enumerate(commands) if isinstance(c, SendChild))
    folder = rewritten(recorded, tmp_path / "s", changed(steps, at.seq, commands=commands))
    code, told, err = replay(folder, capsys)
    assert (code, told["outcome"]) == (1, "different")
    found = told["difference"]
    assert (found["seq"], found["index"], found["event"]) == (at.seq, index, "OrderReceived")
    assert found["recorded"]["qty"] == found["decided"]["qty"] + 100
    lines = [" ".join(line.split()) for line in err.splitlines()]
    assert f"DIFFERENT at seq {at.seq}, OrderReceived, command {index + 1}" in lines
    assert lines[lines.index("qty") + 1] == f"recorded {found['recorded']['qty']}"
    assert lines[lines.index("qty") + 2] == f"decided {found['decided']['qty']}"


def test_a_command_that_is_missing_is_a_difference(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = steps_of(recorded.folder)
    at = next(s for s in steps if any(isinstance(c, Learn) for c in s.commands))
    folder = rewritten(recorded, tmp_path / "s", changed(steps, at.seq, commands=at.commands[:-1]))
    code, told, _ = replay(folder, capsys)
    assert code == 1
    assert told["difference"]["recorded"] is None
    assert told["difference"]["decided"]["type"] == type(at.commands[-1]).__name__


def test_what_the_market_file_lost_cannot_be_decided_until_the_next_start(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "s"
    shutil.copytree(recorded.folder, folder)
    records = list(read_market(FileStorage(folder, read_only=True)))
    lost = records[len(records) // 3]
    for path in folder.glob("market-*.seg"):
        path.unlink()
    storage = FileStorage(folder)
    storage.lock()
    file = MarketFile(storage)
    for record in records:
        if record.seq != lost.seq:
            file.append(*record)
    file.close()
    storage.close()
    steps = steps_of(recorded.folder)
    restart = next(s.seq for s in steps if isinstance(s.event, Restarted) and s.seq > lost.seq)
    undecided = [s for s in steps if lost.seq < s.seq < restart and s.event is not None]
    code, told, err = replay(folder, capsys)
    assert (code, told["outcome"], told["difference"]) == (10, "undecided", None)
    assert told["gaps"] == [
        {
            "first_seq": undecided[0].seq,
            "last_seq": undecided[-1].seq,
            "steps": len(undecided),
            "reason": f"market records are missing: seq {lost.seq}",
        }
    ]
    assert told["compared"] == sum(s.event is not None for s in steps) - len(undecided)
    assert f"cannot be decided again from seq {undecided[0].seq} to {undecided[-1].seq}" in err


def test_without_any_market_nothing_after_the_first_quote_can_be_decided(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_journal(tmp_path / "s", steps_of(recorded.folder))
    code, told, _ = replay(folder, capsys)
    assert (code, told["outcome"]) == (10, "undecided")
    assert 0 < told["compared"] < 60


def test_a_market_that_says_something_else_is_a_difference(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The whole file is there, but one quote is not what the decisions were made from.
    folder = tmp_path / "s"
    shutil.copytree(recorded.folder, folder)
    records = list(read_market(FileStorage(folder, read_only=True)))
    first = next(r for r in records if b"MarketDataReceived" in r.data)
    event = decode_step(first.data).event
    for path in folder.glob("market-*.seg"):
        path.unlink()
    storage = FileStorage(folder)
    storage.lock()
    file = MarketFile(storage)
    for record in records:
        later = encode_step(Step(record.seq, record.now, event))
        file.append(record.seq, record.now, later if record.seq > first.seq else record.data)
    file.close()
    storage.close()
    code, told, err = replay(folder, capsys)
    assert code == 1
    assert told["difference"]["seq"] > first.seq
    assert "note: 1 of 1 starts ran with another configuration" in err


# --- configurations ------------------------------------------------------------------------------


POLICIES = DEFAULT_CONFIG.parent / "policies"
FEWER = ("--set", f"policies=[{POLICIES}/default.yaml, {POLICIES}/desk.yaml]")
"""Another policy than the one that ran."""


def with_policies(recorded: Recorded, folder: Path, change: Callable[[Restarted], Any]) -> Path:
    """The day, whose starts say something else of the policies."""
    steps = [
        msgspec.structs.replace(
            step, event=msgspec.structs.replace(step.event, policies=change(step.event))
        )
        if isinstance(step.event, Restarted)
        else step
        for step in steps_of(recorded.folder)
    ]
    return rewritten(recorded, folder, steps)


def test_what_ran_stands_in_the_journal_whatever_is_loaded(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told, _ = replay(recorded.folder, capsys, *FEWER)
    assert (code, told["outcome"], told["gaps"]) == (0, "same", [])
    assert told["compared"] == sum(step.event is not None for step in steps_of(recorded.folder))


def test_of_a_journal_without_it_another_policy_is_said_and_is_no_difference(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = with_policies(recorded, tmp_path / "s", lambda _: None)
    assert replay(folder, capsys)[0] == 0
    code, told, err = replay(folder, capsys, *FEWER)
    assert (code, told["outcome"]) == (10, "undecided")
    assert "policy " in err
    assert "is loaded" in err
    opened = [s.seq for s in steps_of(recorded.folder) if _opens(s)]
    assert [gap["first_seq"] for gap in told["gaps"]] == [opened[0], opened[-1]]


def test_wrong_documents_do_not_hinder_who_has_the_journal(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("policy: firm\n")
    given = ("--set", f"policies=[{wrong}]")
    code, told, err = replay(recorded.folder, capsys, *given)
    assert (code, told["outcome"]) == (0, "same")
    assert err.startswith(
        f"note: policy documents cannot be read, the journal's have to do: {wrong}:1: version: "
    )
    folder = with_policies(recorded, tmp_path / "s", lambda _: None)
    code, told, err = replay(folder, capsys, *given)
    assert (code, told["outcome"]) == (10, "undecided")
    assert "ran, policy none is loaded" in err
    assert run(["journal", "snapshot", "--state", str(folder), *SET, *given]) == 0
    assert "steps folded" in capsys.readouterr().out


def test_policies_that_cannot_be_read_any_more_are_said_and_are_no_difference(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def spoiled(event: Restarted) -> PolicyFiles | None:
        if event.policies is None:
            return None
        first, *others = event.policies.documents
        text = first.text.replace("rules:", "rulez:")
        assert text != first.text
        documents = (msgspec.structs.replace(first, text=text), *others)
        return msgspec.structs.replace(event.policies, documents=documents)

    folder = with_policies(recorded, tmp_path / "s", spoiled)
    code, told, err = replay(folder, capsys, *FEWER)
    assert (code, told["outcome"]) == (10, "undecided")
    assert "ran, and cannot be read here: " in err
    assert "unknown key 'rulez'" in err
    arrived = [s.seq for s in steps_of(recorded.folder) if isinstance(s.event, OrderReceived)]
    assert told["gaps"][0]["first_seq"] == arrived[0]


def _opens(step: Step) -> bool:
    return any(isinstance(each, OpenParent) for each in step.commands)


def test_a_venue_that_the_configuration_lacks_is_told(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("policies", "markets"):
        shutil.copytree(DEFAULT_CONFIG.with_name(name), tmp_path / name)
    shutil.copy(DEFAULT_CONFIG.with_name("instruments.yaml"), tmp_path)
    config = tmp_path / "sluice.yaml"
    config.write_text(DEFAULT_CONFIG.read_text().replace("LIT_A", "LIT_Z"))
    assert run(["replay", str(recorded.folder), "--config", str(config), *SET]) == 4
    err = capsys.readouterr().err
    assert "speaks of venue LIT_A, which this configuration has not" in err


def test_each_life_is_decided_with_the_configuration_that_it_ran_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "s"
    given = [[*OVERRIDES, f"state={folder}", f"learner.kappa={kappa}"] for kappa in (0.3, 0.2)]
    bold, tame = (load_settings(DEFAULT_CONFIG, each) for each in given)
    day = Day(bold)
    day.order(Side.BUY, 4_000, algo="twap", tif=TimeInForce.GTD, seconds=60)
    day.run(2.5)
    day.settings = tame
    day.crash()
    day.run(20)
    raw = day.save(tmp_path / "raw")
    starts = iter((bold, tame))
    steps = [
        msgspec.structs.replace(s, event=Restarted(s.event.epoch, next(starts).digest()))
        if isinstance(s.event, Restarted)
        else s
        for s in steps_of(raw)
    ]
    write_journal(folder, steps)
    for path in raw.glob("market-*.seg"):
        shutil.copy(path, folder)
    # Neither is the one that is loaded, and nothing is remembered: other chances, other answers.
    code, told, err = replay(folder, capsys)
    assert (code, told["outcome"]) == (1, "different")
    assert "note: 1 of 1 starts ran with another configuration" in err
    remember(bold, DEFAULT_CONFIG, given[0])
    code, told, err = replay(folder, capsys)
    assert (code, told["outcome"]) == (1, "different")
    assert "note: 1 of 2 starts ran with another configuration" in err
    remember(tame, DEFAULT_CONFIG, given[1])
    code, told, err = replay(folder, capsys)
    assert (code, told["outcome"], err) == (0, "same", "")
    assert told["compared"] == sum(step.event is not None for step in steps)


def test_settings_are_remembered_with_what_the_environment_had_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"SLUICE_ROUTING__PAUSE_MS": "12", "SLUICE_POLICIES": "[policies/default.yaml]"}
    monkeypatch.chdir(DEFAULT_CONFIG.parent)
    given = [f"state={tmp_path}", "limits.order_quantity.parent_max=9"]
    settings = load_settings(DEFAULT_CONFIG, given, environ)
    remember(settings, DEFAULT_CONFIG, given)
    remember(settings, DEFAULT_CONFIG, given)
    assert len(list(tmp_path.iterdir())) == 1
    found = recall(tmp_path, settings.digest())
    assert found is not None
    assert found.routing.pause_ms == 12
    assert found.digest() == settings.digest()
    assert recall(tmp_path, "0" * 64) is None


def test_a_remembered_document_that_has_changed_is_not_taken(tmp_path: Path) -> None:
    config = tmp_path / "sluice.yaml"
    config.write_text(DEFAULT_CONFIG.read_text())
    given = [f"state={tmp_path}"]
    settings = load_settings(config, given)
    remember(settings, config, given)
    assert recall(tmp_path, settings.digest()) is not None
    config.write_text(DEFAULT_CONFIG.read_text().replace("seed: 1 ", "seed: 2 "))
    assert recall(tmp_path, settings.digest()) is None


# --- the comparison ------------------------------------------------------------------------------


class Leaky(Engine):
    """An engine that remembers something that stands in no record."""

    def handle(self, seq: int, now: int, event: Event) -> tuple[Command, ...]:
        self.state.fill_ratio["nowhere/lit_take"] = 0.5
        return super().handle(seq, now, event)


def judge(recorded: Recorded, kind: type[Engine], journal: list[Step]) -> Verdict:
    family = build.families()
    env = build.environment(load_settings(DEFAULT_CONFIG, OVERRIDES), family)
    assert isinstance(env.policies, PolicyBook)
    rules = Rules(lambda: kind(env, build.engine(env, family).state), env.policies.hash)
    storage = FileStorage(recorded.folder, read_only=True)
    return Judge(lambda _: rules, lambda: journal).run(
        merge_market(read_steps(storage), read_market(storage))
    )


def test_state_that_is_no_fold_of_the_journal_is_seen(recorded: Recorded) -> None:
    steps = steps_of(recorded.folder)
    assert judge(recorded, Engine, steps).difference is None
    hidden = judge(recorded, Leaky, steps).difference
    assert hidden is not None
    assert hidden.text == "after it the state of the engine is not the fold of the journal"


def test_a_fold_that_comes_out_differently_the_second_time_is_seen(recorded: Recorded) -> None:
    # A journal that lacks a step when it is read again stands for a fold that depends on more.
    steps = steps_of(recorded.folder)
    last = [step for step in steps if step.commands][-1]
    found = judge(recorded, Engine, [step for step in steps if step is not last]).difference
    assert found is not None
    assert found.text == "two folds of the same journal differ"


def test_the_first_difference_is_by_bytes_and_counts_what_is_missing() -> None:
    one, two = Wait("P", 5, "A"), Wait("P", 6, "A")
    assert first_difference((), ()) is None
    assert first_difference((one, two), (one, two)) is None
    assert first_difference((one, two), (one, one)) == (1, two, one)
    assert first_difference((one,), (one, two)) == (1, None, two)
    assert first_difference((one,), ()) == (0, one, None)
    assert differing_fields(one, two) == [("until", 5, 6)]


def test_after_a_loss_of_power_what_is_left_is_decided_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = Day()
    day.order(Side.BUY, 1_000)
    day.run(2)
    day.crash(power=True)
    day.order(Side.SELL, 500)
    day.run(8)
    folder = day.save(tmp_path / "s")
    code, told, _ = replay(folder, capsys)
    # The market file is never synced: what it lost of the first life cannot be decided again. How
    # much that is, is chance's: here all of it.
    assert (code, told["outcome"], told["difference"]) == (10, "undecided", None)
    [gap] = told["gaps"]
    [_, restart] = [s.seq for s in steps_of(folder) if isinstance(s.event, Restarted)]
    assert gap["last_seq"] < restart
    second = sum(s.event is not None for s in steps_of(folder) if s.seq >= restart)
    assert told["compared"] > second > 10
