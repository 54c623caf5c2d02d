"""A trained predictor as plain arrays: scaler, layers or trees, calibration maps.

Owns how raw features become probabilities, with numpy alone, and what these are of. Must not know
how any of it was trained, nor where it is stored. A form says log-odds: one column for two classes,
else one a class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from router.core.features import CLIP
from router.ports import FloatArray, IntArray

CLASSES: dict[str, tuple[str, ...]] = {
    "next": ("down", "up"),
    "1s": ("down", "flat", "up"),
    "10s": ("down", "flat", "up"),
}
"""Classes by horizon, from down to up: mirrored, the first is the last."""

ROWS_AT_ONCE = 4_096
"""Walked through the trees together: a place for each row and tree is held in memory."""


@dataclass(frozen=True, slots=True)
class Scaler:
    """Standardises raw features as the router does: clipped, and what is unknown is 0."""

    mean: FloatArray
    scale: FloatArray
    """(D,) each; a scale is above zero."""

    def __call__(self, raw: FloatArray) -> FloatArray:
        """The (N, D) standardised features."""
        scaled = (raw - self.mean) / self.scale
        return np.clip(np.where(np.isnan(scaled), 0.0, scaled), -CLIP, CLIP)


class Form(Protocol):
    """What was fitted."""

    def logits(self, x: FloatArray) -> FloatArray:
        """(N, L) log-odds of (N, D) standardised features."""


@dataclass(frozen=True, slots=True)
class Layers:
    """A feed-forward network with rectified hidden layers; without one, logistic regression."""

    weights: tuple[FloatArray, ...]
    """Each (inputs, outputs)."""
    biases: tuple[FloatArray, ...]

    def logits(self, x: FloatArray) -> FloatArray:
        """(N, L) log-odds of (N, D) standardised features."""
        *hidden, last = zip(self.weights, self.biases, strict=True)
        for weight, bias in hidden:
            x = np.maximum(x @ weight + bias, 0.0)
        weight, bias = last
        return x @ weight + bias


@dataclass(frozen=True, slots=True)
class Trees:
    """Boosted trees, their nodes in one row of arrays; tree t speaks for column t mod L.

    A leaf leads to itself, so that every tree is walked for the depth of the deepest.
    """

    root: IntArray
    """(T,): places of the trees' first nodes."""
    feature: IntArray
    threshold: FloatArray
    left: IntArray
    """Where a value up to the threshold goes."""
    right: IntArray
    value: FloatArray
    """What a leaf adds to the log-odds."""
    baseline: FloatArray
    """(L,): log-odds before the first tree."""
    depth: int

    def logits(self, x: FloatArray) -> FloatArray:
        """(N, L) log-odds of (N, D) standardised features."""
        parts = [x[begin : begin + ROWS_AT_ONCE] for begin in range(0, len(x), ROWS_AT_ONCE)]
        return np.concatenate([self._walk(part) for part in parts])

    def _walk(self, x: FloatArray) -> FloatArray:
        rows = np.arange(len(x))[:, None]
        node = np.tile(self.root, (len(x), 1))
        for _ in range(self.depth):
            goes_left = x[rows, self.feature[node]] <= self.threshold[node]
            node = np.where(goes_left, self.left[node], self.right[node])
        said = self.value[node].reshape(len(x), -1, len(self.baseline))
        return np.asarray(self.baseline + said.sum(axis=1))


@dataclass(frozen=True, slots=True)
class IsotonicMap:
    """What a told probability is worth: piecewise linear, constant beyond its ends."""

    told: FloatArray
    worth: FloatArray
    """(K,) each, never falling."""

    def __call__(self, probability: FloatArray) -> FloatArray:
        """The calibrated probabilities."""
        return np.interp(probability, self.told, self.worth)


@dataclass(frozen=True, slots=True)
class Model:
    """Raw features in, calibrated probabilities of the classes out."""

    scaler: Scaler
    form: Form
    maps: tuple[IsotonicMap, ...]
    """One for `up` of two classes, else one a class."""

    def predict(self, raw: FloatArray) -> FloatArray:
        """(N, C) probabilities of (N, D) raw features; rows sum to 1."""
        told = probabilities(self.form.logits(self.scaler(raw)))
        if len(self.maps) == 1:
            up = self.maps[0](told[:, 1])
            return np.stack([1.0 - up, up], axis=1)
        worth = np.stack([each(told[:, one]) for one, each in enumerate(self.maps)], axis=1)
        return np.asarray(worth / worth.sum(axis=1, keepdims=True))


def probabilities(logits: FloatArray) -> FloatArray:
    """(N, C) probabilities of (N, L) log-odds: the logistic function for one column, else softmax.

    Neither overflows.
    """
    if logits.shape[1] == 1:
        up = 0.5 * (1.0 + np.tanh(0.5 * logits[:, 0]))
        return np.stack([1.0 - up, up], axis=1)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))
