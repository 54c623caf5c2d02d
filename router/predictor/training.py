"""Trains the models with scikit-learn and turns them into arrays. The only place that imports it.

Owns models, their settings and the mirror: every row is learned from twice, once with bid and offer
exchanged, as a market that fell for some days must not teach that markets fall. Must not know time:
which rows fit, stop and calibrate is said by `folds`.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier

from router.core.observed import FEATURES, SIGNS
from router.core.predictor import Form, IsotonicMap, Layers, Model, Scaler, Trees, probabilities
from router.ports import FloatArray, IntArray
from router.predictor.folds import Past
from router.predictor.samples import Samples

SCIKIT_LEARN: str = sklearn.__version__
"""The version that fits: another one may fit otherwise."""

ALONE = "imbalance"
"""The model that all others are shown beside: logistic, of the queue imbalance and nothing else."""

LINE_TO_BEAT = "logistic"

TREE_DEPTH = 3
TREES_MAX = 200
LEARNING_RATE = 0.06
LEAF_MIN = 200
"""Rows in a leaf."""

HIDDEN = (16,)
WEIGHT_DECAY = 1e-3
BATCH = 512
EPOCHS_MAX = 40

PATIENCE = 5
"""Steps without gain on the stopping block, trees or epochs, after which training ends (choice)."""

MAP_BINS_MAX = 50
MAP_BIN_MIN = 200
"""Bins that a calibration map is made of, and rows in each (choice)."""

FLOOR = 1e-3
"""No class is told to be impossible or sure: a block of some thousand rows cannot say so."""

Rows = tuple[FloatArray, IntArray]
"""Standardised features and targets."""

Fit = Callable[[Rows, Rows, int], Form]


def train(kind: str, samples: Samples, past: Past, seed: int) -> Model:
    """A model of one kind: fitted, stopped and calibrated on the three blocks of the past."""
    raw, target = _mirrored(samples, past.fit)
    scaler = scaler_of(raw)
    fit = (scaler(raw), target)
    stop, calibrate = (
        (scaler(raw), target)
        for raw, target in (_mirrored(samples, rows) for rows in (past.stop, past.calibrate))
    )
    form = KINDS[kind](fit, stop, seed)
    return Model(scaler, form, maps_of(probabilities(form.logits(calibrate[0])), calibrate[1]))


def scaler_of(raw: FloatArray) -> Scaler:
    """Mean and standard deviation of each feature where it is known."""
    known = np.isfinite(raw)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, raw, 0.0).sum(axis=0) / count
    variance = np.where(known, (raw - mean) ** 2, 0.0).sum(axis=0) / count
    return Scaler(mean, np.where(variance > 0, np.sqrt(variance), 1.0))


def maps_of(told: FloatArray, target: IntArray) -> tuple[IsotonicMap, ...]:
    """Isotonic regressions of what happened on what was told, one a class; of two, for `up`.

    Fitted to the means of equal bins. Rows one by one have neighbours that share their future: a
    run of a few at either end would be taken for certainty.
    """
    classes = told.shape[1]
    bins = max(1, min(MAP_BINS_MAX, len(told) // MAP_BIN_MIN))
    found = []
    for one in range(classes) if classes > 2 else (1,):
        by_rank = np.array_split(np.argsort(told[:, one], kind="stable"), bins)
        x = [told[rows, one].mean() for rows in by_rank]
        y = [(target[rows] == one).mean() for rows in by_rank]
        regression = IsotonicRegression(y_min=FLOOR, y_max=1.0 - FLOOR, out_of_bounds="clip")
        regression.fit(x, y, sample_weight=[len(rows) for rows in by_rank])
        found.append(IsotonicMap(regression.X_thresholds_, regression.y_thresholds_))
    return tuple(found)


# --- fitting -------------------------------------------------------------------------------------


def fit_logistic(fit: Rows, stop: Rows, seed: int) -> LogisticRegression:
    """Maximum likelihood with a little shrinkage; nothing of it needs stopping or chance."""
    return LogisticRegression(max_iter=1_000).fit(*fit)


def fit_boosting(fit: Rows, stop: Rows, seed: int) -> HistGradientBoostingClassifier:
    """Shallow trees, until the later block gains no more."""
    trees = HistGradientBoostingClassifier(
        max_depth=TREE_DEPTH,
        max_iter=TREES_MAX,
        learning_rate=LEARNING_RATE,
        min_samples_leaf=min(LEAF_MIN, len(fit[0]) // 10),
        early_stopping=True,
        n_iter_no_change=PATIENCE,
        random_state=seed,
    )
    return trees.fit(*fit, X_val=stop[0], y_val=stop[1])


def fit_network(fit: Rows, stop: Rows, seed: int) -> MLPClassifier:
    """One small hidden layer; the epoch that is best on the later block is kept.

    scikit-learn's own early stopping holds out rows by chance, hence from among those fitted.
    """
    network = MLPClassifier(
        HIDDEN, alpha=WEIGHT_DECAY, batch_size=min(BATCH, len(fit[0])), random_state=seed
    )
    best, least, waited = network, np.inf, 0
    for _ in range(EPOCHS_MAX):
        network.partial_fit(*fit, classes=np.unique(fit[1]))
        loss = log_loss(stop[1], network.predict_proba(stop[0]))
        if loss < least:
            best, least, waited = deepcopy(network), loss, 0
        elif (waited := waited + 1) == PATIENCE:
            break
    return best


# --- arrays --------------------------------------------------------------------------------------


def layers_of_logistic(fitted: LogisticRegression) -> Layers:
    """Its one matrix."""
    return Layers((fitted.coef_.T,), (fitted.intercept_,))


def layers_of_network(fitted: MLPClassifier) -> Layers:
    """Its matrices."""
    return Layers(tuple(fitted.coefs_), tuple(fitted.intercepts_))


def trees_of(fitted: HistGradientBoostingClassifier) -> Trees:
    """Its nodes, one tree after another, an iteration's trees in the order of the classes.

    scikit-learn shows them to nobody: what is private there may change with its version, and the
    tests hold the result against its own predict_proba.
    """
    columns: dict[str, list[Any]] = {
        name: [] for name in ("feature", "threshold", "left", "right", "value")
    }
    root, begin, depth = [], 0, 0
    for tree in (tree for iteration in fitted._predictors for tree in iteration):
        nodes = tree.nodes
        leaf = nodes["is_leaf"].astype(bool)
        itself = begin + np.arange(len(nodes))
        columns["feature"].append(np.where(leaf, 0, nodes["feature_idx"]))
        columns["threshold"].append(np.where(leaf, 0.0, nodes["num_threshold"]))
        columns["left"].append(np.where(leaf, itself, begin + nodes["left"]))
        columns["right"].append(np.where(leaf, itself, begin + nodes["right"]))
        columns["value"].append(nodes["value"])
        root.append(begin)
        begin += len(nodes)
        depth = max(depth, int(nodes["depth"].max()))
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    return Trees(
        root=np.array(root, np.int64),
        feature=joined["feature"].astype(np.int64),
        threshold=joined["threshold"],
        left=joined["left"].astype(np.int64),
        right=joined["right"].astype(np.int64),
        value=joined["value"],
        baseline=np.asarray(fitted._baseline_prediction, np.float64).ravel(),
        depth=depth,
    )


def _imbalance(fit: Rows, stop: Rows, seed: int) -> Form:
    """At the touch the microprice's offset is half the imbalance (`router.core.features`)."""
    only = np.array([float(name == "microprice") for name in FEATURES])
    return layers_of_logistic(fit_logistic((fit[0] * only, fit[1]), stop, seed))


KINDS: dict[str, Fit] = {
    ALONE: _imbalance,
    "logistic": lambda fit, stop, seed: layers_of_logistic(fit_logistic(fit, stop, seed)),
    "boosting": lambda fit, stop, seed: trees_of(fit_boosting(fit, stop, seed)),
    "network": lambda fit, stop, seed: layers_of_network(fit_network(fit, stop, seed)),
}
"""How each kind is fitted, from the simplest on."""


def _mirrored(samples: Samples, rows: IntArray) -> tuple[FloatArray, IntArray]:
    """Raw features and targets of these rows, and of their mirror images after them."""
    raw, target = samples.features[rows], samples.target[rows]
    top = len(samples.classes) - 1
    return np.concatenate([raw, raw * SIGNS]), np.concatenate([target, top - target])
