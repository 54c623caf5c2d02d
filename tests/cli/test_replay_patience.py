"""A day with an urgency table is decided again bit by bit, and by no other table."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from config.settings import DEFAULT_CONFIG, load_settings
from router.cli import run
from router.messages import Decide, UrgencyNote
from router.model import Side, TimeInForce
from router.patience.file import write_table
from tests.cli.market_day import OVERRIDES, Day, read_journal
from tests.patience.test_file import CARD

POLICY = """
policy: patient
version: 1
layer: desk
settings:
  algo: {name: twap, interval_s: 4}
  urgency: {table: own.json, at_least_bp: 0.5, at_most_bp: 4.0}
"""


def test_a_day_with_a_table_is_decided_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "patient.yaml").write_text(POLICY)
    digest = write_table(tmp_path / "own.json", CARD)
    base = DEFAULT_CONFIG.parent / "policies" / "default.yaml"
    given = [*OVERRIDES, f"policies=[{base}, {tmp_path / 'patient.yaml'}]"]
    day = Day(load_settings(DEFAULT_CONFIG, given))
    day.order(Side.SELL, 2_000, tif=TimeInForce.GTD, seconds=12)
    day.run(9)
    folder = day.save(tmp_path / "state")
    steps = read_journal(folder)
    decided = [each for step in steps for each in step.commands if isinstance(each, Decide)]
    notes = [each.urgency_note for each in decided]
    assert {note.by for note in notes if note} >= {"table"}
    for each, note in zip(decided, notes, strict=True):
        assert isinstance(note, UrgencyNote)
        assert note.table == f"own@{digest[:12]}"
        if note.by == "table":
            assert note.learned_bp in CARD.u_bp
            assert each.urgency_bp == min(4.0, max(0.5, note.learned_bp or 0.0))

    typed = ["replay", str(folder), "--verify", "--json"]
    typed += [part for each in given for part in ("--set", each)]
    assert run(typed) == 0
    assert json.loads(capsys.readouterr().out)["verify"]["outcome"] == "same"
    other = tuple(None if each is None else each + 1.0 for each in CARD.u_bp)
    write_table(tmp_path / "own.json", msgspec.structs.replace(CARD, u_bp=other))
    assert run(typed) == 0, "the journal has the table that it was decided with"
    assert json.loads(capsys.readouterr().out)["verify"]["outcome"] == "same"
