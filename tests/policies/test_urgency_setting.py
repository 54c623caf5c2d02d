"""The policy setting `urgency`: a table that is there, a band, and an identity that holds both."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from config.documents import DocumentError
from config.settings import load_settings
from policies.book import PolicyBook
from router import build
from router.patience.file import write_table
from router.ports import Refusal, Urgency
from tests.patience.test_file import CARD
from tests.policies.policy_samples import ALGOS, FACTS, LEARNERS, RULE_TYPES, VENUES

BASE = "policy: base\nversion: 1\nsettings: {algo: sweep, learner: hazard%s}\n"


def loaded(folder: Path, urgency: str = "") -> PolicyBook:
    (folder / "base.yaml").write_text(BASE % (f", urgency: {urgency}" if urgency else ""))
    return PolicyBook.load(
        [folder / "base.yaml"],
        RULE_TYPES,
        ALGOS,
        LEARNERS,
        VENUES,
        ("ACME",),
        None,
        lambda name, document: build.urgency_table(name, document).digest,
    )


def chosen(book: PolicyBook) -> Urgency | None:
    found = book.resolve(FACTS)
    assert not isinstance(found, Refusal)
    return found.urgency


def test_a_path_begins_at_the_documents_folder(tmp_path: Path) -> None:
    digest = write_table(tmp_path / "own.json", CARD)
    book = loaded(tmp_path, "{table: own.json, at_least_bp: 0.5, at_most_bp: 8.0}")
    assert chosen(book) == Urgency(table=digest, at_least_bp=0.5, at_most_bp=8.0)
    assert set(build.urgency_tables(book)) == {digest}
    assert "urgency = own.json (at_least_bp=0.5, at_most_bp=8.0): base/settings" in book.explain(
        FACTS
    )


def test_without_the_setting_there_is_none(tmp_path: Path) -> None:
    book = loaded(tmp_path)
    assert chosen(book) is None
    assert build.urgency_tables(book) == {}


def test_another_table_of_the_same_name_is_another_policy(tmp_path: Path) -> None:
    setting = "{table: own.json, at_most_bp: 8.0}"
    write_table(tmp_path / "own.json", CARD)
    first = loaded(tmp_path, setting).hash
    assert loaded(tmp_path, setting).hash == first
    write_table(tmp_path / "own.json", msgspec.structs.replace(CARD, kappa=2.0))
    assert loaded(tmp_path, setting).hash != first


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("{table: nothing, at_most_bp: 8.0}", "'nothing': no such table; allowed: a file, or one"),
        ("{table: torn.json, at_most_bp: 8.0}", "torn.json: Input data was truncated"),
        ("{table: own.json}", "at_most_bp"),
        ("{table: own.json, at_least_bp: 9.0, at_most_bp: 8.0}", "at_most_bp is below at_least_bp"),
        ("{table: own.json, at_least_bp: -1.0, at_most_bp: 8.0}", "at_least_bp"),
        ("{table: own.json, at_most_bp: 8.0, most: 1}", "most"),
        ("own.json", "urgency"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, setting: str, said: str) -> None:
    write_table(tmp_path / "own.json", CARD)
    (tmp_path / "torn.json").write_text("{")
    with pytest.raises(DocumentError) as error:
        loaded(tmp_path, setting)
    assert said in str(error.value)
    assert str(error.value).startswith(f"{tmp_path / 'base.yaml'}:3")


def test_the_shipped_tables_are_sound_and_no_shipped_policy_names_one() -> None:
    for path in build.URGENCY_TABLES.glob("*.json"):
        table = build.urgency_table(path.stem, "policies/x.yaml")
        assert table.u_bp.shape[:2] == (10, 10)
    settings = load_settings()
    env = build.environment(settings, build.families())
    assert env.urgency_tables == {}
