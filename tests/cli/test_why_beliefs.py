"""The band around fill curves and values: how wide, from what, and wider where less was learned."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
from msgspec import structs
from pydantic import Field

from config.settings import DEFAULT_CONFIG, load_settings
from router import build
from router.analysis.beliefs import believed
from router.analysis.explain import parent_story
from router.analysis.naming import find
from router.analysis.overheard import Question
from router.analysis.recompute import History, recompute
from router.analysis.replay import Rules
from router.journal.market import read_market
from router.journal.recovery import read_steps
from router.journal.storage import FileStorage
from router.messages import Learn
from router.ports import Arrays, FloatArray, Learner, Lesson, ScoreRequest, Scores
from tests.cli.market_day import OVERRIDES, Recorded, read_journal, write_journal

Z90 = 1.6448536
"""The normal distribution's 95th percentile: 90 % lie within so many deviations of the mean."""


class Fixed(Learner):
    """No posterior: the same answer whatever the chance."""

    def initial(self, dimensions: int) -> Arrays:
        return {}

    def score(self, state: Arrays, request: ScoreRequest, rng: np.random.Generator) -> Scores:
        tails = np.full((len(request.arms), request.lots), 0.5)
        return Scores(tails, tails, np.ones(len(request.arms)))

    def learn(self, state: Arrays, lesson: Lesson) -> None:
        raise AssertionError("nobody has a lesson for it")


class Normal(Learner):
    """A posterior that can be done by hand: arm k is worth N(10 k, (k + 1)^2), its curve is flat
    at a half and N(0, 0.1^2) away from it."""

    kappa: float = Field(0.3, ge=0.0, le=2.0)

    def initial(self, dimensions: int) -> Arrays:
        return {}

    def score(self, state: Arrays, request: ScoreRequest, rng: np.random.Generator) -> Scores:
        arms = np.arange(len(request.arms), dtype=np.float64)
        noise = self.kappa * rng.standard_normal((2, len(arms)))
        mean = np.full((len(arms), request.lots), 0.5)
        tails = mean + 0.1 * noise[0][:, np.newaxis]
        return Scores(tails, mean, 10.0 * arms + (arms + 1.0) * noise[1], 10.0 * arms)

    def learn(self, state: Arrays, lesson: Lesson) -> None:
        raise AssertionError("nobody has a lesson for it")


def question(learner: Learner, *, lots: int = 4) -> Question:
    zeros: FloatArray = np.zeros(3)
    request = ScoreRequest(
        "ACME", ("A", "B", "C"), np.zeros((3, 2)), zeros, zeros, lots, 1.0, 1.0
    )  # fmt: skip
    rng = np.random.Generator(np.random.Philox(key=5))
    return Question("key", learner, {}, request, learner.score({}, request, rng), 700)


def test_the_band_holds_nine_tenths_of_the_posterior() -> None:
    found = believed(question(Normal()), seed=1, seq=2)
    assert found.value_band is not None
    assert found.tail_band is not None
    deviations = np.array([1.0, 2.0, 3.0])
    # by hand: mean -+ 1.645 deviations; an end of 200 draws is known to 0.15 deviations
    wanted = np.array([0.0, 10.0, 20.0]) - Z90 * deviations
    assert (np.abs(found.value_band.low - wanted) < 0.5 * deviations).all()
    wanted = np.array([0.0, 10.0, 20.0]) + Z90 * deviations
    assert (np.abs(found.value_band.high - wanted) < 0.5 * deviations).all()
    assert found.tail_band.low.shape == found.tail_band.high.shape == (3, 4)
    assert np.abs(found.tail_band.low - (0.5 - Z90 * 0.1)).max() < 0.05
    assert np.abs(found.tail_band.high - (0.5 + Z90 * 0.1)).max() < 0.05
    assert found.mean_values.tolist() == [0.0, 10.0, 20.0]
    assert (found.mean_tails == 0.5).all()


def test_how_much_a_learner_explores_does_not_change_what_it_believes() -> None:
    bands = []
    for kappa in (0.0, 0.3, 2.0):
        found = believed(question(Normal(kappa=kappa)), seed=1, seq=2)
        assert found.value_band is not None
        bands.append((found.value_band.low.tolist(), found.value_band.high.tolist()))
        assert found.mean_values.tolist() == [0.0, 10.0, 20.0]
    assert bands[0] == bands[1] == bands[2]


def test_the_chance_of_the_draws_is_the_decisions_own() -> None:
    def low(seed: int, seq: int) -> list[float]:
        band = believed(question(Normal()), seed=seed, seq=seq).value_band
        assert band is not None
        return list(band.low)

    assert low(1, 2) == low(1, 2)
    assert low(1, 2) != low(1, 3)
    assert low(1, 2) != low(2, 2)


def test_a_learner_without_a_posterior_has_no_band() -> None:
    found = believed(question(Fixed()), seed=1, seq=2)
    assert (found.tail_band, found.value_band) == (None, None)
    assert found.values.tolist() == found.mean_values.tolist() == [1.0, 1.0, 1.0]
    assert (found.learner, found.free_qty) == ("key", 700)


# --- two journals --------------------------------------------------------------------------------

LOTS = 4
"""Where the curves are looked at: P(fill of at least so many lots)."""


def with_lessons(recorded: Recorded, folder: Path, count: int) -> Path:
    """The day, with so many lessons of each arm before it: half took 8 lots, half took none."""
    first, *others = read_journal(recorded.folder)
    taught = [c for step in others for c in step.commands if isinstance(c, Learn)]
    arms = dict.fromkeys(each.arm for each in taught)
    lessons = tuple(
        msgspec.structs.replace(
            taught[0],
            cl_ord_id="before",
            arm=arm,
            features=(0.0,) * len(taught[0].features),
            sent_lots=8,
            filled_lots=8 * (i % 2),
            min_lots=0,
            outcome="observed",
        )
        for i in range(count)
        for arm in arms
    )
    more = msgspec.structs.replace(first, commands=(*first.commands, *lessons))
    write_journal(folder, [more, *others])
    for path in recorded.folder.glob("market-*.seg"):
        shutil.copy(path, folder)
    return folder


def widths(folder: Path, cl_ord_id: str) -> dict[str, float]:
    """Of the bands of the first decision of an order, by arm, in a typical market."""
    storage = FileStorage(folder, read_only=True)
    decision = parent_story(storage, find(storage, cl_ord_id)[0].parent_id).decisions[0]
    family = build.families()
    env = build.environment(load_settings(DEFAULT_CONFIG, OVERRIDES), family)
    rules = Rules(lambda: build.engine(env, family), decision.decide.policy_hash)
    history = History(lambda: read_steps(storage), lambda: read_market(storage))
    again = recompute(history, lambda digest: rules, decision)
    assert again.question is not None
    request = again.question.request
    typical = structs.replace(request, features=np.zeros_like(request.features))
    found = believed(replace(again.question, request=typical), seed=again.seed, seq=decision.seq)
    assert found.tail_band is not None
    wide = found.tail_band.high - found.tail_band.low
    return dict(zip(found.arms, wide[:, LOTS - 1].tolist(), strict=True))


def test_bands_are_wider_where_less_was_learned(recorded: Recorded, tmp_path: Path) -> None:
    few, many = (
        widths(with_lessons(recorded, tmp_path / f"{count}", count), recorded.after_restart)
        for count in (6, 96)
    )
    known = [arm for arm in few if arm.endswith("/lit_take")]
    assert len(known) == 3
    # Sixteen times the lessons: a quarter of the width, were it not for what is forgotten.
    for arm in known:
        assert 0.0 < many[arm] < 0.6 * few[arm]
