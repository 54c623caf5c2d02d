"""`sluice why` of a child whose decision is made again: bands, verdicts, caps before and after."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from config.settings import DEFAULT_CONFIG, load_settings
from router.cli import run
from router.learners._arms import takes_shown
from router.messages import Decide, NoteBreach, SendChild, Step
from router.model import Side
from tests.cli.market_day import OVERRIDES, Day, Recorded, read_journal, write_journal


def told(
    capsys: pytest.CaptureFixture[str], child: str, folder: Path, *more: str, code: int = 0
) -> tuple[list[str], str]:
    """Lines with single blanks, and what was said on stderr."""
    assert run(["why", child, "--state", str(folder), *more]) == code
    out, err = capsys.readouterr()
    assert max(len(line) for line in out.splitlines()) <= 100
    return [" ".join(line.split()) for line in out.splitlines()], err


def data(
    capsys: pytest.CaptureFixture[str], child: str, folder: Path, *more: str, code: int = 0
) -> dict[str, Any]:
    assert run(["why", child, "--state", str(folder), "--json", *more]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def first_child(steps: Sequence[Step]) -> SendChild:
    return next(c for step in steps for c in step.commands if isinstance(c, SendChild))


def rewritten(recorded: Recorded, folder: Path, steps: Sequence[Step]) -> Path:
    """The day with another journal and the same market file."""
    write_journal(folder, steps)
    for path in recorded.folder.glob("market-*.seg"):
        shutil.copy(path, folder)
    return folder


def test_a_decision_is_recomputed_and_has_its_bands(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    child = first_child(read_journal(recorded.folder)).cl_ord_id
    lines, err = told(capsys, child, recorded.folder)
    assert err == ""
    [verdict] = [line for line in lines if line.startswith("Recomputed")]
    assert re.fullmatch(
        r"Recomputed: the same, bit for bit \(\d+ fields of \d+ commands\)\.", verdict
    )
    found = data(capsys, child, recorded.folder)
    assert found["recomputed"]["outcome"] == "same"
    assert f"({found['recomputed']['fields']} fields of" in verdict
    beliefs = found["beliefs"]
    assert (beliefs["band"], beliefs["no_band"]) == (0.9, "")
    assert [each["arm"] for each in beliefs["arms"]] == [
        each["arm"] for each in found["decision"]["candidates"]
    ]
    for each, record in zip(beliefs["arms"], found["decision"]["candidates"], strict=True):
        curve, value = each["curve"], each["value_bp"]
        assert (curve["drawn"], curve["mean"]) == (record["tail"], record["tail_mean"])
        assert value["drawn"] == record["value_bp"]
        for low, mean, high in zip(curve["low"], curve["mean"], curve["high"], strict=True):
            assert 0.0 <= low < mean < high <= 1.0
        # of what is shown a markout counts from 0 up: there the mean may be the best there is
        assert value["low"] < value["mean"] <= value["high"]
        assert takes_shown(each["arm"]) or value["mean"] < value["high"]
        # in the text, curves stand at their sizes, and the band below
        at = curve["shares"].index(100)
        numbers = f"{curve['drawn'][at]:.3f}/{curve['mean'][at]:.3f}"
        row = next(i for i, line in enumerate(lines) if line.startswith(f"{each['arm']} {numbers}"))
        assert lines[row + 1].split()[0] == f"{curve['low'][at]:.3f}-{curve['high'][at]:.3f}"
        ends = (value[name] for name in ("drawn", "mean", "low", "high"))
        assert " ".join([each["arm"], *(f"{end:.3f}" for end in ends)]) in lines


def test_quick_answers_from_the_record_alone(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    child = first_child(read_journal(recorded.folder)).cl_ord_id
    lines, _ = told(capsys, child, recorded.folder, "--quick", "--config", "there/is/none.yaml")
    assert "No band: --quick answers from the record alone." in lines
    assert "Recomputed: no, --quick answers from the record alone." in lines
    found = data(capsys, child, recorded.folder, "--quick")
    assert (found["recomputed"], found["beliefs"]["arms"]) == (None, [])


def test_a_field_that_was_written_over_is_shown_with_both_values(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = read_journal(recorded.folder)
    child = first_child(steps)
    at = next(i for i, step in enumerate(steps) if step.seq == child.decision)
    [was] = [each for each in steps[at].commands if isinstance(each, Decide)]
    wrong = msgspec.structs.replace(was, urgency=0.125)
    commands = tuple(wrong if each == was else each for each in steps[at].commands)
    steps[at] = msgspec.structs.replace(steps[at], commands=commands)
    folder = rewritten(recorded, tmp_path / "state", steps)
    lines, err = told(capsys, child.cl_ord_id, folder, code=10)
    found = data(capsys, child.cl_ord_id, folder, code=10)
    fields = found["recomputed"]["fields"]
    assert f"Recomputed: NOT the same; 1 of {fields} fields differs." in lines
    assert f"Decide.urgency 0.125 {was.urgency}" in lines
    assert err == f"{child.cl_ord_id}: recomputed, 1 of {fields} fields differs\n"
    assert found["recomputed"]["differences"] == [
        {"field": "Decide.urgency", "recorded": 0.125, "decided": was.urgency}
    ]
    # a later decision is the same, and is told that it stands on one that is not
    later = first_child([step for step in steps if step.seq > child.decision])
    lines, err = told(capsys, later.cl_ord_id, folder, code=10)
    assert any(line.startswith("Recomputed: the same, bit for bit (") for line in lines)
    assert err == (
        f"{later.cl_ord_id}: recomputed, the same, but seq {child.decision} before it is not\n"
    )


def test_another_quantity_than_was_recorded_leaves_no_band(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = read_journal(recorded.folder)
    child = first_child(steps)
    at = next(i for i, step in enumerate(steps) if step.seq == child.decision)
    commands = tuple(
        msgspec.structs.replace(each, due_qty=4 * each.due_qty)
        if isinstance(each, Decide)
        else each
        for each in steps[at].commands
    )
    steps[at] = msgspec.structs.replace(steps[at], commands=commands)
    folder = rewritten(recorded, tmp_path / "state", steps)
    lines, _ = told(capsys, child.cl_ord_id, folder, code=10)
    assert "No band: decided again, the learner was asked something else." in lines
    assert "Decide.due_qty 4000 1000" in lines


def test_another_seed_than_the_one_that_ran_is_found(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    child = first_child(read_journal(recorded.folder)).cl_ord_id
    lines, err = told(capsys, child, recorded.folder, "--set", "seed=4242", code=10)
    assert any(re.match(r"Decide\.candidates\[\d\]\.value_bp -?[\d.]+ -?[\d.]+$", x) for x in lines)
    assert re.match(rf"{child}: recomputed, \d+ of \d+ fields differ\n", err)


def test_a_journal_alone_cannot_be_recomputed_and_that_is_no_finding(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = read_journal(recorded.folder)
    folder = write_journal(tmp_path / "state", steps)
    child = first_child(steps).cl_ord_id
    lines, err = told(capsys, child, folder)
    assert err == ""
    assert any(line.startswith("No band: market records are missing: seq ") for line in lines)
    assert any(line.startswith("Recomputed: it cannot be, market records are") for line in lines)
    assert data(capsys, child, folder)["recomputed"]["outcome"] == "undecided"


def test_a_configuration_that_cannot_be_read_still_leaves_the_record(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    child = first_child(read_journal(recorded.folder)).cl_ord_id
    lines, _ = told(capsys, child, recorded.folder, "--set", "seed=-1")
    text = " ".join(lines)
    assert "Recomputed: it cannot be, the configuration cannot be read: " in text
    assert "Why here" in lines


def test_wrong_policy_documents_do_not_hinder_for_the_journal_has_those_that_ran(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("policy: firm\n")
    child = first_child(read_journal(recorded.folder)).cl_ord_id
    found = data(capsys, child, recorded.folder, "--set", f"policies=[{wrong}]")
    assert found["recomputed"]["outcome"] == "same"


# --- what bit -----------------------------------------------------------------------------------


POLICY = """\
policy: pieces
version: 1
layer: desk

rules:
  - id: quarter
    why: nobody is shown more than a quarter of an order
    child_max: {parent_share: 0.25}
"""


@pytest.fixture(scope="module")
def narrowed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A day under a rule and a limit that bite, and what to set for it."""
    folder = tmp_path_factory.mktemp("narrowed")
    (folder / "pieces.yaml").write_text(POLICY)
    default = DEFAULT_CONFIG.parent / "policies" / "default.yaml"
    settings = [
        *OVERRIDES,
        f"policies=[{default}, {folder / 'pieces.yaml'}]",
        "limits.order_quantity.child_max=400",
    ]
    day = Day(load_settings(DEFAULT_CONFIG, settings))
    day.order(Side.BUY, 1_800)
    day.run(3)
    day.save(folder / "state")
    return folder / "state", [part for each in settings for part in ("--set", each)]


def test_the_rule_that_bit_is_named_with_the_cap_before_and_after(
    narrowed: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, settings = narrowed
    child = first_child(read_journal(folder))
    lines, _ = told(capsys, child.cl_ord_id, folder, *settings)
    # by hand: all 1,800 shares were free, and a quarter of the order is 450
    assert f"{child.mic}/{child.tactic.value} 1,800 450 pieces/quarter" in lines
    assert "pieces/quarter: nobody is shown more than a quarter of an order" in lines
    assert any(line.startswith("Recomputed: the same") for line in lines)


def test_the_limit_that_bit_is_named_with_the_shares_before_and_after(
    narrowed: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, settings = narrowed
    steps = read_journal(folder)
    step = next(
        s for s in steps
        if any(isinstance(c, NoteBreach) for c in s.commands)
        and any(isinstance(c, SendChild) for c in s.commands)
    )  # fmt: skip
    [breach, *_] = [c for c in step.commands if isinstance(c, NoteBreach)]
    [decide] = [c for c in step.commands if isinstance(c, Decide)]
    given = sum(c.qty for c in decide.candidates if c.arm.startswith(f"{breach.mic}/"))
    child = first_child([step]).cl_ord_id
    lines, _ = told(capsys, child, folder, *settings)
    assert given > 0
    wanted = f"{breach.mic}: from {given:,} shares to 0 by {breach.limit}: {breach.text}"
    assert wanted[:90] in " ".join(lines)


# --- the picture --------------------------------------------------------------------------------


def drawn(capsys: pytest.CaptureFixture[str], path: Path, child: str, *argv: str) -> list[str]:
    """Every text of a picture, in the order that it was drawn: SVG keeps them as comments."""
    assert run(["why", child, "--plot", str(path), *argv]) == 0
    assert capsys.readouterr().err == f"written: {path}\n"
    return re.findall(r"<!-- (.*?) -->", path.read_text(encoding="utf-8"))


def test_the_picture_names_everybody_and_says_who_lowered_what(
    narrowed: tuple[Path, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, settings = narrowed
    steps = read_journal(folder)
    child = first_child(steps)
    step = next(s for s in steps if s.seq == child.decision)
    [decide] = [c for c in step.commands if isinstance(c, Decide)]
    texts = drawn(capsys, tmp_path / "a.svg", child.cl_ord_id, "--state", str(folder), *settings)
    for each in decide.candidates:
        assert f"{each.arm}   {each.qty:,} given" in texts
        assert texts.count(each.arm) == 2  # a row of the values, and one of the shares
    assert any(text.startswith("1,800 \N{RIGHTWARDS ARROW} 450 pieces/quarter") for text in texts)
    assert any("refused by order_quantity" in text for text in texts)
    assert texts.count("90 % band") == 2
    assert any("Recomputed: the same, bit for bit" in text for text in texts)


def test_without_a_band_the_picture_has_what_the_record_has(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    child = first_child(read_journal(recorded.folder)).cl_ord_id
    argv = ["--state", str(recorded.folder), "--quick"]
    texts = drawn(capsys, tmp_path / "a.svg", child, *argv)
    assert "90 % band" not in texts
    assert "as drawn" in texts


def test_pictures_are_bitmaps_too(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    child = first_child(read_journal(recorded.folder)).cl_ord_id
    path = tmp_path / "a.png"
    assert run(["why", child, "--state", str(recorded.folder), "--plot", str(path)]) == 0
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_what_cannot_be_drawn_is_said_before_anything_is_done(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["--state", str(recorded.folder), "--plot"]
    assert run(["why", recorded.swept, *argv, "a.bmp"]) == 4
    out, err = capsys.readouterr()
    assert (out, err) == ("", "--plot a.bmp: its ending must be one of .png, .svg, .pdf\n")
    assert run(["why", recorded.swept, *argv, str(tmp_path / "a.png")]) == 4
    asked = f"{recorded.swept} is a client's order"
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"--plot draws one decision: give a child's ClOrdID; {asked}\n")
    child = first_child(read_journal(recorded.folder)).cl_ord_id
    missing = tmp_path / "there" / "is" / "none.png"
    assert run(["why", child, *argv, str(missing), "--quick"]) == 1
    assert capsys.readouterr().err == f"{missing}: No such file or directory\n"
