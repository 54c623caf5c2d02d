"""Logs of a world whose truth is known: is it where the interval says?

The long checks are marked `soak`: three minutes of computing each.
"""

from __future__ import annotations

import numpy as np
import pytest

from router.analysis.offpolicy.bootstrap import Estimate
from router.analysis.offpolicy.evaluation import Evaluation, evaluate
from router.analysis.offpolicy.verdict import Answer
from router.learners.hazard import Hazard
from tests.analysis.offpolicy.world import ARMS, always, learned_log, log_of, randomised, truth

MODEL = Hazard(gamma=1.0, kappa=0.0)
SPLIT = (5, 4, 3, 3, 3, 2)
"""The target: other than the logging split, which gives 20 / 6 to each on average."""


def evaluated(seed: int, *, parents: int, taught: bool) -> tuple[Evaluation, float]:
    """An evaluation of a log, and the truth. A model that is not taught knows its prior only."""
    log = log_of(seed, logging=randomised, target=always(*SPLIT), parents=parents)
    found = evaluate(log.decisions, log.lessons if taught else [], MODEL, seed=seed)
    return found, truth(np.array(SPLIT), found.reference_bp)


def target_of(found: Evaluation) -> Estimate:
    estimate = found.doubly_robust.target
    assert estimate is not None
    return estimate


def error_in_half_widths(found: Evaluation, true: float) -> float:
    """(estimate - truth) / (half the interval): within 1 is a hit, about."""
    each = target_of(found)
    return (each.value - true) / ((each.high - each.low) / 2)


def test_a_model_that_knows_nothing_is_put_right_by_the_weights() -> None:
    errors = np.array(
        [error_in_half_widths(*evaluated(seed, parents=40, taught=False)) for seed in range(24)]
    )
    # a right interval misses 0.05 of the time: more than 5 of 24 once in a thousand
    assert np.count_nonzero(np.abs(errors) > 1.0) <= 5
    # the mean of 24 errors, each with a deviation of 1/1.96, is within three of its own
    assert abs(errors.mean()) < 3 / 1.96 / np.sqrt(24)


def test_the_model_alone_was_far_off() -> None:
    found, true = evaluated(0, parents=40, taught=False)
    assert found.model is not None
    assert not found.model.low <= true <= found.model.high


def test_a_target_whose_lots_were_never_placed_cannot_be_answered() -> None:
    everything_to_one = always(*(20 if arm == ARMS[1] else 0 for arm in ARMS))
    log = log_of(1, logging=randomised, target=everything_to_one, parents=60)
    found = evaluate(log.decisions, [], MODEL, seed=1)
    assert found.verdict.answer is Answer.NONE
    assert found.support.clipped_share > 0.2


@pytest.mark.soak
def test_the_truth_is_in_95_of_100_intervals() -> None:
    """200 logs of 60 parents: the binomial error of the coverage is 1.5 %."""
    hits = {"doubly robust": 0, "self-normalised": 0}
    for seed in range(200):
        found, true = evaluated(seed, parents=60, taught=True)
        assert found.verdict.answer is Answer.WHOLE
        assert found.self_normalised is not None
        for name, each in (
            ("doubly robust", target_of(found)),
            ("self-normalised", found.self_normalised),
        ):
            hits[name] += each.low <= true <= each.high
    print({name: count / 200 for name, count in hits.items()})
    assert 0.92 <= hits["doubly robust"] / 200 <= 0.98


@pytest.mark.soak
def test_a_log_that_the_default_learner_drew_tells_of_its_greedy_sister() -> None:
    """40 logs of 40 parents, propensities by 64 posterior draws: three minutes of computing."""
    errors = []
    for seed in range(40):
        log, true = learned_log(seed, logging=Hazard(), target=Hazard(kappa=0.0), parents=40)
        found = evaluate(log.decisions, log.lessons, MODEL, seed=seed)
        assert found.verdict.answer is Answer.WHOLE
        errors.append(error_in_half_widths(found, true(found.reference_bp)))
    within = int(np.count_nonzero(np.abs(errors) <= 1.0))
    print({"within": within, "mean error, half widths": float(np.mean(errors))})
    # a right interval has fewer than 34 of 40 three times in a thousand
    assert within >= 34
    assert abs(float(np.mean(errors))) < 3 / 1.96 / np.sqrt(40)
