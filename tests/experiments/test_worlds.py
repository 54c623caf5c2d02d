"""The synthetic worlds do what their laws say, whoever plays in them."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import islice

import numpy as np
import pytest

from router.experiments.contest import WORLDS
from router.experiments.context import (
    CUT,
    FEE_CUT_BP,
    NOISE_BP,
    SWAPPED,
    TOXIC,
    TOXIC_BP,
    Context,
    Logistic,
)
from router.experiments.dark import BETA, LARGEST, P_ZERO, Dark, fill_curves
from router.experiments.misspecified import Misspecified, ZeroInflated
from router.experiments.world import SPANS, World, hidden_lots, paths, stream

every_world = pytest.mark.parametrize("world", WORLDS.values(), ids=list(WORLDS))
MANY = 10_000


@every_world
def test_moments_have_their_shapes_and_curves_never_rise(world: Callable[[int], World]) -> None:
    made = world(MANY)
    count = len(made.arms)
    for moment in islice(made.moments(1), 40):
        request = moment.request
        assert request.arms == made.arms
        assert request.features.shape == (count, made.dimensions)
        assert moment.tails.shape == (count, request.lots)
        assert (np.diff(moment.tails, axis=1) <= 0.0).all()
        assert (moment.tails >= 0.0).all()
        assert (moment.tails <= 1.0).all()
        assert ((moment.hidden >= 0) & (moment.hidden <= request.lots)).all()


@every_world
def test_a_seed_is_a_history_and_another_seed_another(world: Callable[[int], World]) -> None:
    def history(seed: int) -> list[bytes]:
        return [
            each.hidden.tobytes() + each.tails.tobytes()
            for each in islice(world(MANY).moments(seed), 20)
        ]

    assert history(3) == history(3)
    assert history(3) != history(4)


@every_world
def test_quantities_come_as_often_as_the_curves_say(world: Callable[[int], World]) -> None:
    """P(V >= j) at j = 1 and 4: within 4 standard errors of the binomial, over 600 decisions."""
    made = world(MANY)
    for j in (1, 4):
        said = seen = variance = np.zeros(len(made.arms))
        for moment in islice(made.moments(5), 600):
            p = moment.tails[:, j - 1]
            said, seen, variance = said + p, seen + (moment.hidden >= j), variance + p * (1 - p)
        assert (np.abs(seen - said) <= 4.0 * np.sqrt(variance)).all()


def test_the_power_law_of_a_pool_by_hand() -> None:
    """p_zero 0.75, beta 1: P(V >= 1) = 1/4, P(V >= 2) = 1/4 (1 - 1/H), H the harmonic number."""
    [curve] = fill_curves(np.array([0.75]), np.array([1.0]))
    harmonic = sum(1.0 / v for v in range(1, LARGEST + 1))
    assert curve[0] == pytest.approx(0.25, abs=1e-12)
    assert curve[1] == pytest.approx(0.25 * (1.0 - 1.0 / harmonic), abs=1e-12)
    assert curve[2] == pytest.approx(0.25 * (1.0 - 1.5 / harmonic), abs=1e-12)


def test_pools_of_every_seed_are_within_the_published_bounds() -> None:
    for seed in range(30):
        moment = next(Dark(1).moments(seed))
        empty = 1.0 - moment.tails[:, 0]
        assert (empty >= P_ZERO[0]).all()
        assert (empty <= P_ZERO[1]).all()
        # P(V >= 2 | V >= 1) = 1 - 1 / sum v^-beta, which falls with beta.
        heaviest, lightest = (
            1.0 - 1.0 / sum(v**-beta for v in range(1, LARGEST + 1)) for beta in BETA
        )
        more = moment.tails[:, 1] / moment.tails[:, 0]
        assert (more <= heaviest + 1e-12).all()
        assert (more >= lightest - 1e-12).all()


def test_what_breaks_is_what_the_world_says() -> None:
    world = Context(decisions=400)
    assert world.breaks_at == 200
    calm, broken = list(world.moments(2)), list(world.moments(2))
    before, after = calm[199], broken[200]
    nature = Logistic.draw(stream(2, 0))
    same = nature.tails(after.request.features, after.request.lots)
    assert np.array_equal(nature.tails(before.request.features, before.request.lots), before.tails)
    others = [k for k in range(len(world.arms)) if k not in SWAPPED]
    assert np.array_equal(after.tails[others], same[others])
    assert not np.array_equal(after.tails[list(SWAPPED)], same[list(SWAPPED)])
    nature.swap(*SWAPPED)
    assert np.array_equal(after.tails, nature.tails(after.request.features, after.request.lots))
    cheaper = before.request.cost_bp - after.request.cost_bp
    assert cheaper.tolist() == [FEE_CUT_BP if k == CUT else 0.0 for k in range(len(cheaper))]
    costs = 5.0 - after.request.cost_bp - after.values
    toxic = costs - nature.markouts_bp(after.request.features)
    expected = [TOXIC_BP if k == TOXIC else 0.0 for k in range(len(toxic))]
    assert toxic == pytest.approx(expected, abs=1e-12)


def test_markouts_scatter_around_what_a_fill_is_worth() -> None:
    found = []
    for moment in islice(Context(MANY).moments(1), 1500):
        mean = 5.0 - moment.request.cost_bp - moment.values
        found.append((moment.markouts_bp[:, -1] - mean) / NOISE_BP)
    z = np.array(found)
    assert abs(float(z.mean())) < 4.0 / math.sqrt(z.size)
    assert float(z.std()) == pytest.approx(1.0, abs=4.0 / math.sqrt(2 * z.size))


def test_a_markout_drifts_and_wanders_from_horizon_to_horizon() -> None:
    """At 0.02, 0.2 and 1 of the way: means 0.06, 0.6 and 3, variances 0.18, 1.8 and 9, and steps
    that do not know of one another. 4 standard errors of 20,000 walks."""
    found = paths(np.full(20_000, 3.0), 3.0, stream(1, 9))
    assert pytest.approx([0.02, 0.18, 0.8]) == SPANS
    assert found.mean(axis=0) == pytest.approx([0.06, 0.6, 3.0], abs=4 * 3.0 / math.sqrt(20_000))
    assert found.var(axis=0) == pytest.approx([0.18, 1.8, 9.0], rel=4 * math.sqrt(2 / 20_000))
    steps = np.diff(found, prepend=0.0, axis=1)
    assert np.corrcoef(steps.T) == pytest.approx(np.eye(3), abs=4 / math.sqrt(20_000))


def test_a_logistic_curve_by_hand() -> None:
    """Logit 0 everywhere: each bin is survived with 1/2. Lots 1, 2, 3, 4 end bins of 1, 1, 2."""
    nature = Logistic(np.zeros((1, 7)), np.zeros((1, 5)), np.zeros((1, 5)))
    [curve] = nature.tails(np.ones((1, 5)), 4)
    assert curve == pytest.approx([0.5, 0.25, 0.25 / math.sqrt(2.0), 0.125], abs=1e-12)


def test_a_zero_inflated_curve_by_hand() -> None:
    """Half of the time empty, median 4, scatter 1: P(V >= 5) = 1/2 P(Q > 4) = 1/4."""
    zero = np.zeros((1, 5))
    nature = ZeroInflated(
        empty=np.zeros(1),
        empty_weights=zero,
        size=np.array([math.log(4.0)]),
        size_weights=zero,
        scatter=np.ones(1),
        adverse=zero,
    )
    [curve] = nature.tails(np.zeros((1, 5)), 8)
    assert curve[0] == pytest.approx(0.5, abs=1e-12)
    assert curve[4] == pytest.approx(0.25, abs=1e-12)
    # P(Q > 1) = Phi(log 4) = 0.917171...: from a table of the normal law at 1.386294.
    assert curve[1] == pytest.approx(0.5 * 0.917171, abs=1e-6)


def test_the_misspecified_world_bends_where_the_other_does_not() -> None:
    """Its log odds of anything at all are bounded in the context: tanh."""
    nature = Misspecified(MANY).nature(stream(1, 0))
    far = nature.tails(np.full((6, 5), 50.0), 1)[:, 0]
    farther = nature.tails(np.full((6, 5), 100.0), 1)[:, 0]
    assert far == pytest.approx(farther, abs=1e-9)


def test_a_quantity_is_the_number_of_lots_whose_probability_is_above_its_draw() -> None:
    tails = np.array([[0.9, 0.5, 0.1], [0.2, 0.2, 0.2]])
    assert hidden_lots(tails, np.array([0.3, 0.3])).tolist() == [2, 0]
    assert hidden_lots(tails, np.array([0.05, 0.1])).tolist() == [3, 3]
