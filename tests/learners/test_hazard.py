"""The hazard learner's numbers: by hand, against scikit-learn, and on pools that are known."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace
from sklearn.linear_model import LogisticRegression

from router.learners import _pooled
from router.learners._tails import BINS, edges_of, interpolation, rows, tails
from router.learners.hazard import Hazard
from router.ports import Arrays, FloatArray, Lesson, Markout, ScoreRequest, Scores

HALF = np.full(BINS, 0.5)
NONE = np.zeros(0)

EDGES = edges_of(256)


def rng(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def told(
    sent: int,
    filled: int,
    *,
    arm: str = "A/lit_take",
    x: FloatArray = NONE,
    min_lots: int = 0,
    outcome: str = "observed",
    markout: float | None = None,
    symbol: str = "XYZ",
) -> Lesson:
    return Lesson(symbol, arm, x, sent, filled, min_lots, outcome, markout)


def asked(
    *arms: str, x: FloatArray | None = None, lots: int = 64, cost: float = 0.0, urgency: float = 0.0
) -> ScoreRequest:
    features = np.zeros((len(arms), 0)) if x is None else x
    costs, shown = np.full(len(arms), cost), np.zeros(len(arms))
    return ScoreRequest("XYZ", arms, features, costs, shown, lots, urgency, 1.0)


def one_symbol(state: Arrays, arm: str = "A/lit_take") -> tuple[FloatArray, FloatArray]:
    """Mean and covariance of (own levels, slopes) of XYZ, from the sums that the state keeps.

    beta | theta ~ N((2 alpha + h - M w) / (2 + n), 1 / (2 + n)) and theta ~ N(alpha, P^-1).
    """
    theta, own = state[f"alpha/{arm}"], state[f"own/XYZ/{arm}"]
    n, h, m = own[:, 0], own[:, 1], own[:, 2:]
    jacobian = np.eye(len(theta))
    jacobian[:BINS, :BINS] = np.diag(2.0 / (2.0 + n))
    jacobian[:BINS, BINS:] = -m / (2.0 + n)[:, np.newaxis]
    mean = jacobian @ theta
    mean[:BINS] += h / (2.0 + n)
    covariance = jacobian @ np.linalg.inv(state[f"precision/{arm}"]) @ jacobian.T
    covariance[range(BINS), range(BINS)] += 1.0 / (2.0 + n)
    return mean, covariance


def greedy(learner: Hazard, state: Arrays, request: ScoreRequest) -> Scores:
    return learner.score(state, request, rng(0))


def test_tails_multiply_survivals_with_geometric_interpolation() -> None:
    hazards = np.array([0.5, 0.2, 0.36, 0.1, 0.0, 0.0, 0.0, 0.0, 0.19])
    with np.errstate(divide="ignore"):
        logits = np.log(hazards / (1 - hazards))
    found = tails(logits[np.newaxis], 512)[0]
    expected = {
        1: 0.5,
        2: 0.5 * 0.8,
        3: 0.4 * 0.8,  # half of bin [2, 3]: sqrt(1 - 0.36)
        4: 0.4 * 0.64,
        5: 0.256 * 0.9**0.25,
        8: 0.256 * 0.9,
        128: 0.256 * 0.9,
        192: 0.2304 * 0.9,  # half of the last bin
        256: 0.2304 * 0.81,
        384: 0.2304 * 0.81 * 0.81,  # beyond the last edge it goes on falling: another width
    }
    for lots, tail in expected.items():
        if lots <= 256:
            assert found[lots - 1] == pytest.approx(tail), lots
    assert found[383] == pytest.approx(0.2304 * 0.81**2)


@pytest.mark.parametrize(
    ("sent", "filled", "bins", "labels", "weights"),
    [
        (5, 0, [0], [1], [1]),
        (5, 1, [0, 1], [0, 1], [1, 1]),
        (9, 3, [0, 1, 2], [0, 0, 1], [1, 1, 1]),
        (1, 1, [0], [0], [1]),
        (4, 4, [0, 1, 2], [0, 0, 0], [1, 1, 1]),  # an edge: exact
        (6, 6, [0, 1, 2, 3], [0, 0, 0, 0], [1, 1, 1, 0.5]),
        (512, 512, list(range(9)), [0] * 9, [1] * 9),
        (512, 300, list(range(9)), [0] * 8 + [1], [1] * 9),
    ],
)
def test_an_outcome_becomes_the_rows_of_the_table(
    sent: int, filled: int, bins: list[int], labels: list[float], weights: list[float]
) -> None:
    for min_lots in (0, 1):
        found = rows(sent, filled, min_lots, HALF)
        assert [list(part) for part in found] == [bins, labels, weights]


def test_below_min_qty_one_death_is_spread_over_the_bins() -> None:
    # V < 2 with hazards 1/2: P(V=0) = 1/2, P(V=1) = 1/4
    bins, labels, weights = rows(8, 0, 2, HALF)
    assert list(bins) == [0, 1]
    assert labels == pytest.approx([2 / 3, 1.0])
    assert weights == pytest.approx([1.0, 1 / 3])
    # V < 3 adds the first half of bin [2, 3]: 1/4 * (1 - sqrt(1/2))
    parts = np.array([0.5, 0.25, 0.25 * (1 - np.sqrt(0.5))])
    bins, labels, weights = rows(8, 0, 3, HALF)
    assert list(bins) == [0, 1, 2]
    assert weights == pytest.approx([1.0, parts[1:].sum() / parts.sum(), parts[2] / parts.sum()])
    assert labels * weights == pytest.approx(parts / parts.sum())


def test_a_likelihood_by_rows_is_the_likelihood_of_the_tail() -> None:
    hazards = rng(3).uniform(0.05, 0.95, BINS)
    tail = tails(np.log(hazards / (1 - hazards))[np.newaxis], 300)[0]
    for sent in range(1, 257):
        bins, labels, weights = rows(sent, sent, 0, hazards)
        assert (labels == 0.0).all()
        loglik = (weights * np.log1p(-hazards[bins])).sum()
        assert np.exp(loglik) == pytest.approx(tail[sent - 1]), sent
    assert interpolation(300).shape == (BINS, 300)


def design(lessons: list[Lesson]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Expanded rows; bins scaled so that scikit-learn's C=1 is precision 1/2 on them."""
    phis, ys, ws = [], [], []
    for lesson in lessons:
        for b, y, w in zip(*rows(lesson.sent_lots, lesson.filled_lots, 0, HALF), strict=True):
            one = np.zeros(BINS)
            one[b] = 1.0 / np.sqrt(0.5)
            phis.append(np.concatenate([one, lesson.features]))
            ys.append(y)
            ws.append(w)
    return np.array(phis), np.array(ys), np.array(ws)


def fitted(lessons: list[Lesson]) -> FloatArray:
    """The mode of the same posterior by scikit-learn; prior mean 0, see `zero_mean`."""
    phi, y, w = design(lessons)
    model = LogisticRegression(C=1.0, fit_intercept=False, tol=1e-10, max_iter=1000)
    coefficients = model.fit(phi, y, sample_weight=w).coef_[0]
    coefficients[:BINS] /= np.sqrt(0.5)
    return np.asarray(coefficients)


def zero_mean(learner: Hazard, dimensions: int, arm: str = "A/lit_take") -> Arrays:
    """A state whose arm has the prior's precision around 0, as scikit-learn's penalty has."""
    state = learner.initial(dimensions)
    learner.learn(state, told(1, 0, arm=arm, x=np.zeros(dimensions), outcome="rejected"))
    state[f"alpha/{arm}"][:] = 0.0
    return state


def market(draw: np.random.Generator, weights: FloatArray, count: int) -> list[Lesson]:
    """Hidden quantities from a known hazard model, censored by random orders."""
    lessons = []
    for _ in range(count):
        x = draw.standard_normal(len(weights))
        logits = -1.0 + np.linspace(1.0, -1.0, BINS) + x @ weights
        tail = tails(logits[np.newaxis], 256)[0]
        hidden = int((tail > draw.random()).sum())
        sent = int(EDGES[draw.integers(1, 9)])
        lessons.append(told(sent, min(sent, hidden), x=x))
    return lessons


def slopes_meet(start: float, variance: float, label: float, weight: float) -> float:
    """The z of (z - start) / variance = weight (label - p), by bisection."""
    low, high = start - weight * variance, start + weight * variance
    for _ in range(200):
        middle = (low + high) / 2
        below = (middle - start) / variance < weight * (label - 1 / (1 + np.exp(-middle)))
        low, high = (middle, high) if below else (low, middle)
    return low


@pytest.mark.parametrize(("sent", "filled"), [(16, 5), (16, 16), (12, 12), (512, 300), (8, 0)])
def test_one_lesson_is_its_rows_one_after_the_other_each_at_its_mode(
    sent: int, filled: int
) -> None:
    """The same with own levels and slopes in one dense Gaussian: Laplace's method row by row."""
    learner = Hazard(gamma=1.0)
    state = zero_mean(learner, 3)
    learner.learn(state, told(sent, filled, x=np.array([1.0, -2.0, 0.5])))
    mean, precision = np.zeros(BINS + 3), np.diag([0.5] * BINS + [1.0] * 3)
    bins, labels, weights = rows(sent, filled, 0, HALF)
    for b, label, weight in zip(bins, labels, weights, strict=True):
        phi = np.concatenate([np.eye(BINS)[b], [1.0, -2.0, 0.5]])
        covariance = np.linalg.inv(precision)
        z = slopes_meet(float(phi @ mean), float(phi @ covariance @ phi), label, weight)
        p = 1 / (1 + np.exp(-z))
        mean = mean + covariance @ phi * weight * (label - p)
        precision = precision + weight * p * (1 - p) * np.outer(phi, phi)
    found, spread = one_symbol(state)
    assert found == pytest.approx(mean, abs=1e-4)
    assert spread == pytest.approx(np.linalg.inv(precision), abs=1e-3)


@pytest.mark.parametrize(("sent", "filled"), [(16, 5), (16, 16), (12, 12), (512, 300)])
def test_one_lesson_moves_the_mean_nearly_to_the_mode_that_scikit_learn_finds(
    sent: int, filled: int
) -> None:
    learner = Hazard(gamma=1.0)
    state = zero_mean(learner, 3)
    lesson = told(sent, filled, x=np.array([1.0, -2.0, 0.5]))
    learner.learn(state, lesson)
    other = told(1, 0, x=np.zeros(3))  # scikit-learn wants both labels: a row of weight ~0
    phi, y, w = design([lesson, other] if filled == sent else [lesson])
    if filled == sent:
        w[-1] = 1e-12
    model = LogisticRegression(C=1.0, fit_intercept=False, tol=1e-12, max_iter=5000)
    expected = model.fit(phi, y, sample_weight=w).coef_[0]
    expected[:BINS] /= np.sqrt(0.5)
    assert one_symbol(state)[0] == pytest.approx(expected, abs=0.06)


def test_the_posterior_mean_is_close_to_a_batch_fit_on_the_same_rows() -> None:
    learner, weights = Hazard(gamma=1.0), np.array([0.8, -0.5, 0.0])
    lessons = market(rng(11), weights, 1500)
    state = zero_mean(learner, 3)
    for lesson in lessons:
        learner.learn(state, lesson)
    batch, (online, covariance) = fitted(lessons), one_symbol(state)
    assert online == pytest.approx(batch, abs=0.1)
    assert online[BINS:] == pytest.approx(batch[BINS:], abs=0.04)
    assert online[BINS:] == pytest.approx(weights, abs=0.15)  # and both are near the truth
    phi, _, w = design(lessons)
    phi[:, :BINS] *= np.sqrt(0.5)
    p = 1 / (1 + np.exp(-phi @ batch))
    exact = np.diag([0.5] * BINS + [1.0] * 3) + (phi.T * (w * p * (1 - p))) @ phi
    ratio = np.diag(np.linalg.inv(covariance)) / np.diag(exact)
    seen = np.diag(exact) > 5.0
    assert seen.sum() >= 9
    assert ratio[seen] == pytest.approx(np.ones(seen.sum()), abs=0.15)


def true_tail(p_zero: float, survival: float, lots: int) -> float:
    """Zero-inflated geometric sizes: P(V >= j) = (1 - p_zero) * survival^(j - 1)."""
    return (1 - p_zero) * survival ** (lots - 1)


def draw_size(draw: np.random.Generator, p_zero: float, survival: float) -> int:
    return 0 if draw.random() < p_zero else int(draw.geometric(1 - survival))


def test_tails_of_known_pools_are_found_through_censored_fills() -> None:
    learner, draw = Hazard(gamma=1.0, kappa=0.0), rng(5)
    pools = {"A/dark_mid": (0.85, 0.95), "B/dark_mid": (0.4, 0.8), "C/dark_mid": (0.1, 0.98)}
    state = learner.initial(0)
    for _ in range(3000):
        for arm, (p_zero, survival) in pools.items():
            sent = int(EDGES[draw.integers(1, 8)])
            filled = min(sent, draw_size(draw, p_zero, survival))
            learner.learn(state, told(sent, filled, arm=arm))
    scores = greedy(learner, state, asked(*pools))
    for k, (p_zero, survival) in enumerate(pools.values()):
        for lots in (1, 2, 4, 8, 16, 32):
            truth = true_tail(p_zero, survival, lots)
            assert scores.tails[k, lots - 1] == pytest.approx(truth, abs=0.04), (k, lots)


def test_min_qty_lessons_neither_invent_nor_lose_liquidity() -> None:
    learner, draw = Hazard(gamma=1.0, kappa=0.0), rng(6)
    state = learner.initial(0)
    for _ in range(4000):
        hidden = draw_size(draw, 0.6, 0.9)
        filled = min(16, hidden) if hidden >= 8 else 0
        learner.learn(state, told(16, filled, arm="A/dark_mid", min_lots=8))
    tail = greedy(learner, state, asked("A/dark_mid")).tails[0]
    assert tail[7] == pytest.approx(true_tail(0.6, 0.9, 8), abs=0.04)
    assert tail[15] == pytest.approx(true_tail(0.6, 0.9, 16), abs=0.04)


def test_a_pool_that_dries_up_is_noticed_sooner_with_forgetting() -> None:
    found = {}
    for gamma in (1.0, 0.99):
        learner = Hazard(gamma=gamma, kappa=0.0)
        state = learner.initial(0)
        for i in range(2200):
            learner.learn(state, told(8, 8 if i < 2000 and i % 10 < 7 else 0))
        found[gamma] = greedy(learner, state, asked("A/lit_take")).tails[0, 0]
    assert found[0.99] < 0.15
    assert found[1.0] == pytest.approx(0.7 * 2000 / 2200, abs=0.03)


def told_of_theta(own: FloatArray) -> FloatArray:
    """What a symbol's sums tell of (alpha, w), but for what is linear in them: a Schur complement.

    beta has the precision 2 + n, ties -2 to alpha and M to w.
    """
    ties = np.concatenate([-2.0 * np.eye(BINS), own[:, 2:]], axis=1)
    told = -ties.T @ np.diag(1.0 / (2.0 + own[:, 0])) @ ties
    told[range(BINS), range(BINS)] += 2.0
    return np.asarray(told)


def test_forgetting_by_counters_is_forgetting_step_by_step() -> None:
    learner, x = Hazard(gamma=0.9), np.array([1.0, -0.5])
    state = learner.initial(2)
    for lesson in market(rng(4), np.array([0.5, 0.5]), 20):
        learner.learn(state, lesson)
    learner.learn(state, told(4, 4, x=x, markout=2.0))
    names = ("precision", "value_a", "value_b", "own/XYZ")
    before = {name: state[f"{name}/A/lit_take"].copy() for name in names}
    mean = state["alpha/A/lit_take"].copy()
    for _ in range(6):
        learner.learn(state, told(4, 4, arm="B/lit_take", x=x))
    learner.learn(state, told(4, 0, x=x, outcome="unknown"))
    learner.mark(state, Markout("A/lit_take", x, 1, 0, None, 0.0))
    prior = {
        "precision": np.diag([2 / 3] * BINS + [1.0] * 2),
        "value_a": np.array([3.0 * np.eye(3)] * 3),
        "value_b": np.zeros((3, 3)),
        "own/XYZ": np.zeros((BINS, 4)),
    }
    for name in names:
        step = before[name]
        for k in range(7):
            step = 0.9 * step + 0.1 * prior[name]
            if name == "precision":
                was = 0.9**k * before["own/XYZ"]
                step = step + told_of_theta(0.9 * was) - 0.9 * told_of_theta(was)
        assert state[f"{name}/A/lit_take"] == pytest.approx(step), name
    assert np.array_equal(state["alpha/A/lit_take"], mean)


def spread(learner: Hazard, state: Arrays, arm: str) -> float:
    """Standard deviation of the drawn logit of the zero bin."""
    tail = [learner.score(state, asked(arm, lots=1), rng(seed)).tails[0, 0] for seed in range(2000)]
    return float(np.std(np.log(1 / np.array(tail) - 1)))


def test_the_draw_has_the_posteriors_width_and_grows_back_unused() -> None:
    learner = Hazard(gamma=0.99, kappa=0.3)
    state = learner.initial(0)
    assert spread(learner, state, "A/lit_take") == pytest.approx(0.3 / np.sqrt(0.5), rel=0.06)
    for i in range(200):
        learner.learn(state, told(1, i % 2))
    sure = spread(learner, state, "A/lit_take")
    assert sure == pytest.approx(0.3 * np.sqrt(one_symbol(state)[1][0, 0]), rel=0.06)
    precision, seen = state["precision/A/lit_take"][0, 0], state["own/XYZ/A/lit_take"][0, 0]
    for _ in range(300):
        learner.learn(state, told(1, 1, arm="B/lit_take"))
    keep = 0.99**300
    own = 2.0 / (2.0 + keep * seen)
    again = 2.0 * keep * seen / (2.0 + keep * seen) - keep * 2.0 * seen / (2.0 + seen)
    variance = own**2 / (keep * precision + (1 - keep) * 2 / 3 + again) + own / 2.0
    assert spread(learner, state, "A/lit_take") == pytest.approx(0.3 * variance**0.5, rel=0.06)
    assert sure < 0.2


def test_the_draw_has_the_posteriors_correlations() -> None:
    learner, x = Hazard(gamma=1.0, kappa=0.3), np.array([[2.0, -2.0]])
    state = learner.initial(2)
    for i in range(100):
        learner.learn(state, told(1, i % 2, x=np.array([2.0, 1.9]) * (-1) ** (i // 2)))
    drawn = [
        learner.score(state, asked("A/lit_take", x=x, lots=1), rng(seed)).tails[0, 0]
        for seed in range(2000)
    ]
    row = np.concatenate([[1.0], np.zeros(BINS - 1), x[0]])
    variance = row @ one_symbol(state)[1] @ row
    found = np.std(np.log(1 / np.array(drawn) - 1))
    assert found == pytest.approx(0.3 * np.sqrt(variance), rel=0.06)


def test_a_value_is_urgency_less_cost_less_the_markout_over_the_mean_of_all() -> None:
    learner, draw = Hazard(gamma=1.0, kappa=0.0), rng(8)
    state = learner.initial(0)
    request = asked("T/dark_mid", "B/dark_mid", cost=1.5, urgency=6.0)
    assert greedy(learner, state, request).values == pytest.approx([4.5, 4.5])
    for _ in range(1500):
        for arm, mean in (("T/dark_mid", 5.0), ("B/dark_mid", 1.0)):
            markout = mean + 3.0 * draw.standard_normal()
            learner.learn(state, told(10, 10, arm=arm, markout=markout))
    toxic, benign = greedy(learner, state, request).values
    assert toxic == pytest.approx(4.5 - 2.0, abs=0.3)
    assert benign == pytest.approx(4.5 + 2.0, abs=0.3)


def test_what_moves_the_way_of_a_taker_is_no_gain_of_its() -> None:
    learner, draw = Hazard(gamma=1.0, kappa=0.0), rng(8)
    state = learner.initial(0)
    for _ in range(1500):
        for arm, mean in (("T/lit_take", 1.0), ("B/lit_take", 5.0)):
            markout = mean + 3.0 * draw.standard_normal()
            learner.learn(state, told(10, 10, arm=arm, markout=markout))
    request = asked("T/lit_take", "B/lit_take", cost=1.5, urgency=6.0)
    scores = greedy(learner, state, replace(request, participation=2.0))
    assert scores.values == pytest.approx([4.5, 4.5 - 2.0], abs=0.3)
    assert scores.mean_values == pytest.approx([4.5, 4.5 - 2.0], abs=0.3)
    # nothing will be left that could pay for it
    last = greedy(learner, state, request).values
    assert last == pytest.approx([4.5 + 2.0, 4.5 - 2.0], abs=0.3)


@pytest.mark.parametrize(
    ("participation", "impact", "expected"),
    [
        (1.0, 0.4, 0.0),  # nothing is left that would pay
        (4.0, 0.4, 5.0 * 0.75 * 0.4),
        (4.0, 0.0, 0.0),  # no market
        (np.inf, 0.4, 2.0),
        (4.0, np.nan, 0.0),
    ],
)
def test_a_footprint_is_paid_by_what_remains(
    participation: float, impact: float, expected: float
) -> None:
    learner = Hazard(footprint=5.0)
    request = replace(asked("A/lit_take"), participation=participation, impact_bp=impact)
    found = greedy(learner, learner.initial(0), request)
    assert found.footprint_bp == pytest.approx(expected)


def test_a_markout_is_learned_in_context() -> None:
    learner, draw = Hazard(gamma=1.0, kappa=0.0), rng(9)
    state = learner.initial(1)
    for _ in range(3000):
        x = draw.standard_normal(1)
        markout = float(3.0 * x[0] + draw.standard_normal())
        learner.learn(state, told(10, 10, x=x, markout=markout))
    arms = ("A/lit_take", "A/lit_take")
    values = greedy(learner, state, asked(*arms, x=np.array([[1.0], [-1.0]]))).values
    assert values == pytest.approx([-3.0, 3.0], abs=0.3)


@pytest.mark.parametrize("outcome", ["rejected", "unknown", "canceled_early"])
def test_what_was_not_observed_is_missing_and_not_zero(outcome: str) -> None:
    learner = Hazard(gamma=1.0, kappa=0.0)
    state = learner.initial(0)
    before = greedy(learner, state, asked("A/lit_take")).tails
    for _ in range(50):
        learner.learn(state, told(8, 0, outcome=outcome))
    assert greedy(learner, state, asked("A/lit_take")).tails == pytest.approx(before)
    assert list(state["counts/A/lit_take"]) == [50.0, 0.0, 50.0, 0.0]


def test_a_last_look_is_no_quantity_and_is_counted() -> None:
    learner = Hazard(gamma=1.0, kappa=0.0)
    state, other = learner.initial(0), learner.initial(0)
    for _ in range(20):
        learner.learn(state, told(8, 0, outcome="last_look"))
        learner.learn(other, told(8, 0))
    assert np.array_equal(state["alpha/A/lit_take"], other["alpha/A/lit_take"])
    assert greedy(learner, state, asked("A/lit_take")).tails[0, 0] < 0.15
    assert list(state["counts/A/lit_take"]) == [20.0, 20.0, 0.0, 20.0]


def test_an_arm_with_other_features_starts_again() -> None:
    learner = Hazard(kappa=0.0)
    state = learner.initial(0)
    for _ in range(50):
        learner.learn(state, told(8, 0))
    fresh = greedy(learner, learner.initial(2), asked("A/lit_take", x=np.zeros((1, 2))))
    scores = greedy(learner, state, asked("A/lit_take", x=np.zeros((1, 2))))
    assert np.array_equal(scores.tails, fresh.tails)
    learner.learn(state, told(8, 8, x=np.zeros(2)))
    assert state["alpha/A/lit_take"].shape == (BINS + 2,)


@pytest.mark.parametrize("weight", [0.3, 1.0, 30.0])
def test_the_mode_of_one_row_is_where_its_two_slopes_meet(weight: float) -> None:
    for start, variance, label in ((-1.0, 2.0, 1.0), (3.0, 2.0, 0.0), (-8.0, 5.0, 1.0)):
        pull, at, curvature = _pooled._mode(start, variance, label, weight)
        z = slopes_meet(start, variance, label, weight)
        p = 1 / (1 + np.exp(-z))
        assert at == pytest.approx(z, abs=1e-4)
        assert pull == pytest.approx(weight * (label - p), abs=1e-4)
        assert curvature == pytest.approx(weight * p * (1 - p), rel=1e-3)
