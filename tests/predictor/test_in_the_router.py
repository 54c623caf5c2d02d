"""The predictor in the whole router: settings, decisions, restarts, replay, careers."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import pytest

from config.settings import DEFAULT_CONFIG, SettingsError, load_settings
from router import build
from router.cli import run as run_command
from router.core.features import FEATURES
from router.core.foresight import drifted
from router.experiments.contestants import Entry
from router.experiments.markets import Careers
from router.messages import Command, Decide, OrderReceived, OrderTerms, Restarted, SendChild, Step
from router.model import NS, OrdType, Side, TimeInForce
from router.predictor.file import Predictor
from router.trials.composition import MIDNIGHT, SESSION, bench, run
from tests.cli.market_day import OVERRIDES, Day, read_journal
from tests.predictor.made import by_hand
from tests.trials.markets import written
from venues.market_file import read_market

LEANING = by_hand(microprice=4.0, imbalance_1s=0.5, flow_10s=1.0)
INDIFFERENT = by_hand()
"""Both ways are as likely, whatever it sees."""
CERTAIN = by_hand(microprice=50.0, move_spreads=20.0)
"""What it expects is more than all that a fill costs."""

START = MIDNIGHT + (15 * 3_600 + 50 * 60) * NS
"""When the small market opens."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("predictors")
    LEANING.save(folder / "leaning.npz")
    INDIFFERENT.save(folder / "indifferent.npz")
    CERTAIN.save(folder / "certain.npz")
    written(folder)
    return folder


def asking(path: Path, *more: str) -> list[str]:
    return [*OVERRIDES, f"routing.predictor.file={path}", *more]


# --- settings ------------------------------------------------------------------------------------


def refused(*overrides: str) -> str:
    with pytest.raises(SettingsError) as caught:
        build.environment(load_settings(DEFAULT_CONFIG, overrides), build.families())
    return str(caught.value)


def test_without_a_file_nobody_is_asked() -> None:
    assert build.environment(load_settings(), build.families()).foresight is None


def test_what_is_wrong_with_the_file_is_told_at_the_start(files: Path, tmp_path: Path) -> None:
    absent = tmp_path / "none.npz"
    told = refused(f"routing.predictor.file={absent}")
    assert f"routing.predictor.file: {absent}: No such file" in told
    broken = tmp_path / "broken.npz"
    broken.write_bytes((files / "leaning.npz").read_bytes()[:-100])
    told = refused(f"routing.predictor.file={broken}")
    assert f"routing.predictor.file: {broken}: not an npz of plain arrays" in told
    other = by_hand()
    other.card = msgspec.structs.replace(other.card, feature_version="0.9")
    other.save(tmp_path / "other.npz")
    told = refused(f"routing.predictor.file={tmp_path / 'other.npz'}")
    assert "feature version '0.9'; allowed: '1.1'" in told


def test_a_predictor_that_is_asked_for_nothing_is_a_mistake(files: Path) -> None:
    told = refused(*asking(files / "leaning.npz", "routing.predictor.drift=false"))
    assert "neither drift nor feature" in told


# --- decisions -----------------------------------------------------------------------------------


def worked(files: Path, *overrides: str, watched_s: int = 70) -> list[Command]:
    """What is decided for a parent of two minutes and a half, in a market watched before."""
    made_of = bench(load_settings(DEFAULT_CONFIG, overrides), read_market(files / "small.yaml"))
    steps: list[Step] = []
    found = run(made_of, 3, START, on_step=steps.append)
    found.driver.start(SESSION)
    found.driver.run(START + watched_s * NS)
    terms = OrderTerms(
        symbol=found.market.symbol,
        side=Side.BUY,
        order_qty=2_000,
        ord_type=OrdType.MARKET,
        time_in_force=TimeInForce.GTD,
        expire_time=START + (watched_s + 150) * NS,
        algo="twap",
    )
    found.driver.give(OrderReceived(SESSION, 1, "P-1", terms))
    found.driver.run(START + (watched_s + 155) * NS)
    return list(chain.from_iterable(step.commands for step in steps))


def decides(commands: list[Command]) -> list[Decide]:
    return [each for each in commands if isinstance(each, Decide)]


def unasked(command: Command) -> Command:
    """The same with the name of the predictor left out."""
    if isinstance(command, Decide):
        return msgspec.structs.replace(command, predictor="")
    return command


@pytest.fixture(scope="module")
def off(files: Path) -> list[Command]:
    return worked(files)


def test_a_predictor_that_says_nothing_decides_what_none_does(
    files: Path, off: list[Command]
) -> None:
    on = worked(files, *asking(files / "indifferent.npz"))
    assert {each.predictor for each in decides(on)} == {
        Predictor.load(files / "indifferent.npz").sha256
    }
    assert {each.predictor for each in decides(off)} == {""}
    assert len(decides(off)) > 2
    assert msgspec.json.encode([*map(unasked, on)]) == msgspec.json.encode(off)


def test_the_drift_is_in_what_it_costs_not_to_fill(files: Path, off: list[Command]) -> None:
    on = decides(worked(files, *asking(files / "leaning.npz")))
    first, same = on[0], decides(off)[0]
    assert first.drift_bp != 0.0
    # Until the first of them the two routers have seen the same.
    assert (first.mid, first.urgency) == (same.mid, same.urgency)
    assert same.urgency_bp is not None
    assert first.urgency_bp == drifted(same.urgency_bp, first.drift_bp, first.urgency)
    features = ([each.features for each in one.candidates] for one in (first, same))
    assert next(features) == next(features)
    assert len({each.drift_bp for each in on}) > 2


def test_asked_for_the_column_it_fills_that_of_alternative_data(
    files: Path, off: list[Command]
) -> None:
    more = ("routing.predictor.drift=false", "routing.predictor.feature=true")
    first = decides(worked(files, *asking(files / "leaning.npz", *more)))[0]
    same = decides(off)[0]
    assert (first.drift_bp, first.urgency_bp) == (0.0, same.urgency_bp)
    own = [FEATURES.index(name) for name in ("signal", "signal_seen")]
    for mine, other in zip(first.candidates, same.candidates, strict=True):
        assert all(mine.features[k] != 0.0 == other.features[k] for k in own)
        rest = [k for k in range(len(FEATURES)) if k not in own]
        assert [mine.features[k] for k in rest] == [other.features[k] for k in rest]


def test_an_order_that_comes_too_early_is_worked_without_it(files: Path) -> None:
    found = decides(worked(files, *asking(files / "leaning.npz"), watched_s=20))
    assert found[0].drift_bp == 0.0
    assert found[-1].drift_bp != 0.0


# --- restart and replay --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def day(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An order in a market that is known, a crash, and another order at once."""
    made = Day(load_settings(DEFAULT_CONFIG, asking(files / "leaning.npz")))
    made.run(60)
    made.order(Side.BUY, 1_000)
    made.run(3)
    made.crash()
    made.order(Side.BUY, 800)
    made.run(3)
    return made.save(tmp_path_factory.mktemp("predicted") / "state")


def replayed(
    day: Path, capsys: pytest.CaptureFixture[str], overrides: list[str]
) -> tuple[int, dict[str, Any]]:
    told = [part for each in overrides for part in ("--set", each)]
    code = run_command(["replay", str(day), "--verify", "--json", *told])
    return code, json.loads(capsys.readouterr().out)["verify"]


def test_after_a_restart_it_is_silent(day: Path) -> None:
    lives: list[list[float]] = []
    for step in read_journal(day):
        if isinstance(step.event, Restarted):
            lives.append([])
        lives[-1] += [each.drift_bp for each in step.commands if isinstance(each, Decide)]
    before, after = lives
    assert before
    assert all(before)
    assert after
    assert not any(after)


def test_its_decisions_are_made_again_byte_for_byte(
    day: Path, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = replayed(day, capsys, asking(files / "leaning.npz"))
    assert (code, told["outcome"], told["gaps"], told["difference"]) == (0, "same", [], None)
    child = next(
        each.cl_ord_id
        for step in read_journal(day)
        for each in step.commands
        if isinstance(each, SendChild)
    )
    sets = [part for each in asking(files / "leaning.npz") for part in ("--set", each)]
    assert run_command(["why", child, "--state", str(day), *sets]) == 0
    assert f"predictor {LEANING.sha256[:12]}" in capsys.readouterr().out


def test_without_that_predictor_they_cannot_be_made_again(
    day: Path, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = LEANING.sha256[:12]
    for overrides, loaded in (
        (OVERRIDES, "none"),
        (asking(files / "indifferent.npz"), INDIFFERENT.sha256[:12]),
    ):
        _, told = replayed(day, capsys, overrides)
        assert told["difference"] is None
        reasons = {each["reason"] for each in told["gaps"]}
        assert reasons == {f"predictor {own} ran, predictor {loaded} is loaded"}


# --- careers -------------------------------------------------------------------------------------


def test_a_contestant_asks_the_file_of_its_market(files: Path) -> None:
    def costs(name: str, *predicts: str) -> list[float]:
        careers = Careers(
            files / "small.yaml", DEFAULT_CONFIG, (), 1, "twap", predictor=files / f"{name}.npz"
        )
        return [row.shortfall_bp for row in careers((Entry("x", "hazard", (), True, predicts), 5))]

    assert costs("certain", "drift") != costs("certain")
