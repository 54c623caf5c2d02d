"""Parent orders of a market file: strict keys, and a plan for every seed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from pydantic import ValidationError

from router.model import NS, Side
from tests.venues.simulated import MARKETS, spec_of
from venues.market_file import MarketSpec, read_market
from venues.parents import Evaluate, Parents, ParentsError, SeedRange

HOUR = 3600 * NS


def market(folder: Path, **keys: object) -> MarketSpec:
    block = {"qty_adv": 0.01, "horizon_s": 600, **keys}
    return spec_of(folder, {f"parents.{key}": value for key, value in block.items()})


@pytest.mark.parametrize("first", [0, 1, 7, 1000])
def test_successive_seeds_cover_all_combinations_evenly(first: int) -> None:
    """The baseline has 2 sides, 3 sizes and 2 horizons."""
    spec = read_market(MARKETS / "baseline.yaml")
    plans = [spec.parent(seed) for seed in range(first, first + 24)]
    met = Counter((plan.side, plan.qty, plan.horizon_s) for plan in plans)
    # 0.25, 1 and 5 % of an ADV of 2,000,000.
    assert set(met) == {
        (side, qty, horizon)
        for side in (Side.BUY, Side.SELL)
        for qty in (5_000, 20_000, 100_000)
        for horizon in (900.0, 3600.0)
    }
    assert set(met.values()) == {2}


def test_the_second_parents_of_the_seeds_cover_them_too() -> None:
    spec = read_market(MARKETS / "baseline.yaml")
    plans = [spec.parent(seed, 1) for seed in range(12)]
    assert len({(plan.side, plan.qty, plan.horizon_s) for plan in plans}) == 12
    assert spec.parent(3, 0) != spec.parent(3, 1)


def test_a_seed_has_one_plan_and_its_start_lies_uniformly_in_what_the_horizon_leaves(
    tmp_path: Path,
) -> None:
    spec = market(tmp_path, horizon_s=3600)
    plans = [spec.parent(seed) for seed in range(2000)]
    assert plans == [spec.parent(seed) for seed in range(2000)]
    hours = [plan.start_ns / HOUR for plan in plans]
    assert min(hours) >= 9.5
    assert max(hours) <= 15.0
    # Uniform on [9.5, 15]: mean 12.25, standard deviation 5.5 / sqrt(12).
    mean = sum(hours) / len(hours)
    assert mean == pytest.approx(12.25, abs=4 * 5.5 / 12**0.5 / 2000**0.5)
    tenths = Counter(int((hour - 9.5) / 0.55) for hour in hours)
    # Chi squared with 9 degrees of freedom: 27.9 is exceeded once in a thousand.
    assert sum((n - 200) ** 2 / 200 for n in tenths.values()) < 27.9


def test_sizes_are_whole_lots_and_at_least_one(tmp_path: Path) -> None:
    """0.012345 % of 2,000,000 is 246.9 shares; a millionth is 2."""
    spec = market(tmp_path, qty_adv=[0.00012345, 0.000001], side="sell", start="10:00:00")
    assert [spec.parent(seed).qty for seed in range(2)] == [200, 100]
    assert {spec.parent(seed).side for seed in range(5)} == {Side.SELL}
    assert spec.parent(0).start_ns == 10 * HOUR
    assert spec.parent(0).limit_bp is None


def test_a_limit_is_carried(tmp_path: Path) -> None:
    assert market(tmp_path, limit_bp=12.5).parent(0).limit_bp == 12.5


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"start": "15:51:00"}, "parents.horizon_s: 600 s do not fit into the 540 s"),
        ({"start": "09:00:00"}, "parents.start: 09:00:00 is not in the session"),
        ({"start": "16:00:00"}, "parents.start: 16:00:00 is not in the session"),
        ({"horizon_s": [60, 23_401]}, "parents.horizon_s: 23401 s do not fit into the 23400 s"),
    ],
)
def test_parents_that_do_not_fit_the_session_are_told_when_one_is_asked_for(
    tmp_path: Path, keys: dict[str, object], said: str
) -> None:
    spec = market(tmp_path, **keys)
    with pytest.raises(ParentsError, match=said):
        spec.parent(1)


def test_a_market_without_parents_plans_none(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, {"parents": None})
    with pytest.raises(ParentsError, match=r"changed\.yaml has no parents"):
        spec.parent(1)


@pytest.mark.parametrize(
    ("keys", "where"),
    [
        ({"qty_adv": 1.5}, ("qty_adv", 0)),
        ({"qty_adv": []}, ("qty_adv",)),
        ({"horizon_s": [60, 0]}, ("horizon_s", 1)),
        ({"side": "long"}, ("side",)),
        ({"start": "noon"}, ("start",)),
        ({"limit_bp": "none"}, ("limit_bp",)),
        ({"seed": 1}, ("seed",)),
    ],
)
def test_a_wrong_key_is_refused_where_it_is(keys: dict[str, object], where: tuple[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        Parents.from_document({"qty_adv": 0.01, "horizon_s": 600, **keys})
    assert [error["loc"] for error in caught.value.errors()] == [where]


def test_what_is_evaluated_is_a_range_of_seeds_or_words() -> None:
    block = Evaluate.from_document(
        {"seeds": {"base": 100, "n": 20}, "metrics": ["is_bp"], "report": "by size", "must": ["a"]}
    )
    assert block.seeds == SeedRange(base=100, n=20)
    assert (block.report, block.must) == (("by size",), ("a",))
    assert Evaluate.from_document({"seeds": "developer's own"}).seeds == "developer's own"


@pytest.mark.parametrize(
    ("keys", "where"),
    [
        ({"seeds": {"base": 1}}, ("seeds", "range", "n")),
        ({"seeds": {"base": 1, "n": 0}}, ("seeds", "range", "n")),
        ({"metrics": ["is_bp", "is_bp"]}, ()),
        ({"musts": []}, ("musts",)),
    ],
)
def test_a_wrong_evaluation_is_refused_where_it_is(
    keys: dict[str, object], where: tuple[str]
) -> None:
    with pytest.raises(ValidationError) as caught:
        Evaluate.from_document(keys)
    assert [error["loc"] for error in caught.value.errors()] == [where]
