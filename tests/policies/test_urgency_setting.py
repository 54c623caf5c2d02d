"""The policy setting `urgency`: a table that is there, a band, and an identity that holds both."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from config.documents import DocumentError
from config.settings import load_settings
from policies.book import PolicyBook
from policies.document import Setting
from router import build
from router.build_policies import TEXTS_MAX, URGENCY_TABLES, Reading, Tables, fetch_table
from router.patience.file import write_table
from router.ports import Refusal, Urgency
from tests.patience.test_file import CARD
from tests.policies.policy_samples import ALGOS, FACTS, LEARNERS, RULE_TYPES, VENUES

BASE = "policy: base\nversion: 1\nsettings: {algo: sweep, learner: hazard%s}\n"


def loaded(folder: Path, urgency: str = "", tables: Tables | None = None) -> PolicyBook:
    (folder / "base.yaml").write_text(BASE % (f", urgency: {urgency}" if urgency else ""))
    return PolicyBook.load(
        [folder / "base.yaml"],
        RULE_TYPES,
        ALGOS,
        LEARNERS,
        VENUES,
        ("ACME",),
        None,
        (tables or Tables(fetch_table)).find,
    )


def chosen(book: PolicyBook) -> Urgency | None:
    found = book.resolve(FACTS)
    assert not isinstance(found, Refusal)
    return found.urgency


def test_a_path_begins_at_the_documents_folder(tmp_path: Path) -> None:
    digest = write_table(tmp_path / "own.json", CARD)
    tables = Tables(fetch_table)
    book = loaded(tmp_path, "{table: own.json, at_least_bp: 0.5, at_most_bp: 8.0}", tables)
    assert chosen(book) == Urgency(table=digest, at_least_bp=0.5, at_most_bp=8.0)
    assert set(tables.read) == {digest}
    assert "urgency = own.json (at_least_bp=0.5, at_most_bp=8.0): base/settings" in book.explain(
        FACTS
    )


def test_without_the_setting_there_is_none(tmp_path: Path) -> None:
    tables = Tables(fetch_table)
    assert chosen(loaded(tmp_path, tables=tables)) is None
    assert tables.read == {}


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
    for path in URGENCY_TABLES.glob("*.json"):
        tables = Tables(fetch_table)
        table = tables.read[tables.find(path.stem, "policies/x.yaml")]
        assert (table.name, table.u_bp.shape[:2]) == (path.stem, (10, 10))
    settings = load_settings()
    env = build.environment(settings, build.families())
    assert env.urgency_tables == {}


def reading() -> Reading:
    default = Setting("hazard", {})
    return Reading(RULE_TYPES, ALGOS, LEARNERS, tuple(VENUES), ("ACME",), default)


def test_a_book_is_read_again_from_its_texts_when_the_files_are_gone(tmp_path: Path) -> None:
    setting = "{table: own.json, at_most_bp: 8.0}"
    digest = write_table(tmp_path / "own.json", CARD)
    (tmp_path / "base.yaml").write_text(BASE % f", urgency: {setting}")
    made = reading().from_files([tmp_path])
    (tmp_path / "base.yaml").unlink()
    (tmp_path / "own.json").unlink()
    again = reading().from_texts(made.files)
    assert not isinstance(again, str)
    assert again.files == made.files
    assert again.files.hash == made.files.hash
    assert (again.urgency_tables[digest].name, set(again.urgency_tables)) == ("own", {digest})


def test_texts_that_mean_something_else_by_now_are_not_taken(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE % "")
    made = reading().from_files([tmp_path])
    (document,) = made.files.documents
    other = msgspec.structs.replace(document, text=document.text.replace("sweep", "twap"))
    found = reading().from_texts(msgspec.structs.replace(made.files, documents=(other,)))
    assert isinstance(found, str)
    assert found.startswith("read by this program they are ")
    wrong = msgspec.structs.replace(document, text=document.text.replace("hazard", "no_more"))
    found = reading().from_texts(msgspec.structs.replace(made.files, documents=(wrong,)))
    assert isinstance(found, str)
    assert found.startswith(f"{tmp_path / 'base.yaml'}:3: settings.learner: unknown learner")


def test_documents_and_tables_must_fit_into_a_record(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE % "")
    for name in ("b", "c"):
        text = f"policy: {name}\nversion: 1\n" + ("#" * 99 + "\n") * (TEXTS_MAX // 200)
        (tmp_path / f"{name}.yaml").write_text(text)
    with pytest.raises(DocumentError, match=r"tables are 52\d,\d{3} bytes together; allowed: 524,"):
        reading().from_files([tmp_path])
