"""Lower bounds: the hazard learner's against draws from its posterior, and everybody's order."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from router.learners import _bounds, _pooled
from router.learners._tails import BINS
from router.learners.beta_hazard import BetaHazard
from router.learners.hazard import Hazard
from router.learners.lin_ts import LinTS
from router.learners.linucb import LinUCB
from router.ports import Learner
from tests.learners.test_learner_contract import request, rng, taught


def test_a_logits_deviation_is_that_of_draws_of_shared_and_own_levels() -> None:
    draw, dimensions = rng(1), 3
    wide = BINS + dimensions
    rows = draw.standard_normal((1, 3 * wide, wide))
    for row, bin_ in zip(rows[0], draw.integers(BINS, size=3 * wide), strict=True):
        row[:BINS] = np.where(np.arange(BINS) == bin_, row[:BINS], 0.0)  # a row has one bin
    precision = rows.transpose(0, 2, 1) @ rows / 10.0 + 0.1 * np.eye(wide)
    own = draw.uniform(0.0, 2.0, (1, BINS, 2 + dimensions))
    x = draw.standard_normal((1, dimensions))
    variance = 1.0 / (_pooled.PRIOR_OWN + own[:, :, 0])
    ties, shared, slopes = _pooled.conditioned(precision)
    pull = _pooled.PRIOR_OWN * variance
    root = np.linalg.inv(np.linalg.cholesky(slopes)).transpose(0, 2, 1)
    shifts = variance[:, :, np.newaxis] * own[:, :, 2:] + pull[:, :, np.newaxis] * ties
    deviations = np.stack([np.sqrt(variance), pull * np.sqrt(shared)], axis=1)
    found = _bounds.logit_deviation(np.asarray(root), deviations, shifts, x)
    # beta_sb | theta ~ N(level at theta, 1 / (OWN + n_b)), theta ~ N(m, P^-1): drawn, not computed
    count = 40_000
    theta = draw.multivariate_normal(np.zeros(wide), np.linalg.inv(precision[0]), count)
    level = _pooled.logits(theta, np.repeat(own, count, axis=0), np.repeat(x, count, axis=0))
    apart = draw.standard_normal((count, BINS)) * np.sqrt(variance)
    assert found[0] == pytest.approx((level + apart).std(axis=0), rel=0.02)


@pytest.mark.parametrize("learner", [Hazard(), BetaHazard(), LinUCB(), LinTS()])
def test_bounds_are_below_the_mean_and_come_nearer_with_lessons(learner: Learner) -> None:
    asked = replace(request(4), bounds=True)
    widths: list[float] = []
    for lessons in (0, 400):
        scores = learner.score(taught(learner, lessons), asked, rng(1))
        assert scores.low_tails is not None
        assert (scores.low_tails <= scores.mean_tails + 1e-12).all()
        assert (scores.low_tails < scores.mean_tails).any()
        if scores.low_values is not None:
            assert scores.mean_values is not None
            assert (scores.low_values < scores.mean_values).all()
        widths.append(float((scores.mean_tails - scores.low_tails).mean()))
    assert widths[1] < widths[0]


def test_the_hazards_worst_tail_is_rarely_undercut_by_a_draw_of_its_posterior() -> None:
    asked = replace(request(4), bounds=True)
    learner = Hazard(kappa=1.0)
    state = taught(learner, 300)
    draws = [learner.score(state, asked, rng(seed)) for seed in range(300)]
    low, values = draws[0].low_tails, draws[0].low_values
    assert low is not None
    assert values is not None
    below = np.mean([each.tails[:, 0] < low[:, 0] for each in draws])
    assert below == pytest.approx(0.05, abs=0.03)  # one bin: 5 % and no less
    assert np.mean([each.tails < low for each in draws]) < 0.05
    assert np.mean([each.values < values for each in draws]) == pytest.approx(0.05, abs=0.03)


def test_at_kappa_0_the_draw_is_the_mean() -> None:
    for learner in (Hazard(kappa=0.0), LinTS(kappa=0.0), BetaHazard(kappa=0.0)):
        scores = learner.score(taught(learner, 100), request(4), rng(1))
        assert np.array_equal(scores.tails, scores.mean_tails)
        assert scores.mean_values is not None
        assert np.array_equal(scores.values, scores.mean_values)
