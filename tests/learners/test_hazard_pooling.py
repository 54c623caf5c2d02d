"""What symbols learn from each other: slopes and typical levels are shared, own levels are not."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from router.learners._pooled import nothing_own, observe, prior_precision
from router.learners._tails import BINS, edges_of, rows, tails
from router.learners.hazard import Hazard
from router.ports import Arrays, FloatArray, Lesson, Markout, ScoreRequest

ARM = "A/lit_take"
SLOPES = np.array([1.0, -0.6])
SHAPE = np.linspace(1.0, -1.0, BINS)
HALF = np.full(BINS, 0.5)
LEVELS = {"ONE": 0.6, "TWO": -1.4, "THREE": -0.2}
"""By symbol: what is added to the logit of every bin."""

EDGES = edges_of(256)


def rng(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def true_tail(symbol: str, x: FloatArray, lots: int = 256) -> FloatArray:
    found = tails((SHAPE + LEVELS[symbol] + x @ SLOPES)[np.newaxis], lots)
    return np.asarray(found[0])


def history(draw: np.random.Generator, symbol: str, count: int, arm: str = ARM) -> list[Lesson]:
    """Hidden quantities of a symbol, censored by orders of random size."""
    lessons = []
    for _ in range(count):
        x = draw.standard_normal(len(SLOPES))
        hidden = int((true_tail(symbol, x) > draw.random()).sum())
        sent = int(EDGES[draw.integers(1, 9)])
        lessons.append(Lesson(symbol, arm, x, sent, min(sent, hidden), 0, "observed", None))
    return lessons


def mixed(draw: np.random.Generator, symbols: list[str], count: int) -> list[Lesson]:
    """The same number of lessons of each symbol, in turns."""
    parts = [history(draw, symbol, count) for symbol in symbols]
    return [lesson for turn in zip(*parts, strict=True) for lesson in turn]


def taught(lessons: list[Lesson], learner: Hazard) -> Arrays:
    state = learner.initial(len(SLOPES))
    for lesson in lessons:
        learner.learn(state, lesson)
    return state


def mean_tail(learner: Hazard, state: Arrays, symbol: str, x: FloatArray) -> FloatArray:
    nothing = np.zeros(1)
    request = ScoreRequest(symbol, (ARM,), x[np.newaxis], nothing, nothing, 64, 0.0, 1.0)
    return np.asarray(learner.score(state, request, rng(0)).mean_tails[0])


def misfit(learner: Hazard, state: Arrays, symbol: str) -> float:
    """Mean distance between the learned and the true tail, over contexts and 1..64 lots."""
    contexts = rng(99).standard_normal((40, len(SLOPES)))
    gaps = [mean_tail(learner, state, symbol, x) - true_tail(symbol, x, 64) for x in contexts]
    return float(np.abs(gaps).mean())


def batch_fit(lessons: list[Lesson], symbols: list[str]) -> tuple[FloatArray, FloatArray]:
    """Shared coefficients and own deviations at the joint mode, by scikit-learn.

    Columns: shared bins, bins of each symbol, features; scaled so that C = 1 is a precision of 2/3
    on the shared, 2 on the own levels and 1 on the features.
    """
    phis, ys, ws = [], [], []
    for lesson in lessons:
        for b, y, w in zip(*rows(lesson.sent_lots, lesson.filled_lots, 0, HALF), strict=True):
            levels = np.zeros((1 + len(symbols), BINS))
            levels[0, b] = 1.5**0.5
            levels[1 + symbols.index(lesson.symbol), b] = 0.5**0.5
            phis.append(np.concatenate([levels.ravel(), lesson.features]))
            ys.append(y)
            ws.append(w)
    model = LogisticRegression(C=1.0, fit_intercept=False, tol=1e-10, max_iter=2000)
    found = model.fit(np.array(phis), ys, sample_weight=ws).coef_[0]
    levels = found[: -len(SLOPES)].reshape(-1, BINS)
    shared = np.concatenate([1.5**0.5 * levels[0], found[-len(SLOPES) :]])
    return shared, 0.5**0.5 * levels[1:]


def test_the_online_posterior_is_close_to_a_joint_batch_fit_of_both_levels() -> None:
    symbols = list(LEVELS)
    lessons = mixed(rng(21), symbols, 500)
    learner = Hazard(gamma=1.0, kappa=0.0)
    state = learner.initial(len(SLOPES))
    first = lessons[0]
    learner.learn(state, Lesson("", ARM, first.features, 1, 0, 0, "rejected", None))
    state[f"alpha/{ARM}"][:] = 0.0  # scikit-learn's prior mean
    for lesson in lessons:
        learner.learn(state, lesson)
    shared, deviations = batch_fit(lessons, symbols)
    assert state[f"alpha/{ARM}"] == pytest.approx(shared, abs=0.15)
    for symbol, deviation in zip(symbols, deviations, strict=True):
        expected = tails((shared[:BINS] + deviation)[np.newaxis], 64)[0]
        found = mean_tail(learner, state, symbol, np.zeros(len(SLOPES)))
        assert found == pytest.approx(expected, abs=0.02), symbol


def test_own_levels_are_integrated_out_exactly() -> None:
    """Against the whole precision of shared levels, slopes and two symbols' levels, inverted."""
    draw, d = rng(31), len(SLOPES)
    levels = {"ONE": slice(BINS + d, 2 * BINS + d), "TWO": slice(2 * BINS + d, 3 * BINS + d)}
    whole = np.diag([2 / 3] * BINS + [1.0] * d + [0.0] * (2 * BINS))
    for at in levels.values():
        for b in range(BINS):
            pair = np.zeros(len(whole))
            pair[b], pair[at.start + b] = 1.0, -1.0
            whole += 2.0 * np.outer(pair, pair)  # beta ~ N(alpha, 1/2)
    theta, precision = np.zeros(BINS + d), prior_precision(d)
    owns = {symbol: nothing_own(d) for symbol in levels}
    for lesson in mixed(draw, ["ONE", "TWO"], 30):
        bins, labels, weights = rows(lesson.sent_lots, lesson.filled_lots, 0, HALF)
        found = (bins, labels, 4.0 * weights)
        before, at = owns[lesson.symbol], levels[lesson.symbol]
        theta, precision, own = observe(theta, precision, before, lesson.features, found)
        for b in range(BINS):
            row = np.zeros(len(whole))
            row[at.start + b], row[BINS : BINS + d] = 1.0, lesson.features
            whole += (own[b, 0] - before[b, 0]) * np.outer(row, row)
        owns[lesson.symbol] = own
    expected = np.linalg.inv(whole)[: BINS + d, : BINS + d]
    assert np.linalg.inv(precision) == pytest.approx(expected, abs=1e-3 * expected.max())


def test_a_new_symbol_starts_from_what_others_share_and_moves_to_its_own_level() -> None:
    learner = Hazard(gamma=1.0, kappa=0.0)
    state = taught(mixed(rng(22), ["ONE", "TWO"], 600), learner)
    at_first, blind = (misfit(learner, each, "THREE") for each in (state, learner.initial(2)))
    assert at_first < blind / 2
    for lesson in history(rng(23), "THREE", 400):
        learner.learn(state, lesson)
    assert misfit(learner, state, "THREE") < at_first / 2
    assert misfit(learner, state, "THREE") < 0.02


def test_slopes_of_other_symbols_are_known_before_the_first_lesson() -> None:
    learner = Hazard(gamma=1.0, kappa=0.0)
    state = taught(mixed(rng(24), ["ONE", "TWO"], 600), learner)
    rich, poor = (mean_tail(learner, state, "NEW", np.array([a, 0.0]))[0] for a in (-1.0, 1.0))
    odds = np.log(rich / (1 - rich)) - np.log(poor / (1 - poor))
    assert odds == pytest.approx(2.0 * SLOPES[0], abs=0.25)


def test_lessons_of_one_symbol_do_not_disturb_what_another_one_knows() -> None:
    learner, x = Hazard(gamma=1.0, kappa=0.0), np.zeros(2)
    state = taught(history(rng(25), "ONE", 500), learner)
    before = mean_tail(learner, state, "ONE", x)
    for lesson in history(rng(26), "TWO", 2000):
        learner.learn(state, lesson)
    assert mean_tail(learner, state, "ONE", x) == pytest.approx(before, abs=0.02)
    assert mean_tail(learner, state, "TWO", x) == pytest.approx(true_tail("TWO", x, 64), abs=0.03)
    # though the level that a newcomer starts from has moved far towards TWO's
    assert abs(mean_tail(learner, state, "NEW", x)[0] - before[0]) > 0.1


def test_forgetting_leaves_one_symbol_as_sure_as_one_level_would_be() -> None:
    """With one symbol, no features and f = 0.9 a lesson, against the recursion on levels alone."""
    learner, symbol = Hazard(gamma=0.9, kappa=1.0), "ONE"
    state = learner.initial(0)
    flat = 0.5
    for i in range(60):
        learner.learn(state, Lesson(symbol, ARM, np.zeros(0), 1, i % 2, 0, "observed", None))
        own, precision = state[f"own/{symbol}/{ARM}"][0, 0], state[f"precision/{ARM}"][0, 0]
        before = flat
        flat = 0.9 * flat + 0.1 * 0.5
        seen = own - 0.9 * (before - 0.5)  # the curvature of this lesson: own sums are n of flat
        flat += seen
        variance = (2.0 / (2.0 + own)) ** 2 / precision + 1.0 / (2.0 + own)
        assert variance == pytest.approx(1.0 / flat, rel=1e-3)


def test_own_levels_fade_to_the_shared_ones() -> None:
    learner, x = Hazard(gamma=0.98, kappa=0.0), np.zeros(2)
    state = taught(history(rng(27), "ONE", 300), learner)
    for lesson in history(rng(28), "TWO", 800, arm="B/lit_take"):
        learner.learn(state, lesson)  # 0.98^800 is 1e-7
    known, new = (mean_tail(learner, state, symbol, x) for symbol in ("ONE", "NEW"))
    assert known == pytest.approx(new, abs=1e-5)


def test_the_state_is_bounded_by_symbols_times_arms() -> None:
    learner, draw = Hazard(), rng(29)
    state = learner.initial(2)
    for _ in range(3):
        for symbol in ("ONE", "TWO", "THREE"):
            for arm in ("A/lit_take", "B/lit_take"):
                for lesson in history(draw, symbol, 5, arm):
                    learner.learn(state, lesson)
                    learner.mark(state, Markout(arm, lesson.features, 1, 0, 1.0, 0.0))
    shapes = {name: array.shape for name, array in state.items()}
    assert sum(name.startswith("own/") for name in shapes) == 3 * 2
    assert all(shape == (BINS, 4) for name, shape in shapes.items() if name.startswith("own/"))
    assert sum(name.startswith("precision/") for name in shapes) == 2
    assert len(shapes) == 2 + 6 * 2 + 2 * 3 * 2
