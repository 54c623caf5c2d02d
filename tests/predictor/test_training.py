"""What serves equals what was trained: arrays against scikit-learn's own predict_proba."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from router.core.observed import FEATURES, SIGNS
from router.core.predictor import CLASSES, Form, probabilities
from router.ports import FloatArray, IntArray
from router.predictor import training
from router.predictor.folds import walk, whole_past
from router.predictor.training import FLOOR, KINDS, maps_of, scaler_of, train
from tests.predictor.made import chance, samples

FITS: dict[str, tuple[Any, Any]] = {
    "logistic": (training.fit_logistic, training.layers_of_logistic),
    "boosting": (training.fit_boosting, training.trees_of),
    "network": (training.fit_network, training.layers_of_network),
}


def standardised(horizon: str, seed: int) -> tuple[FloatArray, IntArray]:
    found = samples(horizon, seed=seed)
    return scaler_of(found.features)(found.features), found.target


def accuracy(form: Form, rows: tuple[FloatArray, IntArray]) -> float:
    return float((probabilities(form.logits(rows[0])).argmax(axis=1) == rows[1]).mean())


@pytest.mark.parametrize("horizon", CLASSES)
@pytest.mark.parametrize("kind", FITS)
def test_the_arrays_say_what_scikit_learn_says(kind: str, horizon: str) -> None:
    fit, form_of = FITS[kind]
    fitted = fit(standardised(horizon, 1), standardised(horizon, 2), 1)
    other = standardised(horizon, 3)
    form = form_of(fitted)
    told = probabilities(form.logits(other[0]))
    assert told.shape == (len(other[0]), len(CLASSES[horizon]))
    np.testing.assert_allclose(told, fitted.predict_proba(other[0]), rtol=0, atol=1e-9)
    # And what they say is not nothing: a guess is right in half or a third of the rows.
    assert accuracy(form, other) > 1.2 / len(CLASSES[horizon])


@pytest.mark.parametrize("horizon", ["next", "10s"])
def test_what_is_calibrated_is_what_calibrated_classifier_cv_makes_of_the_bins(
    horizon: str,
) -> None:
    """Told probabilities that are equal within each bin are its mean: then both see the same."""
    classes = len(CLASSES[horizon])
    rng = chance(1)
    x = np.repeat(rng.standard_normal((20, 2)), 200, axis=0)
    y = rng.integers(0, classes, len(x))
    y[(x[:, 0] > 0) & (rng.random(len(x)) < 0.4)] = classes - 1
    fitted = LogisticRegression().fit(x, y)
    calibrated = CalibratedClassifierCV(FrozenEstimator(fitted), method="isotonic").fit(x, y)
    told = fitted.predict_proba(x)
    maps = maps_of(told, y)
    if classes == 2:
        up = maps[0](told[:, 1])
        found = np.stack([1 - up, up], axis=1)
    else:
        found = np.stack([each(told[:, k]) for k, each in enumerate(maps)], axis=1)
        found /= found.sum(axis=1, keepdims=True)
    assert found.min() > 2 * FLOOR
    assert len(np.unique(found[:, -1])) > 5
    np.testing.assert_allclose(found, calibrated.predict_proba(x), rtol=0, atol=1e-9)


def test_nothing_is_told_to_be_impossible() -> None:
    told = np.linspace(0.0, 1.0, 2_000)
    (one,) = maps_of(np.stack([1 - told, told], axis=1), (told > 0.5).astype(np.int64))
    assert one(np.array([0.0, 1.0])) == pytest.approx([FLOOR, 1 - FLOOR])


def test_scales_are_those_of_the_fitted_rows_alone() -> None:
    found = samples("next")
    past = walk(found)[0].past
    model = train("logistic", found, past, seed=1)
    seen = np.concatenate([found.features[past.fit], found.features[past.fit] * SIGNS])
    scaler = StandardScaler().fit(seen)
    assert model.scaler.mean == pytest.approx(scaler.mean_, abs=1e-12)
    assert model.scaler.scale == pytest.approx(scaler.scale_)
    # Whatever comes after the fitted rows, the scales and the weights are the same.
    changed = found.features.copy()
    changed[past.fit[-1] + 1 :] *= 3.0
    other = train("logistic", replace(found, features=changed), past, seed=1)
    assert other.scaler.mean.tobytes() == model.scaler.mean.tobytes()
    assert np.array_equal(
        model.form.logits(found.features[:9]), other.form.logits(found.features[:9]), equal_nan=True
    )


@pytest.mark.parametrize("horizon", ["next", "10s"])
def test_bid_and_offer_exchanged_mean_the_opposite(horizon: str) -> None:
    """Of logistic regression exactly; a market that fell does not teach that markets fall."""
    found = samples(horizon)
    falling = replace(found, target=np.where(chance(1).random(4_000) < 0.3, 0, found.target))
    model = train("logistic", falling, whole_past(falling), seed=1)
    raw = found.features[:500]
    logits = model.form.logits(model.scaler(raw))
    mirrored = model.form.logits(model.scaler(raw * SIGNS))
    there, back = probabilities(logits), probabilities(mirrored)
    assert there == pytest.approx(back[:, ::-1], abs=1e-3)


def test_the_imbalance_alone_looks_at_nothing_else() -> None:
    found = samples("next")
    model = train("imbalance", found, whole_past(found), seed=1)
    raw = found.features[:50]
    other = raw.copy()
    other[:, 1:] = chance(9).standard_normal((50, len(FEATURES) - 1))
    assert FEATURES[0] == "microprice"
    assert model.predict(raw).tobytes() == model.predict(other).tobytes()
    assert len(np.unique(model.predict(raw)[:, 1])) > 10


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("horizon", ["next", "10s"])
def test_probabilities_are_probabilities(kind: str, horizon: str) -> None:
    found = samples(horizon)
    model = train(kind, found, whole_past(found), seed=1)
    extreme = np.stack([np.full(len(FEATURES), each) for each in (0.0, 1e9, -1e9, np.nan)])
    told = model.predict(np.concatenate([found.features, extreme]))
    assert ((told > 0) & (told < 1)).all()
    assert told.sum(axis=1) == pytest.approx(1.0)


def test_an_unknown_feature_counts_as_a_typical_one() -> None:
    found = samples("next")
    model = train("logistic", found, whole_past(found), seed=1)
    typical = model.scaler.mean[None]
    unknown = np.full_like(typical, np.nan)
    assert model.predict(unknown) == pytest.approx(model.predict(typical))


def test_trees_stop_when_the_later_block_gains_nothing() -> None:
    """There is nothing to learn: trees that went on would learn it by heart."""
    fit, stop = noise(3_000), noise(3_001)
    assert training.fit_boosting(fit, stop, 1).n_iter_ < 20


def test_the_network_is_that_of_its_best_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "BATCH", 32)  # small ones, that it learns noise by heart soon
    fit, stop = noise(6_000), noise(2_000)
    kept = training.fit_network(fit, stop, 1)
    again = MLPClassifier(
        training.HIDDEN, alpha=training.WEIGHT_DECAY, batch_size=training.BATCH, random_state=1
    )
    losses: list[float] = []
    while not losses or losses.index(min(losses)) + training.PATIENCE >= len(losses):
        again.partial_fit(*fit, classes=[0, 1])
        losses.append(log_loss(stop[1], again.predict_proba(stop[0])))
    assert len(losses) < training.EPOCHS_MAX
    assert log_loss(stop[1], kept.predict_proba(stop[0])) == min(losses)


def noise(rows: int) -> tuple[FloatArray, IntArray]:
    rng = chance(rows)
    return rng.standard_normal((rows, 14)), rng.integers(0, 2, rows)
