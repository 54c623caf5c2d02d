"""Markets that extend others: what is taken, what is changed, and whose fault it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config.documents import DocumentError, loads
from tests.venues.simulated import MARKETS
from venues.market_changes import PathError, digest, put
from venues.market_file import MarketSpec, read_market


def written(folder: Path, name: str, text: str) -> Path:
    """A market file beside a copy of the baseline; `text` follows its id and vocabulary."""
    shutil.copy(MARKETS / "baseline.yaml", folder)
    path = folder / f"{name}.yaml"
    path.write_text(f"id: {name}\nvocabulary: 1\n{text}")
    return path


def problem_of(path: Path) -> str:
    """The only problem, with the file's name instead of its path."""
    with pytest.raises(DocumentError) as caught:
        read_market(path)
    (problem,) = caught.value.problems
    return problem.removeprefix(f"{path.parent}/")


def with_set(folder: Path, entry: str) -> Path:
    """One change, on line 5."""
    return written(folder, "m", f"extends: baseline\nset:\n  {entry}\n")


def baseline_line(text: str) -> int:
    lines = (MARKETS / "baseline.yaml").read_text().splitlines()
    return next(n for n, line in enumerate(lines, start=1) if text in line)


# --- what is taken and what is changed ------------------------------------------------------------


def test_extends_takes_the_base_and_changes_dotted_places(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "m",
        "extends: baseline\nset:\n  stock.price: 20.0\n  venues.LIT_B.disabled: true\n"
        "  session.u_shape: [0.5, 0.5]\n  venues.DARK_A.latency: null\n",
    )
    spec, base = read_market(path), read_market(MARKETS / "baseline.yaml")
    assert spec.id == "m"
    assert spec.stock == base.stock.model_copy(update={"price": 20.0})
    assert spec.session.u_shape == (0.5, 0.5)
    unchanged = {venue.id: venue for venue in base.venues}
    del unchanged["LIT_B"]
    unchanged["DARK_A"] = unchanged["DARK_A"].model_copy(update={"latency": None})
    assert spec.venues == tuple(unchanged.values())
    assert (spec.flow, spec.impact) == (base.flow, base.impact)


def test_a_file_extends_a_file_that_extends_another(tmp_path: Path) -> None:
    written(
        tmp_path,
        "a",
        "extends: baseline\nset: {stock.adv: 5, stock.price: 20, flow.updates_per_mo: 3}\n",
    )
    written(tmp_path, "b", "extends: a\nset: {stock.adv: 6, stock.price: 30}\n")
    spec = read_market(written(tmp_path, "c", "extends: b\nset: {stock.adv: 7}\n"))
    assert (spec.stock.adv, spec.stock.price, spec.flow.updates_per_mo) == (7, 30.0, 3.0)
    assert spec.files == ("baseline.yaml", "a.yaml", "b.yaml", "c.yaml")
    assert spec.id == "c"


def test_a_venue_can_be_added_and_changed_afterwards(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "m",
        "extends: baseline\nset:\n  venues.LIT_D: {id: LIT_D, type: lit, volume_share: 0.1}\n"
        "  venues.LIT_D.fees: {take: 0.001}\n  venues.LIT_D.fees.make: 0.002\n"
        "  venues.SDP_2: {id: SDP_2, type: lit}\n",
    )
    venues = {venue.id: venue for venue in read_market(path).venues}
    assert list(venues)[-2:] == ["SDP_2", "LIT_D"]
    assert venues["SDP_2"].kind == "lit"
    assert (venues["LIT_D"].fees.take, venues["LIT_D"].fees.make) == (0.001, 0.002)


def test_an_optional_key_that_the_base_does_not_have_can_be_set(tmp_path: Path) -> None:
    path = with_set(tmp_path, 'session.from: "15:00:00"')
    assert read_market(path).session.from_ns == 15 * 3600 * 10**9


def test_a_block_of_the_extending_file_takes_the_place_of_the_base_s(tmp_path: Path) -> None:
    path = written(
        tmp_path, "m", "extends: baseline\nparents: {side: buy, qty_adv: 0.01, horizon_s: 60}\n"
    )
    parents = read_market(path).parents
    assert parents is not None
    assert (parents.side, parents.qty_adv, parents.horizon_s) == ("buy", (0.01,), (60.0,))


# --- what is wrong, and where ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("stok.price: 1", "stok: unknown key 'stok', did you mean 'stock'?; allowed: "),
        (
            "stock.prise: 1",
            "stock.prise: unknown key 'prise', did you mean 'price'?; allowed: adv, price, ",
        ),
        (
            "venues.LIT_B.fees: {tak: 1}",
            "venues[1].fees.tak: unknown key 'tak', did you mean 'take'?; allowed: make, take",
        ),
        (
            "venues.LIT_X.disabled: true",
            "set.venues.LIT_X.disabled: unknown id in venues 'LIT_X', did you mean 'LIT_C'?; ",
        ),
        (
            "venues.LIT_D: {type: lit}",
            "set.venues.LIT_D: a member of venues is set whole with its id: {id: LIT_D, ...}",
        ),
        ("stock.price.cents: 1", "set.stock.price.cents: stock.price is a value: there is nothing"),
        ("session.u_shape.0: 1", "set.session.u_shape.0: session.u_shape is a list without ids"),
        ("venues.SDP_1.sdp.size: -5", "venues[5].sdp.size: input should be greater than 0"),
        ("venues.SDP_2.sdp.size: 1.5", "venues[6].sdp.size: "),
        ("stock.price: 50.005", "stock: price must be on the tick"),
        ("venues.LIT_B: {id: LIT_B, type: bourse}", "venues[1].type: unknown venue type 'bourse'"),
        ("venues.LIT_B.id: LIT_A", "venues: two venues have the id 'LIT_A'"),
        ("flow: {}", "flow.market_orders_per_s: required, but not given; allowed: clustering_cv"),
    ],
)
def test_what_a_set_entry_breaks_is_told_at_its_line(tmp_path: Path, entry: str, said: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_market(with_set(tmp_path, entry))
    assert caught.value.problems[0].startswith(f"{tmp_path}/m.yaml:5: {said}")


def test_a_key_inside_a_value_of_several_lines_is_told_at_its_own_line(tmp_path: Path) -> None:
    entry = "venues.LIT_B.fees:\n    take: 0.001\n    mak: 0.002"
    assert problem_of(with_set(tmp_path, entry)).startswith("m.yaml:7: venues[1].fees.mak: ")


def test_what_is_wrong_in_the_extended_file_is_told_there(tmp_path: Path) -> None:
    path = with_set(tmp_path, "stock.adv: 1000")
    base = tmp_path / "baseline.yaml"
    base.write_text(base.read_text().replace("clustering_cv: 2.5", "clustering_cv: 0.5"))
    line = baseline_line("clustering_cv")
    assert problem_of(path).startswith(f"baseline.yaml:{line}: flow.clustering_cv: ")


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"a": "extends: a\n"}, "a.yaml:3: extends: a extends a: a market cannot extend itself"),
        (
            {"a": "extends: b\n", "b": "extends: c\n", "c": "extends: b\n"},
            "c.yaml:3: extends: a extends b extends c extends b: a market cannot extend itself",
        ),
        ({"a": "extends: nowhere\n"}, "a.yaml:3: extends: there is no nowhere.yaml beside"),
        ({"a": "extends: ../a\n"}, "a.yaml:3: extends: must be the name of a market file"),
        (
            {"a": "extends: baseline\nset: [1]\n"},
            "a.yaml:4: set: must be a mapping of dotted paths to values",
        ),
        (
            {"a": "extends: baseline\nstock: {adv: 1}\n"},
            "a.yaml:4: stock: this file extends a market: change it by a dotted path under `set`",
        ),
        (
            {"a": "extends: baseline\nsets: {}\n"},
            "a.yaml:4: sets: unknown key 'sets', did you mean 'set'?; allowed: adversary, evaluate",
        ),
    ],
)
def test_what_cannot_be_extended_is_refused(
    tmp_path: Path, texts: dict[str, str], said: str
) -> None:
    for name, text in texts.items():
        written(tmp_path, name, text)
    assert problem_of(tmp_path / "a.yaml").startswith(said)


def test_a_path_through_a_list_whose_members_have_no_ids_is_refused() -> None:
    with pytest.raises(PathError, match=r"a\.b is a list without ids"):
        put({"a": {"b": [{"x": 1}]}}, "a.b.x", 2)


# --- the hash -------------------------------------------------------------------------------------


def changed_text(folder: Path, old: str, new: str) -> MarketSpec:
    text = (MARKETS / "baseline.yaml").read_text()
    assert old in text
    path = folder / "other.yaml"
    path.write_text(text.replace(old, new))
    return read_market(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("stock: {", "# a remark\nstock: {"),
        ("price: 50.00, tick: 0.01", "tick: 0.01, price: 50"),
        ("mo_size: {lot: 100, p_lot: 0.72,", "mo_size: {p_lot: 0.720, lot: 100,"),
        ("clustering_cv: 2.5\n  updates_per_mo: 8", "updates_per_mo: 8.0\n  clustering_cv: 2.5"),
        ('start: "09:30:00"', "start: 09:30:00"),
    ],
)
def test_the_hash_is_of_what_is_said_not_of_how(tmp_path: Path, old: str, new: str) -> None:
    assert changed_text(tmp_path, old, new).hash == read_market(MARKETS / "baseline.yaml").hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("price: 50.00", "price: 50.01"),
        ("take: 0.0030", "take: 0.0031"),
        ("id: baseline", "id: other"),
        ("p_zero: 0.85", "p_zero: 0.850001"),
        ("start: uniform", 'start: "10:00:00"'),
        ("[0.135, 0.085, ", "[0.085, 0.135, "),
    ],
)
def test_every_value_counts_in_the_hash(tmp_path: Path, old: str, new: str) -> None:
    assert changed_text(tmp_path, old, new).hash != read_market(MARKETS / "baseline.yaml").hash


def test_the_hash_of_an_extending_market_is_that_of_the_market_written_out(tmp_path: Path) -> None:
    extending = written(tmp_path, "flat", "source: x\nextends: baseline\nset: {stock.price: 20}\n")
    text = (MARKETS / "baseline.yaml").read_text()
    source = next(line for line in text.splitlines() if line.startswith("source:"))
    (tmp_path / "whole.yaml").write_text(
        text.replace("id: baseline", "id: flat")
        .replace(source, "source: x")
        .replace("price: 50.00", "price: 20")
    )
    assert read_market(extending).hash == read_market(tmp_path / "whole.yaml").hash


def test_numbers_that_differ_have_different_hashes() -> None:
    texts = ["a: 1", "a: '1'", "a: true", "a: 1.5", "a: [1]", "a: null", "b: 1", "a: 1e300"]
    assert len({digest(loads(text, "x").data) for text in texts}) == len(texts)
