"""The forms by hand: which way a tree goes, what layers and maps make of a number."""

from __future__ import annotations

import numpy as np
import pytest

from router.core.predictor import IsotonicMap, Layers, Model, Scaler, Trees, probabilities
from tests.predictor.made import ints


def test_up_to_the_threshold_is_left_and_a_leaf_stays() -> None:
    # Tree 0: x0 <= 1 ? (x1 <= 0 ? 1 : 2) : 4. Tree 1 is a leaf: 8.
    trees = Trees(
        root=ints([0, 5]),
        feature=ints([0, 1, 0, 0, 0, 0]),
        threshold=np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
        left=ints([1, 3, 2, 3, 4, 5]),
        right=ints([2, 4, 2, 3, 4, 5]),
        value=np.array([0.0, 0.0, 4.0, 1.0, 2.0, 8.0]),
        baseline=np.array([16.0]),
        depth=2,
    )
    x = np.array([[1.0, 0.0], [1.0, 0.5], [1.5, 0.0]])
    assert trees.logits(x).tolist() == [[25.0], [26.0], [28.0]]


def test_trees_speak_for_their_columns_in_turn() -> None:
    leaves = Trees(
        root=ints([0, 1, 2, 3]),
        feature=ints([0] * 4),
        threshold=np.zeros(4),
        left=ints([0, 1, 2, 3]),
        right=ints([0, 1, 2, 3]),
        value=np.array([1.0, 2.0, 4.0, 8.0]),
        baseline=np.array([0.5, 0.25]),
        depth=0,
    )
    assert leaves.logits(np.zeros((1, 1))).tolist() == [[5.5, 10.25]]


def test_hidden_layers_are_rectified_and_the_last_is_not() -> None:
    layers = Layers(
        (np.array([[1.0, -1.0]]), np.array([[2.0], [3.0]])),
        (np.array([0.0, 0.5]), np.array([-9.0])),
    )
    # 2 -> (2, -1.5 -> 0) -> 4 - 9; -2 -> (0, 2.5) -> 7.5 - 9
    assert layers.logits(np.array([[2.0], [-2.0]])).tolist() == [[-5.0], [-1.5]]


def test_log_odds_become_probabilities_without_overflow() -> None:
    assert probabilities(np.array([[0.0], [np.log(3.0)]]))[:, 1] == pytest.approx([0.5, 0.75])
    assert probabilities(np.array([[0.0, 0.0, np.log(2.0)]]))[0] == pytest.approx(
        [1 / 4, 1 / 4, 1 / 2]
    )
    assert probabilities(np.array([[1e6], [-1e6]])).tolist() == [[0.0, 1.0], [1.0, 0.0]]
    assert probabilities(np.array([[1e6, 0.0, -1e6]])).tolist() == [[1.0, 0.0, 0.0]]


def test_a_model_scales_clips_and_calibrates() -> None:
    half_up = IsotonicMap(np.array([0.25, 1.25]), np.array([0.4, 0.8]))
    form = Layers((np.array([[np.log(3.0) / 4]]),), (np.zeros(1),))
    model = Model(Scaler(np.array([10.0]), np.array([2.0])), form, (half_up,))
    # 18 and what lies beyond is 4 scales up: 3 to 1 on up, which is worth 0.6.
    raw = np.array([[18.0], [1e6], [10.0], [np.nan], [2.0]])
    assert model.predict(raw)[:, 1] == pytest.approx([0.6, 0.6, 0.5, 0.5, 0.4])


def test_maps_of_three_classes_are_brought_back_to_one() -> None:
    maps = tuple(IsotonicMap(np.array([0.0, 1.0]), np.array([w, w])) for w in (0.2, 0.4, 0.2))
    form = Layers((np.zeros((1, 3)),), (np.zeros(3),))
    model = Model(Scaler(np.zeros(1), np.ones(1)), form, maps)
    assert model.predict(np.zeros((1, 1)))[0] == pytest.approx([0.25, 0.5, 0.25])
