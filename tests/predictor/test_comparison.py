"""The comparison: what takes part, what is compared with what, and which model is chosen."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from router.predictor.comparison import Comparison, Row, compare
from router.predictor.folds import walk
from router.predictor.scores import Estimate
from router.predictor.training import KINDS, train
from tests.predictor.made import samples

ANY = Estimate(0.0, 0.0, 0.0)


def row(kind: str, loss: float, low: float) -> Row:
    gain = Estimate((low + 0.1) / 2, low, 0.1)
    return Row(kind, ANY, ANY, Estimate(loss, loss, loss), gain, ANY)


@pytest.mark.parametrize(
    ("boosting", "network", "best"),
    [
        ((0.60, 0.01), (0.61, 0.01), "boosting"),
        ((0.61, 0.01), (0.60, 0.01), "network"),
        ((0.60, -0.001), (0.61, 0.01), "network"),  # the lesser loss, but perhaps by luck
        ((0.60, -0.001), (0.61, 0.0), "logistic"),
    ],
)
def test_the_line_to_beat_is_kept_unless_it_is_beaten_for_certain(
    boosting: tuple[float, float], network: tuple[float, float], best: str
) -> None:
    rows = (row("logistic", 0.65, 0.0), row("boosting", *boosting), row("network", *network))
    assert Comparison(rows, 100).best == best


def test_every_score_is_that_of_all_folds_together() -> None:
    found = samples("next")
    heard: list[str] = []
    comparison = compare(found, 1, KINDS, heard.append)
    assert heard == [kind for kind in KINDS for _ in range(5)]
    assert [each.kind for each in comparison.rows] == list(KINDS)
    folds = walk(found)
    test = np.concatenate([fold.test for fold in folds])
    assert comparison.tested == len(test)
    loss, auc = {}, {}
    for kind in KINDS:
        up = np.concatenate(
            [
                train(kind, found, fold.past, 1).predict(found.features[fold.test])[:, 1]
                for fold in folds
            ]
        )
        loss[kind] = log_loss(found.target[test], up)
        auc[kind] = roc_auc_score(found.target[test], up)
    for each in comparison.rows:
        assert each.auc.value == pytest.approx(auc[each.kind])
        assert each.auc_gain.value == pytest.approx(auc[each.kind] - auc["imbalance"])
        assert each.log_loss.value == pytest.approx(loss[each.kind])
        assert each.log_loss_gain.value == pytest.approx(loss["logistic"] - loss[each.kind])
    # Two of the made features tell together only: no line through them does.
    assert comparison.best in ("boosting", "network")
    assert loss[comparison.best] < loss["logistic"]


def test_what_all_are_shown_beside_always_takes_part() -> None:
    comparison = compare(samples("10s"), 1, ["boosting"], lambda kind: None)
    assert [each.kind for each in comparison.rows] == ["imbalance", "logistic", "boosting"]
    alone, line, _ = comparison.rows
    assert (alone.auc_gain.low, alone.auc_gain.high) == (0.0, 0.0)
    assert (line.log_loss_gain.low, line.log_loss_gain.high) == (0.0, 0.0)
