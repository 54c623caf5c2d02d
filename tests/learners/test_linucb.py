"""LinUCB's numbers: closed forms of its regressions, widths and shares by hand, a linear world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from router.core.allocator import allocate
from router.learners._linear import PRIOR_FRACTION, PRIOR_FRACTION_SHOWN, RIDGE_SHARE_MIN
from router.learners._tails import BINS, tails
from router.learners.linucb import LinUCB
from router.ports import Arrays, FloatArray, Learner, Lesson, ScoreRequest

NONE = np.zeros(0)
DARK, LIT = "A/dark_mid", "B/lit_take"


def rng(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def told(
    sent: int,
    filled: int,
    *,
    arm: str = DARK,
    x: FloatArray = NONE,
    outcome: str = "observed",
    markout: float | None = None,
) -> Lesson:
    return Lesson("XYZ", arm, x, sent, filled, 0, outcome, markout)


def asked(
    *arms: str,
    x: FloatArray | None = None,
    cost: Sequence[float] | None = None,
    urgency: float = 1.0,
    lots: int = 8,
) -> ScoreRequest:
    count = len(arms)
    features = np.zeros((count, 0)) if x is None else x
    costs = np.zeros(count) if cost is None else np.array(cost, dtype=float)
    return ScoreRequest("XYZ", arms, features, costs, np.zeros(count), lots, urgency, 1.0)


def bounds(learner: LinUCB, state: Arrays, request: ScoreRequest) -> FloatArray:
    """The bounds on the fraction, (K,): with `pick` they are the chance of every lot."""
    found = learner.score(state, request, rng(0)).tails
    assert (found == found[:, :1]).all()
    return found[:, 0]


def split(learner: Learner, state: Arrays, request: ScoreRequest, caps: Sequence[int]) -> list[int]:
    scores = learner.score(state, request, rng(0))
    found = allocate(scores.tails, scores.values, caps, [0] * len(caps), request.lots)
    return list(found.lots_per_candidate)


def taught(learner: Learner, lessons: Sequence[Lesson], dimensions: int) -> Arrays:
    state = learner.initial(dimensions)
    for lesson in lessons:
        learner.learn(state, lesson)
    return state


def history(count: int, dimensions: int, arms: Sequence[str] = (DARK, LIT)) -> list[Lesson]:
    """Fractions and markouts that depend on the features; some children do not fill at all."""
    draw, lessons = rng(1), []
    for i in range(count):
        x = draw.standard_normal(dimensions)
        filled = round(10 * float(np.clip(0.4 + 0.1 * x[0] + 0.2 * draw.standard_normal(), 0, 1)))
        markout = float(2.0 * x[0] - 1.0 + draw.standard_normal()) if i % 3 else None
        arm = arms[int(draw.integers(len(arms)))]
        lessons.append(told(10, filled, arm=arm, x=x, markout=markout))
    return lessons


@dataclass
class Rows:
    """Weighted rows of one arm: the design, the targets of fraction and markout, and weights."""

    f: list[FloatArray]
    fraction: list[float]
    markout: list[tuple[FloatArray, float, float]]


def rows_of(lessons: Sequence[Lesson], arm: str) -> Rows:
    """Markouts over the running mean of all arms: after docs/hazard.md, gamma 1."""
    found, total, weight = Rows([], [], []), 0.0, 0.0
    for lesson in lessons:
        f = np.array([1.0, *lesson.features])
        if lesson.arm == arm:
            found.f.append(f)
            found.fraction.append(lesson.filled_lots / lesson.sent_lots)
        if lesson.markout_bp is not None and lesson.filled_lots:
            lots = min(lesson.filled_lots, 20) / 5
            if lesson.arm == arm:
                found.markout.append((f, lesson.markout_bp - total / (weight + 1), lots / 9))
            total, weight = total + lots * lesson.markout_bp, weight + lots
    return found


def ridge(f: FloatArray, y: FloatArray, w: FloatArray, prior: FloatArray) -> FloatArray:
    """Least squares with the prior as d more observations of the coefficients themselves."""
    root = np.sqrt(w)[:, np.newaxis]
    design = np.concatenate([root * f, np.eye(f.shape[1])])
    targets = np.concatenate([root[:, 0] * y, prior])
    return np.asarray(np.linalg.lstsq(design, targets, rcond=None)[0])


@pytest.mark.parametrize(
    ("arm", "prior"), [(DARK, PRIOR_FRACTION), (LIT, PRIOR_FRACTION_SHOWN)]
)  # fmt: skip
def test_without_forgetting_it_is_ridge_regression_of_fraction_and_markout(
    arm: str, prior: float
) -> None:
    lessons, learner = history(150, 3), LinUCB(alpha=0.0, gamma=1.0)
    state, rows = taught(learner, lessons, 3), rows_of(lessons, arm)
    at = np.array([[0.5, -0.2, 0.3], [0.0, 0.0, 0.0], [-1.0, 0.4, 0.1]])
    f = np.concatenate([np.ones((3, 1)), at], axis=1)
    start = np.array([prior, 0.0, 0.0, 0.0])
    fraction = ridge(
        np.array(rows.f), np.array(rows.fraction), np.ones(len(rows.f)), start
    )  # fmt: skip
    designs, markouts, weights = (np.array(part) for part in zip(*rows.markout, strict=True))
    markout = ridge(designs, markouts, weights, np.zeros(4))
    assert len(rows.f) > 60
    assert bounds(learner, state, asked(arm, arm, arm, x=at)) == pytest.approx(f @ fraction)
    scores = learner.score(state, asked(arm, arm, arm, x=at, cost=[1, 2, 3], urgency=9), rng(0))
    assert scores.values == pytest.approx(np.array([8.0, 7.0, 6.0]) - f @ markout)


def test_the_width_is_that_of_the_ridge_posterior() -> None:
    lessons = history(150, 3)
    state, rows = taught(LinUCB(gamma=1.0), lessons, 3), rows_of(lessons, DARK)
    design = np.concatenate([np.array(rows.f), np.eye(4)])
    triangle = np.asarray(np.linalg.qr(design).R)  # V = R'R, so f' V^-1 f = |R'^-1 f|^2
    x = np.array([[0.5, -0.2, 0.3], [-1.0, 2.0, 0.1]])
    f = np.concatenate([np.ones((2, 1)), x], axis=1)
    width = np.linalg.norm(np.linalg.solve(triangle.T, f.T), axis=0)
    request = asked(DARK, DARK, x=x)
    mean = bounds(LinUCB(alpha=0.0, gamma=1.0), state, request)
    bound = bounds(LinUCB(alpha=0.7, gamma=1.0), state, request)
    assert bound - mean == pytest.approx(0.7 * width)


def test_a_bound_by_hand_in_one_dimension() -> None:
    # theta = (0.43 + 4/8 + 2/8 + 0) / (1 + 3) = 0.295; the width is 0.1 / sqrt(4)
    lessons = [told(8, 4), told(8, 2), told(8, 0)]
    learner = LinUCB(alpha=0.1, gamma=1.0)
    state = taught(learner, lessons, 0)
    assert bounds(learner, state, asked(DARK)) == pytest.approx([0.345])
    assert learner.score(state, asked(DARK), rng(0)).mean_tails[0, 0] == pytest.approx(0.295)


def test_a_value_by_hand_in_one_dimension() -> None:
    # 10 lots weigh 2, so 2/9 beside the prior's 1; the mean of all arms is then 2*6 / (2 + 1) = 4.
    learner = LinUCB(gamma=1.0)
    state = taught(learner, [told(10, 10, markout=6.0), told(10, 5, arm=LIT, markout=1.0)], 0)
    values = learner.score(state, asked(DARK, LIT, cost=[1.0, 2.0], urgency=5.0), rng(0)).values
    expected = (5 - 1 - (6 * 2 / 9) / (1 + 2 / 9), 5 - 2 - ((1 - 4) * 1 / 9) / (1 + 1 / 9))
    assert values == pytest.approx(expected)


def test_markouts_features_and_lots_count_no_more_than_their_clips() -> None:
    x, large = np.array([4.0, -4.0]), np.array([9.0, -1e9])
    plain = taught(LinUCB(), [told(20, 20, x=x, markout=m) for m in (100.0, -100.0)], 2)
    clipped = taught(LinUCB(), [told(900, 900, x=large, markout=m) for m in (1e9, -101.0)], 2)
    assert all(np.array_equal(array, clipped[name]) for name, array in plain.items())


def test_the_mean_markout_of_all_arms_is_forgotten_by_hand() -> None:
    learner = LinUCB(gamma=0.5)
    state = taught(learner, [told(5, 5, markout=4.0), told(10, 10, arm=LIT, markout=1.0)], 0)
    assert list(state["market"]) == [0.5 * 4.0 + 2 * 1.0, 0.5 * 1 + 2]


def test_the_prior_is_what_the_hazard_learners_prior_expects_of_eight_lots() -> None:
    for logit, fraction in ((-1.0, PRIOR_FRACTION), (-3.0, PRIOR_FRACTION_SHOWN)):
        expected = tails(np.full((1, BINS), logit), 8).mean()
        assert fraction == pytest.approx(expected, abs=0.005)
    request = asked(DARK, LIT)
    assert bounds(LinUCB(alpha=0.0), LinUCB().initial(0), request) == pytest.approx([0.43, 0.87])
    assert bounds(LinUCB(alpha=0.05), LinUCB().initial(0), request) == pytest.approx([0.48, 0.92])


def test_sherman_morrison_with_forgetting_is_the_weighted_sum_inverted() -> None:
    gamma, arms = 0.98, ("A/dark_mid", "B/dark_mid", "C/dark_mid")
    lessons = history(400, 3, arms)
    for i in range(0, 400, 7):
        lessons.insert(i, told(10, 0, x=np.ones(3), outcome="rejected"))  # time passes all the same
    state = taught(LinUCB(gamma=gamma), lessons, 3)
    for arm in arms:
        gram, sums = np.zeros((4, 4)), np.zeros(4)
        share, last, restored = 1.0, None, 0
        for now, lesson in enumerate(lessons):
            if lesson.arm != arm or lesson.outcome != "observed":
                continue
            keep = gamma ** (now - last) if last is not None else 1.0
            f, last, share = np.array([1.0, *lesson.features]), now, share * keep
            if share < RIDGE_SHARE_MIN:
                share, restored = 1.0, restored + 1
            gram = keep * gram + np.outer(f, f)
            sums = keep * sums + f * lesson.filled_lots / lesson.sent_lots
        assert 5 < restored < 100
        exact = gram + share * np.eye(4)
        theta = np.linalg.solve(exact, sums + share * PRIOR_FRACTION * np.eye(4)[0])
        found = state[f"model/{arm}"][0]
        assert state[f"counts/{arm}"][1] == pytest.approx(share)
        assert found[:4] / share == pytest.approx(np.linalg.inv(exact), rel=1e-9, abs=1e-12)
        assert found[4] == pytest.approx(theta, rel=1e-9)


def test_an_idle_arm_returns_to_the_prior_by_hand_in_one_dimension() -> None:
    learner = LinUCB(alpha=0.1, gamma=0.9)
    state = taught(learner, [told(8, 8), told(8, 8, arm=LIT), told(8, 8, arm=LIT)], 0)
    # V = 2 when DARK was taught, b = 1.43; two lessons later 0.81 of both, and 0.19 of the prior
    v, b = 0.81 * 2 + 0.19, 0.81 * 1.43 + 0.19 * 0.43
    assert bounds(learner, state, asked(DARK)) == pytest.approx([b / v + 0.1 / np.sqrt(v)])
    for _ in range(2000):
        learner.learn(state, told(8, 8, arm=LIT))
    assert bounds(learner, state, asked(DARK)) == pytest.approx([0.43 + 0.1])
    learner.learn(state, told(8, 0))  # and learns again as from the prior
    assert bounds(learner, state, asked(DARK)) == pytest.approx([0.43 / 2 + 0.1 / np.sqrt(2)])


def test_the_width_of_an_idle_arm_is_an_upper_bound_and_exact_along_an_eigenvector() -> None:
    gamma, idle = 0.97, 9
    learner, greedy = LinUCB(alpha=0.05, gamma=gamma), LinUCB(alpha=0.0, gamma=gamma)
    draw, axis = rng(3), np.array([1.0, 2.0, -2.0]) / 3.0  # f = [1, x]: orthogonal to no lesson
    lessons = [told(8, 3, x=axis[1:] / axis[0]) for _ in range(12)]
    state = taught(learner, lessons, 2)
    gram = sum(gamma ** (11 - t) for t in range(12)) * np.outer(axis, axis) * 9.0
    share = state["counts/A/dark_mid"][1]
    for _ in range(idle):
        learner.learn(state, told(8, 3, arm="Z/dark_mid", x=np.zeros(2)))
    keep = gamma**idle
    exact = np.linalg.inv(keep * gram + (keep * share + 1.0 - keep) * np.eye(3))
    for x in (axis[1:] / axis[0], *draw.standard_normal((20, 2))):
        f, request = np.array([1.0, *x]), asked(DARK, x=x[np.newaxis])
        mean = bounds(greedy, state, request)
        width = (bounds(learner, state, request) - mean) / 0.05
        truth = np.sqrt(f @ exact @ f)
        assert width >= truth - 1e-9
        if np.allclose(f / np.linalg.norm(f), axis):
            assert width == pytest.approx([truth])


def test_all_lots_go_to_the_highest_bound_and_what_its_cap_leaves_to_the_next() -> None:
    learner = LinUCB(alpha=0.0)
    state = learner.initial(0)
    request = asked("A/dark_mid", "B/dark_mid", "C/dark_mid", cost=[0.3, 0.1, 0.2])
    assert split(learner, state, request, [8, 8, 8]) == [0, 8, 0]
    assert split(learner, state, request, [8, 5, 2]) == [1, 5, 2]
    dear = asked("A/dark_mid", "B/dark_mid", cost=[1.0, 1.5])
    assert split(learner, state, dear, [8, 8]) == [0, 0]  # no better than waiting


def test_optimism_prefers_the_arm_that_is_less_known() -> None:
    lessons = [told(8, 4, arm="A/dark_mid")] * 20 + [told(8, 4, arm="B/dark_mid")] * 2
    state = taught(LinUCB(gamma=1.0), lessons, 0)
    request = asked("A/dark_mid", "B/dark_mid")
    assert split(LinUCB(alpha=0.3, gamma=1.0), state, request, [8, 8]) == [0, 8]
    assert split(LinUCB(alpha=0.0, gamma=1.0), state, request, [8, 8]) == [8, 0]  # 0.497, 0.477


def test_softmax_shares_by_hand() -> None:
    # Rewards are 0.43 (urgency - cost): 2 bp * log 3 apart, so 3 to 1; 0 for what costs too much.
    learner = LinUCB(alpha=0.0, split="softmax", temperature=2.0)
    apart = 2.0 * np.log(3.0) / 0.43
    request = asked("A/dark_mid", "B/dark_mid", "C/dark_mid", cost=[1, 1 + apart, 20], urgency=9.0)
    assert split(learner, learner.initial(0), request, [8, 8, 8]) == [6, 2, 0]
    scores = learner.score(learner.initial(0), request, rng(0))
    assert scores.tails[0] == pytest.approx([1 / (1 + (j + 0.5) / 1.0) for j in range(8)])
    assert scores.tails[1] == pytest.approx([1 / (1 + (j + 0.5) * 3.0) for j in range(8)])
    assert list(scores.values) == [1.0, 1.0, 0.0]
    assert np.array_equal(scores.tails, scores.mean_tails)


def test_softmax_over_far_apart_rewards_does_not_overflow() -> None:
    learner = LinUCB(split="softmax", temperature=1e-3)
    request = asked("A/dark_mid", "B/dark_mid", cost=[-1e6, 0.0])
    assert split(learner, learner.initial(0), request, [8, 8]) == [8, 0]


@pytest.mark.parametrize("outcome", ["rejected", "unknown", "canceled_early"])
def test_what_was_not_observed_is_missing_and_not_zero(outcome: str) -> None:
    learner = LinUCB(gamma=1.0)
    state = taught(learner, [told(8, 0, outcome=outcome)] * 50, 0)
    assert bounds(learner, state, asked(DARK)) == pytest.approx([0.43 + 0.3])


def test_a_last_look_is_a_fill_of_nothing() -> None:
    learner = LinUCB(alpha=0.0, gamma=1.0)
    state = taught(learner, [told(8, 8, outcome="last_look")] * 3, 0)
    assert bounds(learner, state, asked(DARK)) == pytest.approx([0.43 / 4])


def test_an_arm_with_other_features_is_one_never_met() -> None:
    learner = LinUCB(alpha=0.0, gamma=1.0)
    state = taught(learner, [told(8, 0)] * 9, 0)
    request = asked(DARK, x=np.zeros((1, 2)))
    assert bounds(learner, state, request) == pytest.approx([0.43])
    learner.learn(state, told(8, 8, x=np.zeros(2)))
    assert bounds(learner, state, request) == pytest.approx([1.43 / 2])


def test_after_a_thousand_updates_the_inverse_is_taken_anew() -> None:
    lessons = history(1001, 3, arms=[DARK])
    state = taught(LinUCB(gamma=1.0), lessons[:1000], 3)
    for renewed in (False, True):
        inverse = np.linalg.inv(state[f"moments/{DARK}"][:, :4])
        exact = (inverse + inverse.transpose(0, 2, 1)) / 2.0
        assert np.array_equal(state[f"model/{DARK}"][:, :4], exact) == renewed
        assert state[f"model/{DARK}"][:, :4] == pytest.approx(exact, rel=1e-9, abs=1e-15)
        LinUCB(gamma=1.0).learn(state, lessons[1000])


def test_thousands_of_nearly_equal_lessons_leave_the_inverse_an_inverse() -> None:
    draw = rng(4)
    for gamma in (1.0, 0.999):
        state = LinUCB().initial(16)
        for i in range(5000):
            x = np.full(16, 4.0) + 1e-3 * draw.standard_normal(16)
            LinUCB(gamma=gamma).learn(state, told(8, i % 9, x=x, markout=float(i % 5)))
        inverse, gram = state[f"model/{DARK}"][:, :17], state[f"moments/{DARK}"][:, :17]
        assert np.array_equal(inverse, inverse.transpose(0, 2, 1))
        assert inverse @ gram == pytest.approx(np.tile(np.eye(17), (2, 1, 1)), abs=1e-7)


ARMS = ("A/dark_mid", "B/dark_mid", "C/dark_mid")
WEIGHTS = np.array([[0.3, 0.0], [-0.3, 0.0], [0.0, 0.1]])


def fills(learner: Learner, rounds: int, break_at: int, seed: int = 5) -> list[bool]:
    """Whether each of `rounds` children went to the best of three arms; two swap at the break.

    An arm fills 0.5 + w'x of a child of 20 lots on average, in a binomial number of lots.
    """
    draw, state, best = rng(seed), learner.initial(2), []
    for i in range(rounds):
        x = draw.uniform(-1.0, 1.0, 2)
        chance = 0.5 + (WEIGHTS if i < break_at else WEIGHTS[[1, 0, 2]]) @ x
        request = asked(*ARMS, x=np.tile(x, (3, 1)), lots=20, urgency=5.0)
        scores = learner.score(state, request, rng(1000 + i))
        given = allocate(scores.tails, scores.values, [20] * 3, [0] * 3, 20).lots_per_candidate
        arm = int(np.argmax(given))
        filled = int(draw.binomial(20, chance[arm]))
        markout = float(draw.standard_normal())
        learner.learn(state, told(20, filled, arm=ARMS[arm], x=x, markout=markout))
        best.append(chance[arm] >= chance.max() - 0.02)
    return best


def test_the_best_arm_of_a_linear_world_is_found_in_context() -> None:
    found = fills(LinUCB(gamma=1.0), 800, 800)
    assert np.mean(found[-300:]) > 0.95
    assert np.mean(found[:50]) < 0.9


def test_after_a_break_forgetting_finds_the_new_best_arm_sooner() -> None:
    after = {gamma: fills(LinUCB(gamma=gamma), 1400, 1000)[-200:] for gamma in (1.0, 0.99)}
    assert np.mean(after[0.99]) > 0.85
    assert np.mean(after[0.99]) > np.mean(after[1.0]) + 0.1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"split": "best"}, "'pick' or 'softmax'"),
        ({"alpha": -0.1}, "greater than or equal to 0"),
        ({"gamma": 0.0}, "greater than 0"),
        ({"temperature": 0.0}, "greater than 0"),
    ],
)
def test_a_parameter_out_of_bounds_says_what_is_allowed(
    values: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        LinUCB.from_document(values)
