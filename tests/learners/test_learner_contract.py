"""What every learner must keep to, whatever it learns: a new file is tested as it appears."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from msgspec.structs import replace

import router.learners
from router.plugin import discover
from router.ports import (
    MAIN_HORIZON,
    MARKOUT_HORIZONS,
    Arrays,
    Learner,
    Lesson,
    Markout,
    ScoreRequest,
    Scores,
)

LEARNERS = discover(router.learners, Learner)  # type: ignore[type-abstract]
D = 5
ARMS = ("LIT_A/lit_take", "LIT_A/lit_make", "DARK_A/dark_mid", "SDP_1/dealer_quote")
OUTCOMES = ("observed", "rejected", "last_look", "unknown", "canceled_early")

every_learner = pytest.mark.parametrize(
    "learner", [made() for made in LEARNERS.values()], ids=list(LEARNERS)
)


def rng(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def request(seed: int, arms: tuple[str, ...] = ARMS, lots: int = 40) -> ScoreRequest:
    draw = rng(seed)
    return ScoreRequest(
        symbol="XYZ",
        arms=arms,
        features=np.clip(draw.standard_normal((len(arms), D)) * 2, -4.0, 4.0),
        cost_bp=draw.uniform(-3.0, 6.0, len(arms)),
        displayed_lots=draw.integers(0, 20, len(arms)).astype(np.float64),
        lots=lots,
        urgency_bp=5.0,
        participation=20.0,
        child_lots=(256, 20, 4000)[seed % 3],
        intervals=draw.integers(1, 60, len(arms)).astype(np.float64) if seed % 2 else None,
    )


def lesson(draw: np.random.Generator, arms: tuple[str, ...] = ARMS) -> Lesson:
    sent = int(draw.integers(0, 600))
    filled = (
        int(draw.integers(0, sent + 1)) if draw.random() < 0.5 else sent * int(draw.integers(2))
    )
    return Lesson(
        symbol="XYZ",
        arm=arms[int(draw.integers(len(arms)))],
        features=np.clip(draw.standard_normal(D) * 3, -4.0, 4.0),
        sent_lots=sent,
        filled_lots=filled,
        min_lots=int(draw.integers(0, 30)),
        outcome=OUTCOMES[int(draw.integers(len(OUTCOMES)))],
        markout_bp=float(draw.standard_normal() * 50) if draw.random() < 0.7 else None,
    )


def markout(draw: np.random.Generator, taken: Lesson) -> Markout:
    seen = float(draw.standard_normal() * 50) if draw.random() < 0.7 else None
    horizon = int(draw.integers(len(MARKOUT_HORIZONS)))
    before = float(draw.standard_normal()) if horizon else 0.0
    return Markout(taken.arm, taken.features, int(draw.integers(1, 600)), horizon, seen, before)


def taught(learner: Learner, lessons: int, seed: int = 1) -> Arrays:
    state, draw = learner.initial(D), rng(seed)
    for _ in range(lessons):
        taken = lesson(draw)
        learner.learn(state, taken)
        learner.mark(state, markout(draw, taken))
    return state


def check(scores: Scores, asked: ScoreRequest) -> None:
    count = len(asked.arms)
    assert scores.values.shape == (count,)
    for values in (scores.values, scores.mean_values, scores.low_values):
        if values is not None:
            assert values.shape == (count,)
            assert np.isfinite(values).all()
    for tails in (scores.tails, scores.mean_tails, scores.low_tails):
        if tails is None:
            continue
        assert tails.shape == (count, asked.lots)
        assert np.isfinite(tails).all()
        assert (tails >= 0.0).all()
        assert (tails <= 1.0).all()
        assert (np.diff(tails, axis=1) <= 0.0).all()


@every_learner
@pytest.mark.parametrize("lessons", [0, 1, 300])
def test_scores_have_their_shapes_and_tails_never_rise(learner: Learner, lessons: int) -> None:
    state = taught(learner, lessons)
    for seed in range(5):
        asked = request(seed, lots=(1, 3, 40, 300, 700)[seed])
        check(learner.score(state, asked, rng(seed)), asked)


@every_learner
def test_the_same_chance_gives_the_same_scores_and_scoring_changes_no_state(
    learner: Learner,
) -> None:
    state, again = taught(learner, 100), taught(learner, 100)
    first = learner.score(state, request(3), rng(9))
    learner.score(state, request(4), rng(10))
    second = learner.score(again, request(3), rng(9))
    assert np.array_equal(first.tails, second.tails)
    assert np.array_equal(first.values, second.values)
    assert state.keys() == again.keys()
    for name, array in state.items():
        assert array.dtype == np.float64
        assert np.array_equal(array, again[name]), name


@every_learner
def test_bounds_are_no_better_than_the_mean_and_change_nothing_else(learner: Learner) -> None:
    state = taught(learner, 100)
    for seed in range(4):
        asked = replace(request(seed), bounds=True)
        scores, plain = (learner.score(state, each, rng(9)) for each in (asked, request(seed)))
        check(scores, asked)
        assert plain.low_tails is plain.low_values is None
        for one, other in ((scores.tails, plain.tails), (scores.values, plain.values)):
            assert np.array_equal(one, other)
        assert (scores.mean_values is None) is (plain.mean_values is None)
        if scores.low_tails is not None:
            assert (scores.low_tails <= scores.mean_tails + 1e-12).all()
        if scores.low_values is not None:
            assert scores.mean_values is not None
            assert (scores.low_values <= scores.mean_values).all()


@every_learner
def test_an_arm_never_met_is_scored_like_any_other(learner: Learner) -> None:
    state = taught(learner, 100)
    asked = request(1, arms=("NEW/dark_mid", *ARMS, "NEW/lit_take"))
    check(learner.score(state, asked, rng(1)), asked)


@every_learner
def test_no_candidate_is_no_score(learner: Learner) -> None:
    asked = request(1, arms=())
    check(learner.score(taught(learner, 10), asked, rng(1)), asked)


@every_learner
def test_what_is_not_a_number_spoils_neither_scores_nor_state(learner: Learner) -> None:
    state, draw = taught(learner, 50), rng(2)
    for bad in (np.nan, np.inf, -np.inf):
        features = np.full(D, bad)
        for filled in (0, 3, 5):
            learner.learn(state, Lesson("XYZ", ARMS[0], features, 5, filled, 0, "observed", bad))
            learner.mark(state, Markout(ARMS[0], features, 5, 1, bad, bad))
    asked = request(1)
    asked.features[0, :] = np.nan
    asked.features[1, 0] = np.inf
    asked.cost_bp[2] = np.nan
    asked.cost_bp[3] = np.inf
    asked.displayed_lots[0] = np.nan
    scores = learner.score(state, asked, draw)
    check(scores, asked)
    assert all(np.isfinite(array).all() for array in state.values())


@every_learner
def test_extreme_lessons_never_break_the_scores(learner: Learner) -> None:
    state = learner.initial(D)
    extremes = (np.full(D, 4.0), np.full(D, -4.0), np.zeros(D))
    for i in range(600):
        filled = (0, 1, 1000)[i // 200]
        x = extremes[i % 3]
        learner.learn(state, Lesson("XYZ", ARMS[i % 2], x, 1000, filled, 0, "observed", 1e9))
        learner.learn(state, Lesson("XYZ", ARMS[i % 2], x, 1000, 0, 1000, "observed", None))
        learner.learn(state, Lesson("XYZ", ARMS[2], x, 1000, 0, 1000, "observed", None, 9, 10**9))
        learner.mark(state, Markout(ARMS[i % 2], x, 10**9, i % 3, -1e12, 1e12))
    asked = request(1)
    check(learner.score(state, asked, rng(1)), asked)


@every_learner
def test_the_state_is_arrays_that_npz_can_hold(learner: Learner) -> None:
    state = taught(learner, 30)
    assert all(isinstance(array, np.ndarray) for array in state.values())
    copy = {name: array.copy() for name, array in state.items()}
    first = learner.score(state, request(1), rng(1))
    second = learner.score(copy, request(1), rng(1))
    assert np.array_equal(first.tails, second.tails)


@every_learner
def test_a_markout_that_comes_later_counts_as_one_that_comes_with_its_lesson(
    learner: Learner,
) -> None:
    """Told from the fill to the main horizon, in one."""
    at_once, later = learner.initial(D), learner.initial(D)
    draw = rng(5)
    for _ in range(60):
        told = lesson(draw)
        learner.learn(at_once, told)
        learner.learn(later, replace(told, markout_bp=None))
        if told.markout_bp is not None and told.filled_lots > 0:
            seen = Markout(
                told.arm, told.features, told.filled_lots, MAIN_HORIZON, told.markout_bp, 0.0
            )
            learner.mark(later, seen)
    for seed in range(3):
        first = learner.score(at_once, request(seed), rng(seed))
        second = learner.score(later, request(seed), rng(seed))
        assert np.array_equal(first.values, second.values)
        assert np.array_equal(first.tails, second.tails)


def test_there_are_learners_to_test() -> None:
    assert {"hazard", "pro_rata", "static"} <= set(LEARNERS)
    assert all(a < b for a, b in pairwise(LEARNERS))


@every_learner
def test_a_learner_tells_the_shape_of_every_array_of_its_state(learner: Learner) -> None:
    state = taught(learner, 60)
    assert {name: learner.shape(name, D) for name in state} == {
        name: array.shape for name, array in state.items()
    }
    assert learner.shape("no such array", D) is learner.shape("alpha", D) is None


@every_learner
def test_the_clocks_of_its_arrays_are_where_it_says_and_never_ahead(learner: Learner) -> None:
    state = taught(learner, 100)
    for kind, at in learner.clocks().items():
        arrays = [array for name, array in state.items() if name.startswith(kind)]
        assert arrays, kind
        assert max(array[at] for array in arrays) <= state["clock"][0]
        assert learner.shape(f"{kind}{ARMS[0]}", D) is not None
