"""Scores against scikit-learn and hand arithmetic; intervals from blocks of time."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from router.model import NS
from router.ports import FloatArray, IntArray
from router.predictor.scores import BLOCK_NS, DRAWS, draws_of, estimate, score, unbiased
from tests.predictor.made import chance, ints

ROWS = 3_000


def told(classes: int, seed: int = 1) -> tuple[FloatArray, IntArray]:
    """Probabilities in steps of a tenth, so that there are ties, and what happened."""
    rng = chance(seed)
    odds = np.round(rng.dirichlet(np.ones(classes), ROWS) * 10 + 0.5) / 10
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    drawn = rng.random(ROWS)[:, None] > np.cumsum(probabilities, axis=1)
    return probabilities, ints(np.minimum(drawn.sum(axis=1), classes - 1))


AT = ints(np.arange(ROWS) * NS)


@pytest.mark.parametrize("classes", [2, 3])
def test_auc_and_log_loss_are_those_of_scikit_learn_in_every_draw(classes: int) -> None:
    probabilities, target = told(classes)
    draws = draws_of(AT, seed=3)
    found = score(probabilities, target, draws)
    moved = target != 1 if classes == 3 else np.ones(ROWS, bool)
    leaning = probabilities[:, -1] - probabilities[:, 0]
    for draw in (0, 1, DRAWS):
        weight = draws.counts[draw][draws.block]
        auc = roc_auc_score(target[moved] > 0, leaning[moved], sample_weight=weight[moved])
        assert found.auc[draw] == pytest.approx(auc)
        loss = log_loss(target, probabilities, sample_weight=weight)
        assert found.log_loss[draw] == pytest.approx(loss)


def test_the_calibration_error_is_the_mean_distance_from_what_happened() -> None:
    # Ten rows told 0.75 of which 6 went up, ten told 0.25 of which 3 did.
    up = np.array([0.75] * 10 + [0.25] * 10)
    target = ints([1] * 6 + [0] * 4 + [1] * 3 + [0] * 7)
    found = score(np.stack([1 - up, up], axis=1), target, draws_of(ints(np.arange(20)), 1))
    assert found.calibration[0] == pytest.approx((abs(7.5 - 6) + abs(2.5 - 3)) / 20)


def test_a_draw_takes_whole_blocks_as_many_as_there_are() -> None:
    draws = draws_of(AT, seed=1)
    blocks = ROWS * NS // BLOCK_NS
    assert draws.counts.shape == (1 + DRAWS, blocks)
    assert (draws.counts.sum(axis=1) == blocks).all()
    assert (draws.counts[0] == 1).all()
    assert draws.block.tolist() == [k // 300 for k in range(ROWS)]
    assert (draws.counts == draws_of(AT, seed=1).counts).all()
    assert (draws.counts != draws_of(AT, seed=2).counts).any()


def test_rows_that_repeat_each_other_do_not_narrow_the_interval() -> None:
    """300 rows a block that are all alike witness as much as one: the interval is the same."""
    few, happened = told(2, seed=5)
    few, happened = few[:400], happened[:400]
    alone = score(few, happened, draws_of(ints(np.arange(400) * BLOCK_NS), 1)).log_loss
    many, often = np.repeat(few, 300, axis=0), np.repeat(happened, 300)
    repeated = score(many, often, draws_of(ints(np.arange(400 * 300) * NS), 1)).log_loss
    assert estimate(repeated).low == pytest.approx(estimate(alone).low)
    assert estimate(repeated).high == pytest.approx(estimate(alone).high)
    # And it is that of the mean of 400 independent rows.
    losses = -np.log(few[np.arange(400), happened])
    width = 2 * 1.96 * losses.std() / np.sqrt(400)
    found = estimate(alone)
    assert found.high - found.low == pytest.approx(width, rel=0.15)


def test_a_bias_of_drawing_is_taken_off() -> None:
    values = np.array([0.02, 0.03, 0.05, 0.07])  # the draws are 0.03 too high on average
    assert unbiased(values) == pytest.approx([0.02, 0.0, 0.02, 0.04])
