"""Nothing of the future gets into a score: docs/predictor.md, on a morning of the market."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from router.model import NS
from router.ports import FloatArray
from router.predictor.folds import Past, walk
from router.predictor.samples import Samples, Tape, samples_of
from router.predictor.scores import draws_of, estimate, score
from router.predictor.training import KINDS, train
from tests.predictor.made import chance

LATENCY_NS = NS // 5


def walked(samples: Samples, kind: str, *, cheating: bool = False) -> FloatArray:
    """The AUC and its draws; who cheats learns from the very rows that it is tested on."""
    folds = walk(samples)
    told = []
    for fold in folds:
        past = Past(fold.test, fold.test, fold.test) if cheating else fold.past
        told.append(train(kind, samples, past, 1).predict(samples.features[fold.test]))
    test = np.concatenate([fold.test for fold in folds])
    draws = draws_of(samples.at[test], 1)
    return score(np.concatenate(told), samples.target[test], draws).auc


def auc_at(tape: Tape, latency_ns: int, horizon: str) -> FloatArray:
    return walked(samples_of([tape], horizon, latency_ns=latency_ns), "logistic")


@pytest.mark.parametrize("horizon", ["next", "1s"])
def test_features_that_come_one_latency_later_score_no_better(morning: Tape, horizon: str) -> None:
    prompt, late = (auc_at(morning, each, horizon) for each in (LATENCY_NS, 2 * LATENCY_NS))
    assert estimate(late - prompt).low <= 0.0
    # Ten seconds are a long time: then the score does fall, and for certain.
    stale = auc_at(morning, LATENCY_NS + 10 * NS, horizon)
    assert estimate(stale - prompt).high < 0.0


def test_a_look_ahead_would_be_seen(morning: Tape) -> None:
    """What the test above would say of a leak: features of half a second later score better."""
    prompt, ahead = (auc_at(morning, each, "1s") for each in (LATENCY_NS, -NS // 2))
    assert estimate(ahead - prompt).low > 0.02


@pytest.mark.parametrize(
    ("kind", "horizon"), [*((kind, "next") for kind in KINDS), ("boosting", "10s")]
)
def test_shuffled_futures_cannot_be_told(morning: Tape, kind: str, horizon: str) -> None:
    """Three standard errors of the AUC when there is nothing to tell (Mann & Whitney 1947)."""
    shuffled = with_shuffled_futures(morning, horizon)
    error = error_of_a_guess(shuffled)
    assert abs(walked(shuffled, kind)[0] - 0.5) < 3 * error
    assert error < 0.01


def test_futures_that_were_learned_from_would_be_seen(morning: Tape) -> None:
    """Even shuffled ones can be told by who was taught them: then the test above does fail."""
    shuffled = with_shuffled_futures(morning, "next")
    auc = walked(shuffled, "boosting", cheating=True)
    assert auc[0] - 0.5 > 5 * error_of_a_guess(shuffled)


def with_shuffled_futures(tape: Tape, horizon: str) -> Samples:
    samples = samples_of([tape], horizon, latency_ns=LATENCY_NS)
    return replace(samples, target=chance(3).permutation(samples.target))


def error_of_a_guess(samples: Samples) -> float:
    target = np.concatenate([samples.target[fold.test] for fold in walk(samples)])
    ups, downs = int((target == target.max()).sum()), int((target == 0).sum())
    return float(np.sqrt((ups + downs + 1) / (12 * ups * downs)))
