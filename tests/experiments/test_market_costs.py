"""Costs of careers by hand, and what an experiment in markets changes of a market."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from config.documents import DocumentError
from router.experiments.contestants import read_contestants
from router.experiments.market_experiments import MARKET_EXPERIMENTS, MARKETS
from router.experiments.markets import EXPERIMENTS, FIRST, Costs, costs
from router.trials.labels import relabelled
from tests.trials.markets import written
from venues.lit import LitSpec
from venues.market_file import read_market


def careers(shortfall: list[list[float]], weight: float = 1.0) -> Costs:
    found = np.array(shortfall)
    return Costs(found, np.full(found.shape, weight))


def test_what_is_saved_is_paired_and_weighted() -> None:
    """(1 x 4 + 3 x 2) / 4 = 2.5 saved: weights 1 and 3, differences 4 and 2."""
    weight = np.array([[1.0, 3.0], [1.0, 3.0]])
    champion = Costs(np.array([[10.0, -5.0], [100.0, 50.0]]), weight)
    other = Costs(np.array([[14.0, -3.0], [104.0, 52.0]]), weight)
    mine, theirs = costs({"a": champion, "b": other})
    assert mine.saved is None
    assert mine.whole.value == pytest.approx((10 - 15 + 100 + 150) / 8)
    assert theirs.saved is not None
    assert (theirs.saved.value, theirs.saved.low, theirs.saved.high) == pytest.approx((2.5,) * 3)


def test_the_first_parents_are_shown_apart_and_counted_all_the_same() -> None:
    late = [[0.0] * FIRST + [1.0] * FIRST]
    mine, theirs = costs({"a": careers([[0.0] * (2 * FIRST)]), "b": careers(late)})
    assert mine.first.value == 0.0
    assert theirs.first.value == 0.0
    assert theirs.whole.value == pytest.approx(0.5)
    assert theirs.saved_first is not None
    assert theirs.saved_first.value == 0.0


def test_names_change_hands_within_a_kind_and_terms_stay() -> None:
    spec = read_market(MARKETS / "baseline.yaml")
    found = [relabelled(spec, seed) for seed in range(12)]
    assert relabelled(spec, 3) == found[3]
    assert any(one != other for one, other in pairwise(found))
    for each in found:
        assert sorted(venue.id for venue in each.venues) == sorted(v.id for v in spec.venues)
        for before, after in zip(spec.venues, each.venues, strict=True):
            assert before.kind == after.kind
            assert before.model_copy(update={"id": after.id}) == after
    assert {each.venues[0].id for each in found} == {"LIT_A", "LIT_B", "LIT_C"}


def test_a_schedule_that_names_venues_forbids_it(tmp_path: Path) -> None:
    halt = {"at": "15:52:00", "event": "halt", "duration_s": 60}
    with pytest.raises(DocumentError, match="schedule names venues"):
        relabelled(read_market(written(tmp_path, schedule=[halt])), 1)


def test_there_is_nothing_to_choose_between_in_the_null_market() -> None:
    spec = read_market(MARKETS / "null.yaml")
    one, *others = [venue for venue in spec.venues if isinstance(venue, LitSpec)]
    assert len(others) == 2
    assert all(each.model_copy(update={"id": one.id}) == one for each in others)


def test_every_experiment_names_markets_that_ship() -> None:
    for name, each in MARKET_EXPERIMENTS.items():
        for market in each.markets:
            assert each.careers(market, 1, "twap").market.is_file(), name


def test_contestants_of_patience_differ_in_policy_alone() -> None:
    experiment = MARKET_EXPERIMENTS["patience"]
    who = read_contestants(EXPERIMENTS / f"{experiment.contestants}.yaml")
    entries = [each.entry(name) for name, each in who.items()]
    assert {(each.learner, each.parameters) for each in entries} == {("hazard", ())}
    documents = {name for each in entries for name in each.policies}
    assert {name.removesuffix(".yaml") for name in documents} == {
        "patient", "urgency-inventory", "urgency-market", "urgency-fitted",
    }  # fmt: skip
    careers = experiment.careers("baseline", 1, "twap")
    for each in entries:
        task = careers.task(each)
        assert task.policies[0].stem == "default"
        env = task.prepare()[0].bench.env
        named = [name for name in each.policies if name.startswith("urgency-")]
        assert len(env.urgency_tables) == len(named)
